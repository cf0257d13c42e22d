// Between the files of this room: tallies, dead letters, what goes out, and the lane that a stream of posts is
// committed in.
#pragma once

#include <hark/alert.h>
#include <hark/count.h>
#include <hark/log.h>
#include <hark/metrics.h>
#include <hark/pipeline.h>

#include <stdatomic.h>
#include <stdio.h>

// --- what went through; any thread may add ---

struct tally {
    _Atomic uint64_t posts, refused, dead, candidates, matches, hits, alerts, repeats, edits, deletes;
    _Atomic uint64_t over_limit, skipped;   // posts on which a pattern cost too much; tries that quarantine spared
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

// --- metrics ---

extern const struct hark_metric metric_redis, metric_commit, metric_lag;
void metrics_took(const struct hark_metric *metric, const char *label, int64_t started_us); // label NULL: none
void metrics_dead(struct hark_str reason);                                                  // a dead letter
void metrics_rules(const struct hark_ruleset *rs, const char *before); // version of the set before, or NULL
void metrics_quarantined(void);                                        // a pattern
void metrics_gap(void);
// Serves /metrics, /healthz and /readyz where cfg->listen says; *ret NULL where it says nothing. `ready` may be NULL.
struct hark_http;
int metrics_start(const struct hark_config *cfg, struct tally *tally, bool (*ready)(void *arg), void *ready_arg,
                  struct hark_http **ret, struct hark_err *err) HARK_CHECKED;
void metrics_stop(struct hark_http *http); // takes NULL

// --- what the process says of its rules in Redis ---

// Starts a thread that writes it every few seconds; NULL where there can be none. What the options point to must live
// on.
struct health;
struct health *health_start(const char *command, const struct hark_config *cfg, const char *redis, size_t nworkers);
void health_stop(struct health *health); // takes NULL; takes the process's word away
// Whether it is time for a worker to tell what its scratch knows. By the thread that uses the scratch.
bool health_due(struct health *health, size_t worker); // NULL: never
void health_tell(struct health *health, size_t worker, const struct hark_matcher *m, struct hark_scratch *ms);

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
// A producer whose sends give up (HARK_ESTOP) when a stop is asked for while Kafka's queue is full.
struct hark_producer *producer_open(const struct hark_stream_options *options, struct hark_err *err);
// Waits until all is acknowledged, however long Kafka is away; once a stop is asked for, only until `stop_s` seconds
// have passed in all (then HARK_ESTOP). Says in the log that it waits.
int producer_flush(struct hark_producer *producer, int stop_s, struct hark_err *err) HARK_CHECKED;
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
    struct hark_match_stats told; // of the scratch, as far as the tally knows
    struct emit *emit;            // dead letters
    struct tally *tally;
    const char *input; // the topic, for dead letters
};

struct lane;
struct lane *lane_new(struct lane_env *env, int32_t partition, struct hark_str field);
void lane_free(struct lane *lane); // takes NULL
// A post of a source, which is read only where the prefilter asks for it.
void lane_item(struct lane *lane, struct hark_source *src, struct hark_source_item *item);
// A raw message: decoded only where the prefilter or its op asks for it.
int lane_message(struct lane *lane, const struct hark_message *message, struct hark_err *err) HARK_CHECKED;
// Where the input stands behind what was taken.
void lane_position(struct lane *lane, struct hark_str next);
// The commit of what is open also records that the offsets from `from` to before `to` are gone from the input.
void lane_gap(struct lane *lane, int64_t from, int64_t to);
struct hark_str lane_next(struct lane *lane);
struct hark_str lane_expected(const struct lane *lane); // committed
int32_t lane_partition(const struct lane *lane);
size_t lane_size(const struct lane *lane);                     // posts held in the open load
void lane_expect(struct lane *lane, struct hark_str position); // start from here; drops what was taken
// Sets what was taken aside for a commit, unless an earlier load still waits; whether one waits now. Not while a commit
// runs.
bool lane_seal(struct lane *lane);
// Whether the commit found another position stored: then all that was taken is dropped, lane_expected() is the stored
// one, and the input must start over from there. Not while a commit runs.
bool lane_moved(struct lane *lane);

struct commit_env { // what commits of one thread share
    struct hark_store *store;
    struct emit *emit;
    struct tally *tally;
    struct hark_str topic; // of hark:pos:<topic>
};
// Commits the sealed loads of these lanes (elements may be NULL). Waits as long as a service is away and no stop is
// asked for. Between lane_seal() and lane_moved() the lanes' open loads may be filled by another thread meanwhile.
int lanes_commit(struct commit_env *env, struct lane *const *lanes, size_t n, struct hark_err *err) HARK_CHECKED;

// --- rules that change while they are used ---

struct hark_matcher *rules_compile(const struct hark_config *cfg, struct hark_ruleset *rs, struct hark_err *err);
// Brings what patterns cost since `told` into the tally, and logs those that came into quarantine, each once. By the
// scratch's own thread.
void rules_tell(struct hark_scratch *ms, struct hark_match_stats *told, struct tally *tally);
// Frees a scratch and says what was slow in it.
void rules_leave(struct hark_scratch *ms); // takes NULL
// Watches cfg->rules, of which `m` is what they are now, and SIGHUP. `adopt` (may be NULL) is called, in another
// thread, with each new set that is good before it comes in force; its error keeps the old one. One at a time in a
// process.
struct rules;
struct rules *rules_watch(const struct hark_config *cfg, struct hark_matcher *m,
                          int (*adopt)(void *arg, const struct hark_matcher *m, struct hark_err *err), void *arg,
                          struct hark_err *err);
bool rules_changed(const struct rules *rules, const struct hark_matcher *m); // another set is in force
// The set in force, with a new scratch, for a worker that has nothing in hand.
int rules_use(struct rules *rules, struct lane_env *env, struct hark_err *err) HARK_CHECKED;
// hark:meta says which set is in force. A store that is away is told with the next set.
void store_rules(struct hark_store *store, const struct hark_matcher *m);
void rules_unwatch(struct rules *rules); // takes NULL

// --- a thread that does one thing when told to ---

struct job;
struct job *job_new(int (*body)(void *arg, struct hark_err *err), void *arg, struct hark_err *err);
void job_start(struct job *job);                       // while idle
bool job_idle(struct job *job, int wait_ms);           // waits at most so long
int job_result(struct job *job, struct hark_err *err); // the first error of its body so far
void job_free(struct job *job);                        // waits for the body; takes NULL

// --- where sources stand, and what they missed ---

// The Redis of --redis, else the state folder. One thread each.
struct keeper;
struct keeper *keeper_open(const struct hark_config *cfg, struct hark_err *err);
void keeper_close(struct keeper *keeper); // takes NULL
// The stored position of a source, "" where there is none.
int keeper_position(struct keeper *keeper, const char *source, struct hark_buf *ret, struct hark_err *err) HARK_CHECKED;
int keeper_save(struct keeper *keeper, const char *source, struct hark_str position, struct hark_err *err) HARK_CHECKED;
// Into the ledger. Waits, saying so, while Redis is away and no stop is asked for.
int keeper_gap(struct keeper *keeper, const struct hark_gap *gap, struct hark_err *err) HARK_CHECKED;
int store_gap(struct hark_store *store, const struct hark_gap *gap, struct hark_err *err) HARK_CHECKED;
struct hark_gap gap_of(const struct hark_source *src, const struct hark_source_item *item); // an item HARK_ITEM_GAP
void gap_log(const struct hark_gap *gap);
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
struct hark_source *read_open(const struct hark_config *cfg, const char *spec, struct hark_str resume, bool lazy,
                              struct hark_err *err);
void read_progress(const struct hark_source *src, struct tally *tally);
// One thread a source; the first error stops all and is what err says at the end. `body` reads one source to its end.
int read_all(size_t n, int (*body)(void *arg, size_t i, struct hark_err *err), void *arg, struct hark_err *err);
