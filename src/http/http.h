// Between the files of this room: a request, its answer, and the server that they belong to.
//
// Only server.c knows the listener; the rest takes a request and fills an answer.
#pragma once

#include "params.h"

#include <hark/http.h>
#include <hark/json.h>
#include <hark/listen.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

enum http_method { HTTP_GET, HTTP_OTHER };

struct http_request {
    enum http_method method;
    struct hark_str path;
    struct hark_str authorization, host, if_none_match; // ptr NULL: not there
    bool gzip;                                          // the client takes it
    bool proxied;                                       // the configured header is there
    // Calls `each` for every parameter of the query until it returns not 0.
    void (*each_param)(const void *arg, int (*each)(void *to, struct hark_str name, struct hark_str value), void *to);
    const void *param_arg;
};

struct http_answer {
    int status;
    const char *type; // content type
    struct hark_buf body;
    char etag[24]; // with its quotes; "": none
    bool gzipped;  // the body is
    bool page;     // part of the page: the strict policy for what it may load
    bool live;     // no body: a stream of events
};

struct http_rules;
struct live;

struct hark_http {
    struct hark_http_options options;
    struct hark_arena arena; // texts of the options
    // stores that are not in use
    pthread_mutex_t lock;
    struct hark_store **stores;
    size_t nstores;
    _Atomic bool redis_up;
    struct http_rules *rules;      // under the lock
    struct hark_buf rules_problem; // under the lock: why files that changed were not taken; empty: nothing is wrong
    struct live *live;
    struct hark_listen *listen;
};

// --- router.c ---
void http_route(struct hark_http *http, const struct http_request *request, struct http_answer *answer);
void http_problem(struct http_answer *answer, int status, const char *text);

// --- auth.c: 0 or the status that refuses ---
int http_authorize(const struct hark_http *http, const struct http_request *request);

// --- answer.c ---
// ETag, 304 where the client has it, gzip where it pays.
void http_answer_finish(const struct http_request *request, struct http_answer *answer);
void http_answer_done(struct http_answer *answer);

// --- api.c ---
struct api {
    struct hark_http *http;
    struct hark_store *store;
    struct hark_arena *arena;
    struct params params;
    int64_t now_ms;
    struct hark_json json; // the answer
};
struct api_resource {
    const char *path;
    unsigned params; // bits that it takes
    unsigned needs;  // bits that must be given
    int (*run)(struct api *api, struct hark_err *err);
};
extern const struct api_resource api_resources[]; // ends with path NULL
int api_status(struct api *api, struct hark_err *err);
int api_brands(struct api *api, struct hark_err *err);
int api_overview(struct api *api, struct hark_err *err);
int api_series(struct api *api, struct hark_err *err);
int api_share(struct api *api, struct hark_err *err);
int api_breakdown(struct api *api, struct hark_err *err);
int api_tags(struct api *api, struct hark_err *err);
int api_authors(struct api *api, struct hark_err *err);
int api_posts(struct api *api, struct hark_err *err);
int api_top(struct api *api, struct hark_err *err);
int api_alerts(struct api *api, struct hark_err *err);
int api_rules(struct api *api, struct hark_err *err);
int api_sources(struct api *api, struct hark_err *err);
void api_time(struct api *api, const char *key, int64_t ms); // null where negative
// Those that overlap the range, as "gaps".
void api_gaps(struct api *api, const struct hark_gap *gaps, size_t n, struct hark_range range);

// --- a store for the time of an answer ---
struct hark_store *http_store_take(struct hark_http *http, struct hark_err *err);
void http_store_give(struct hark_http *http, struct hark_store *store);

// --- rules.c ---
struct http_rules *http_rules_load(const char *folder, struct hark_err *err);
struct http_rules *http_rules_take(struct hark_http *http); // for the time of an answer; NULL: none
void http_rules_drop(struct http_rules *rules);             // takes NULL

// --- assets.c ---
struct http_asset {
    const char *path, *type;
    struct hark_str bytes;
    bool page;
};
const struct http_asset *http_asset_find(struct hark_str path);

// --- live.c ---
struct live *live_start(struct hark_http *http, struct hark_err *err);
void live_stop(struct live *live); // takes NULL; no client may be left
size_t live_clients(const struct live *live);

// One who listens. `wake` is called, with no lock of ours that read() needs held elsewhere, when there is something to
// read again after live_read() returned 0.
struct live_client {
    struct live *live;
    void (*wake)(void *arg);
    void *arg;
    bool asleep;
    uint64_t next; // event to read next
    size_t offset; // in it
    bool greeted;  // has got what was the state when it came
    struct live_client *before, *after;
};
bool live_join(struct live *live, struct live_client *client); // false: full, or ending
void live_leave(struct live_client *client);
// Copies what there is, at most `max` bytes. 0: nothing now; `sleep` was called under the lock, `wake` will be. -1: the
// end (too slow, or the server ends).
ssize_t live_read(struct live_client *client, char *buf, size_t max, void (*sleep)(void *arg));
// Lets all go.
void live_close(struct live *live);

// --- metrics.c ---
extern const struct hark_metric http_requests, http_seconds;

// --- server.c ---
struct hark_listen *server_start(struct hark_http *http, struct hark_err *err);
