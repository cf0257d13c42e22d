#include "polled.h"

#include <hark/clock.h>

enum {
    STALE_MS = 30000,
    PAGE_BYTES = 16 << 20,
};

bool hark_poll_init(struct hark_poll *poll, int64_t every_ms, const struct hark_source_options *options,
                    struct hark_err *err)
{
    poll->every_ms = options->poll_ms ? options->poll_ms : every_ms;
    return hark_live_init(&poll->live, NULL, options, err);
}

void hark_poll_done(struct hark_poll *poll)
{
    hark_seen_done(&poll->seen);
    hark_buf_done(&poll->body);
}

int hark_poll_get(struct hark_poll *poll, const struct hark_net_request *request, struct hark_err *why)
{
    struct hark_live *live = &poll->live;
    struct hark_net_request mine = *request;
    mine.stale_ms = live->stale_ms ? live->stale_ms : STALE_MS;
    hark_items_clear(&live->items);
    if (hark_net_open(live->net, &mine, why) < 0) return why->code;
    bool good = hark_net_status(live->net) == 200;
    if (good && !hark_live_is(live->net, mine.url, "application/json", why)) return why->code;
    if (hark_net_body(live->net, PAGE_BYTES, &poll->body, why) < 0) return why->code;
    live->items.root = json_loadb(poll->body.ptr ? poll->body.ptr : "", poll->body.len, JSON_ALLOW_NUL, NULL);
    if (good && !live->items.root)
        return hark_err_retry(why, HARK_ESERVICE, "%.*s: the answer is no JSON", (int)strcspn(mine.url, "?"), mine.url);
    return 0;
}

void hark_poll_escape(struct hark_buf *url, struct hark_str text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
    for (size_t i = 0; i < text.len; i++)
        if (memchr(plain, text.ptr[i], sizeof plain - 1))
            hark_buf_char(url, text.ptr[i]);
        else
            hark_buf_printf(url, "%%%02X", (unsigned)(unsigned char)text.ptr[i]);
}

void hark_poll_pause(struct hark_poll *poll)
{
    poll->live.retry_us = hark_clock_mono_us() + poll->every_ms * 1000;
}

// --- items ---

static uint64_t identity_of(const struct hark_post *post)
{
    struct hark_buf buf = {0};
    hark_buf_printf(&buf, HARK_STR_FMT "\n%d\n", HARK_STR_ARG(post->id), post->op == HARK_OP_DELETE);
    if (post->op != HARK_OP_DELETE) hark_buf_str_add(&buf, post->text);
    uint64_t hash = hark_str_hash(hark_buf_str(&buf));
    hark_buf_done(&buf);
    return hash;
}

void hark_poll_add(struct hark_poll *poll, struct hark_post *post)
{
    if (!hark_seen_before(&poll->seen, identity_of(post))) hark_items_add(&poll->live.items, post);
}

static void set_raw(struct hark_poll *poll)
{
    struct hark_live *live = &poll->live;
    live->raw = hark_buf_str(&poll->body);
    live->raw_len = live->raw.len;
    if (live->raw.len > HARK_DEAD_MAX_BYTES) live->raw.len = HARK_DEAD_MAX_BYTES;
}

void hark_poll_dead(struct hark_poll *poll, const char *reason)
{
    hark_poll_begin(poll);
    hark_items_dead(&poll->live.items, reason);
    hark_poll_pause(poll);
}

void hark_poll_begin(struct hark_poll *poll)
{
    struct hark_live *live = &poll->live;
    set_raw(poll);
    hark_live_reached(live);
    live->failures = 0;
    hark_buf_clear(&live->before);
    hark_buf_str_add(&live->before, hark_buf_str(&live->after));
}

void hark_poll_end(struct hark_poll *poll, const char *position, ...)
{
    struct hark_live *live = &poll->live;
    char text[160]; // some numbers
    va_list args;
    va_start(args, position);
    vsnprintf(text, sizeof text, position, args);
    va_end(args);
    hark_buf_clear(&live->after);
    hark_buf_str_add(&live->after, hark_str(text));
    if (live->items.n == 0) hark_live_idle(live);
}

bool hark_poll_numbers(struct hark_str position, int64_t *ret, size_t n, const char *of, struct hark_err *err)
{
    struct hark_str rest, kind = hark_str_cut(position, ' ', &rest);
    bool good = hark_str_is(kind, "1");
    for (size_t i = 0; good && i < n; i++) {
        good = rest.ptr && hark_str_int(hark_str_cut(rest, ' ', &rest), &ret[i]) == 0 && ret[i] >= 0;
    }
    if (good && !rest.ptr) return true;
    return hark_err_set(err, HARK_EINPUT, "not a position on %s: \"" HARK_STR_FMT "\"", of, HARK_STR_ARG(position)) ==
           0;
}

// --- walks ---

void hark_walk_saw(struct hark_walk *walk, int64_t ms)
{
    int64_t now_ms = hark_clock_ms();
    if (ms <= 0) return;
    if (ms > now_ms) ms = now_ms;
    walk->things++;
    if (ms > walk->latest_ms) walk->latest_ms = ms;
    if (!walk->oldest_ms || ms < walk->oldest_ms) walk->oldest_ms = ms;
    if (ms <= walk->known_ms) walk->met = true;
    if (ms <= walk->known_ms - walk->back_ms) walk->reached = true;
}

bool hark_walk_goes_on(struct hark_walk *walk, struct hark_str next)
{
    walk->pages++;
    hark_buf_clear(&walk->next);
    // The first time what is there on the first page is where we begin.
    if (!walk->known_ms || walk->reached || !next.len) return false;
    hark_buf_str_add(&walk->next, next);
    return true;
}

void hark_walk_restart(struct hark_walk *walk)
{
    walk->latest_ms = walk->oldest_ms = 0;
    walk->things = walk->pages = 0;
    walk->met = walk->reached = false;
    hark_buf_clear(&walk->next);
}

void hark_walk_end(struct hark_walk *walk, struct hark_poll *poll, const char *gap)
{
    if (walk->known_ms && !walk->met && gap)
        hark_live_gap(&poll->live, walk->known_ms, walk->oldest_ms ? walk->oldest_ms : hark_clock_ms(), gap);
    if (walk->latest_ms > walk->known_ms) walk->known_ms = walk->latest_ms;
    if (!walk->known_ms) walk->known_ms = hark_clock_ms(); // an empty list
    hark_walk_restart(walk);
}

void hark_walk_done(struct hark_walk *walk)
{
    hark_buf_done(&walk->next);
}
