// hark x-rules: keeps the rules of X's filtered stream in step with the brands.
//
// X gets what names a brand, hashtags, handles, cashtags, words and links, joined by OR and cut into rules of the
// length that every plan allows; reposts only where the brand counts them. That lets more through than the brand's own
// rule (intents, exceptions and languages are ours to judge), never less. What X cannot express (a pattern, all posts)
// is said.

#include "cli.h"

#include <hark/match.h>
#include <hark/x_rules.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct rules {
    struct hark_arena arena;
    struct hark_x_rule *v;
    size_t n, cap;
};

struct terms {
    struct hark_arena *arena;
    struct hark_map map; // each once
};

static void add_term(struct terms *terms, struct hark_str term)
{
    hark_map_put(&terms->map, term, NULL);
}

static bool pattern_term(const struct hark_pattern *pattern, struct terms *terms)
{
    struct hark_buf text = {0};
    if (pattern->kind != HARK_PATTERN_WORDS) return false;
    for (size_t i = 0; i < pattern->written.len; i++)
        if (!strchr("\"{}", pattern->written.ptr[i])) hark_buf_char(&text, pattern->written.ptr[i]);
    bool open = memchr(text.ptr ? text.ptr : "", '*', text.len);
    if (!open)
        add_term(terms, hark_arena_printf(terms->arena, "\"" HARK_STR_FMT "\"", HARK_STR_ARG(hark_buf_str(&text))));
    hark_buf_done(&text);
    return !open; // X has no open words
}

// Terms one of which every post that the node takes has in it; false where X has none such.
static bool collect(const struct hark_node *node, struct terms *terms) // NOLINT(misc-no-recursion)
{
    bool all = true;
    switch (node->kind) {
    case HARK_NODE_OR:
        for (uint32_t i = 0; i < node->nkids; i++) all = collect(node->kids[i], terms) && all;
        return all;
    case HARK_NODE_AND:
        for (uint32_t i = 0; i < node->nkids; i++)
            if (collect(node->kids[i], terms)) return true;
        return false;
    case HARK_NODE_HASHTAG:
        add_term(terms, hark_arena_printf(terms->arena, "#" HARK_STR_FMT, HARK_STR_ARG(node->key)));
        return true;
    case HARK_NODE_CASHTAG:
        add_term(terms, hark_arena_printf(terms->arena, "$" HARK_STR_FMT, HARK_STR_ARG(node->key)));
        return true;
    case HARK_NODE_HANDLE:
        // A handle with a domain is of another platform.
        if (!memchr(node->key.ptr, '.', node->key.len) && !memchr(node->key.ptr, '@', node->key.len))
            add_term(terms, hark_arena_printf(terms->arena, "@" HARK_STR_FMT, HARK_STR_ARG(node->key)));
        return true;
    case HARK_NODE_DOMAIN:
    case HARK_NODE_URL:
        add_term(terms, hark_arena_printf(terms->arena, "url:\"" HARK_STR_FMT "\"", HARK_STR_ARG(node->key)));
        return true;
    case HARK_NODE_PATTERN: return pattern_term(node->pattern, terms);
    case HARK_NODE_ALL:
    case HARK_NODE_NOT:
    case HARK_NODE_FIELD: return false;
    }
    return false;
}

static void add_rule(struct rules *rules, const struct hark_brand *brand, unsigned *number, struct hark_buf *value)
{
    if (!value->len) return;
    rules->v = hark_grow(rules->v, rules->n, &rules->cap, sizeof *rules->v);
    rules->v[rules->n++] = (struct hark_x_rule){
        hark_arena_printf(&rules->arena, "(%.*s)%s", (int)value->len, value->ptr,
                          brand->only_reposts ? "" : " -is:retweet"),
        hark_arena_printf(&rules->arena, HARK_X_RULE_TAG HARK_STR_FMT "/%u", HARK_STR_ARG(brand->name), ++*number)};
    hark_buf_clear(value);
}

static void add_brand(struct rules *rules, const struct hark_brand *brand)
{
    enum { ROOM = HARK_X_RULE_BYTES - (int)sizeof "() -is:retweet" };
    struct terms terms = {.arena = &rules->arena};
    struct hark_buf value = {0};
    unsigned number = 0;
    if (!collect(brand->listen, &terms))
        fprintf(stderr,
                HARK_STR_FMT ":%u: warning: not all that brand " HARK_STR_FMT " listens for can be asked of X\n",
                HARK_STR_ARG(brand->loc.file), brand->loc.line, HARK_STR_ARG(brand->name));
    for (size_t i = 0; i < terms.map.n; i++) {
        struct hark_str term = terms.map.entries[i].key;
        if (value.len + 4 + term.len > ROOM) add_rule(rules, brand, &number, &value);
        if (term.len <= ROOM) hark_buf_printf(&value, "%s" HARK_STR_FMT, value.len ? " OR " : "", HARK_STR_ARG(term));
    }
    add_rule(rules, brand, &number, &value);
    hark_buf_done(&value);
    hark_map_done(&terms.map);
}

static void show(void *arg, char sign, const struct hark_x_rule *rule)
{
    (void)arg;
    printf("%c " HARK_STR_FMT "  " HARK_STR_FMT "\n", sign, HARK_STR_ARG(rule->tag), HARK_STR_ARG(rule->value));
}

static int sync_rules(const struct hark_config *cfg, const char *url, const struct hark_ruleset *rs,
                      struct hark_err *err)
{
    struct rules rules = {0};
    const struct hark_x_rules_options options = {
        .url = url, .token = cfg->x_token, .ca_file = cfg->ca_file, .apply = cfg->apply, .each = show};
    for (size_t i = 0; i < rs->nbrands; i++) {
        const struct hark_strs *sources = &rs->brands[i].only_sources;
        bool on_x = !sources->v;
        for (size_t k = 0; k < sources->n; k++) on_x = on_x || hark_str_is(sources->v[k], "x");
        if (on_x) add_brand(&rules, &rs->brands[i]);
    }
    if (hark_x_rules_sync(rules.v, rules.n, &options, err) == 0 && !cfg->apply)
        printf("nothing was changed; --apply changes it\n");
    free(rules.v);
    hark_arena_done(&rules.arena);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_problems problems = {0};
    struct hark_buf text = {0};
    if (!cfg->rules) return hark_err_set(err, HARK_EINPUT, "--rules is missing: the folder with the rule files");
    struct hark_ruleset *rs = hark_rules_load(&cfg->rules, 1, hark_match_check_regex, &problems);
    hark_problems_print(&problems, isatty(STDERR_FILENO), &text);
    fwrite(text.ptr, 1, text.len, stderr);
    if (rs)
        (void)!sync_rules(cfg, args->n ? args->v[0] : NULL, rs, err);
    else
        hark_err_set(err, HARK_EINPUT, "%zu errors in the rules", problems.errors);
    hark_ruleset_unref(rs);
    hark_buf_done(&text);
    hark_problems_done(&problems);
    return err->code;
}

const struct hark_command hark_command_x_rules = {
    .name = "x-rules",
    .arguments = "[URL]",
    .about = "shows how the rules of X's filtered stream differ from the brands; --apply changes them",
    .more =
        "X keeps rules for each token (HARK_X_TOKEN), and the source x: gets what they match. Those with a tag that "
        "begins with hark/ are ours; others are left alone. What is new is checked by X before anything changes. "
        "URL is that of the stream where it is not X's own.",
    .most = 1,
    .run = run,
};
