// The coarse form that the prefilter scans.
//
// P maps each character by itself (table.c, `pre`), so that P of a part is a part of P of the whole, with three
// exceptions that views and keys make in the same way: white space runs together, kana take a voiced sound mark, jamo
// become syllables. A double quote is written \" in P: that is how it stands in most JSON, which then need not be
// rewritten.
#include <hark/text.h>

#include "table.h"
#include "vec.h"

// --- must it be rewritten at all? ---

// Bytes at i, i + 1 and i + 2 at which P is not lower-casing ASCII. Lead bytes by Unicode's blocks: C2-E2 Latin to
// symbols, EF presentation forms and variation selectors, F3 tags; of E3 to EA only compatibility forms, voiced sound
// marks and the ideographic space; of F0 all but emoji and Han. A test compares this with P for every code point.
static vec needs(vec a, vec b)
{
    return (vec)(a < 0x20) | (vec_eq(a, ' ') & vec_eq(b, ' ')) | (vec_eq(a, '\\') & (vec)(b != '"')) |
           vec_between(a, 0xc2, 0xe2);
}

static vec needs_wide(vec a, vec b, vec c)
{
    vec e3 = (vec_eq(b, 0x80) & (vec_eq(c, 0x80) | vec_between(c, 0xaa, 0xba))) |
             (vec_eq(b, 0x82) & vec_between(c, 0x99, 0x9a)) | (vec_eq(b, 0x85) & vec_eq(c, 0xa4)) |
             (vec_eq(b, 0x86) & vec_between(c, 0x92, 0x9f)) | vec_between(b, 0x88, 0x8f);
    vec f0 = (vec)(b < 0x9f) | (vec)(b >= 0xaf) |
             (vec_eq(b, 0x9f) & (vec_between(c, 0x84, 0x86) | vec_between(c, 0x88, 0x89) | vec_eq(c, 0xaf)));
    return (vec_eq(a, 0xe3) & e3) | (vec_eq(a, 0xea) & (vec)(b < 0xb0)) | vec_eq(a, 0xef) | (vec_eq(a, 0xf0) & f0) |
           vec_eq(a, 0xf3);
}

static bool block_needs(const char *p)
{
    return vec_any(needs_wide(vec_load(p), vec_load(p + 1), vec_load(p + 2)));
}

enum { BLOCKS = 4 };

// Four blocks at p, and two bytes behind them.
static bool blocks_need(const char *p)
{
    vec need = {0}, wide = {0};
    for (size_t i = 0; i < BLOCKS * VEC_BYTES; i += VEC_BYTES) {
        vec a = vec_load(p + i);
        need |= needs(a, vec_load(p + i + 1));
        wide |= (vec)(a >= 0xe3);
    }
    if (vec_any(need)) return true;
    for (size_t i = 0; vec_any(wide) && i < BLOCKS * VEC_BYTES; i += VEC_BYTES)
        if (block_needs(p + i)) return true;
    return false;
}

bool hark_prefold_needed(struct hark_str raw)
{
    size_t i = 0;
    for (; i + BLOCKS * VEC_BYTES + 2 <= raw.len; i += BLOCKS * VEC_BYTES)
        if (blocks_need(raw.ptr + i)) return true;
    for (; i < raw.len; i += BLOCKS * VEC_BYTES) {
        // Filled up with letters, which need nothing.
        char last[BLOCKS * VEC_BYTES + 2];
        memset(last, 'a', sizeof(last));
        memcpy(last, raw.ptr + i, raw.len - i < sizeof(last) ? raw.len - i : sizeof(last));
        if (blocks_need(last)) return true;
    }
    return false;
}

// --- P ---

struct prefold {
    struct hark_buf *buf;
    uint32_t base; // the last character where a jamo or voiced sound mark may join with it, or 0
    size_t at;     // where it was written
    bool touching; // nothing stands between that views keep
    bool voiced;   // a voiced sound mark stands between
    bool torn;     // somewhere jamo have marks between them: views without marks join them, others do not
};

static void put(struct prefold *p, const void *bytes, size_t len)
{
    hark_buf_add(p->buf, bytes, len);
}

static void put_space(struct prefold *p)
{
    struct hark_buf *buf = p->buf;
    if (buf->len == 0 || buf->ptr[buf->len - 1] != ' ') hark_buf_char(buf, ' ');
}

static uint32_t compose_hangul(uint32_t first, uint32_t second)
{
    if (first >= 0x1100 && first <= 0x1112 && second >= 0x1161 && second <= 0x1175)
        return 0xac00 + ((first - 0x1100) * 21 + (second - 0x1161)) * 28;
    if (first >= 0xac00 && first <= 0xd7a3 && (first - 0xac00) % 28 == 0 && second >= 0x11a8 && second <= 0x11c2)
        return first + second - 0x11a7;
    return 0;
}

// Joins c with the character before it, as canonical composition does.
static bool join(struct prefold *p, uint32_t c)
{
    bool voice = c == 0x3099 || c == 0x309a;
    uint32_t whole = p->base == 0  ? 0
                     : voice       ? (p->voiced ? 0 : table_kana(p->base, c))
                     : p->touching ? compose_hangul(p->base, c)
                                   : 0;
    if (voice) p->voiced = true;
    if (!voice && !p->touching && p->base && compose_hangul(p->base, c)) p->torn = true;
    if (!whole) return false;
    p->base = whole;
    // All of these have three bytes.
    hark_utf8_put(whole, p->buf->ptr + p->at);
    return true;
}

static void put_starter(struct prefold *p, uint32_t c, const void *bytes, size_t len)
{
    p->base = c;
    p->at = p->buf->len;
    p->touching = true;
    p->voiced = false;
    put(p, bytes, len);
}

static void put_wide(struct prefold *p, uint32_t c, const char *bytes, size_t len)
{
    const struct cp *cp = cp_get(c);
    if (cp->flags & CP_HIDDEN) return;
    c = table_width(c);
    bool joinable = (c >= 0x1161 && c <= 0x11c2) || c == 0x3099 || c == 0x309a;
    if (joinable && join(p, c)) return;
    if (cp->flags & CP_SPACE) {
        p->base = 0;
        put_space(p);
        return;
    }
    if (cp->pre == 0) {
        put_starter(p, c, bytes, len);
        return;
    }
    const unsigned char *to = cp_sequence(cp->pre, &len);
    uint32_t kana = len == 3 && to[0] == 0xe3 ? c : 0;
    if (cp->ccc == 0 && !(cp->flags & CP_VIEW_MARK)) put_starter(p, kana, "", 0);
    p->touching = false;
    for (size_t i = 0; i < len; i++)
        if (to[i] == ' ')
            put_space(p);
        else
            put(p, to + i, 1);
    if (kana) p->touching = true;
}

static void put_char(struct prefold *p, uint32_t c)
{
    if (c >= 0x80) {
        char bytes[4];
        put_wide(p, c, bytes, hark_utf8_put(c, bytes));
        return;
    }
    p->base = 0;
    if (c == ' ' || (c >= 9 && c <= 13))
        put_space(p);
    else if (c == '"')
        put(p, "\\\"", 2);
    else
        hark_buf_char(p->buf, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
}

// Bytes of a well-formed character at s[i], or 0.
static size_t char_bytes(struct hark_str s, size_t i)
{
    unsigned char b = (unsigned char)s.ptr[i];
    size_t n = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    if (n > s.len - i) return 0;
    return hark_utf8_check((struct hark_str){s.ptr + i, n}) == n ? n : 0;
}

// A character beyond ASCII, or a byte that begins none; returns its bytes.
static size_t put_text(struct prefold *p, struct hark_str s, size_t i)
{
    size_t n = char_bytes(s, i), at = i;
    if (n == 0) {
        p->base = 0;
        hark_buf_char(p->buf, s.ptr[i]);
        return 1;
    }
    put_wide(p, char_next(s.ptr, &at), s.ptr + i, n);
    return n;
}

// --- terms ---

void hark_prefold_term(struct hark_str term, struct hark_buf *buf)
{
    table_init();
    hark_buf_clear(buf);
    struct prefold p = {.buf = buf};
    for (size_t i = 0; i < term.len;) {
        if ((unsigned char)term.ptr[i] >= 0x80)
            i += put_text(&p, term, i);
        else
            put_char(&p, (unsigned char)term.ptr[i++]);
    }
}

// --- JSON ---

static int hex4(struct hark_str s, size_t i)
{
    int value = 0;
    if (s.len - i < 4) return -1;
    for (size_t k = 0; k < 4; k++) {
        char c = s.ptr[i + k], lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (lower >= 'a' && lower <= 'f')
            value = value * 16 + (lower - 'a' + 10);
        else
            return -1;
    }
    return value;
}

// \uXXXX, with its second half where it is a surrogate; half of a pair alone is U+FFFD. Returns the bytes, 0 where it
// is no escape.
static size_t put_unicode(struct prefold *p, struct hark_str s, size_t i)
{
    int c = s.len - i < 6 ? -1 : hex4(s, i + 2);
    if (c < 0) return 0;
    if (c < 0xd800 || c > 0xdfff) {
        put_char(p, (uint32_t)c);
        return 6;
    }
    int low = c < 0xdc00 && s.len - i >= 12 && s.ptr[i + 6] == '\\' && s.ptr[i + 7] == 'u' ? hex4(s, i + 8) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        put_char(p, 0xfffd);
        return 6;
    }
    put_char(p, 0x10000 + ((uint32_t)(c - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
    return 12;
}

static size_t put_escape(struct prefold *p, struct hark_str s, size_t i)
{
    char kind = i + 1 < s.len ? s.ptr[i + 1] : 0;
    size_t n = 0;
    switch (kind) {
    case 'u': n = put_unicode(p, s, i); break;
    case '"':
    case '\\':
    case '/':
        n = 2;
        put_char(p, (unsigned char)kind);
        break;
    case 'n':
    case 'r':
    case 't':
    case 'f':
        n = 2;
        put_char(p, ' ');
        break;
    case 'b':
        n = 2;
        put_char(p, '\b');
        break;
    }
    if (n) return n;
    put_char(p, '\\');
    return 1;
}

// Copies blocks of plain ASCII; returns where it stopped.
static size_t put_blocks(struct prefold *p, struct hark_str s, size_t i)
{
    char *out = hark_buf_reserve(p->buf, s.len - i + VEC_BYTES);
    size_t from = i;
    if (s.ptr[i] == ' ' && p->buf->len && out[-1] == ' ') return i;
    while (i + VEC_BYTES + 1 <= s.len) {
        vec a = vec_load(s.ptr + i), b = vec_load(s.ptr + i + 1);
        vec stop = (vec)(a >= 0x80) | (vec)(a < 0x20) | vec_eq(a, '\\') | (vec_eq(a, ' ') & vec_eq(b, ' '));
        vec_store(out + (i - from), vec_lower(a));
        size_t good = vec_first(stop);
        i += good;
        if (good < VEC_BYTES) break;
    }
    p->buf->len += i - from;
    if (i > from) p->base = 0;
    return i;
}

// An ASCII character or an escape; returns its bytes. The quotes that bound strings stay bare.
static size_t put_ascii(struct prefold *p, struct hark_str s, size_t i)
{
    if (s.ptr[i] == '\\') return put_escape(p, s, i);
    if (s.ptr[i] == '"') {
        p->base = 0;
        hark_buf_char(p->buf, '"');
    } else {
        put_char(p, (unsigned char)s.ptr[i]);
    }
    return 1;
}

bool hark_prefold_json(struct hark_str raw, struct hark_buf *buf)
{
    table_init();
    hark_buf_clear(buf);
    struct prefold p = {.buf = buf};
    for (size_t i = 0; i < raw.len;) {
        if ((unsigned char)raw.ptr[i] >= 0x80) {
            i += put_text(&p, raw, i);
            continue;
        }
        i = put_blocks(&p, raw, i);
        if (i < raw.len && (unsigned char)raw.ptr[i] < 0x80) i += put_ascii(&p, raw, i);
    }
    return !p.torn;
}
