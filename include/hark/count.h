// Counters in Redis that are exact: what a post adds, the script that compares the position, and reading back.
//
// A `struct hark_store` is one or several Redis instances; one store a thread. Keys and types are those of
// docs/redis.md. All counters of an input partition live in one instance (partition modulo instances).
//
// A batch goes through three steps: hark_count_add() for each post in the order of the input; hark_count_prepare()
// reads what Redis knows of these posts and says for each what it is (new, a repeat, an edit, a delete);
// hark_count_commit() runs the script: it compares the stored position and each post's revision with what prepare read,
// applies all or nothing and advances. A commit that finds another position is told so and changes nothing.
//
// What Redis or the network refuses for a while is a retriable HARK_ESERVICE, and the same call may be made again: also
// a commit of which nobody knows whether it came through, for one that did is found done. The connection is made again
// by itself. The process must ignore SIGPIPE.
#pragma once

#include <hark/match.h>

struct hark_store;

struct hark_store_options {
    const char *redis;      // URLs parted by commas; passwords in URLs are refused (HARK_REDIS_PASSWORD or a file)
    const char *password;   // NULL or "": none
    const char *prefix;     // of keys, "hark:"
    int connect_timeout_ms; // and for the first answer; 0: 5000
    int timeout_ms;         // of an answer; 0: 10000
};

// Connects to all and hears an answer of each; err says which instance does not answer and what was tried.
struct hark_store *hark_store_open(const struct hark_store_options *options, struct hark_err *err);
void hark_store_close(struct hark_store *store); // takes NULL

// --- writing ---

// Days for which hark:post:<id> of a source lives, where that is less than post_days. Zeroed: no source has any.
enum { HARK_RETAIN_SOURCES = 32 };
struct hark_retain {
    struct {
        char source[32];
        int days; // 0: post_days
    } v[HARK_RETAIN_SOURCES];
    size_t n;
};
// Reads "SOURCE=DAYS,…"; reddit and youtube have what their terms ask for, unless the text says otherwise. NULL:
// nothing more.
int hark_retain_parse(const char *text, struct hark_retain *ret, struct hark_err *err) HARK_CHECKED;
int hark_retain_days(const struct hark_retain *retain, struct hark_str source, int post_days);

struct hark_count_options {
    int post_days;                // how long hark:post:<id> lives from the last time that the post came; 7
    int tombstone_hours;          // how long a delete or an edit is remembered that may have overtaken its create; 24
    int match_json_per_brand_day; // matches kept as JSON a brand and day, within a 20th; 10,000
    int top;                      // members kept in hark:top and hark:tags; 1,000
    struct hark_retain retain;
};

struct hark_count_batch;

enum hark_count_kind {
    HARK_COUNT_NEW,
    HARK_COUNT_REPEAT,  // same id, seen before, and not an update that changes anything: counted once already
    HARK_COUNT_EDIT,    // takes back what it added, adds what it adds now
    HARK_COUNT_DELETE,  // takes back
    HARK_COUNT_NOTHING, // an update or delete of a post that did not match and does not match; a create that its
                        // delete, or an edit that no longer matches, overtook; anything after a delete
};

// What was counted of a post before, for retractions.
struct hark_counted {
    struct hark_str brand;    // its name
    struct hark_strs intents; // of it, "mention" first
};
struct hark_count_outcome {
    enum hark_count_kind kind;
    const struct hark_counted *before; // EDIT, DELETE
    size_t nbefore;
    // What hark_count_alerts() was given last for this post, also earlier in this batch; ptr NULL: nothing.
    struct hark_str alerts;
};

struct hark_count_batch *hark_count_batch_new(const struct hark_count_options *options);
void hark_count_batch_free(struct hark_count_batch *batch); // takes NULL
void hark_count_batch_clear(struct hark_count_batch *batch);
// A batch of some thousand posts is cheapest; above 20,000 the script keeps Redis busy for too long.
//
// Adds a post with its matches (none: only for updates and deletes, which may take something back). Copies what it
// needs. `match_json` holds one encoded match for each of matches. Returns the index of the post in the batch.
size_t hark_count_add(struct hark_count_batch *batch, const struct hark_post *post, const struct hark_matches *matches,
                      const struct hark_str *match_json, int64_t arrival_ms);
// A delete that was not decoded: id from the message key.
size_t hark_count_add_delete(struct hark_count_batch *batch, struct hark_str id);

// May be called again; what hark_count_alerts() was given is forgotten then.
int hark_count_prepare(struct hark_store *store, int32_t partition, struct hark_count_batch *batch,
                       struct hark_err *err) HARK_CHECKED;
// Valid until the batch is prepared again or cleared.
void hark_count_outcome(const struct hark_count_batch *batch, size_t i, struct hark_count_outcome *ret);
// The batch's commit also records that the offsets from `from` to before `to` of its partition were deleted from the
// log before they were counted: an entry in the stream hark:gaps. Forgotten with hark_count_batch_clear().
void hark_count_gap(struct hark_count_batch *batch, int64_t from, int64_t to);
// Remembers with the post the alerts that were sent for it (between prepare and commit), in place of those remembered
// before; "": none. A delete forgets them by itself.
void hark_count_alerts(struct hark_count_batch *batch, size_t i, struct hark_str alerts);

// Puts an alert, as JSON, into hark:alerts with the commit (between prepare and commit; prepare forgets it).
void hark_count_news(struct hark_count_batch *batch, struct hark_str alert_json);

enum hark_commit {
    HARK_COMMIT_DONE,     // now, or before: the stored position is `next`
    HARK_COMMIT_MOVED,    // the stored position is another (*ret_position): drop the batch, seek there
    HARK_COMMIT_CONFLICT, // a post of the batch was changed by another writer in between: prepare again
    HARK_COMMIT_TORN,     // Redis has applied a part of a batch: its numbers are wrong
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

// One of several batches that are committed together.
struct hark_count_part {
    int32_t partition;
    struct hark_count_batch *batch;
    struct hark_position position; // all of one topic
};
// Commits prepared batches of partitions that share an instance (hark_store_index()) in one script, all or none, which
// is cheaper than one by one. Only DONE is an end: else this call has changed nothing, and hark_count_commit() says of
// each batch what becomes of it (also that it is done, where the answer to an earlier try was lost). Batches that hold
// the same post are a CONFLICT.
int hark_count_commit_together(struct hark_store *store, const struct hark_count_part *parts, size_t n,
                               enum hark_commit *ret, struct hark_err *err) HARK_CHECKED;
// Which instance the partition's counters are in, from 0.
size_t hark_store_index(const struct hark_store *store, int32_t partition);

// The stored position ("" where none). The first call for an instance and topic remembers its incarnation, and a fresh
// Redis gets one; commits compare with it. Where Redis has another one by now this is an error that is not retriable.
// So is a Redis that is older than 7.0 or set to drop keys when it is full.
int hark_store_position(struct hark_store *store, int32_t partition, struct hark_str topic, struct hark_str field,
                        struct hark_buf *ret, struct hark_err *err) HARK_CHECKED;
// The incarnation of the partition's instance for the topic (made where there is none yet), 16 hex digits.
int hark_store_incarnation(struct hark_store *store, int32_t partition, struct hark_str topic, char ret[17],
                           struct hark_err *err) HARK_CHECKED;
// Removes every key under the prefix (--rebuild) but those of sources (below), and writes into hark:meta that this was
// done on purpose.
int hark_store_wipe(struct hark_store *store, struct hark_err *err) HARK_CHECKED;
// hark:meta. An error where a wipe was broken off: what is left of the numbers belongs to nothing.
int hark_store_meta(struct hark_store *store, const char *ruleset, struct hark_err *err) HARK_CHECKED;
// Whether the partition's instance was wiped on purpose since it came to be.
int hark_store_rebuilt(struct hark_store *store, int32_t partition, bool *ret, struct hark_err *err) HARK_CHECKED;

// --- where sources stand and what they missed ---

// <prefix>source:<name>, a hash: position, saved (when). Of the first instance; "" where none is stored.
int hark_store_cursor_get(struct hark_store *store, struct hark_str source, struct hark_buf *ret,
                          struct hark_err *err) HARK_CHECKED;
int hark_store_cursor_set(struct hark_store *store, struct hark_str source, struct hark_str position,
                          struct hark_err *err) HARK_CHECKED;
// A time in which a source did not hear: in the stream <prefix>gaps (fields source, from, to, reason), which has those
// of hark_count_gap() too.
struct hark_gap {
    struct hark_str source, reason;
    int64_t from_ms, to_ms;
};
void hark_gap_encode(const struct hark_gap *gap, struct hark_buf *buf); // hark.gap/1
// Into the first instance. The same gap again, as after a crash, changes nothing; what was written 400 days ago, as
// long as counters of hours are kept, goes.
int hark_store_gap_add(struct hark_store *store, const struct hark_gap *gap, struct hark_err *err) HARK_CHECKED;

// --- reading back ---

struct hark_source_position {
    struct hark_str source, position, saved; // saved: ptr NULL where that is not known
};
// Of `hark ingest` and `hark run`, sorted by source; in the arena.
int hark_read_cursors(struct hark_store *store, struct hark_arena *arena, const struct hark_source_position **ret,
                      size_t *ret_n, struct hark_err *err) HARK_CHECKED;

struct hark_total {
    struct hark_str brand, intent;
    int64_t n;
};
// All-time totals of all instances added up, sorted by brand, then intent ("mention" first); in the arena. Counters at
// 0 are left out.
int hark_read_totals(struct hark_store *store, struct hark_arena *arena, const struct hark_total **ret, size_t *ret_n,
                     struct hark_err *err) HARK_CHECKED;
// The same of one brand.
int hark_read_brand(struct hark_store *store, struct hark_arena *arena, struct hark_str brand,
                    const struct hark_total **ret, size_t *ret_n, struct hark_err *err) HARK_CHECKED;

size_t hark_store_instances(const struct hark_store *store);
// The stored position as hark_store_position(), but writes nothing: "" also where nothing was ever counted.
int hark_read_position(struct hark_store *store, int32_t partition, struct hark_str topic, struct hark_str field,
                       struct hark_buf *ret, struct hark_err *err) HARK_CHECKED;
// Every field of every counter of one instance (totals, counts, dimensions) and every member with its score of the
// sorted sets (tags, top, posts), in no order. `key` is without the prefix. Authors are not read.
struct hark_reading {
    struct hark_str key, field; // until `each` returns
    int64_t n;
};
int hark_read_each(struct hark_store *store, size_t instance,
                   void (*each)(void *arg, const struct hark_reading *reading), void *arg,
                   struct hark_err *err) HARK_CHECKED;
// How many posts were deleted from the log before they were counted, and how often (hark:gaps), all instances.
int hark_read_lost(struct hark_store *store, int64_t *ret_posts, int64_t *ret_gaps, struct hark_err *err) HARK_CHECKED;

// What a matching process says of itself, as JSON, in hark:health of the first instance (docs/redis.md). `name` is the
// process's own. Setting one removes those that were not heard of for a day.
int hark_store_health_set(struct hark_store *store, struct hark_str name, struct hark_str json,
                          struct hark_err *err) HARK_CHECKED;
int hark_store_health_remove(struct hark_store *store, struct hark_str name, struct hark_err *err) HARK_CHECKED;

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
