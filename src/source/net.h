// HTTP, streams over HTTP and WebSocket, through libcurl: the one place that knows it.
//
// A `struct hark_net` holds one request or connection at a time and reuses what it can. One thread; what waits is woken
// by the `wake` that it was made with and then gives HARK_ESTOP. Certificates are checked, always; http:// and ws://
// are for this machine only, for what they carry can be read and changed on the way.
#pragma once

#include "wake.h"

struct hark_net;

enum {
    HARK_NET_QUIET = -100,      // nothing came in the time to wait: no error, err is untouched
    HARK_NET_CONNECT_MS = 8000, // to connect and hear the first line: within the ten seconds in which a service that
                                // is away must show
};

struct hark_net_request {
    const char *url;
    const char *const *headers; // "Name: value", NULL-terminated; may be NULL
    struct hark_str body;       // ptr NULL: a GET, else a POST of JSON
    const char *type;           // of the body, where it is not JSON
    const char *user;           // "NAME:PASSWORD" of HTTP's Basic scheme; NULL: none
    bool redirects;             // follow them, to https:// only; never with a secret in the headers
    int64_t stale_ms;           // of silence, after which the connection is taken for dead
};

struct hark_net *hark_net_new(struct hark_wake *wake, const char *ca_file);
void hark_net_free(struct hark_net *net); // takes NULL

// 0 where it is a URL of one of the schemes ("http", "https", "ws", "wss") that hark may speak to: TLS, or loopback.
int hark_net_check(const char *url, const char *schemes, struct hark_err *err) HARK_CHECKED;
// "scheme://host[:port]" of a URL that was checked, and its host; cut out of it.
struct hark_str hark_net_origin(const char *url);
struct hark_str hark_net_host(const char *url);
// Whether this libcurl can speak it: "ws", "wss", "https".
bool hark_net_speaks(const char *scheme);

// Sends the request and waits for the answer's headers. HTTP errors are no errors here: see the status.
int hark_net_open(struct hark_net *net, const struct hark_net_request *request, struct hark_err *err) HARK_CHECKED;
long hark_net_status(const struct hark_net *net);
// The value of a header of the answer (the last of that name); ptr NULL where it is not there. Until the next open.
struct hark_str hark_net_header(const struct hark_net *net, const char *name);
// Bytes of the body, unpacked: how many, 0 at the end, HARK_NET_QUIET or an error.
long hark_net_read(struct hark_net *net, char *to, size_t max, int wait_ms, struct hark_err *err) HARK_CHECKED;
// The whole body, at most `max` bytes: more is an error.
int hark_net_body(struct hark_net *net, size_t max, struct hark_buf *ret, struct hark_err *err) HARK_CHECKED;
void hark_net_close(struct hark_net *net);

// WebSocket. A server that refuses is an error; the status is what it said.
int hark_net_ws_open(struct hark_net *net, const struct hark_net_request *request, struct hark_err *err) HARK_CHECKED;
struct hark_net_message {
    struct hark_str text; // until the next read; of what is too long only its first bytes
    uint64_t len;         // of the whole message
    bool too_long;
};
// 1: a message; HARK_NET_QUIET; or an error (closed by the server: with what it said). Pings are answered.
int hark_net_ws_read(struct hark_net *net, size_t max, size_t keep, int wait_ms, struct hark_net_message *ret,
                     struct hark_err *err) HARK_CHECKED;
// Sends a text message, or with ptr NULL a ping, to which the server answers with a sign of life.
int hark_net_ws_send(struct hark_net *net, struct hark_str text, struct hark_err *err) HARK_CHECKED;

// How long to wait, in ms, as the headers of an answer say (Retry-After; X-RateLimit-Reset as a time or as seconds
// since 1970); -1 where they do not.
int64_t hark_net_retry_ms(const struct hark_net *net);
// A date as HTTP, mail and RSS write it, in ms; -1 where it is none.
int64_t hark_net_date_ms(struct hark_str value);
// How often to try: the nth wait in a row (from 0) doubles from `first_ms` to `most_ms`, less up to a quarter by
// chance, so that many do not come back at one time.
int64_t hark_net_backoff_ms(unsigned nth, int64_t first_ms, int64_t most_ms);
