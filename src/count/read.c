// Reading back: what the instances hold, added up.

#include "ask.h"

#include <stdlib.h>

enum { WINDOW = 1000 };

// --- totals ---

struct totals {
    struct hark_arena *arena;
    struct hark_map map; // brand, ':', intent → index in v
    struct hark_total *v;
    size_t n, cap;
    struct hark_buf tmp;
};

static void add_total(struct totals *totals, struct hark_str brand, struct hark_str intent, int64_t n)
{
    bool fresh;
    hark_buf_clear(&totals->tmp);
    hark_buf_str_add(&totals->tmp, brand);
    hark_buf_char(&totals->tmp, ':');
    hark_buf_str_add(&totals->tmp, intent);
    struct hark_map_entry *entry = hark_map_put(&totals->map, hark_buf_str(&totals->tmp), &fresh);
    if (fresh) {
        entry->key = hark_arena_str(totals->arena, entry->key);
        entry->num = (int64_t)totals->n;
        totals->v = hark_grow(totals->v, totals->n, &totals->cap, sizeof *totals->v);
        totals->v[totals->n++] = (struct hark_total){hark_strn(entry->key.ptr, brand.len),
                                                     hark_strn(entry->key.ptr + brand.len + 1, intent.len), 0};
    }
    totals->v[entry->num].n += n;
}

static int take_totals(struct totals *totals, struct hark_str brand, const redisReply *reply, struct hark_err *err)
{
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        int64_t n;
        struct hark_str intent = hark_reply_str(reply->element[i]);
        if (hark_str_int(hark_reply_str(reply->element[i + 1]), &n))
            return hark_err_set(err, HARK_ESERVICE,
                                "the total of " HARK_STR_FMT "/" HARK_STR_FMT " in Redis is no number",
                                HARK_STR_ARG(brand), HARK_STR_ARG(intent));
        add_total(totals, brand, intent, n);
    }
    return 0;
}

static int read_brands(const struct hark_store *store, struct hark_redis *redis, struct totals *totals,
                       redisReply **brands, size_t n, struct hark_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (hark_redis_send(redis, err, "HGETALL %btotal:%b", store->prefix.ptr, store->prefix.len, brands[i]->str,
                            (size_t)brands[i]->len))
            return err->code;
    for (size_t i = 0; i < n; i++) {
        redisReply *reply;
        if (hark_redis_reply(redis, NULL, &reply, err)) return err->code;
        int rc = take_totals(totals, hark_reply_str(brands[i]), reply, err);
        freeReplyObject(reply);
        if (rc) return rc;
    }
    return 0;
}

static int read_instance(const struct hark_store *store, struct hark_redis *redis, struct totals *totals,
                         struct hark_err *err)
{
    redisReply *brands;
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "SMEMBERS %bbrands", store->prefix.ptr, store->prefix.len) ||
        hark_redis_reply(redis, NULL, &brands, err))
        return err->code;
    int rc = 0;
    for (size_t i = 0; !rc && i < brands->elements; i += WINDOW) {
        size_t n = brands->elements - i < WINDOW ? brands->elements - i : WINDOW;
        rc = read_brands(store, redis, totals, brands->element + i, n, err);
    }
    freeReplyObject(brands);
    if (rc) hark_redis_drop(redis);
    return rc;
}

static int compare_totals(const void *a, const void *b)
{
    const struct hark_total *x = a, *y = b;
    int rc = hark_str_cmp(x->brand, y->brand);
    if (rc) return rc;
    bool first = hark_str_is(x->intent, "mention"), second = hark_str_is(y->intent, "mention");
    return first != second ? (int)second - (int)first : hark_str_cmp(x->intent, y->intent);
}

// Sorted, without zeros, in the arena.
static size_t finish(struct totals *totals, const struct hark_total **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < totals->n; i++)
        if (totals->v[i].n) totals->v[n++] = totals->v[i];
    if (n) qsort(totals->v, n, sizeof *totals->v, compare_totals);
    *ret = hark_arena_copy(totals->arena, totals->v, n, sizeof *totals->v);
    return n;
}

int hark_read_totals(struct hark_store *store, struct hark_arena *arena, const struct hark_total **ret, size_t *ret_n,
                     struct hark_err *err)
{
    struct totals totals = {.arena = arena};
    int rc = 0;
    for (size_t i = 0; !rc && i < store->n; i++) rc = read_instance(store, &store->v[i].redis, &totals, err);
    if (!rc) *ret_n = finish(&totals, ret);
    hark_map_done(&totals.map);
    hark_buf_done(&totals.tmp);
    free(totals.v);
    return rc;
}

static int take_brand(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    (void)instance;
    return take_totals(arg, *(const struct hark_str *)ask->about, reply, err);
}

int hark_read_brand(struct hark_store *store, struct hark_arena *arena, struct hark_str brand,
                    const struct hark_total **ret, size_t *ret_n, struct hark_err *err)
{
    struct totals totals = {.arena = arena};
    struct asks asks = {.arena = arena};
    asks_add(
        &asks, &brand, HARK_STR("HGETALL"),
        hark_arena_printf(arena, HARK_STR_FMT "total:" HARK_STR_FMT, HARK_STR_ARG(store->prefix), HARK_STR_ARG(brand)),
        (struct hark_str){0});
    int rc = asks_run(store, &asks, take_brand, &totals, err);
    if (!rc) *ret_n = finish(&totals, ret);
    asks_done(&asks);
    hark_map_done(&totals.map);
    hark_buf_done(&totals.tmp);
    free(totals.v);
    return rc;
}

// --- meta ---

static int read_instance_meta(const struct hark_store *store, struct hark_redis *redis, struct hark_arena *arena,
                              struct hark_read_meta *ret, struct hark_err *err)
{
    redisReply *reply;
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "HMGET %bmeta ruleset started", store->prefix.ptr, store->prefix.len) ||
        hark_redis_reply(redis, NULL, &reply, err))
        return err->code;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        ret->ruleset = hark_arena_str(arena, hark_reply_str(reply->element[0]));
        ret->started = hark_arena_str(arena, hark_reply_str(reply->element[1]));
    }
    freeReplyObject(reply);
    return 0;
}

int hark_read_meta(struct hark_store *store, struct hark_arena *arena, struct hark_read_meta *ret, struct hark_err *err)
{
    *ret = (struct hark_read_meta){0};
    for (size_t i = 0; i < store->n && !ret->ruleset.ptr; i++)
        if (read_instance_meta(store, &store->v[i].redis, arena, ret, err)) return err->code;
    return 0;
}

// --- brands ---

struct brands {
    struct hark_arena *arena;
    struct hark_map map;
};

static int take_brands(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    struct brands *brands = arg;
    (void)ask, (void)instance, (void)err;
    for (size_t i = 0; i < reply->elements; i++) {
        bool fresh;
        struct hark_map_entry *entry = hark_map_put(&brands->map, hark_reply_str(reply->element[i]), &fresh);
        if (fresh) entry->key = hark_arena_str(brands->arena, entry->key);
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return hark_str_cmp(*(const struct hark_str *)a, *(const struct hark_str *)b);
}

int hark_read_brands(struct hark_store *store, struct hark_arena *arena, struct hark_strs *ret, struct hark_err *err)
{
    struct brands brands = {.arena = arena};
    struct asks asks = {.arena = arena};
    asks_add(&asks, NULL, HARK_STR("SMEMBERS"),
             hark_arena_printf(arena, HARK_STR_FMT "brands", HARK_STR_ARG(store->prefix)), (struct hark_str){0});
    int rc = asks_run(store, &asks, take_brands, &brands, err);
    struct hark_str *names = HARK_NEW_N(arena, struct hark_str, brands.map.n);
    for (size_t i = 0; i < brands.map.n; i++) names[i] = brands.map.entries[i].key;
    if (brands.map.n) qsort(names, brands.map.n, sizeof *names, by_name);
    *ret = (struct hark_strs){names, brands.map.n};
    hark_map_done(&brands.map);
    asks_done(&asks);
    return rc;
}
