// The plain recount behind `hark verify`: one post after the other into maps in memory, as docs/redis.md says, with
// none of the code that counts into Redis. Every post is remembered for good, where Redis remembers it for --post-days.
#pragma once

#include <hark/match.h>

struct recount_field {
    struct hark_str name;
    int64_t n;
    bool there; // sorted by score (top, posts): a member; a number else, and there where it is not 0
    bool seen;  // for who compares
    struct recount_field *next;
};

struct recount_series {
    struct hark_str key; // without the prefix
    int64_t ends_s;      // when it is no longer kept; 0: never
    bool scores;         // fields hold a score, not a sum
    size_t n, peak;      // fields that are there; the most there ever were
    struct recount_field *first;
};

struct recount;

// As the settings of `hark match`.
struct recount *recount_new(int post_days);
void recount_free(struct recount *rc); // takes NULL
// A post that came, or its delete, with what it matches.
void recount_post(struct recount *rc, const struct hark_post *post, const struct hark_matches *matches,
                  int64_t arrival_ms);
void recount_delete(struct recount *rc, struct hark_str id);
size_t recount_nseries(const struct recount *rc);
struct recount_series *recount_series_at(const struct recount *rc, size_t i);
// NULL where the recount has none.
struct recount_series *recount_find(const struct recount *rc, struct hark_str key);
struct recount_field *recount_field_of(const struct recount *rc, const struct recount_series *series,
                                       struct hark_str name);
// When the time that a field of a key stands for begins; INT64_MIN where it stands for all time.
int64_t recount_begin(struct hark_str key, struct hark_str field);
