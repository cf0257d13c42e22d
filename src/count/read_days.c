// What is kept by day: breakdowns, tags, and the estimate of authors; days and instances added up.

#include "ask.h"
#include "hll.h"

#include <stdlib.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

// --- rows ---

struct rows {
    struct hark_arena *arena;
    struct hark_map map; // value → n
};

static int add_rows(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    struct rows *rows = arg;
    (void)ask, (void)instance, (void)err;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        bool fresh;
        struct hark_map_entry *entry = hark_map_put(&rows->map, hark_reply_str(reply->element[i]), &fresh);
        if (fresh) entry->key = hark_arena_str(rows->arena, entry->key);
        entry->num += ask_number(reply->element[i + 1]);
    }
    return 0;
}

static int most_first(const void *a, const void *b)
{
    const struct hark_row *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return hark_str_cmp(x->value, y->value);
}

static size_t sort_rows(struct rows *rows, size_t limit, const struct hark_row **ret, int64_t *ret_total)
{
    struct hark_row *v = HARK_NEW_N(rows->arena, struct hark_row, rows->map.n);
    size_t n = 0;
    for (size_t i = 0; i < rows->map.n; i++) {
        const struct hark_map_entry *entry = &rows->map.entries[i];
        if (entry->num <= 0) continue;
        v[n++] = (struct hark_row){entry->key, entry->num};
        if (ret_total) *ret_total += entry->num;
    }
    if (n) qsort(v, n, sizeof *v, most_first);
    *ret = v;
    return n < limit ? n : limit;
}

int hark_read_breakdown(struct hark_store *store, struct hark_arena *arena, struct hark_str brand,
                        struct hark_str intent, enum hark_dimension by, struct hark_range range, size_t limit,
                        const struct hark_row **ret, size_t *ret_n, int64_t *ret_total, struct hark_err *err)
{
    static const enum hark_bucket_kind kinds[] = {HARK_BUCKET_SOURCE, HARK_BUCKET_LANG, HARK_BUCKET_PHRASE};
    struct asks asks = {.arena = arena};
    struct rows rows = {.arena = arena};
    struct hark_bucket_time *days;
    size_t n = ask_days(range, arena, &days);
    for (size_t i = 0; i < n; i++)
        asks_add(&asks, NULL, HARK_STR("HGETALL"), ask_key(store, arena, kinds[by], &days[i], brand, intent, NULL),
                 (struct hark_str){0});
    int rc = asks_run(store, &asks, add_rows, &rows, err);
    *ret_total = 0;
    if (!rc) *ret_n = sort_rows(&rows, limit, ret, ret_total);
    hark_map_done(&rows.map);
    asks_done(&asks);
    return rc;
}

int hark_read_tags(struct hark_store *store, struct hark_arena *arena, struct hark_str brand, struct hark_range range,
                   size_t limit, const struct hark_row **ret, size_t *ret_n, struct hark_err *err)
{
    struct asks asks = {.arena = arena};
    struct rows rows = {.arena = arena};
    struct hark_bucket_time *days;
    size_t n = ask_days(range, arena, &days);
    for (size_t i = 0; i < n; i++)
        asks_add(&asks, NULL, HARK_STR("ZREVRANGE"),
                 ask_key(store, arena, HARK_BUCKET_TAGS, &days[i], brand, (struct hark_str){0}, NULL), HARK_STR("0"),
                 HARK_STR("-1"), HARK_STR("WITHSCORES"), (struct hark_str){0});
    int rc = asks_run(store, &asks, add_rows, &rows, err);
    if (!rc) *ret_n = sort_rows(&rows, limit, ret, NULL);
    hark_map_done(&rows.map);
    asks_done(&asks);
    return rc;
}

// --- authors ---

static int merge(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    (void)instance;
    struct hark_str text = hark_reply_str(reply);
    if (text.ptr && hll_merge(arg, text))
        return hark_err_set(err, HARK_ESERVICE, HARK_STR_FMT " in Redis is no HyperLogLog",
                            HARK_STR_ARG(ask->words[1]));
    return 0;
}

int hark_read_authors(struct hark_store *store, struct hark_arena *arena, struct hark_str brand, struct hark_str intent,
                      struct hark_range range, int64_t *ret, struct hark_err *err)
{
    struct asks asks = {.arena = arena};
    struct hll *hll = HARK_NEW(arena, struct hll);
    struct hark_bucket_time *days;
    size_t n = ask_days(range, arena, &days);
    for (size_t i = 0; i < n; i++)
        asks_add(&asks, NULL, HARK_STR("GET"),
                 ask_key(store, arena, HARK_BUCKET_AUTHORS, &days[i], brand, intent, NULL), (struct hark_str){0});
    int rc = asks_run(store, &asks, merge, hll, err);
    if (!rc) *ret = hll_count(hll);
    asks_done(&asks);
    return rc;
}

// --- sources ---

struct sources {
    struct hark_arena *arena;
    struct hark_map map; // name → struct hark_read_source
    size_t days;
};

static int add_sources(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    struct sources *sources = arg;
    size_t day = *(const size_t *)ask->about;
    (void)instance, (void)err;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        bool fresh;
        struct hark_map_entry *entry = hark_map_put(&sources->map, hark_reply_str(reply->element[i]), &fresh);
        if (fresh) {
            struct hark_read_source *source = HARK_NEW(sources->arena, struct hark_read_source);
            *source = (struct hark_read_source){.name = hark_arena_str(sources->arena, entry->key),
                                                .days = HARK_NEW_N(sources->arena, int64_t, sources->days)};
            entry->key = source->name;
            entry->ptr = source;
        }
        struct hark_read_source *source = entry->ptr;
        int64_t n = ask_number(reply->element[i + 1]);
        source->days[day] += n;
        source->total += n;
    }
    return 0;
}

static int most_source_first(const void *a, const void *b)
{
    const struct hark_read_source *x = a, *y = b;
    if (x->total != y->total) return x->total < y->total ? 1 : -1;
    return hark_str_cmp(x->name, y->name);
}

int hark_read_sources(struct hark_store *store, struct hark_arena *arena, int64_t first_day_ms, size_t ndays,
                      const struct hark_read_source **ret, size_t *ret_n, struct hark_err *err)
{
    struct asks asks = {.arena = arena};
    struct sources sources = {.arena = arena, .days = ndays};
    struct hark_strs brands;
    struct hark_bucket_time *days;
    if (hark_read_brands(store, arena, &brands, err)) return err->code;
    size_t n = ask_days((struct hark_range){first_day_ms, first_day_ms + (int64_t)ndays * DAY_MS}, arena, &days);
    size_t *numbers = HARK_NEW_N(arena, size_t, n);
    for (size_t i = 0; i < n; i++) numbers[i] = i;
    for (size_t b = 0; b < brands.n; b++)
        for (size_t i = 0; i < n; i++)
            asks_add(&asks, &numbers[i], HARK_STR("HGETALL"),
                     ask_key(store, arena, HARK_BUCKET_SOURCE, &days[i], brands.v[b], HARK_STR("mention"), NULL),
                     (struct hark_str){0});
    int rc = asks_run(store, &asks, add_sources, &sources, err);
    struct hark_read_source *v = HARK_NEW_N(arena, struct hark_read_source, sources.map.n);
    for (size_t i = 0; i < sources.map.n; i++) v[i] = *(const struct hark_read_source *)sources.map.entries[i].ptr;
    if (sources.map.n) qsort(v, sources.map.n, sizeof *v, most_source_first);
    *ret = v;
    *ret_n = sources.map.n;
    hark_map_done(&sources.map);
    asks_done(&asks);
    return rc;
}
