// UTF-8: checking, decoding and encoding of single characters.
#include <hark/text.h>

#include "table.h"
#include "utf8_wide.h"
#include "vec.h"

// Bytes of the well-formed character at s, or 0. `left` is at least 1.
static size_t char_bytes(const unsigned char *s, size_t left)
{
    unsigned char b = s[0];
    if (b < 0x80) return 1;
    if (b < 0xc2 || b > 0xf4) return 0;
    size_t n = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    if (left < n) return 0;
    // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF (Unicode, table 3-7).
    unsigned char low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
    unsigned char high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

// Bytes before the first that is wrong.
static size_t good_bytes(struct hark_str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t i = 0;
    while (i < s.len) {
        if (p[i] < 0x80) {
            while (i + VEC_BYTES <= s.len && !vec_any(vec_load(p + i) & 0x80)) i += VEC_BYTES;
            while (i < s.len && p[i] < 0x80) i++;
            continue;
        }
        size_t n = char_bytes(p + i, s.len - i);
        if (n == 0) return i;
        i += n;
    }
    return s.len;
}

size_t hark_utf8_check(struct hark_str s)
{
    enum { WORTH_IT = 32 };
    if (s.len >= WORTH_IT && u8_wide_can() && u8_wide_good(s.ptr, s.len)) return s.len;
    return good_bytes(s);
}

uint32_t hark_utf8_next(struct hark_str s, size_t *pos)
{
    return char_next(s.ptr, pos);
}

size_t hark_utf8_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

unsigned hark_utf8_width(uint32_t c)
{
    static const struct {
        uint32_t from, to;
        unsigned columns;
    } ranges[] = {
        {0x0300, 0x036F, 0},   {0x0901, 0x0902, 0},   {0x093C, 0x093C, 0},   {0x0941, 0x0948, 0},
        {0x094D, 0x094D, 0},   {0x0E31, 0x0E31, 0},   {0x0E34, 0x0E3A, 0},   {0x0E47, 0x0E4E, 0},
        {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0},   {0xFE00, 0xFE0F, 0},   {0x1F3FB, 0x1F3FF, 0},
        {0x1100, 0x115F, 2},   {0x2E80, 0x303E, 2},   {0x3041, 0x33FF, 2},   {0x3400, 0x4DBF, 2},
        {0x4E00, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},   {0xFE30, 0xFE6F, 2},
        {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2},
        {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].from && c <= ranges[i].to) return ranges[i].columns;
    return 1;
}
