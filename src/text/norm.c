// Normal forms over code points, with utf8proc's data.
#include <hark/text.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "norm.h"
#include "table.h"

// U+FDFA decomposes into 18 code points, the most of all (Unicode's stability policy keeps it so); 32 leaves room.
enum { MAX_DECOMPOSED = 32 };

void cps_add(struct cps *cps, uint32_t c)
{
    cps->v = hark_grow(cps->v, cps->n, &cps->cap, sizeof(*cps->v));
    cps->v[cps->n++] = (int32_t)c;
}

void cps_done(struct cps *cps)
{
    free(cps->v);
    *cps = (struct cps){0};
}

struct cps cps_borrow(struct hark_buf *buf)
{
    struct cps cps = {(int32_t *)(void *)buf->ptr, 0, buf->cap / sizeof(int32_t)};
    *buf = (struct hark_buf){0};
    return cps;
}

void cps_return(struct cps *cps, struct hark_buf *buf)
{
    *buf = (struct hark_buf){(char *)cps->v, 0, cps->cap * sizeof(*cps->v)};
    *cps = (struct cps){0};
}

static void add(struct cps *cps, uint32_t c, int options)
{
    utf8proc_int32_t out[MAX_DECOMPOSED];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, out, MAX_DECOMPOSED,
                                                 (utf8proc_option_t)(options | UTF8PROC_STABLE), &boundary);
    if (n < 0 || n > MAX_DECOMPOSED) {
        cps_add(cps, c);
        return;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) cps_add(cps, (uint32_t)out[i]);
}

void norm_add_canonical(struct cps *cps, uint32_t c)
{
    add(cps, c, UTF8PROC_DECOMPOSE);
}

void norm_add_compat(struct cps *cps, uint32_t c)
{
    add(cps, c, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
}

void norm_add_folded(struct cps *cps, uint32_t c)
{
    add(cps, c, UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD);
}

int32_t norm_lower(int32_t c)
{
    return utf8proc_tolower(c);
}

static int ccc(int32_t c)
{
    return c < 0x300 ? 0 : utf8proc_get_property(c)->combining_class;
}

static void order_short(int32_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        int32_t c = v[i];
        size_t j = i;
        for (; j > 0 && ccc(v[j - 1]) > ccc(c); j--) v[j] = v[j - 1];
        v[j] = c;
    }
}

// A counting sort, stable.
static void order_long(int32_t *v, size_t n)
{
    size_t at[257] = {0};
    int32_t *copy = hark_alloc(n * sizeof(*copy));
    memcpy(copy, v, n * sizeof(*copy));
    for (size_t i = 0; i < n; i++) at[ccc(v[i]) + 1]++;
    for (size_t i = 1; i < 257; i++) at[i] += at[i - 1];
    for (size_t i = 0; i < n; i++) v[at[ccc(copy[i])]++] = copy[i];
    free(copy);
}

void norm_order(struct cps *cps)
{
    for (size_t i = 0; i < cps->n; i++) {
        if (ccc(cps->v[i]) == 0) continue;
        size_t from = i;
        while (i < cps->n && ccc(cps->v[i]) != 0) i++;
        // 30 marks are the most that text for exchange has in a row (UAX #15, stream-safe format).
        (i - from <= 30 ? order_short : order_long)(cps->v + from, i - from);
    }
}

void norm_compose(struct cps *cps)
{
    if (cps->n < 2) return;
    utf8proc_ssize_t n = utf8proc_normalize_utf32(cps->v, (utf8proc_ssize_t)cps->n,
                                                  (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (n >= 0) cps->n = (size_t)n;
}

static size_t utf8_bytes(uint32_t c)
{
    return 1 + (c >= 0x80) + (c >= 0x800) + (c >= 0x10000);
}

void norm_encode(const struct cps *cps, struct hark_buf *buf)
{
    size_t bytes = 0;
    for (size_t i = 0; i < cps->n; i++) bytes += utf8_bytes((uint32_t)cps->v[i]);
    if (bytes == 0) return;
    char *to = hark_buf_reserve(buf, bytes);
    for (size_t i = 0; i < cps->n; i++) {
        size_t n = hark_utf8_put((uint32_t)cps->v[i], to);
        to += n;
        buf->len += n;
    }
}

// Copies NFC of the segment s[from..to) behind what buf holds. Two bytes decompose into three code points at most,
// three into four; so a letter with its marks, and dozens of them, have room on the stack.
static void nfc_segment(struct hark_str s, size_t from, size_t to, struct hark_buf *buf)
{
    enum { ROOM = 128, CODES_A_BYTE = 2 };
    int32_t room[ROOM];
    size_t most = (to - from) * CODES_A_BYTE;
    struct cps cps = {most <= ROOM ? room : hark_alloc(most * sizeof *room), 0, most <= ROOM ? ROOM : most};
    while (from < to) norm_add_canonical(&cps, char_next(s.ptr, &from));
    norm_order(&cps);
    norm_compose(&cps);
    norm_encode(&cps, buf);
    if (cps.v != room) cps_done(&cps);
}

// The quick check of UAX #15: the start of the segment (starter and what follows it) that may not be in NFC, or s.len.
static size_t nfc_suspect(struct hark_str s, size_t i)
{
    size_t segment = i;
    unsigned last = 0;
    while (i < s.len) {
        size_t at = i;
        const struct cp *cp = cp_get(char_next(s.ptr, &i));
        if (cp_starts(cp)) segment = at;
        if (cp->flags & (CP_NFC_NO | CP_SECOND) || (cp->ccc && cp->ccc < last)) return segment;
        last = cp->ccc;
    }
    return s.len;
}

// The end of the segment that starts at i.
static size_t segment_end(struct hark_str s, size_t i)
{
    char_next(s.ptr, &i);
    while (i < s.len) {
        size_t next = i;
        if (cp_starts(cp_get(char_next(s.ptr, &next)))) break;
        i = next;
    }
    return i;
}

static bool is_ascii(struct hark_str s)
{
    unsigned char seen = 0;
    for (size_t i = 0; i < s.len; i++) seen |= (unsigned char)s.ptr[i];
    return seen < 0x80;
}

// Where the first segment starts that may not be in NFC, or s.len.
static size_t first_suspect(struct hark_str s)
{
    if (is_ascii(s)) return s.len;
    table_init();
    return nfc_suspect(s, 0);
}

static void normalise(struct hark_str s, size_t suspect, struct hark_buf *buf, struct hark_str *ret)
{
    size_t copied = 0;
    for (; suspect < s.len; suspect = nfc_suspect(s, copied)) {
        hark_buf_add(buf, s.ptr + copied, suspect - copied);
        copied = segment_end(s, suspect);
        nfc_segment(s, suspect, copied, buf);
    }
    hark_buf_add(buf, s.ptr + copied, s.len - copied);
    if (buf->len != s.len || memcmp(buf->ptr, s.ptr, s.len) != 0) *ret = hark_buf_str(buf);
}

void hark_text_nfc(struct hark_str s, struct hark_buf *buf, struct hark_str *ret)
{
    size_t suspect = first_suspect(s);
    hark_buf_clear(buf);
    *ret = s;
    if (suspect < s.len) normalise(s, suspect, buf, ret);
}

void hark_text_nfc_in(struct hark_str s, struct hark_arena *arena, struct hark_str *ret)
{
    enum { MOST = 3 }; // times as long at most does NFC make UTF-8 (Unicode's FAQ on normalization)
    size_t suspect = first_suspect(s);
    *ret = s;
    if (suspect == s.len) return;
    struct hark_buf buf = {hark_arena_alloc(arena, s.len * MOST), 0, s.len * MOST};
    normalise(s, suspect, &buf, ret);
}
