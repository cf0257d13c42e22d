#include "net.h"

#include <hark/clock.h>
#include <hark/versions.h>

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HELD_BYTES = 1 << 20,  // of a body that nobody has read yet: then the server is held back
    HEAD_BYTES = 64 << 10, // of an answer's headers; curl itself stops at 300 KB
    MOST_REDIRECTS = 5,
    WS_CHUNK_BYTES = 64 << 10,
};

struct hark_net {
    struct hark_wake *wake;
    char *ca_file;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    struct hark_buf head, in, message;
    size_t at; // of `in`: read so far
    int64_t heard_us, stale_us;
    bool added, done, paused, has_head;
    CURLcode result;
    char error[CURL_ERROR_SIZE];
    uint64_t message_len; // of a message that is not whole yet
};

// --- the library ---

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void need_curl(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
}

bool hark_net_speaks(const char *scheme)
{
    need_curl();
    const char *const *protocols = curl_version_info(CURLVERSION_NOW)->protocols;
    for (; *protocols; protocols++)
        if (strcmp(*protocols, scheme) == 0) return true;
    return false;
}

void hark_source_curl(char *out, size_t size)
{
    need_curl();
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    snprintf(out, size, "%s (%s, %s WebSocket)", info->version, info->ssl_version ? info->ssl_version : "no TLS",
             hark_net_speaks("wss") ? "with" : "without");
}

// --- URLs ---

static struct hark_str scheme_of(const char *url, const char **ret_rest)
{
    const char *end = strstr(url, "://");
    *ret_rest = end ? end + 3 : url;
    return end ? hark_strn(url, (size_t)(end - url)) : (struct hark_str){0};
}

static struct hark_str authority(const char *url)
{
    const char *rest;
    scheme_of(url, &rest);
    return hark_strn(rest, strcspn(rest, "/?#"));
}

struct hark_str hark_net_origin(const char *url)
{
    struct hark_str host = authority(url);
    return hark_strn(url, (size_t)(host.ptr + host.len - url));
}

struct hark_str hark_net_host(const char *url)
{
    struct hark_str host = authority(url);
    if (host.len && host.ptr[0] == '[') {
        const char *end = memchr(host.ptr, ']', host.len);
        return end ? hark_strn(host.ptr, (size_t)(end + 1 - host.ptr)) : host;
    }
    return hark_str_cut(host, ':', &(struct hark_str){0});
}

static bool is_loopback(struct hark_str host)
{
    return hark_str_is(host, "localhost") || hark_str_is(host, "127.0.0.1") || hark_str_is(host, "[::1]");
}

static bool in_list(const char *words, struct hark_str word)
{
    struct hark_str one, rest = hark_str(words);
    while (rest.ptr) {
        one = hark_str_cut(rest, ' ', &rest);
        if (hark_str_eq(one, word)) return true;
    }
    return false;
}

int hark_net_check(const char *url, const char *schemes, struct hark_err *err)
{
    const char *rest;
    struct hark_str scheme = scheme_of(url, &rest), host = hark_net_host(url);
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return hark_err_set(err, HARK_EINPUT, "%s is no URL: it has a space or a control character in it", url);
    if (!scheme.len || !in_list(schemes, scheme) || !host.len)
        return hark_err_set(err, HARK_EINPUT, "%s is no URL that begins with one of: %s", url, schemes);
    if (memchr(authority(url).ptr, '@', authority(url).len))
        return hark_err_set(err, HARK_EINPUT, "a URL of a source cannot hold a user or a password");
    bool plain = hark_str_is(scheme, "http") || hark_str_is(scheme, "ws");
    if (plain && !is_loopback(host))
        return hark_err_set(err, HARK_EINPUT,
                            "%s: " HARK_STR_FMT
                            ":// can be read and changed on the way; it is for localhost only, use " HARK_STR_FMT
                            "s://",
                            url, HARK_STR_ARG(scheme), HARK_STR_ARG(scheme));
    return 0;
}

// --- one request ---

static size_t on_head(char *bytes, size_t size, size_t n, void *arg)
{
    struct hark_net *net = arg;
    struct hark_str line = hark_strn(bytes, size * n);
    if (hark_str_starts(line, HARK_STR("HTTP/"))) hark_buf_clear(&net->head); // a redirect's own are forgotten
    if (net->head.len < HEAD_BYTES) hark_buf_str_add(&net->head, line);
    long status = 0;
    curl_easy_getinfo(net->easy, CURLINFO_RESPONSE_CODE, &status);
    bool redirect = status >= 300 && status < 400 && status != 304;
    if (hark_str_trim(line).len == 0 && status >= 200 && !redirect) net->has_head = true;
    net->heard_us = hark_clock_mono_us();
    return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct hark_net *net = arg;
    if (net->in.len - net->at >= HELD_BYTES) {
        net->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (net->at == net->in.len) net->at = net->in.len = 0;
    hark_buf_add(&net->in, bytes, size * n);
    net->has_head = true;
    net->heard_us = hark_clock_mono_us();
    return size * n;
}

struct hark_net *hark_net_new(struct hark_wake *wake, const char *ca_file)
{
    need_curl();
    struct hark_net *net = hark_calloc(1, sizeof *net);
    net->wake = wake;
    net->ca_file = ca_file ? hark_str_dup(hark_str(ca_file)) : NULL;
    net->multi = curl_multi_init();
    net->easy = curl_easy_init();
    return net;
}

void hark_net_close(struct hark_net *net)
{
    if (net->added) curl_multi_remove_handle(net->multi, net->easy);
    net->added = false;
    curl_slist_free_all(net->headers);
    net->headers = NULL;
    hark_buf_clear(&net->in);
    hark_buf_clear(&net->message);
    net->at = 0;
    net->message_len = 0;
}

void hark_net_free(struct hark_net *net)
{
    if (!net) return;
    hark_net_close(net);
    curl_easy_cleanup(net->easy);
    curl_multi_cleanup(net->multi);
    hark_buf_done(&net->head);
    hark_buf_done(&net->in);
    hark_buf_done(&net->message);
    free(net->ca_file);
    free(net);
}

static void set_options(struct hark_net *net, const struct hark_net_request *request)
{
    CURL *easy = net->easy;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,ws,wss");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HARK_NET_CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "hark/" HARK_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, net->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, net);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, net);
    if (net->ca_file) curl_easy_setopt(easy, CURLOPT_CAINFO, net->ca_file);
    if (request->redirects) {
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MOST_REDIRECTS);
    }
    if (request->body.ptr) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body.ptr);
        char type[128];
        snprintf(type, sizeof type, "Content-Type: %s", request->type ? request->type : "application/json");
        net->headers = curl_slist_append(net->headers, type);
    }
    if (request->user) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERPWD, request->user);
    }
    for (const char *const *header = request->headers; header && *header; header++)
        net->headers = curl_slist_append(net->headers, *header);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, net->headers);
}

static void begin(struct hark_net *net, const struct hark_net_request *request, bool websocket)
{
    hark_net_close(net);
    set_options(net, request);
    if (websocket)
        curl_easy_setopt(net->easy, CURLOPT_CONNECT_ONLY, 2L); // 2: up to and with the WebSocket handshake
    else
        curl_easy_setopt(net->easy, CURLOPT_ACCEPT_ENCODING, "");
    hark_buf_clear(&net->head);
    net->error[0] = 0;
    net->done = net->paused = net->has_head = false;
    net->result = CURLE_OK;
    net->heard_us = hark_clock_mono_us();
    net->stale_us = (request->stale_ms ? request->stale_ms : 60000) * 1000;
    curl_multi_add_handle(net->multi, net->easy);
    net->added = true;
}

// The URL for people: without its query, which is long and may hold a key.
static struct hark_str url_of(struct hark_net *net)
{
    const char *url = NULL;
    curl_easy_getinfo(net->easy, CURLINFO_EFFECTIVE_URL, &url);
    return hark_strn(url, url ? strcspn(url, "?") : 0);
}

static int trouble(struct hark_net *net, struct hark_err *err)
{
    return hark_err_retry(err, HARK_ESERVICE, HARK_STR_FMT ": %s", HARK_STR_ARG(url_of(net)),
                          net->error[0] ? net->error : curl_easy_strerror(net->result));
}

// Lets curl work, waiting at most `wait_ms` for something to happen; false: stopped.
static bool work(struct hark_net *net, int wait_ms)
{
    struct curl_waitfd wake = {.fd = net->wake->fd, .events = CURL_WAIT_POLLIN};
    int running, left;
    if (atomic_load(&net->wake->stopped)) return false;
    curl_multi_perform(net->multi, &running);
    const CURLMsg *msg = curl_multi_info_read(net->multi, &left);
    if (msg && msg->msg == CURLMSG_DONE) {
        net->done = true;
        net->result = msg->data.result;
        return true;
    }
    if (net->in.len == net->at && wait_ms > 0) curl_multi_poll(net->multi, &wake, 1, wait_ms, NULL);
    return !atomic_load(&net->wake->stopped);
}

// Until the answer's headers are here, or for a WebSocket the connection is.
static int await_answer(struct hark_net *net, bool websocket, struct hark_err *err)
{
    int64_t until_us = hark_clock_mono_us() + HARK_NET_CONNECT_MS * INT64_C(1000);
    while (!net->done && (websocket || !net->has_head)) {
        int64_t left_ms = (until_us - hark_clock_mono_us()) / 1000;
        if (left_ms <= 0)
            return hark_err_retry(err, HARK_ESERVICE, HARK_STR_FMT ": no answer within %d s", HARK_STR_ARG(url_of(net)),
                                  HARK_NET_CONNECT_MS / 1000);
        if (!work(net, (int)left_ms)) return hark_err_set(err, HARK_ESTOP, "stopped");
    }
    if (net->done && net->result != CURLE_OK) return trouble(net, err);
    return 0;
}

int hark_net_open(struct hark_net *net, const struct hark_net_request *request, struct hark_err *err)
{
    begin(net, request, false);
    int rc = await_answer(net, false, err);
    // A short answer may be done, and even broken, before its headers are looked at.
    if (rc < 0) hark_net_close(net);
    return rc;
}

long hark_net_status(const struct hark_net *net)
{
    long status = 0;
    curl_easy_getinfo(net->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

struct hark_str hark_net_header(const struct hark_net *net, const char *name)
{
    struct hark_str line, value, found = {0}, rest = hark_buf_str(&net->head);
    while (rest.ptr) {
        line = hark_str_cut(rest, '\n', &rest);
        struct hark_str key = hark_str_cut(line, ':', &value);
        if (value.ptr && hark_str_ieq(key, hark_str(name))) found = hark_str_trim(value);
    }
    return found;
}

static int take(struct hark_net *net, char *to, size_t max)
{
    size_t n = net->in.len - net->at;
    if (n > max) n = max;
    memcpy(to, net->in.ptr + net->at, n);
    net->at += n;
    return (int)n;
}

static bool is_stale(const struct hark_net *net)
{
    return hark_clock_mono_us() - net->heard_us > net->stale_us;
}

static int stale(struct hark_net *net, struct hark_err *err)
{
    return hark_err_retry(err, HARK_ESERVICE,
                          HARK_STR_FMT ": nothing came for %.1f s; the connection is taken for dead",
                          HARK_STR_ARG(url_of(net)), (double)net->stale_us / 1e6);
}

long hark_net_read(struct hark_net *net, char *to, size_t max, int wait_ms, struct hark_err *err)
{
    int64_t until_us = hark_clock_mono_us() + wait_ms * INT64_C(1000);
    for (;;) {
        if (net->at < net->in.len) return take(net, to, max < 1 << 30 ? max : 1 << 30);
        if (net->done) return net->result == CURLE_OK ? 0 : trouble(net, err);
        if (net->paused) {
            net->paused = false;
            curl_easy_pause(net->easy, CURLPAUSE_CONT);
            continue;
        }
        int64_t left_ms = (until_us - hark_clock_mono_us()) / 1000;
        if (!work(net, left_ms > 0 ? (int)left_ms : 0)) return hark_err_set(err, HARK_ESTOP, "stopped");
        if (net->at < net->in.len || net->done) continue;
        if (is_stale(net)) return stale(net, err);
        if (left_ms <= 0) return HARK_NET_QUIET;
    }
}

int hark_net_body(struct hark_net *net, size_t max, struct hark_buf *ret, struct hark_err *err)
{
    hark_buf_clear(ret);
    for (;;) {
        enum { CHUNK = 64 << 10, WAIT_MS = 1000 };
        long n = hark_net_read(net, hark_buf_reserve(ret, CHUNK), CHUNK, WAIT_MS, err);
        if (n == HARK_NET_QUIET) continue;
        if (n <= 0) return (int)n;
        ret->len += (size_t)n;
        if (ret->len > max)
            return hark_err_retry(err, HARK_ESERVICE, HARK_STR_FMT ": the answer is longer than %zu bytes",
                                  HARK_STR_ARG(url_of(net)), max);
    }
}

// --- WebSocket ---

int hark_net_ws_open(struct hark_net *net, const struct hark_net_request *request, struct hark_err *err)
{
    bool tls = strncmp(request->url, "wss:", 4) == 0;
    if (!hark_net_speaks(tls ? "wss" : "ws")) {
        char version[128];
        hark_source_curl(version, sizeof version);
        return hark_err_set(err, HARK_EINPUT,
                            "%s: this libcurl, %s, cannot speak WebSocket; Debian 13 has one that can, and so have "
                            "Debian 12's backports",
                            request->url, version);
    }
    begin(net, request, true);
    return await_answer(net, true, err);
}

struct ws_part {
    size_t len;
    int flags;
    bool last; // of its frame
};

// One piece of a frame: 1, HARK_NET_QUIET or an error.
static int ws_recv(struct hark_net *net, char *to, int wait_ms, struct ws_part *ret, struct hark_err *err)
{
    const struct curl_ws_frame *meta = NULL;
    int64_t until_us = 0;
    for (;;) {
        size_t n = 0;
        // Older headers have the frame without const.
        CURLcode code = curl_ws_recv(net->easy, to, WS_CHUNK_BYTES, &n, (void *)&meta);
        if (code == CURLE_OK && meta) {
            *ret = (struct ws_part){n, meta->flags, meta->bytesleft == 0};
            return 1;
        }
        if (code != CURLE_AGAIN) {
            net->result = code;
            return code == CURLE_GOT_NOTHING
                       ? hark_err_retry(err, HARK_ESERVICE, HARK_STR_FMT ": the server closed the connection",
                                        HARK_STR_ARG(url_of(net)))
                       : trouble(net, err);
        }
        int64_t now_us = hark_clock_mono_us();
        if (!until_us) until_us = now_us + wait_ms * INT64_C(1000);
        if (is_stale(net)) return stale(net, err);
        if (now_us >= until_us) return HARK_NET_QUIET;
        curl_socket_t fd = CURL_SOCKET_BAD;
        curl_easy_getinfo(net->easy, CURLINFO_ACTIVESOCKET, &fd);
        if (!hark_wake_wait(net->wake, (int)fd, (int)((until_us - now_us) / 1000) + 1))
            return hark_err_set(err, HARK_ESTOP, "stopped");
    }
}

static int ws_closed(struct hark_net *net, struct hark_str payload, struct hark_err *err)
{
    unsigned code = payload.len < 2 ? 0 : (unsigned)(unsigned char)payload.ptr[0] << 8 | (unsigned char)payload.ptr[1];
    struct hark_str why = payload.len > 2 ? hark_strn(payload.ptr + 2, payload.len - 2) : HARK_STR("no reason given");
    return hark_err_retry(err, HARK_ESERVICE, HARK_STR_FMT ": the server closed the connection (%u: " HARK_STR_FMT ")",
                          HARK_STR_ARG(url_of(net)), code, HARK_STR_ARG(why));
}

int hark_net_ws_read(struct hark_net *net, size_t max, size_t keep, int wait_ms, struct hark_net_message *ret,
                     struct hark_err *err)
{
    struct ws_part part = {0};
    if (net->message_len == 0) hark_buf_clear(&net->message);
    for (;;) {
        char *to = hark_buf_reserve(&net->message, WS_CHUNK_BYTES);
        int rc = ws_recv(net, to, wait_ms, &part, err);
        if (rc <= 0) return rc;
        net->heard_us = hark_clock_mono_us();
        if (part.flags & CURLWS_CLOSE) return ws_closed(net, hark_strn(to, part.len), err);
        if (!(part.flags & (CURLWS_TEXT | CURLWS_BINARY | CURLWS_CONT))) continue; // a ping, answered by curl
        net->message_len += part.len;
        // What is too long is counted and dropped.
        net->message.len += part.len;
        if (net->message_len > max && net->message.len > keep) net->message.len = keep;
        if (part.last && !(part.flags & CURLWS_CONT)) break;
    }
    *ret = (struct hark_net_message){hark_buf_str(&net->message), net->message_len, net->message_len > max};
    net->message_len = 0;
    return 1;
}

int hark_net_ws_send(struct hark_net *net, struct hark_str text, struct hark_err *err)
{
    enum { PIECE_MS = 20 };
    int64_t until_us = hark_clock_mono_us() + HARK_NET_CONNECT_MS * INT64_C(1000);
    unsigned flags = text.ptr ? CURLWS_TEXT : CURLWS_PING;
    if (!text.ptr) text = HARK_STR("");
    for (;;) {
        size_t sent = 0;
        CURLcode code = curl_ws_send(net->easy, text.ptr, text.len, &sent, 0, flags);
        if (code == CURLE_OK && sent >= text.len) return 0;
        if (code != CURLE_OK && code != CURLE_AGAIN) {
            net->result = code;
            return trouble(net, err);
        }
        text = hark_strn(text.ptr + sent, text.len - sent);
        // The server does not read: it has as long as for an answer.
        if (hark_clock_mono_us() >= until_us)
            return hark_err_retry(err, HARK_ESERVICE, HARK_STR_FMT ": the server takes nothing",
                                  HARK_STR_ARG(url_of(net)));
        if (!hark_wake_wait(net->wake, -1, PIECE_MS)) return hark_err_set(err, HARK_ESTOP, "stopped");
    }
}

// --- when to try again ---

int64_t hark_net_date_ms(struct hark_str value)
{
    char text[64];
    snprintf(text, sizeof text, HARK_STR_FMT, HARK_STR_ARG(value));
    int64_t seconds = (int64_t)curl_getdate(text, NULL);
    return seconds < 0 ? -1 : seconds * 1000;
}

int64_t hark_net_retry_ms(const struct hark_net *net)
{
    static const char *const names[] = {"Retry-After", "X-Rate-Limit-Reset", "X-RateLimit-Reset"};
    enum { LONGEST_MS = 3600 * 1000 }; // whatever a server says: an hour later it is asked again
    int64_t number, at_ms, wait_ms = -1, now_ms = hark_clock_ms();
    for (size_t i = 0; i < sizeof names / sizeof *names && wait_ms < 0; i++) {
        struct hark_str value = hark_net_header(net, names[i]);
        if (!value.len) continue;
        if (hark_str_int(value, &number) == 0 && number >= 0)
            wait_ms = number > 1000000000 ? number * 1000 - now_ms : number * 1000;
        else if (hark_time_parse(value, &at_ms) == 0)
            wait_ms = at_ms - now_ms;
        else if ((at_ms = hark_net_date_ms(value)) > 0)
            wait_ms = at_ms - now_ms;
        if (wait_ms < 0) wait_ms = 0;
    }
    return wait_ms > LONGEST_MS ? LONGEST_MS : wait_ms;
}

int64_t hark_net_backoff_ms(unsigned nth, int64_t first_ms, int64_t most_ms)
{
    int64_t ms = first_ms;
    for (; nth > 0 && ms < most_ms; nth--) ms *= 2;
    if (ms > most_ms) ms = most_ms;
    return ms - (int64_t)((uint64_t)hark_clock_mono_us() % (uint64_t)(ms / 4 + 1));
}
