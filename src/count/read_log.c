// What is written as it happens: alerts, gaps, positions, and how the instances are.

#include "ask.h"

#include <hark/clock.h>

#include <stdio.h>
#include <stdlib.h>

enum { ID_BYTES = 48 }; // of a stream's entry: two 64-bit numbers and what parts them

static struct hark_str key_of(const struct hark_store *store, struct hark_arena *arena, const char *name)
{
    return hark_arena_printf(arena, HARK_STR_FMT "%s", HARK_STR_ARG(store->prefix), name);
}

// --- stream entries ---

// "1795255200123-0" → its time and number.
static int parse_id(struct hark_str id, int64_t *ret_ms, int64_t *ret_seq)
{
    struct hark_str seq, ms = hark_str_cut(id, '-', &seq);
    return hark_str_int(ms, ret_ms) || hark_str_int(seq, ret_seq) || *ret_ms < 0 || *ret_seq < 0 ? -1 : 0;
}

struct entries {
    struct hark_arena *arena;
    struct hark_entry *v;
    size_t n, cap;
    bool several;
    char (*after)[ID_BYTES]; // of the tail, one an instance; NULL: none
};

static int take_entries(void *arg, const struct ask *ask, size_t instance, const redisReply *reply,
                        struct hark_err *err)
{
    struct entries *entries = arg;
    (void)ask, (void)err;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *entry = reply->element[i];
        int64_t ms, seq;
        if (!hark_reply_is_entry(entry) || parse_id(hark_reply_str(entry->element[0]), &ms, &seq)) continue;
        struct hark_str id = hark_reply_str(entry->element[0]), json = hark_reply_field(entry->element[1], "json");
        if (entries->after) snprintf(entries->after[instance], ID_BYTES, HARK_STR_FMT, HARK_STR_ARG(id));
        if (!json.len) continue;
        entries->v = hark_grow(entries->v, entries->n, &entries->cap, sizeof *entries->v);
        entries->v[entries->n++] = (struct hark_entry){
            .id = entries->several ? hark_arena_printf(entries->arena, HARK_STR_FMT ":%zu", HARK_STR_ARG(id), instance)
                                   : hark_arena_str(entries->arena, id),
            .time_ms = ms,
            .json = hark_arena_str(entries->arena, json)};
    }
    return 0;
}

// By time, number and instance.
static int compare(const struct hark_entry *a, const struct hark_entry *b)
{
    struct hark_str ra, rb, ia = hark_str_cut(a->id, ':', &ra), ib = hark_str_cut(b->id, ':', &rb);
    int64_t ma = 0, mb = 0, sa = 0, sb = 0;
    (void)parse_id(ia, &ma, &sa), (void)parse_id(ib, &mb, &sb);
    if (ma != mb) return ma < mb ? -1 : 1;
    if (sa != sb) return sa < sb ? -1 : 1;
    return hark_str_cmp(ra, rb);
}
static int newest_first(const void *a, const void *b)
{
    return compare(b, a);
}
static int oldest_first(const void *a, const void *b)
{
    return compare(a, b);
}

static void finish(struct entries *entries, int (*order)(const void *, const void *), size_t limit,
                   const struct hark_entry **ret, size_t *ret_n)
{
    if (entries->n) qsort(entries->v, entries->n, sizeof *entries->v, order);
    *ret_n = entries->n < limit ? entries->n : limit;
    *ret = hark_arena_copy(entries->arena, entries->v, *ret_n, sizeof **ret);
}

// --- alerts ---

// Drops what does not come behind the entry that a page ended with.
static void keep_behind(struct entries *entries, struct hark_str before)
{
    const struct hark_entry last = {.id = before};
    size_t n = 0;
    for (size_t i = 0; i < entries->n; i++)
        if (compare(&entries->v[i], &last) < 0) entries->v[n++] = entries->v[i];
    entries->n = n;
}

int hark_read_alerts(struct hark_store *store, struct hark_arena *arena, struct hark_str before, size_t limit,
                     const struct hark_entry **ret, size_t *ret_n, struct hark_err *err)
{
    struct entries entries = {.arena = arena, .several = store->n > 1};
    struct asks asks = {.arena = arena};
    struct hark_str end = HARK_STR("+"), rest;
    int64_t ms, seq;
    if (before.ptr) {
        end = hark_arena_str(arena, hark_str_cut(before, ':', &rest));
        if (parse_id(end, &ms, &seq))
            return hark_err_set(err, HARK_EINPUT, "'" HARK_STR_FMT "' is no place in the list of alerts",
                                HARK_STR_ARG(before));
    }
    // One more than asked for: the entry that the last page ended with comes again.
    asks_add(&asks, NULL, HARK_STR("XREVRANGE"), key_of(store, arena, "alerts"), end, HARK_STR("-"), HARK_STR("COUNT"),
             hark_arena_printf(arena, "%zu", limit + 1), (struct hark_str){0});
    int rc = asks_run(store, &asks, take_entries, &entries, err);
    if (!rc && before.ptr) keep_behind(&entries, before);
    if (!rc) finish(&entries, newest_first, limit, ret, ret_n);
    asks_done(&asks);
    free(entries.v);
    return rc;
}

struct hark_tail {
    char (*after)[ID_BYTES]; // one an instance
    bool *started;
};

struct hark_tail *hark_tail_new(const struct hark_store *store)
{
    struct hark_tail *tail = hark_calloc(1, sizeof *tail);
    tail->after = hark_calloc(store->n, sizeof *tail->after);
    tail->started = hark_calloc(store->n, sizeof *tail->started);
    for (size_t i = 0; i < store->n; i++) snprintf(tail->after[i], ID_BYTES, "0-0");
    return tail;
}

void hark_tail_free(struct hark_tail *tail)
{
    if (!tail) return;
    free(tail->after);
    free(tail->started);
    free(tail);
}

static int start_tail(struct hark_store *store, struct entries *entries, struct hark_tail *tail, size_t instance,
                      struct hark_err *err)
{
    struct asks asks = {.arena = entries->arena};
    asks_add(&asks, NULL, HARK_STR("XREVRANGE"), key_of(store, entries->arena, "alerts"), HARK_STR("+"), HARK_STR("-"),
             HARK_STR("COUNT"), HARK_STR("1"), (struct hark_str){0});
    int rc = asks_run_at(store, instance, &asks, take_entries, entries, err);
    asks_done(&asks);
    entries->n = 0;
    tail->started[instance] = rc == 0;
    return rc;
}

int hark_read_tail(struct hark_store *store, struct hark_arena *arena, struct hark_tail *tail,
                   const struct hark_entry **ret, size_t *ret_n, struct hark_err *err)
{
    struct entries entries = {.arena = arena, .several = store->n > 1, .after = tail->after};
    int rc = 0;
    for (size_t i = 0; !rc && i < store->n; i++) {
        struct entries one = {.arena = arena, .after = tail->after};
        struct asks asks = {.arena = arena};
        if (!tail->started[i]) {
            rc = start_tail(store, &one, tail, i, err);
            free(one.v);
            continue;
        }
        asks_add(&asks, NULL, HARK_STR("XRANGE"), key_of(store, arena, "alerts"),
                 hark_arena_printf(arena, "(%s", tail->after[i]), HARK_STR("+"), HARK_STR("COUNT"),
                 hark_arena_printf(arena, "%d", (int)HARK_READ_MAX_ROWS), (struct hark_str){0});
        rc = asks_run_at(store, i, &asks, take_entries, &entries, err);
        asks_done(&asks);
    }
    if (!rc) finish(&entries, oldest_first, entries.n, ret, ret_n);
    free(entries.v);
    return rc;
}

// --- gaps ---

struct gaps {
    struct hark_arena *arena;
    struct hark_gap *v;
    size_t n, cap;
};

static int take_gaps(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    struct gaps *gaps = arg;
    (void)ask, (void)instance, (void)err;
    for (size_t i = 0; i < reply->elements; i++) {
        struct hark_gap gap;
        if (!hark_reply_is_entry(reply->element[i])) continue;
        const redisReply *fields = reply->element[i]->element[1];
        if (hark_time_parse(hark_reply_field(fields, "from"), &gap.from_ms) ||
            hark_time_parse(hark_reply_field(fields, "to"), &gap.to_ms))
            continue;
        gap.source = hark_arena_str(gaps->arena, hark_reply_field(fields, "source"));
        gap.reason = hark_arena_str(gaps->arena, hark_reply_field(fields, "reason"));
        gaps->v = hark_grow(gaps->v, gaps->n, &gaps->cap, sizeof *gaps->v);
        gaps->v[gaps->n++] = gap;
    }
    return 0;
}

static int latest_gap_first(const void *a, const void *b)
{
    const struct hark_gap *x = a, *y = b;
    return x->from_ms == y->from_ms ? hark_str_cmp(x->source, y->source) : x->from_ms < y->from_ms ? 1 : -1;
}

int hark_read_gaps(struct hark_store *store, struct hark_arena *arena, size_t limit, const struct hark_gap **ret,
                   size_t *ret_n, struct hark_err *err)
{
    struct gaps gaps = {.arena = arena};
    struct asks asks = {.arena = arena};
    asks_add(&asks, NULL, HARK_STR("XREVRANGE"), key_of(store, arena, "gaps"), HARK_STR("+"), HARK_STR("-"),
             HARK_STR("COUNT"), hark_arena_printf(arena, "%zu", limit), (struct hark_str){0});
    int rc = asks_run(store, &asks, take_gaps, &gaps, err);
    if (gaps.n) qsort(gaps.v, gaps.n, sizeof *gaps.v, latest_gap_first);
    *ret_n = gaps.n < limit ? gaps.n : limit;
    *ret = hark_arena_copy(arena, gaps.v, *ret_n, sizeof **ret);
    asks_done(&asks);
    free(gaps.v);
    return rc;
}

// --- positions ---

struct positions {
    struct hark_arena *arena;
    struct hark_read_position *v;
    size_t n, cap;
};

static int take_positions(void *arg, const struct ask *ask, size_t instance, const redisReply *reply,
                          struct hark_err *err)
{
    struct positions *positions = arg;
    (void)instance, (void)err;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        struct hark_str field = hark_reply_str(reply->element[i]);
        if (hark_str_is(field, "incarnation")) continue;
        positions->v = hark_grow(positions->v, positions->n, &positions->cap, sizeof *positions->v);
        positions->v[positions->n++] =
            (struct hark_read_position){*(const struct hark_str *)ask->about, hark_arena_str(positions->arena, field),
                                        hark_arena_str(positions->arena, hark_reply_str(reply->element[i + 1]))};
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct hark_read_position *x = a, *y = b;
    int rc = hark_str_cmp(x->topic, y->topic);
    int64_t m, n;
    if (!rc && !hark_str_int(x->field, &m) && !hark_str_int(y->field, &n) && m != n) return m < n ? -1 : 1;
    return rc ? rc : hark_str_cmp(x->field, y->field);
}

int hark_read_positions(struct hark_store *store, struct hark_arena *arena, struct hark_strs topics,
                        const struct hark_read_position **ret, size_t *ret_n, struct hark_err *err)
{
    struct positions positions = {.arena = arena};
    struct asks asks = {.arena = arena};
    for (size_t i = 0; i < topics.n; i++)
        asks_add(&asks, (void *)&topics.v[i], HARK_STR("HGETALL"),
                 hark_arena_printf(arena, HARK_STR_FMT "pos:" HARK_STR_FMT, HARK_STR_ARG(store->prefix),
                                   HARK_STR_ARG(topics.v[i])),
                 (struct hark_str){0});
    int rc = asks_run(store, &asks, take_positions, &positions, err);
    if (positions.n) qsort(positions.v, positions.n, sizeof *positions.v, by_name);
    *ret_n = positions.n;
    *ret = hark_arena_copy(arena, positions.v, positions.n, sizeof **ret);
    asks_done(&asks);
    free(positions.v);
    return rc;
}

// --- state ---

struct state {
    struct hark_arena *arena;
    struct hark_read_state *ret;
};

static int64_t later(int64_t ms, struct hark_str text)
{
    int64_t other;
    return hark_time_parse(text, &other) == 0 && other > ms ? other : ms;
}

static void take_meta(struct state *state, const redisReply *reply)
{
    if (reply->elements != 4) return;
    struct hark_str ruleset = hark_reply_str(reply->element[0]), started = hark_reply_str(reply->element[1]);
    if (!state->ret->ruleset.ptr) state->ret->ruleset = hark_arena_str(state->arena, ruleset);
    if (!state->ret->started.ptr) state->ret->started = hark_arena_str(state->arena, started);
    state->ret->latest_ms = later(state->ret->latest_ms, hark_reply_str(reply->element[2]));
    state->ret->committed_ms = later(state->ret->committed_ms, hark_reply_str(reply->element[3]));
}

static int take_state(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    struct state *state = arg;
    struct hark_read_instance *inst = &state->ret->instances[instance];
    int64_t n;
    (void)err;
    if (hark_str_is(ask->words[0], "HMGET"))
        take_meta(state, reply);
    else if (hark_str_is(ask->words[0], "DBSIZE"))
        inst->keys = ask_number(reply);
    else if (hark_str_int(hark_store_info(hark_reply_str(reply), "used_memory"), &n) == 0)
        inst->memory_bytes = n;
    return 0;
}

int hark_read_state(struct hark_store *store, struct hark_arena *arena, struct hark_read_state *ret,
                    struct hark_err *err)
{
    struct asks asks = {.arena = arena};
    struct state state = {arena, ret};
    *ret = (struct hark_read_state){.latest_ms = -1, .committed_ms = -1, .ninstances = store->n};
    ret->instances = HARK_NEW_N(arena, struct hark_read_instance, store->n);
    for (size_t i = 0; i < store->n; i++)
        ret->instances[i].url = hark_arena_str(arena, hark_str(store->v[i].redis.url.text));
    asks_add(&asks, NULL, HARK_STR("HMGET"), key_of(store, arena, "meta"), HARK_STR("ruleset"), HARK_STR("started"),
             HARK_STR("latest"), HARK_STR("committed"), (struct hark_str){0});
    asks_add(&asks, NULL, HARK_STR("DBSIZE"), (struct hark_str){0});
    asks_add(&asks, NULL, HARK_STR("INFO"), HARK_STR("memory"), (struct hark_str){0});
    int rc = asks_run(store, &asks, take_state, &state, err);
    asks_done(&asks);
    return rc;
}
