// UTF-8: checking, decoding and encoding of single characters.
#include <hark/text.h>

#include "table.h"
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

size_t hark_utf8_check(struct hark_str s)
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
