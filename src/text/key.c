// The canonical key of a hashtag, a handle or a host.
#include <hark/text.h>

#include "norm.h"
#include "table.h"

static bool is_sign(uint32_t c)
{
    return c == '#' || c == '@' || c == '$';
}

static bool key_ascii(struct hark_str s, struct hark_buf *buf)
{
    char *to = hark_buf_reserve(buf, s.len + 1);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char b = (unsigned char)s.ptr[i];
        if (b >= 0x80) return false;
        to[i] = (char)(b >= 'A' && b <= 'Z' ? b | 0x20 : b);
    }
    size_t skip = 0;
    while (skip < s.len && is_sign((unsigned char)s.ptr[skip])) skip++;
    memmove(to, to + skip, s.len - skip);
    buf->len = s.len - skip;
    return true;
}

// The one mark that folds to a letter (iota): other marks must find their order before it does.
enum { YPOGEGRAMMENI = 0x345, IOTA = 0x3b9 };

static void add_mapped(struct cps *cps, uint32_t c)
{
    const struct cp *cp = cp_get(c);
    if (cp->key == 0 || c == YPOGEGRAMMENI) {
        cps_add(cps, c);
        return;
    }
    struct hark_str mapped;
    mapped.ptr = (const char *)cp_sequence(cp->key, &mapped.len);
    for (size_t i = 0; i < mapped.len;) cps_add(cps, hark_utf8_next(mapped, &i));
}

void hark_text_key(struct hark_str s, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    if (key_ascii(s, buf)) return;
    table_init();
    struct cps cps = cps_borrow(buf);
    for (size_t i = 0; i < s.len;) add_mapped(&cps, hark_utf8_next(s, &i));
    norm_order(&cps);
    for (size_t i = 0; i < cps.n; i++)
        if (cps.v[i] == YPOGEGRAMMENI) cps.v[i] = IOTA;
    norm_compose(&cps);
    size_t skip = 0;
    while (skip < cps.n && is_sign((uint32_t)cps.v[skip])) skip++;
    // In place: a code point is read before its bytes, at most as many, are written.
    char *to = (char *)cps.v;
    for (size_t i = skip; i < cps.n; i++) to += hark_utf8_put((uint32_t)cps.v[i], to);
    size_t len = cps.n ? (size_t)(to - (char *)cps.v) : 0;
    cps_return(&cps, buf);
    buf->len = len;
}
