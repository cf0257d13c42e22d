// What a batch changes in the counters, added up: key and field → how much. One post takes back and another adds, and
// what is left is written.
//
// Keys come out in the order in which they first came up.
#pragma once

#include "bucket.h"

#include <hark/map.h>

enum hark_delta_kind {
    HARK_DELTA_HASH, // field += by
    HARK_DELTA_ZSET, // member's score += by
    HARK_DELTA_SET,  // member with a score, or no member
    HARK_DELTA_HLL,  // element, only ever added
};

struct hark_delta {
    struct hark_str field;
    int64_t by;               // HASH, ZSET
    bool had, has;            // SET: taken back; added
    int64_t old_score, score; // SET
    struct hark_delta *next;  // of the same key
};

struct hark_delta_key {
    struct hark_str key;
    enum hark_delta_kind kind;
    enum hark_bucket_kind bucket;
    int64_t end_s; // 0: kept
    struct hark_delta *first, *last;
    uint32_t id;
};

// Init by zeroing.
struct hark_deltas {
    struct hark_arena *arena; // where keys and fields are kept
    struct hark_map keys;     // → struct hark_delta_key
    struct hark_map fields;   // id of the key and field → struct hark_delta
    struct hark_map places;   // end of the day, brand and intent → where they count
    struct hark_map brands;   // that have counted
    struct hark_buf tmp;
};

void hark_deltas_clear(struct hark_deltas *deltas);
void hark_deltas_done(struct hark_deltas *deltas);

struct hark_note;
struct hark_delta_options {
    struct hark_str prefix;
    int post_days;
};
// What the post `id` adds with this note (sign 1), or added (-1).
void hark_deltas_note(struct hark_deltas *deltas, const struct hark_delta_options *options, struct hark_str id,
                      const struct hark_note *note, int64_t engagement, int sign);
// The same as with sign 1, for a post of which nothing is taken back and that is added once; text of `id` and `author`
// must live as long as the deltas are used. author: not NULL where hark_deltas_forever() is to be done along with it.
void hark_deltas_new(struct hark_deltas *deltas, const struct hark_delta_options *options, struct hark_str id,
                     const struct hark_note *note, int64_t engagement, const struct hark_str *author);
// What is never taken back: that these brands have counted, and the author.
void hark_deltas_forever(struct hark_deltas *deltas, const struct hark_delta_options *options,
                         const struct hark_note *note, struct hark_str author);
// Whether there is anything to write of it.
bool hark_delta_counts(const struct hark_delta_key *key, const struct hark_delta *delta);
