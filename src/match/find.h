// Patterns in a post: words, words near each other, PCRE2.
#pragma once

#include "budget.h"
#include "lexicon.h"

enum {
    HARK_FIND_MAX_NEAR = 32,         // words in a "a b"~5
    HARK_FIND_MAX_NEAR_PLACES = 256, // of each of them in one post; more would be a post made to be slow
};

struct hark_finder {
    struct hark_facts *facts;
    const struct hark_map *regexes; // source → number of the pattern
    struct hark_budget budget;
    struct hark_regex_scratch *regex;
    struct hark_places words[HARK_FIND_MAX_NEAR];
    struct hark_places found; // the answer: bytes of the joined text
    uint64_t over_limit;      // patterns that reached their limit
};
void hark_finder_done(struct hark_finder *finder);

// Where a phrase's words stand, if the lexicon knows.
struct hark_word_source {
    const struct hark_lexicon_hits *hits;
    const uint32_t *numbers; // one a word of the pattern
};

// Fills finder->found with up to `max` places in the order of the text; returns how many. `source` NULL: the text is
// searched.
size_t hark_find(struct hark_finder *finder, const struct hark_pattern *pattern, const struct hark_word_source *source,
                 size_t max);
