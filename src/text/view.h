// Between view.c, which folds, and edges.c, which tells where words start and end.
#pragma once

#include <hark/text.h>

void edges_make(const char *text, size_t len, uint8_t *edge);

// Bytes of the link that starts at i (at "http", "https" or "www."), 0 where there is none.
size_t link_bytes(struct hark_str s, size_t i);
// Bytes of the @handle whose sign ends before i: those behind the sign, 0 where there is none.
size_t handle_bytes(struct hark_str s, size_t i);

// Whether a precomposed Hangul syllable (U+AC00..U+D7A3) stands at i. Korean text is runs of them, which nothing
// changes.
static inline bool is_syllable(const char *s, size_t len, size_t i)
{
    if (i + 3 > len) return false;
    unsigned char a = (unsigned char)s[i], b = (unsigned char)s[i + 1], c = (unsigned char)s[i + 2];
    if (a == 0xeb || a == 0xec) return true;
    return a == 0xea ? b >= 0xb0 : a == 0xed && (b < 0x9e || (b == 0x9e && c <= 0xa3));
}
