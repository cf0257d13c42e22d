// The stages wired together: sources, matcher, counters, topics. One function a command; each runs until its input ends
// or until it is asked to stop, and leaves everything that it took committed or untouched.
//
// These functions log to stderr and write data to stdout. They return 0 or a negative HARK_E… with err set.
#pragma once

#include <hark/config.h>
#include <hark/match.h>
#include <hark/source.h>
#include <hark/stream.h>

// Loads the rules of cfg->rules and compiles them; what is wrong goes to stderr. NULL: err is set.
struct hark_matcher *hark_pipeline_matcher(const struct hark_config *cfg, struct hark_err *err);

// hark run: sources → matcher → Redis. `specs` are "name:argument".
int hark_pipeline_run(const struct hark_config *cfg, const char *const *specs, size_t n,
                      struct hark_err *err) HARK_CHECKED;
// hark ingest: sources → Kafka or stdout.
int hark_pipeline_ingest(const struct hark_config *cfg, const char *const *specs, size_t n,
                         struct hark_err *err) HARK_CHECKED;
// hark match: Kafka → Redis and Kafka.
int hark_pipeline_match(const struct hark_config *cfg, struct hark_err *err) HARK_CHECKED;
// hark verify: counts the log again by a plain path of its own and compares with Redis. Differences go to stdout and
// are HARK_EINPUT with no text.
int hark_pipeline_verify(const struct hark_config *cfg, struct hark_err *err) HARK_CHECKED;
// hark scan: sources → matches on stdout.
int hark_pipeline_scan(const struct hark_config *cfg, const char *const *specs, size_t n,
                       struct hark_err *err) HARK_CHECKED;

// hark bench: lines of key=value on stdout. match needs no service; ingest needs cfg->kafka, end-to-end cfg->redis too.
// `counts` are numbers of brands, as text; none: 100, 1,000, 10,000 and 100,000.
int hark_pipeline_bench_match(const struct hark_config *cfg, const char *const *counts, size_t n,
                              struct hark_err *err) HARK_CHECKED;
int hark_pipeline_bench_ingest(const struct hark_config *cfg, struct hark_err *err) HARK_CHECKED;
int hark_pipeline_bench_end_to_end(const struct hark_config *cfg, struct hark_err *err) HARK_CHECKED;

// hark sources: where sources stand and what they missed; in the arena.
struct hark_sources_view {
    const struct hark_source_position *cursors;
    size_t n;
    struct hark_strs gaps; // hark.gap/1
};
int hark_pipeline_sources(const struct hark_config *cfg, struct hark_arena *arena, struct hark_sources_view *ret,
                          struct hark_err *err) HARK_CHECKED;

// Calls `each` for each post of the sources, in order, until one fails.
int hark_pipeline_each(const struct hark_config *cfg, const char *const *specs, size_t n,
                       int (*each)(void *arg, const struct hark_source_item *item, struct hark_err *err), void *arg,
                       struct hark_err *err) HARK_CHECKED;

// The store of cfg->redis, or of a private redis-server that lives in the state folder.
struct hark_backend;
struct hark_backend *hark_backend_open(const struct hark_config *cfg, struct hark_err *err);
const char *hark_backend_redis(const struct hark_backend *backend); // URLs for hark_store_open()
void hark_backend_close(struct hark_backend *backend);              // takes NULL

struct hark_stream_options hark_pipeline_stream(const struct hark_config *cfg);

// hark.posts and the others: hark setup creates them. Alert topics are one a team of the rules.
extern const struct hark_topic hark_topics[];
extern const size_t hark_topics_count;

// Calls `changed`, in another thread, when a file below `path` has changed and all rest for a moment, and at SIGHUP
// (`asked`); while it returns true it is called again every few seconds. A terminal that goes away is a request to
// stop. One at a time in a process.
struct hark_watch;
struct hark_watch *hark_watch_start(const char *path, bool (*changed)(void *arg, bool asked), void *arg,
                                    struct hark_err *err);
void hark_watch_stop(struct hark_watch *watch); // takes NULL

// SIGINT and SIGTERM ask to stop; a second one ends the process at once.
void hark_stop_install(void);
bool hark_stopping(void);
void hark_stop_wait(void); // until one of them came
