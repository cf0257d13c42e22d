// Reading back what the counters hold: series, breakdowns, posts, tags, authors, alerts. All instances of a store are
// asked and added up, so what comes out is exactly what is in Redis.
//
// What is returned lives in the arena. One store a thread. Times are milliseconds since 1970, ranges half open. Days
// are UTC.
#pragma once

#include <hark/count.h>

struct hark_range {
    int64_t from_ms, to_ms;
};

enum {
    HARK_READ_MAX_POINTS = 3000, // of one series: two days of minutes, 125 days of hours
    HARK_READ_MAX_DAYS = 400,    // of what is kept by day; the longest that anything of it is kept
    HARK_READ_MAX_ROWS = 1000,   // of a list
    HARK_READ_MAX_BRANDS = 20000 // that one call looks at
};

// Sorted names of the brands that have ever counted.
int hark_read_brands(struct hark_store *store, struct hark_arena *arena, struct hark_strs *ret,
                     struct hark_err *err) HARK_CHECKED;

// --- series ---

enum hark_step { HARK_STEP_MINUTE, HARK_STEP_HOUR, HARK_STEP_DAY };
int64_t hark_step_ms(enum hark_step step);

#define HARK_NOT_KEPT INT64_MIN // a point whose bucket is no longer kept: unknown, not 0

struct hark_series {
    struct hark_str brand, intent;
    int64_t *points; // in the arena, set by hark_read_series()
    int64_t total;   // of the points that are kept
};
// Fills the points of each series: `npoints` buckets from from_ms on, which is rounded down to a bucket. now_ms decides
// what is still kept.
int hark_read_series(struct hark_store *store, struct hark_arena *arena, enum hark_step step, int64_t from_ms,
                     size_t npoints, int64_t now_ms, struct hark_series *series, size_t n,
                     struct hark_err *err) HARK_CHECKED;

// --- by day ---

enum hark_dimension { HARK_BY_SOURCE, HARK_BY_LANG, HARK_BY_PHRASE };

struct hark_row {
    struct hark_str value;
    int64_t n;
};
// Most first, then by name. *ret_total: of all rows, also of those beyond `limit`.
int hark_read_breakdown(struct hark_store *store, struct hark_arena *arena, struct hark_str brand,
                        struct hark_str intent, enum hark_dimension by, struct hark_range range, size_t limit,
                        const struct hark_row **ret, size_t *ret_n, int64_t *ret_total,
                        struct hark_err *err) HARK_CHECKED;
int hark_read_tags(struct hark_store *store, struct hark_arena *arena, struct hark_str brand, struct hark_range range,
                   size_t limit, const struct hark_row **ret, size_t *ret_n, struct hark_err *err) HARK_CHECKED;
// Distinct authors, an estimate (HyperLogLog: standard error 0.81 %), over all days and instances together.
int hark_read_authors(struct hark_store *store, struct hark_arena *arena, struct hark_str brand, struct hark_str intent,
                      struct hark_range range, int64_t *ret, struct hark_err *err) HARK_CHECKED;

// --- posts ---

struct hark_read_post {
    struct hark_str id, brand;
    int64_t time_ms, engagement; // engagement -1: unknown
    struct hark_str match;       // hark.match/1; ptr NULL: not kept
};
// Where a page ended; time_ms INT64_MAX: the first page.
struct hark_cursor {
    int64_t time_ms;
    struct hark_str id;
};
// The posts behind a number: those of the brands (several: all together) in the range, newest first, by id where times
// are equal. *ret_more: there is another page.
int hark_read_posts(struct hark_store *store, struct hark_arena *arena, struct hark_strs brands, struct hark_str intent,
                    struct hark_range range, struct hark_cursor cursor, size_t limit, const struct hark_read_post **ret,
                    size_t *ret_n, bool *ret_more, struct hark_err *err) HARK_CHECKED;
// Those with the most engagement.
int hark_read_top(struct hark_store *store, struct hark_arena *arena, struct hark_str brand, struct hark_str intent,
                  struct hark_range range, size_t limit, const struct hark_read_post **ret, size_t *ret_n,
                  struct hark_err *err) HARK_CHECKED;

// --- alerts, gaps, positions ---

struct hark_entry {
    struct hark_str id; // of the stream, "1795255200123-0", with ":" and the instance where there are several
    int64_t time_ms;    // when it was written
    struct hark_str json;
};
// Entries of hark:alerts, newest first, older than `before` (ptr NULL: all).
int hark_read_alerts(struct hark_store *store, struct hark_arena *arena, struct hark_str before, size_t limit,
                     const struct hark_entry **ret, size_t *ret_n, struct hark_err *err) HARK_CHECKED;
// Follows hark:alerts: the first call returns nothing and remembers where the stream ends; each further one returns
// what came since, oldest first.
struct hark_tail;
struct hark_tail *hark_tail_new(const struct hark_store *store);
void hark_tail_free(struct hark_tail *tail); // takes NULL
int hark_read_tail(struct hark_store *store, struct hark_arena *arena, struct hark_tail *tail,
                   const struct hark_entry **ret, size_t *ret_n, struct hark_err *err) HARK_CHECKED;

// The ledger hark:gaps of all instances, those that began last first.
int hark_read_gaps(struct hark_store *store, struct hark_arena *arena, size_t limit, const struct hark_gap **ret,
                   size_t *ret_n, struct hark_err *err) HARK_CHECKED;

// How far each input is read: hark:pos:<topic>, partition or source.
struct hark_read_position {
    struct hark_str topic, field, position;
};
int hark_read_positions(struct hark_store *store, struct hark_arena *arena, struct hark_strs topics,
                        const struct hark_read_position **ret, size_t *ret_n, struct hark_err *err) HARK_CHECKED;

// Posts that name a brand, by source and day: `days` numbers a source, of all brands together (a post that names two
// counts twice). Most first.
struct hark_read_source {
    struct hark_str name;
    int64_t *days, total;
};
int hark_read_sources(struct hark_store *store, struct hark_arena *arena, int64_t first_day_ms, size_t days,
                      const struct hark_read_source **ret, size_t *ret_n, struct hark_err *err) HARK_CHECKED;

// hark:health: what matching processes say of themselves, by name.
struct hark_health_entry {
    struct hark_str name, json;
};
int hark_read_health(struct hark_store *store, struct hark_arena *arena, const struct hark_health_entry **ret,
                     size_t *ret_n, struct hark_err *err) HARK_CHECKED;

// What hark:meta says of all instances together, and how they are.
struct hark_read_state {
    struct hark_str ruleset, started;
    int64_t latest_ms;    // time of the newest post that was counted; -1: none
    int64_t committed_ms; // when anything was last taken from the input; -1: never
    struct hark_read_instance {
        struct hark_str url;
        int64_t memory_bytes, keys;
    } * instances;
    size_t ninstances;
};
int hark_read_state(struct hark_store *store, struct hark_arena *arena, struct hark_read_state *ret,
                    struct hark_err *err) HARK_CHECKED;
