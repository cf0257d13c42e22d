// Rules of other tools, read into a tree. The three dialects share their shape: words, "phrases", name:value, groups,
// OR; Brandwatch writes AND, NOT and NEAR/n in words, the others - and blanks.

#include "import.h"

#include <stdlib.h>

enum { MAX_NEAR = 100 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char peek(const struct hark_in *in)
{
    return in->at < in->s.len ? in->s.ptr[in->at] : '\0';
}

// Blanks, and <<<comments>>> of Brandwatch.
static void skip(struct hark_in *in)
{
    for (;;) {
        while (in->at < in->s.len && is_space(in->s.ptr[in->at])) in->at++;
        struct hark_str rest = hark_strn(in->s.ptr + in->at, in->s.len - in->at);
        if (in->dialect != HARK_DIALECT_BRANDWATCH || !hark_str_starts(rest, HARK_STR("<<<"))) return;
        const char *end = memmem(rest.ptr, rest.len, ">>>", 3);
        in->at = end ? (size_t)(end - in->s.ptr) + 3 : in->s.len;
    }
}

static bool ends_word(const struct hark_in *in, size_t at)
{
    return at >= in->s.len || is_space(in->s.ptr[at]) || in->s.ptr[at] == '(' || in->s.ptr[at] == ')';
}

static bool at_keyword(struct hark_in *in, const char *keyword)
{
    size_t len = strlen(keyword);
    skip(in);
    return in->s.len - in->at >= len && memcmp(in->s.ptr + in->at, keyword, len) == 0 && ends_word(in, in->at + len);
}

static bool take(struct hark_in *in, const char *keyword)
{
    if (!at_keyword(in, keyword)) return false;
    in->at += strlen(keyword);
    return true;
}

// NEAR/5, NEAR/5f
static bool take_near(struct hark_in *in, unsigned *ret_distance, bool *ret_ordered)
{
    skip(in);
    struct hark_str rest = hark_strn(in->s.ptr + in->at, in->s.len - in->at), number;
    int64_t distance;
    if (in->dialect != HARK_DIALECT_BRANDWATCH || !hark_str_starts(rest, HARK_STR("NEAR/"))) return false;
    size_t at = in->at, end = at;
    while (!ends_word(in, end)) end++;
    number = hark_strn(in->s.ptr + at + 5, end - at - 5);
    *ret_ordered = number.len && number.ptr[number.len - 1] == 'f';
    if (*ret_ordered) number.len--;
    in->at = end;
    if (hark_str_int(number, &distance) || distance < 0 || distance > MAX_NEAR) {
        hark_in_tell(in, true, at, "NEAR/ takes a number from 0 to %d, and f for this order: NEAR/5, NEAR/5f",
                     MAX_NEAR);
        distance = 0;
    }
    *ret_distance = (unsigned)distance;
    return true;
}

// --- nodes ---

static struct hark_in_node *node_of(struct hark_in *in, enum hark_in_kind kind, size_t at)
{
    struct hark_in_node *node = HARK_NEW(in->arena, struct hark_in_node);
    node->kind = kind;
    node->at = at;
    return node;
}

static struct hark_in_node *join(struct hark_in *in, enum hark_in_kind kind, size_t at, struct hark_in_node **kids,
                                 size_t n)
{
    struct hark_in_node *node = n == 1 ? kids[0] : NULL;
    if (n > 1) {
        node = node_of(in, kind, at);
        node->kids = hark_arena_copy(in->arena, kids, n, sizeof *kids);
        node->n = n;
    }
    free(kids);
    return node;
}

static struct hark_in_node *fail(struct hark_in *in, size_t at, const char *text)
{
    hark_in_tell(in, true, at, "%s", text);
    return NULL;
}

// --- leaves ---

static struct hark_in_node *read_quoted(struct hark_in *in)
{
    size_t at = in->at, open = hark_quote_bytes(in->s, at), end = hark_quote_end(in->s, at + open);
    if (end >= in->s.len) return fail(in, at, "the quote that begins here is not closed");
    struct hark_str words = hark_strn(in->s.ptr + at + open, end - at - open);
    size_t behind = in->at = end + hark_quote_bytes(in->s, end);
    while (!ends_word(in, in->at)) in->at++;
    return hark_in_words(in, at, hark_strn(in->s.ptr + at, in->at - at), words,
                         hark_strn(in->s.ptr + behind, in->at - behind));
}

// Behind the colon: a word, a quoted text, or [what stands in brackets].
static bool take_value(struct hark_in *in, struct hark_str *ret)
{
    size_t from = in->at, quote = from < in->s.len ? hark_quote_bytes(in->s, from) : 0, end;
    if (quote) {
        end = hark_quote_end(in->s, from + quote);
        if (end >= in->s.len) return false;
        *ret = hark_strn(in->s.ptr + from + quote, end - from - quote);
        in->at = end + hark_quote_bytes(in->s, end);
    } else if (peek(in) == '[') {
        for (end = from; end < in->s.len && in->s.ptr[end] != ']';) end++;
        if (end >= in->s.len) return false;
        *ret = hark_strn(in->s.ptr + from + 1, end - from - 1);
        in->at = end + 1;
    } else {
        while (!ends_word(in, in->at)) in->at++;
        *ret = hark_strn(in->s.ptr + from, in->at - from);
    }
    return true;
}

// The name of an operator: letters, digits of none, _ up to a colon.
static struct hark_str operator_name(const struct hark_in *in)
{
    size_t at = in->at;
    while (at < in->s.len) {
        char c = in->s.ptr[at];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')) break;
        at++;
    }
    bool found = at > in->at && at < in->s.len && in->s.ptr[at] == ':';
    return hark_strn(in->s.ptr + in->at, found ? at - in->at : 0);
}

static struct hark_in_node *read_leaf(struct hark_in *in)
{
    size_t at = in->at;
    struct hark_str name = operator_name(in), value;
    if (name.len) {
        in->at += name.len + 1;
        if (!take_value(in, &value)) return fail(in, in->at, "what opens here is not closed");
        if (value.len == 0) return fail(in, at, "this operator lacks its value");
        return hark_in_operator(in, at, hark_strn(in->s.ptr + at, in->at - at), name, value);
    }
    if (hark_quote_bytes(in->s, at)) return read_quoted(in);
    if (peek(in) == '{') {
        while (in->at < in->s.len && in->s.ptr[in->at] != '}') in->at++;
        if (in->at >= in->s.len) return fail(in, at, "the { that opens here is not closed");
        in->at++;
    }
    while (!ends_word(in, in->at)) in->at++;
    struct hark_str word = hark_strn(in->s.ptr + at, in->at - at);
    bool as_is = word.ptr[0] == '#' || word.ptr[0] == '@' || word.ptr[0] == '$' || word.ptr[0] == '{';
    if (as_is && word.len > 1) return hark_in_leaf(in, at, word, word);
    return hark_in_words(in, at, word, word, HARK_STR(""));
}

// --- structure ---

static struct hark_in_node *read_or(struct hark_in *in);

static struct hark_in_node *read_group(struct hark_in *in)
{
    size_t at = in->at++;
    struct hark_in_node *node = read_or(in);
    skip(in);
    if (!node && !in->failed) return fail(in, at, "there is nothing between these parentheses");
    if (peek(in) != ')') return in->failed ? NULL : fail(in, at, "the parenthesis that opens here is not closed");
    in->at++;
    return node;
}

static struct hark_in_node *read_unary(struct hark_in *in)
{
    size_t at = in->at;
    if (in->depth++ == HARK_RULES_MAX_DEPTH) return fail(in, at, "too many groups inside each other");
    bool not = peek(in) == '-' && !ends_word(in, at + 1);
    if (peek(in) == '-' && at + 1 < in->s.len && in->s.ptr[at + 1] == '(') not = true;
    if (not )
        in->at++;
    else if (take(in, "NOT"))
        not = true;
    skip(in);
    if (in->at >= in->s.len || peek(in) == ')')
        return fail(in, at, not ? "NOT stands before what it leaves out" : "something is missing here");
    struct hark_in_node *kid = not ? read_unary(in) : peek(in) == '(' ? read_group(in) : read_leaf(in);
    in->depth--;
    if (!not || !kid) return kid;
    struct hark_in_node *node = node_of(in, HARK_IN_NOT, at);
    node->kids = hark_arena_copy(in->arena, &kid, 1, sizeof kid);
    node->n = 1;
    return node;
}

// NEAR binds tighter than AND. A chain is taken pair by pair.
static struct hark_in_node *read_near(struct hark_in *in)
{
    struct hark_in_node *left = read_unary(in), **pairs = NULL;
    skip(in);
    size_t at = in->at, n = 0, cap = 0;
    unsigned distance;
    bool ordered;
    while (left && !in->failed && take_near(in, &distance, &ordered)) {
        skip(in);
        struct hark_in_node *right = in->at < in->s.len ? read_unary(in) : fail(in, at, "NEAR lacks its right side");
        if (!right) break;
        struct hark_in_node *kids[2] = {left, right}, *near = node_of(in, HARK_IN_NEAR, at);
        near->kids = hark_arena_copy(in->arena, kids, 2, sizeof *kids);
        near->n = 2;
        near->distance = distance;
        near->ordered = ordered;
        pairs = hark_grow(pairs, n, &cap, sizeof *pairs);
        pairs[n++] = near;
        left = right;
    }
    if (n == 0) return left;
    return join(in, HARK_IN_AND, at, pairs, n);
}

static struct hark_in_node *read_and(struct hark_in *in)
{
    struct hark_in_node **kids = NULL;
    size_t n = 0, cap = 0;
    skip(in);
    size_t at = in->at;
    while (!in->failed) {
        while (n && take(in, "AND")) continue;
        skip(in);
        if (in->at >= in->s.len || peek(in) == ')' || at_keyword(in, "OR")) break;
        struct hark_in_node *kid = read_near(in);
        if (!kid) break;
        kids = hark_grow(kids, n, &cap, sizeof *kids);
        kids[n++] = kid;
    }
    return join(in, HARK_IN_AND, at, kids, n);
}

static struct hark_in_node *read_or(struct hark_in *in)
{
    struct hark_in_node **kids = NULL, *kid;
    size_t n = 0, cap = 0, at = in->at;
    do {
        if (!(kid = read_and(in))) {
            if (!in->failed && (n || at_keyword(in, "OR"))) (void)fail(in, in->at, "OR stands between two things");
            break;
        }
        kids = hark_grow(kids, n, &cap, sizeof *kids);
        kids[n++] = kid;
    } while (take(in, "OR"));
    return join(in, HARK_IN_OR, at, kids, n);
}

struct hark_in_node *hark_in_parse(struct hark_in *in)
{
    struct hark_in_node *root = read_or(in);
    skip(in);
    if (!in->failed && in->at < in->s.len) return fail(in, in->at, "this parenthesis closes nothing");
    if (!root && !in->failed) return fail(in, 0, "the rule is empty");
    return in->failed ? NULL : root;
}
