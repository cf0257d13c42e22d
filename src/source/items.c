#include "items.h"

#include "json_shape.h"
#include "json_tree.h"

#include <hark/text.h>

#include <stdlib.h>

extern const struct hark_format hark_format_hark, hark_format_jetstream, hark_format_mastodon, hark_format_x,
    hark_format_reddit, hark_format_x_compliance, hark_format_nostr;

const struct hark_format *const hark_formats[] = {
    &hark_format_hark,   &hark_format_jetstream,    &hark_format_mastodon, &hark_format_x,
    &hark_format_reddit, &hark_format_x_compliance, &hark_format_nostr,    NULL,
};

const struct hark_format *hark_format_find(struct hark_str name, struct hark_err *err)
{
    struct hark_buf known = {0};
    for (size_t i = 0; hark_formats[i]; i++) {
        if (hark_str_is(name, hark_formats[i]->name)) {
            hark_buf_done(&known);
            return hark_formats[i];
        }
        hark_buf_printf(&known, "%s%s", i ? ", " : "", hark_formats[i]->name);
    }
    hark_err_set(err, HARK_EINPUT, "unknown format \"" HARK_STR_FMT "\"; known are %s", HARK_STR_ARG(name),
                 hark_buf_cstr(&known));
    hark_buf_done(&known);
    return NULL;
}

void hark_items_init(struct hark_items *items, const struct hark_format *format)
{
    *items = (struct hark_items){.format = format};
}

void hark_items_done(struct hark_items *items)
{
    json_decref(items->root);
    hark_ids_done(&items->ids);
    hark_arena_done(&items->arena);
    hark_buf_done(&items->buf);
    free(items->v);
}

void hark_items_clear(struct hark_items *items)
{
    json_decref(items->root);
    items->root = NULL;
    items->n = items->at = 0;
    hark_arena_reset(&items->arena);
}

static void add(struct hark_items *items, struct hark_source_item item)
{
    items->v = hark_grow(items->v, items->n, &items->cap, sizeof *items->v);
    items->v[items->n++] = item;
}

static void on_dead(void *arg, const char *reason)
{
    struct hark_items *items = arg;
    add(items,
        (struct hark_source_item){.kind = HARK_ITEM_DEAD, .reason = hark_arena_str(&items->arena, hark_str(reason))});
}

static void on_refused(void *arg, const char *reason)
{
    add(arg, (struct hark_source_item){.kind = HARK_ITEM_REFUSED, .reason = hark_str(reason)});
}

static struct hark_str encode(struct hark_items *items, const struct hark_post *post)
{
    hark_buf_clear(&items->buf);
    struct hark_json json = hark_json_to(&items->buf);
    hark_post_encode(post, &json);
    return hark_arena_str(&items->arena, hark_buf_str(&items->buf));
}

static void on_post(void *arg, struct hark_post *post, struct hark_str json)
{
    struct hark_items *items = arg;
    struct hark_err err = {0};
    if (!json.ptr) {
        if (hark_post_finish(post, &items->arena, &err) < 0) {
            on_dead(items, err.text);
            return;
        }
        json = encode(items, post);
    }
    if (json.len > HARK_POST_MAX_BYTES) {
        on_dead(items, "the post is longer than 1 MiB");
        return;
    }
    add(items, (struct hark_source_item){.kind = HARK_ITEM_POST,
                                         .post = hark_arena_copy(&items->arena, post, 1, sizeof *post),
                                         .json = json});
}

void hark_items_refuse(struct hark_items *items, const char *reason)
{
    items->n = items->at = 0;
    on_refused(items, reason);
}

void hark_items_add(struct hark_items *items, struct hark_post *post)
{
    on_post(items, post, (struct hark_str){0});
}

void hark_items_add_refused(struct hark_items *items, const char *reason)
{
    on_refused(items, reason);
}

void hark_items_add_dead(struct hark_items *items, const char *reason)
{
    on_dead(items, reason);
}

void hark_items_dead(struct hark_items *items, const char *reason)
{
    hark_items_clear(items);
    on_dead(items, reason);
}

static void decode(struct hark_items *items, const struct hark_format *format, const struct hark_record *record)
{
    const struct hark_format_sink sink = {on_post, on_refused, on_dead, items};
    format->decode(record, &items->ids, &items->arena, &sink);
    if (!items->n) on_refused(items, "empty");
}

static const struct hark_format *detect(const struct hark_record *record)
{
    for (size_t i = 0; hark_formats[i]; i++)
        if (hark_formats[i]->is(record)) return hark_formats[i];
    return NULL;
}

static size_t brackets(struct hark_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) n += (text.ptr[i] | 0x20) == '{'; // '{' and '[' differ in that bit
    return n;
}

// Everything that jansson must not be given, with words of its own.
static bool check(struct hark_str text, struct hark_err *err)
{
    size_t good = hark_utf8_check(text);
    if (good < text.len) return hark_err_set(err, HARK_EINPUT, "not UTF-8 at byte %zu", good) == 0;
    const char *nul = text.len ? memchr(text.ptr, 0, text.len) : NULL;
    if (nul) return hark_err_set(err, HARK_EINPUT, "a NUL at byte %zu", (size_t)(nul - text.ptr)) == 0;
    // What has few brackets cannot be deep; counting them costs a tenth of following them.
    if (brackets(text) <= HARK_RECORD_MAX_DEPTH) return true;
    struct hark_shape_scan scan = {0};
    if (hark_shape_feed(&scan, text) != HARK_SHAPE_DEEP) return true;
    return hark_err_set(err, HARK_EINPUT, "JSON nested deeper than %d", HARK_RECORD_MAX_DEPTH) == 0;
}

static json_t *parse(struct hark_items *items, struct hark_str text, struct hark_err *err)
{
    json_error_t why;
    json_t *root = hark_json_tree(text, &items->arena);
    if (root || !check(text, err)) return root;
    root = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    if (!root) hark_err_set(err, HARK_EINPUT, "not JSON at byte %d: %s", why.position, why.text);
    return root;
}

bool hark_items_skim(struct hark_items *items, struct hark_str text, int64_t *ret_time_ms)
{
    if (items->format && items->format != &hark_format_hark) return false;
    if (!hark_post_skim(text, ret_time_ms)) return false;
    hark_items_clear(items);
    add(items, (struct hark_source_item){.kind = HARK_ITEM_POST, .json = text});
    return true;
}

bool hark_items_read(struct hark_items *items, struct hark_str text, struct hark_str event, struct hark_err *err)
{
    struct hark_record record = {.text = text, .event = event, .heard_ms = items->heard_ms, .live = items->live};
    hark_items_clear(items);
    // Canonical posts, as hark writes them, need no tree.
    if ((!items->format || items->format == &hark_format_hark) &&
        hark_str_starts(text, HARK_STR("{\"schema\":\"hark.post/"))) {
        decode(items, &hark_format_hark, &record);
        return true;
    }
    const char *known = items->format == &hark_format_hark || event.ptr ? NULL : hark_jetstream_refusal(text);
    if (known) {
        on_refused(items, known);
        return true;
    }
    record.json = items->root = parse(items, text, err);
    const struct hark_format *format = items->format ? items->format : detect(&record);
    // Events that say all by their name may come without data that is JSON.
    if (!items->root && !(event.ptr && format && format->is(&record))) return false;
    if (json_is_array(items->root) && json_array_size(items->root) == 0)
        on_refused(items, "empty");
    else if (!format)
        on_dead(items, "JSON that is in no known format");
    else if (!format->is(&record))
        on_dead(items, hark_arena_printf(&items->arena, "JSON that is not in the format %s", format->name).ptr);
    else
        decode(items, format, &record);
    return true;
}
