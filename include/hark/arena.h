// Memory that is given back all at once: what one post or one rule set needs.
//
// Init by zeroing. hark_arena_reset() keeps the blocks, so that after warm-up nothing is allocated. Not for several
// threads.
#pragma once

#include <hark/str.h>

struct hark_arena_block;

struct hark_arena {
    struct hark_arena_block *first, *current;
    size_t used; // bytes taken in the current block
};

// Aligned for any type; not zeroed.
void *hark_arena_alloc(struct hark_arena *arena, size_t size);
void *hark_arena_zalloc(struct hark_arena *arena, size_t size);
// A copy that ends in a NUL that does not count. ptr NULL stays NULL.
struct hark_str hark_arena_str(struct hark_arena *arena, struct hark_str s);
struct hark_str hark_arena_printf(struct hark_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// A copy of `n` elements of `size` bytes.
void *hark_arena_copy(struct hark_arena *arena, const void *from, size_t n, size_t size);
void hark_arena_reset(struct hark_arena *arena);
void hark_arena_done(struct hark_arena *arena);
// Bytes held from the system.
size_t hark_arena_bytes(const struct hark_arena *arena);

#define HARK_NEW(arena, type) ((type *)hark_arena_zalloc((arena), sizeof(type)))
#define HARK_NEW_N(arena, type, n) ((type *)hark_arena_zalloc((arena), (size_t)(n) * sizeof(type)))
