#include "redis.h"

#include <hark/crash.h>
#include <hark/versions.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

// Error replies after which the same command may succeed: Redis is full, starting, failing over, or short of replicas
// or disk.
static const char *const passing[] = {"OOM",     "READONLY", "LOADING",     "MASTERDOWN", "NOREPLICAS",
                                      "MISCONF", "BUSY",     "CLUSTERDOWN", "TRYAGAIN",   "ERR max number of clients"};

void hark_redis_drop(struct hark_redis *redis)
{
    if (redis->ctx) redisFree(redis->ctx);
    redis->ctx = NULL;
}

void hark_redis_done(struct hark_redis *redis)
{
    hark_redis_drop(redis);
    hark_redis_tls_free(redis->tls);
    redis->tls = NULL;
}

static struct timeval timeval_of(int ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static int lost(struct hark_redis *redis, const char *what, struct hark_err *err)
{
    // hiredis says "Resource temporarily unavailable" for a time-out.
    bool late = redis->ctx->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (late)
        hark_err_retry(err, HARK_ESERVICE, "Redis at %s: no answer within %d ms", redis->url.text, redis->timeout_ms);
    else
        hark_err_retry(err, HARK_ESERVICE, "Redis at %s: %s: %s", redis->url.text, what, redis->ctx->errstr);
    hark_redis_drop(redis);
    return HARK_ESERVICE;
}

static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 && (text[len] == 0 || text[len] == ' ');
}

static int refused(struct hark_redis *redis, const char *text, struct hark_err *err)
{
    hark_redis_drop(redis);
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (has_word(text, passing[i]))
            return hark_err_retry(err, HARK_ESERVICE, "Redis at %s: %s", redis->url.text, text);
    if (has_word(text, "NOAUTH"))
        return hark_err_set(err, HARK_EINPUT, "Redis at %s wants a password: set HARK_REDIS_PASSWORD", redis->url.text);
    if (has_word(text, "WRONGPASS"))
        return hark_err_set(err, HARK_EINPUT, "Redis at %s refuses the user or the password", redis->url.text);
    return hark_err_set(err, HARK_ESERVICE, "Redis at %s: %s", redis->url.text, text);
}

static redisContext *dial(const struct hark_redis *redis)
{
    struct timeval timeout = timeval_of(redis->connect_timeout_ms);
    if (redis->url.host[0]) return redisConnectWithTimeout(redis->url.host, redis->url.port, timeout);
    return redisConnectUnixWithTimeout(redis->url.path, timeout);
}

static int expect_ok(struct hark_redis *redis, struct hark_err *err)
{
    redisReply *reply;
    if (hark_redis_reply(redis, NULL, &reply, err)) return err->code;
    freeReplyObject(reply);
    return 0;
}

static int authenticate(struct hark_redis *redis, struct hark_err *err)
{
    const char *password = redis->password ? redis->password : "";
    int rc;
    if (redis->url.user[0])
        rc = hark_redis_send(redis, err, "AUTH %s %s", redis->url.user, password);
    else if (redis->password)
        rc = hark_redis_send(redis, err, "AUTH %s", password);
    else
        return 0;
    return rc ? rc : expect_ok(redis, err);
}

static int select_db(struct hark_redis *redis, struct hark_err *err)
{
    if (redis->url.db == 0) return 0;
    int rc = hark_redis_send(redis, err, "SELECT %d", redis->url.db);
    return rc ? rc : expect_ok(redis, err);
}

// Whether the connection is of no use any more: closed by the other end while nobody used it, or with a reply that
// nobody asked for.
static bool is_stale(const struct hark_redis *redis)
{
    char byte;
    ssize_t n = recv(redis->ctx->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0) return !redis->url.tls; // TLS sends tickets of its own
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

int hark_redis_connect(struct hark_redis *redis, struct hark_err *err)
{
    if (redis->ctx && is_stale(redis)) hark_redis_drop(redis);
    if (redis->ctx) return 0;
    if (redis->url.tls && hark_redis_tls_prepare(redis, err)) return err->code;
    redis->ctx = dial(redis);
    if (!redis->ctx) return hark_err_retry(err, HARK_ESERVICE, "Redis at %s: out of memory", redis->url.text);
    if (redis->ctx->err) {
        hark_err_retry(err, HARK_ESERVICE, "Redis at %s: cannot connect: %s", redis->url.text, redis->ctx->errstr);
        hark_redis_drop(redis);
        return HARK_ESERVICE;
    }
    redis->connections++;
    if (redis->url.host[0]) redisEnableKeepAlive(redis->ctx);
    redisSetTimeout(redis->ctx, timeval_of(redis->timeout_ms));
    if ((redis->url.tls && hark_redis_tls_start(redis, err)) || authenticate(redis, err) || select_db(redis, err)) {
        hark_redis_drop(redis);
        return err->code;
    }
    return 0;
}

int hark_redis_greet(struct hark_redis *redis, struct hark_err *err)
{
    int timeout_ms = redis->timeout_ms;
    redis->timeout_ms = redis->connect_timeout_ms;
    hark_redis_drop(redis);
    int rc = hark_redis_connect(redis, err);
    if (!rc) rc = hark_redis_send(redis, err, "PING");
    if (!rc) rc = expect_ok(redis, err);
    redis->timeout_ms = timeout_ms;
    if (!rc) redisSetTimeout(redis->ctx, timeval_of(timeout_ms));
    return rc;
}

static int not_connected(const struct hark_redis *redis, struct hark_err *err)
{
    return hark_err_retry(err, HARK_ESERVICE, "Redis at %s: the connection was lost", redis->url.text);
}

int hark_redis_send(struct hark_redis *redis, struct hark_err *err, const char *format, ...)
{
    if (!redis->ctx) return not_connected(redis, err);
    va_list args;
    va_start(args, format);
    int rc = redisvAppendCommand(redis->ctx, format, args);
    va_end(args);
    return rc == REDIS_OK ? 0 : lost(redis, "sending", err);
}

int hark_redis_send_argv(struct hark_redis *redis, size_t n, const char **argv, const size_t *lens,
                         struct hark_err *err)
{
    if (!redis->ctx) return not_connected(redis, err);
    return redisAppendCommandArgv(redis->ctx, (int)n, argv, lens) == REDIS_OK ? 0 : lost(redis, "sending", err);
}

int hark_redis_send_raw(struct hark_redis *redis, struct hark_str first, struct hark_str rest, struct hark_err *err)
{
    if (!redis->ctx) return not_connected(redis, err);
    if (redisAppendFormattedCommand(redis->ctx, first.ptr, first.len) == REDIS_OK &&
        redisAppendFormattedCommand(redis->ctx, rest.ptr, rest.len) == REDIS_OK)
        return 0;
    return lost(redis, "sending", err);
}

int hark_redis_reply(struct hark_redis *redis, const char *except, redisReply **ret, struct hark_err *err)
{
    void *got;
    if (!redis->ctx) return not_connected(redis, err);
    errno = 0;
    if (redisGetReply(redis->ctx, &got) != REDIS_OK) return lost(redis, "the connection was lost", err);
    redisReply *reply = got;
    if (reply->type == REDIS_REPLY_ERROR && !(except && strncmp(reply->str, except, strlen(except)) == 0)) {
        refused(redis, reply->str, err);
        freeReplyObject(reply);
        return err->code;
    }
    *ret = reply; // only now: callers free what they were given
    return 0;
}

#ifdef HARK_CRASH_POINTS
void hark_redis_crash_before_reply(struct hark_redis *redis)
{
    if (!hark_crash_armed("before-reply") || !redis->ctx) return;
    for (int done = 0; !done;)
        if (redisBufferWrite(redis->ctx, &done) != REDIS_OK) return; // the reader of the reply meets the error
    struct pollfd fd = {.fd = redis->ctx->fd, .events = POLLIN};
    if (poll(&fd, 1, redis->timeout_ms) > 0) hark_crash_point("before-reply");
}
#endif

void hark_count_hiredis(char *out, size_t size)
{
    snprintf(out, size, "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}

struct hark_str hark_reply_field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (hark_str_is(hark_reply_str(fields->element[i]), name)) return hark_reply_str(fields->element[i + 1]);
    return (struct hark_str){0};
}

bool hark_reply_is_entry(const redisReply *entry)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 && entry->element[1]->type == REDIS_REPLY_ARRAY;
}
