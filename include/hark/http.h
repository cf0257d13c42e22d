// The HTTP server: JSON API and page over what Redis holds, and /metrics and /healthz for any command that stays up.
//
// It has threads of its own. Safe by default: off the loopback it starts only with a token or behind a proxy that says
// who is there; on the loopback without either, it answers only to names of the loopback (against DNS rebinding).
#pragma once

#include <hark/count.h>
#include <hark/match.h>

struct hark_http_options {
    const char *listen;       // "127.0.0.1:8686", "[::1]:0"; port 0: any that is free
    const char *token;        // NULL: none; Authorization: Bearer, or the password of Basic
    const char *proxy_header; // a header that the proxy in front sets and takes away from outside; NULL: none
    // What the API and the page read; redis NULL: only /metrics, /healthz and /readyz.
    struct hark_store_options store;
    const char *rules; // folder; NULL: none
    const char *topic; // whose positions are shown besides those of `hark run`; NULL: none
    // Whether the process can do its work now (for /readyz); NULL: always. From any thread.
    bool (*ready)(void *arg);
    void *ready_arg;
};

struct hark_http;
struct hark_http *hark_http_start(const struct hark_http_options *options, struct hark_err *err);
const char *hark_http_address(const struct hark_http *http); // "http://127.0.0.1:8686/"
// Reads the rules' folder anew. Where it is wrong the rules that are shown stay, and the page says so. One thread at a
// time.
int hark_http_reload(struct hark_http *http, bool *ret_changed, struct hark_err *err) HARK_CHECKED;
void hark_http_stop(struct hark_http *http); // takes NULL; returns when all threads have ended
