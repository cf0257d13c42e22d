// The post as rules ask for it.
//
// Words are looked for in the text and in hashtags. Hashtags that the text does not hold (Bluesky's `tags`) stand
// behind it in one joined text, each after a byte that no phrase holds, so that one scan finds both and no phrase
// reaches from one into the other:
//
//   text "new coat", hashtags [coat, RiverIsland]   ->   "new coat\n\x02#RiverIsland"   ("coat" is no tag of the text,
//   so it stands too)

#include "facts.h"

#include <stdlib.h>

enum { MANY = 32 }; // names of a post that are looked up instead of compared one by one

void hark_facts_start(struct hark_facts *facts, const struct hark_post *post, struct hark_arena *arena)
{
    facts->post = post;
    facts->arena = arena;
    facts->have_named = facts->have_joined = false;
    for (int plain = 0; plain < 2; plain++) facts->have_view[plain] = facts->have_words[plain] = false;
    facts->named.n = 0;
    facts->author = (struct hark_str){0};
}

void hark_facts_done(struct hark_facts *facts)
{
    for (int plain = 0; plain < 2; plain++) {
        hark_view_done(&facts->view[plain]);
        free(facts->words[plain]);
    }
    free(facts->named.v);
    hark_map_done(&facts->index);
    hark_buf_done(&facts->buf);
    hark_buf_done(&facts->key);
}

static struct hark_str key_of(struct hark_facts *facts, struct hark_str s)
{
    hark_text_key(s, &facts->key);
    return hark_arena_str(facts->arena, hark_buf_str(&facts->key));
}

static void add_named(struct hark_named_list *list, struct hark_named named)
{
    list->v = hark_grow(list->v, list->n, &list->cap, sizeof *list->v);
    list->v[list->n++] = named;
}

// --- names ---

// "https://shop.acme.com:8080/x" -> "shop.acme.com"
static struct hark_str host_of(struct hark_str link)
{
    const char *scheme = memmem(link.ptr, link.len, "://", 3);
    size_t from = scheme ? (size_t)(scheme - link.ptr) + 3 : 0, to = from;
    while (to < link.len && !memchr("/?#", link.ptr[to], 3)) to++;
    const char *user = to > from ? memrchr(link.ptr + from, '@', to - from) : NULL;
    if (user) from = (size_t)(user - link.ptr) + 1;
    struct hark_str host = hark_strn(link.ptr + from, to - from);
    const char *port = memchr(host.ptr, ':', host.len);
    if (port) host.len = (size_t)(port - host.ptr);
    if (host.len && host.ptr[host.len - 1] == '.') host.len--;
    return host;
}

// Equal keys; a mention of the text ("nike") also is a listed one with its server ("nike@mastodon.social").
static bool is_same(struct hark_str listed, struct hark_str found, enum hark_entity_kind kind)
{
    if (hark_str_eq(listed, found)) return true;
    return kind == HARK_ENTITY_MENTION && listed.len > found.len && listed.ptr[found.len] == '@' &&
           hark_str_starts(listed, found);
}

// Marks the listed names that the text holds; false where it is none of them. Few names are compared, many are looked
// up.
static bool mark_listed(struct hark_facts *facts, size_t from, size_t to, struct hark_str key,
                        enum hark_entity_kind kind)
{
    struct hark_named *v = facts->named.v;
    bool found = false;
    if (to - from > MANY) {
        const struct hark_map_entry *entry = hark_map_get(&facts->index, key);
        if (entry) v[entry->num].in_text = true;
        return entry != NULL;
    }
    for (size_t i = from; i < to; i++) {
        if (!is_same(v[i].key, key, kind)) continue;
        v[i].in_text = found = true;
    }
    return found;
}

static struct hark_str name_of(struct hark_str value, enum hark_entity_kind kind)
{
    return kind == HARK_ENTITY_LINK ? host_of(value) : value;
}

static void index_listed(struct hark_facts *facts, size_t from)
{
    hark_map_clear(&facts->index);
    for (size_t i = from; i < facts->named.n; i++) {
        struct hark_str whole = facts->named.v[i].key, rest;
        hark_map_put(&facts->index, whole, NULL)->num = (int64_t)i;
        struct hark_str name = hark_str_cut(whole, '@', &rest);
        if (rest.ptr) hark_map_put(&facts->index, name, NULL)->num = (int64_t)i;
    }
}

// What the post lists, and where the text has it. A post that lists nothing names what its text does.
static void add_kind(struct hark_facts *facts, struct hark_strs listed, enum hark_entity_kind kind)
{
    size_t from = facts->named.n;
    for (size_t i = 0; i < listed.n; i++)
        add_named(&facts->named,
                  (struct hark_named){key_of(facts, name_of(listed.v[i], kind)), listed.v[i], kind, {0, 0}, false});
    size_t to = facts->named.n;
    if (to - from > MANY) index_listed(facts, from);
    for (size_t i = 0; i < facts->nentities; i++) {
        const struct hark_entity *entity = &facts->entities[i];
        if (entity->kind != kind) continue;
        struct hark_str key = key_of(facts, name_of(entity->value, kind));
        struct hark_place place = {(uint32_t)entity->from, (uint32_t)entity->to};
        if (!listed.v || mark_listed(facts, from, to, key, kind))
            add_named(&facts->named, (struct hark_named){key, entity->value, kind, place, true});
    }
}

const struct hark_named_list *hark_facts_named(struct hark_facts *facts)
{
    if (facts->have_named) return &facts->named;
    facts->have_named = true;
    const struct hark_post *post = facts->post;
    facts->nentities = hark_tags_find(hark_tags_profile_of(post->source), post->text, facts->arena, &facts->entities);
    add_kind(facts, post->hashtags, HARK_ENTITY_HASHTAG);
    add_kind(facts, post->mentions, HARK_ENTITY_MENTION);
    add_kind(facts, post->links, HARK_ENTITY_LINK);
    add_kind(facts, (struct hark_strs){0}, HARK_ENTITY_CASHTAG);
    return &facts->named;
}

struct hark_str hark_facts_link_key(struct hark_facts *facts, const struct hark_named *link)
{
    hark_text_key(link->value, &facts->key);
    return hark_buf_str(&facts->key);
}

struct hark_str hark_facts_author(struct hark_facts *facts)
{
    if (!facts->author.ptr && facts->post->author.handle.ptr) facts->author = key_of(facts, facts->post->author.handle);
    return facts->author;
}

// --- words ---

static bool is_outside(const struct hark_named *named)
{
    return named->kind == HARK_ENTITY_HASHTAG && !named->in_text;
}

static void join(struct hark_facts *facts)
{
    if (facts->have_joined) return;
    facts->have_joined = true;
    facts->joined = facts->post->text;
    if (facts->post->hashtags.n == 0) return;
    const struct hark_named_list *named = hark_facts_named(facts);
    hark_buf_clear(&facts->buf);
    for (size_t i = 0; i < named->n; i++) {
        if (!is_outside(&named->v[i])) continue;
        if (facts->buf.len == 0) hark_buf_str_add(&facts->buf, facts->post->text);
        hark_buf_add(&facts->buf, "\n\x02#", 3);
        hark_buf_str_add(&facts->buf, named->v[i].value);
    }
    if (facts->buf.len) facts->joined = hark_buf_str(&facts->buf);
}

const struct hark_view *hark_facts_view(struct hark_facts *facts, bool plain)
{
    struct hark_view *view = &facts->view[plain];
    if (facts->have_view[plain]) return view;
    facts->have_view[plain] = true;
    join(facts);
    hark_view_make(view, facts->joined, plain ? HARK_VIEW_PLAIN : 0);
    return view;
}

// Punctuation, symbols and emoji are no words.
static bool is_sign(uint32_t c)
{
    if (c < 0x80) return c != 1 && c != '_' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z');
    return (c >= 0xA1 && c <= 0xBF && c != 0xAA && c != 0xB5 && c != 0xBA) || (c >= 0x2010 && c <= 0x206F) ||
           (c >= 0x20A0 && c <= 0x20CF) || (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x3001 && c <= 0x3030) ||
           (c >= 0xFE00 && c <= 0xFE4F) || (c >= 0xFF01 && c <= 0xFF0F) || (c >= 0x1F000 && c <= 0x1FAFF) ||
           c == 0x964 || c == 0x965;
}

const uint32_t *hark_facts_words(struct hark_facts *facts, bool plain)
{
    const struct hark_view *view = hark_facts_view(facts, plain);
    if (facts->have_words[plain]) return facts->words[plain];
    facts->have_words[plain] = true;
    struct hark_str text = hark_buf_str(&view->text);
    if (facts->cap_words[plain] <= text.len) {
        facts->cap_words[plain] = text.len + text.len / 2 + 64;
        facts->words[plain] = hark_realloc(facts->words[plain], facts->cap_words[plain], sizeof(uint32_t));
    }
    uint32_t n = 0, *words = facts->words[plain];
    for (size_t i = 0; i < text.len;) {
        size_t next = i;
        uint32_t c = hark_utf8_next(text, &next);
        words[i] = n;
        if ((view->edge[i] & HARK_EDGE_START) && !is_sign(c)) n++;
        while (++i < next) words[i] = n;
    }
    words[text.len] = n;
    return words;
}
