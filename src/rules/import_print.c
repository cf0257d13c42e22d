// The tree of an imported rule as a query of hark.
//
// What was left out is told here, for only the tree says what that does: without a condition a rule takes more posts,
// without an alternative fewer, and below a NOT it is the other way round.

#include "import.h"

#include <stdlib.h>

enum { MAX_PAIRS = 400 }; // that one NEAR may unfold into

// --- leaving out ---

static struct hark_in_node *prune(struct hark_in *in, struct hark_in_node *node, enum hark_in_kind parent, bool flipped)
{
    if (node->kind == HARK_IN_LEAF) return node;
    if (node->kind == HARK_IN_LEFT_OUT) {
        bool more = (parent != HARK_IN_OR) != flipped;
        hark_in_tell(in, false, node->at,
                     HARK_STR_FMT " has no equal: %s. It is left out, so that the rule takes %s posts",
                     HARK_STR_ARG(node->written), node->why, more ? "more" : "fewer");
        return NULL;
    }
    size_t n = 0;
    bool not = node->kind == HARK_IN_NOT;
    for (size_t i = 0; i < node->n; i++) {
        struct hark_in_node *kid = node->kids[i];
        bool group = kid->kind == HARK_IN_AND || kid->kind == HARK_IN_OR || kid->kind == HARK_IN_NEAR;
        // NOT and the one thing it leaves out go together; a group below it is turned round.
        kid = not ? prune(in, kid, parent, group ? !flipped : flipped)
                  : prune(in, kid, node->kind == HARK_IN_OR ? HARK_IN_OR : HARK_IN_AND, flipped);
        if (kid) node->kids[n++] = kid;
    }
    node->n = n;
    if (n == 0) return NULL;
    return n == 1 && !not ? node->kids[0] : node;
}

// --- near ---

struct sides {
    struct hark_str *v;
    size_t n, cap;
    bool phrase; // one of them has several words
};

// The words of a side: one, or the alternatives of an OR. False where it is something else.
static bool collect(const struct hark_in_node *node, struct sides *sides)
{
    if (node->kind == HARK_IN_OR) {
        for (size_t i = 0; i < node->n; i++)
            if (!collect(node->kids[i], sides)) return false;
        return true;
    }
    if (node->kind != HARK_IN_LEAF || !node->words.ptr) return false;
    sides->v = hark_grow(sides->v, sides->n, &sides->cap, sizeof *sides->v);
    sides->v[sides->n++] = node->words;
    sides->phrase |= memchr(node->words.ptr, ' ', node->words.len) != NULL;
    return true;
}

static void print_pair(const struct hark_in_node *near, struct hark_str left, struct hark_str right,
                       struct hark_buf *buf)
{
    bool left_phrase = memchr(left.ptr, ' ', left.len), right_phrase = memchr(right.ptr, ' ', right.len);
    if (left_phrase || right_phrase) hark_buf_char(buf, '(');
    if (left_phrase) hark_buf_printf(buf, "\"" HARK_STR_FMT "\" ", HARK_STR_ARG(left));
    if (right_phrase) hark_buf_printf(buf, "\"" HARK_STR_FMT "\" ", HARK_STR_ARG(right));
    hark_buf_printf(buf, "\"" HARK_STR_FMT " " HARK_STR_FMT "\"~%s%u", HARK_STR_ARG(left), HARK_STR_ARG(right),
                    near->ordered ? ">" : "", near->distance);
    if (left_phrase || right_phrase) hark_buf_char(buf, ')');
}

static void print(struct hark_in *in, const struct hark_in_node *node, unsigned outer, struct hark_buf *buf);

static void print_near(struct hark_in *in, const struct hark_in_node *node, unsigned outer, struct hark_buf *buf)
{
    struct sides left = {0}, right = {0};
    bool words = collect(node->kids[0], &left) && collect(node->kids[1], &right);
    if (!words) {
        struct hark_in_node both = *node;
        both.kind = HARK_IN_AND;
        hark_in_tell(in, false, node->at,
                     "NEAR stands between words or alternatives of words: here both sides must "
                     "be there, near or not, so that the rule takes more posts");
        print(in, &both, outer, buf);
    } else if (left.n * right.n > MAX_PAIRS) {
        hark_in_tell(in, true, node->at, "this NEAR stands for %zu pairs of words: at most %d; part the rule",
                     left.n * right.n, MAX_PAIRS);
    } else {
        bool group = left.n * right.n > 1 && outer > 0;
        if (left.phrase || right.phrase)
            hark_in_tell(in, false, node->at,
                         "a phrase beside NEAR: the phrase must be there, and its words near the others");
        if (group) hark_buf_char(buf, '(');
        for (size_t i = 0; i < left.n * right.n; i++) {
            if (i) hark_buf_printf(buf, " OR ");
            print_pair(node, left.v[i / right.n], right.v[i % right.n], buf);
        }
        if (group) hark_buf_char(buf, ')');
    }
    free(left.v);
    free(right.v);
}

// --- all of it ---

// outer: 0 alone or in OR, 1 in AND, 2 behind -
static void print(struct hark_in *in, const struct hark_in_node *node, unsigned outer, struct hark_buf *buf)
{
    bool or = node->kind == HARK_IN_OR, group = outer > (or ? 0u : 1u);
    switch (node->kind) {
    case HARK_IN_LEAF: hark_buf_str_add(buf, node->text); return;
    case HARK_IN_LEFT_OUT: return;
    case HARK_IN_NEAR: print_near(in, node, outer, buf); return;
    case HARK_IN_NOT:
        hark_buf_char(buf, '-');
        print(in, node->kids[0], 2, buf);
        return;
    case HARK_IN_AND:
    case HARK_IN_OR: break;
    }
    if (group) hark_buf_char(buf, '(');
    for (size_t i = 0; i < node->n; i++) {
        if (i) hark_buf_printf(buf, or ? " OR " : " ");
        print(in, node->kids[i], or ? 0 : 1, buf);
    }
    if (group) hark_buf_char(buf, ')');
}

// Whether it says what must be there: some part of an AND does, or each part of an OR.
static bool asks_for(const struct hark_in_node *node)
{
    bool all = node->kind == HARK_IN_OR;
    if (node->kind == HARK_IN_NOT) return false;
    if (node->kind == HARK_IN_LEAF) return true;
    for (size_t i = 0; i < node->n; i++)
        if (asks_for(node->kids[i]) != all) return !all;
    return all;
}

bool hark_in_print(struct hark_in *in, struct hark_in_node *root, struct hark_buf *buf)
{
    root = prune(in, root, HARK_IN_AND, false);
    if (!root || !asks_for(root)) {
        hark_in_tell(in, true, 0, "nothing is left that a post must have: the rule would take every post");
        return false;
    }
    print(in, root, 0, buf);
    return !in->failed;
}
