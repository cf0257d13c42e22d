// X: twitter-text 3.1, the library that X's own clients use, rule by rule. Unicode is the table's, not the one of 2018.
#include "tags.h"

// Signs that twitter-text allows in hashtags beside letters, marks and digits (hashtagSpecialChars).
static bool is_special(uint32_t c)
{
    switch (c) {
    case '_':
    case 0xb7:
    case 0x5be:
    case 0x5f3:
    case 0x5f4:
    case 0xf0b:
    case 0xf0c:
    case 0x200c:
    case 0x200d:
    case 0x3003:
    case 0x301c:
    case 0x309b:
    case 0x309c:
    case 0x30a0:
    case 0x30fb:
    case 0xa67e:
    case 0xff5e: return true;
    default: return false;
    }
}

static bool is_part(uint32_t c)
{
    return has(c, CP_LETTER | CP_MARK | CP_DIGIT) || is_special(c);
}

static void find_hashtag(struct find *f, size_t i, size_t sign, uint32_t before)
{
    struct hark_str s = f->text;
    size_t end = i + sign, next;
    bool letter = false;
    if (before == '&' || (is_part(before) && before != 0xfe0e && before != 0xfe0f)) return;
    uint32_t c = char_at(s, end, &next);
    if (c == 0xfe0f || c == 0x20e3) return;
    for (; is_part(c); c = char_at(s, end, &next)) {
        letter |= has(c, CP_LETTER | CP_MARK);
        end = next;
    }
    if (!letter || is_sign(c) || goes_on(s, end, HARK_STR("://"))) return;
    find_add(f, HARK_ENTITY_HASHTAG, i, sign, end);
}

bool x_is_latin_accent(uint32_t c)
{
    if (c >= 0xc0 && c <= 0x24f) return c != 0xd7 && c != 0xf7;
    return c == 0x253 || c == 0x254 || c == 0x256 || c == 0x257 || c == 0x259 || c == 0x25b || c == 0x263 ||
           c == 0x268 || c == 0x26f || c == 0x272 || c == 0x289 || c == 0x28b || c == 0x2bb ||
           (c >= 0x300 && c <= 0x36f) || (c >= 0x1e00 && c <= 0x1eff);
}

bool x_is_direction(uint32_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

// Whether "RT" or "RT:" stands before i, as a word.
static bool is_retweet(struct hark_str s, size_t i)
{
    if (i && s.ptr[i - 1] == ':') i--;
    if (i < 2 || !hark_str_ieq((struct hark_str){s.ptr + i - 2, 2}, HARK_STR("rt"))) return false;
    uint32_t before = char_before(s, i - 2);
    return before == 0 || !(is_ascii_alnum(before) || (before < 0x80 && strchr("_+~.-", (int)before)));
}

static bool mention_may_start(struct hark_str s, size_t i, uint32_t before)
{
    if (before == 0 || is_retweet(s, i)) return true;
    return !is_ascii_alnum(before) && !is_at(before) && !(before < 0x80 && strchr("_!#$%&*", (int)before));
}

// "/list-name" behind a user's name: then it is a list and nobody is mentioned.
static bool is_list(struct hark_str s, size_t i)
{
    return i + 1 < s.len && s.ptr[i] == '/' && is_ascii_letter((unsigned char)s.ptr[i + 1]);
}

enum { MAX_NAME = 20 };

static void find_mention(struct find *f, size_t i, size_t sign, uint32_t before)
{
    struct hark_str s = f->text;
    size_t from = i + sign, end = from, next;
    if (!mention_may_start(s, i, before)) return;
    while (end < s.len && end - from < MAX_NAME && (is_ascii_alnum((unsigned char)s.ptr[end]) || s.ptr[end] == '_'))
        end++;
    uint32_t after = char_at(s, end, &next);
    if (end == from || is_list(s, end) || is_at(after) || x_is_latin_accent(after) || goes_on(s, end, HARK_STR("://")))
        return;
    find_add(f, HARK_ENTITY_MENTION, i, sign, end);
}

static bool ends_cashtag(struct hark_str s, size_t i)
{
    size_t next;
    uint32_t c = char_at(s, i, &next);
    return i == s.len || has(c, CP_SPACE) || (c < 0x80 && c && strchr("!'#%&()*+,\\-./:;<=>?@[]^_{|}~$", (int)c));
}

static void find_cashtag(struct find *f, size_t i, uint32_t before)
{
    struct hark_str s = f->text;
    size_t end = i + 1, tail;
    if (before != 0 && !has(before, CP_SPACE) && !x_is_direction(before)) return;
    while (end < s.len && end - i <= 6 && is_ascii_letter((unsigned char)s.ptr[end])) end++;
    if (end == i + 1) return;
    tail = end;
    if (end < s.len && (s.ptr[end] == '.' || s.ptr[end] == '_')) tail++;
    for (int n = 0; tail > end && n < 2 && tail < s.len && is_ascii_letter((unsigned char)s.ptr[tail]); n++) tail++;
    if (tail > end + 1 && ends_cashtag(s, tail))
        find_add(f, HARK_ENTITY_CASHTAG, i, 1, tail);
    else if (ends_cashtag(s, end))
        find_add(f, HARK_ENTITY_CASHTAG, i, 1, end);
}

void find_x(struct find *f)
{
    struct hark_str s = f->text;
    uint32_t before = 0;
    find_x_links(f);
    for (size_t i = 0, next; i < s.len; i = next) {
        uint32_t c = char_at(s, i, &next);
        if (is_sign(c))
            find_hashtag(f, i, next - i, before);
        else if (is_at(c))
            find_mention(f, i, next - i, before);
        else if (c == '$')
            find_cashtag(f, i, before);
        before = c;
    }
    find_drop_overlaps(f);
}
