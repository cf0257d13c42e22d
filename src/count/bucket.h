// Names of the keys that a post counts in, and when they end. Pure.
//
// A key's life is anchored on the bucket's own time, not on when it was written: it ends a fixed time after the bucket
// does. A bucket past its end is neither written nor taken back from, so that what is there is always whole.
#pragma once

#include <hark/arena.h>

// Which keys, with {brand}, {intent} and {date} put in; docs/redis.md lists them.
enum hark_bucket_kind {
    HARK_BUCKET_TOTAL,
    HARK_BUCKET_MINUTE,
    HARK_BUCKET_HOUR,
    HARK_BUCKET_DAY,
    HARK_BUCKET_SOURCE,
    HARK_BUCKET_LANG,
    HARK_BUCKET_PHRASE,
    HARK_BUCKET_AUTHORS,
    HARK_BUCKET_TAGS,
    HARK_BUCKET_TOP,
    HARK_BUCKET_POSTS,
    HARK_BUCKET_KINDS, // how many there are
};

// The parts of a time that keys and fields are made of.
struct hark_bucket_time {
    int64_t ms;
    char year[5], month[8], day[11];                   // 2026, 2026-11, 2026-11-21
    char minute_field[6], hour_field[6], day_field[6]; // 10:00, 21T10, 11-21
    int64_t day_end_s, month_end_s;                    // since 1970
};

void hark_bucket_time(int64_t ms, struct hark_bucket_time *ret);
// Appends the key to buf and returns when it ends, in seconds since 1970; 0: it is kept. `intent` counts only for kinds
// that have one; post_days is the life of hark:post, which hark:posts shares.
int64_t hark_bucket_key(enum hark_bucket_kind kind, const struct hark_bucket_time *time, struct hark_str prefix,
                        struct hark_str brand, struct hark_str intent, int post_days, struct hark_buf *buf);
