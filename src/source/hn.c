// Hacker News through its public API: items have numbers that go up by one, so that the walk from the latest that is
// known to `maxitem` misses none, however long it was away.
//
// An item that was just made may be null for a moment: it is asked for again, and passed over after a minute.
//
// A position is "1 ID" of the latest item.
#include "json_get.h"
#include "live.h"

#include <hark/clock.h>
#include <hark/text.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    POLL_MS = 5000, // some twenty items come a minute
    STALE_MS = 30000,
    ITEM_BYTES = 4 << 20, // a story lists all its answers
    MOST_NULL = 12,       // times POLL_MS: a minute
};

struct hn {
    struct hark_live live;
    char *origin;
    int64_t last, max; // of items; last 0: begins at max
    unsigned nulls;    // in a row, of one item
    int64_t poll_ms;
    struct hark_buf body;
};

// A GET below /v0/ into items->root: 0, or negative with when to try again.
static int get(struct hn *src, const char *path, int64_t *ret_delay_ms, struct hark_err *why)
{
    struct hark_items *items = &src->live.items;
    struct hark_net *net = src->live.net;
    struct hark_buf url = {0};
    hark_buf_printf(&url, "%s/v0/%s", src->origin, path);
    const struct hark_net_request request = {.url = hark_buf_cstr(&url), .stale_ms = STALE_MS};
    *ret_delay_ms = -1;
    hark_items_clear(items);
    if (hark_net_open(net, &request, why) == 0) {
        if (hark_net_status(net) != 200)
            *ret_delay_ms = hark_live_status(&src->live, net, url.ptr, NULL, why);
        else if (hark_live_is(net, url.ptr, "application/json", why))
            (void)!hark_net_body(net, ITEM_BYTES, &src->body, why);
    }
    if (!why->code) {
        items->root = json_loadb(src->body.ptr, src->body.len, JSON_DECODE_ANY, NULL);
        if (!items->root) hark_err_retry(why, HARK_ESERVICE, "%s: the answer is no JSON", url.ptr);
    }
    hark_buf_done(&url);
    return why->code;
}

static struct hark_str text_of(const json_t *item, struct hark_arena *arena)
{
    struct hark_buf buf = {0};
    struct hark_str title = hark_get_str(item, "title", arena), html = hark_get_str(item, "text", arena);
    if (title.ptr) hark_text_from_html(title, &buf);
    if (title.len && html.len) hark_buf_str_add(&buf, HARK_STR("\n\n"));
    if (html.ptr) hark_text_from_html(html, &buf);
    struct hark_str text = hark_arena_str(arena, hark_buf_str(&buf));
    hark_buf_done(&buf);
    return text;
}

static struct hark_str hn_id(const json_t *item, const char *key, struct hark_arena *arena)
{
    struct hark_str id = hark_get_id(item, key, arena);
    return id.len ? hark_arena_printf(arena, "hn:" HARK_STR_FMT, HARK_STR_ARG(id)) : HARK_STR("");
}

static void take_item(struct hn *src)
{
    struct hark_items *items = &src->live.items;
    struct hark_arena *arena = &items->arena;
    const json_t *item = items->root;
    struct hark_post post;
    static const char *const gone[] = {"deleted", "dead"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        if (!hark_get_true(item, gone[i])) continue;
        hark_items_refuse(items, gone[i]);
        return;
    }
    hark_post_init(&post);
    post.source = HARK_STR("hn");
    post.id = hn_id(item, "id", arena);
    int64_t seconds = hark_get_number(item, "time");
    post.time_ms = seconds >= 0 && seconds < INT64_C(253402300800) ? seconds * 1000 : -1;
    post.text = text_of(item, arena);
    post.url = hark_arena_printf(arena, "https://news.ycombinator.com/item?id=%lld", (long long)src->last + 1);
    post.author.id = post.author.handle = hark_get_str(item, "by", arena);
    post.reply_to = hn_id(item, "parent", arena);
    post.repost_of = post.quote_of = HARK_STR("");
    post.engagement.likes = hark_get_number(item, "score");
    post.engagement.replies = hark_get_number(item, "descendants");
    struct hark_str link = hark_get_str(item, "url", arena);
    if (link.len) post.links = (struct hark_strs){hark_arena_copy(arena, &link, 1, sizeof link), 1};
    hark_items_add(items, &post);
}

static void write_position(struct hn *src)
{
    struct hark_live *live = &src->live;
    hark_buf_clear(&live->before);
    hark_buf_str_add(&live->before, hark_buf_str(&live->after));
    hark_buf_clear(&live->after);
    hark_buf_printf(&live->after, "1 %lld", (long long)src->last);
}

static void pause_for(struct hn *src, int64_t ms)
{
    src->live.retry_us = hark_clock_mono_us() + ms * 1000;
}

// 1, or negative where it is final.
static int look_for_more(struct hn *src, struct hark_err *err)
{
    struct hark_err why = {0};
    int64_t delay_ms;
    if (get(src, "maxitem.json", &delay_ms, &why)) return hark_live_failed(&src->live, &why, delay_ms, err);
    hark_live_reached(&src->live);
    src->max = json_integer_value(src->live.items.root);
    if (!src->last && src->max > 0) {
        src->last = src->max;
        write_position(src);
    }
    src->live.failures = 0;
    if (src->max <= src->last) pause_for(src, src->poll_ms);
    return 1;
}

static int walk(struct hn *src, struct hark_err *err)
{
    struct hark_live *live = &src->live;
    struct hark_err why = {0};
    int64_t delay_ms;
    char path[64];
    snprintf(path, sizeof path, "item/%lld.json", (long long)src->last + 1);
    if (get(src, path, &delay_ms, &why)) return hark_live_failed(live, &why, delay_ms, err);
    live->failures = 0;
    bool none = !json_is_object(live->items.root);
    if (none && ++src->nulls < MOST_NULL) {
        pause_for(src, POLL_MS);
        return 1;
    }
    live->raw = hark_buf_str(&src->body);
    live->raw_len = live->raw.len;
    if (live->raw.len > HARK_DEAD_MAX_BYTES) live->raw.len = HARK_DEAD_MAX_BYTES;
    if (none)
        hark_items_refuse(&live->items, "null");
    else
        take_item(src);
    src->nulls = 0;
    src->last++;
    write_position(src);
    return 1;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct hn *src = (struct hn *)live;
    if (!hark_live_due(live)) return 1;
    return src->last < src->max ? walk(src, err) : look_for_more(src, err);
}

static void done(struct hark_live *live)
{
    struct hn *src = (struct hn *)live;
    free(src->origin);
    hark_buf_done(&src->body);
}

static bool parse_position(struct hn *src, struct hark_str position, struct hark_err *err)
{
    struct hark_str rest, kind = hark_str_cut(position, ' ', &rest);
    if (hark_str_is(kind, "1") && rest.ptr && hark_str_int(rest, &src->last) == 0 && src->last > 0) return true;
    return hark_err_set(err, HARK_EINPUT, "not a position on Hacker News: \"" HARK_STR_FMT "\"",
                        HARK_STR_ARG(position)) == 0;
}

static struct hark_source *hn_open(struct hark_str argument, const struct hark_source_options *options,
                                   struct hark_err *err)
{
    struct hn *src = hark_calloc(1, sizeof *src);
    struct hark_buf name = {0};
    char *url = hark_str_dup(argument.len ? argument : HARK_STR("https://hacker-news.firebaseio.com"));
    src->live.step = step;
    src->poll_ms = options->poll_ms ? options->poll_ms : POLL_MS;
    src->live.done = done;
    hark_buf_printf(&name, "hn:" HARK_STR_FMT, HARK_STR_ARG(argument));
    src->live.base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    bool good = hark_live_init(&src->live, NULL, options, err) && hark_net_check(url, "https http", err) == 0 &&
                (!options->resume.len || parse_position(src, options->resume, err));
    if (good) src->origin = hark_str_dup(hark_net_origin(url));
    free(url);
    if (good) return &src->live.base;
    hark_source_free(&src->live.base);
    return NULL;
}

extern const struct hark_source_kind hark_source_hn;
const struct hark_source_kind hark_source_hn = {
    .name = "hn",
    .argument = "[https://HOST]",
    .about = "stories and comments on Hacker News",
    .terms = "the API is public and without a limit for now; what is deleted or dead there is refused",
    .open = hn_open,
};
