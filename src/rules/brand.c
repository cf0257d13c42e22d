// Brands: what names them, what does not, which intents and alerts they have.

#include "query.h"

#include <hark/text.h>

#include <stdlib.h>

enum { KEY_BRAND, KEY_TEAM, KEY_LISTEN, KEY_IGNORE, KEY_ONLY, KEY_FOLD, KEY_INTENTS, KEY_ALERTS, KEY_TESTS, KEYS };
static const char *const brand_keys[] = {"brand", "team",    "listen", "ignore", "only",
                                         "fold",  "intents", "alerts", "tests",  NULL};
static const char *const severities[] = {"low", "normal", "high", NULL};

const char *hark_severity_str(enum hark_severity severity)
{
    return severities[severity];
}

// --- lists of texts ---

struct hark_strs hark_load_strs(struct hark_load *ld, const struct hark_yaml *list, const char *what,
                                bool (*each)(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret))
{
    if (!hark_load_list(ld, list, what)) return (struct hark_strs){NULL, 0};
    struct hark_str *v = HARK_NEW_N(ld->arena, struct hark_str, list->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) n += each(ld, &list->kids[i], &v[n]);
    return (struct hark_strs){v, n};
}

static bool load_source(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret)
{
    return hark_load_name(ld, node, "a source", ret);
}

static struct hark_str key_of(struct hark_load *ld, struct hark_str s)
{
    hark_text_key(s, &ld->tmp);
    return hark_arena_str(ld->arena, hark_buf_str(&ld->tmp));
}

bool hark_load_handle(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret)
{
    struct hark_str s;
    if (!hark_load_text(ld, node, "a handle", &s)) return false;
    s = hark_without_sign(s, '@');
    if (!hark_is_handle(s)) {
        HARK_BAD(ld, node, "%s", hark_say_handle);
        return false;
    }
    *ret = key_of(ld, s);
    return true;
}

// --- listen ---

enum { LISTEN_HASHTAGS, LISTEN_HANDLES, LISTEN_KEYWORDS, LISTEN_DOMAINS, LISTEN_QUERY, LISTEN_ALL, LISTEN_KEYS };
static const char *const listen_keys[] = {"hashtags", "handles", "keywords", "domains", "query", "all", NULL};

static struct hark_node *new_node(struct hark_load *ld, enum hark_node_kind kind, const struct hark_yaml *at,
                                  struct hark_str written)
{
    struct hark_node *node = HARK_NEW(ld->arena, struct hark_node);
    node->kind = kind;
    node->min = INT64_MIN;
    node->max = INT64_MAX;
    node->loc = hark_yaml_loc(ld, at);
    node->written = written;
    return node;
}

static struct hark_str with_sign(struct hark_load *ld, const char *sign, struct hark_str s)
{
    return hark_arena_printf(ld->arena, "%s" HARK_STR_FMT, sign, HARK_STR_ARG(s));
}

static struct hark_node *load_hashtag(struct hark_load *ld, const struct hark_yaml *at, bool fold)
{
    struct hark_str s;
    (void)fold;
    if (!hark_load_text(ld, at, "a hashtag", &s)) return NULL;
    s = hark_without_sign(s, '#');
    if (!hark_is_hashtag(s)) {
        HARK_BAD(ld, at, "%s", hark_say_hashtag);
        return NULL;
    }
    struct hark_node *node = new_node(ld, HARK_NODE_HASHTAG, at, with_sign(ld, "#", s));
    node->key = key_of(ld, s);
    return node;
}

static struct hark_node *load_handle(struct hark_load *ld, const struct hark_yaml *at, bool fold)
{
    struct hark_str key;
    (void)fold;
    if (!hark_load_handle(ld, at, &key)) return NULL;
    struct hark_node *node =
        new_node(ld, HARK_NODE_HANDLE, at, with_sign(ld, "@", hark_without_sign(hark_str_trim(at->text), '@')));
    node->key = key;
    return node;
}

static struct hark_node *load_domain(struct hark_load *ld, const struct hark_yaml *at, bool fold)
{
    struct hark_str s;
    (void)fold;
    if (!hark_load_text(ld, at, "a domain", &s)) return NULL;
    if (!hark_is_domain(s)) {
        HARK_BAD(ld, at, "%s", hark_say_domain);
        return NULL;
    }
    if (hark_str_starts(s, HARK_STR("www.")))
        HARK_WARN_AT(ld, at, "with www. links to the bare domain are not found: write " HARK_STR_FMT ", it covers both",
                     (int)s.len - 4, s.ptr + 4);
    struct hark_node *node = new_node(ld, HARK_NODE_DOMAIN, at, hark_arena_str(ld->arena, s));
    node->key = key_of(ld, s);
    return node;
}

static struct hark_node *load_keyword(struct hark_load *ld, const struct hark_yaml *at, bool fold)
{
    struct hark_pattern pattern;
    struct hark_str s = at->kind == HARK_YAML_SCALAR ? hark_str_trim(at->text) : HARK_STR("");
    if (s.len && s.ptr[0] == '#') {
        HARK_BAD(ld, at,
                 "a hashtag stands under hashtags: hashtags: [" HARK_STR_FMT
                 "]; keywords find the word in hashtags as well",
                 (int)s.len - 1, s.ptr + 1);
        return NULL;
    }
    if (!hark_load_pattern(ld, at, "a keyword", fold, &pattern)) return NULL;
    struct hark_node *node = new_node(ld, HARK_NODE_PATTERN, at, pattern.written);
    node->pattern = hark_arena_copy(ld->arena, &pattern, 1, sizeof pattern);
    return node;
}

typedef struct hark_node *listen_fn(struct hark_load *ld, const struct hark_yaml *at, bool fold);
static listen_fn *const list_readers[] = {load_hashtag, load_handle, load_keyword, load_domain};

// The lists become one OR; a single entry stands for itself.
static struct hark_node *load_lists(struct hark_load *ld, const struct hark_yaml *map,
                                    const struct hark_yaml *const *values, bool fold, bool whole)
{
    size_t most = 0;
    bool lists = whole; // of a key that is not known it is not known either what it was to hold
    for (int i = 0; i <= LISTEN_DOMAINS; i++) {
        if (!values[i]) continue;
        lists &= hark_load_list(ld, values[i], listen_keys[i]);
        most += values[i]->n;
    }
    struct hark_node *any = new_node(ld, HARK_NODE_OR, map, HARK_STR(""));
    any->kids = HARK_NEW_N(ld->arena, struct hark_node *, most);
    for (int i = 0; i <= LISTEN_DOMAINS; i++) {
        if (!values[i] || values[i]->kind != HARK_YAML_SEQ) continue;
        for (size_t k = 0; k < values[i]->n; k++) {
            struct hark_node *kid = list_readers[i](ld, &values[i]->kids[k], fold);
            if (kid) any->kids[any->nkids++] = kid;
        }
    }
    if (most == 0 && lists)
        HARK_BAD(ld, map, "listen is empty: the brand needs one of hashtags, handles, keywords, domains, query or all");
    return any->nkids == 1 ? any->kids[0] : any;
}

static struct hark_node *load_query(struct hark_load *ld, const struct hark_yaml *at, bool fold)
{
    struct hark_place place;
    struct hark_str s;
    if (!hark_load_text(ld, at, "the query", &s)) return NULL;
    hark_place_node(&place, ld->file, at);
    return hark_query_read(&place, fold, ld->arena, ld->leaf.check_regex, ld->problems);
}

struct hark_node *hark_load_listen(struct hark_load *ld, const struct hark_yaml *map, bool fold)
{
    const struct hark_yaml *values[LISTEN_KEYS], *lists = NULL;
    size_t errors = ld->problems->errors;
    bool all = false;
    if (map->kind == HARK_YAML_SCALAR && map->text.len == 0) {
        HARK_BAD(ld, map, "listen is empty: the brand needs one of hashtags, handles, keywords, domains, query or all");
        return NULL;
    }
    if (!hark_load_keys(ld, map, "listen", listen_keys, false, values)) return NULL;
    bool whole = ld->problems->errors == errors;
    for (int i = 0; i <= LISTEN_DOMAINS; i++)
        if (values[i] && !lists) lists = values[i];
    if (values[LISTEN_ALL] && hark_load_bool(ld, values[LISTEN_ALL], "all", &all) && !all)
        HARK_BAD(ld, values[LISTEN_ALL], "all: false says nothing: leave it out");
    if (all && (lists || values[LISTEN_QUERY]))
        HARK_BAD(ld, values[LISTEN_ALL], "all takes every post and stands alone in listen: leave out the rest, or all");
    if (values[LISTEN_QUERY] && lists)
        HARK_BAD(ld, values[LISTEN_QUERY],
                 "a query stands instead of the lists: put what they name into it, with OR, or leave it out");
    if (all) return new_node(ld, HARK_NODE_ALL, values[LISTEN_ALL], HARK_STR("all"));
    if (values[LISTEN_QUERY]) return load_query(ld, values[LISTEN_QUERY], fold);
    return load_lists(ld, map, values, fold, whole);
}

// --- ignore, only ---

static const char *const ignore_keys[] = {"phrases", "handles", NULL};

static void load_ignore(struct hark_load *ld, const struct hark_yaml *map, struct hark_brand *brand)
{
    const struct hark_yaml *values[2], *list;
    if (!hark_load_keys(ld, map, "ignore", ignore_keys, false, values)) return;
    if (values[1]) brand->ignore_handles = hark_load_strs(ld, values[1], "ignore.handles", hark_load_handle);
    list = values[0];
    if (!list || !hark_load_list(ld, list, "ignore.phrases")) return;
    brand->ignore_phrases = HARK_NEW_N(ld->arena, struct hark_pattern *, list->n);
    for (size_t i = 0; i < list->n; i++) {
        struct hark_pattern pattern;
        if (!hark_load_pattern(ld, &list->kids[i], "a phrase to ignore", brand->fold, &pattern)) continue;
        brand->ignore_phrases[brand->nignore_phrases++] = hark_arena_copy(ld->arena, &pattern, 1, sizeof pattern);
    }
}

static const char *const only_keys[] = {"langs", "sources", "reposts", "min_followers", NULL};

static void load_only(struct hark_load *ld, const struct hark_yaml *map, struct hark_brand *brand)
{
    const struct hark_yaml *values[4];
    if (!hark_load_keys(ld, map, "only", only_keys, false, values)) return;
    if (values[0]) brand->only_langs = hark_load_strs(ld, values[0], "only.langs", hark_load_lang);
    if (values[1]) brand->only_sources = hark_load_strs(ld, values[1], "only.sources", load_source);
    if (values[2]) (void)hark_load_bool(ld, values[2], "only.reposts", &brand->only_reposts);
    if (values[3])
        (void)hark_load_int(ld, values[3], "only.min_followers", 0, HARK_LOAD_MAX_COUNT, &brand->only_min_followers);
    for (int i = 0; i < 2; i++)
        if (values[i] && values[i]->kind == HARK_YAML_SEQ && values[i]->n == 0)
            HARK_BAD(ld, values[i], "an empty list would let no post through: leave only.%s out to let all through",
                     only_keys[i]);
}

// --- intents, alerts ---

static bool has_intent(const struct hark_brand *brand, struct hark_str name)
{
    for (size_t i = 0; i < brand->nintents; i++)
        if (brand->intents[i] && hark_str_eq(brand->intents[i]->name, name)) return true;
    return false;
}

static void load_inline(struct hark_load *ld, const struct hark_yaml *map, struct hark_brand *brand)
{
    struct hark_intent *intent = hark_load_intent(ld, map, true, brand->fold);
    if (!intent) return;
    if (has_intent(brand, intent->name)) {
        HARK_BAD(ld, map, "the brand has an intent \"" HARK_STR_FMT "\" already: take another name",
                 HARK_STR_ARG(intent->name));
        return;
    }
    ld->inlined = hark_grow(ld->inlined, ld->ninlined, &ld->inlined_cap, sizeof *ld->inlined);
    ld->inlined[ld->ninlined++] = intent;
    brand->intents[brand->nintents++] = intent;
}

// Inline ones are there at once; names are wishes, which keep their place in the list.
static void load_intents(struct hark_load *ld, const struct hark_yaml *list, struct hark_brand *brand)
{
    if (!hark_load_list(ld, list, "intents")) return;
    brand->intents = HARK_NEW_N(ld->arena, struct hark_intent *, list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct hark_yaml *node = &list->kids[i];
        struct hark_str name;
        if (node->kind == HARK_YAML_MAP)
            load_inline(ld, node, brand);
        else if (hark_load_text(ld, node, "an intent", &name))
            hark_load_wish(ld, (struct hark_wish){ld->nbrands, brand->nintents++, hark_arena_str(ld->arena, name),
                                                  hark_yaml_loc(ld, node), false});
    }
}

static const char *const alert_keys[] = {"on", "severity", NULL};

static bool load_alert(struct hark_load *ld, const struct hark_yaml *map, struct hark_alert_rule *ret)
{
    const struct hark_yaml *values[2];
    struct hark_str on, severity;
    if (!hark_load_keys(ld, map, "an alert", alert_keys, false, values)) return false;
    if (!values[0]) {
        HARK_BAD(ld, map, "the alert does not say on what: on: need");
        return false;
    }
    if (!hark_load_text(ld, values[0], "on", &on)) return false;
    *ret = (struct hark_alert_rule){hark_arena_str(ld->arena, on), HARK_SEVERITY_NORMAL, hark_yaml_loc(ld, values[0])};
    if (!values[1] || !hark_load_text(ld, values[1], "severity", &severity)) return true;
    for (int i = 0; severities[i]; i++) {
        if (!hark_str_is(severity, severities[i])) continue;
        ret->severity = (enum hark_severity)i;
        return true;
    }
    hark_say_names(&ld->buf, severity, severities);
    HARK_BAD(ld, values[1], "unknown severity \"" HARK_STR_FMT "\": %s", HARK_STR_ARG(severity),
             hark_buf_cstr(&ld->buf));
    return true;
}

static void load_alerts(struct hark_load *ld, const struct hark_yaml *list, struct hark_brand *brand)
{
    if (!hark_load_list(ld, list, "alerts")) return;
    brand->alerts = HARK_NEW_N(ld->arena, struct hark_alert_rule, list->n);
    for (size_t i = 0; i < list->n; i++)
        brand->nalerts += load_alert(ld, &list->kids[i], &brand->alerts[brand->nalerts]);
}

// --- the whole ---

// Whether the name is free; a brand that is there twice is read as well, so that its other mistakes show.
static void take_name(struct hark_load *ld, const struct hark_yaml *node, struct hark_brand *brand)
{
    bool fresh;
    if (!hark_load_name(ld, node, "the name of a brand", &brand->name)) return;
    struct hark_map_entry *entry = hark_map_put(&ld->brand_names, brand->name, &fresh);
    if (fresh) {
        entry->num = (int64_t)ld->nbrands;
        return;
    }
    const struct hark_loc *first = &ld->brands[entry->num].loc;
    HARK_BAD(ld, node,
             "the brand \"" HARK_STR_FMT "\" is there already, in " HARK_STR_FMT
             ":%u: put both into one, or take another name",
             HARK_STR_ARG(brand->name), HARK_STR_ARG(first->file), first->line);
}

static void load_names(struct hark_load *ld, const struct hark_yaml *map, const struct hark_yaml *const *values,
                       struct hark_brand *brand)
{
    brand->loc = hark_yaml_loc(ld, values[KEY_BRAND] ? values[KEY_BRAND] : map);
    if (values[KEY_BRAND])
        take_name(ld, values[KEY_BRAND], brand);
    else
        HARK_BAD(ld, map, "the brand has no name: brand: river-island");
    if (values[KEY_TEAM])
        (void)hark_load_name(ld, values[KEY_TEAM], "the name of a team", &brand->team);
    else
        hark_problems_add(ld->problems, false, brand->loc,
                          "the brand has no team: team: womenswear (alerts go to alerts.womenswear)");
}

void hark_load_brand(struct hark_load *ld, const struct hark_yaml *map)
{
    const struct hark_yaml *values[KEYS];
    struct hark_brand brand = {0};
    size_t errors = ld->problems->errors;
    if (!hark_load_keys(ld, map, "a brand", brand_keys, false, values)) return;
    bool whole = ld->problems->errors == errors;
    if (values[KEY_FOLD]) (void)hark_load_bool(ld, values[KEY_FOLD], "fold", &brand.fold);
    load_names(ld, map, values, &brand);
    if (values[KEY_LISTEN])
        brand.listen = hark_load_listen(ld, values[KEY_LISTEN], brand.fold);
    else if (whole) // a key that is not known may have been it
        hark_problems_add(ld->problems, false, brand.loc, "the brand has no listen: listen: {hashtags: [RiverIsland]}");
    if (values[KEY_IGNORE]) load_ignore(ld, values[KEY_IGNORE], &brand);
    if (values[KEY_ONLY]) load_only(ld, values[KEY_ONLY], &brand);
    if (values[KEY_INTENTS]) load_intents(ld, values[KEY_INTENTS], &brand);
    if (values[KEY_ALERTS]) load_alerts(ld, values[KEY_ALERTS], &brand);
    if (values[KEY_TESTS]) brand.tests = hark_load_tests(ld, values[KEY_TESTS], ld->nbrands, NULL, &brand.ntests);
    brand.index = (uint32_t)ld->nbrands;
    ld->brands = hark_grow(ld->brands, ld->nbrands, &ld->brands_cap, sizeof *ld->brands);
    ld->brands[ld->nbrands++] = brand;
}
