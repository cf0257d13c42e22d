// What is odd about a query that is not wrong: it would match everything, it can never match, a branch of it adds
// nothing.
//
// All rest on one question: does every post that A matches match B as well? `implies` says yes only where that is
// certain, by the shape of the two alone: "river island" implies river, a AND b implies a, each implies a OR b. The
// question can be asked of each pair of branches, so a budget ends it on queries with thousands of them.

#include "query.h"

enum { BUDGET = 2 << 20 }; // questions and pairs of a query; about 20 ms

struct lint {
    struct hark_problems *problems;
    size_t budget;
    bool everything; // said that all posts match
};

// --- leaves ---

static bool boundary(struct hark_str s, size_t at, bool open)
{
    if (at == 0 || at == s.len) return !open;
    return s.ptr[at] == ' ' || s.ptr[at - 1] == ' ';
}

// Words that hold `a` hold `b`: it stands in them, with ends where it needs them.
static bool word_implies(const struct hark_word *a, const struct hark_word *b)
{
    if (b->text.len == 0) return false;
    for (size_t at = 0; at + b->text.len <= a->text.len; at++) {
        if (memcmp(a->text.ptr + at, b->text.ptr, b->text.len) != 0) continue;
        bool start = b->open_start || boundary(a->text, at, at == 0 && a->open_start);
        bool end = b->open_end || boundary(a->text, at + b->text.len, at + b->text.len == a->text.len && a->open_end);
        if (start && end) return true;
    }
    return false;
}

static bool word_equal(const struct hark_word *a, const struct hark_word *b)
{
    return hark_str_eq(a->text, b->text) && a->open_start == b->open_start && a->open_end == b->open_end;
}

static bool near_implies_near(const struct hark_pattern *a, const struct hark_pattern *b)
{
    if (a->nwords != b->nwords || a->distance > b->distance || (b->ordered && !a->ordered)) return false;
    for (unsigned i = 0; i < a->nwords; i++)
        if (!word_equal(&a->words[i], &b->words[i])) return false;
    return true;
}

// "a b" implies "a b"~5: the words in a row are those of the other.
static bool row_implies_near(const struct hark_word *a, const struct hark_pattern *b)
{
    size_t at = 0;
    if (a->open_start || a->open_end) return false;
    for (unsigned i = 0; i < b->nwords; i++) {
        const struct hark_word *word = &b->words[i];
        if (word->open_start || word->open_end) return false;
        if (i && (at >= a->text.len || a->text.ptr[at++] != ' ')) return false;
        if (a->text.len - at < word->text.len || memcmp(a->text.ptr + at, word->text.ptr, word->text.len) != 0)
            return false;
        at += word->text.len;
    }
    return at == a->text.len;
}

static bool pattern_implies(const struct hark_pattern *a, const struct hark_pattern *b)
{
    if (a->kind == HARK_PATTERN_REGEX || b->kind == HARK_PATTERN_REGEX)
        return a->kind == b->kind && hark_str_eq(a->regex, b->regex);
    if (b->exact.ptr) return a->exact.ptr && hark_str_eq(a->exact, b->exact) && word_equal(a->words, b->words);
    if (a->fold != b->fold) return false;
    if (b->kind == HARK_PATTERN_NEAR)
        return a->kind == HARK_PATTERN_NEAR ? near_implies_near(a, b) : row_implies_near(a->words, b);
    for (unsigned i = 0; i < a->nwords; i++)
        if (word_implies(&a->words[i], b->words)) return true;
    return false;
}

static bool leaf_implies(const struct hark_node *a, const struct hark_node *b)
{
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case HARK_NODE_PATTERN: return pattern_implies(a->pattern, b->pattern);
    case HARK_NODE_URL: return b->key.len && memmem(a->key.ptr, a->key.len, b->key.ptr, b->key.len);
    case HARK_NODE_FIELD:
        return a->field == b->field && a->min >= b->min && a->max <= b->max && hark_str_eq(a->key, b->key);
    default: return hark_str_eq(a->key, b->key);
    }
}

// --- trees ---

static bool implies(struct lint *lint, const struct hark_node *a, const struct hark_node *b);

static bool each_kid_implies(struct lint *lint, const struct hark_node *a, const struct hark_node *b)
{
    for (uint32_t i = 0; i < a->nkids; i++)
        if (!implies(lint, a->kids[i], b)) return false;
    return true;
}

static bool implies_each_kid(struct lint *lint, const struct hark_node *a, const struct hark_node *b)
{
    for (uint32_t i = 0; i < b->nkids; i++)
        if (!implies(lint, a, b->kids[i])) return false;
    return true;
}

static bool some_kid_implies(struct lint *lint, const struct hark_node *a, const struct hark_node *b)
{
    for (uint32_t i = 0; i < a->nkids; i++)
        if (implies(lint, a->kids[i], b)) return true;
    return false;
}

static bool implies_some_kid(struct lint *lint, const struct hark_node *a, const struct hark_node *b)
{
    for (uint32_t i = 0; i < b->nkids; i++)
        if (implies(lint, a, b->kids[i])) return true;
    return false;
}

static bool spend(struct lint *lint)
{
    if (lint->budget == 0) return false;
    lint->budget--;
    return true;
}

static bool implies(struct lint *lint, const struct hark_node *a, const struct hark_node *b)
{
    if (!spend(lint)) return false;
    if (a->kind == HARK_NODE_OR) return each_kid_implies(lint, a, b);
    if (b->kind == HARK_NODE_AND) return implies_each_kid(lint, a, b);
    if (a->kind == HARK_NODE_AND && some_kid_implies(lint, a, b)) return true;
    if (b->kind == HARK_NODE_OR) return implies_some_kid(lint, a, b);
    if (a->kind == HARK_NODE_AND) return false;
    if (a->kind == HARK_NODE_NOT || b->kind == HARK_NODE_NOT)
        return a->kind == b->kind && implies(lint, b->kids[0], a->kids[0]);
    return leaf_implies(a, b);
}

// --- what is odd ---

// A post has one author, one source, one number of likes.
static bool exclude_each_other(const struct hark_node *a, const struct hark_node *b)
{
    if (a->kind != HARK_NODE_FIELD || b->kind != HARK_NODE_FIELD || a->field != b->field) return false;
    if (a->field >= HARK_FIELD_FOLLOWERS) return a->min > b->max || b->min > a->max;
    if (a->field != HARK_FIELD_SOURCE && a->field != HARK_FIELD_LANG && a->field != HARK_FIELD_FROM) return false;
    bool instance = memchr(a->key.ptr, '@', a->key.len) || memchr(b->key.ptr, '@', b->key.len);
    return !instance && !hark_str_eq(a->key, b->key);
}

static void warn(struct lint *lint, const struct hark_node *at, const struct hark_node *other, const char *format)
{
    hark_problems_add(lint->problems, true, at->loc, format, HARK_STR_ARG(at->written), HARK_STR_ARG(other->written));
}

static void check_and(struct lint *lint, const struct hark_node *node)
{
    for (uint32_t i = 0; i < node->nkids; i++)
        for (uint32_t j = 0; j < node->nkids && spend(lint); j++) {
            const struct hark_node *a = node->kids[i], *b = node->kids[j];
            if (i < j && exclude_each_other(a, b))
                warn(lint, b, a,
                     a->field == HARK_FIELD_LANG ? "%.*s and %.*s at once is next to never the case: OR between them?"
                                                 : "%.*s and %.*s at once can never be: this matches nothing");
            else if (i != j && b->kind == HARK_NODE_NOT && implies(lint, a, b->kids[0]))
                warn(lint, b, a, "%.*s takes out all that %.*s finds: this matches nothing");
        }
}

static bool always(struct lint *lint, const struct hark_node *a, const struct hark_node *b)
{
    return b->kind == HARK_NODE_NOT && implies(lint, b->kids[0], a);
}

static void check_or(struct lint *lint, const struct hark_node *node)
{
    for (uint32_t i = 0; i < node->nkids; i++)
        for (uint32_t j = 0; j < node->nkids && spend(lint); j++) {
            const struct hark_node *a = node->kids[i], *b = node->kids[j];
            if (i == j) continue;
            if (always(lint, a, b)) {
                lint->everything = true;
                warn(lint, b, a, "%.*s OR %.*s is true of every post");
            } else if (implies(lint, a, b) && (i > j || !implies(lint, b, a))) {
                warn(lint, a, b, "%.*s adds nothing: %.*s finds all of it");
                break;
            }
        }
}

static void check(struct lint *lint, const struct hark_node *node)
{
    if (node->kind == HARK_NODE_AND) check_and(lint, node);
    if (node->kind == HARK_NODE_OR) check_or(lint, node);
    for (uint32_t i = 0; i < node->nkids; i++) check(lint, node->kids[i]);
}

// The part of a query by which posts match that have none of its words, tags, handles and links; NULL where there is
// none. `negation`: by what is left out alone.
static const struct hark_node *broad(const struct hark_node *node, bool negation)
{
    switch (node->kind) {
    case HARK_NODE_NOT: return node;
    case HARK_NODE_FIELD: return negation ? NULL : node;
    case HARK_NODE_AND:
        for (uint32_t i = 0; i < node->nkids; i++)
            if (!broad(node->kids[i], negation)) return NULL;
        return node;
    case HARK_NODE_OR:
        for (uint32_t i = 0; i < node->nkids; i++)
            if (broad(node->kids[i], negation)) return broad(node->kids[i], negation);
        return NULL;
    default: return NULL;
    }
}

static void check_broad(struct lint *lint, const struct hark_node *root)
{
    const struct hark_node *negation = broad(root, true), *any = broad(root, false);
    if (negation)
        hark_problems_add(lint->problems, true, negation->loc,
                          "%.*s only says what is left out, so every other post names the brand: add a word, #tag or "
                          "@handle that names it",
                          HARK_STR_ARG(negation->written));
    else if (any)
        hark_problems_add(lint->problems, true, any->loc,
                          "%.*s takes posts that have no word, #tag, @handle or link of the query: each post has to be "
                          "read in full for it",
                          HARK_STR_ARG(any->written));
}

void hark_query_lint(const struct hark_node *root, struct hark_problems *problems)
{
    struct lint lint = {problems, BUDGET, false};
    check(&lint, root);
    if (!lint.everything) check_broad(&lint, root);
}
