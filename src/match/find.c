// See find.h. All words of a "a b"~5 are looked up; then each place is tried as the first, and the others must follow
// within reach, each at a word of its own.

#include "find.h"

#include <stdlib.h>

void hark_finder_done(struct hark_finder *finder)
{
    for (size_t i = 0; i < HARK_FIND_MAX_NEAR; i++) free(finder->words[i].v);
    free(finder->found.v);
    hark_regex_scratch_free(finder->regex);
    hark_budget_done(&finder->budget);
}

// --- words ---

static void search(const struct hark_view *view, const struct hark_word *word, size_t max, struct hark_places *ret)
{
    const char *text = view->text.ptr;
    size_t len = view->text.len, wlen = word->text.len;
    for (size_t at = 0; at + wlen <= len && ret->n < max;) {
        const char *found = memmem(text + at, len - at, word->text.ptr, wlen);
        if (!found) return;
        size_t from = (size_t)(found - text), to = from + wlen;
        bool fits = (word->open_start || (view->edge[from] & HARK_EDGE_START)) &&
                    (word->open_end || (view->edge[to] & HARK_EDGE_END));
        if (fits) hark_places_add(ret, (struct hark_place){(uint32_t)from, (uint32_t)to});
        at = fits ? to : from + 1;
    }
}

static void places_of(struct hark_finder *finder, const struct hark_pattern *pattern, unsigned word,
                      const struct hark_word_source *source, size_t max, struct hark_places *ret)
{
    ret->n = 0;
    if (pattern->words[word].text.len == 0) return;
    if (source)
        hark_lexicon_places(source->hits, source->numbers[word], &pattern->words[word], ret);
    else
        search(hark_facts_view(finder->facts, pattern->fold), &pattern->words[word], max, ret);
}

static struct hark_place in_post(const struct hark_view *view, struct hark_place place)
{
    return (struct hark_place){view->orig[place.from], view->orig[place.to]};
}

// {BT}: in exactly these letters.
static bool is_exact(const struct hark_finder *finder, const struct hark_pattern *pattern, struct hark_place place)
{
    if (!pattern->exact.ptr) return true;
    struct hark_str there = hark_strn(finder->facts->joined.ptr + place.from, place.to - place.from);
    return hark_str_eq(there, pattern->exact);
}

static void find_words(struct hark_finder *finder, const struct hark_pattern *pattern,
                       const struct hark_word_source *source, size_t max)
{
    const struct hark_view *view = hark_facts_view(finder->facts, pattern->fold);
    struct hark_places *places = &finder->words[0];
    places_of(finder, pattern, 0, source, pattern->exact.ptr ? HARK_LEXICON_MAX_PLACES : max, places);
    for (size_t i = 0; i < places->n && finder->found.n < max; i++) {
        struct hark_place place = in_post(view, places->v[i]);
        if (is_exact(finder, pattern, place)) hark_places_add(&finder->found, place);
    }
}

// --- near ---

struct near {
    const struct hark_pattern *pattern;
    const struct hark_places *lists;
    const uint32_t *words;             // hark_facts_words()
    size_t chosen[HARK_FIND_MAX_NEAR]; // of each list
    uint32_t low, high;                // words that may be chosen
    uint32_t tried;                    // lists visited while one is being placed, as bits
};

// Numbers of the first and last word of a place, from 1.
static uint32_t first_word(const struct near *near, struct hark_place place)
{
    uint32_t before = near->words[place.from];
    return near->words[place.to] > before ? before + 1 : before;
}

static uint32_t last_word(const struct near *near, struct hark_place place)
{
    return near->words[place.to];
}

static uint32_t width(const struct near *near, struct hark_place place)
{
    return last_word(near, place) - first_word(near, place) + 1;
}

static const size_t unplaced = SIZE_MAX;

// The list that has chosen a place which shares a word with this one, or the number of lists.
static unsigned holder(const struct near *near, struct hark_place place)
{
    unsigned n = near->pattern->nwords;
    for (unsigned i = 0; i < n; i++) {
        if (near->chosen[i] == unplaced) continue;
        struct hark_place other = near->lists[i].v[near->chosen[i]];
        if (first_word(near, place) <= last_word(near, other) && first_word(near, other) <= last_word(near, place))
            return i;
    }
    return n;
}

// Finds a place for a list; one that is taken is freed if its holder finds another.
static bool place_list(struct near *near, unsigned list)
{
    near->tried |= 1u << list;
    for (size_t i = 0; i < near->lists[list].n; i++) {
        struct hark_place place = near->lists[list].v[i];
        if (first_word(near, place) < near->low) continue;
        if (last_word(near, place) > near->high) break;
        unsigned other = holder(near, place);
        if (other < near->pattern->nwords) {
            if (near->tried & (1u << other)) continue;
            size_t kept = near->chosen[other];
            near->chosen[other] = unplaced;
            near->chosen[list] = i;
            if (place_list(near, other)) return true;
            near->chosen[other] = kept;
            near->chosen[list] = unplaced;
            continue;
        }
        near->chosen[list] = i;
        return true;
    }
    return false;
}

static struct hark_place chosen_span(const struct near *near)
{
    struct hark_place span = near->lists[0].v[near->chosen[0]];
    for (unsigned i = 1; i < near->pattern->nwords; i++) {
        struct hark_place place = near->lists[i].v[near->chosen[i]];
        if (place.from < span.from) span.from = place.from;
        if (place.to > span.to) span.to = place.to;
    }
    return span;
}

// Words of the pattern cover some of those between its first and its last; the others count.
static bool within_reach(const struct near *near)
{
    uint32_t own = 0;
    for (unsigned i = 0; i < near->pattern->nwords; i++) own += width(near, near->lists[i].v[near->chosen[i]]);
    return width(near, chosen_span(near)) <= own + near->pattern->distance;
}

static bool match_any_order(struct near *near, unsigned list, size_t i)
{
    unsigned n = near->pattern->nwords;
    struct hark_place first = near->lists[list].v[i];
    near->low = near->high = first_word(near, first);
    near->high += near->pattern->distance - 1;
    for (unsigned k = 0; k < n; k++) {
        near->chosen[k] = unplaced;
        near->high += width(near, near->lists[k].v[0]); // a word is as long in each of its places
    }
    near->chosen[list] = i;
    for (unsigned k = 0; k < n; k++) {
        near->tried = 1u << list;
        if (k != list && !place_list(near, k)) return false;
    }
    return within_reach(near);
}

static bool match_in_order(struct near *near, size_t i)
{
    near->chosen[0] = i;
    for (unsigned k = 1; k < near->pattern->nwords; k++) {
        uint32_t behind = last_word(near, near->lists[k - 1].v[near->chosen[k - 1]]);
        size_t at = 0;
        while (at < near->lists[k].n && first_word(near, near->lists[k].v[at]) <= behind) at++;
        if (at == near->lists[k].n) return false;
        near->chosen[k] = at;
    }
    return within_reach(near);
}

// Only in the text: hashtags outside it stand near nothing.
static bool fill_lists(struct hark_finder *finder, const struct hark_pattern *pattern,
                       const struct hark_word_source *source)
{
    const struct hark_view *view = hark_facts_view(finder->facts, pattern->fold);
    for (unsigned i = 0; i < pattern->nwords; i++) {
        struct hark_places *list = &finder->words[i];
        places_of(finder, pattern, i, source, HARK_FIND_MAX_NEAR_PLACES, list);
        if (list->n > HARK_FIND_MAX_NEAR_PLACES) list->n = HARK_FIND_MAX_NEAR_PLACES;
        while (list->n && !hark_facts_in_text(finder->facts, in_post(view, list->v[list->n - 1]))) list->n--;
        if (list->n == 0) return false;
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct hark_place *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static void find_near(struct hark_finder *finder, const struct hark_pattern *pattern,
                      const struct hark_word_source *source, size_t max)
{
    if (pattern->nwords > HARK_FIND_MAX_NEAR || !fill_lists(finder, pattern, source)) return;
    const struct hark_view *view = hark_facts_view(finder->facts, pattern->fold);
    struct near near = {
        .pattern = pattern, .lists = finder->words, .words = hark_facts_words(finder->facts, pattern->fold)};
    for (unsigned list = 0; list < (pattern->ordered ? 1 : pattern->nwords); list++) {
        for (size_t i = 0; i < finder->words[list].n && finder->found.n < max; i++) {
            if (pattern->ordered ? match_in_order(&near, i) : match_any_order(&near, list, i))
                hark_places_add(&finder->found, in_post(view, chosen_span(&near)));
        }
    }
    if (finder->found.n > 1) qsort(finder->found.v, finder->found.n, sizeof *finder->found.v, by_place);
}

// --- patterns in slashes ---

static void find_regex(struct hark_finder *finder, const struct hark_pattern *pattern, size_t max)
{
    const struct hark_map_entry *entry = hark_map_get(finder->regexes, pattern->regex);
    struct hark_str text = finder->facts->post->text;
    size_t at = 0, from, to;
    while (entry && finder->found.n < max) {
        enum hark_regex_result result =
            hark_budget_find(&finder->budget, (size_t)entry->num, finder->regex, text, at, &from, &to);
        if ((result == HARK_REGEX_OVER_LIMIT || result == HARK_REGEX_CUT) && finder->found.n == 0) finder->over_limit++;
        if (result != HARK_REGEX_HIT) return;
        hark_places_add(&finder->found, (struct hark_place){(uint32_t)from, (uint32_t)to});
        if (to == from || to >= text.len)
            return; // a pattern that matches nothing at all says all there is at its first place
        at = to;
    }
}

size_t hark_find(struct hark_finder *finder, const struct hark_pattern *pattern, const struct hark_word_source *source,
                 size_t max)
{
    finder->found.n = 0;
    switch (pattern->kind) {
    case HARK_PATTERN_WORDS: find_words(finder, pattern, source, max); break;
    case HARK_PATTERN_NEAR: find_near(finder, pattern, source, max); break;
    case HARK_PATTERN_REGEX: find_regex(finder, pattern, max); break;
    }
    return finder->found.n;
}
