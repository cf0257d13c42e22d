// What this room knows of each code point, in a two-level table that is built once at first use from utf8proc's data (a
// few milliseconds), so that the library's own Unicode version is the one that holds everywhere.
//
// Four mappings a code point, each to a short UTF-8 sequence (0: to itself; of no bytes: dropped):
//   fold   the view: width variant to its plain form, full case folding, NFC, apostrophes
//   plain  the same without marks
//   key    NFKD and case folding, not composed: what keys are made of
//   pre    the prefilter's form
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cp_flag {
    CP_SECOND = 1,     // composition may join it to what stands before it
    CP_NFC_NO = 2,     // never stands in NFC
    CP_SPACE = 4,      // people see white space
    CP_HIDDEN = 8,     // nobody sees it: left out of views, keys and the prefilter's form
    CP_SPLITS = 16,    // decomposes, or folds to more than one character: marks behind it may belong inside
    CP_VIEW_MARK = 32, // a letter that is a mark in the view (half-width voiced sound marks)
    CP_LETTER = 64,    // \p{L}
    CP_MARK = 128,     // \p{M}
    CP_DIGIT = 256,    // \p{Nd}
    CP_NUMBER = 512,   // \p{Nl}, \p{No}
    CP_PUNCT = 1024,   // \p{P}
    CP_CONNECT = 2048, // \p{Pc}
    CP_SYMBOL = 4096,  // \p{S}
};

// How words see it (edges.c).
enum cp_class {
    CLASS_OTHER,
    CLASS_WORD,
    CLASS_CONNECT,
    CLASS_HANGUL,
    CLASS_KATAKANA,
    CLASS_SOLO, // scripts that write no spaces
    CLASS_MARK,
    CLASS_JOINER, // ZWJ
    CLASS_TONE,   // skin tones
    CLASS_REGION, // regional indicators
};

struct cp {
    uint16_t fold, plain, key, pre;
    uint16_t flags;
    uint8_t ccc, cls;
};

enum { TABLE_SHIFT = 7, TABLE_BLOCK = 1 << TABLE_SHIFT };

extern uint16_t table_index[0x110000 >> TABLE_SHIFT];
extern struct cp *table_blocks;
extern unsigned char *table_sequences; // records of [length, bytes…], each at a multiple of 8

// Every function that looks into the table calls this first.
void table_init(void);

static inline const struct cp *cp_get(uint32_t c)
{
    return &table_blocks[(size_t)table_index[c >> TABLE_SHIFT] << TABLE_SHIFT | (c & (TABLE_BLOCK - 1))];
}

// Nothing before this character changes it or changes with it.
static inline bool cp_starts(const struct cp *cp)
{
    return cp->ccc == 0 && !(cp->flags & CP_SECOND);
}

// Bytes of a mapping that is not 0; *ret_len says how many.
static inline const unsigned char *cp_sequence(uint16_t id, size_t *ret_len)
{
    const unsigned char *record = table_sequences + (size_t)id * 8;
    *ret_len = record[0];
    return record + 1;
}

// As hark_utf8_next(), for the loops that must be fast: of s at *pos.
static inline uint32_t char_next(const char *s, size_t *pos)
{
    const unsigned char *p = (const unsigned char *)s + *pos;
    if (p[0] < 0x80) return *pos += 1, p[0];
    if (p[0] < 0xe0) return *pos += 2, (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    if (p[0] < 0xf0) return *pos += 3, (uint32_t)(p[0] & 0xf) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    *pos += 4;
    return (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

// The code point that the first of a pair gives with U+3099 or U+309A behind it, or 0.
uint32_t table_kana(uint32_t first, uint32_t second);
// The steps from NFD, unordered, to the view's form and from there to the form without marks. `room` is overwritten.
struct cps;
void table_fold(struct cps *cps, struct cps *room);
void table_plain(struct cps *cps, struct cps *room);
// Its one-step width mapping (full-width, half-width), or c.
uint32_t table_width(uint32_t c);
