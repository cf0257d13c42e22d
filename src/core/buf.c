// Memory that cannot fail, and the buffer that text is built in.

#include <hark/str.h>

#include <stdio.h>
#include <stdlib.h>

static void *checked(void *ptr, size_t size)
{
    if (!ptr) {
        fprintf(stderr, "hark: out of memory (%zu bytes more)\n", size);
        abort();
    }
    return ptr;
}

void *hark_alloc(size_t size)
{
    return checked(malloc(size ? size : 1), size);
}

void *hark_calloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1), n * size);
}

void *hark_realloc(void *ptr, size_t n, size_t size)
{
    return checked(reallocarray(ptr, n ? n : 1, size), n * size);
}

void *hark_grow(void *ptr, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return ptr;
    *cap = *cap ? *cap * 2 : 8;
    return hark_realloc(ptr, *cap, size);
}

void hark_buf_done(struct hark_buf *buf)
{
    free(buf->ptr);
    *buf = (struct hark_buf){0};
}

char *hark_buf_reserve(struct hark_buf *buf, size_t more)
{
    if (buf->cap - buf->len < more) {
        size_t cap = buf->cap ? buf->cap : 64;
        while (cap - buf->len < more) cap *= 2;
        buf->ptr = hark_realloc(buf->ptr, cap, 1);
        buf->cap = cap;
    }
    return buf->ptr + buf->len;
}

void hark_buf_add(struct hark_buf *buf, const void *bytes, size_t len)
{
    if (len == 0) return;
    memcpy(hark_buf_reserve(buf, len), bytes, len);
    buf->len += len;
}

void hark_buf_str_add(struct hark_buf *buf, struct hark_str s)
{
    hark_buf_add(buf, s.ptr, s.len);
}

void hark_buf_char(struct hark_buf *buf, char c)
{
    *hark_buf_reserve(buf, 1) = c;
    buf->len++;
}

void hark_buf_int(struct hark_buf *buf, int64_t number)
{
    char digits[20];
    size_t n = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--n] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0) hark_buf_char(buf, '-');
    hark_buf_add(buf, digits + n, sizeof digits - n);
}

void hark_buf_printf(struct hark_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        vsnprintf(hark_buf_reserve(buf, (size_t)n + 1), (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    }
    va_end(again);
}

const char *hark_buf_cstr(struct hark_buf *buf)
{
    *hark_buf_reserve(buf, 1) = 0;
    return buf->ptr;
}
