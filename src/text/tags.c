// Hashtags, mentions, cashtags and links of a text, by platform.
#include <hark/map.h>
#include <hark/tags.h>

#include "table.h"
#include "view.h"

enum hark_tags_profile hark_tags_profile_of(struct hark_str source)
{
    if (hark_str_is(source, "x")) return HARK_TAGS_X;
    if (hark_str_is(source, "mastodon")) return HARK_TAGS_MASTODON;
    return hark_str_is(source, "bluesky") ? HARK_TAGS_BLUESKY : HARK_TAGS_DEFAULT;
}

struct find {
    struct hark_str text;
    struct hark_arena *arena;
    struct hark_entity *v;
    size_t n, cap;
};

static void add(struct find *f, enum hark_entity_kind kind, size_t from, size_t sign, size_t to)
{
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 8;
        struct hark_entity *grown = HARK_NEW_N(f->arena, struct hark_entity, cap);
        if (f->n) memcpy(grown, f->v, f->n * sizeof(*grown));
        f->v = grown;
        f->cap = cap;
    }
    struct hark_str value = {f->text.ptr + from + sign, to - from - sign};
    f->v[f->n++] = (struct hark_entity){kind, value, from, to};
}

static bool in_tag(uint32_t c)
{
    const struct cp *cp = cp_get(c);
    return cp->flags & (CP_LETTER | CP_MARK | CP_DIGIT | CP_CONNECT) || c == 0x200c || c == 0x200d;
}

size_t hark_tags_find(enum hark_tags_profile profile, struct hark_str text, struct hark_arena *arena,
                      const struct hark_entity **ret)
{
    struct find f = {.text = text, .arena = arena};
    bool word = false;
    (void)profile;
    table_init();
    for (size_t i = 0; i < text.len;) {
        size_t next = i, link = word ? 0 : link_bytes(text, i);
        uint32_t c = hark_utf8_next(text, &next);
        size_t handle = c == '@' && !word ? handle_bytes(text, next) : 0, end = next;
        while ((c == '#' || c == 0xff03) && end < text.len) {
            size_t at = end;
            if (!in_tag(hark_utf8_next(text, &at))) break;
            end = at;
        }
        if (link) {
            add(&f, HARK_ENTITY_LINK, i, 0, i + link);
            next = i + link;
        } else if (handle) {
            next += handle;
            add(&f, HARK_ENTITY_MENTION, i, 1, next);
        } else if (end > next && !word) {
            add(&f, HARK_ENTITY_HASHTAG, i, next - i, end);
            next = end;
        }
        word = in_tag(c);
        i = next;
    }
    *ret = f.v;
    return f.n;
}

struct hark_strs hark_tags_values(const struct hark_entity *entities, size_t n, enum hark_entity_kind kind,
                                  struct hark_arena *arena)
{
    struct hark_str *v = HARK_NEW_N(arena, struct hark_str, n + 1);
    struct hark_map seen = {0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool fresh = false;
        if (entities[i].kind != kind) continue;
        hark_map_put(&seen, entities[i].value, &fresh);
        if (fresh) v[count++] = entities[i].value;
    }
    hark_map_done(&seen);
    return (struct hark_strs){v, count};
}
