// Reading every counter of an instance, key by key.

#include "store.h"

#include <stdio.h>

enum { WINDOW = 200 }; // keys whose replies are on their way at a time

// The first word of a key says what it is. What is not listed is no counter, or cannot be counted again (authors).
static const struct {
    const char *start;
    bool sorted; // a sorted set
} kinds[] = {{"total:", false}, {"count:", false}, {"by:", false}, {"tags:", true}, {"top:", true}, {"posts:", true}};

struct each {
    struct hark_redis *redis;
    size_t prefix; // its length
    struct hark_arena arena;
    struct hark_map keys; // SCAN may name one twice
    void (*each)(void *arg, const struct hark_reading *reading);
    void *arg;
};

static int kind_of(struct hark_str key)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hark_str_starts(key, hark_str(kinds[i].start))) return (int)i;
    return -1;
}

static struct hark_str without_prefix(const struct each *e, struct hark_str key)
{
    return hark_strn(key.ptr + e->prefix, key.len - e->prefix);
}

static int scan(struct each *e, struct hark_str prefix, struct hark_err *err)
{
    struct hark_buf pattern = {0};
    char cursor[32] = "0";
    hark_store_pattern(prefix, "*", &pattern);
    do {
        redisReply *reply;
        if (hark_redis_send(e->redis, err, "SCAN %s MATCH %b COUNT 1000", cursor, pattern.ptr, pattern.len) ||
            hark_redis_reply(e->redis, NULL, &reply, err))
            break;
        bool list = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
        for (size_t i = 0; list && i < reply->element[1]->elements; i++) {
            struct hark_str key = hark_reply_str(reply->element[1]->element[i]);
            if (kind_of(without_prefix(e, key)) < 0) continue;
            struct hark_map_entry *entry = hark_map_put(&e->keys, key, NULL);
            entry->key = hark_arena_str(&e->arena, key);
        }
        if (list)
            snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        else
            hark_err_set(err, HARK_ESERVICE, "Redis at %s does not answer SCAN with a list", e->redis->url.text);
        freeReplyObject(reply);
    } while (!err->code && strcmp(cursor, "0") != 0);
    hark_buf_done(&pattern);
    return err->code;
}

static int hand_out(struct each *e, struct hark_str key, const redisReply *reply, struct hark_err *err)
{
    struct hark_reading reading = {.key = without_prefix(e, key)};
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        reading.field = hark_reply_str(reply->element[i]);
        if (hark_str_int(hark_reply_str(reply->element[i + 1]), &reading.n))
            return hark_err_set(err, HARK_ESERVICE,
                                HARK_STR_FMT " in Redis at %s: the value of '" HARK_STR_FMT "' is no whole number",
                                HARK_STR_ARG(key), e->redis->url.text, HARK_STR_ARG(reading.field));
        e->each(e->arg, &reading);
    }
    return 0;
}

static int read_window(struct each *e, size_t from, size_t to, struct hark_err *err)
{
    const struct hark_map_entry *v = e->keys.entries;
    for (size_t i = from; i < to; i++) {
        bool sorted = kinds[kind_of(without_prefix(e, v[i].key))].sorted;
        const char *command = sorted ? "ZRANGE %b 0 -1 WITHSCORES" : "HGETALL %b";
        if (hark_redis_send(e->redis, err, command, v[i].key.ptr, v[i].key.len)) return err->code;
    }
    for (size_t i = from; i < to; i++) {
        redisReply *reply;
        if (hark_redis_reply(e->redis, NULL, &reply, err)) return err->code;
        int rc = hand_out(e, v[i].key, reply, err);
        freeReplyObject(reply);
        if (rc) return rc;
    }
    return 0;
}

int hark_read_each(struct hark_store *store, size_t instance,
                   void (*each)(void *arg, const struct hark_reading *reading), void *arg, struct hark_err *err)
{
    struct each e = {.redis = &store->v[instance].redis, .prefix = store->prefix.len, .each = each, .arg = arg};
    int rc = hark_redis_connect(e.redis, err);
    if (!rc) rc = scan(&e, store->prefix, err);
    for (size_t i = 0; !rc && i < e.keys.n; i += WINDOW)
        rc = read_window(&e, i, i + WINDOW < e.keys.n ? i + WINDOW : e.keys.n, err);
    if (rc) hark_redis_drop(e.redis);
    hark_map_done(&e.keys);
    hark_arena_done(&e.arena);
    return rc;
}

size_t hark_store_instances(const struct hark_store *store)
{
    return store->n;
}

int hark_read_position(struct hark_store *store, int32_t partition, struct hark_str topic, struct hark_str field,
                       struct hark_buf *ret, struct hark_err *err)
{
    struct hark_redis *redis = &hark_store_instance(store, partition)->redis;
    struct hark_buf key = {0};
    redisReply *reply = NULL;
    hark_store_position_key(store, topic, &key);
    hark_buf_clear(ret);
    int rc = hark_redis_connect(redis, err);
    if (!rc) rc = hark_redis_send(redis, err, "HGET %b %b", key.ptr, key.len, field.ptr, field.len);
    if (!rc) rc = hark_redis_reply(redis, NULL, &reply, err);
    if (!rc) hark_buf_str_add(ret, hark_reply_str(reply));
    if (!rc) freeReplyObject(reply);
    hark_buf_done(&key);
    return rc;
}

// --- gaps ---

int hark_read_lost(struct hark_store *store, int64_t *ret_posts, int64_t *ret_gaps, struct hark_err *err)
{
    int64_t posts = 0, gaps = 0;
    for (size_t i = 0; i < store->n; i++) {
        struct hark_redis *redis = &store->v[i].redis;
        redisReply *reply;
        if (hark_redis_connect(redis, err) ||
            hark_redis_send(redis, err, "XRANGE %bgaps - +", store->prefix.ptr, store->prefix.len) ||
            hark_redis_reply(redis, NULL, &reply, err))
            return err->code;
        for (size_t g = 0; g < reply->elements; g++) {
            const redisReply *entry = reply->element[g];
            int64_t lost; // none: a source that did not hear
            if (!hark_reply_is_entry(entry) || hark_str_int(hark_reply_field(entry->element[1], "posts"), &lost))
                continue;
            posts += lost;
            gaps += lost > 0;
        }
        freeReplyObject(reply);
    }
    *ret_posts = posts;
    *ret_gaps = gaps;
    return 0;
}
