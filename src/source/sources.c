// The table of sources, and the calls that go through it.
#include "items.h"
#include "net.h"

#include <stdlib.h>

extern const struct hark_source_kind hark_source_file, hark_source_bluesky, hark_source_mastodon, hark_source_x,
    hark_source_rss, hark_source_hn, hark_source_http, hark_source_nostr, hark_source_reddit, hark_source_lemmy,
    hark_source_youtube;

const struct hark_source_kind *const hark_source_kinds[] = {
    &hark_source_file,   &hark_source_bluesky, &hark_source_mastodon, &hark_source_x,
    &hark_source_rss,    &hark_source_hn,      &hark_source_http,     &hark_source_nostr,
    &hark_source_reddit, &hark_source_lemmy,   &hark_source_youtube,  NULL,
};

const struct hark_source_kind *hark_source_kind_find(struct hark_str name)
{
    for (size_t i = 0; hark_source_kinds[i]; i++)
        if (hark_str_is(name, hark_source_kinds[i]->name)) return hark_source_kinds[i];
    return NULL;
}

bool hark_source_kind_reachable(const struct hark_source_kind *kind)
{
    return !kind->needs || hark_net_speaks(kind->needs);
}

static void unknown(const char *spec, struct hark_err *err)
{
    struct hark_buf known = {0};
    for (size_t i = 0; hark_source_kinds[i]; i++)
        hark_buf_printf(&known, "%s%s:%s", i ? ", " : "", hark_source_kinds[i]->name, hark_source_kinds[i]->argument);
    hark_err_set(err, HARK_EINPUT, "unknown source \"%s\"; known are %s", spec, hark_buf_cstr(&known));
    hark_buf_done(&known);
}

struct hark_source *hark_source_open(const char *spec, const struct hark_source_options *options, struct hark_err *err)
{
    struct hark_str argument, name = hark_str_cut(hark_str(spec), ':', &argument);
    const struct hark_source_kind *kind = argument.ptr ? hark_source_kind_find(name) : NULL;
    if (!kind) {
        unknown(spec, err);
        return NULL;
    }
    if (options->format.ptr && !hark_format_find(options->format, err)) return NULL;
    struct hark_source *src = kind->open(argument, options, err);
    if (src) src->kind = kind;
    return src;
}

int hark_source_next(struct hark_source *src, struct hark_source_item *item, struct hark_err *err)
{
    return src->ops->next(src, item, err);
}

void hark_source_read(struct hark_source *src, struct hark_source_item *item)
{
    if (!item->post && src->ops->read) src->ops->read(src, item);
}

void hark_source_safe(struct hark_source *src, struct hark_str position)
{
    if (src->ops->safe && position.len) src->ops->safe(src, position);
}

void hark_source_stop(struct hark_source *src)
{
    src->ops->stop(src);
}

void hark_source_progress(const struct hark_source *src, struct hark_source_progress *ret)
{
    src->ops->progress(src, ret);
}

void hark_source_free(struct hark_source *src)
{
    if (!src) return;
    free(src->name);
    src->ops->free(src);
}
