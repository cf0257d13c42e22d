// Live updates: one thread asks Redis what changed and writes it into a ring of events, which all clients read at their
// own pace. One who falls behind by the whole ring is let go and connects again.
//
//   counts  brands whose all-time totals changed, with these totals; one that fell to 0 is told once
//   alert   an alert as it was sent
//   state   whether Redis answers, when anything was last counted; at a change and every few seconds as a sign of life

#include "http.h"

#include <hark/clock.h>
#include <hark/map.h>
#include <hark/metrics.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    RING = 256,
    MAX_CLIENTS = 5000,
    TICK_MS = 500,
    STATE_MS = 5000, // a sign of life: clients take twice as long a silence for a lost connection
    SHARE = 10,      // asking takes at most a tenth of the time, however many brands there are
};

struct noted {
    struct hark_str rule; // brand, '/', intent
    struct hark_total total;
    unsigned round; // in which it was there
};

struct live {
    struct hark_http *http;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool ending, closed;
    struct live_client *clients;
    size_t nclients;
    struct hark_str ring[RING]; // event n is at n % RING
    uint64_t head;              // the next event to be written
    struct hark_buf state;      // the latest, for who comes
    // of the thread alone
    struct hark_store *store;
    struct hark_tail *tail;
    struct hark_arena keep; // names of brands and intents
    struct hark_map totals; // brand, '/', intent → struct noted
    unsigned round;         // of reading them
    bool known;             // totals were read once
    int64_t stated_us, committed_ms;
    bool up;
};

static const struct hark_metric listeners = {"hark_live_listeners", "Clients of the event stream.", HARK_GAUGE, NULL};
static const struct hark_metric redis_up = {"hark_redis_up", "1 where Redis answers, all instances.", HARK_GAUGE, NULL};
static const struct hark_metric latest_post = {"hark_latest_post_timestamp_seconds",
                                               "Time of the newest post that was counted.", HARK_GAUGE, NULL};
static const struct hark_metric last_commit = {
    "hark_committed_timestamp_seconds", "When anything was last taken from the input and counted.", HARK_GAUGE, NULL};
static const struct hark_metric counted = {"hark_counted_posts", "Posts counted, all time, by brand/intent.",
                                           HARK_GAUGE, "rule"};

// --- clients ---

size_t live_clients(const struct live *live)
{
    return __atomic_load_n(&live->nclients, __ATOMIC_RELAXED);
}

bool live_join(struct live *live, struct live_client *client)
{
    pthread_mutex_lock(&live->lock);
    bool room = !live->closed && live->nclients < MAX_CLIENTS;
    if (room) {
        client->live = live;
        client->next = live->head;
        client->after = live->clients;
        if (live->clients) live->clients->before = client;
        live->clients = client;
        __atomic_store_n(&live->nclients, live->nclients + 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&live->lock);
    return room;
}

void live_leave(struct live_client *client)
{
    struct live *live = client->live;
    pthread_mutex_lock(&live->lock);
    if (client->before)
        client->before->after = client->after;
    else
        live->clients = client->after;
    if (client->after) client->after->before = client->before;
    __atomic_store_n(&live->nclients, live->nclients - 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&live->lock);
}

static void wake_all(struct live *live)
{
    for (struct live_client *client = live->clients; client; client = client->after) {
        if (!client->asleep) continue;
        client->asleep = false;
        client->wake(client->arg);
    }
}

static size_t copy(struct live_client *client, struct hark_str text, char *buf, size_t max, bool *ret_all)
{
    size_t n = text.len - client->offset < max ? text.len - client->offset : max;
    memcpy(buf, text.ptr + client->offset, n);
    client->offset += n;
    *ret_all = client->offset == text.len;
    if (*ret_all) client->offset = 0;
    return n;
}

// What a client gets at first must not change while it is being read in pieces: it is at most one piece.
static const char greeting[] = "retry: 2000\n\n";

static ssize_t read_event(struct live_client *client, char *buf, size_t max, void (*sleep)(void *arg))
{
    struct live *live = client->live;
    bool all;
    if (live->closed || live->head - client->next > RING) return -1;
    if (!client->greeted) {
        size_t n = sizeof greeting - 1;
        if (max < n + live->state.len) return -1;
        memcpy(buf, greeting, n);
        if (live->state.len) memcpy(buf + n, live->state.ptr, live->state.len);
        client->greeted = true;
        return (ssize_t)(n + live->state.len);
    }
    if (client->next == live->head) {
        client->asleep = true;
        sleep(client->arg);
        return 0;
    }
    size_t n = copy(client, live->ring[client->next % RING], buf, max, &all);
    client->next += all;
    return (ssize_t)n;
}

ssize_t live_read(struct live_client *client, char *buf, size_t max, void (*sleep)(void *arg))
{
    pthread_mutex_lock(&client->live->lock);
    ssize_t n = read_event(client, buf, max, sleep);
    pthread_mutex_unlock(&client->live->lock);
    return n;
}

void live_close(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    live->closed = true;
    wake_all(live);
    pthread_mutex_unlock(&live->lock);
}

// --- events ---

static void publish(struct live *live, const char *name, struct hark_str json)
{
    struct hark_buf text = {0};
    hark_buf_printf(&text, "event: %s\ndata: ", name);
    hark_buf_str_add(&text, json); // one line: JSON as hark writes it has no line ends
    hark_buf_add(&text, "\n\n", 2);
    pthread_mutex_lock(&live->lock);
    struct hark_str *place = &live->ring[live->head % RING];
    free((char *)place->ptr);
    *place = hark_buf_str(&text);
    live->head++;
    wake_all(live);
    pthread_mutex_unlock(&live->lock);
}

static void key_time(struct hark_json *json, const char *key, int64_t ms)
{
    char text[HARK_TIME_STR_BYTES];
    hark_time_str(ms < 0 ? 0 : ms, text);
    hark_json_kv(json, key, ms < 0 ? (struct hark_str){0} : hark_str(text));
}

static void publish_state(struct live *live, const struct hark_read_state *state)
{
    struct hark_buf body = {0}, text = {0};
    struct hark_json json = hark_json_to(&body);
    hark_json_open(&json, '{');
    key_time(&json, "time", hark_clock_ms());
    hark_json_kb(&json, "redis", live->up);
    if (live->up) {
        key_time(&json, "latest", state->latest_ms);
        key_time(&json, "committed", state->committed_ms);
        hark_json_kv(&json, "ruleset", state->ruleset);
    }
    hark_json_close(&json, '}');
    publish(live, "state", hark_buf_str(&body));
    hark_buf_printf(&text, "event: state\ndata: " HARK_STR_FMT "\n\n", HARK_STR_ARG(hark_buf_str(&body)));
    pthread_mutex_lock(&live->lock);
    struct hark_buf old = live->state;
    live->state = text;
    pthread_mutex_unlock(&live->lock);
    hark_buf_done(&old);
    hark_buf_done(&body);
    live->stated_us = hark_clock_mono_us();
}

static struct noted *find_noted(struct live *live, const struct hark_total *total)
{
    struct hark_buf key = {0};
    bool fresh;
    hark_buf_printf(&key, HARK_STR_FMT "/" HARK_STR_FMT, HARK_STR_ARG(total->brand), HARK_STR_ARG(total->intent));
    struct hark_map_entry *entry = hark_map_put(&live->totals, hark_buf_str(&key), &fresh);
    if (fresh) {
        struct noted *noted = HARK_NEW(&live->keep, struct noted);
        noted->rule = entry->key = hark_arena_str(&live->keep, entry->key);
        noted->total.brand = hark_strn(noted->rule.ptr, total->brand.len);
        noted->total.intent = hark_strn(noted->rule.ptr + total->brand.len + 1, total->intent.len);
        entry->ptr = noted;
    }
    hark_buf_done(&key);
    return entry->ptr;
}

// Notes a total; true where it is another than before.
static bool note_total(struct live *live, const struct hark_total *total)
{
    struct noted *noted = find_noted(live, total);
    bool changed = noted->total.n != total->n;
    noted->total.n = total->n;
    if (changed) hark_metric_set(&counted, noted->rule, (double)total->n);
    return changed;
}

static int by_brand(const void *a, const void *b)
{
    const struct hark_total *x = a, *y = b;
    int rc = hark_str_cmp(x->brand, y->brand);
    return rc ? rc : hark_str_cmp(x->intent, y->intent);
}

// Redis has no rows at 0: a total that fell to 0 is missing from what was read. Those are put in.
static const struct hark_total *with_zeros(struct live *live, struct hark_arena *arena, const struct hark_total *totals,
                                           size_t *n)
{
    struct hark_total *all = HARK_NEW_N(arena, struct hark_total, *n + live->totals.n);
    size_t nall = 0;
    live->round++;
    for (size_t i = 0; i < *n; i++) {
        find_noted(live, &totals[i])->round = live->round;
        all[nall++] = totals[i];
    }
    for (size_t i = 0; i < live->totals.n; i++) {
        const struct noted *noted = live->totals.entries[i].ptr;
        if (noted->total.n == 0 || noted->round == live->round) continue;
        all[nall] = noted->total;
        all[nall++].n = 0;
    }
    if (nall > *n) qsort(all, nall, sizeof *all, by_brand);
    *n = nall;
    return all;
}

static void write_brand(struct hark_json *json, const struct hark_total *totals, size_t n)
{
    hark_json_key_str(json, totals->brand);
    hark_json_open(json, '{');
    for (size_t i = 0; i < n; i++) {
        hark_json_key_str(json, totals[i].intent);
        hark_json_int(json, totals[i].n);
    }
    hark_json_close(json, '}');
}

static void publish_counts(struct live *live, const struct hark_total *totals, size_t n)
{
    struct hark_buf body = {0};
    struct hark_json json = hark_json_to(&body);
    bool any = false;
    hark_json_open(&json, '{');
    hark_json_key(&json, "brands");
    hark_json_open(&json, '{');
    for (size_t i = 0, end; i < n; i = end) {
        bool changed = false;
        for (end = i; end < n && hark_str_eq(totals[end].brand, totals[i].brand); end++)
            changed |= note_total(live, &totals[end]);
        if (changed) write_brand(&json, totals + i, end - i);
        any |= changed;
    }
    hark_json_close(&json, '}');
    hark_json_close(&json, '}');
    if (any && live->known) publish(live, "counts", hark_buf_str(&body));
    live->known = true;
    hark_buf_done(&body);
}

// `due`: also where no commit is seen, for two of them may have the same millisecond.
static int ask(struct live *live, bool due, struct hark_arena *arena, struct hark_read_state *state,
               struct hark_err *err)
{
    const struct hark_total *totals;
    const struct hark_entry *alerts;
    size_t ntotals, nalerts;
    if (hark_read_state(live->store, arena, state, err)) return err->code;
    if (state->committed_ms != live->committed_ms || !live->known || due) {
        if (hark_read_totals(live->store, arena, &totals, &ntotals, err) ||
            hark_read_tail(live->store, arena, live->tail, &alerts, &nalerts, err))
            return err->code;
        totals = with_zeros(live, arena, totals, &ntotals);
        publish_counts(live, totals, ntotals);
        for (size_t i = 0; i < nalerts; i++) publish(live, "alert", alerts[i].json);
        live->committed_ms = state->committed_ms;
    }
    return 0;
}

static void measure(struct live *live, const struct hark_read_state *state)
{
    const struct hark_str none = {0};
    hark_metric_set(&redis_up, none, live->up);
    hark_metric_set(&listeners, none, (double)live_clients(live));
    if (state->latest_ms >= 0) hark_metric_set(&latest_post, none, (double)state->latest_ms / 1000);
    if (state->committed_ms >= 0) hark_metric_set(&last_commit, none, (double)state->committed_ms / 1000);
}

static void tick(struct live *live)
{
    struct hark_arena arena = {0};
    struct hark_err err = {0};
    struct hark_read_state state = {.latest_ms = -1, .committed_ms = -1};
    int64_t before_ms = live->committed_ms;
    bool was = live->up;
    bool due = hark_clock_mono_us() - live->stated_us > (int64_t)STATE_MS * 1000;
    live->up = ask(live, due, &arena, &state, &err) == 0;
    atomic_store(&live->http->redis_up, live->up);
    if (live->up != was || live->committed_ms != before_ms || due) publish_state(live, &state);
    measure(live, &state);
    hark_arena_done(&arena);
}

// Waits; false: the end.
static bool rest(struct live *live, int64_t ms)
{
    struct timespec until = hark_clock_deadline(CLOCK_MONOTONIC, ms);
    pthread_mutex_lock(&live->lock);
    while (!live->ending && pthread_cond_timedwait(&live->ended, &live->lock, &until) != ETIMEDOUT) continue;
    bool ending = live->ending;
    pthread_mutex_unlock(&live->lock);
    return !ending;
}

static void *run(void *arg)
{
    struct live *live = arg;
    int64_t pause_ms = 0;
    while (rest(live, pause_ms)) {
        int64_t started_us = hark_clock_mono_us();
        tick(live);
        int64_t took_ms = (hark_clock_mono_us() - started_us) / 1000;
        pause_ms = took_ms * SHARE > TICK_MS ? took_ms * SHARE : TICK_MS;
        if (pause_ms > STATE_MS) pause_ms = STATE_MS;
    }
    return NULL;
}

// --- start and end ---

struct live *live_start(struct hark_http *http, struct hark_err *err)
{
    struct live *live = hark_calloc(1, sizeof *live);
    pthread_condattr_t attr;
    live->http = http;
    live->committed_ms = -1;
    live->store = hark_store_open(&http->options.store, err);
    if (!live->store) {
        free(live);
        return NULL;
    }
    live->tail = hark_tail_new(live->store);
    pthread_mutex_init(&live->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&live->ended, &attr);
    pthread_condattr_destroy(&attr);
    tick(live);
    if (pthread_create(&live->thread, NULL, run, live)) {
        hark_err_set(err, HARK_EBUG, "no thread can be started");
        live->ending = true;
        live_stop(live);
        return NULL;
    }
    return live;
}

void live_stop(struct live *live)
{
    if (!live) return;
    pthread_mutex_lock(&live->lock);
    bool running = !live->ending;
    live->ending = true;
    pthread_cond_signal(&live->ended);
    pthread_mutex_unlock(&live->lock);
    if (running) pthread_join(live->thread, NULL);
    for (size_t i = 0; i < RING; i++) free((char *)live->ring[i].ptr);
    hark_buf_done(&live->state);
    hark_tail_free(live->tail);
    hark_store_close(live->store);
    hark_map_done(&live->totals);
    hark_arena_done(&live->keep);
    pthread_cond_destroy(&live->ended);
    pthread_mutex_destroy(&live->lock);
    free(live);
}
