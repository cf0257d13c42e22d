// One connection to one Redis, made again by itself after it was lost.
//
// An operation starts with hark_redis_connect(), sends commands in a row and reads their replies in the same order. A
// failure of any kind, or an error reply, drops the connection, so that a reply that was not read can never be taken
// for the reply to another command; the next operation connects anew. Where trying again may help the error is
// retriable. The process must ignore SIGPIPE. One thread.
#pragma once

#include "url.h"

#include <hiredis/hiredis.h>

struct hark_redis_tls;

struct hark_redis {
    struct hark_redis_url url;
    const char *password; // NULL: none; the store's
    int connect_timeout_ms, timeout_ms;
    struct redisContext *ctx; // NULL: not connected
    unsigned connections;     // made so far
    struct hark_redis_tls *tls;
};

int hark_redis_connect(struct hark_redis *redis, struct hark_err *err) HARK_CHECKED; // nothing where it is connected
// Connects anew and hears an answer, all within the time for connecting.
int hark_redis_greet(struct hark_redis *redis, struct hark_err *err) HARK_CHECKED;
void hark_redis_drop(struct hark_redis *redis); // where replies are left unread
void hark_redis_done(struct hark_redis *redis);

// Puts a command behind those that wait to be sent. `format` as in redisCommand(): %s, %b with pointer and length.
int hark_redis_send(struct hark_redis *redis, struct hark_err *err, const char *format, ...) HARK_CHECKED;
int hark_redis_send_argv(struct hark_redis *redis, size_t n, const char **argv, const size_t *lens,
                         struct hark_err *err) HARK_CHECKED;
// A command as it goes over the wire, in two parts.
int hark_redis_send_raw(struct hark_redis *redis, struct hark_str first, struct hark_str rest,
                        struct hark_err *err) HARK_CHECKED;
// The reply to the next command; freeReplyObject() frees it. An error reply is an error, but for one that starts with
// `except` (may be NULL).
int hark_redis_reply(struct hark_redis *redis, const char *except, redisReply **ret, struct hark_err *err) HARK_CHECKED;

static inline struct hark_str hark_reply_str(const redisReply *reply)
{
    bool text =
        reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS || reply->type == REDIS_REPLY_ERROR;
    return text ? hark_strn(reply->str, (size_t)reply->len) : (struct hark_str){0};
}
// The value of a field in a list of names and values; ptr NULL: it is not there.
struct hark_str hark_reply_field(const redisReply *fields, const char *name);
// Whether this is an entry of a stream, [id, [name, value, …]].
bool hark_reply_is_entry(const redisReply *entry);

// Test builds only, where HARK_CRASH names "before-reply": sends what waits and ends the process once the reply is
// there to be read.
#ifdef HARK_CRASH_POINTS
void hark_redis_crash_before_reply(struct hark_redis *redis);
#else
#define hark_redis_crash_before_reply(redis) ((void)(redis))
#endif

// TLS: prepare before connecting (an error that says so where hiredis was built without), start after.
int hark_redis_tls_prepare(struct hark_redis *redis, struct hark_err *err) HARK_CHECKED;
int hark_redis_tls_start(struct hark_redis *redis, struct hark_err *err) HARK_CHECKED;
void hark_redis_tls_free(struct hark_redis_tls *tls); // takes NULL
