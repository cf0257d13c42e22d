// What the profiles share; one file a profile.
#pragma once

#include <hark/tags.h>
#include <hark/text.h>

#include "table.h"

struct find {
    struct hark_str text;
    struct hark_arena *arena;
    struct hark_entity *v;
    size_t n, cap;
};

// Adds an entity whose sign takes `sign` bytes.
void find_add(struct find *f, enum hark_entity_kind kind, size_t from, size_t sign, size_t to);
// Sorts by place and drops what starts inside of another (of two at one place the longer stays).
void find_drop_overlaps(struct find *f);

void find_default(struct find *f);
void find_x(struct find *f);
void find_mastodon(struct find *f);
void find_bluesky(struct find *f);
void mastodon_name(struct hark_str value, struct hark_buf *buf);
// Links as X finds them; src/text/tags_x_links.c.
void find_x_links(struct find *f);
// Of twitter-text: latinAccentChars and directionalMarkersGroup.
bool x_is_latin_accent(uint32_t c);
bool x_is_direction(uint32_t c);

// The character at i, or 0 at the end; *ret_next is behind it.
static inline uint32_t char_at(struct hark_str s, size_t i, size_t *ret_next)
{
    *ret_next = i;
    return i < s.len ? char_next(s.ptr, ret_next) : 0;
}

// The character before i, or 0 at the start.
static inline uint32_t char_before(struct hark_str s, size_t i)
{
    if (i == 0) return 0;
    do i--;
    while (i && (s.ptr[i] & 0xc0) == 0x80);
    return char_next(s.ptr, &i);
}

static inline bool has(uint32_t c, unsigned flags)
{
    return cp_get(c)->flags & flags;
}

static inline bool is_sign(uint32_t c)
{
    return c == '#' || c == 0xff03;
}

static inline bool is_at(uint32_t c)
{
    return c == '@' || c == 0xff20;
}

static inline bool is_ascii_letter(uint32_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool is_ascii_alnum(uint32_t c)
{
    return is_ascii_letter(c) || (c >= '0' && c <= '9');
}

// Whether the text goes on with this at i.
static inline bool goes_on(struct hark_str s, size_t i, struct hark_str with)
{
    return hark_str_starts((struct hark_str){s.ptr + i, s.len - i}, with);
}
