// From a `listen` tree to the literals that the prefilter looks for.
//
// A set of literals is sure for a node where every message that the node is true of holds at least one of them, in the
// form P that hark_prefold_json() makes. Worked example:
//
//   (#nike OR "air max") lang:en -is:repost
//
//   #nike       {nike}
//   "air max"   {air max}
//   OR          {nike, air max}     the union: whichever branch is true brings its own
//   lang:en     none                "en" is in every other message; it would filter nothing
//   -is:repost  none                what must be absent says nothing of what is there
//   AND         {nike, air max}     the best set of any branch, for all branches must be true
//
// A literal also says what may not stand beside it: the word "max" is never found in "maximum", so a message that holds
// nothing but "maximum" need not be parsed. That is only said where the engine itself asks for a word's or a tag's end
// in that place, and only for ASCII neighbours of ASCII letters: between scripts a word may end inside a run of
// letters.

#include "literals.h"

#include <hark/text.h>

#include <stdlib.h>

enum {
    // twitter-text cuts a longer @name at 20 characters, so what follows a long one says nothing.
    MAX_CLOSED_HANDLE = 15,
    // Platforms cap hashtags at 64 to 100 characters.
    MAX_CLOSED_TAG = 48,
};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Bits that only hold where the literal itself has an ASCII letter or digit at that end. (A _ may stand right behind a
// link.)
static unsigned closed_at_ends(struct hark_str bytes, unsigned closed)
{
    if (!is_alnum(bytes.ptr[0])) closed &= ~(unsigned)HARK_CLOSED_START;
    if (!is_alnum(bytes.ptr[bytes.len - 1])) closed &= (unsigned)HARK_CLOSED_START;
    return closed;
}

static bool add(struct hark_str term, unsigned closed, struct hark_arena *arena, struct hark_literals *ret)
{
    struct hark_buf buf = {0};
    hark_prefold_term(term, &buf);
    bool sure = buf.len > 0;
    if (sure) {
        struct hark_str bytes = hark_arena_str(arena, hark_buf_str(&buf));
        ret->v = hark_grow(ret->v, ret->n, &ret->cap, sizeof *ret->v);
        ret->v[ret->n++] = (struct hark_literal){bytes, closed_at_ends(bytes, closed), false};
    }
    hark_buf_done(&buf);
    return sure;
}

static bool add_word(const struct hark_word *word, struct hark_arena *arena, struct hark_literals *ret)
{
    unsigned closed = (word->open_start ? 0 : HARK_CLOSED_START) | (word->open_end ? 0 : HARK_CLOSED_WORD);
    return add(word->text, closed, arena, ret);
}

// Of "a b"~5 both words are needed: the longer one is the rarer.
static bool add_pattern(const struct hark_pattern *pattern, struct hark_arena *arena, struct hark_literals *ret)
{
    if (pattern->kind == HARK_PATTERN_REGEX) return ret->no_regex;
    if (pattern->nwords == 0) return false;
    const struct hark_word *best = &pattern->words[0];
    for (unsigned i = 1; i < pattern->nwords; i++)
        if (pattern->words[i].text.len > best->text.len) best = &pattern->words[i];
    return add_word(best, arena, ret);
}

static bool add_field(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret)
{
    if (node->field != HARK_FIELD_FROM && node->field != HARK_FIELD_TO) return false;
    unsigned end = node->key.len < MAX_CLOSED_HANDLE ? HARK_CLOSED_TAG : 0;
    if (!add(node->key, HARK_CLOSED_START | end, arena, ret)) return false;
    ret->v[ret->n - 1].whom = true;
    return true;
}

static bool add_leaf(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret)
{
    switch (node->kind) {
    case HARK_NODE_HASHTAG:
        return add(node->key, node->key.len < MAX_CLOSED_TAG ? HARK_CLOSED_START | HARK_CLOSED_TAG : 0, arena, ret);
    case HARK_NODE_HANDLE:
        return add(node->key, HARK_CLOSED_START | (node->key.len < MAX_CLOSED_HANDLE ? HARK_CLOSED_TAG : 0), arena,
                   ret);
    case HARK_NODE_CASHTAG:
    case HARK_NODE_DOMAIN:
    case HARK_NODE_URL: return add(node->key, 0, arena, ret);
    case HARK_NODE_PATTERN: return add_pattern(node->pattern, arena, ret);
    case HARK_NODE_FIELD: return add_field(node, arena, ret);
    default: return false;
    }
}

// How much the set that begins at `from` filters: by its weakest literal. One that is empty, for its tree is never
// true, filters all.
static size_t worth(const struct hark_literals *list, size_t from, size_t n)
{
    size_t least = SIZE_MAX;
    for (size_t i = from; i < from + n; i++) {
        const struct hark_literal *literal = &list->v[i];
        size_t closed =
            (literal->closed & HARK_CLOSED_START ? 1 : 0) + (literal->closed & ~(unsigned)HARK_CLOSED_START ? 1 : 0);
        if (literal->bytes.len + closed < least) least = literal->bytes.len + closed;
    }
    return least;
}

static bool add_or(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret,
                   const struct hark_node **ret_why)
{
    size_t mark = ret->n;
    for (uint32_t i = 0; i < node->nkids; i++) {
        if (hark_literals_of(node->kids[i], arena, ret, ret_why)) continue;
        ret->n = mark;
        return false;
    }
    return true;
}

static bool add_and(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret,
                    const struct hark_node **ret_why)
{
    size_t mark = ret->n, nbest = 0;
    bool any = false;
    const struct hark_node *first = NULL, *why = NULL;
    for (uint32_t i = 0; i < node->nkids; i++) {
        size_t end = ret->n;
        if (!hark_literals_of(node->kids[i], arena, ret, &why)) {
            if (!first) first = why;
            continue;
        }
        size_t nother = ret->n - end;
        if (!any || worth(ret, end, nother) > worth(ret, mark, nbest)) {
            if (nother) memmove(&ret->v[mark], &ret->v[end], nother * sizeof *ret->v);
            nbest = nother;
        }
        any = true;
        ret->n = mark + nbest;
    }
    if (!any) *ret_why = first ? first : node;
    return any;
}

bool hark_literals_of(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret,
                      const struct hark_node **ret_why)
{
    if (node->kind == HARK_NODE_OR) return add_or(node, arena, ret, ret_why);
    if (node->kind == HARK_NODE_AND) return add_and(node, arena, ret, ret_why);
    if (add_leaf(node, arena, ret)) return true;
    *ret_why = node;
    return false;
}

bool hark_literals_without_regex(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret)
{
    const struct hark_node *why;
    ret->no_regex = true;
    return hark_literals_of(node, arena, ret, &why);
}
