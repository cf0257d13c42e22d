// Folds a post's text for looking up phrases.
//
// ASCII goes through sixteen bytes at a time. Other characters are mapped one by one with the table; only where a
// character may join with what stands before it (NFD text, jamo, marks out of order) the segment, from its starter on,
// is taken back and put through decomposition, ordering, folding and composition. So NFC and NFD give the same bytes
// and ordinary text pays for neither.
#include <stdlib.h>

#include "norm.h"
#include "table.h"
#include "vec.h"
#include "view.h"

enum { LINK = 1 }; // the byte that stands for a link or @handle

// UTF-8 grows to three times its size at most (U+1D160 in NFC); the rest is room for whole blocks.
enum { GROWTH = 3, SLACK = 32 };

struct fold {
    struct hark_str s;
    char *out;
    uint32_t *orig;
    size_t i, n;            // read, written
    size_t seg_in, seg_out; // where the last starter was read and written
    unsigned last_ccc;      // of the last character written
    bool plain, links;
    struct cps cps, room;
};

// What comes next joins with nothing before it.
static void close_segment(struct fold *f)
{
    f->seg_in = f->i;
    f->seg_out = f->n;
    f->last_ccc = 0;
}

static void put_byte(struct fold *f, char b, size_t from)
{
    f->out[f->n] = b;
    f->orig[f->n++] = (uint32_t)from;
}

static void put_space(struct fold *f)
{
    if (f->n == 0 || f->out[f->n - 1] != ' ') put_byte(f, ' ', f->i);
}

static void put_bytes(struct fold *f, const void *bytes, size_t len, size_t from)
{
    const char *b = bytes;
    for (size_t k = 0; k < len; k++) { // two to four, as a rule
        f->out[f->n + k] = b[k];
        f->orig[f->n + k] = (uint32_t)from;
    }
    f->n += len;
}

// Takes the segment back and does it properly. `f->i` is at a character that may join with it.
static void fold_segment(struct fold *f)
{
    size_t from = f->seg_in, i = from;
    f->cps.n = 0;
    while (i < f->s.len) {
        size_t next = i;
        uint32_t c = char_next(f->s.ptr, &next);
        const struct cp *cp = cp_get(c);
        if (i > f->i && cp_starts(cp) && !(cp->flags & (CP_HIDDEN | CP_VIEW_MARK))) break;
        if (!(cp->flags & CP_HIDDEN)) norm_add_canonical(&f->cps, table_width(c));
        i = next;
    }
    table_fold(&f->cps, &f->room);
    if (f->plain) table_plain(&f->cps, &f->room);
    f->n = f->seg_out;
    for (size_t k = 0; k < f->cps.n; k++) {
        char bytes[4];
        put_bytes(f, bytes, hark_utf8_put((uint32_t)f->cps.v[k], bytes), from);
    }
    f->i = i;
    f->last_ccc = 255;
}

static void fold_mapped(struct fold *f, const struct cp *cp, size_t next)
{
    uint16_t id = f->plain ? cp->plain : cp->fold;
    const void *bytes = f->s.ptr + f->i;
    size_t len = next - f->i;
    if (id) bytes = cp_sequence(id, &len);
    if (cp_starts(cp)) {
        f->seg_in = f->i;
        f->seg_out = f->n;
    }
    put_bytes(f, bytes, len, f->i);
    f->last_ccc = cp->flags & CP_SPLITS ? 255 : cp->ccc;
    f->i = next;
}

static bool word_before(const struct fold *f)
{
    if (f->n == 0) return false;
    size_t at = f->n - 1;
    while (at > 0 && (f->out[at] & 0xc0) == 0x80) at--;
    enum cp_class cls = (enum cp_class)cp_get(char_next(f->out, &at))->cls;
    return cls >= CLASS_WORD && cls <= CLASS_MARK;
}

static void put_link(struct fold *f, size_t from, size_t to)
{
    put_byte(f, LINK, from);
    f->i = to;
    close_segment(f);
}

// At an at sign of `sign` bytes.
static bool fold_handle(struct fold *f, size_t sign)
{
    if (!f->links || word_before(f)) return false;
    size_t len = handle_bytes(f->s, f->i + sign);
    if (len) put_link(f, f->i, f->i + sign + len);
    return len;
}

// At ':' or '.': the link began up to five bytes back.
static bool fold_link(struct fold *f)
{
    static const size_t backs[] = {4, 5, 3}; // http:, https:, www.
    if (!f->links) return false;
    for (size_t k = 0; k < 3; k++) {
        size_t back = backs[k];
        // The letters were written one to one, for no mark stands behind them.
        if (back > f->i || back > f->n || f->orig[f->n - back] != f->i - back) continue;
        size_t len = link_bytes(f->s, f->i - back);
        if (len <= back) continue;
        f->n -= back;
        if (back == 3 && word_before(f)) {
            f->n += back;
            continue;
        }
        put_link(f, f->i - back, f->i - back + len);
        return true;
    }
    return false;
}

static bool special(struct fold *f, unsigned char b)
{
    return b == '@' ? fold_handle(f, 1) : (b == ':' || b == '.') && fold_link(f);
}

static void fold_ascii(struct fold *f, unsigned char b)
{
    if (b == ' ' || (b >= 9 && b <= 13)) {
        put_space(f);
        f->i++;
        close_segment(f);
        return;
    }
    if (special(f, b)) return;
    f->seg_in = f->i;
    f->seg_out = f->n;
    f->last_ccc = 0;
    put_byte(f, (char)(b >= 'A' && b <= 'Z' ? b | 0x20 : b), f->i);
    f->i++;
}

// Folds sixteen bytes at p, read at i and written at n; returns how many of them are plain ASCII. p[16] is looked at.
static unsigned fold_block(const struct fold *f, const char *p, size_t i, size_t n)
{
    vec v = vec_load(p), next = vec_load(p + 1);
    vec stop = (vec)(v >= 0x80) | (vec)(v < 0x20) | vec_eq(v, ':') | vec_eq(v, '@') | vec_eq(v, '.') |
               (vec_eq(v, ' ') & vec_eq(next, ' '));
    vec_store(f->out + n, vec_lower(v));
    for (uint32_t k = 0; k < VEC_BYTES; k++) f->orig[n + k] = (uint32_t)i + k;
    return vec_first(stop);
}

// Copies blocks that hold nothing but plain ASCII.
static void fold_blocks(struct fold *f)
{
    const char *s = f->s.ptr;
    size_t i = f->i, n = f->n;
    unsigned good = VEC_BYTES;
    if (s[i] == ' ' && n && f->out[n - 1] == ' ') return;
    while (good == VEC_BYTES && i + VEC_BYTES + 1 <= f->s.len) {
        good = fold_block(f, s + i, i, n);
        i += good;
        n += good;
    }
    if (good == VEC_BYTES && i < f->s.len) {
        char last[VEC_BYTES + 1];
        memset(last, 0, sizeof(last)); // stops there
        memcpy(last, s + i, f->s.len - i);
        good = fold_block(f, last, i, n);
        i += good;
        n += good;
    }
    if (i == f->i) return;
    f->i = i;
    f->n = n;
    bool space = s[i - 1] == ' ';
    f->seg_in = i - !space;
    f->seg_out = n - !space;
    f->last_ccc = 0;
}

static void fold_syllables(struct fold *f)
{
    size_t i = f->i, n = f->n;
    for (; is_syllable(f->s.ptr, f->s.len, i); i += 3, n += 3) {
        memcpy(f->out + n, f->s.ptr + i, 3);
        f->orig[n] = f->orig[n + 1] = f->orig[n + 2] = (uint32_t)i;
    }
    if (i == f->i) return;
    f->i = i;
    f->n = n;
    f->seg_in = i - 3;
    f->seg_out = n - 3;
    f->last_ccc = 255;
}

enum { WIDE_AT = 0xff20 }; // ＠

static void fold_wide(struct fold *f)
{
    size_t next = f->i;
    uint32_t c = char_next(f->s.ptr, &next);
    const struct cp *cp = cp_get(c);
    if (cp->flags & CP_SPACE) {
        put_space(f);
        f->i = next;
        close_segment(f);
    } else if (cp->flags & CP_HIDDEN) {
        f->i = next;
    } else if (c == WIDE_AT && fold_handle(f, next - f->i)) {
        return;
    } else if (cp->flags & (CP_SECOND | CP_VIEW_MARK) || (cp->ccc && cp->ccc < f->last_ccc)) {
        fold_segment(f);
    } else {
        fold_mapped(f, cp, next);
    }
}

static void fold(struct fold *f)
{
    while (f->i < f->s.len) {
        if ((unsigned char)f->s.ptr[f->i] >= 0x80) {
            fold_syllables(f);
            if (f->i < f->s.len && (unsigned char)f->s.ptr[f->i] >= 0x80) fold_wide(f);
            continue;
        }
        fold_blocks(f);
        if (f->i < f->s.len && (unsigned char)f->s.ptr[f->i] < 0x80) fold_ascii(f, (unsigned char)f->s.ptr[f->i]);
    }
    f->orig[f->n] = (uint32_t)f->s.len;
}

static void view_fold(struct hark_view *view, struct hark_str s, unsigned flags, bool links)
{
    table_init();
    hark_buf_clear(&view->text);
    size_t cap = s.len * GROWTH + SLACK;
    if (view->cap < cap) {
        view->orig = hark_realloc(view->orig, cap, sizeof(*view->orig));
        view->edge = hark_realloc(view->edge, cap, sizeof(*view->edge));
        view->cap = cap;
    }
    struct fold f = {.s = s,
                     .out = hark_buf_reserve(&view->text, cap),
                     .orig = view->orig,
                     .plain = flags & HARK_VIEW_PLAIN,
                     .links = links,
                     .cps = cps_borrow(&view->tmp),
                     .room = cps_borrow(&view->tmp2)};
    fold(&f);
    view->text.len = f.n;
    cps_return(&f.cps, &view->tmp);
    cps_return(&f.room, &view->tmp2);
}

void hark_view_make(struct hark_view *view, struct hark_str s, unsigned flags)
{
    view_fold(view, s, flags, true);
    edges_make(view->text.ptr, view->text.len, view->edge);
}

void hark_view_done(struct hark_view *view)
{
    hark_buf_done(&view->text);
    hark_buf_done(&view->tmp);
    hark_buf_done(&view->tmp2);
    free(view->orig);
    free(view->edge);
    *view = (struct hark_view){0};
}

void hark_view_phrase(struct hark_str phrase, unsigned flags, struct hark_buf *buf)
{
    struct hark_view view = {0};
    view_fold(&view, phrase, flags, false);
    hark_buf_clear(buf);
    hark_buf_str_add(buf, hark_str_trim(hark_buf_str(&view.text)));
    hark_view_done(&view);
}
