// The query language (docs/query.ebnf), by recursive descent over the text itself; no token outlives its reading.
//
// A mistake is reported and passed over, so that one run shows all of them; the tree is given out only where there was
// none.

#include "query.h"

#include <hark/text.h>

#include <stdlib.h>

enum { MAX_MISTAKES = 20 }; // of one query are told

struct parser {
    struct hark_str s; // the query; in the arena, for what is `written` points into it
    size_t at;
    struct hark_place *place;
    struct hark_leaf leaf;
    unsigned depth;
    size_t errors; // before it
    bool stopped;  // groups are not closed because reading ended
};

static void bad(struct parser *p, size_t at, const char *text)
{
    hark_problems_add(p->leaf.problems, false, hark_place_at(p->place, at), "%s", text);
}

// --- operators: one line each ---

enum takes { TAKES_HANDLE, TAKES_LANG, TAKES_SOURCE, TAKES_URL, TAKES_DOMAIN, TAKES_MIN, TAKES_RANGE, TAKES_WORD };

static const struct operator
{
    const char *name;
    enum takes takes;
    enum hark_field field;
    const char *word; // of is: and has:
}
operators[] = {
    {"from", TAKES_HANDLE, HARK_FIELD_FROM, NULL},
    {"to", TAKES_HANDLE, HARK_FIELD_TO, NULL},
    {"lang", TAKES_LANG, HARK_FIELD_LANG, NULL},
    {"source", TAKES_SOURCE, HARK_FIELD_SOURCE, NULL},
    {"url", TAKES_URL, HARK_FIELD_FROM, NULL},
    {"domain", TAKES_DOMAIN, HARK_FIELD_FROM, NULL},
    {"is", TAKES_WORD, HARK_FIELD_IS_REPLY, "reply"},
    {"is", TAKES_WORD, HARK_FIELD_IS_REPOST, "repost"},
    {"is", TAKES_WORD, HARK_FIELD_IS_REPOST, "retweet"}, // X
    {"is", TAKES_WORD, HARK_FIELD_IS_QUOTE, "quote"},
    {"has", TAKES_WORD, HARK_FIELD_HAS_LINKS, "links"},
    {"has", TAKES_WORD, HARK_FIELD_HAS_MENTIONS, "mentions"},
    {"has", TAKES_WORD, HARK_FIELD_HAS_HASHTAGS, "hashtags"},
    {"has", TAKES_WORD, HARK_FIELD_HAS_MEDIA, "media"},
    {"min_followers", TAKES_MIN, HARK_FIELD_FOLLOWERS, NULL},
    {"followers_count", TAKES_RANGE, HARK_FIELD_FOLLOWERS, NULL}, // X
    {"likes", TAKES_RANGE, HARK_FIELD_LIKES, NULL},
    {"min_likes", TAKES_MIN, HARK_FIELD_LIKES, NULL}, // X
    {"min_faves", TAKES_MIN, HARK_FIELD_LIKES, NULL}, // X
    {"reposts", TAKES_RANGE, HARK_FIELD_REPOSTS, NULL},
    {"min_reposts", TAKES_MIN, HARK_FIELD_REPOSTS, NULL},  // X
    {"min_retweets", TAKES_MIN, HARK_FIELD_REPOSTS, NULL}, // X
    {"replies", TAKES_RANGE, HARK_FIELD_REPLIES, NULL},
    {"min_replies", TAKES_MIN, HARK_FIELD_REPLIES, NULL}, // X
};
enum { OPERATORS = sizeof operators / sizeof *operators };

// The valid names (or, for `of`, the words of that operator), each once; ends in NULL.
static const char *const *names_of(const char *of, const char *names[OPERATORS + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < OPERATORS; i++) {
        const char *name = of ? operators[i].word : operators[i].name;
        if (of && strcmp(operators[i].name, of) != 0) continue;
        if (n == 0 || strcmp(names[n - 1], name) != 0) names[n++] = name;
    }
    names[n] = NULL;
    return names;
}

// An operator that is not known, or (`of`) a word that its operator does not know.
static void unknown(struct parser *p, size_t at, struct hark_str wrong, const char *of)
{
    const char *names[OPERATORS + 1];
    hark_say_names(&p->leaf.buf, wrong, names_of(of, names));
    hark_problems_add(p->leaf.problems, false, hark_place_at(p->place, at),
                      "unknown operator \"%s%s" HARK_STR_FMT "%s\": %s%s", of ? of : "", of ? ":" : "",
                      HARK_STR_ARG(wrong), of ? "" : ":", hark_buf_cstr(&p->leaf.buf),
                      of ? "" : " (as text it needs quotes: \"re:invent\")");
}

// --- nodes ---

static struct hark_node *node_at(struct parser *p, enum hark_node_kind kind, size_t from, struct hark_loc loc)
{
    struct hark_node *node = HARK_NEW(p->leaf.arena, struct hark_node);
    node->kind = kind;
    node->min = INT64_MIN;
    node->max = INT64_MAX;
    node->loc = loc;
    node->written = hark_strn(p->s.ptr + from, p->at - from);
    return node;
}

static struct hark_node *new_node(struct parser *p, enum hark_node_kind kind, size_t from)
{
    return node_at(p, kind, from, hark_place_at(p->place, from));
}

static struct hark_str key_of(struct parser *p, struct hark_str s)
{
    hark_text_key(s, &p->leaf.buf);
    return hark_arena_str(p->leaf.arena, hark_buf_str(&p->leaf.buf));
}

struct kids {
    struct hark_node **v;
    size_t n, cap;
};

static void push(struct kids *kids, struct hark_node *node)
{
    if (!node) return;
    kids->v = hark_grow(kids->v, kids->n, &kids->cap, sizeof *kids->v);
    kids->v[kids->n++] = node;
}

// AND or OR of what was read since `from`; a group of the same kind inside is part of it, a single kid stands for
// itself.
static struct hark_node *join(struct parser *p, enum hark_node_kind kind, struct kids *kids, size_t from)
{
    struct hark_node *node = kids->n == 1 ? kids->v[0] : NULL;
    size_t n = 0;
    for (size_t i = 0; i < kids->n; i++) n += kids->v[i]->kind == kind ? kids->v[i]->nkids : 1;
    if (kids->n > 1) {
        node = node_at(p, kind, from, kids->v[0]->loc);
        node->written = hark_str_trim(node->written);
        node->kids = HARK_NEW_N(p->leaf.arena, struct hark_node *, n);
        for (size_t i = 0; i < kids->n; i++) {
            struct hark_node *kid = kids->v[i];
            bool flat = kid->kind == kind;
            memcpy(node->kids + node->nkids, flat ? kid->kids : &kids->v[i], (flat ? kid->nkids : 1) * sizeof kid);
            node->nkids += flat ? kid->nkids : 1;
        }
    }
    free(kids->v);
    return node;
}

// --- characters ---

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_spaces(struct parser *p)
{
    while (p->at < p->s.len && is_space(p->s.ptr[p->at])) p->at++;
}

static char peek(const struct parser *p)
{
    return p->at < p->s.len ? p->s.ptr[p->at] : 0;
}

static bool ends_word(const struct parser *p, size_t at)
{
    return at >= p->s.len || is_space(p->s.ptr[at]) || p->s.ptr[at] == '(' || p->s.ptr[at] == ')';
}

// A keyword of the language stands here as a word of its own.
static bool at_keyword(const struct parser *p, const char *keyword)
{
    size_t len = strlen(keyword);
    return p->s.len - p->at >= len && memcmp(p->s.ptr + p->at, keyword, len) == 0 && ends_word(p, p->at + len);
}

static bool take_keyword(struct parser *p, const char *keyword)
{
    skip_spaces(p);
    if (!at_keyword(p, keyword)) return false;
    p->at += strlen(keyword);
    return true;
}

// Where the thing that begins here ends: behind its closing sign and what hangs on that, or before a blank or a
// parenthesis.
static size_t leaf_end(const struct parser *p)
{
    size_t at = p->at, quote = hark_quote_bytes(p->s, at);
    if (quote) {
        at = hark_quote_end(p->s, at + quote);
    } else if (p->s.ptr[at] == '{') {
        while (at < p->s.len && p->s.ptr[at] != '}') at++;
    } else if (p->s.ptr[at] == '/') {
        for (at++; at < p->s.len && p->s.ptr[at] != '/'; at++)
            if (p->s.ptr[at] == '\\' && at + 1 < p->s.len) at++;
        if (at < p->s.len) at++;
    }
    if (at < p->s.len && at > p->at && hark_quote_bytes(p->s, at)) at += hark_quote_bytes(p->s, at);
    while (!ends_word(p, at) && (at == p->at || !hark_quote_bytes(p->s, at))) at++;
    return at;
}

// --- leaves ---

static struct hark_node *keyed(struct parser *p, enum hark_node_kind kind, size_t from, struct hark_str value)
{
    struct hark_node *node = new_node(p, kind, from);
    node->key = key_of(p, value);
    return node;
}

static struct hark_node *read_tag(struct parser *p, size_t from, struct hark_str word, enum hark_node_kind kind)
{
    struct hark_str tag = hark_without_sign(word, kind == HARK_NODE_HASHTAG ? '#' : '@');
    bool fine = kind == HARK_NODE_HASHTAG ? hark_is_hashtag(tag) : hark_is_handle(tag);
    if (fine) return keyed(p, kind, from, tag);
    bad(p, from, kind == HARK_NODE_HASHTAG ? hark_say_hashtag : hark_say_handle);
    return NULL;
}

static bool read_number(struct hark_str s, int64_t *ret)
{
    return hark_str_int(s, ret) == 0 && *ret >= 0;
}

// a..b, a.., ..b; a alone is a minimum, as on X.
static bool read_range(struct hark_str value, struct hark_node *node)
{
    const char *dots = value.len >= 2 ? memmem(value.ptr, value.len, "..", 2) : NULL;
    struct hark_str low = dots ? hark_strn(value.ptr, (size_t)(dots - value.ptr)) : value;
    struct hark_str high = dots ? hark_strn(dots + 2, value.len - low.len - 2) : HARK_STR("");
    if (low.len == 0 && high.len == 0) return false;
    if (low.len && !read_number(low, &node->min)) return false;
    return high.len == 0 || (read_number(high, &node->max) && node->min <= node->max);
}

static struct hark_node *read_amount(struct parser *p, const struct operator* op, size_t from, size_t at,
                                     struct hark_str value)
{
    struct hark_node *node = new_node(p, HARK_NODE_FIELD, from);
    node->field = op->field;
    bool fine = op->takes == TAKES_MIN ? read_number(value, &node->min) : read_range(value, node);
    if (fine) return node;
    hark_problems_add(p->leaf.problems, false, hark_place_at(p->place, at),
                      op->takes == TAKES_MIN
                          ? "%s: takes a whole number: %s:500"
                          : "%s: takes a least number or a range from small to large: %s:500 or 500..10000",
                      op->name, op->name);
    return NULL;
}

static struct hark_node *read_field(struct parser *p, const struct operator* op, size_t from, size_t at,
                                    struct hark_str value)
{
    if (op->takes == TAKES_MIN || op->takes == TAKES_RANGE) return read_amount(p, op, from, at, value);
    const char *wrong = NULL;
    if (op->takes == TAKES_HANDLE) {
        value = hark_without_sign(value, '@');
        if (!hark_is_handle(value)) wrong = hark_say_handle;
    } else if (op->takes == TAKES_LANG && !hark_is_lang(value)) {
        wrong = "lang: takes a language code as en, ko, pt-BR";
    } else if (op->takes == TAKES_SOURCE && memchr(value.ptr, ' ', value.len)) {
        wrong = "source: takes the name of a platform: source:bluesky";
    } else if (op->takes == TAKES_DOMAIN && !hark_is_domain(value)) {
        wrong = hark_say_domain;
    }
    if (wrong) {
        bad(p, at, wrong);
        return NULL;
    }
    if (op->takes == TAKES_URL) return keyed(p, HARK_NODE_URL, from, value);
    if (op->takes == TAKES_DOMAIN) return keyed(p, HARK_NODE_DOMAIN, from, value);
    struct hark_node *node = keyed(p, HARK_NODE_FIELD, from, value);
    node->field = op->field;
    return node;
}

static struct hark_node *read_word_of(struct parser *p, const char *name, size_t from, size_t at, struct hark_str value)
{
    for (size_t i = 0; i < OPERATORS; i++) {
        const struct operator* op = & operators[i];
        if (strcmp(op->name, name) != 0 || !hark_str_is(value, op->word)) continue;
        struct hark_node *node = new_node(p, HARK_NODE_FIELD, from);
        node->field = op->field;
        return node;
    }
    unknown(p, at, value, name);
    return NULL;
}

// What follows the colon, without quotes if it has some; moves behind it.
static struct hark_str take_value(struct parser *p, size_t *ret_at)
{
    size_t quote = p->at < p->s.len ? hark_quote_bytes(p->s, p->at) : 0, from = p->at + quote, to;
    if (quote) {
        to = hark_quote_end(p->s, from);
        if (to == p->s.len) bad(p, p->at, "the quote that begins here is not closed");
        p->at = to < p->s.len ? to + hark_quote_bytes(p->s, to) : to;
    } else {
        to = p->at;
        while (!ends_word(p, to)) to++;
        p->at = to;
    }
    *ret_at = from;
    return hark_strn(p->s.ptr + from, to - from);
}

static struct hark_node *read_operator(struct parser *p, size_t from, struct hark_str name)
{
    size_t at;
    struct hark_str value = take_value(p, &at);
    bool link = hark_str_is(name, "http") || hark_str_is(name, "https");
    for (size_t i = 0; i < OPERATORS; i++) {
        const struct operator* op = & operators[i];
        if (!hark_str_is(name, op->name)) continue;
        if (value.len == 0) {
            hark_problems_add(p->leaf.problems, false, hark_place_at(p->place, at),
                              "%s: lacks its value: it touches the colon, as in %s:%s", op->name, op->name,
                              op->word                 ? op->word
                              : op->takes >= TAKES_MIN ? "500"
                                                       : "nike");
            return NULL;
        }
        return op->word ? read_word_of(p, op->name, from, at, value) : read_field(p, op, from, at, value);
    }
    if (link)
        bad(p, from, "links are found by a part of them: url:riverisland.com/sale, or domain:riverisland.com");
    else
        unknown(p, from, name, NULL);
    return NULL;
}

// The name of an operator if the word here begins with one: letters and _ up to a colon.
static struct hark_str operator_name(const struct parser *p)
{
    size_t at = p->at;
    while (at < p->s.len) {
        char c = p->s.ptr[at];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter) break;
        at++;
    }
    bool found = at > p->at && at < p->s.len && p->s.ptr[at] == ':';
    return hark_strn(p->s.ptr + p->at, found ? at - p->at : 0);
}

static void hint_word(struct parser *p, size_t from, struct hark_str word)
{
    static const char *const lower[] = {"or", "and", "not"};
    for (size_t i = 0; i < 3; i++)
        if (hark_str_is(word, lower[i]))
            hark_problems_add(p->leaf.problems, true, hark_place_at(p->place, from),
                              "\"%s\" is looked for as a word here: the operator is written in capitals", lower[i]);
}

static struct hark_node *read_pattern(struct parser *p, size_t from, struct hark_str word)
{
    struct hark_pattern pattern;
    if (word.len > 1 && (word.ptr[word.len - 1] == ',' || word.ptr[word.len - 1] == ';')) {
        bad(p, from + word.len - 1,
            "a comma has no meaning here: words in a row must all be there, OR between them wants one of them");
        return NULL;
    }
    hint_word(p, from, word);
    if (!hark_leaf_pattern(&p->leaf, word, from, &pattern)) return NULL;
    struct hark_node *node = new_node(p, HARK_NODE_PATTERN, from);
    node->pattern = hark_arena_copy(p->leaf.arena, &pattern, 1, sizeof pattern);
    return node;
}

static bool is_letter(struct hark_str s, size_t at)
{
    return at < s.len && ((s.ptr[at] >= 'a' && s.ptr[at] <= 'z') || (s.ptr[at] >= 'A' && s.ptr[at] <= 'Z'));
}

static struct hark_node *read_leaf(struct parser *p)
{
    size_t from = p->at;
    struct hark_str name = operator_name(p);
    if (name.len) {
        p->at += name.len + 1;
        return read_operator(p, from, name);
    }
    p->at = leaf_end(p);
    struct hark_str word = hark_strn(p->s.ptr + from, p->at - from);
    if (word.ptr[0] == '#' || hark_str_starts(word, HARK_STR("\uFF03")))
        return read_tag(p, from, word, HARK_NODE_HASHTAG);
    if (word.ptr[0] == '@' || hark_str_starts(word, HARK_STR("\uFF20")))
        return read_tag(p, from, word, HARK_NODE_HANDLE);
    if (word.ptr[0] == '$' && is_letter(word, 1))
        return keyed(p, HARK_NODE_CASHTAG, from, hark_strn(word.ptr + 1, word.len - 1));
    return read_pattern(p, from, word);
}

// --- structure ---

static struct hark_node *read_or(struct parser *p);

// What follows would only repeat what was said.
static void stop(struct parser *p)
{
    p->at = p->s.len;
    p->stopped = true;
}

static struct hark_node *too_deep(struct parser *p, size_t at)
{
    hark_problems_add(p->leaf.problems, false, hark_place_at(p->place, at), "more than %d groups inside each other",
                      HARK_RULES_MAX_DEPTH);
    stop(p);
    return NULL;
}

static struct hark_node *read_group(struct parser *p)
{
    size_t from = p->at++;
    if (p->depth == HARK_RULES_MAX_DEPTH) return too_deep(p, from);
    p->depth++;
    skip_spaces(p);
    bool empty = peek(p) == ')';
    if (empty) bad(p, from, "there is nothing between these parentheses");
    struct hark_node *node = empty ? NULL : read_or(p);
    p->depth--;
    if (peek(p) == ')')
        p->at++;
    else if (!p->stopped)
        bad(p, from, "the parenthesis that opens here is not closed");
    return node;
}

static struct hark_node *read_unary(struct parser *p);

static struct hark_node *read_not(struct parser *p, size_t from, size_t sign)
{
    p->at = from + sign;
    if (sign > 1) skip_spaces(p);
    if (p->at >= p->s.len || is_space(peek(p)) || peek(p) == ')' || at_keyword(p, "OR") || at_keyword(p, "AND")) {
        bad(p, from,
            sign == 1 ? "a - stands right before what it leaves out: -is:repost"
                      : "NOT stands before what it leaves out: NOT is:repost");
        return NULL;
    }
    if (p->depth == HARK_RULES_MAX_DEPTH) return too_deep(p, from);
    struct hark_loc loc = hark_place_at(p->place, from);
    p->depth++;
    struct hark_node *kid = read_unary(p);
    p->depth--;
    if (!kid) return NULL;
    if (kid->kind == HARK_NODE_NOT) return kid->kids[0];
    struct hark_node *node = node_at(p, HARK_NODE_NOT, from, loc);
    node->kids = hark_arena_copy(p->leaf.arena, &kid, 1, sizeof kid);
    node->nkids = 1;
    return node;
}

static struct hark_node *read_unary(struct parser *p)
{
    if (p->leaf.problems->errors - p->errors >= MAX_MISTAKES) {
        stop(p);
        return NULL;
    }
    if (peek(p) == '-') return read_not(p, p->at, 1);
    if (at_keyword(p, "NOT")) return read_not(p, p->at, 3);
    if (peek(p) == '(') return read_group(p);
    return read_leaf(p);
}

// Whether an operand begins here; says so where the operator before it has none.
static bool operand_follows(struct parser *p, size_t operator_at)
{
    skip_spaces(p);
    bool none = p->at >= p->s.len || peek(p) == ')' || at_keyword(p, "OR") || at_keyword(p, "AND");
    if (none) bad(p, operator_at, "AND and OR stand between two things: #nike OR \"just do it\"");
    return !none;
}

static struct hark_node *read_and(struct parser *p)
{
    struct kids kids = {0};
    size_t from = p->at;
    for (;;) {
        skip_spaces(p);
        if (p->at >= p->s.len || peek(p) == ')' || at_keyword(p, "OR")) break;
        size_t at = p->at;
        if (take_keyword(p, "AND")) {
            if (at == from) bad(p, at, "AND and OR stand between two things: #nike OR \"just do it\"");
            if (at != from && !operand_follows(p, at)) break;
            continue;
        }
        push(&kids, read_unary(p));
    }
    return join(p, HARK_NODE_AND, &kids, from);
}

static struct hark_node *read_or(struct parser *p)
{
    struct kids kids = {0};
    skip_spaces(p);
    size_t from = p->at, at = p->at;
    if (at_keyword(p, "OR"))
        bad(p, at, "AND and OR stand between two things: #nike OR \"just do it\"");
    else
        push(&kids, read_and(p));
    for (skip_spaces(p), at = p->at; take_keyword(p, "OR"); skip_spaces(p), at = p->at)
        if (operand_follows(p, at)) push(&kids, read_and(p));
    return join(p, HARK_NODE_OR, &kids, from);
}

static struct hark_node *read_query(struct parser *p)
{
    struct hark_node *root = read_or(p);
    while (p->at < p->s.len && p->leaf.problems->errors - p->errors < MAX_MISTAKES) {
        bad(p, p->at++, "this parenthesis closes nothing");
        (void)read_or(p);
    }
    return root;
}

struct hark_node *hark_query_read(struct hark_place *place, bool fold, struct hark_arena *arena,
                                  hark_regex_check *check_regex, struct hark_problems *problems)
{
    size_t errors = problems->errors;
    struct parser p = {.place = place, .errors = errors};
    if (place->text.len > HARK_RULES_MAX_QUERY_BYTES) {
        hark_problems_add(problems, false, hark_place_at(place, 0),
                          "this query has %zu bytes: at most %d; part it into several brands, or use lists",
                          place->text.len, HARK_RULES_MAX_QUERY_BYTES);
        return NULL;
    }
    p.s = hark_arena_str(arena, place->text);
    p.leaf = (struct hark_leaf){
        .place = place, .arena = arena, .problems = problems, .check_regex = check_regex, .fold = fold};
    skip_spaces(&p);
    if (p.at == p.s.len) bad(&p, 0, "the query is empty: #riverisland OR \"river island\"");
    struct hark_node *root = read_query(&p);
    hark_leaf_done(&p.leaf);
    if (problems->errors > errors) return NULL;
    hark_query_lint(root, problems);
    return root;
}

struct hark_node *hark_query_parse(struct hark_str query, bool fold, struct hark_loc loc, struct hark_arena *arena,
                                   struct hark_problems *problems)
{
    struct hark_place place;
    hark_place_text(&place, query, loc);
    return hark_query_read(&place, fold, arena, NULL, problems);
}
