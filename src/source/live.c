#include "live.h"

#include <hark/clock.h>

#include <stdlib.h>

static struct hark_source_item *push(struct hark_live *live, enum hark_item_kind kind)
{
    live->queue = hark_grow(live->queue, live->queued, &live->cap, sizeof *live->queue);
    live->queue[live->queued] = (struct hark_source_item){.kind = kind, .where = hark_str(live->base.name)};
    return &live->queue[live->queued++];
}

void hark_live_note(struct hark_live *live, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    push(live, HARK_ITEM_NOTE)->reason = hark_arena_str(&live->arena, hark_str(text));
}

void hark_live_gap(struct hark_live *live, int64_t from_ms, int64_t to_ms, const char *why)
{
    struct hark_source_item *item = push(live, HARK_ITEM_GAP);
    item->from_ms = from_ms;
    item->to_ms = to_ms;
    item->reason = hark_arena_str(&live->arena, hark_str(why));
}

void hark_live_idle(struct hark_live *live)
{
    struct hark_source_item *item = push(live, HARK_ITEM_IDLE);
    if (live->after.len) item->position = hark_arena_str(&live->arena, hark_buf_str(&live->after));
}

void hark_live_record(struct hark_live *live, struct hark_str text, uint64_t len, struct hark_str event)
{
    struct hark_err why = {0};
    live->raw = text.len > HARK_DEAD_MAX_BYTES ? hark_strn(text.ptr, HARK_DEAD_MAX_BYTES) : text;
    live->raw_len = len;
    if (len > text.len)
        hark_items_dead(&live->items, "longer than 1 MiB");
    else if (!hark_items_read(&live->items, text, event, &why))
        hark_items_dead(&live->items, why.text);
}

void hark_live_reached(struct hark_live *live)
{
    live->reached = true;
}

int hark_live_failed(struct hark_live *live, const struct hark_err *why, int64_t delay_ms, struct hark_err *err)
{
    int64_t now_us = hark_clock_mono_us();
    if (why->code == HARK_ESTOP || !why->retriable) {
        *err = *why;
        return err->code;
    }
    if (delay_ms < 0)
        // What was reached is tried again at once, the first time.
        delay_ms = live->failures || !live->reached ? hark_net_backoff_ms(live->failures, 1000, HARK_LIVE_MOST_MS) : 0;
    if (delay_ms > 0 || live->reached) live->failures++;
    if (!live->reached && now_us + delay_ms * 1000 - live->started_us > HARK_LIVE_FIRST_MS * INT64_C(1000)) {
        *err = *why;
        return err->code;
    }
    live->retry_us = now_us + delay_ms * 1000;
    hark_live_note(live, "%s; trying again in %.1f s", why->text, (double)delay_ms / 1000);
    return 1;
}

long hark_live_read(void *arg, char *to, size_t max, struct hark_err *err)
{
    struct hark_live *live = arg;
    int64_t now_us = hark_clock_mono_us();
    if (!live->step_us) live->step_us = now_us;
    int64_t left_ms = HARK_LIVE_WAIT_MS - (now_us - live->step_us) / 1000;
    if (left_ms <= 0) return HARK_NET_QUIET;
    long n = hark_net_read(live->net, to, max, (int)left_ms, err);
    return n ? n : hark_err_retry(err, HARK_ESERVICE, "%s: the server ended the stream", live->base.name);
}

int64_t hark_live_status(struct hark_live *live, const struct hark_net *net, const char *url, const char *variable,
                         struct hark_err *why)
{
    enum { LIMITED_MS = 60000 }; // where a server limits and does not say for how long
    long status = hark_net_status(net);
    int64_t retry_ms = hark_net_retry_ms(net);
    int shown = (int)strcspn(url, "?");
    if (variable && (status == 401 || status == 403))
        hark_err_set(why, HARK_EINPUT, "%.*s: status %ld: %s is not set, is wrong or has expired", shown, url, status,
                     variable);
    else if (status == 429)
        hark_err_retry(why, HARK_ESERVICE, "%.*s: status 429: asked too often", shown, url);
    else if (status >= 500 || status == 408 || status == 425)
        hark_err_retry(why, HARK_ESERVICE, "%.*s: status %ld", shown, url, status);
    else if (status >= 300 && status < 400)
        hark_err_set(why, HARK_EINPUT, "%.*s: status %ld: it is now at " HARK_STR_FMT, shown, url, status,
                     HARK_STR_ARG(hark_net_header(net, "Location")));
    else
        hark_err_set(why, HARK_EINPUT, "%.*s: status %ld: the server does not give this", shown, url, status);
    if (status == 429) hark_live_reached(live); // it is there, and must not be asked before the time
    if (status == 429) return retry_ms > 0 ? retry_ms : LIMITED_MS;
    return retry_ms > 0 ? retry_ms : -1;
}

bool hark_live_is(const struct hark_net *net, const char *url, const char *type, struct hark_err *why)
{
    struct hark_str has = hark_net_header(net, "Content-Type"),
                    kind = hark_str_trim(hark_str_cut(has, ';', &(struct hark_str){0}));
    if (hark_str_ieq(kind, hark_str(type))) return true;
    hark_err_retry(why, HARK_ESERVICE, "%.*s: the answer is \"" HARK_STR_FMT "\", not %s", (int)strcspn(url, "?"), url,
                   HARK_STR_ARG(has), type);
    return false;
}

bool hark_live_due(struct hark_live *live)
{
    int64_t now_us = hark_clock_mono_us(), left_ms = (live->retry_us - now_us + 999) / 1000;
    if (!live->started_us) live->started_us = now_us;
    if (left_ms <= 0) return true;
    if (hark_wake_wait(&live->wake, -1, left_ms < HARK_LIVE_WAIT_MS ? (int)left_ms : HARK_LIVE_WAIT_MS))
        hark_live_idle(live);
    return false;
}

static bool take_queued(struct hark_live *live, struct hark_source_item *item)
{
    if (live->taken == live->queued) {
        live->taken = live->queued = 0;
        hark_arena_reset(&live->arena);
        return false;
    }
    *item = live->queue[live->taken++];
    return true;
}

static bool take_item(struct hark_live *live, struct hark_source_item *item)
{
    struct hark_items *items = &live->items;
    if (items->at == items->n) return false;
    *item = items->v[items->at++];
    if (item->kind == HARK_ITEM_POST) atomic_store_explicit(&live->at_ms, item->post->time_ms, memory_order_relaxed);
    if (item->kind == HARK_ITEM_DEAD) {
        item->raw = live->raw;
        item->raw_len = live->raw_len;
    }
    item->where = live->where.len ? hark_buf_str(&live->where) : hark_str(live->base.name);
    const struct hark_buf *position = items->at == items->n ? &live->after : &live->before;
    if (position->len) item->position = hark_buf_str(position);
    return true;
}

static int live_next(struct hark_source *base, struct hark_source_item *item, struct hark_err *err)
{
    struct hark_live *live = (struct hark_live *)base;
    for (;;) {
        if (atomic_load_explicit(&live->wake.stopped, memory_order_relaxed)) return 0;
        if (take_queued(live, item) || take_item(live, item)) return 1; // a gap comes before what moves the position on
        live->step_us = 0;
        int rc = live->step(live, err);
        if (rc == HARK_ESTOP) *err = (struct hark_err){0};
        if (rc <= 0) return rc == HARK_ESTOP ? 0 : rc;
    }
}

static void live_stop(struct hark_source *base)
{
    hark_wake_stop(&((struct hark_live *)base)->wake);
}

static void live_progress(const struct hark_source *base, struct hark_source_progress *ret)
{
    const struct hark_live *live = (const struct hark_live *)base;
    *ret = (struct hark_source_progress){.at_ms = atomic_load_explicit(&live->at_ms, memory_order_relaxed)};
}

static void live_free(struct hark_source *base)
{
    struct hark_live *live = (struct hark_live *)base;
    if (live->done) live->done(live);
    hark_net_free(live->net);
    hark_items_done(&live->items);
    hark_wake_done(&live->wake);
    hark_buf_done(&live->where);
    hark_buf_done(&live->before);
    hark_buf_done(&live->after);
    hark_arena_done(&live->arena);
    free(live->queue);
    free(live);
}

static void live_safe(struct hark_source *base, struct hark_str position)
{
    struct hark_live *live = (struct hark_live *)base;
    if (live->safe) live->safe(live, position);
}

const struct hark_source_ops hark_live_ops = {live_next, live_stop, live_progress, live_free, .safe = live_safe};

bool hark_live_init(struct hark_live *live, const struct hark_format *format, const struct hark_source_options *options,
                    struct hark_err *err)
{
    live->base.ops = &hark_live_ops;
    live->wake.fd = -1;
    live->stale_ms = options->stale_ms;
    hark_items_init(&live->items, format);
    if (hark_wake_init(&live->wake, err) < 0) return false;
    live->net = hark_net_new(&live->wake, options->ca_file);
    return true;
}
