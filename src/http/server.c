// libmicrohttpd: a few threads with epoll each, no thread a client. Event streams are suspended connections, which cost
// their buffer and nothing else until there is something to send.
//
// Who is slow is let go: a connection on which nothing moves for IDLE_S by the library; one that moves, but has not had
// its whole answer OLDEST_S after it began, by a sweeper here (a request that trickles in, a reader that sips).

#include "http.h"

#include <hark/clock.h>
#include <hark/metrics.h>
#include <hark/versions.h>

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum {
    THREADS = 4,
    MAX_CONNECTIONS = 6000,      // more than live.c's clients
    CONNECTION_BYTES = 12 << 10, // a request's head must fit, and an answer's
    LIVE_BLOCK_BYTES = 2 << 10,  // of an event stream, what is handed to the socket at once
    IDLE_S = 20,
    OLDEST_S = 60,
    SWEEP_MS = 1000,
    FILES = 8192,
    LEAVE_MS = 5000, // event streams get this long to be told of the end
};

struct connection {
    int fd;
    int64_t since_us; // when it began, or when its last answer was complete
    bool live;
    struct connection *before, *after;
};

struct server {
    struct hark_http *http;
    struct MHD_Daemon *daemon;
    pthread_t sweeper;
    bool sweeping;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool ending;
    struct connection *connections;
};

static const struct hark_metric cut_off = {"hark_http_cut_off_total", "Connections ended because they were too slow.",
                                           HARK_COUNTER, NULL};

// --- connections ---

static void connected(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct server *server = cls;
    struct connection *conn = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        conn = *context = hark_calloc(1, sizeof *conn);
        conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        conn->since_us = hark_clock_mono_us();
        pthread_mutex_lock(&server->lock);
        conn->after = server->connections;
        if (conn->after) conn->after->before = conn;
        server->connections = conn;
        pthread_mutex_unlock(&server->lock);
        return;
    }
    pthread_mutex_lock(&server->lock);
    if (conn->before)
        conn->before->after = conn->after;
    else
        server->connections = conn->after;
    if (conn->after) conn->after->before = conn->before;
    pthread_mutex_unlock(&server->lock);
    free(conn);
}

static void completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
    struct server *server = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *conn = info ? info->socket_context : NULL;
    (void)context, (void)code;
    if (!conn) return;
    pthread_mutex_lock(&server->lock);
    conn->since_us = hark_clock_mono_us();
    conn->live = false;
    pthread_mutex_unlock(&server->lock);
}

// The socket stays the library's: it is only told that nothing more will come or go.
static void sweep(struct server *server)
{
    int64_t now_us = hark_clock_mono_us();
    for (struct connection *conn = server->connections; conn; conn = conn->after) {
        if (conn->live || now_us - conn->since_us < (int64_t)OLDEST_S * 1000000) continue;
        shutdown(conn->fd, SHUT_RDWR);
        conn->since_us = now_us;
        hark_metric_add(&cut_off, (struct hark_str){0}, 1);
    }
}

static void *run_sweeper(void *arg)
{
    struct server *server = arg;
    struct timespec until;
    pthread_mutex_lock(&server->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    while (!server->ending) {
        until.tv_sec += SWEEP_MS / 1000;
        while (!server->ending && pthread_cond_timedwait(&server->ended, &server->lock, &until) != ETIMEDOUT) continue;
        sweep(server);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

// --- event streams ---

struct stream {
    struct live_client client;
    struct MHD_Connection *connection;
};

static void wake(void *arg)
{
    MHD_resume_connection(((struct stream *)arg)->connection);
}

static void fall_asleep(void *arg)
{
    MHD_suspend_connection(((struct stream *)arg)->connection);
}

static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct stream *stream = cls;
    (void)pos;
    ssize_t n = live_read(&stream->client, buf, max, fall_asleep);
    return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static void free_stream(void *cls)
{
    struct stream *stream = cls;
    live_leave(&stream->client);
    free(stream);
}

static struct MHD_Response *make_stream(struct server *server, struct MHD_Connection *mhd)
{
    struct stream *stream = hark_calloc(1, sizeof *stream);
    stream->client.wake = wake;
    stream->client.arg = stream;
    stream->connection = mhd;
    if (!live_join(server->http->live, &stream->client)) {
        free(stream);
        return NULL;
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, LIVE_BLOCK_BYTES, read_stream, stream, free_stream);
    if (!response) {
        free_stream(stream);
        return NULL;
    }
    struct connection *conn = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    pthread_mutex_lock(&server->lock);
    conn->live = true;
    pthread_mutex_unlock(&server->lock);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "X-Accel-Buffering", "no"); // nginx in front must not hold events back
    return response;
}

// --- answers ---

static void add_headers(struct MHD_Response *response, const struct http_answer *answer)
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
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    MHD_add_response_header(response, "Content-Security-Policy",
                            answer->page ? "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                                           "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                                           "frame-ancestors 'none'; require-trusted-types-for 'script'"
                                         : "default-src 'none'; frame-ancestors 'none'");
    if (answer->type) MHD_add_response_header(response, "Content-Type", answer->type);
    if (answer->etag[0]) MHD_add_response_header(response, "ETag", answer->etag);
    if (!answer->live) MHD_add_response_header(response, "Vary", "Accept-Encoding");
    if (answer->gzipped) MHD_add_response_header(response, "Content-Encoding", "gzip");
    if (answer->status == 401) MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"hark\"");
    if (answer->status == 405) MHD_add_response_header(response, "Allow", "GET, HEAD");
}

static struct MHD_Response *make_response(struct server *server, struct MHD_Connection *mhd, struct http_answer *answer)
{
    if (answer->live) {
        struct MHD_Response *stream = make_stream(server, mhd);
        if (stream) return stream;
        answer->live = false;
        http_problem(answer, 503, "as many listen already as there may");
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.len, answer->body.ptr, MHD_RESPMEM_MUST_FREE);
    if (response) answer->body = (struct hark_buf){0};
    return response;
}

static enum MHD_Result send_answer(struct server *server, struct MHD_Connection *mhd, struct http_answer *answer)
{
    struct MHD_Response *response = make_response(server, mhd, answer);
    enum MHD_Result result = MHD_NO;
    if (response) {
        add_headers(response, answer);
        result = MHD_queue_response(mhd, (unsigned)answer->status, response);
        MHD_destroy_response(response);
    }
    http_answer_done(answer);
    return result;
}

// --- requests ---

static struct hark_str header(struct MHD_Connection *mhd, const char *name)
{
    return hark_str(MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name));
}

struct each_param {
    int (*each)(void *to, struct hark_str name, struct hark_str value);
    void *to;
};

static enum MHD_Result one_param(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                 const char *value, size_t value_len)
{
    const struct each_param *each = cls;
    (void)kind;
    return each->each(each->to, hark_strn(name, name_len), hark_strn(value ? value : "", value ? value_len : 0))
               ? MHD_NO
               : MHD_YES;
}

static void each_param(const void *arg, int (*each)(void *to, struct hark_str name, struct hark_str value), void *to)
{
    struct each_param params = {each, to};
    MHD_get_connection_values_n((struct MHD_Connection *)arg, MHD_GET_ARGUMENT_KIND, one_param, &params);
}

static bool takes_gzip(struct hark_str accepted)
{
    while (accepted.ptr) {
        struct hark_str weight, one = hark_str_trim(hark_str_cut(accepted, ',', &accepted));
        one = hark_str_trim(hark_str_cut(one, ';', &weight));
        if (hark_str_ieq(one, HARK_STR("gzip"))) return !weight.ptr || !hark_str_is(hark_str_trim(weight), "q=0");
    }
    return false;
}

static struct http_request read_request(const struct server *server, struct MHD_Connection *mhd, const char *url,
                                        const char *method)
{
    const char *proxy = server->http->options.proxy_header;
    return (struct http_request){
        .method = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? HTTP_GET : HTTP_OTHER,
        .path = hark_str(url),
        .authorization = header(mhd, "Authorization"),
        .host = header(mhd, "Host"),
        .if_none_match = header(mhd, "If-None-Match"),
        .gzip = takes_gzip(header(mhd, "Accept-Encoding")),
        .proxied = proxy && header(mhd, proxy).len > 0,
        .each_param = each_param,
        .param_arg = mhd,
    };
}

static bool has_body(struct MHD_Connection *mhd)
{
    struct hark_str length = header(mhd, "Content-Length");
    return header(mhd, "Transfer-Encoding").ptr || (length.ptr && !hark_str_is(length, "0"));
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **context)
{
    static const char seen = 0;
    struct server *server = cls;
    struct http_answer answer = {0};
    (void)version, (void)upload, (void)upload_len;
    if (has_body(mhd)) { // answered before it is read; the library then closes
        http_problem(&answer, 413, "requests have no body here");
        return send_answer(server, mhd, &answer);
    }
    if (!*context) { // the head is complete; a request without a body is so by the next call
        *context = (void *)&seen;
        return MHD_YES;
    }
    struct http_request request = read_request(server, mhd, url, method);
    http_route(server->http, &request, &answer);
    return send_answer(server, mhd, &answer);
}

// --- start and end ---

// "ADDR:PORT", "[ADDR]:PORT"; *ret_loopback says whether only this machine reaches it.
static int parse_listen(const char *listen, struct sockaddr_storage *ret, bool *ret_loopback, struct hark_err *err)
{
    const char *colon = strrchr(listen, ':');
    char host[80];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found = NULL;
    size_t n = colon ? (size_t)(colon - listen) : sizeof host;
    bool brackets = n > 2 && n < sizeof host && listen[0] == '[' && listen[n - 1] == ']';
    if (n == 0 || n >= sizeof host || (!brackets && memchr(listen, ':', n)))
        return hark_err_set(err, HARK_EINPUT, "--listen: '%s' is no ADDR:PORT such as 127.0.0.1:8686 or [::1]:8686",
                            listen);
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? n - 2 : n), listen + brackets);
    int rc = getaddrinfo(host, colon + 1, &hints, &found);
    if (rc) return hark_err_set(err, HARK_EINPUT, "--listen: %s: %s", listen, gai_strerror(rc));
    memcpy(ret, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (ret->ss_family == AF_INET)
        *ret_loopback = ntohl(((struct sockaddr_in *)ret)->sin_addr.s_addr) >> 24 == 127;
    else
        *ret_loopback = IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)ret)->sin6_addr);
    return 0;
}

static void raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FILES) return;
    limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max : FILES;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void write_address(struct server *server, const struct sockaddr_storage *address)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    char host[INET6_ADDRSTRLEN] = "";
    bool six = address->ss_family == AF_INET6;
    inet_ntop(address->ss_family,
              six ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                  : (const void *)&((const struct sockaddr_in *)address)->sin_addr,
              host, sizeof host);
    snprintf(server->http->address, sizeof server->http->address, six ? "http://[%s]:%u/" : "http://%s:%u/", host,
             info ? info->port : 0u);
}

static int start_daemon(struct server *server, struct hark_err *err)
{
    struct sockaddr_storage address = {0};
    const struct hark_http_options *options = &server->http->options;
    if (parse_listen(options->listen, &address, &server->http->loopback, err)) return err->code;
    if (!server->http->loopback && !options->token && !options->proxy_header)
        return hark_err_set(err, HARK_EINPUT,
                            "--listen %s can be reached from other machines: set HARK_SERVE_TOKEN or "
                            "HARK_SERVE_TOKEN_FILE, or name with --proxy-header what a proxy in front sets",
                            options->listen);
    raise_files();
    errno = 0;
    server->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                             (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : MHD_NO_FLAG),
                         0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_NOTIFY_CONNECTION, connected,
                         server, MHD_OPTION_NOTIFY_COMPLETED, completed, server, MHD_OPTION_END);
    if (!server->daemon)
        return hark_err_set(err, HARK_ESERVICE, "cannot listen on %s: %s", options->listen,
                            errno ? strerror(errno) : "the address is in use or not of this machine");
    write_address(server, &address);
    return 0;
}

struct server *server_start(struct hark_http *http, struct hark_err *err)
{
    struct server *server = hark_calloc(1, sizeof *server);
    pthread_condattr_t attr;
    server->http = http;
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&server->ended, &attr);
    pthread_condattr_destroy(&attr);
    if (start_daemon(server, err) == 0) {
        server->sweeping = pthread_create(&server->sweeper, NULL, run_sweeper, server) == 0;
        return server;
    }
    server_stop(server);
    return NULL;
}

// Event streams have been woken to be ended; the library must not be stopped while one is suspended.
static void await_streams(const struct live *live)
{
    int64_t until_us = hark_clock_mono_us() + (int64_t)LEAVE_MS * 1000;
    while (live && live_clients(live) && hark_clock_mono_us() < until_us)
        nanosleep(&(struct timespec){.tv_nsec = 5 * 1000000L}, NULL);
}

void server_stop(struct server *server)
{
    if (!server) return;
    pthread_mutex_lock(&server->lock);
    server->ending = true;
    pthread_cond_signal(&server->ended);
    pthread_mutex_unlock(&server->lock);
    if (server->sweeping) pthread_join(server->sweeper, NULL);
    if (server->daemon) {
        await_streams(server->http->live);
        MHD_stop_daemon(server->daemon);
    }
    pthread_cond_destroy(&server->ended);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

void hark_http_microhttpd(char *out, size_t size)
{
    snprintf(out, size, "%s", MHD_get_version());
}
