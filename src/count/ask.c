#include "ask.h"

#include <math.h>
#include <stdlib.h>

enum { ASK_WINDOW = 500, DAY_MS = 24 * 60 * 60 * 1000 }; // commands sent before their replies are read

void asks_add(struct asks *asks, void *about, ...)
{
    va_list words;
    asks->v = hark_grow(asks->v, asks->n, &asks->cap, sizeof *asks->v);
    asks->v[asks->n++] = (struct ask){.about = about};
    va_start(words, about);
    for (struct hark_str word = va_arg(words, struct hark_str); word.ptr; word = va_arg(words, struct hark_str))
        asks_word(asks, word);
    va_end(words);
}

void asks_word(struct asks *asks, struct hark_str word)
{
    struct ask *ask = &asks->v[asks->n - 1];
    if (ask->n == ask->cap) {
        size_t cap = ask->cap ? 4 * ask->cap : 4;
        struct hark_str *words = HARK_NEW_N(asks->arena, struct hark_str, cap);
        if (ask->n) memcpy(words, ask->words, ask->n * sizeof *words);
        ask->words = words;
        ask->cap = cap;
    }
    ask->words[ask->n++] = word;
}

void asks_done(struct asks *asks)
{
    free(asks->v);
    asks->v = NULL;
    asks->n = asks->cap = 0;
}

static int send_one(struct hark_redis *redis, const struct ask *ask, struct hark_err *err)
{
    const char **argv = hark_alloc(ask->n * sizeof *argv);
    size_t *lens = hark_alloc(ask->n * sizeof *lens);
    for (size_t i = 0; i < ask->n; i++) {
        argv[i] = ask->words[i].ptr;
        lens[i] = ask->words[i].len;
    }
    int rc = hark_redis_send_argv(redis, ask->n, argv, lens, err);
    free(argv);
    free(lens);
    return rc;
}

static int run_window(struct hark_redis *redis, size_t instance, const struct ask *v, size_t n, asks_take *take,
                      void *arg, struct hark_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (send_one(redis, &v[i], err)) return err->code;
    for (size_t i = 0; i < n; i++) {
        redisReply *reply;
        if (hark_redis_reply(redis, NULL, &reply, err)) return err->code;
        int rc = take(arg, &v[i], instance, reply, err);
        freeReplyObject(reply);
        if (rc) return rc;
    }
    return 0;
}

int asks_run_at(struct hark_store *store, size_t instance, const struct asks *asks, asks_take *take, void *arg,
                struct hark_err *err)
{
    struct hark_redis *redis = &store->v[instance].redis;
    int rc = hark_redis_connect(redis, err);
    for (size_t i = 0; !rc && i < asks->n; i += ASK_WINDOW)
        rc = run_window(redis, instance, asks->v + i, asks->n - i < ASK_WINDOW ? asks->n - i : ASK_WINDOW, take, arg,
                        err);
    if (rc) hark_redis_drop(redis);
    return rc;
}

int asks_run(struct hark_store *store, const struct asks *asks, asks_take *take, void *arg, struct hark_err *err)
{
    for (size_t i = 0; i < store->n; i++)
        if (asks_run_at(store, i, asks, take, arg, err)) return err->code;
    return 0;
}

struct hark_str ask_key(const struct hark_store *store, struct hark_arena *arena, enum hark_bucket_kind kind,
                        const struct hark_bucket_time *time, struct hark_str brand, struct hark_str intent,
                        int64_t *ret_end_s)
{
    struct hark_buf buf = {0};
    int64_t end_s = hark_bucket_key(kind, time, store->prefix, brand, intent, 1, &buf);
    struct hark_str key = hark_arena_str(arena, hark_buf_str(&buf));
    hark_buf_done(&buf);
    if (ret_end_s) *ret_end_s = end_s;
    return key;
}

size_t ask_days(struct hark_range range, struct hark_arena *arena, struct hark_bucket_time **ret)
{
    int64_t first = range.from_ms / DAY_MS, last = (range.to_ms - 1) / DAY_MS;
    size_t n = range.to_ms > range.from_ms ? (size_t)(last - first) + 1 : 0;
    if (n > HARK_READ_MAX_DAYS) n = HARK_READ_MAX_DAYS;
    *ret = HARK_NEW_N(arena, struct hark_bucket_time, n);
    for (size_t i = 0; i < n; i++) hark_bucket_time((first + (int64_t)i) * DAY_MS, &(*ret)[i]);
    return n;
}

int64_t ask_number(const redisReply *reply)
{
    int64_t n;
    if (reply->type == REDIS_REPLY_INTEGER) return reply->integer;
    struct hark_str text = hark_reply_str(reply);
    if (hark_str_int(text, &n) == 0) return n;
    // Scores of sorted sets are doubles; those of hark are whole.
    double d = text.len && text.len < 32 ? strtod(text.ptr, NULL) : -1;
    return isfinite(d) && d >= -9e15 && d <= 9e15 ? (int64_t)d : -1;
}
