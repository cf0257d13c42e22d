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
    unsigned beyond; // not 0: a text may hold characters beyond ASCII
};

// Whether the bytes are the same; compilers call memcmp() for more than a few, here n is known and the rest is loads.
static inline __attribute__((always_inline)) bool same(const char *a, const char *b, size_t n)
{
    uint64_t x, y, differ = 0;
    if (n < sizeof x) return memcmp(a, b, n) == 0;
    for (size_t i = 0; i < n; i += sizeof x) {
        size_t at = i + sizeof x <= n ? i : n - sizeof x;
        memcpy(&x, a + at, sizeof x);
        memcpy(&y, b + at, sizeof y);
        differ |= x ^ y;
    }
    return differ == 0;
}

static inline __attribute__((always_inline)) bool take(struct skim *s, const char *what, size_t len)
{
    if ((size_t)(s->end - s->at) < len || !same(s->at, what, len)) return false;
    s->at += len;
    return true;
}

#define TAKE(s, what) take(s, what, sizeof(what) - 1)

// The first byte from p on that a string cannot hold as it is.
static inline const char *plain_end(struct skim *s, const char *p)
{
    const char *end = s->end;
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        s->beyond |= (unsigned)_mm_movemask_epi8(v);
        if (mask) return p + __builtin_ctz(mask);
    }
#endif
    for (; p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20; p++) s->beyond |= *p & 0x80;
    return p;
}

// A text behind its opening quote, with its closing one. Escapes of more than one letter are not for us.
static inline bool rest_of_text(struct skim *s)
{
    for (;;) {
        const char *p = plain_end(s, s->at);
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

// The value of a field where that is next, and the comma behind it. The last one has none.
#define NEXT(s, more, name, value)                                                                                     \
    if ((more) && TAKE(s, "\"" name "\":")) {                                                                          \
        if (!(value)) return false;                                                                                    \
        (more) = TAKE(s, ",");                                                                                         \
    }

static bool author(struct skim *s)
{
    bool more = TAKE(s, "{");
    NEXT(s, more, "id", text(s))
    NEXT(s, more, "handle", text(s))
    NEXT(s, more, "name", text(s))
    NEXT(s, more, "followers", number(s))
    NEXT(s, more, "bot", TAKE(s, "true") || TAKE(s, "false"))
    return !more && TAKE(s, "}");
}

static bool engagement(struct skim *s)
{
    bool more = TAKE(s, "{");
    NEXT(s, more, "likes", number(s))
    NEXT(s, more, "reposts", number(s))
    NEXT(s, more, "replies", number(s))
    NEXT(s, more, "quotes", number(s))
    NEXT(s, more, "views", number(s))
    return !more && TAKE(s, "}");
}

static inline bool ref(struct skim *s)
{
    return TAKE(s, "null") || text(s);
}

// In the order of encode.c; all but the text may be absent.
static bool fields(struct skim *s)
{
    bool more = true;
    if (!TAKE(s, ",\"text\":") || !text(s)) return false;
    more = TAKE(s, ",");
    NEXT(s, more, "lang", texts(s))
    NEXT(s, more, "hashtags", texts(s))
    NEXT(s, more, "mentions", texts(s))
    NEXT(s, more, "links", texts(s))
    NEXT(s, more, "url", text(s))
    NEXT(s, more, "author", author(s))
    NEXT(s, more, "engagement", engagement(s))
    NEXT(s, more, "reply_to", ref(s))
    NEXT(s, more, "repost_of", ref(s))
    NEXT(s, more, "quote_of", ref(s))
    NEXT(s, more, "media", number(s))
    return !more && TAKE(s, "}");
}

// A text that is not empty, and its bytes as they stand.
static bool id(struct skim *s, size_t *ret_len)
{
    const char *from = s->at;
    if (!rest_of_text(s)) return false;
    *ret_len = (size_t)(s->at - from) - 1;
    return *ret_len > 0;
}

static bool head(struct skim *s, size_t *ret_id_len)
{
    size_t len;
    return TAKE(s, "{\"schema\":\"hark.post/1\",\"id\":\"") && id(s, ret_id_len) && TAKE(s, ",\"source\":\"") &&
           id(s, &len);
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
    struct skim s = {json.ptr, json.ptr + json.len, 0};
    size_t id_len;
    if (json.len > HARK_POST_MAX_BYTES || !head(&s, &id_len) || id_len > HARK_POST_MAX_ID_BYTES) return false;
    if (!TAKE(&s, ",\"op\":\"create\"") || !time_of(&s, ret_time_ms)) return false;
    return fields(&s) && s.at == s.end && (!s.beyond || hark_utf8_check(json) == json.len);
}

// --- what a post says ---

// A list, and in *end where it ends if it holds anything.
static bool list(struct skim *s, const char **end)
{
    const char *from = s->at;
    if (!texts(s)) return false;
    if (s->at - from > (long)strlen("[]")) *end = s->at;
    return true;
}

// From the text to the last of the lists that is not empty.
static bool words(struct skim *s, const char **from, const char **end)
{
    if (!TAKE(s, ",\"text\":\"")) return false;
    *from = s->at;
    if (!rest_of_text(s)) return false;
    *end = s->at - 1;
    return (!TAKE(s, ",\"lang\":") || texts(s)) && TAKE(s, ",\"hashtags\":") && list(s, end) &&
           TAKE(s, ",\"mentions\":") && list(s, end) && TAKE(s, ",\"links\":") && list(s, end);
}

// A key may not come twice: behind words that are all there no others can come, whatever does.
struct hark_str hark_post_said(struct hark_str json, bool whom)
{
    struct skim s = {json.ptr, json.ptr + json.len, 0};
    size_t len;
    if (!head(&s, &len) || !TAKE(&s, ",\"op\":") || !text(&s) || !TAKE(&s, ",\"time\":") || !text(&s)) return json;
    const char *rest = s.at, *from = rest, *end = s.end;
    if (whom || !words(&s, &from, &end)) return hark_strn(rest, (size_t)(s.end - rest));
    return hark_strn(from, (size_t)(end - from));
}
