// See lexicon.h. Hits of a word are chained in the order of the text.

#include "lexicon.h"

#include <stdlib.h>

struct hark_lexicon_hit {
    struct hark_place place;
    uint32_t next; // index plus 1; 0: the last
};

struct hark_lexicon_chain {
    uint32_t word, first, last, n;
};

uint32_t hark_lexicon_add(struct hark_lexicon *lex, struct hark_str word)
{
    bool fresh;
    struct hark_map_entry *entry = hark_map_put(&lex->index, word, &fresh);
    if (fresh) {
        entry->num = (int64_t)lex->n;
        lex->words = hark_grow(lex->words, lex->n, &lex->cap, sizeof *lex->words);
        lex->words[lex->n++] = word;
    }
    return (uint32_t)entry->num;
}

int hark_lexicon_compile(struct hark_lexicon *lex, const char *cache_dir, struct hark_err *err)
{
    hark_map_done(&lex->index);
    lex->db = hark_database_new(lex->words, lex->n, false, cache_dir, err);
    return lex->db ? 0 : err->code;
}

void hark_lexicon_done(struct hark_lexicon *lex)
{
    hark_database_free(lex->db);
    hark_map_done(&lex->index);
    free(lex->words);
}

size_t hark_lexicon_bytes(const struct hark_lexicon *lex)
{
    return hark_database_bytes(lex->db) + lex->cap * sizeof *lex->words;
}

void hark_places_add(struct hark_places *places, struct hark_place place)
{
    places->v = hark_grow(places->v, places->n, &places->cap, sizeof *places->v);
    places->v[places->n++] = place;
}

void hark_lexicon_hits_init(struct hark_lexicon_hits *hits, const struct hark_lexicon *lex)
{
    *hits = (struct hark_lexicon_hits){.lex = lex, .chain_of = hark_calloc(lex->n + 1, sizeof(uint32_t))};
}

void hark_lexicon_hits_done(struct hark_lexicon_hits *hits)
{
    free(hits->chain_of);
    free(hits->chains);
    free(hits->hits);
}

static struct hark_lexicon_chain *chain_for(struct hark_lexicon_hits *hits, uint32_t word)
{
    if (hits->chain_of[word]) return &hits->chains[hits->chain_of[word] - 1];
    hits->chains = hark_grow(hits->chains, hits->nchains, &hits->cap_chains, sizeof *hits->chains);
    struct hark_lexicon_chain *chain = &hits->chains[hits->nchains++];
    *chain = (struct hark_lexicon_chain){.word = word};
    hits->chain_of[word] = (uint32_t)hits->nchains;
    return chain;
}

static void on_word(uint32_t word, size_t end, void *arg)
{
    struct hark_lexicon_hits *hits = arg;
    struct hark_lexicon_chain *chain = chain_for(hits, word);
    if (chain->n == HARK_LEXICON_MAX_PLACES) return;
    hits->hits = hark_grow(hits->hits, hits->nhits, &hits->cap_hits, sizeof *hits->hits);
    struct hark_place place = {(uint32_t)(end - hits->lex->words[word].len), (uint32_t)end};
    hits->hits[hits->nhits++] = (struct hark_lexicon_hit){place, 0};
    if (chain->n++)
        hits->hits[chain->last - 1].next = (uint32_t)hits->nhits;
    else
        chain->first = (uint32_t)hits->nhits;
    chain->last = (uint32_t)hits->nhits;
}

void hark_lexicon_scan(struct hark_lexicon_hits *hits, struct hs_scratch *hs, const struct hark_view *view)
{
    for (size_t i = 0; i < hits->nchains; i++) hits->chain_of[hits->chains[i].word] = 0;
    hits->nchains = hits->nhits = 0;
    hits->view = view;
    (void)hark_database_scan(hits->lex->db, hs, hark_buf_str(&view->text), on_word, hits);
}

void hark_lexicon_places(const struct hark_lexicon_hits *hits, uint32_t number, const struct hark_word *word,
                         struct hark_places *ret)
{
    if (!hits->chain_of[number]) return;
    const uint8_t *edge = hits->view->edge;
    const struct hark_lexicon_chain *chain = &hits->chains[hits->chain_of[number] - 1];
    for (uint32_t i = chain->first; i; i = hits->hits[i - 1].next) {
        struct hark_place place = hits->hits[i - 1].place;
        if (!word->open_start && !(edge[place.from] & HARK_EDGE_START)) continue;
        if (word->open_end || (edge[place.to] & HARK_EDGE_END)) hark_places_add(ret, place);
    }
}
