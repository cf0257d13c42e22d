// An intent held against a post: phrases, what `not` takes back, groups, signals, the sum.
//
//   "@shop still waiting, charged twice"     complaint, threshold 10
//   group trouble (6, second 4): still waiting    +6
//   charged: 5                                    +5
//   signal mention: 4                             +4     = 15, fires
//
// A phrase counts once, at its first place that no `not` covers as a whole.

#include "matcher.h"

#include <stdlib.h>

static const struct hark_compiled_phrase *compiled(const struct hark_scratch *ms, const struct hark_intent *intent,
                                                   size_t i)
{
    return &ms->m->phrases[ms->m->intent_phrases[intent->index] + i];
}

static const struct hark_lexicon_hits *hits_of(struct hark_scratch *ms, bool plain)
{
    struct hark_lexicon_hits *hits = &ms->hits[plain];
    if (!ms->have_hits[plain]) {
        ms->have_hits[plain] = true;
        hark_lexicon_scan(hits, ms->hs, hark_facts_view(&ms->facts, plain));
    }
    return hits;
}

// Cheap, for it is asked of every phrase: whether all its words are in the post.
static bool may_match(struct hark_scratch *ms, const struct hark_pattern *pattern,
                      const struct hark_compiled_phrase *phrase)
{
    if (pattern->kind == HARK_PATTERN_REGEX) return true;
    const struct hark_lexicon_hits *hits = hits_of(ms, pattern->fold);
    for (unsigned i = 0; i < pattern->nwords; i++)
        if (!hark_lexicon_has(hits, ms->m->words[phrase->words + i])) return false;
    return true;
}

static size_t find(struct hark_scratch *ms, const struct hark_pattern *pattern,
                   const struct hark_compiled_phrase *phrase, size_t max)
{
    if (!may_match(ms, pattern, phrase)) return 0;
    if (pattern->kind == HARK_PATTERN_REGEX) return hark_find(&ms->finder, pattern, NULL, max);
    struct hark_word_source source = {hits_of(ms, pattern->fold), &ms->m->words[phrase->words]};
    return hark_find(&ms->finder, pattern, &source, max);
}

// --- not ---

static int by_start(const void *a, const void *b)
{
    const struct hark_cover *x = a, *y = b;
    if (x->place.from != y->place.from) return x->place.from < y->place.from ? -1 : 1;
    if (x->place.to != y->place.to) return x->place.to > y->place.to ? -1 : 1;
    return (x->by > y->by) - (x->by < y->by);
}

static void collect_covers(struct hark_scratch *ms, const struct hark_intent *intent)
{
    ms->covers.n = 0;
    for (size_t i = 0; i < intent->nnots; i++) {
        const struct hark_phrase *not = &intent->nots[i];
        size_t n = find(ms, &not ->pattern, compiled(ms, intent, intent->nphrases + i), HARK_LEXICON_MAX_PLACES);
        for (size_t k = 0; k < n; k++) HARK_LIST_ADD(&ms->covers, (struct hark_cover){ms->finder.found.v[k], not, 0});
    }
    if (ms->covers.n == 0) return;
    qsort(ms->covers.v, ms->covers.n, sizeof *ms->covers.v, by_start);
    for (size_t i = 1; i < ms->covers.n; i++) {
        size_t before = ms->covers.v[i - 1].widest;
        ms->covers.v[i].widest = ms->covers.v[i].place.to > ms->covers.v[before].place.to ? i : before;
    }
}

// The `not` that the place lies wholly inside, or NULL.
static const struct hark_cover *cover_of(const struct hark_scratch *ms, struct hark_place place)
{
    size_t low = 0, high = ms->covers.n; // covers before `low` start at or before the place
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (ms->covers.v[mid].place.from <= place.from)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0) return NULL;
    const struct hark_cover *widest = &ms->covers.v[ms->covers.v[low - 1].widest];
    return widest->place.to >= place.to ? widest : NULL;
}

// --- evidence ---

static struct hark_span span_of(const struct hark_scratch *ms, struct hark_place place)
{
    if (!hark_facts_in_text(&ms->facts, place)) return (struct hark_span){0, 0};
    return (struct hark_span){place.from, place.to};
}

static void take_back(struct hark_scratch *ms, const struct hark_phrase *phrase, struct hark_place place,
                      const struct hark_cover *cover)
{
    HARK_LIST_ADD(&ms->taken, (struct hark_taken){phrase, cover->by, span_of(ms, place), span_of(ms, cover->place)});
}

static void collect_phrases(struct hark_scratch *ms, const struct hark_intent *intent, bool want_taken)
{
    ms->phrase_hits.n = ms->taken.n = 0;
    bool have_covers = false;
    for (size_t i = 0; i < intent->nphrases; i++) {
        const struct hark_phrase *phrase = &intent->phrases[i];
        const struct hark_compiled_phrase *comp = compiled(ms, intent, i);
        if (!may_match(ms, &phrase->pattern, comp)) continue;
        if (!have_covers) collect_covers(ms, intent);
        have_covers = true;
        size_t n = find(ms, &phrase->pattern, comp, ms->covers.n ? HARK_LEXICON_MAX_PLACES : 1);
        for (size_t k = 0; k < n; k++) {
            struct hark_place place = ms->finder.found.v[k];
            const struct hark_cover *cover = cover_of(ms, place);
            if (!cover) {
                HARK_LIST_ADD(&ms->phrase_hits, (struct hark_phrase_hit){phrase, place});
                break;
            }
            if (want_taken) take_back(ms, phrase, place, cover);
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct hark_phrase_hit *x = a, *y = b;
    if (x->place.from != y->place.from) return x->place.from < y->place.from ? -1 : 1;
    if (x->place.to != y->place.to) return x->place.to > y->place.to ? -1 : 1;
    return (x->phrase > y->phrase) - (x->phrase < y->phrase);
}

static int points_of(const struct hark_intent *intent, const struct hark_phrase *phrase, unsigned *seen)
{
    if (phrase->group < 0) return phrase->weight;
    const struct hark_group *group = &intent->groups[phrase->group];
    unsigned before = seen[phrase->group]++;
    return before == 0 ? group->weight : before == 1 ? group->second : 0;
}

// Phrases before signals, most points first, then by place; phrase_hits are in the order of places already.
static int by_points(const void *a, const void *b)
{
    const struct hark_evidence *x = a, *y = b;
    if (!x->phrase != !y->phrase) return x->phrase ? -1 : 1;
    if (x->points != y->points) return x->points > y->points ? -1 : 1;
    if (!x->phrase) return (int)x->signal - (int)y->signal;
    if (x->span.from != y->span.from) return x->span.from < y->span.from ? -1 : 1;
    return (x->phrase > y->phrase) - (x->phrase < y->phrase);
}

static void add_signals(struct hark_scratch *ms, const struct hark_intent *intent)
{
    for (int signal = 0; signal < HARK_SIGNALS; signal++) {
        if (intent->signals[signal] == 0) continue;
        if (!ms->have_signals) ms->signals = hark_signals_of(&ms->facts);
        ms->have_signals = true;
        if (ms->signals & (1u << signal))
            HARK_LIST_ADD(&ms->evidence,
                          (struct hark_evidence){NULL, (enum hark_signal)signal, intent->signals[signal], {0, 0}});
    }
}

static int sum(struct hark_scratch *ms)
{
    long score = 0;
    for (size_t i = 0; i < ms->evidence.n; i++) score += ms->evidence.v[i].points;
    return score > INT32_MAX ? INT32_MAX : score < INT32_MIN ? INT32_MIN : (int)score;
}

static const struct hark_verdict *evaluate(struct hark_scratch *ms, const struct hark_intent *intent, bool want_taken)
{
    collect_phrases(ms, intent, want_taken);
    if (ms->phrase_hits.n > 1) qsort(ms->phrase_hits.v, ms->phrase_hits.n, sizeof *ms->phrase_hits.v, by_place);
    ms->evidence.n = 0;
    unsigned *seen = HARK_NEW_N(&ms->arena, unsigned, intent->ngroups);
    for (size_t i = 0; i < ms->phrase_hits.n; i++) {
        const struct hark_phrase_hit *hit = &ms->phrase_hits.v[i];
        int points = points_of(intent, hit->phrase, seen);
        HARK_LIST_ADD(&ms->evidence,
                      (struct hark_evidence){hit->phrase, HARK_SIGNALS, points, span_of(ms, hit->place)});
    }
    add_signals(ms, intent);
    if (ms->evidence.n > 1) qsort(ms->evidence.v, ms->evidence.n, sizeof *ms->evidence.v, by_points);
    struct hark_verdict *verdict = HARK_NEW(&ms->arena, struct hark_verdict);
    verdict->intent = intent;
    verdict->score = sum(ms);
    verdict->fired = verdict->score >= intent->threshold;
    verdict->nevidence = ms->evidence.n;
    verdict->evidence = hark_arena_copy(&ms->arena, ms->evidence.v, ms->evidence.n, sizeof *ms->evidence.v);
    verdict->ntaken = ms->taken.n;
    verdict->taken = hark_arena_copy(&ms->arena, ms->taken.v, ms->taken.n, sizeof *ms->taken.v);
    return verdict;
}

const struct hark_verdict *hark_verdict_of(struct hark_scratch *ms, const struct hark_intent *intent, bool want_taken)
{
    if (want_taken) return evaluate(ms, intent, true);
    if (ms->intent_seen[intent->index] != ms->post) {
        ms->verdicts[intent->index] = evaluate(ms, intent, false);
        ms->intent_seen[intent->index] = ms->post;
    }
    return ms->verdicts[intent->index];
}
