// Text as a pointer and a length, and the growable buffer that text is built in.
//
// A `struct hark_str` never owns what it points to: whoever made it says how long it lives. It need not end in NUL.
// A `struct hark_buf` owns its bytes; init by zeroing, done with hark_buf_done(). When memory runs out the process ends
// with a message: no caller could go on, and every position that counts is kept outside the process.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hark_str {
    const char *ptr; // NULL: there is no text (unknown), which is not the same as an empty text
    size_t len;      // in bytes
};

struct hark_strs {
    const struct hark_str *v;
    size_t n;
};

#define HARK_STR(literal) ((struct hark_str){("" literal ""), sizeof(literal) - 1})
#define HARK_STR_FMT "%.*s"
#define HARK_STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct hark_str hark_str(const char *c)
{
    return (struct hark_str){c, c ? strlen(c) : 0};
}

static inline struct hark_str hark_strn(const char *ptr, size_t len)
{
    return (struct hark_str){ptr, len};
}

static inline bool hark_str_eq(struct hark_str a, struct hark_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool hark_str_is(struct hark_str a, const char *c)
{
    return hark_str_eq(a, hark_str(c));
}

static inline bool hark_str_starts(struct hark_str s, struct hark_str with)
{
    return s.len >= with.len && (with.len == 0 || memcmp(s.ptr, with.ptr, with.len) == 0);
}

static inline bool hark_str_ends(struct hark_str s, struct hark_str with)
{
    return s.len >= with.len && (with.len == 0 || memcmp(s.ptr + s.len - with.len, with.ptr, with.len) == 0);
}

// Less than, equal or greater than 0, by bytes; a shorter text comes before a longer one that it begins.
int hark_str_cmp(struct hark_str a, struct hark_str b);
// Equal, where ASCII letters may differ in case.
bool hark_str_ieq(struct hark_str a, struct hark_str b);
// Without ASCII white space at either end.
struct hark_str hark_str_trim(struct hark_str s);
// Cuts at the first `sep`: returns what stands before it and leaves in *rest what follows (ptr NULL when there was
// none).
struct hark_str hark_str_cut(struct hark_str s, char sep, struct hark_str *rest);
// A whole decimal number and nothing else: 0, or -1 where it is none or does not fit.
int hark_str_int(struct hark_str s, int64_t *ret);
// 64-bit hash (FNV-1a, then mixed); the same on every machine and in every version: it is used in ids that leave the
// process.
uint64_t hark_str_hash(struct hark_str s);
// A copy on the heap that ends in NUL; the caller frees it.
char *hark_str_dup(struct hark_str s);

struct hark_buf {
    char *ptr;
    size_t len, cap;
};

static inline struct hark_str hark_buf_str(const struct hark_buf *buf)
{
    return (struct hark_str){buf->ptr ? buf->ptr : "", buf->len};
}

static inline void hark_buf_clear(struct hark_buf *buf)
{
    buf->len = 0;
}

void hark_buf_done(struct hark_buf *buf);
// Room for `more` bytes behind the end; returns where they start. Add what was written to buf->len.
char *hark_buf_reserve(struct hark_buf *buf, size_t more);
void hark_buf_add(struct hark_buf *buf, const void *bytes, size_t len);
void hark_buf_str_add(struct hark_buf *buf, struct hark_str s);
void hark_buf_char(struct hark_buf *buf, char c);
void hark_buf_int(struct hark_buf *buf, int64_t number);
void hark_buf_printf(struct hark_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Ends the bytes with a NUL that does not count and returns them.
const char *hark_buf_cstr(struct hark_buf *buf);

// Memory or an end with a message; never NULL. `size` and `n * size` in bytes.
void *hark_alloc(size_t size);
void *hark_calloc(size_t n, size_t size);
void *hark_realloc(void *ptr, size_t n, size_t size);
// Makes room for one more element in an array of `n` that has room for *cap; returns the array. Elements of `size`
// bytes.
void *hark_grow(void *ptr, size_t n, size_t *cap, size_t size);
