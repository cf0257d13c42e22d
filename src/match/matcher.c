// A compiled rule set: the prefilter of the brands, the lexicon of the phrases, the patterns.

#include "matcher.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_MATCH_LIMIT = 100000 };

// --- patterns in slashes ---

static int add_regex(struct hark_matcher *m, const struct hark_pattern *pattern, struct hark_err *err)
{
    bool fresh;
    size_t number = m->regexes.n;
    struct hark_map_entry *entry = hark_map_put(&m->regexes, pattern->regex, &fresh);
    if (!fresh) return 0;
    m->healths->v = hark_grow(m->healths->v, number, &m->healths->cap, sizeof *m->healths->v);
    m->healths->v[number] = (struct hark_health){.pattern = pattern, .regex = hark_regex_new(pattern->regex, err)};
    entry->num = (int64_t)number;
    m->healths->n = m->regexes.n;
    return m->healths->v[number].regex ? 0 : HARK_EINPUT;
}

static int too_many_words(const struct hark_pattern *pattern, struct hark_err *err)
{
    char file[512];
    snprintf(file, sizeof file, HARK_STR_FMT, HARK_STR_ARG(pattern->loc.file));
    return hark_err_at(err, HARK_EINPUT, file, pattern->loc.line, pattern->loc.column,
                       "words near each other may be %d at most, these are %u", HARK_FIND_MAX_NEAR, pattern->nwords);
}

static int add_pattern(struct hark_matcher *m, const struct hark_pattern *pattern, struct hark_err *err)
{
    if (pattern->kind == HARK_PATTERN_REGEX) return add_regex(m, pattern, err);
    if (pattern->kind == HARK_PATTERN_NEAR && pattern->nwords > HARK_FIND_MAX_NEAR) return too_many_words(pattern, err);
    return 0;
}

static int add_tree(struct hark_matcher *m, const struct hark_node *node, struct hark_err *err)
{
    int rc = node->kind == HARK_NODE_PATTERN ? add_pattern(m, node->pattern, err) : 0;
    for (uint32_t i = 0; i < node->nkids && rc == 0; i++) rc = add_tree(m, node->kids[i], err);
    return rc;
}

static int add_brands(struct hark_matcher *m, struct hark_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < m->rs->nbrands && rc == 0; i++) {
        const struct hark_brand *brand = &m->rs->brands[i];
        rc = add_tree(m, brand->listen, err);
        for (size_t k = 0; k < brand->nignore_phrases && rc == 0; k++)
            rc = add_pattern(m, brand->ignore_phrases[k], err);
    }
    return rc;
}

// --- phrases ---

static int add_phrase(struct hark_matcher *m, const struct hark_pattern *pattern, struct hark_err *err)
{
    m->phrases = hark_grow(m->phrases, m->nphrases, &m->cap_phrases, sizeof *m->phrases);
    m->phrases[m->nphrases++] = (struct hark_compiled_phrase){(uint32_t)m->nwords};
    if (pattern->kind != HARK_PATTERN_REGEX) {
        for (unsigned i = 0; i < pattern->nwords; i++) {
            m->words = hark_grow(m->words, m->nwords, &m->cap_words, sizeof *m->words);
            m->words[m->nwords++] = hark_lexicon_add(&m->lexicon[pattern->fold], pattern->words[i].text);
        }
    }
    return add_pattern(m, pattern, err);
}

static int add_intents(struct hark_matcher *m, struct hark_err *err)
{
    int rc = 0;
    m->intent_phrases = hark_calloc(m->rs->nintents + 1, sizeof *m->intent_phrases);
    for (size_t i = 0; i < m->rs->nintents && rc == 0; i++) {
        const struct hark_intent *intent = m->rs->intents[i];
        m->intent_phrases[intent->index] = (uint32_t)m->nphrases;
        for (size_t k = 0; k < intent->nphrases && rc == 0; k++) rc = add_phrase(m, &intent->phrases[k].pattern, err);
        for (size_t k = 0; k < intent->nnots && rc == 0; k++) rc = add_phrase(m, &intent->nots[k].pattern, err);
    }
    return rc;
}

// --- the matcher ---

static int compile(struct hark_matcher *m, const char *cache_dir, struct hark_err *err)
{
    int rc = add_brands(m, err);
    if (rc == 0) rc = add_intents(m, err);
    for (int plain = 0; plain < 2 && rc == 0; plain++) rc = hark_lexicon_compile(&m->lexicon[plain], cache_dir, err);
    if (rc < 0) return rc;
    m->prefilter = hark_prefilter_new(m->rs, &m->regexes, m->healths, cache_dir, err);
    return m->prefilter ? 0 : HARK_EBUG;
}

struct hark_matcher *hark_matcher_new(struct hark_ruleset *rs, const struct hark_match_options *options,
                                      struct hark_err *err)
{
    struct hark_matcher *m = hark_calloc(1, sizeof *m);
    m->refs = 1;
    m->healths = hark_calloc(1, sizeof *m->healths);
    m->rs = hark_ruleset_ref(rs);
    m->options = *options;
    if (m->options.match_limit == 0) m->options.match_limit = DEFAULT_MATCH_LIMIT;
    int rc = compile(m, options->cache_dir, err);
    m->options.cache_dir = NULL;
    if (rc == 0) return m;
    hark_matcher_unref(m);
    return NULL;
}

struct hark_matcher *hark_matcher_ref(struct hark_matcher *m)
{
    __atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
    return m;
}

void hark_matcher_unref(struct hark_matcher *m)
{
    if (!m || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (size_t i = 0; i < m->regexes.n; i++) hark_regex_free(m->healths->v[i].regex);
    free(m->healths->v);
    free(m->healths);
    hark_map_done(&m->regexes);
    for (int plain = 0; plain < 2; plain++) hark_lexicon_done(&m->lexicon[plain]);
    hark_prefilter_free(m->prefilter);
    free(m->phrases);
    free(m->intent_phrases);
    free(m->words);
    hark_ruleset_unref(m->rs);
    free(m);
}

const struct hark_ruleset *hark_matcher_rules(const struct hark_matcher *m)
{
    return m->rs;
}

size_t hark_matcher_bytes(const struct hark_matcher *m)
{
    size_t bytes = hark_prefilter_bytes(m->prefilter);
    for (int plain = 0; plain < 2; plain++) bytes += hark_lexicon_bytes(&m->lexicon[plain]);
    for (size_t i = 0; i < m->regexes.n; i++) bytes += hark_regex_bytes(m->healths->v[i].regex);
    return bytes + m->cap_phrases * sizeof *m->phrases + m->cap_words * sizeof *m->words +
           m->rs->nintents * sizeof *m->intent_phrases;
}

const struct hark_unfiltered *hark_matcher_unfiltered(const struct hark_matcher *m, size_t *ret_n)
{
    return hark_prefilter_unfiltered(m->prefilter, ret_n);
}
