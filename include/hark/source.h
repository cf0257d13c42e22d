// Sources: where posts come from. One file a source, one line in the table (src/source/sources.c).
//
// A source is read by one thread; hark_source_stop() may be called from any thread or a signal handler. What next()
// hands over lives until the following call. Reading is pull: who does not call next() holds the source back, nothing
// is dropped.
#pragma once

#include <hark/post.h>

struct hark_source;

struct hark_source_options {
    struct hark_str format; // "hark", "jetstream", …: a name of hark_formats; ptr NULL: by content, record by record
    double speed;           // 0: as fast as it goes; 1: the posts' own clock; 60: sixty times that
    struct hark_str resume; // a position as hark_source_item gave it; ptr NULL: from the start
    bool lazy;              // posts may come unread, see hark_source_read()
    bool follow;            // a file: go on waiting at its end
    // For what speaks to a server; texts must outlive the source.
    const char *ca_file;                  // certificates to trust instead of the system's; NULL: the system's
    int64_t stale_ms;                     // a stream that is silent for so long is dead; 0: the source's own
    int64_t poll_ms;                      // how often a source is asked that has to be asked; 0: the source's own
    const char *mastodon_token, *x_token; // NULL: none
    const char *reddit_app, *reddit_login, *reddit_user; // "ID:SECRET", "USER:PASSWORD", whose the app is; NULL: none
    const char *youtube_key;                             // NULL: none
    int64_t youtube_quota;                               // units a day, of all sources together
    const char *push_token;                              // what others must know to push; NULL: nothing
};

enum hark_item_kind {
    HARK_ITEM_POST,
    HARK_ITEM_REFUSED, // not public, or no post at all (a like, a heartbeat): counted by `reason`, nothing else
    HARK_ITEM_DEAD,    // cannot be read: to the dead letters with `reason`
    HARK_ITEM_GAP,     // posts of a time that will not come: to the ledger, `from_ms`, `to_ms`, and `reason`
    HARK_ITEM_NOTE,    // for the log: `reason` (a connection was lost, ...)
    HARK_ITEM_IDLE,    // nothing came for a moment: time to commit what is held
};

struct hark_source_item {
    enum hark_item_kind kind;
    const struct hark_post *post; // HARK_ITEM_POST; NULL: unread
    struct hark_str json;     // HARK_ITEM_POST: its canonical JSON (compact, complete; made only once); unread: as it
                              // stands in the source
    struct hark_str reason;   // REFUSED: a word ("like", "private", "unlisted"); DEAD: what is wrong; GAP: why
    int64_t from_ms, to_ms;   // GAP: of the server's time
    struct hark_str raw;      // DEAD: the bytes as read, the first HARK_DEAD_MAX_BYTES of them
    uint64_t raw_len;         // DEAD: how many there were
    struct hark_str where;    // "posts.ndjson:17" for people; of an unread post ptr NULL
    struct hark_str position; // to resume behind this item; the same for all items of a record but the last: then still
                              // the one before; ptr NULL: as before (GAP, NOTE)
};

enum { HARK_DEAD_MAX_BYTES = 64 << 10 }; // of a dead letter's raw bytes: enough to see what it was

// What a source says of its progress; 0 where unknown.
struct hark_source_progress {
    uint64_t done_bytes, all_bytes; // of a file, as stored (compressed)
    int64_t at_ms;                  // time of the latest post
};

struct hark_source_kind {
    const char *name;     // before the colon
    const char *argument; // for --help: "PATH or -"
    const char *about;    // one line
    const char *terms;    // what its terms ask, one line; NULL
    bool ends;            // comes to an end by itself
    bool answers;         // somebody waits for hark_source_safe(): call it as soon as nothing more comes
    const char *needs;    // what libcurl must be able to speak ("wss"); NULL: nothing special
    struct hark_source *(*open)(struct hark_str argument, const struct hark_source_options *options,
                                struct hark_err *err);
};

// NULL-terminated table.
extern const struct hark_source_kind *const hark_source_kinds[];
const struct hark_source_kind *hark_source_kind_find(struct hark_str name);
// Whether the libcurl that is loaded can speak what the source needs.
bool hark_source_kind_reachable(const struct hark_source_kind *kind);

// What every source implements; `struct hark_source` is the first member of its own.
struct hark_source_ops {
    // 1: an item; 0: the end; negative: an error (retriable ones are tried again by the source itself; what comes out
    // is final).
    int (*next)(struct hark_source *src, struct hark_source_item *item, struct hark_err *err);
    void (*stop)(struct hark_source *src);
    void (*progress)(const struct hark_source *src, struct hark_source_progress *ret);
    void (*free)(struct hark_source *src);
    void (*read)(struct hark_source *src, struct hark_source_item *item); // NULL: it hands out no unread posts
    void (*safe)(struct hark_source *src, struct hark_str position);      // NULL: it need not know
};
struct hark_source {
    const struct hark_source_ops *ops;
    const struct hark_source_kind *kind;
    char *name; // "file:/absolute/posts.ndjson": the same however it was written; the name of its position
};

// Opens "name:argument". An unknown name is an error that lists the known ones.
struct hark_source *hark_source_open(const char *spec, const struct hark_source_options *options, struct hark_err *err);
int hark_source_next(struct hark_source *src, struct hark_source_item *item, struct hark_err *err);
// Reads the unread post that next() handed over last: the item is then what it would be without `lazy`. Posts come
// unread only where they are creates that can be read for sure, so that nothing dead is passed over.
void hark_source_read(struct hark_source *src, struct hark_source_item *item);
// All items up to this position are where they belong, for good. From any thread.
void hark_source_safe(struct hark_source *src, struct hark_str position);
void hark_source_stop(struct hark_source *src); // async-signal-safe; next() then returns 0 soon
void hark_source_progress(const struct hark_source *src, struct hark_source_progress *ret);
void hark_source_free(struct hark_source *src); // takes NULL

// --- formats: payloads of platforms to canonical posts ---

// Of a record's JSON: Reddit nests answers ten deep, with five levels of JSON each.
enum { HARK_RECORD_MAX_DEPTH = 128 };

// One record: a line, an SSE event, a response body. It may hold several posts (a page).
struct hark_record {
    struct hark_str text;  // the bytes as read
    struct hark_str event; // the SSE event's name; ptr NULL where it is none
    const void *json;      // json_t *, what `text` says; NULL only for the format "hark"
    int64_t heard_ms;      // when it came, where a live source says so; 0: not known
    bool live;             // and it came as it happened, not from what the server had kept
};

// The ids of the latest posts under the names that a server has for them: Mastodon's deletes name posts in no other
// way. Bounded: the oldest are forgotten. Init by zeroing.
struct hark_ids {
    struct hark_ids_table *table;
    int64_t at_ms; // time of the post that was put last
};
void hark_ids_put(struct hark_ids *ids, struct hark_str local, struct hark_str id, int64_t time_ms);
// ptr NULL where it is not known; valid until the next put.
struct hark_str hark_ids_get(const struct hark_ids *ids, struct hark_str local);
void hark_ids_done(struct hark_ids *ids);

// What a record holds, one call each.
struct hark_format_sink {
    // hark_post_finish() was not called yet. `json` is the post's canonical JSON where the record has it already, else
    // ptr NULL.
    void (*post)(void *arg, struct hark_post *post, struct hark_str json);
    void (*refused)(void *arg, const char *reason); // of a fixed set of words
    void (*dead)(void *arg, const char *reason);    // the text may go after the call
    void *arg;
};
struct hark_format {
    const char *name;
    // Whether the record is in this format; looks at the top of it only.
    bool (*is)(const struct hark_record *record);
    // Texts go to the arena or stay in the record.
    void (*decode)(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink);
};
extern const struct hark_format *const hark_formats[]; // NULL-terminated
