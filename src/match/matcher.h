// What the files of this room share.
#pragma once

#include "find.h"
#include "prefilter.h"

#include <hark/match.h>

// A phrase or `not` of an intent, compiled: for words where their numbers are in hark_matcher.words.
struct hark_compiled_phrase {
    uint32_t words;
};

struct hark_matcher {
    int refs; // atomic
    struct hark_ruleset *rs;
    struct hark_match_options options; // cache_dir is not kept
    struct hark_prefilter *prefilter;
    struct hark_lexicon lexicon[2]; // phrases as folded; those without marks
    struct hark_compiled_phrase *phrases;
    size_t nphrases, cap_phrases;
    uint32_t *intent_phrases; // of each intent: its first in phrases; its `not`s follow its phrases
    uint32_t *words;          // numbers in a lexicon
    size_t nwords, cap_words;
    struct hark_map regexes;      // source → number; each pattern once, however many rules have it
    struct hark_healths *healths; // the patterns; all that changes in a matcher
};

// An intent held against a post.
struct hark_verdict {
    const struct hark_intent *intent;
    bool fired;
    int score;
    const struct hark_evidence *evidence;
    size_t nevidence;
    const struct hark_taken *taken; // only where asked for
    size_t ntaken;
};

// A leaf of a `listen` tree that was true, and where in the text (from == to: elsewhere in the post).
struct hark_named_by {
    struct hark_span span;
    const struct hark_node *node;
};

struct hark_cover { // a place of a `not`
    struct hark_place place;
    const struct hark_phrase *by;
    size_t widest; // of this and those before it: the one that ends last
};

struct hark_phrase_hit {
    const struct hark_phrase *phrase;
    struct hark_place place;
};

// Growable lists that keep their memory from post to post.
#define HARK_LIST(type)                                                                                                \
    struct {                                                                                                           \
        type *v;                                                                                                       \
        size_t n, cap;                                                                                                 \
    }
#define HARK_LIST_ADD(list, ...)                                                                                       \
    do {                                                                                                               \
        (list)->v = hark_grow((list)->v, (list)->n, &(list)->cap, sizeof *(list)->v);                                  \
        (list)->v[(list)->n++] = __VA_ARGS__;                                                                          \
    } while (0)

struct hark_scratch {
    struct hark_matcher *m;
    struct hs_scratch *hs;
    struct hark_prefilter_scratch prefilter;
    struct hark_arena arena; // of one post
    struct hark_facts facts;
    struct hark_finder finder;
    struct hark_lexicon_hits hits[2];
    bool have_hits[2], have_signals;
    unsigned signals;      // bits
    uint32_t *intent_seen; // the post that it was last evaluated for
    const struct hark_verdict **verdicts;
    uint32_t post; // counts posts
    HARK_LIST(struct hark_cover) covers;
    HARK_LIST(struct hark_phrase_hit) phrase_hits;
    HARK_LIST(struct hark_evidence) evidence;
    HARK_LIST(struct hark_taken) taken;
    HARK_LIST(struct hark_named_by) named_by;
    HARK_LIST(struct hark_span) spans;
    HARK_LIST(struct hark_hit) fired;
    HARK_LIST(struct hark_match) matches;
    struct hark_match_stats stats;
};

// Everything that was found out about the last post is forgotten.
void hark_scratch_start(struct hark_scratch *ms, const struct hark_post *post);

// signals.c: bits 1 << enum hark_signal.
unsigned hark_signals_of(struct hark_facts *facts);

// intent.c: in the arena of the scratch.
const struct hark_verdict *hark_verdict_of(struct hark_scratch *ms, const struct hark_intent *intent, bool want_taken);

// verify.c: whether the post names the brand; ms->named_by says by what.
bool hark_verify_named(struct hark_scratch *ms, const struct hark_brand *brand);
// Whether a part of a tree is true of the post; ms->named_by stays as it is.
bool hark_verify_node(struct hark_scratch *ms, const struct hark_node *node);
// `ignore` and `only`: HARK_WHY_HIT where they let the post pass, else which of them does not and why.
enum hark_why_kind hark_verify_only(struct hark_scratch *ms, const struct hark_brand *brand, char *why,
                                    size_t why_size);
// The places in the text of ms->named_by, in order, none inside another; in the arena.
const struct hark_span *hark_verify_spans(struct hark_scratch *ms, size_t *ret_n);
