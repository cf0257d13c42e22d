#include "note.h"

#include <hark/text.h>

// --- making ---

// Adds a text to a list with room, each once.
static void add_once(struct hark_str *list, size_t *n, struct hark_str s)
{
    for (size_t i = 0; i < *n; i++)
        if (hark_str_eq(list[i], s)) return;
    list[(*n)++] = s;
}

static struct hark_strs langs_of(const struct hark_post *post, struct hark_arena *arena)
{
    struct hark_str *list = HARK_NEW_N(arena, struct hark_str, HARK_NOTE_LANGS + 1);
    size_t n = 0;
    for (size_t i = 0; i < post->lang.n && n < HARK_NOTE_LANGS; i++)
        if (post->lang.v[i].len && post->lang.v[i].len <= HARK_NOTE_LANG_BYTES)
            add_once(list, &n, hark_arena_str(arena, post->lang.v[i]));
    if (n == 0) list[n++] = HARK_STR("und");
    return (struct hark_strs){list, n};
}

// The keys of the post's hashtags.
static struct hark_strs tags_of(const struct hark_post *post, struct hark_arena *arena)
{
    if (post->hashtags.n == 0) return (struct hark_strs){0};
    struct hark_str *list = HARK_NEW_N(arena, struct hark_str, HARK_NOTE_TAGS);
    struct hark_buf key = {0};
    size_t n = 0;
    for (size_t i = 0; i < post->hashtags.n && n < HARK_NOTE_TAGS; i++) {
        hark_text_key(post->hashtags.v[i], &key);
        if (key.len && key.len <= HARK_NOTE_TAG_BYTES) add_once(list, &n, hark_arena_str(arena, hark_buf_str(&key)));
    }
    hark_buf_done(&key);
    return (struct hark_strs){list, n};
}

// Whether a brand listens for a hashtag; what stands under a NOT does not count.
static bool listens(const struct hark_node *node, struct hark_str key)
{
    if (node->kind == HARK_NODE_NOT) return false;
    if (node->kind == HARK_NODE_HASHTAG) return hark_str_eq(node->key, key);
    for (uint32_t i = 0; i < node->nkids; i++)
        if (listens(node->kids[i], key)) return true;
    return false;
}

static struct hark_strs other_tags(const struct hark_brand *brand, struct hark_strs tags, struct hark_arena *arena)
{
    struct hark_str *list = tags.n ? HARK_NEW_N(arena, struct hark_str, tags.n) : NULL;
    size_t n = 0;
    for (size_t i = 0; i < tags.n; i++)
        if (!brand->listen || !listens(brand->listen, tags.v[i])) list[n++] = tags.v[i];
    return (struct hark_strs){list, n};
}

static struct hark_note_intent intent_of(const struct hark_hit *hit, struct hark_arena *arena)
{
    struct hark_str *list = HARK_NEW_N(arena, struct hark_str, hit->nevidence);
    size_t n = 0;
    for (size_t i = 0; i < hit->nevidence; i++)
        if (hit->evidence[i].phrase)
            add_once(list, &n, hark_arena_str(arena, hit->evidence[i].phrase->pattern.written));
    return (struct hark_note_intent){hark_arena_str(arena, hit->intent->name), {list, n}};
}

static struct hark_note_brand brand_of(const struct hark_match *match, struct hark_strs tags, struct hark_arena *arena)
{
    struct hark_note_brand brand = {.name = hark_arena_str(arena, match->brand->name),
                                    .tags = other_tags(match->brand, tags, arena),
                                    .intents = HARK_NEW_N(arena, struct hark_note_intent, match->nhits + 1),
                                    .nintents = match->nhits + 1};
    brand.intents[0].name = HARK_STR("mention");
    for (size_t i = 0; i < match->nhits; i++) brand.intents[i + 1] = intent_of(&match->hits[i], arena);
    return brand;
}

struct hark_note *hark_note_make(const struct hark_post *post, const struct hark_matches *matches, int64_t arrival_ms,
                                 struct hark_arena *arena)
{
    struct hark_note *note = HARK_NEW(arena, struct hark_note);
    bool early = post->time_ms > arrival_ms + HARK_EARLY_MS;
    *note = (struct hark_note){.time_ms = early ? arrival_ms : post->time_ms,
                               .source = hark_arena_str(arena, post->source),
                               .langs = langs_of(post, arena),
                               .brands = HARK_NEW_N(arena, struct hark_note_brand, matches->n),
                               .nbrands = matches->n};
    struct hark_strs tags = tags_of(post, arena);
    for (size_t i = 0; i < matches->n; i++) note->brands[i] = brand_of(&matches->v[i], tags, arena);
    return note;
}

// --- writing ---

static void put(struct hark_buf *buf, char what, struct hark_str value)
{
    hark_buf_char(buf, what);
    hark_buf_char(buf, ' ');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i], escape = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : c == '\\' ? '\\' : 0;
        if (escape) hark_buf_char(buf, '\\');
        hark_buf_char(buf, escape ? escape : c);
    }
    hark_buf_char(buf, '\n');
}

static void put_all(struct hark_buf *buf, char what, struct hark_strs values)
{
    for (size_t i = 0; i < values.n; i++) put(buf, what, values.v[i]);
}

void hark_note_encode(const struct hark_note *note, struct hark_buf *buf)
{
    hark_buf_printf(buf, "t %lld\n", (long long)note->time_ms);
    put(buf, 's', note->source);
    put_all(buf, 'l', note->langs);
    for (size_t b = 0; b < note->nbrands; b++) {
        const struct hark_note_brand *brand = &note->brands[b];
        put(buf, 'b', brand->name);
        put_all(buf, 'g', brand->tags);
        for (size_t i = 0; i < brand->nintents; i++) {
            put(buf, 'i', brand->intents[i].name);
            put_all(buf, 'p', brand->intents[i].phrases);
        }
    }
}

// --- reading ---

// Lists grow in the arena by one: a note has few lines.
struct reader {
    struct hark_arena *arena;
    struct hark_note *note;
    struct hark_note_brand *brand;
    struct hark_note_intent *intent;
    bool failed;
};

static struct hark_str unescape(struct hark_str s, struct hark_arena *arena)
{
    char *out = hark_arena_alloc(arena, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\\' && i + 1 < s.len) {
            c = s.ptr[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
        out[n++] = c;
    }
    out[n] = 0;
    return hark_strn(out, n);
}

static void *grown(struct reader *r, const void *list, size_t n, size_t size)
{
    char *copy = hark_arena_zalloc(r->arena, (n + 1) * size);
    if (n) memcpy(copy, list, n * size);
    return copy;
}

static void add_str(struct reader *r, struct hark_strs *list, struct hark_str value)
{
    struct hark_str *v = grown(r, list->v, list->n, sizeof *v);
    v[list->n] = unescape(value, r->arena);
    *list = (struct hark_strs){v, list->n + 1};
}

static void add_brand(struct reader *r, struct hark_str name)
{
    struct hark_note *note = r->note;
    note->brands = grown(r, note->brands, note->nbrands, sizeof *note->brands);
    r->brand = &note->brands[note->nbrands++];
    r->brand->name = unescape(name, r->arena);
    r->intent = NULL;
}

static void add_intent(struct reader *r, struct hark_str name)
{
    struct hark_note_brand *brand = r->brand;
    brand->intents = grown(r, brand->intents, brand->nintents, sizeof *brand->intents);
    r->intent = &brand->intents[brand->nintents++];
    r->intent->name = unescape(name, r->arena);
}

static void read_line(struct reader *r, char what, struct hark_str value)
{
    if (what == 't')
        r->failed |= hark_str_int(value, &r->note->time_ms) != 0;
    else if (what == 's')
        r->note->source = unescape(value, r->arena);
    else if (what == 'l')
        add_str(r, &r->note->langs, value);
    else if (what == 'b')
        add_brand(r, value);
    else if (what == 'g' && r->brand)
        add_str(r, &r->brand->tags, value);
    else if (what == 'i' && r->brand)
        add_intent(r, value);
    else if (what == 'p' && r->intent)
        add_str(r, &r->intent->phrases, value);
    else
        r->failed = true;
}

struct hark_note *hark_note_decode(struct hark_str text, struct hark_arena *arena)
{
    struct reader r = {.arena = arena, .note = HARK_NEW(arena, struct hark_note)};
    r.note->time_ms = -1;
    while (text.len && !r.failed) {
        struct hark_str rest, line = hark_str_cut(text, '\n', &rest);
        if (!rest.ptr || line.len < 2 || line.ptr[1] != ' ') return NULL;
        read_line(&r, line.ptr[0], hark_strn(line.ptr + 2, line.len - 2));
        text = rest;
    }
    return r.failed || r.note->time_ms < 0 || !r.note->source.ptr ? NULL : r.note;
}
