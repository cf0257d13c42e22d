// Hashtags, mentions, cashtags and links of a text: the frame that every profile works in, and the default profile.
#include "tags.h"

#include <stdlib.h>

#include "view.h"

enum hark_tags_profile hark_tags_profile_of(struct hark_str source)
{
    if (hark_str_is(source, "x")) return HARK_TAGS_X;
    if (hark_str_is(source, "mastodon")) return HARK_TAGS_MASTODON;
    return hark_str_is(source, "bluesky") ? HARK_TAGS_BLUESKY : HARK_TAGS_DEFAULT;
}

void find_add(struct find *f, enum hark_entity_kind kind, size_t from, size_t sign, size_t to)
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

static int by_place(const void *a, const void *b)
{
    const struct hark_entity *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->to == y->to ? 0 : x->to > y->to ? -1 : 1;
}

static void find_sort(struct find *f)
{
    if (f->n > 1) qsort(f->v, f->n, sizeof(*f->v), by_place);
}

void find_drop_overlaps(struct find *f)
{
    size_t kept = 0, end = 0;
    find_sort(f);
    for (size_t i = 0; i < f->n; i++) {
        if (f->v[i].from < end) continue;
        end = f->v[i].to;
        f->v[kept++] = f->v[i];
    }
    f->n = kept;
}

size_t hark_tags_find(enum hark_tags_profile profile, struct hark_str text, struct hark_arena *arena,
                      const struct hark_entity **ret)
{
    static void (*const finders[])(struct find *) = {
        [HARK_TAGS_DEFAULT] = find_default,
        [HARK_TAGS_X] = find_x,
        [HARK_TAGS_MASTODON] = find_mastodon,
        [HARK_TAGS_BLUESKY] = find_bluesky,
    };
    struct find f = {.text = text, .arena = arena};
    table_init();
    finders[profile](&f);
    find_sort(&f);
    *ret = f.v;
    return f.n;
}

// The slot of the value: where it is, or an empty one. Slots hold an index into v plus 1.
static uint32_t *slot_of(uint32_t *slots, size_t nslots, const struct hark_str *v, struct hark_str value)
{
    size_t i = hark_str_hash(value) & (nslots - 1);
    while (slots[i] && !hark_str_eq(v[slots[i] - 1], value)) i = (i + 1) & (nslots - 1);
    return &slots[i];
}

struct hark_strs hark_tags_values(const struct hark_entity *entities, size_t n, enum hark_entity_kind kind,
                                  struct hark_arena *arena)
{
    size_t nslots = 4, count = 0;
    while (nslots < n * 2) nslots *= 2;
    struct hark_str *v = HARK_NEW_N(arena, struct hark_str, n + 1);
    uint32_t *slots = HARK_NEW_N(arena, uint32_t, nslots);
    for (size_t i = 0; i < n; i++) {
        if (entities[i].kind != kind) continue;
        uint32_t *slot = slot_of(slots, nslots, v, entities[i].value);
        if (*slot) continue;
        v[count++] = entities[i].value;
        *slot = (uint32_t)count;
    }
    return (struct hark_strs){v, count};
}

void hark_tags_name(enum hark_tags_profile profile, struct hark_str value, struct hark_buf *buf)
{
    table_init();
    if (profile == HARK_TAGS_MASTODON)
        mastodon_name(value, buf);
    else
        hark_text_key(value, buf);
}

// --- the default profile (docs/hashtags.md) ---

static bool is_part(uint32_t c)
{
    return has(c, CP_LETTER | CP_MARK | CP_DIGIT | CP_CONNECT) || c == 0x200c || c == 0x200d;
}

// Stands inside of a tag, not at its start or end: middle dots, maqaf, geresh, gershayim, tsheg, wave dashes.
static bool is_inner(uint32_t c)
{
    return c == 0xb7 || c == 0x30fb || c == 0x5be || c == 0x5f3 || c == 0x5f4 || c == 0xf0b || c == 0xf0c ||
           c == 0x301c || c == 0x30a0 || c == 0xff5e;
}

// The end of the tag whose sign ends at `from`, or `from` where there is none.
static size_t default_tag_end(struct hark_str s, size_t from)
{
    size_t end = from, i = from, next;
    bool letter = false;
    uint32_t c = char_at(s, i, &next);
    if (c == 0xfe0f || c == 0x20e3 || is_inner(c)) return from;
    for (; i < s.len; i = next) {
        c = char_at(s, i, &next);
        if (is_inner(c)) continue;
        if (!is_part(c)) break;
        letter |= has(c, CP_LETTER);
        end = next;
    }
    return letter && !goes_on(s, end, HARK_STR("://")) ? end : from;
}

static bool may_start(uint32_t before)
{
    if (before == 0 || before == 0xfe0e || before == 0xfe0f) return true;
    return !is_part(before) && before != '&' && before != '/' && before != '=';
}

// $TICK: one to six letters, perhaps .X or _XX behind them.
static size_t cashtag_end(struct hark_str s, size_t from)
{
    size_t i = from;
    while (i < s.len && is_ascii_letter((unsigned char)s.ptr[i])) i++;
    size_t next, letters = i - from;
    if (letters == 0 || letters > 6) return from;
    return i < s.len && is_part(char_at(s, i, &next)) ? from : i;
}

void find_default(struct find *f)
{
    struct hark_str s = f->text;
    uint32_t before = 0;
    bool tag = false; // a tag ends at i
    for (size_t i = 0, next; i < s.len; i = next) {
        uint32_t c = char_at(s, i, &next);
        bool starts = tag || may_start(before);
        size_t sign = next - i, end = next, n = f->n;
        if ((c | 0x20) == 'h' || (starts && (c | 0x20) == 'w')) {
            end = i + link_bytes(s, i);
            if (end > i) find_add(f, HARK_ENTITY_LINK, i, 0, end);
        } else if (is_sign(c) && starts) {
            end = default_tag_end(s, next);
            if (end > next) find_add(f, HARK_ENTITY_HASHTAG, i, sign, end);
        } else if (is_at(c) && starts) {
            end = next + handle_bytes(s, next);
            if (end > next) find_add(f, HARK_ENTITY_MENTION, i, sign, end);
        } else if (c == '$' && starts) {
            end = cashtag_end(s, next);
            if (end > next) find_add(f, HARK_ENTITY_CASHTAG, i, sign, end);
        }
        tag = f->n > n && f->v[n].kind == HARK_ENTITY_HASHTAG;
        if (f->n > n) next = end;
        before = f->n > n ? char_before(s, end) : c;
    }
}
