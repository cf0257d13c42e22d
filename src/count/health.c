// hark:health: a field a matching process, which writes it every few seconds and takes it away when it ends. What one
// that was killed leaves behind goes with the next write of another one, a day later, or with the key.

#include "store.h"

#include <hark/clock.h>
#include <hark/read.h>

#include <stdlib.h>

enum { FORGET_S = 24 * 3600 };

static int all(struct hark_store *store, redisReply **ret, struct hark_err *err)
{
    struct hark_redis *redis = &store->v[0].redis;
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "HGETALL %bhealth", store->prefix.ptr, store->prefix.len))
        return err->code;
    return hark_redis_reply(redis, NULL, ret, err);
}

static int run(struct hark_redis *redis, struct hark_err *err)
{
    redisReply *reply;
    if (hark_redis_reply(redis, NULL, &reply, err)) return err->code;
    freeReplyObject(reply);
    return 0;
}

int hark_store_health_remove(struct hark_store *store, struct hark_str name, struct hark_err *err)
{
    struct hark_redis *redis = &store->v[0].redis;
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "HDEL %bhealth %b", store->prefix.ptr, store->prefix.len, name.ptr, name.len))
        return err->code;
    return run(redis, err);
}

// An entry begins with its time, {"time":"…".
static bool is_old(struct hark_str json)
{
    static const char head[] = "{\"time\":\"";
    int64_t ms;
    size_t n = sizeof head - 1, len = HARK_TIME_STR_BYTES - 1;
    if (json.len < n + len || memcmp(json.ptr, head, n) != 0 || hark_time_parse(hark_strn(json.ptr + n, len), &ms))
        return true;
    return hark_clock_ms() - ms > FORGET_S * (int64_t)1000;
}

static int forget_old(struct hark_store *store, struct hark_err *err)
{
    redisReply *reply;
    if (all(store, &reply, err)) return err->code;
    int rc = 0;
    for (size_t i = 0; i + 1 < reply->elements && !rc; i += 2)
        if (is_old(hark_reply_str(reply->element[i + 1])))
            rc = hark_store_health_remove(store, hark_reply_str(reply->element[i]), err);
    freeReplyObject(reply);
    return rc;
}

int hark_store_health_set(struct hark_store *store, struct hark_str name, struct hark_str json, struct hark_err *err)
{
    struct hark_redis *redis = &store->v[0].redis;
    struct hark_str prefix = store->prefix;
    if (forget_old(store, err) ||
        hark_redis_send(redis, err, "HSET %bhealth %b %b", prefix.ptr, prefix.len, name.ptr, name.len, json.ptr,
                        json.len) ||
        hark_redis_send(redis, err, "EXPIRE %bhealth %d", prefix.ptr, prefix.len, (int)FORGET_S) || run(redis, err))
        return err->code;
    return run(redis, err);
}

static int by_name(const void *a, const void *b)
{
    return hark_str_cmp(((const struct hark_health_entry *)a)->name, ((const struct hark_health_entry *)b)->name);
}

int hark_read_health(struct hark_store *store, struct hark_arena *arena, const struct hark_health_entry **ret,
                     size_t *ret_n, struct hark_err *err)
{
    redisReply *reply;
    if (all(store, &reply, err)) return err->code;
    struct hark_health_entry *v = HARK_NEW_N(arena, struct hark_health_entry, reply->elements / 2);
    size_t n = 0;
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        v[n++] = (struct hark_health_entry){hark_arena_str(arena, hark_reply_str(reply->element[i])),
                                            hark_arena_str(arena, hark_reply_str(reply->element[i + 1]))};
    freeReplyObject(reply);
    if (n) qsort(v, n, sizeof *v, by_name);
    *ret = v;
    *ret_n = n;
    return 0;
}
