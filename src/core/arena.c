// Blocks in a chain; the current one is filled from the front. After a reset the same blocks are filled again.

#include <hark/arena.h>

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 16 << 10 };

struct hark_arena_block {
    struct hark_arena_block *next;
    size_t size;
    _Alignas(max_align_t) char bytes[];
};

// The next block in the chain that has room, or a new one behind the current.
static void advance(struct hark_arena *arena, size_t size)
{
    struct hark_arena_block *next = arena->current ? arena->current->next : arena->first;
    if (!next || next->size < size) {
        size_t grown = arena->current ? arena->current->size * 2 : BLOCK_BYTES;
        if (grown > (4u << 20)) grown = 4u << 20;
        if (grown < size) grown = size;
        struct hark_arena_block *block = hark_alloc(sizeof *block + grown);
        block->size = grown;
        block->next = next;
        if (arena->current)
            arena->current->next = block;
        else
            arena->first = block;
        next = block;
    }
    arena->current = next;
    arena->used = 0;
}

void *hark_arena_alloc(struct hark_arena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size = (size + align - 1) & ~(align - 1);
    if (!arena->current || arena->current->size - arena->used < size) advance(arena, size);
    void *ptr = arena->current->bytes + arena->used;
    arena->used += size;
    return ptr;
}

void *hark_arena_zalloc(struct hark_arena *arena, size_t size)
{
    return memset(hark_arena_alloc(arena, size), 0, size);
}

struct hark_str hark_arena_str(struct hark_arena *arena, struct hark_str s)
{
    if (!s.ptr) return s;
    char *copy = hark_arena_alloc(arena, s.len + 1);
    memcpy(copy, s.ptr, s.len);
    copy[s.len] = 0;
    return hark_strn(copy, s.len);
}

struct hark_str hark_arena_printf(struct hark_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = hark_arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return hark_strn(text, (size_t)n);
}

void *hark_arena_copy(struct hark_arena *arena, const void *from, size_t n, size_t size)
{
    void *copy = hark_arena_alloc(arena, n * size);
    if (n) memcpy(copy, from, n * size);
    return copy;
}

void hark_arena_reset(struct hark_arena *arena)
{
    arena->current = NULL;
    arena->used = 0;
}

void hark_arena_done(struct hark_arena *arena)
{
    for (struct hark_arena_block *block = arena->first, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct hark_arena){0};
}

size_t hark_arena_bytes(const struct hark_arena *arena)
{
    size_t bytes = 0;
    for (const struct hark_arena_block *block = arena->first; block; block = block->next) bytes += block->size;
    return bytes;
}
