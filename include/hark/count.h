// Counters in Redis that are exact: what a post adds, the script that compares the position, and reading back.
//
// A `struct hark_store` is one or several Redis instances; one store a thread. Keys and types are those of
// docs/redis.md. All counters of an input partition live in one instance (partition modulo instances).
//
// A batch goes through three steps: hark_count_add() for each post in the order of the input; hark_count_prepare()
// reads what Redis knows of these posts and says for each what it is (new, a repeat, an edit, a delete);
// hark_count_commit() runs the script: it compares the stored position and each post's revision with what prepare read,
// applies all or nothing and advances. A commit that finds another position is told so and changes nothing.
#pragma once

#include <hark/match.h>

struct hark_store;

struct hark_store_options {
    const char *redis;      // URLs parted by commas; passwords in URLs are refused (HARK_REDIS_PASSWORD or a file)
    const char *password;   // NULL: none
    const char *prefix;     // of keys, "hark:"
    int connect_timeout_ms; // 5000
    int timeout_ms;         // of an answer, 10000
};

// Connects; err says which instance does not answer and what was tried.
struct hark_store *hark_store_open(const struct hark_store_options *options, struct hark_err *err);
void hark_store_close(struct hark_store *store); // takes NULL

// --- writing ---

struct hark_count_options {
    int post_days;                // how long hark:post:<id> lives; 7
    int tombstone_hours;          // how long a delete of an unknown post is remembered; 24
    int match_json_per_brand_day; // matches kept as JSON a brand and day; 10,000
    int top;                      // members kept in hark:top and hark:tags; 1,000
};

struct hark_count_batch;

enum hark_count_kind {
    HARK_COUNT_NEW,
    HARK_COUNT_REPEAT,  // same id, seen before, not an update: counted once already
    HARK_COUNT_EDIT,    // takes back what it added, adds what it adds now
    HARK_COUNT_DELETE,  // takes back
    HARK_COUNT_NOTHING, // an update or delete of a post that never matched and does not match; a create that its delete
                        // overtook
};

// What was counted of a post before, for retractions.
struct hark_counted {
    struct hark_str brand;    // its name
    struct hark_strs intents; // of it
};
struct hark_count_outcome {
    enum hark_count_kind kind;
    const struct hark_counted *before; // EDIT, DELETE
    size_t nbefore;
    struct hark_str
        alerts; // ids and teams of alerts sent for it before, as given to hark_count_alerts(); ptr NULL: none
};

struct hark_count_batch *hark_count_batch_new(const struct hark_count_options *options);
void hark_count_batch_free(struct hark_count_batch *batch); // takes NULL
void hark_count_batch_clear(struct hark_count_batch *batch);
size_t hark_count_batch_size(const struct hark_count_batch *batch); // posts added
// Adds a post with its matches (none: only for updates and deletes, which may take something back). Copies what it
// needs. `match_json` holds one encoded match for each of matches. Returns the index of the post in the batch.
size_t hark_count_add(struct hark_count_batch *batch, const struct hark_post *post, const struct hark_matches *matches,
                      const struct hark_str *match_json, int64_t arrival_ms);
// A delete that was not decoded: id from the message key.
size_t hark_count_add_delete(struct hark_count_batch *batch, struct hark_str id);

int hark_count_prepare(struct hark_store *store, int32_t partition, struct hark_count_batch *batch,
                       struct hark_err *err) HARK_CHECKED;
void hark_count_outcome(const struct hark_count_batch *batch, size_t i, struct hark_count_outcome *ret);
// Remembers with the post the alerts that were sent for it (between prepare and commit).
void hark_count_alerts(struct hark_count_batch *batch, size_t i, struct hark_str alerts);

enum hark_commit {
    HARK_COMMIT_DONE,
    HARK_COMMIT_MOVED,    // the stored position is another (*ret_position): drop the batch, seek there
    HARK_COMMIT_CONFLICT, // a post of the batch was changed by another writer in between: prepare again
    HARK_COMMIT_GONE,     // the incarnation is another or none: Redis was wiped or restored
};
// topic: as in hark:pos:<topic>; field: the partition as text or a source's name. expected and next are positions as
// text ("" where none was stored).
struct hark_position {
    struct hark_str topic, field, expected, next;
};
int hark_count_commit(struct hark_store *store, int32_t partition, struct hark_count_batch *batch,
                      const struct hark_position *position, enum hark_commit *ret, struct hark_buf *ret_position,
                      struct hark_err *err) HARK_CHECKED;

// The stored position ("" where none) and the incarnation that this store object saw first; a fresh Redis gets one.
int hark_store_position(struct hark_store *store, int32_t partition, struct hark_str topic, struct hark_str field,
                        struct hark_buf *ret, struct hark_err *err) HARK_CHECKED;
// The incarnation of the partition's instance for the topic (made where there is none yet), 16 hex digits.
int hark_store_incarnation(struct hark_store *store, int32_t partition, struct hark_str topic, char ret[17],
                           struct hark_err *err) HARK_CHECKED;
// Removes every key under the prefix (--rebuild).
int hark_store_wipe(struct hark_store *store, struct hark_err *err) HARK_CHECKED;
// hark:meta
int hark_store_meta(struct hark_store *store, const char *ruleset, struct hark_err *err) HARK_CHECKED;

// --- where sources stand and what they missed ---

// <prefix>source:<name>, a hash: position, saved (when). Of the first instance; "" where none is stored.
int hark_store_cursor_get(struct hark_store *store, struct hark_str source, struct hark_buf *ret,
                          struct hark_err *err) HARK_CHECKED;
int hark_store_cursor_set(struct hark_store *store, struct hark_str source, struct hark_str position,
                          struct hark_err *err) HARK_CHECKED;
// <prefix>gaps, a sorted set of hark.gap/1 by the time at which they end. The same gap again changes nothing; those
// that ended 400 days ago, as long as counters of hours are kept, go.
int hark_store_gap_add(struct hark_store *store, struct hark_str json, int64_t to_ms,
                       struct hark_err *err) HARK_CHECKED;

// --- reading back ---

struct hark_cursor {
    struct hark_str source, position, saved; // saved: ptr NULL where that is not known
};
// Of `hark ingest` and `hark run`, sorted by source; in the arena.
int hark_read_cursors(struct hark_store *store, struct hark_arena *arena, const struct hark_cursor **ret, size_t *ret_n,
                      struct hark_err *err) HARK_CHECKED;
// hark.gap/1 as JSON, in the order of their ends; in the arena.
int hark_read_gaps(struct hark_store *store, struct hark_arena *arena, struct hark_strs *ret,
                   struct hark_err *err) HARK_CHECKED;

struct hark_total {
    struct hark_str brand, intent;
    int64_t n;
};
// All-time totals of all instances added up, sorted by brand, then intent ("mention" first); in the arena. Counters at
// 0 are left out.
int hark_read_totals(struct hark_store *store, struct hark_arena *arena, const struct hark_total **ret, size_t *ret_n,
                     struct hark_err *err) HARK_CHECKED;
struct hark_read_meta {
    struct hark_str ruleset, started;
};
int hark_read_meta(struct hark_store *store, struct hark_arena *arena, struct hark_read_meta *ret,
                   struct hark_err *err) HARK_CHECKED;

// --- a private Redis ---

// A redis-server in a folder: unix socket only, append-only file on. Started where none runs there; stopped with the
// last user, its data kept. Users are counted by shared locks on a file, so that a crash leaves no count behind.
struct hark_private_redis;
struct hark_private_redis *hark_private_redis_open(const char *folder, struct hark_err *err);
const char *hark_private_redis_url(const struct hark_private_redis *redis); // "unix:///…/redis.sock"
void hark_private_redis_close(struct hark_private_redis *redis);            // takes NULL
