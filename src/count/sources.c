// Where sources stand and what they missed: in the first instance, for they belong to no partition.

#include "store.h"

#include <hark/clock.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    GAP_DAYS = 400,   // as long as hours are counted
    LATEST_GAPS = 100 // among which one that was written already is looked for
};

// Sends one command that stood in `redis` already and reads its reply.
static int ask(struct hark_redis *redis, redisReply **ret, struct hark_err *err)
{
    return hark_redis_reply(redis, NULL, ret, err);
}

static int ignore(struct hark_redis *redis, struct hark_err *err)
{
    redisReply *reply;
    if (ask(redis, &reply, err)) return err->code;
    freeReplyObject(reply);
    return 0;
}

int hark_store_cursor_get(struct hark_store *store, struct hark_str source, struct hark_buf *ret, struct hark_err *err)
{
    struct hark_redis *redis = &store->v[0].redis;
    redisReply *reply;
    hark_buf_clear(ret);
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "HGET %bsource:%b position", store->prefix.ptr, store->prefix.len, source.ptr,
                        source.len) ||
        ask(redis, &reply, err))
        return err->code;
    hark_buf_str_add(ret, hark_reply_str(reply));
    freeReplyObject(reply);
    return 0;
}

int hark_store_cursor_set(struct hark_store *store, struct hark_str source, struct hark_str position,
                          struct hark_err *err)
{
    struct hark_redis *redis = &store->v[0].redis;
    char now[HARK_TIME_STR_BYTES];
    hark_time_str(hark_clock_ms(), now);
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "HSET %bsource:%b position %b saved %s", store->prefix.ptr, store->prefix.len,
                        source.ptr, source.len, position.ptr, position.len, now))
        return err->code;
    return ignore(redis, err);
}

// --- gaps ---

static bool is_there(const redisReply *entries, const struct hark_gap *gap, const char *from, const char *to)
{
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (!hark_reply_is_entry(entry)) continue;
        const redisReply *fields = entry->element[1];
        if (hark_str_eq(hark_reply_field(fields, "source"), gap->source) &&
            hark_str_is(hark_reply_field(fields, "from"), from) && hark_str_is(hark_reply_field(fields, "to"), to) &&
            hark_str_eq(hark_reply_field(fields, "reason"), gap->reason))
            return true;
    }
    return false;
}

void hark_gap_encode(const struct hark_gap *gap, struct hark_buf *buf)
{
    char from[HARK_TIME_STR_BYTES], to[HARK_TIME_STR_BYTES];
    struct hark_json json = hark_json_to(buf);
    hark_time_str(gap->from_ms, from);
    hark_time_str(gap->to_ms, to);
    hark_json_open(&json, '{');
    hark_json_kc(&json, "schema", "hark.gap/1");
    hark_json_kv(&json, "source", gap->source);
    hark_json_kc(&json, "from", from);
    hark_json_kc(&json, "to", to);
    hark_json_kv(&json, "reason", gap->reason);
    hark_json_close(&json, '}');
}

int hark_store_gap_add(struct hark_store *store, const struct hark_gap *gap, struct hark_err *err)
{
    struct hark_redis *redis = &store->v[0].redis;
    struct hark_str prefix = store->prefix;
    long long oldest_ms = hark_clock_ms() - GAP_DAYS * INT64_C(86400000);
    char from[HARK_TIME_STR_BYTES], to[HARK_TIME_STR_BYTES];
    redisReply *latest;
    hark_time_str(gap->from_ms, from);
    hark_time_str(gap->to_ms, to);
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "XREVRANGE %bgaps + - COUNT %d", prefix.ptr, prefix.len, (int)LATEST_GAPS) ||
        ask(redis, &latest, err))
        return err->code;
    bool there = is_there(latest, gap, from, to);
    freeReplyObject(latest);
    if (there) return 0;
    if (hark_redis_send(redis, err, "XADD %bgaps MINID ~ %lld * source %b from %s to %s reason %b", prefix.ptr,
                        prefix.len, oldest_ms, gap->source.ptr, gap->source.len, from, to, gap->reason.ptr,
                        gap->reason.len))
        return err->code;
    return ignore(redis, err);
}

// --- reading back ---

struct cursors {
    struct hark_store *store;
    struct hark_arena *arena;
    struct hark_source_position *v;
    size_t n, cap;
};

static void add_cursor(struct cursors *cursors, struct hark_source_position cursor)
{
    cursors->v = hark_grow(cursors->v, cursors->n, &cursors->cap, sizeof *cursors->v);
    cursors->v[cursors->n++] = (struct hark_source_position){
        hark_arena_str(cursors->arena, cursor.source),
        hark_arena_str(cursors->arena, cursor.position),
        hark_arena_str(cursors->arena, cursor.saved),
    };
}

// Of `hark run`: the fields of pos:run.
static int read_run(struct cursors *cursors, struct hark_err *err)
{
    struct hark_redis *redis = &cursors->store->v[0].redis;
    struct hark_str prefix = cursors->store->prefix;
    redisReply *reply;
    if (hark_redis_send(redis, err, "HGETALL %bpos:run", prefix.ptr, prefix.len) || ask(redis, &reply, err))
        return err->code;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        struct hark_str field = hark_reply_str(reply->element[i]), value = hark_reply_str(reply->element[i + 1]);
        if (!hark_str_is(field, "incarnation") && value.len)
            add_cursor(cursors, (struct hark_source_position){.source = field, .position = value});
    }
    freeReplyObject(reply);
    return 0;
}

static int read_one(struct cursors *cursors, struct hark_str key, struct hark_err *err)
{
    struct hark_redis *redis = &cursors->store->v[0].redis;
    size_t before = cursors->store->prefix.len + strlen("source:");
    redisReply *reply;
    if (hark_redis_send(redis, err, "HMGET %b position saved", key.ptr, key.len) || ask(redis, &reply, err))
        return err->code;
    if (reply->elements == 2)
        add_cursor(cursors,
                   (struct hark_source_position){hark_strn(key.ptr + before, key.len - before),
                                                 hark_reply_str(reply->element[0]), hark_reply_str(reply->element[1])});
    freeReplyObject(reply);
    return 0;
}

// Of `hark ingest`: the keys source:*.
static int read_keys(struct cursors *cursors, struct hark_err *err)
{
    struct hark_redis *redis = &cursors->store->v[0].redis;
    struct hark_str prefix = cursors->store->prefix;
    char at[32] = "0";
    do {
        redisReply *reply;
        if (hark_redis_send(redis, err, "SCAN %s MATCH %bsource:* COUNT 1000", at, prefix.ptr, prefix.len) ||
            ask(redis, &reply, err))
            return err->code;
        bool list = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
        for (size_t i = 0; list && !err->code && i < reply->element[1]->elements; i++) {
            struct hark_str key = hark_reply_str(reply->element[1]->element[i]);
            if (hark_str_starts(key, prefix)) (void)read_one(cursors, key, err);
        }
        snprintf(at, sizeof at, "%s", list ? reply->element[0]->str : "0");
        freeReplyObject(reply);
        if (err->code) return err->code;
    } while (strcmp(at, "0") != 0);
    return 0;
}

static int by_source(const void *a, const void *b)
{
    return hark_str_cmp(((const struct hark_source_position *)a)->source,
                        ((const struct hark_source_position *)b)->source);
}

int hark_read_cursors(struct hark_store *store, struct hark_arena *arena, const struct hark_source_position **ret,
                      size_t *ret_n, struct hark_err *err)
{
    struct cursors cursors = {.store = store, .arena = arena};
    int rc = hark_redis_connect(&store->v[0].redis, err);
    if (!rc) rc = read_run(&cursors, err);
    if (!rc) rc = read_keys(&cursors, err);
    if (!rc) {
        if (cursors.n) qsort(cursors.v, cursors.n, sizeof *cursors.v, by_source);
        *ret = hark_arena_copy(arena, cursors.v, cursors.n, sizeof *cursors.v);
        *ret_n = cursors.n;
    }
    free(cursors.v);
    return rc;
}
