// libmicrohttpd: a few threads with epoll each, no thread a client. A stream that has nothing to say, and a request
// whose answer comes later, are suspended connections, which cost their buffers and nothing else.
//
// Who is slow is let go: a connection on which nothing moves for IDLE_S by the library; one that moves, but has not had
// its whole answer OLDEST_S after it began, by a sweeper here (a request that trickles in, a reader that sips).

#include <hark/clock.h>
#include <hark/listen.h>
#include <hark/metrics.h>
#include <hark/versions.h>

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum {
    CONNECTION_BYTES = 12 << 10,  // a request's head must fit, and an answer's
    UPLOAD_BYTES = 64 << 10,      // of a connection that brings bodies
    STREAM_BLOCK_BYTES = 2 << 10, // of a stream, what is handed to the socket at once
    IDLE_S = 20,
    OLDEST_S = 60,
    SWEEP_MS = 1000,
    FILES = 8192,
    LEAVE_MS = 5000, // streams and replies get this long to be told of the end
};

struct connection {
    int fd;
    int64_t since_us; // when it began, or when its last answer was complete
    bool stream;
    struct connection *before, *after;
};

struct hark_listen {
    struct hark_listen_options options;
    char address[128];
    struct MHD_Daemon *daemon;
    pthread_t sweeper;
    bool sweeping;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool ending;
    struct connection *connections;
    _Atomic size_t held, suspended; // bytes of bodies; streams and requests that are taken
};

// A request on its way, and its answer where that comes later.
struct context {
    struct hark_listen_request request; // first: it stands for the whole
    struct hark_listen *listen;
    struct hark_buf body;
    struct hark_listen_answer answer;
    bool taken;
};

static const struct hark_metric cut_off = {"hark_http_cut_off_total", "Connections ended because they were too slow.",
                                           HARK_COUNTER, NULL};

// --- connections ---

static void connected(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct hark_listen *listen = cls;
    struct connection *conn = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        conn = *context = hark_calloc(1, sizeof *conn);
        conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        conn->since_us = hark_clock_mono_us();
        pthread_mutex_lock(&listen->lock);
        conn->after = listen->connections;
        if (conn->after) conn->after->before = conn;
        listen->connections = conn;
        pthread_mutex_unlock(&listen->lock);
        return;
    }
    pthread_mutex_lock(&listen->lock);
    if (conn->before)
        conn->before->after = conn->after;
    else
        listen->connections = conn->after;
    if (conn->after) conn->after->before = conn->before;
    pthread_mutex_unlock(&listen->lock);
    free(conn);
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void drop_body(struct hark_listen *listen, struct context *ctx)
{
    atomic_fetch_sub(&listen->held, ctx->body.len);
    hark_buf_done(&ctx->body);
    ctx->body = (struct hark_buf){0};
}

static void completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
    struct hark_listen *listen = cls;
    struct connection *conn = connection_of(mhd);
    struct context *ctx = *context;
    (void)code;
    if (ctx) {
        if (ctx->taken) atomic_fetch_sub(&listen->suspended, 1);
        drop_body(listen, ctx);
        hark_buf_done(&ctx->answer.body);
        free(ctx);
        *context = NULL;
    }
    if (!conn) return;
    pthread_mutex_lock(&listen->lock);
    conn->since_us = hark_clock_mono_us();
    conn->stream = false;
    pthread_mutex_unlock(&listen->lock);
}

// The socket stays the library's: it is only told that nothing more will come or go.
static void sweep(struct hark_listen *listen)
{
    int64_t now_us = hark_clock_mono_us();
    for (struct connection *conn = listen->connections; conn; conn = conn->after) {
        if (conn->stream || now_us - conn->since_us < (int64_t)OLDEST_S * 1000000) continue;
        shutdown(conn->fd, SHUT_RDWR);
        conn->since_us = now_us;
        hark_metric_add(&cut_off, (struct hark_str){0}, 1);
    }
}

static void *run_sweeper(void *arg)
{
    struct hark_listen *listen = arg;
    struct timespec until;
    pthread_mutex_lock(&listen->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    while (!listen->ending) {
        until.tv_sec += SWEEP_MS / 1000;
        while (!listen->ending && pthread_cond_timedwait(&listen->ended, &listen->lock, &until) != ETIMEDOUT) continue;
        sweep(listen);
        pthread_mutex_unlock(&listen->lock);
        if (listen->options.tick) listen->options.tick(listen->options.arg);
        pthread_mutex_lock(&listen->lock);
    }
    pthread_mutex_unlock(&listen->lock);
    return NULL;
}

// --- answers ---

struct stream {
    struct hark_listen *listen;
    ssize_t (*read)(void *arg, char *buf, size_t max);
    void (*free)(void *arg);
    void *arg;
};

static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct stream *stream = cls;
    (void)pos;
    ssize_t n = stream->read(stream->arg, buf, max);
    return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static void free_stream(void *cls)
{
    struct stream *stream = cls;
    stream->free(stream->arg);
    atomic_fetch_sub(&stream->listen->suspended, 1);
    free(stream);
}

static struct MHD_Response *make_stream(struct hark_listen *listen, struct MHD_Connection *mhd,
                                        const struct hark_listen_answer *answer)
{
    struct stream *stream = hark_calloc(1, sizeof *stream);
    *stream = (struct stream){listen, answer->stream, answer->stream_free, answer->stream_arg};
    atomic_fetch_add(&listen->suspended, 1);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream, stream, free_stream);
    if (!response) {
        free_stream(stream);
        return NULL;
    }
    struct connection *conn = connection_of(mhd);
    pthread_mutex_lock(&listen->lock);
    conn->stream = true;
    pthread_mutex_unlock(&listen->lock);
    return response;
}

static enum MHD_Result send_answer(struct hark_listen *listen, struct MHD_Connection *mhd,
                                   struct hark_listen_answer *answer)
{
    enum MHD_Result result = MHD_NO;
    struct MHD_Response *response =
        answer->stream ? make_stream(listen, mhd, answer)
                       : MHD_create_response_from_buffer(answer->body.len, answer->body.ptr, MHD_RESPMEM_MUST_FREE);
    if (response) {
        if (!answer->stream) answer->body = (struct hark_buf){0};
        for (size_t i = 0; i < answer->nheaders; i++)
            MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
        result = MHD_queue_response(mhd, (unsigned)answer->status, response);
        MHD_destroy_response(response);
    }
    hark_buf_done(&answer->body);
    return result;
}

void hark_listen_add_header(struct hark_listen_answer *answer, const char *name, const char *value)
{
    if (answer->nheaders < sizeof answer->headers / sizeof *answer->headers)
        answer->headers[answer->nheaders++] = (struct hark_listen_header){name, value};
}

void hark_listen_sleep(void *connection)
{
    MHD_suspend_connection(connection);
}

void hark_listen_wake(void *connection)
{
    MHD_resume_connection(connection);
}

void hark_listen_reply(struct hark_listen_request *request, struct hark_listen_answer *answer)
{
    struct context *ctx = (struct context *)request;
    ctx->answer = *answer;
    for (size_t i = 0; i < answer->nheaders; i++)
        if (answer->headers[i].value == answer->text) ctx->answer.headers[i].value = ctx->answer.text;
    answer->body = (struct hark_buf){0};
    MHD_resume_connection(request->connection);
}

// --- requests ---

struct hark_str hark_listen_header(const struct hark_listen_request *request, const char *name)
{
    return hark_str(MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name));
}

bool hark_listen_has_body(const struct hark_listen_request *request)
{
    struct hark_str length = hark_listen_header(request, "Content-Length");
    return hark_listen_header(request, "Transfer-Encoding").ptr || (length.ptr && !hark_str_is(length, "0"));
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

void hark_listen_each_param(const struct hark_listen_request *request,
                            int (*each)(void *to, struct hark_str name, struct hark_str value), void *to)
{
    struct each_param params = {each, to};
    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, one_param, &params);
}

// A body that is too long, or for which there is no room now, is only counted: the library lets an answer begin not
// before its end.
static void take_body(struct hark_listen *listen, struct context *ctx, const char *bytes, size_t len)
{
    const struct hark_listen_options *options = &listen->options;
    ctx->request.body_bytes += len;
    if (ctx->request.crowded) return;
    if (ctx->request.body_bytes > options->body_bytes) {
        drop_body(listen, ctx);
        return;
    }
    hark_buf_add(&ctx->body, bytes, len);
    ctx->request.crowded = atomic_fetch_add(&listen->held, len) + len > options->hold_bytes;
    if (ctx->request.crowded) drop_body(listen, ctx);
}

static enum MHD_Result begin(struct hark_listen *listen, struct MHD_Connection *mhd, const char *url,
                             const char *method, void **context)
{
    struct hark_listen_answer answer = {0};
    struct context *ctx = *context = hark_calloc(1, sizeof *ctx);
    ctx->listen = listen;
    ctx->request = (struct hark_listen_request){.method = method, .path = hark_str(url), .connection = mhd};
    if (listen->options.head && listen->options.head(listen->options.arg, &ctx->request, &answer))
        return send_answer(listen, mhd, &answer);
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **context)
{
    struct hark_listen *listen = cls;
    struct context *ctx = *context;
    struct hark_listen_answer answer = {0};
    (void)version;
    if (!ctx) return begin(listen, mhd, url, method, context);
    if (*upload_len) {
        take_body(listen, ctx, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    if (ctx->answer.status) return send_answer(listen, mhd, &ctx->answer);
    ctx->request.body = hark_buf_str(&ctx->body);
    if (listen->options.answer) {
        listen->options.answer(listen->options.arg, &ctx->request, &answer);
        return send_answer(listen, mhd, &answer);
    }
    ctx->taken = true;
    atomic_fetch_add(&listen->suspended, 1);
    MHD_suspend_connection(mhd); // before anybody can reply
    listen->options.take(listen->options.arg, &ctx->request);
    return MHD_YES;
}

// --- start and end ---

// "ADDR:PORT", "[ADDR]:PORT"; *ret_loopback says whether only this machine reaches it.
static int parse_address(const struct hark_listen_options *options, struct sockaddr_storage *ret, bool *ret_loopback,
                         struct hark_err *err)
{
    const char *address = options->address, *colon = strrchr(address, ':');
    char host[80];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found = NULL;
    size_t n = colon ? (size_t)(colon - address) : sizeof host;
    bool brackets = n > 2 && n < sizeof host && address[0] == '[' && address[n - 1] == ']';
    if (n == 0 || n >= sizeof host || (!brackets && memchr(address, ':', n)))
        return hark_err_set(err, HARK_EINPUT, "%s: '%s' is no ADDR:PORT such as 127.0.0.1:8686 or [::1]:8686",
                            options->setting, address);
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? n - 2 : n), address + brackets);
    int rc = getaddrinfo(host, colon + 1, &hints, &found);
    if (rc) return hark_err_set(err, HARK_EINPUT, "%s: %s: %s", options->setting, address, gai_strerror(rc));
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

static void write_address(struct hark_listen *listen, const struct sockaddr_storage *address)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(listen->daemon, MHD_DAEMON_INFO_BIND_PORT);
    char host[INET6_ADDRSTRLEN] = "";
    bool six = address->ss_family == AF_INET6;
    inet_ntop(address->ss_family,
              six ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                  : (const void *)&((const struct sockaddr_in *)address)->sin_addr,
              host, sizeof host);
    snprintf(listen->address, sizeof listen->address, six ? "http://[%s]:%u/" : "http://%s:%u/", host,
             info ? info->port : 0u);
}

static int check(const struct hark_listen_options *options, struct sockaddr_storage *ret, struct hark_err *err)
{
    bool loopback = false;
    if (parse_address(options, ret, &loopback, err)) return err->code;
    if (!loopback && options->guard)
        return hark_err_set(err, HARK_EINPUT, "%s %s can be reached from other machines: %s", options->setting,
                            options->address, options->guard);
    return 0;
}

int hark_listen_check(const struct hark_listen_options *options, struct hark_err *err)
{
    return check(options, &(struct sockaddr_storage){0}, err);
}

static int start_daemon(struct hark_listen *listen, struct hark_err *err)
{
    struct sockaddr_storage address = {0};
    const struct hark_listen_options *options = &listen->options;
    if (check(options, &address, err)) return err->code;
    raise_files();
    errno = 0;
    listen->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
            (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : MHD_NO_FLAG),
        0, NULL, NULL, on_request, listen, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_THREAD_POOL_SIZE, options->threads, MHD_OPTION_CONNECTION_LIMIT, options->connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(options->body_bytes ? UPLOAD_BYTES : CONNECTION_BYTES),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_NOTIFY_CONNECTION, connected, listen,
        MHD_OPTION_NOTIFY_COMPLETED, completed, listen, MHD_OPTION_END);
    if (!listen->daemon)
        return hark_err_set(err, HARK_ESERVICE, "cannot listen on %s: %s", options->address,
                            errno ? strerror(errno) : "the address is in use or not of this machine");
    write_address(listen, &address);
    return 0;
}

struct hark_listen *hark_listen_start(const struct hark_listen_options *options, struct hark_err *err)
{
    struct hark_listen *listen = hark_calloc(1, sizeof *listen);
    pthread_condattr_t attr;
    listen->options = *options;
    pthread_mutex_init(&listen->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&listen->ended, &attr);
    pthread_condattr_destroy(&attr);
    if (start_daemon(listen, err) == 0) {
        listen->sweeping = pthread_create(&listen->sweeper, NULL, run_sweeper, listen) == 0;
        return listen;
    }
    hark_listen_stop(listen);
    return NULL;
}

const char *hark_listen_address(const struct hark_listen *listen)
{
    return listen->address;
}

// What was woken is about to end; the library must not be stopped while a connection is suspended.
static void await_suspended(struct hark_listen *listen)
{
    int64_t until_us = hark_clock_mono_us() + (int64_t)LEAVE_MS * 1000;
    while (atomic_load(&listen->suspended) && hark_clock_mono_us() < until_us)
        nanosleep(&(struct timespec){.tv_nsec = 5 * 1000000L}, NULL);
}

void hark_listen_stop(struct hark_listen *listen)
{
    if (!listen) return;
    pthread_mutex_lock(&listen->lock);
    listen->ending = true;
    pthread_cond_signal(&listen->ended);
    pthread_mutex_unlock(&listen->lock);
    if (listen->sweeping) pthread_join(listen->sweeper, NULL);
    if (listen->daemon) {
        await_suspended(listen);
        MHD_stop_daemon(listen->daemon);
    }
    pthread_cond_destroy(&listen->ended);
    pthread_mutex_destroy(&listen->lock);
    free(listen);
}

void hark_listen_microhttpd(char *out, size_t size)
{
    snprintf(out, size, "%s", MHD_get_version());
}
