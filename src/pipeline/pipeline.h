// Between the files of this room: tallies, dead letters, what goes out, and the lane that a stream of posts is
// committed in.
#pragma once

#include <hark/alert.h>
#include <hark/count.h>
#include <hark/log.h>
#include <hark/pipeline.h>

#include <stdatomic.h>
#include <stdio.h>

// --- what went through; any thread may add ---

struct tally {
    _Atomic uint64_t posts, refused, dead, candidates, matches, alerts, repeats, edits, deletes;
    _Atomic uint64_t done_bytes, all_bytes; // of files
    _Atomic uint64_t lag, all;              // messages of the log still to read, and at the start
};
static inline void tally_add(_Atomic uint64_t *what, uint64_t n)
{
    atomic_fetch_add_explicit(what, n, memory_order_relaxed);
}

// Shows the tally on a terminal's stderr twice a second until stopped; silent elsewhere. One at a time.
void progress_start(const struct tally *tally);
void progress_stop(void);
// "done" with the tally as a log line.
void tally_log(const struct tally *tally, const char *command, int64_t started_us);

// --- stopping ---

void stop_request(void);
// Sleeps, in pieces, until the time is over or a stop was asked for; false then.
bool stop_sleep(int ms);
// Sources are told to stop when the process is; at most 64 at a time.
void stop_watch(struct hark_source *src);
void stop_unwatch(struct hark_source *src);

// --- dead letters ---

struct dead_letter {
    struct hark_str reason, source, where, raw; // raw: the first bytes
    uint64_t raw_len;
};
// JSON, one object; bytes that are not UTF-8 stand as base64 in "raw_base64".
void dead_encode(const struct dead_letter *letter, struct hark_buf *buf);
// The file or the log. NULL path: the log. Safe from several threads.
struct dead_file;
struct dead_file *dead_file_open(const char *path, struct hark_err *err);
int dead_file_add(struct dead_file *dead, const struct dead_letter *letter, struct hark_err *err) HARK_CHECKED;
void dead_file_close(struct dead_file *dead);

// --- what goes out: to Kafka, to stdout, or nowhere ---

struct emit {
    int (*match)(struct emit *emit, struct hark_str key, struct hark_str json, struct hark_err *err);
    int (*alert)(struct emit *emit, const struct hark_alert *alert, struct hark_err *err);
    int (*dead)(struct emit *emit, const struct dead_letter *letter, struct hark_err *err);
    int (*flush)(struct emit *emit, struct hark_err *err); // everything so far is where it belongs
    void (*free)(struct emit *emit);
};
// `what`: "matches", "alerts" or NULL. Dead letters go to `dead`, which the caller keeps.
struct emit *emit_stdout(const char *what, struct dead_file *dead);
// The producer is shared and the caller's. Missing alert topics of a team are made.
struct emit *emit_kafka(struct hark_producer *producer);
// Writes a line to stdout, whole, from any thread. HARK_ESTOP when the reader has gone.
int stdout_line(struct hark_str line, struct hark_err *err);
int stdout_flush(struct hark_err *err);

// --- a lane: the posts of one input partition or source between two commits ---

struct lane_env { // what lanes of one thread share
    const struct hark_config *cfg;
    const struct hark_matcher *m;
    struct hark_scratch *ms;
    struct hark_store *store;
    struct emit *emit;
    struct tally *tally;
    struct hark_str topic;      // of hark:pos:<topic>
    void (*waiting)(void *arg); // called every few seconds at least while a lane waits for a service; may be NULL
    void *waiting_arg;
};

struct lane;
struct lane *lane_new(struct lane_env *env, int32_t partition, struct hark_str field);
void lane_free(struct lane *lane); // takes NULL
// A decoded post with its canonical JSON.
int lane_post(struct lane *lane, const struct hark_post *post, struct hark_str json, struct hark_err *err) HARK_CHECKED;
// A raw message: decoded only where the prefilter or its op asks for it.
int lane_message(struct lane *lane, struct hark_str json, int64_t timestamp_ms, struct hark_str where,
                 struct hark_err *err) HARK_CHECKED;
// Where the input stands behind what was taken.
void lane_position(struct lane *lane, struct hark_str next);
struct hark_str lane_next(const struct lane *lane);
struct hark_str lane_expected(const struct lane *lane);        // committed
void lane_expect(struct lane *lane, struct hark_str position); // start from here; drops what was taken
bool lane_dirty(const struct lane *lane);
size_t lane_size(const struct lane *lane); // posts held
// Commits. Waits as long as a service is away and no stop is asked for. *ret_moved: another position is stored
// (lane_expected says it now); what was taken is dropped and the input must start over from there.
int lane_commit(struct lane *lane, bool *ret_moved, struct hark_err *err) HARK_CHECKED;

// --- where sources stand, and what they missed ---

// The Redis of --redis, else the state folder. One thread each.
struct keeper;
struct keeper *keeper_open(const struct hark_config *cfg, struct hark_err *err);
void keeper_close(struct keeper *keeper); // takes NULL
// The stored position of a source, "" where there is none.
int keeper_position(struct keeper *keeper, const char *source, struct hark_buf *ret, struct hark_err *err) HARK_CHECKED;
int keeper_save(struct keeper *keeper, const char *source, struct hark_str position, struct hark_err *err) HARK_CHECKED;
// hark.gap/1, into the ledger. Waits, saying so, while Redis is away and no stop is asked for.
int keeper_gap(struct keeper *keeper, struct hark_str json, int64_t to_ms, struct hark_err *err) HARK_CHECKED;
int store_gap(struct hark_store *store, struct hark_str json, int64_t to_ms, struct hark_err *err) HARK_CHECKED;
// An item HARK_ITEM_GAP as JSON, and in the log.
void gap_encode(const struct hark_source *src, const struct hark_source_item *item, struct hark_buf *buf);
void gap_log(const struct hark_source *src, const struct hark_source_item *item);
// Calls `each` for each source with a file, and for each gap, of the state folder. Lines of a gap are hark.gap/1.
struct keeper_reader {
    void (*source)(void *arg, struct hark_str name, struct hark_str position, struct hark_str saved);
    void (*gap)(void *arg, struct hark_str json);
    void *arg;
};
int keeper_read(const struct hark_config *cfg, const struct keeper_reader *reader, struct hark_err *err) HARK_CHECKED;
// mkdir -p
int folder_make(const char *path, struct hark_err *err);

// --- reading sources ---

// HARK_ITEM_NOTE and GAP to the log.
void read_note(const struct hark_source *src, const struct hark_source_item *item);
// When --for is over, on the monotonic clock; INT64_MAX: never.
int64_t read_until_us(const struct hark_config *cfg);

int read_dead(struct dead_file *dead, const struct hark_source *src, const struct hark_source_item *item,
              struct tally *tally, struct hark_err *err) HARK_CHECKED;
struct hark_source *read_open(const struct hark_config *cfg, const char *spec, struct hark_str resume,
                              struct hark_err *err);
void read_progress(const struct hark_source *src, struct tally *tally);
// One thread a source; the first error stops all and is what err says at the end. `body` reads one source to its end.
int read_all(const char *const *specs, size_t n, int (*body)(void *arg, size_t i, struct hark_err *err), void *arg,
             struct hark_err *err);
