// The words of all intents' phrases in one database, looked up in a post's folded text in one scan.
#pragma once

#include "database.h"
#include "facts.h"

#include <hark/rules.h>

enum {
    // Places of a word in one post. A phrase counts once a post, so a further place matters only where a `not` took
    // back all of these.
    HARK_LEXICON_MAX_PLACES = 1024,
};

struct hark_lexicon {
    struct hark_str *words; // texts belong to the rule set
    size_t n, cap;
    struct hark_map index; // while it is built
    struct hark_database *db;
};

// The number of a word.
uint32_t hark_lexicon_add(struct hark_lexicon *lex, struct hark_str word);
int hark_lexicon_compile(struct hark_lexicon *lex, const char *cache_dir, struct hark_err *err) HARK_CHECKED;
void hark_lexicon_done(struct hark_lexicon *lex);
size_t hark_lexicon_bytes(const struct hark_lexicon *lex);

struct hark_places { // in bytes of a view
    struct hark_place *v;
    size_t n, cap;
};
void hark_places_add(struct hark_places *places, struct hark_place place);

// What a scan found; one a thread and lexicon.
struct hark_lexicon_hits {
    const struct hark_lexicon *lex;
    const struct hark_view *view;
    uint32_t *chain_of; // of each word: index into chains plus 1, 0 none
    struct hark_lexicon_chain *chains;
    struct hark_lexicon_hit *hits;
    size_t nchains, cap_chains, nhits, cap_hits;
};
void hark_lexicon_hits_init(struct hark_lexicon_hits *hits, const struct hark_lexicon *lex);
void hark_lexicon_hits_done(struct hark_lexicon_hits *hits);

// Forgets the last post and scans this one.
void hark_lexicon_scan(struct hark_lexicon_hits *hits, struct hs_scratch *hs, const struct hark_view *view);

static inline bool hark_lexicon_has(const struct hark_lexicon_hits *hits, uint32_t word)
{
    return hits->chain_of[word] != 0;
}

// Adds the places of a word, in the order of the text, where its ends are a word's ends or open.
void hark_lexicon_places(const struct hark_lexicon_hits *hits, uint32_t number, const struct hark_word *word,
                         struct hark_places *ret);
