// A thread's memory, and the way of a message through the matcher.

#include "matcher.h"

#include <stdlib.h>

// --- scratch ---

static int alloc_scans(struct hark_scratch *ms, struct hark_err *err)
{
    const struct hark_matcher *m = ms->m;
    int rc = hark_database_scratch(hark_prefilter_database(m->prefilter), &ms->hs, err);
    for (int plain = 0; plain < 2 && rc == 0; plain++) rc = hark_database_scratch(m->lexicon[plain].db, &ms->hs, err);
    if (rc < 0) return rc;
    ms->finder.regex = hark_regex_scratch_new(m->options.match_limit);
    return ms->finder.regex ? 0 : hark_err_set(err, HARK_EBUG, "no memory for patterns");
}

struct hark_scratch *hark_scratch_new(const struct hark_matcher *m, struct hark_err *err)
{
    struct hark_scratch *ms = hark_calloc(1, sizeof *ms);
    // Counting is no change that another thread could see.
    ms->m = hark_matcher_ref((struct hark_matcher *)(uintptr_t)m);
    hark_prefilter_scratch_init(&ms->prefilter, m->prefilter, m->rs->nbrands);
    for (int plain = 0; plain < 2; plain++) hark_lexicon_hits_init(&ms->hits[plain], &m->lexicon[plain]);
    ms->intent_seen = hark_calloc(m->rs->nintents + 1, sizeof *ms->intent_seen);
    ms->verdicts = hark_calloc(m->rs->nintents + 1, sizeof *ms->verdicts);
    ms->finder.facts = &ms->facts;
    ms->finder.regexes = &m->regexes;
    hark_budget_init(&ms->finder.budget, m->healths);
    if (alloc_scans(ms, err) == 0) return ms;
    hark_scratch_free(ms);
    return NULL;
}

void hark_scratch_free(struct hark_scratch *ms)
{
    if (!ms) return;
    hark_database_scratch_free(ms->hs);
    hark_prefilter_scratch_done(&ms->prefilter);
    for (int plain = 0; plain < 2; plain++) hark_lexicon_hits_done(&ms->hits[plain]);
    hark_facts_done(&ms->facts);
    hark_finder_done(&ms->finder);
    hark_arena_done(&ms->arena);
    free(ms->intent_seen);
    free(ms->verdicts);
    free(ms->covers.v);
    free(ms->phrase_hits.v);
    free(ms->evidence.v);
    free(ms->taken.v);
    free(ms->named_by.v);
    free(ms->spans.v);
    free(ms->fired.v);
    free(ms->matches.v);
    hark_matcher_unref(ms->m);
    free(ms);
}

size_t hark_scratch_costs(struct hark_scratch *ms, const struct hark_pattern_cost **ret)
{
    return hark_budget_costs(&ms->finder.budget, ret);
}

const struct hark_pattern *hark_scratch_quarantined(struct hark_scratch *ms)
{
    return hark_health_news(ms->m->healths);
}

const struct hark_match_stats *hark_scratch_stats(const struct hark_scratch *ms)
{
    return &ms->stats;
}

void hark_scratch_start(struct hark_scratch *ms, const struct hark_post *post)
{
    hark_arena_reset(&ms->arena);
    hark_facts_start(&ms->facts, post, &ms->arena);
    ms->have_hits[0] = ms->have_hits[1] = ms->have_signals = false;
    if (++ms->post != 0) return;
    memset(ms->intent_seen, 0, ms->m->rs->nintents * sizeof *ms->intent_seen);
    ms->post = 1;
}

// --- maybe ---

size_t hark_match_maybe(const struct hark_matcher *m, struct hark_scratch *ms, struct hark_str raw)
{
    bool folded = false;
    ms->stats.scanned++;
    if (m->options.no_prefilter)
        hark_prefilter_all(&ms->prefilter, m->rs->nbrands);
    else
        hark_prefilter_scan(m->prefilter, &ms->prefilter, ms->hs, raw, m->rs->nbrands, &folded);
    ms->stats.folded += folded;
    ms->stats.candidates += ms->prefilter.nbrands > 0;
    return ms->prefilter.nbrands;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort_candidates(struct hark_prefilter_scratch *prefilter)
{
    for (size_t i = 1; i < prefilter->nbrands; i++) {
        if (prefilter->brands[i - 1] < prefilter->brands[i]) continue;
        qsort(prefilter->brands, prefilter->nbrands, sizeof *prefilter->brands, by_number);
        return;
    }
}

// --- match ---

static void add_match(struct hark_scratch *ms, const struct hark_brand *brand)
{
    struct hark_match match = {.brand = brand};
    match.spans = hark_verify_spans(ms, &match.nspans);
    ms->fired.n = 0;
    for (size_t i = 0; i < brand->nintents; i++) {
        const struct hark_verdict *verdict = hark_verdict_of(ms, brand->intents[i], false);
        if (!verdict->fired) continue;
        HARK_LIST_ADD(&ms->fired,
                      (struct hark_hit){verdict->intent, verdict->evidence, verdict->nevidence, verdict->score});
    }
    match.nhits = ms->fired.n;
    match.hits = hark_arena_copy(&ms->arena, ms->fired.v, ms->fired.n, sizeof *ms->fired.v);
    HARK_LIST_ADD(&ms->matches, match);
}

static void match_brand(struct hark_scratch *ms, const struct hark_brand *brand)
{
    char why[256];
    if (hark_verify_named(ms, brand) && hark_verify_only(ms, brand, why, sizeof why) == HARK_WHY_HIT)
        add_match(ms, brand);
}

struct hark_matches hark_match_post(const struct hark_matcher *m, struct hark_scratch *ms, const struct hark_post *post,
                                    bool all)
{
    ms->matches.n = 0;
    if (post->op == HARK_OP_DELETE) return (struct hark_matches){NULL, 0};
    hark_scratch_start(ms, post);
    hark_budget_start(&ms->finder.budget);
    sort_candidates(&ms->prefilter);
    size_t n = all ? m->rs->nbrands : ms->prefilter.nbrands;
    for (size_t i = 0; i < n; i++) match_brand(ms, &m->rs->brands[all ? i : ms->prefilter.brands[i]]);
    ms->stats.named += ms->matches.n > 0;
    ms->stats.over_limit = ms->finder.over_limit;
    ms->stats.skipped = ms->finder.budget.all_skipped;
    hark_budget_end(&ms->finder.budget);
    return (struct hark_matches){ms->matches.v, ms->matches.n};
}
