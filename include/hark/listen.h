// Serving HTTP: the one room that knows libmicrohttpd. Addresses, limits, bodies, answers that come at once or later,
// streams, and whether a caller knows the token.
//
// A listener has threads of its own, and its callbacks run in them. Safe by default: beyond the loopback it listens
// only where its owner says that callers are asked who they are.
#pragma once

#include <hark/err.h>
#include <hark/str.h>

#include <sys/types.h>

// One request; it lives until its answer is handed over.
struct hark_listen_request {
    const char *method;
    struct hark_str path; // without the query
    struct hark_str body; // whole; empty where the listener takes none
    uint64_t body_bytes;  // how many came: more than `body` where there were too many
    bool crowded;         // the body was dropped, for all that are held already take up hold_bytes
    void *connection;     // of this room, for hark_listen_sleep() and _wake()
};

struct hark_listen_header {
    const char *name, *value;
};

struct hark_listen_answer {
    int status;
    struct hark_buf body;                  // goes over to the listener
    struct hark_listen_header headers[16]; // texts must outlive the call that hands the answer over
    size_t nheaders;
    char text[64]; // room for a value that is not a constant
    // In place of a body: called for the next bytes until it returns -1, the end. Before it returns 0, nothing for now,
    // it calls hark_listen_sleep(), and somebody hark_listen_wake() when there is more. `free` comes last.
    ssize_t (*stream)(void *arg, char *buf, size_t max);
    void (*stream_free)(void *arg);
    void *stream_arg;
};

struct hark_listen_options {
    // Texts are used until hark_listen_start() returns.
    const char *address; // "127.0.0.1:8686", "[::1]:0"; port 0: any that is free
    const char *setting; // what the address comes from, for errors: "--listen"
    const char *guard;   // what to set before it may listen beyond the loopback; NULL: callers are asked who they are
    unsigned threads, connections;
    size_t body_bytes; // the longest body that is kept; 0: none is
    size_t hold_bytes; // of all bodies that were not answered yet
    // A request's head is here: true where `answer` says all; its body is then not read. NULL: no look at it.
    bool (*head)(void *arg, const struct hark_listen_request *request, struct hark_listen_answer *answer);
    // A request is whole. Either `answer` gives its answer, or `take` keeps it for hark_listen_reply(), which may be
    // called before `take` returns.
    void (*answer)(void *arg, const struct hark_listen_request *request, struct hark_listen_answer *answer);
    void (*take)(void *arg, struct hark_listen_request *request);
    void (*tick)(void *arg); // about every second, from one thread; may be NULL
    void *arg;
};

struct hark_listen;
// Whether it could be started, as far as the address and the guard tell.
int hark_listen_check(const struct hark_listen_options *options, struct hark_err *err) HARK_CHECKED;
struct hark_listen *hark_listen_start(const struct hark_listen_options *options, struct hark_err *err);
const char *hark_listen_address(const struct hark_listen *listen); // "http://127.0.0.1:8686/"
// Takes NULL. Streams must be at their end or be woken for it, and requests that were taken be replied to; returns when
// all threads have ended.
void hark_listen_stop(struct hark_listen *listen);

struct hark_str hark_listen_header(const struct hark_listen_request *request, const char *name); // ptr NULL: not there
// Calls `each` for every parameter of the query until it returns not 0.
void hark_listen_each_param(const struct hark_listen_request *request,
                            int (*each)(void *to, struct hark_str name, struct hark_str value), void *to);
bool hark_listen_has_body(const struct hark_listen_request *request); // as its head says
void hark_listen_add_header(struct hark_listen_answer *answer, const char *name, const char *value);

// The answer to a request that was taken, which ends here. Any thread.
void hark_listen_reply(struct hark_listen_request *request, struct hark_listen_answer *answer);
void hark_listen_sleep(void *connection);
void hark_listen_wake(void *connection);

// --- who may ask ---

// Equal, in a time that does not depend on where they differ.
bool hark_listen_same(struct hark_str a, struct hark_str b);
// Whether the header Authorization has the token: as Bearer, or as the password of any user.
bool hark_listen_has_token(const char *token, struct hark_str authorization);
// Whether the header Host is a name of this machine to itself. A page elsewhere whose name was made to point here (DNS
// rebinding) sends its own.
bool hark_listen_is_loopback(struct hark_str host);
