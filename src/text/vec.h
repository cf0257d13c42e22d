// Sixteen bytes at once, with the vector extension that gcc and clang share; compiles to SSE2, NEON or plain code.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { VEC_BYTES = 16 };

typedef uint8_t vec __attribute__((vector_size(16)));
typedef uint64_t vec64 __attribute__((vector_size(16)));

static inline vec vec_load(const void *from)
{
    vec v;
    memcpy(&v, from, sizeof(v));
    return v;
}

static inline void vec_store(void *to, vec v)
{
    memcpy(to, &v, sizeof(v));
}

static inline bool vec_any(vec v)
{
    vec64 halves = (vec64)v;
    return (halves[0] | halves[1]) != 0;
}

// Index of the first byte of a mask (0 or 255 each) that is set; 16 where none is.
static inline unsigned vec_first(vec mask)
{
    vec64 halves = (vec64)mask;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (halves[0]) return (unsigned)__builtin_ctzll(halves[0]) / 8;
    return halves[1] ? 8 + (unsigned)__builtin_ctzll(halves[1]) / 8 : 16;
#else
    if (halves[0]) return (unsigned)__builtin_clzll(halves[0]) / 8;
    return halves[1] ? 8 + (unsigned)__builtin_clzll(halves[1]) / 8 : 16;
#endif
}

static inline vec vec_between(vec v, uint8_t from, uint8_t to)
{
    return (vec)((vec)(v - from) <= (uint8_t)(to - from));
}

static inline vec vec_eq(vec v, uint8_t b)
{
    return (vec)(v == b);
}

static inline vec vec_lower(vec v)
{
    return v | (vec_between(v, 'A', 'Z') & 0x20);
}
