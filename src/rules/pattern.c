// Patterns: the leaf that phrases, keywords and queries have in common.
//
//     want          river island     words in a row, in any case
//     want*         *berry  *실망*    open at an end; hart* de
//     "a b"                          the same as a b (a query needs the quotes)
//     "a b"~5       "a b"~>5         near each other, in any order or in this one
//     {BT}                           in exactly these letters
//     /colou?r/                      PCRE2

#include "load.h"

#include <hark/text.h>

#include <stdlib.h>

static bool bad(struct hark_leaf *leaf, size_t at, const char *text)
{
    hark_problems_add(leaf->problems, false, hark_place_at(leaf->place, at), "%s", text);
    return false;
}

// The length of the quotation mark at s[at]: " or the curly ones that word processors make of it; 0 where there is
// none.
size_t hark_quote_bytes(struct hark_str s, size_t at)
{
    if (at < s.len && s.ptr[at] == '"') return 1;
    if (s.len - at < 3 || memcmp(s.ptr + at, "\xE2\x80", 2) != 0) return 0;
    unsigned char last = (unsigned char)s.ptr[at + 2];
    return last >= 0x9C && last <= 0x9F ? 3 : 0; // “ ” „ ‟
}

// Where the text between quotes ends that begins at `at`, behind the first quote; s.len where it does not.
size_t hark_quote_end(struct hark_str s, size_t at)
{
    while (at < s.len && hark_quote_bytes(s, at) == 0) at++;
    return at;
}

static bool is_plain(struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
        if (!plain) return false;
    }
    return true;
}

// Whether the words would be found in a post that consists of them: what would not can never match.
static bool finds_itself(struct hark_leaf *leaf, struct hark_str s, size_t at, const struct hark_word *word)
{
    struct hark_view *view = &leaf->view;
    if (word->text.len && is_plain(s)) return true;
    if (word->text.len == 0) return bad(leaf, at, "there is nothing to be seen in this text: it would never match");
    hark_view_make(view, s, leaf->fold ? HARK_VIEW_PLAIN : 0);
    if (memchr(view->text.ptr, '\x01', view->text.len))
        return bad(
            leaf, at,
            "phrases are not looked for in @handles and links: use handles or domains, in a query @handle or url:");
    bool start = word->open_start || view->edge[0] & HARK_EDGE_START,
         end = word->open_end || view->edge[view->text.len] & HARK_EDGE_END;
    return (start && end) ||
           bad(leaf, at, "no word begins or ends as this does: it would never match; a * opens an end: *n't");
}

// Words between the stars, if there are any.
static bool read_word(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_word *ret)
{
    *ret = (struct hark_word){0};
    if (s.len && s.ptr[0] == '*') {
        ret->open_start = true;
        s = hark_strn(s.ptr + 1, s.len - 1);
        at++;
    }
    if (s.len && s.ptr[s.len - 1] == '*') {
        ret->open_end = true;
        s.len--;
    }
    if (s.len == 0)
        return bad(leaf, at,
                   ret->open_start ? "a * alone would match everything: listen: {all: true} does that"
                                   : "there are no words between the quotes");
    const char *star = memchr(s.ptr, '*', s.len);
    if (star)
        return bad(leaf, at + (size_t)(star - s.ptr),
                   "a * stands once, at the start or the end of a phrase: want*, *berry, *island*; inside a word write "
                   "a pattern, /w.nt/");
    struct hark_str trimmed = hark_str_trim(s);
    if (trimmed.len < s.len && (ret->open_start || ret->open_end)) return bad(leaf, at, "a * touches its word: want*");
    hark_view_phrase(trimmed, leaf->fold ? HARK_VIEW_PLAIN : 0, &leaf->buf);
    ret->text = hark_arena_str(leaf->arena, hark_buf_str(&leaf->buf));
    return finds_itself(leaf, trimmed, at, ret);
}

static bool read_regex(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_pattern *ret)
{
    char text[256] = "";
    size_t offset = 0;
    if (s.len < 2 || s.ptr[s.len - 1] != '/')
        return bad(leaf, at,
                   "a pattern stands between two slashes: /colou?r/; a text that begins with / needs double quotes, "
                   "'\"/r/nike\"'");
    ret->kind = HARK_PATTERN_REGEX;
    ret->regex = hark_arena_str(leaf->arena, hark_strn(s.ptr + 1, s.len - 2));
    if (ret->regex.len == 0) return bad(leaf, at, "there is nothing between the slashes: /colou?r/");
    if (!leaf->check_regex || leaf->check_regex(ret->regex, &offset, text, sizeof text) == 0) return true;
    struct hark_loc loc = hark_place_at(leaf->place, at + 1 + (offset < ret->regex.len ? offset : ret->regex.len));
    hark_problems_add(leaf->problems, false, loc, "this pattern does not compile: %s", text);
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// One element for each word between the quotes.
static bool read_near(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_pattern *ret)
{
    struct hark_word *words = NULL;
    size_t cap = 0, n = 0, i = 0;
    bool fine = true;
    while (fine) {
        while (i < s.len && is_space(s.ptr[i])) i++;
        size_t from = i;
        while (i < s.len && !is_space(s.ptr[i])) i++;
        if (from == i) break;
        words = hark_grow(words, n, &cap, sizeof *words);
        fine = read_word(leaf, hark_strn(s.ptr + from, i - from), at + from, &words[n]);
        n++;
    }
    if (fine && n < 2) fine = bad(leaf, at, "a distance is between two words or more: \"late delivery\"~5");
    ret->kind = HARK_PATTERN_NEAR;
    ret->words = hark_arena_copy(leaf->arena, words, n, sizeof *words);
    ret->nwords = (unsigned)n;
    free(words);
    return fine;
}

// Whether a word ends open before another one: "hart* de".
static bool open_inside(struct hark_str s)
{
    for (size_t i = 1; i + 1 < s.len; i++)
        if (s.ptr[i] == '*' && (is_space(s.ptr[i - 1]) || is_space(s.ptr[i + 1]))) return true;
    return false;
}

// Words in a row. With an open end inside they are words near each other: in this order, none between.
static bool read_one(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_pattern *ret)
{
    struct hark_word word;
    if (open_inside(s)) {
        ret->ordered = true;
        return read_near(leaf, s, at, ret);
    }
    if (!read_word(leaf, s, at, &word)) return false;
    ret->kind = HARK_PATTERN_WORDS;
    ret->words = hark_arena_copy(leaf->arena, &word, 1, sizeof word);
    ret->nwords = 1;
    return true;
}

static bool read_exact(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_pattern *ret)
{
    struct hark_str inner = hark_strn(s.ptr + 1, s.len - 2), nfc;
    if (s.len < 2 || s.ptr[s.len - 1] != '}') return bad(leaf, at, "the { that begins here is not closed: {BT}");
    if (open_inside(inner)) return bad(leaf, at, "in exact letters a * stands at the start or the end only: {BT*}");
    leaf->fold = false; // exact letters have their marks
    if (!read_one(leaf, inner, at + 1, ret)) return false;
    if (ret->words->open_start) inner = hark_strn(inner.ptr + 1, inner.len - 1);
    if (ret->words->open_end) inner.len--;
    hark_text_nfc(hark_str_trim(inner), &leaf->buf, &nfc);
    ret->exact = hark_arena_str(leaf->arena, nfc);
    return true;
}

// What follows the closing quote: nothing, ~5 or ~>5.
static bool read_distance(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_pattern *ret)
{
    int64_t distance;
    if (s.ptr[0] != '~')
        return bad(leaf, at, "only a distance follows the closing quote: \"a b\"~5, or \"a b\"~>5 for this order");
    size_t skip = s.len > 1 && s.ptr[1] == '>' ? 2 : 1;
    if (hark_str_int(hark_strn(s.ptr + skip, s.len - skip), &distance) || distance < 0 ||
        distance > HARK_RULES_MAX_DISTANCE) {
        hark_problems_add(leaf->problems, false, hark_place_at(leaf->place, at + skip),
                          "a distance is a whole number from 0 to %d: \"a b\"~5", HARK_RULES_MAX_DISTANCE);
        return false;
    }
    ret->distance = (unsigned)distance;
    ret->ordered = skip == 2;
    return true;
}

static bool read_quoted(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_pattern *ret)
{
    size_t from = hark_quote_bytes(s, 0), to = hark_quote_end(s, from);
    if (to == s.len) return bad(leaf, at, "the quote that begins here is not closed");
    size_t behind = to + hark_quote_bytes(s, to);
    struct hark_str inner = hark_strn(s.ptr + from, to - from);
    if (behind == s.len) return read_one(leaf, inner, at + from, ret);
    return read_distance(leaf, hark_strn(s.ptr + behind, s.len - behind), at + behind, ret) &&
           read_near(leaf, inner, at + from, ret);
}

bool hark_leaf_pattern(struct hark_leaf *leaf, struct hark_str s, size_t at, struct hark_pattern *ret)
{
    bool fine, fold = leaf->fold;
    *ret = (struct hark_pattern){.fold = fold};
    if (s.len > HARK_RULES_MAX_PATTERN_BYTES) {
        hark_problems_add(leaf->problems, false, hark_place_at(leaf->place, at),
                          "this phrase has %zu bytes: at most %d; part it into several phrases", s.len,
                          HARK_RULES_MAX_PATTERN_BYTES);
        return false;
    }
    ret->loc = hark_place_at(leaf->place, at);
    if (s.len && s.ptr[0] == '/')
        fine = read_regex(leaf, s, at, ret);
    else if (s.len && s.ptr[0] == '{')
        fine = read_exact(leaf, s, at, ret);
    else if (hark_quote_bytes(s, 0))
        fine = read_quoted(leaf, s, at, ret);
    else
        fine = read_one(leaf, s, at, ret);
    ret->fold = leaf->fold;
    leaf->fold = fold;
    ret->written = hark_arena_str(leaf->arena, s);
    return fine;
}

void hark_leaf_done(struct hark_leaf *leaf)
{
    hark_buf_done(&leaf->buf);
    hark_view_done(&leaf->view);
}

bool hark_pattern_parse(struct hark_str written, bool fold, struct hark_loc loc, struct hark_arena *arena,
                        struct hark_problems *problems, struct hark_pattern *ret)
{
    struct hark_place place;
    struct hark_str trimmed = hark_str_trim(written);
    struct hark_leaf leaf = {.place = &place, .arena = arena, .problems = problems, .fold = fold};
    hark_place_text(&place, written, loc);
    bool fine = hark_leaf_pattern(&leaf, trimmed, (size_t)(trimmed.ptr - written.ptr), ret);
    hark_leaf_done(&leaf);
    return fine;
}

bool hark_load_pattern(struct hark_load *ld, const struct hark_yaml *node, const char *what, bool fold,
                       struct hark_pattern *ret)
{
    struct hark_place place;
    struct hark_str s;
    if (!hark_load_text(ld, node, what, &s)) return false;
    ld->leaf.place = &place;
    ld->leaf.fold = fold;
    hark_place_node(&place, ld->file, node);
    return hark_leaf_pattern(&ld->leaf, s, (size_t)(s.ptr - node->text.ptr), ret);
}
