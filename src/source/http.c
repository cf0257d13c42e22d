// Posts that others push: POST /posts with a canonical post, an array of them, or one a line.
//
// A request is all or nothing. It is looked through in the listener's thread before anything of it is taken, so that a
// mistake in it leaves nothing behind; then it waits in a queue for the source's thread, which hands its posts out.
// 202 is the answer once what reads the source has said, with safe(), that it has them for good: Kafka acknowledged
// them, or they were counted. Until then the one who pushes still has them and sends them again; a post that comes
// twice has one id and counts once.
//
// What cannot be taken now gets 503 and when to come again: where too much waits already, where nothing is
// acknowledged for ANSWER_S, and at the end.
//
// A position is "1 N": how many requests were taken, ever.
#include "live.h"

#include <hark/clock.h>
#include <hark/listen.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zlib.h>

extern const struct hark_format hark_format_hark;

#define TOKEN "HARK_PUSH_TOKEN"
#define PATH "/posts"

enum {
    THREADS = 2,
    CONNECTIONS = 256,
    BODY_BYTES = 8 << 20,  // of a request, packed and unpacked: eight posts of the longest, some 15,000 of the usual
    HELD_BYTES = 64 << 20, // of all that wait for their answer
    ANSWER_S = 30,         // less than the listener gives a connection
    SOON_S = 1,            // when to come again, where others are before one
    LATER_S = 5,           // where Kafka or Redis is away
};

struct push {
    struct hark_listen_request *request; // NULL: it has its answer already
    struct hark_buf body;
    bool lines; // a post a line, else one JSON text
    size_t posts;
    int64_t number, since_us;
    struct push *next;
};

struct pushes {
    struct push *first, **end;
};

struct http {
    struct hark_live live;
    struct hark_listen *listen;
    char *token;    // NULL: none
    int fd;         // readable where something was queued
    bool quiet;     // the end of the queue was said
    int64_t number; // of requests handed out
    struct push *now;
    struct hark_str rest; // of its body; ptr NULL: all was handed out
    pthread_mutex_t lock;
    // Queued; and those being or having been handed out, of which `now` is the last. Under the lock.
    struct pushes queue, out;
    size_t held;
    bool ending;
};

// --- answers ---

static void add_type(struct hark_listen_answer *answer, const char *type)
{
    hark_listen_add_header(answer, "Content-Type", type);
    hark_listen_add_header(answer, "X-Content-Type-Options", "nosniff");
    if (answer->status == 401) hark_listen_add_header(answer, "WWW-Authenticate", "Bearer");
    if (answer->status == 405) hark_listen_add_header(answer, "Allow", "POST");
    if (answer->status == 415) hark_listen_add_header(answer, "Accept-Encoding", "gzip");
}

// RFC 9457; `unit` ("line" or "post") and `at` say where, 0: nowhere in particular.
static void problem(struct hark_listen_answer *answer, int status, const char *detail, const char *unit, size_t at)
{
    struct hark_json json = hark_json_to(&answer->body);
    answer->status = status;
    hark_json_open(&json, '{');
    hark_json_ki(&json, "status", status);
    hark_json_kc(&json, "detail", detail);
    if (at) hark_json_ki(&json, unit, (int64_t)at);
    if (status == 400) hark_json_ki(&json, "accepted", 0);
    hark_json_close(&json, '}');
    add_type(answer, "application/problem+json");
}

static void reply_problem(struct hark_listen_request *request, int status, const char *detail)
{
    struct hark_listen_answer answer = {0};
    problem(&answer, status, detail, NULL, 0);
    hark_listen_reply(request, &answer);
}

static void reply_busy(struct hark_listen_request *request, int after_s, const char *detail)
{
    struct hark_listen_answer answer = {0};
    problem(&answer, 503, detail, NULL, 0);
    snprintf(answer.text, sizeof answer.text, "%d", after_s);
    hark_listen_add_header(&answer, "Retry-After", answer.text);
    hark_listen_reply(request, &answer);
}

static void reply_accepted(struct hark_listen_request *request, size_t posts)
{
    struct hark_listen_answer answer = {.status = 202};
    struct hark_json json = hark_json_to(&answer.body);
    hark_json_open(&json, '{');
    hark_json_ki(&json, "accepted", (int64_t)posts);
    hark_json_close(&json, '}');
    add_type(&answer, "application/json");
    hark_listen_reply(request, &answer);
}

// --- the head of a request ---

enum kind { NEITHER, TEXT, LINES };

static enum kind kind_of(const struct hark_listen_request *request)
{
    static const char *const lines[] = {"application/x-ndjson", "application/ndjson", "application/jsonl"};
    struct hark_str rest, type = hark_listen_header(request, "Content-Type");
    type = hark_str_trim(hark_str_cut(type, ';', &rest));
    if (hark_str_ieq(type, HARK_STR("application/json"))) return TEXT;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (hark_str_ieq(type, hark_str(lines[i]))) return LINES;
    return NEITHER;
}

static bool is_packed(const struct hark_listen_request *request)
{
    return hark_str_ieq(hark_listen_header(request, "Content-Encoding"), HARK_STR("gzip"));
}

// 0, or the status that refuses, with why.
static int refusal(const struct http *src, const struct hark_listen_request *request, const char **ret_why)
{
    struct hark_str coding = hark_listen_header(request, "Content-Encoding");
    *ret_why = "the token is missing or wrong: Authorization: Bearer TOKEN, as " TOKEN " has it";
    if (src->token && !hark_listen_has_token(src->token, hark_listen_header(request, "Authorization"))) return 401;
    *ret_why = "without a token this is for localhost, 127.0.0.1 and [::1] by that name only; set " TOKEN;
    if (!src->token && !hark_listen_is_loopback(hark_listen_header(request, "Host"))) return 421;
    *ret_why = "posts go to " PATH;
    if (!hark_str_is(request->path, PATH)) return 404;
    *ret_why = "posts come by POST";
    if (strcmp(request->method, "POST") != 0) return 405;
    *ret_why = "Content-Type is to be application/json (a post or an array) or application/x-ndjson (a post a line)";
    if (kind_of(request) == NEITHER) return 415;
    *ret_why = "Content-Encoding is to be gzip, or not there";
    if (coding.len && !is_packed(request) && !hark_str_ieq(coding, HARK_STR("identity"))) return 415;
    return 0;
}

#define TOO_LONG "a request has at most 8 MiB, packed and unpacked; send the posts in several"

// Who waits for a sign before the body comes is told before it comes; others have theirs read to its end, for an answer
// in the middle of what is sent may not be seen.
static bool is_announced_too_long(const struct hark_listen_request *request)
{
    int64_t length;
    return hark_listen_header(request, "Expect").len &&
           hark_str_int(hark_listen_header(request, "Content-Length"), &length) == 0 && length > BODY_BYTES;
}

static bool look_at_head(void *arg, const struct hark_listen_request *request, struct hark_listen_answer *answer)
{
    const char *why;
    int status = refusal(arg, request, &why);
    if (!status && is_announced_too_long(request)) {
        status = 413;
        why = TOO_LONG;
    }
    if (status) problem(answer, status, why, NULL, 0);
    return status != 0;
}

// --- its body ---

// 0, or the status that refuses.
static int unpack(struct hark_str packed, struct hark_buf *ret)
{
    z_stream z = {.next_in = (unsigned char *)packed.ptr, .avail_in = (uInt)packed.len};
    int rc = inflateInit2(&z, 15 + 16); // 15 window bits, + 16: gzip only
    while (rc == Z_OK && ret->len <= BODY_BYTES) {
        enum { CHUNK = 256 << 10 };
        z.next_out = (unsigned char *)hark_buf_reserve(ret, CHUNK);
        z.avail_out = CHUNK;
        rc = inflate(&z, Z_NO_FLUSH);
        ret->len += CHUNK - z.avail_out;
    }
    bool whole = rc == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    return ret->len > BODY_BYTES ? 413 : whole ? 0 : 400;
}

// The next line that is not empty; ptr NULL: there is none. *line counts.
static struct hark_str next_line(struct hark_str *rest, size_t *line)
{
    while (rest->ptr) {
        struct hark_str one = hark_str_trim(hark_str_cut(*rest, '\n', rest));
        ++*line;
        if (one.len) return one;
    }
    return (struct hark_str){0};
}

// Counts the posts of a record; false: one of them cannot be read, `why` says so and *ret_at which.
static bool count_posts(struct hark_items *items, struct hark_str text, size_t *posts, size_t *ret_at,
                        struct hark_err *why)
{
    *ret_at = 0;
    if (!hark_items_read(items, text, (struct hark_str){0}, why)) return false;
    for (size_t i = 0; i < items->n; i++) {
        const struct hark_source_item *item = &items->v[i];
        if (item->kind == HARK_ITEM_POST) ++*posts;
        if (item->kind != HARK_ITEM_DEAD) continue;
        *ret_at = i + 1;
        bool other = hark_str_starts(item->reason, HARK_STR("JSON that is"));
        hark_err_set(why, HARK_EINPUT, HARK_STR_FMT "%s", HARK_STR_ARG(item->reason),
                     other ? "; a post is an object with \"schema\":\"hark.post/1\"" : "");
        return false;
    }
    return true;
}

// Reads all of it, as the source's thread will: true where it has no mistake, else `answer` says which.
static bool look_through(struct push *push, struct hark_listen_answer *answer)
{
    struct hark_items items;
    struct hark_err why = {0};
    size_t line = 0, at = 0;
    struct hark_str one, rest = hark_buf_str(&push->body);
    char detail[sizeof why.text + 64];
    bool good = true;
    hark_items_init(&items, &hark_format_hark);
    if (!push->lines && hark_str_trim(rest).len == 0)
        good = hark_err_set(&why, HARK_EINPUT, "the request is empty") == 0;
    else if (!push->lines)
        good = count_posts(&items, rest, &push->posts, &at, &why);
    while (good && push->lines && (one = next_line(&rest, &line)).ptr)
        good = count_posts(&items, one, &push->posts, &at, &why);
    hark_items_done(&items);
    if (push->lines) at = line;
    const char *unit = push->lines ? "line" : "post";
    if (at)
        snprintf(detail, sizeof detail, "%s %zu: %s; nothing of this request was taken", unit, at, why.text);
    else
        snprintf(detail, sizeof detail, "%s; nothing of this request was taken", why.text);
    if (!good) problem(answer, 400, detail, unit, at);
    return good;
}

static void free_push(struct push *push)
{
    hark_buf_done(&push->body);
    free(push);
}

static void put(struct pushes *list, struct push *push)
{
    push->next = NULL;
    *list->end = push;
    list->end = &push->next;
}

static struct push *take_first(struct pushes *list)
{
    struct push *push = list->first;
    list->first = push->next;
    if (!list->first) list->end = &list->first;
    return push;
}

// Under the lock. NULL: it is in the queue; else why it is not.
static const char *enqueue(struct http *src, struct push *push)
{
    uint64_t one = 1;
    if (src->ending) return "hark is ending";
    if (src->held + push->body.len > HELD_BYTES) return "as much waits already as there may";
    src->held += push->body.len;
    put(&src->queue, push);
    // It can only fail where the counter is full, and then it is readable already.
    if (write(src->fd, &one, sizeof one) < 0) return NULL;
    return NULL;
}

// Once it is in the queue it may be answered, and is no longer this thread's.
static void queue_up(struct http *src, struct push *push)
{
    struct hark_listen_request *request = push->request;
    pthread_mutex_lock(&src->lock);
    const char *why = enqueue(src, push);
    pthread_mutex_unlock(&src->lock);
    if (!why) return;
    free_push(push);
    reply_busy(request, SOON_S, why);
}

static void take_request(void *arg, struct hark_listen_request *request)
{
    struct hark_listen_answer answer = {0};
    if (request->crowded) {
        reply_busy(request, SOON_S, "as much waits already as there may");
        return;
    }
    struct push *push = hark_calloc(1, sizeof *push);
    push->request = request;
    push->lines = kind_of(request) == LINES;
    push->since_us = hark_clock_mono_us();
    int status = request->body_bytes > BODY_BYTES ? 413 : is_packed(request) ? unpack(request->body, &push->body) : 0;
    if (!is_packed(request) && !status) hark_buf_str_add(&push->body, request->body);
    if (status) {
        reply_problem(request, status, status == 413 ? TOO_LONG : "the gzip data is damaged or ends early");
    } else if (!look_through(push, &answer)) {
        hark_listen_reply(request, &answer);
    } else if (push->posts == 0) {
        reply_accepted(request, 0);
    } else {
        queue_up(arg, push);
        return;
    }
    free_push(push);
}

// --- the source's thread ---

static void write_position(int64_t number, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    if (number) hark_buf_printf(buf, "1 %lld", (long long)number);
}

// The next request; false: there is none.
static bool begin_next(struct http *src)
{
    uint64_t many;
    pthread_mutex_lock(&src->lock);
    if (read(src->fd, &many, sizeof many) < 0) many = 0;
    src->now = src->queue.first;
    if (src->now) {
        put(&src->out, take_first(&src->queue));
        src->now->number = ++src->number;
    }
    pthread_mutex_unlock(&src->lock);
    src->rest = src->now ? hark_buf_str(&src->now->body) : (struct hark_str){0};
    return src->now != NULL;
}

// Only behind the last record of a request does the position move on.
static void hand_out(struct http *src)
{
    struct hark_live *live = &src->live;
    struct hark_str text = src->rest, ahead;
    size_t line = 0;
    if (src->now->lines)
        text = next_line(&src->rest, &line);
    else
        src->rest.ptr = NULL;
    ahead = src->rest;
    if (!next_line(&ahead, &line).ptr) src->rest.ptr = NULL;
    write_position(src->number - 1, &live->before);
    write_position(src->rest.ptr ? src->number - 1 : src->number, &live->after);
    hark_live_record(live, text, text.len, (struct hark_str){0});
}

// --- answers that come later ---

static void forget_first(struct http *src, struct pushes *list)
{
    struct push *push = take_first(list);
    src->held -= push->body.len;
    free_push(push);
}

static void safe(struct hark_live *live, struct hark_str position)
{
    struct http *src = (struct http *)live;
    int64_t number;
    struct hark_str rest;
    hark_str_cut(position, ' ', &rest);
    if (!rest.ptr || hark_str_int(rest, &number) < 0) return;
    pthread_mutex_lock(&src->lock);
    while (src->out.first && src->out.first->number <= number) {
        struct push *push = src->out.first;
        if (push->request) reply_accepted(push->request, push->posts);
        forget_first(src, &src->out);
    }
    pthread_mutex_unlock(&src->lock);
}

// Those who waited too long are told to come again. What was handed out may be counted all the same; what was not is
// forgotten.
static void tell_late(void *arg)
{
    struct http *src = arg;
    int64_t before_us = hark_clock_mono_us() - ANSWER_S * INT64_C(1000000);
    const char *why = "not acknowledged yet; send it again, what was counted counts once";
    pthread_mutex_lock(&src->lock);
    for (struct push *push = src->out.first; push && push->since_us < before_us; push = push->next) {
        if (push->request) reply_busy(push->request, LATER_S, why);
        push->request = NULL;
    }
    while (src->queue.first && src->queue.first->since_us < before_us) {
        reply_busy(src->queue.first->request, LATER_S, why);
        forget_first(src, &src->queue);
    }
    pthread_mutex_unlock(&src->lock);
}

// --- the source ---

static struct hark_listen_options listen_options(struct http *src)
{
    return (struct hark_listen_options){
        .address = src->live.base.name + strlen("http:"),
        .setting = "http",
        .guard = src->token ? NULL : "set " TOKEN " or " TOKEN "_FILE to what those who push must know",
        .threads = THREADS,
        .connections = CONNECTIONS,
        .body_bytes = BODY_BYTES,
        .hold_bytes = HELD_BYTES,
        .head = look_at_head,
        .take = take_request,
        .tick = tell_late,
        .arg = src,
    };
}

// Others are let in when there is somebody to read what they bring.
static int start_to_listen(struct http *src, struct hark_err *err)
{
    const struct hark_listen_options options = listen_options(src);
    src->listen = hark_listen_start(&options, err);
    return err->code;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct http *src = (struct http *)live;
    if (!src->listen && start_to_listen(src, err)) return err->code;
    if (src->rest.ptr || begin_next(src)) {
        src->quiet = false;
        hand_out(src);
        return 1;
    }
    // At once when there is no more, so that nobody waits for nothing; then now and again.
    if (src->quiet) (void)hark_wake_wait(&live->wake, src->fd, HARK_LIVE_WAIT_MS);
    src->quiet = true;
    hark_live_idle(live);
    return 1;
}

static void end_all(struct http *src, struct pushes *list)
{
    while (list->first) {
        if (list->first->request) reply_busy(list->first->request, LATER_S, "hark is ending");
        forget_first(src, list);
    }
}

static void done(struct hark_live *live)
{
    struct http *src = (struct http *)live;
    pthread_mutex_lock(&src->lock);
    src->ending = true;
    end_all(src, &src->out);
    end_all(src, &src->queue);
    pthread_mutex_unlock(&src->lock);
    hark_listen_stop(src->listen);
    pthread_mutex_destroy(&src->lock);
    if (src->fd >= 0) close(src->fd);
    free(src->token);
}

// --- opening ---

static bool check_address(struct http *src, struct hark_str argument, struct hark_err *err)
{
    const struct hark_listen_options options = listen_options(src);
    if (hark_str_ends(argument, HARK_STR(":0")))
        return hark_err_set(err, HARK_EINPUT, "http: needs a port that others can know, not 0") == 0;
    return hark_listen_check(&options, err) == 0;
}

static bool parse_position(struct http *src, struct hark_str position, struct hark_err *err)
{
    struct hark_str rest, kind = hark_str_cut(position, ' ', &rest);
    if (!position.len) return true;
    if (!hark_str_is(kind, "1") || !rest.ptr || hark_str_int(rest, &src->number) < 0 || src->number < 0)
        return hark_err_set(err, HARK_EINPUT, "not a position of http: \"" HARK_STR_FMT "\"", HARK_STR_ARG(position)) ==
               0;
    write_position(src->number, &src->live.after);
    return true;
}

static struct hark_source *http_open(struct hark_str argument, const struct hark_source_options *options,
                                     struct hark_err *err)
{
    struct http *src = hark_calloc(1, sizeof *src);
    struct hark_buf name = {0};
    src->live.step = step;
    src->live.done = done;
    src->live.safe = safe;
    src->queue.end = &src->queue.first;
    src->out.end = &src->out.first;
    pthread_mutex_init(&src->lock, NULL);
    hark_buf_printf(&name, "http:" HARK_STR_FMT, HARK_STR_ARG(argument));
    src->live.base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    if (options->push_token) src->token = hark_str_dup(hark_str(options->push_token));
    src->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (src->fd < 0) hark_err_set(err, HARK_EBUG, "eventfd: %s", strerror(errno));
    if (hark_live_init(&src->live, &hark_format_hark, options, err) && parse_position(src, options->resume, err) &&
        check_address(src, argument, err))
        return &src->live.base;
    hark_source_free(&src->live.base);
    return NULL;
}

extern const struct hark_source_kind hark_source_http;
const struct hark_source_kind hark_source_http = {
    .name = "http",
    .argument = "ADDR:PORT",
    .about = "canonical posts that others push by HTTP (" TOKEN ": what they must know)",
    .terms = "what is pushed comes under the terms of where it was taken from; its edits and deletes are to be pushed "
             "too",
    .answers = true,
    .open = http_open,
};
