// Between the listener and the router: a request as this room sees it, the headers of its answer, event streams.

#include "http.h"

#include <hark/clock.h>
#include <hark/listen.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    THREADS = 4,
    MAX_CONNECTIONS = 6000, // more than live.c's clients
};

// --- event streams ---

struct stream {
    struct live_client client;
    void *connection;
};

static void wake(void *arg)
{
    hark_listen_wake(((struct stream *)arg)->connection);
}

static void fall_asleep(void *arg)
{
    hark_listen_sleep(((struct stream *)arg)->connection);
}

static ssize_t read_stream(void *arg, char *buf, size_t max)
{
    return live_read(&((struct stream *)arg)->client, buf, max, fall_asleep);
}

static void free_stream(void *arg)
{
    live_leave(&((struct stream *)arg)->client);
    free(arg);
}

static bool make_stream(struct hark_http *http, const struct hark_listen_request *request,
                        struct hark_listen_answer *to)
{
    struct stream *stream = hark_calloc(1, sizeof *stream);
    stream->client.wake = wake;
    stream->client.arg = stream;
    stream->connection = request->connection;
    if (!live_join(http->live, &stream->client)) {
        free(stream);
        return false;
    }
    to->stream = read_stream;
    to->stream_free = free_stream;
    to->stream_arg = stream;
    hark_listen_add_header(to, "Content-Type", "text/event-stream");
    hark_listen_add_header(to, "X-Accel-Buffering", "no"); // nginx in front must not hold events back
    return true;
}

// --- answers ---

static void add_headers(struct hark_listen_answer *to, const struct http_answer *answer)
{
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
        {"Cache-Control", "no-cache"}, // may be kept, must be asked about: the ETag answers
    };
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) hark_listen_add_header(to, always[i][0], always[i][1]);
    hark_listen_add_header(to, "Content-Security-Policy",
                           answer->page ? "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                                          "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                                          "frame-ancestors 'none'; require-trusted-types-for 'script'"
                                        : "default-src 'none'; frame-ancestors 'none'");
    if (answer->type) hark_listen_add_header(to, "Content-Type", answer->type);
    if (answer->etag[0]) {
        snprintf(to->text, sizeof to->text, "%s", answer->etag);
        hark_listen_add_header(to, "ETag", to->text);
    }
    if (!answer->live) hark_listen_add_header(to, "Vary", "Accept-Encoding");
    if (answer->gzipped) hark_listen_add_header(to, "Content-Encoding", "gzip");
    if (answer->status == 401) hark_listen_add_header(to, "WWW-Authenticate", "Basic realm=\"hark\"");
    if (answer->status == 405) hark_listen_add_header(to, "Allow", "GET, HEAD");
}

static void hand_over(struct hark_http *http, const struct hark_listen_request *request, struct http_answer *answer,
                      struct hark_listen_answer *to)
{
    if (answer->live && !make_stream(http, request, to)) {
        answer->live = false;
        http_problem(answer, 503, "as many listen already as there may");
    }
    to->status = answer->status;
    to->body = answer->body;
    answer->body = (struct hark_buf){0};
    add_headers(to, answer);
    http_answer_done(answer);
}

// --- requests ---

static bool takes_gzip(struct hark_str accepted)
{
    while (accepted.ptr) {
        struct hark_str weight, one = hark_str_trim(hark_str_cut(accepted, ',', &accepted));
        one = hark_str_trim(hark_str_cut(one, ';', &weight));
        if (hark_str_ieq(one, HARK_STR("gzip"))) return !weight.ptr || !hark_str_is(hark_str_trim(weight), "q=0");
    }
    return false;
}

static void each_param(const void *arg, int (*each)(void *to, struct hark_str name, struct hark_str value), void *to)
{
    hark_listen_each_param(arg, each, to);
}

static struct http_request read_request(const struct hark_http *http, const struct hark_listen_request *request)
{
    const char *proxy = http->options.proxy_header;
    return (struct http_request){
        .method = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0 ? HTTP_GET : HTTP_OTHER,
        .path = request->path,
        .authorization = hark_listen_header(request, "Authorization"),
        .host = hark_listen_header(request, "Host"),
        .if_none_match = hark_listen_header(request, "If-None-Match"),
        .gzip = takes_gzip(hark_listen_header(request, "Accept-Encoding")),
        .proxied = proxy && hark_listen_header(request, proxy).len > 0,
        .each_param = each_param,
        .param_arg = request,
    };
}

// A body is refused before it is read; the listener then closes.
static bool refuse_body(void *arg, const struct hark_listen_request *request, struct hark_listen_answer *to)
{
    struct http_answer answer = {0};
    if (!hark_listen_has_body(request)) return false;
    http_problem(&answer, 413, "requests have no body here");
    hand_over(arg, request, &answer, to);
    return true;
}

static void answer_request(void *arg, const struct hark_listen_request *request, struct hark_listen_answer *to)
{
    struct hark_http *http = arg;
    struct http_answer answer = {0};
    struct http_request own = read_request(http, request);
    http_route(http, &own, &answer);
    hand_over(http, request, &answer, to);
}

struct hark_listen *server_start(struct hark_http *http, struct hark_err *err)
{
    const struct hark_listen_options options = {
        .address = http->options.listen,
        .setting = "--listen",
        .guard = http->options.token || http->options.proxy_header
                     ? NULL
                     : "set HARK_SERVE_TOKEN or HARK_SERVE_TOKEN_FILE, or name with --proxy-header what a proxy in "
                       "front sets",
        .threads = THREADS,
        .connections = MAX_CONNECTIONS,
        .head = refuse_body,
        .answer = answer_request,
        .arg = http,
    };
    return hark_listen_start(&options, err);
}
