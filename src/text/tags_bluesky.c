// Bluesky: detectFacets of the official client library (@atproto/api, rich-text).
#include "tags.h"

#include "tlds.h"

// \s of ECMAScript.
static bool is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
}

// What cannot stand in a tag: white space, and the invisible characters that the pattern lists.
static bool is_end(uint32_t c)
{
    return is_space(c) || c == 0xad || c == 0x2060 || (c >= 0x200a && c <= 0x200d) || c == 0x20e2;
}

static bool is_ascii_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

enum { MAX_TAG = 64 }; // UTF-16 units

static void find_hashtag(struct find *f, size_t i, size_t sign, uint32_t before)
{
    struct hark_str s = f->text;
    size_t from = i + sign, at = from, end = from, units = 0, length = 0, next;
    bool counts = false;
    if (before != 0 && !is_space(before)) return;
    uint32_t c = char_at(s, at, &next);
    if (c == 0xfe0f) return;
    for (; at < s.len && !is_end(c); c = char_at(s, at, &next)) {
        at = next;
        units += c > 0xffff ? 2 : 1;
        counts |= !is_ascii_digit(c) && !has(c, CP_PUNCT);
        if (has(c, CP_PUNCT)) continue;
        end = at; // punctuation at the end does not belong
        length = units;
    }
    if (counts && length && length <= MAX_TAG) find_add(f, HARK_ENTITY_HASHTAG, i, sign, end);
}

static bool may_open(uint32_t before)
{
    return before == 0 || is_space(before) || before == '(';
}

// $ and a letter, then up to four letters or digits, then white space, the end or punctuation.
static void find_cashtag(struct find *f, size_t i, uint32_t before)
{
    struct hark_str s = f->text;
    size_t end = i + 1, next;
    if (!may_open(before) || end >= s.len || !is_ascii_letter((unsigned char)s.ptr[end])) return;
    while (end < s.len && end - i <= 5 && is_ascii_alnum((unsigned char)s.ptr[end])) end++;
    uint32_t after = char_at(s, end, &next);
    if (end == s.len || is_space(after) || after == 0x2019 ||
        (after < 0x80 && after && strchr(".,;:!?)\"'", (int)after)))
        find_add(f, HARK_ENTITY_CASHTAG, i, 1, end);
}

static bool is_domain(struct hark_str name)
{
    size_t dot = name.len;
    while (dot && name.ptr[dot - 1] != '.') dot--;
    return dot > 1 && tld_is((struct hark_str){name.ptr + dot, name.len - dot});
}

static void find_mention(struct find *f, size_t i, uint32_t before)
{
    struct hark_str s = f->text;
    size_t end = i + 1;
    if (!may_open(before)) return;
    while (end < s.len && (is_ascii_alnum((unsigned char)s.ptr[end]) || s.ptr[end] == '.' || s.ptr[end] == '-')) end++;
    if (end < s.len && s.ptr[end] == '_')
        while (end > i + 1 && is_ascii_alnum((unsigned char)s.ptr[end - 1])) end--;
    while (end > i + 1 && !is_ascii_alnum((unsigned char)s.ptr[end - 1])) end--;
    struct hark_str name = {s.ptr + i + 1, end - i - 1};
    if (is_domain(name) || hark_str_ends(name, HARK_STR(".test"))) find_add(f, HARK_ENTITY_MENTION, i, 1, end);
}

// The end of [a-z][a-z0-9]*(\.[a-z0-9]+)+ at i, or i.
static size_t domain_end(struct hark_str s, size_t i)
{
    size_t end = i, at = i;
    if (at >= s.len || !is_ascii_letter((unsigned char)s.ptr[at])) return i;
    while (at < s.len && is_ascii_alnum((unsigned char)s.ptr[at])) at++;
    while (at + 1 < s.len && s.ptr[at] == '.' && is_ascii_alnum((unsigned char)s.ptr[at + 1])) {
        at++;
        while (at < s.len && is_ascii_alnum((unsigned char)s.ptr[at])) at++;
        end = at;
    }
    return end;
}

static size_t run_end(struct hark_str s, size_t i)
{
    size_t next;
    for (; i < s.len && !is_space(char_at(s, i, &next)); i = next) {
    }
    return i;
}

static size_t find_link(struct find *f, size_t i)
{
    struct hark_str s = f->text, rest = {s.ptr + i, s.len - i};
    bool http = hark_str_starts(rest, HARK_STR("https://")) || hark_str_starts(rest, HARK_STR("http://"));
    if (!http && !is_domain((struct hark_str){rest.ptr, domain_end(s, i) - i})) return i;
    size_t end = run_end(s, i);
    if (end > i && strchr(".,;:!?", s.ptr[end - 1])) end--;
    if (end > i && s.ptr[end - 1] == ')' && !memchr(rest.ptr, '(', end - i)) end--;
    find_add(f, HARK_ENTITY_LINK, i, 0, end);
    return end;
}

void find_bluesky(struct find *f)
{
    struct hark_str s = f->text;
    uint32_t before = 0;
    for (size_t i = 0, next; i < s.len; i = next) {
        uint32_t c = char_at(s, i, &next);
        if (is_sign(c))
            find_hashtag(f, i, next - i, before);
        else if (c == '@')
            find_mention(f, i, before);
        else if (c == '$')
            find_cashtag(f, i, before);
        else if (is_ascii_letter(c) && may_open(before))
            find_link(f, i);
        before = c;
        // Nothing begins inside a word.
        if (is_ascii_alnum(c))
            while (next < s.len && is_ascii_alnum((unsigned char)s.ptr[next])) next++;
    }
}
