// Whether a message is a post that decoding is sure to accept, without decoding it.
//
// Messages that hark wrote have their keys in one order, no white space and no escape but the short ones. For these a
// walk from quote to quote is enough to know that the JSON is whole, that nothing required is missing and that every
// value is of its type; it takes a tenth of the time and no memory. Any other layout is left to the decoder.
//
// The same walk says where the words begin and end: a message is twice to three times as long as what somebody wrote.
#include <hark/clock.h>
#include <hark/post.h>
#include <hark/text.h>

#include "post_check.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct skim {
    const char *at, *end;
};

enum kind { TEXT, TEXTS, REF, NUMBER, BOT, AUTHOR, ENGAGEMENT };
struct field {
    const char *key; // with what stands before and behind it
    unsigned char len, kind;
};

#define FIELD(name, kind)                                                                                              \
    {                                                                                                                  \
        ",\"" name "\":", sizeof(name) + 3, kind                                                                       \
    }

// In the order of encode.c; each may be absent.
static const struct field fields[] = {
    FIELD("text", TEXT),    FIELD("lang", TEXTS),    FIELD("hashtags", TEXTS), FIELD("mentions", TEXTS),
    FIELD("links", TEXTS),  FIELD("url", TEXT),      FIELD("author", AUTHOR),  FIELD("engagement", ENGAGEMENT),
    FIELD("reply_to", REF), FIELD("repost_of", REF), FIELD("quote_of", REF),   FIELD("media", NUMBER),
};
static const struct field author_fields[] = {
    FIELD("id", TEXT), FIELD("handle", TEXT), FIELD("name", TEXT), FIELD("followers", NUMBER), FIELD("bot", BOT),
};
static const struct field engagement_fields[] = {
    FIELD("likes", NUMBER),  FIELD("reposts", NUMBER), FIELD("replies", NUMBER),
    FIELD("quotes", NUMBER), FIELD("views", NUMBER),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline bool take(struct skim *s, const char *what, size_t len)
{
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, what, len) != 0) return false;
    s->at += len;
    return true;
}

#define TAKE(s, what) take(s, what, sizeof(what) - 1)

// The first byte from p on that a string cannot hold as it is.
static inline const char *plain_end(const char *p, const char *end)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask) return p + __builtin_ctz(mask);
    }
#endif
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
    return p;
}

// A text behind its opening quote, with its closing one. Escapes of more than one letter are not for us.
static inline bool rest_of_text(struct skim *s)
{
    for (;;) {
        const char *p = plain_end(s->at, s->end);
        if (p == s->end) return false;
        s->at = p + 1;
        if (*p == '"') return true;
        if (*p != '\\' || s->at == s->end || !*s->at || !strchr("\"\\/bfnrt", *s->at)) return false;
        s->at++;
    }
}

static inline bool text(struct skim *s)
{
    return TAKE(s, "\"") && rest_of_text(s);
}

static bool texts(struct skim *s)
{
    if (!TAKE(s, "[")) return false;
    if (TAKE(s, "]")) return true;
    do
        if (!text(s)) return false;
    while (TAKE(s, ","));
    return TAKE(s, "]");
}

// At most nine digits: any number field can hold it.
static bool number(struct skim *s)
{
    enum { DIGITS = 9 };
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') s->at++;
    return s->at > from && s->at - from <= DIGITS && (*from != '0' || s->at - from == 1);
}

static bool value(struct skim *s, const struct field *field);

// The fields of an object that holds at least one, behind its bracket and up to it.
static bool inner(struct skim *s, const struct field *object, size_t n) // NOLINT(misc-no-recursion): two deep
{
    if (s->at == s->end || *s->at != '{') return false;
    bool any = false;
    s->at++;
    for (unsigned i = 0; i < n; i++) {
        const struct field *field = &object[i];
        if (!take(s, field->key + !any, field->len - !any)) continue; // the first has no comma before it
        any = true;
        if (!value(s, field)) return false;
    }
    return any && TAKE(s, "}");
}

static bool value(struct skim *s, const struct field *field) // NOLINT(misc-no-recursion): two deep
{
    switch ((enum kind)field->kind) {
    case TEXT: return text(s);
    case TEXTS: return texts(s);
    case REF: return TAKE(s, "null") || text(s);
    case NUMBER: return number(s);
    case BOT: return TAKE(s, "true") || TAKE(s, "false");
    case AUTHOR: return inner(s, author_fields, COUNT(author_fields));
    case ENGAGEMENT: return inner(s, engagement_fields, COUNT(engagement_fields));
    }
    return false;
}

// The key's first letter is looked at by itself: most of the twelve fields are absent or come in turn.
static inline bool is_next(const struct skim *s, const struct field *field)
{
    return s->end - s->at > 3 && s->at[2] == field->key[2];
}


static bool time_of(struct skim *s, int64_t *ret_ms)
{
    enum { LEN = HARK_TIME_STR_BYTES - 1 };
    if (!TAKE(s, ",\"time\":\"") || s->end - s->at <= LEN || s->at[LEN] != '"') return false;
    if (hark_time_parse(hark_strn(s->at, LEN), ret_ms) < 0 || *ret_ms < 0 || *ret_ms > HARK_POST_MAX_TIME_MS)
        return false;
    s->at += LEN + 1;
    return true;
}

bool hark_post_skim(struct hark_str json, int64_t *ret_time_ms)
{
    struct hark_str id;
    enum hark_op op;
    if (json.len > HARK_POST_MAX_BYTES || !hark_post_peek(json, &id, &op) || op != HARK_OP_CREATE) return false;
    if (id.len > HARK_POST_MAX_ID_BYTES) return false;
    const char *end = json.ptr + json.len;
    struct skim s = {id.ptr + id.len, end};
    // hark_post_peek() does not look for control characters.
    s.at = id.ptr;
    if (!rest_of_text(&s) || !TAKE(&s, ",\"source\":\"") || TAKE(&s, "\"") || !rest_of_text(&s)) return false;
    if (!TAKE(&s, ",\"op\":\"create\"") || !time_of(&s, ret_time_ms)) return false;
    if (!take(&s, fields[0].key, fields[0].len) || !text(&s)) return false;
    for (unsigned i = 1; i < COUNT(fields); i++)
        if (is_next(&s, &fields[i]) && take(&s, fields[i].key, fields[i].len) && !value(&s, &fields[i])) return false;
    return TAKE(&s, "}") && s.at == end && hark_utf8_check(json) == json.len;
}

// --- what a post says ---

// Up to the text.
static bool head(struct skim *s)
{
    return TAKE(s, "{\"schema\":\"hark.post/1\",\"id\":\"") && rest_of_text(s) && TAKE(s, ",\"source\":\"") &&
           rest_of_text(s) && TAKE(s, ",\"op\":\"") && rest_of_text(s) && TAKE(s, ",\"time\":\"") && rest_of_text(s);
}

static bool words(struct skim *s)
{
    return TAKE(s, ",\"text\":\"") && rest_of_text(s) && (!TAKE(s, ",\"lang\":") || texts(s)) &&
           TAKE(s, ",\"hashtags\":") && texts(s) && TAKE(s, ",\"mentions\":") && texts(s) &&
           TAKE(s, ",\"links\":") && texts(s);
}

// A key may not come twice: behind words that are all there no others can come, whatever does.
struct hark_str hark_post_said(struct hark_str json, bool whom)
{
    struct skim s = {json.ptr, json.ptr + json.len};
    if (!head(&s)) return json;
    const char *from = s.at;
    return hark_strn(from, (size_t)((!whom && words(&s) ? s.at : s.end) - from));
}
