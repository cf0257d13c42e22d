// Whether a post names a brand: its `listen` tree, `ignore` and `only`.

#include "matcher.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    // Places of one leaf that are shown; a post of nothing but one hashtag need not list each.
    MAX_SPANS = 64,
};

struct verify {
    struct hark_scratch *ms;
    unsigned quiet; // below a NOT: places do not matter
};

static void name(struct verify *v, const struct hark_node *node, struct hark_span span)
{
    if (!v->quiet) HARK_LIST_ADD(&v->ms->named_by, (struct hark_named_by){span, node});
}

// --- names ---

// "nike" is also nike on another server, "nike@mastodon.social".
static bool is_handle(struct hark_str rule, struct hark_str key)
{
    if (hark_str_eq(rule, key)) return true;
    return key.len > rule.len && key.ptr[rule.len] == '@' && hark_str_starts(key, rule);
}

static bool is_domain(struct hark_str rule, struct hark_str host)
{
    if (!hark_str_ends(host, rule)) return false;
    return host.len == rule.len || host.ptr[host.len - rule.len - 1] == '.';
}

static bool holds(struct hark_str text, struct hark_str part)
{
    return part.len == 0 || (text.len >= part.len && memmem(text.ptr, text.len, part.ptr, part.len));
}

static bool names(struct verify *v, const struct hark_node *node, const struct hark_named *named)
{
    switch (node->kind) {
    case HARK_NODE_HASHTAG: return named->kind == HARK_ENTITY_HASHTAG && hark_str_eq(node->key, named->key);
    case HARK_NODE_HANDLE: return named->kind == HARK_ENTITY_MENTION && is_handle(node->key, named->key);
    case HARK_NODE_CASHTAG: return named->kind == HARK_ENTITY_CASHTAG && hark_str_eq(node->key, named->key);
    case HARK_NODE_DOMAIN: return named->kind == HARK_ENTITY_LINK && is_domain(node->key, named->key);
    case HARK_NODE_URL:
        return named->kind == HARK_ENTITY_LINK && holds(hark_facts_link_key(&v->ms->facts, named), node->key);
    default: return false;
    }
}

static bool any_name(struct verify *v, const struct hark_node *node)
{
    const struct hark_named_list *list = hark_facts_named(&v->ms->facts);
    bool any = false;
    size_t shown = 0;
    for (size_t i = 0; i < list->n && shown < MAX_SPANS; i++) {
        if (!names(v, node, &list->v[i])) continue;
        any = true;
        if (v->quiet) break;
        struct hark_place place = list->v[i].place;
        if (!list->v[i].in_text || place.from < place.to) name(v, node, (struct hark_span){place.from, place.to});
        shown++;
    }
    return any;
}

static bool any_pattern(struct verify *v, const struct hark_node *node)
{
    struct hark_scratch *ms = v->ms;
    size_t n = hark_find(&ms->finder, node->pattern, NULL, v->quiet ? 1 : MAX_SPANS);
    for (size_t i = 0; i < n; i++) {
        struct hark_place place = ms->finder.found.v[i];
        bool inside = hark_facts_in_text(&ms->facts, place);
        name(v, node, inside ? (struct hark_span){place.from, place.to} : (struct hark_span){0, 0});
    }
    return n > 0;
}

// --- fields ---

// `en` is also en-GB.
static bool is_lang(struct hark_str rule, struct hark_str lang)
{
    if (lang.len < rule.len || !hark_str_ieq(rule, hark_strn(lang.ptr, rule.len))) return false;
    return lang.len == rule.len || lang.ptr[rule.len] == '-' || lang.ptr[rule.len] == '_';
}

static bool any_lang(struct hark_str rule, struct hark_strs langs)
{
    for (size_t i = 0; i < langs.n; i++)
        if (is_lang(rule, langs.v[i])) return true;
    return false;
}

static bool is_author(struct hark_facts *facts, struct hark_str key)
{
    struct hark_str author = hark_facts_author(facts);
    if (author.ptr && is_handle(key, author)) return true;
    return facts->post->author.id.ptr && hark_str_ieq(key, facts->post->author.id);
}

// The post answers this one: it mentions them, or the id that it answers is at://<them>/….
static bool is_reply_to(struct verify *v, struct hark_str key)
{
    struct hark_str id = v->ms->facts.post->reply_to, scheme = HARK_STR("at://");
    if (id.len == 0) return false;
    if (hark_str_starts(id, scheme)) {
        struct hark_str rest, authority = hark_str_cut(hark_strn(id.ptr + scheme.len, id.len - scheme.len), '/', &rest);
        if (hark_str_ieq(authority, key)) return true;
    }
    const struct hark_named_list *list = hark_facts_named(&v->ms->facts);
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].kind == HARK_ENTITY_MENTION && is_handle(key, list->v[i].key)) return true;
    return false;
}

static bool has(struct verify *v, enum hark_entity_kind kind)
{
    const struct hark_named_list *list = hark_facts_named(&v->ms->facts);
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].kind == kind) return true;
    return false;
}

// Unknown numbers are in no range.
static bool in_range(const struct hark_node *node, int64_t number)
{
    return number >= 0 && number >= node->min && number <= node->max;
}

static bool field(struct verify *v, const struct hark_node *node)
{
    const struct hark_post *post = v->ms->facts.post;
    switch (node->field) {
    case HARK_FIELD_FROM: return is_author(&v->ms->facts, node->key);
    case HARK_FIELD_TO: return is_reply_to(v, node->key);
    case HARK_FIELD_LANG: return any_lang(node->key, post->lang);
    case HARK_FIELD_SOURCE: return hark_str_ieq(node->key, post->source);
    case HARK_FIELD_IS_REPLY: return post->reply_to.len > 0;
    case HARK_FIELD_IS_REPOST: return post->repost_of.len > 0;
    case HARK_FIELD_IS_QUOTE: return post->quote_of.len > 0;
    case HARK_FIELD_HAS_LINKS: return has(v, HARK_ENTITY_LINK);
    case HARK_FIELD_HAS_MENTIONS: return has(v, HARK_ENTITY_MENTION);
    case HARK_FIELD_HAS_HASHTAGS: return has(v, HARK_ENTITY_HASHTAG);
    case HARK_FIELD_HAS_MEDIA: return post->media > 0;
    case HARK_FIELD_FOLLOWERS: return in_range(node, post->author.followers);
    case HARK_FIELD_LIKES: return in_range(node, post->engagement.likes);
    case HARK_FIELD_REPOSTS: return in_range(node, post->engagement.reposts);
    case HARK_FIELD_REPLIES: return in_range(node, post->engagement.replies);
    }
    return false;
}

// --- the tree ---

static bool eval(struct verify *v, const struct hark_node *node);

// Every branch that is true is wanted, for its places.
static bool eval_or(struct verify *v, const struct hark_node *node)
{
    bool any = false;
    for (uint32_t i = 0; i < node->nkids && !(any && v->quiet); i++) any |= eval(v, node->kids[i]);
    return any;
}

static bool eval_and(struct verify *v, const struct hark_node *node)
{
    size_t mark = v->ms->named_by.n;
    for (uint32_t i = 0; i < node->nkids; i++) {
        if (eval(v, node->kids[i])) continue;
        v->ms->named_by.n = mark;
        return false;
    }
    return true;
}

static bool eval_not(struct verify *v, const struct hark_node *node)
{
    v->quiet++;
    bool inner = node->nkids > 0 && eval(v, node->kids[0]);
    v->quiet--;
    return !inner;
}

static bool eval(struct verify *v, const struct hark_node *node)
{
    switch (node->kind) {
    case HARK_NODE_ALL: name(v, node, (struct hark_span){0, 0}); return true;
    case HARK_NODE_AND: return eval_and(v, node);
    case HARK_NODE_OR: return eval_or(v, node);
    case HARK_NODE_NOT: return eval_not(v, node);
    case HARK_NODE_PATTERN: return any_pattern(v, node);
    case HARK_NODE_FIELD:
        if (!field(v, node)) return false;
        name(v, node, (struct hark_span){0, 0});
        return true;
    default: return any_name(v, node);
    }
}

bool hark_verify_named(struct hark_scratch *ms, const struct hark_brand *brand)
{
    struct verify v = {.ms = ms};
    ms->named_by.n = 0;
    return eval(&v, brand->listen);
}

bool hark_verify_node(struct hark_scratch *ms, const struct hark_node *node)
{
    struct verify v = {.ms = ms, .quiet = 1};
    return eval(&v, node);
}

static int by_place(const void *a, const void *b)
{
    const struct hark_span *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to < y->to) - (x->to > y->to);
}

const struct hark_span *hark_verify_spans(struct hark_scratch *ms, size_t *ret_n)
{
    ms->spans.n = 0;
    for (size_t i = 0; i < ms->named_by.n; i++) {
        struct hark_span span = ms->named_by.v[i].span;
        if (span.from < span.to) HARK_LIST_ADD(&ms->spans, span);
    }
    if (ms->spans.n > 1) qsort(ms->spans.v, ms->spans.n, sizeof *ms->spans.v, by_place);
    size_t n = 0;
    for (size_t i = 0; i < ms->spans.n; i++)
        if (n == 0 || ms->spans.v[i].to > ms->spans.v[n - 1].to) ms->spans.v[n++] = ms->spans.v[i];
    *ret_n = n;
    return hark_arena_copy(&ms->arena, ms->spans.v, n, sizeof *ms->spans.v);
}

// --- ignore and only ---

static bool is_ignored(struct hark_scratch *ms, const struct hark_brand *brand, char *why, size_t why_size)
{
    for (size_t i = 0; i < brand->ignore_handles.n; i++) {
        if (!is_author(&ms->facts, brand->ignore_handles.v[i])) continue;
        snprintf(why, why_size, "ignore.handles: @" HARK_STR_FMT " wrote it", HARK_STR_ARG(brand->ignore_handles.v[i]));
        return true;
    }
    for (size_t i = 0; i < brand->nignore_phrases; i++) {
        if (hark_find(&ms->finder, brand->ignore_phrases[i], NULL, 1) == 0) continue;
        struct hark_place place = ms->finder.found.v[0];
        snprintf(why, why_size, "ignore.phrases: `" HARK_STR_FMT "` stands at %u-%u",
                 HARK_STR_ARG(brand->ignore_phrases[i]->written), (unsigned)place.from, (unsigned)place.to);
        return true;
    }
    return false;
}

// A post that does not say its languages passes: platforms that know none would fall silent.
static bool lang_is_wanted(const struct hark_brand *brand, const struct hark_post *post)
{
    if (!brand->only_langs.v || post->lang.n == 0) return true;
    for (size_t i = 0; i < brand->only_langs.n; i++)
        if (any_lang(brand->only_langs.v[i], post->lang)) return true;
    return false;
}

// A text that is tried out comes from nowhere.
static bool source_is_wanted(const struct hark_brand *brand, const struct hark_post *post)
{
    if (!brand->only_sources.v || post->source.len == 0) return true;
    for (size_t i = 0; i < brand->only_sources.n; i++)
        if (hark_str_ieq(brand->only_sources.v[i], post->source)) return true;
    return false;
}

// An author of whom we do not know how many follow has too few for any minimum.
static bool is_wanted(const struct hark_brand *brand, const struct hark_post *post, char *why, size_t why_size)
{
    if (post->repost_of.len > 0 && !brand->only_reposts)
        snprintf(why, why_size, "only.reposts: it is a repost, and reposts do not count for this brand");
    else if (!lang_is_wanted(brand, post))
        snprintf(why, why_size, "only.langs: the post is in " HARK_STR_FMT, HARK_STR_ARG(post->lang.v[0]));
    else if (!source_is_wanted(brand, post))
        snprintf(why, why_size, "only.sources: the post is from " HARK_STR_FMT, HARK_STR_ARG(post->source));
    else if (brand->only_min_followers > 0 && post->author.followers < brand->only_min_followers)
        snprintf(why, why_size,
                 post->author.followers < 0 ? "only.min_followers: the author's followers are not known"
                                            : "only.min_followers: the author has %lld, %lld are needed",
                 (long long)post->author.followers, (long long)brand->only_min_followers);
    else
        return true;
    return false;
}

enum hark_why_kind hark_verify_only(struct hark_scratch *ms, const struct hark_brand *brand, char *why, size_t why_size)
{
    if (is_ignored(ms, brand, why, why_size)) return HARK_WHY_IGNORED;
    return is_wanted(brand, ms->facts.post, why, why_size) ? HARK_WHY_HIT : HARK_WHY_ONLY;
}
