// Builds the table of code points.
//
// Worked example, U+0130 (İ): NFD is I U+0307, case folding gives i U+0307, which is its `fold` and `key`; without the
// mark it is i, which is its `plain` and `pre`.
#include <hark/arena.h>
#include <hark/map.h>
#include <hark/text.h>
#include <pthread.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "norm.h"
#include "table.h"

uint16_t table_index[0x110000 >> TABLE_SHIFT];
struct cp *table_blocks;
unsigned char *table_sequences;

static uint32_t kana[0xc0][2]; // U+3040.., behind it U+3099 or U+309A
static uint32_t width[0xf0];   // U+FF00..

// Room for the builder; gone when the table stands.
struct build {
    struct cps cps, part;
    struct hark_buf bytes, sequences;
    struct hark_map known;   // sequence to id
    struct hark_map blocks;  // block's bytes to its number
    struct hark_arena arena; // keys of both
    bool *seconds;           // of each code point: the second of a canonical composition
};

static bool in(uint32_t c, uint32_t from, uint32_t to)
{
    return c >= from && c <= to;
}

static bool is_jamo(uint32_t c)
{
    return in(c, 0x1100, 0x11ff);
}

static bool is_kana(uint32_t c)
{
    return in(c, 0x3040, 0x30ff);
}

// Unicode's White_Space, and the letters and symbols that are drawn as a blank: U+2800, U+3164, U+FFA0.
static bool is_space(uint32_t c)
{
    return in(c, 9, 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || in(c, 0x2000, 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x2800 || c == 0x3000 || c == 0x3164 || c == 0xffa0;
}

static bool is_ignorable(uint32_t c)
{
    return utf8proc_get_property((utf8proc_int32_t)c)->ignorable || in(c, 0xe0000, 0xe0fff);
}

// ZWJ and ZWNJ belong to words, tag characters to flags: those are seen by what they do.
static bool is_hidden(uint32_t c)
{
    return is_ignorable(c) && c != 0x200c && c != 0x200d && !in(c, 0xe0020, 0xe007f) && !is_space(c);
}

static bool is_mark(uint32_t c)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

static uint32_t apostrophe(uint32_t c)
{
    return c == 0x2018 || c == 0x2019 || c == 0x2bc ? '\'' : c;
}

// Marks that people leave out or pile up without making another letter for the reader: those of Latin, Greek and
// Cyrillic, the points of Hebrew and the vowel signs of Arabic. Not those of Indic scripts and kana, which are as good
// as letters.
static bool is_optional_mark(uint32_t c)
{
    return is_mark(c) && (in(c, 0x300, 0x36f) || in(c, 0x591, 0x5c7) || in(c, 0x610, 0x61a) || in(c, 0x64b, 0x65f) ||
                          c == 0x670 || in(c, 0x6d6, 0x6ed) || in(c, 0x1ab0, 0x1aff) || in(c, 0x1dc0, 0x1dff) ||
                          in(c, 0x20d0, 0x20ff) || in(c, 0xfe20, 0xfe2f));
}

// Letters that are another letter with a stroke or are two letters in one, which Unicode does not decompose.
static const struct base {
    uint32_t from;
    char to[3];
} bases[] = {{0xe6, "ae"}, {0xf0, "d"},  {0xf8, "o"},  {0xfe, "th"},  {0x111, "d"},
             {0x127, "h"}, {0x131, "i"}, {0x142, "l"}, {0x153, "oe"}, {0x167, "t"}};

static const char *base_of(uint32_t c)
{
    if (c < 0xe6 || c > 0x167) return NULL;
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (bases[i].from == c) return bases[i].to;
    return NULL;
}

static void add_base(struct cps *cps, uint32_t c)
{
    const char *base = base_of(c);
    if (!base) cps_add(cps, c);
    for (; base && *base; base++) cps_add(cps, (unsigned char)*base);
}

uint32_t table_kana(uint32_t first, uint32_t second)
{
    return is_kana(first) ? kana[first - 0x3040][second - 0x3099] : 0;
}

uint32_t table_width(uint32_t c)
{
    return in(c, 0xff00, 0xffef) ? width[c - 0xff00] : c;
}

static bool same_as(const struct cps *cps, uint32_t c)
{
    return cps->n == 1 && (uint32_t)cps->v[0] == c;
}

// The id of what cps holds; 0 where that is c itself.
static uint16_t sequence(struct build *b, const struct cps *cps, uint32_t c)
{
    if (same_as(cps, c)) return 0;
    b->bytes.len = 0;
    norm_encode(cps, &b->bytes);
    struct hark_map_entry *known = hark_map_get(&b->known, hark_buf_str(&b->bytes));
    if (known) return (uint16_t)known->num;
    size_t id = b->sequences.len / 8, size = (b->bytes.len + 8) / 8 * 8;
    char *to = memset(hark_buf_reserve(&b->sequences, size), 0, size);
    to[0] = (char)b->bytes.len;
    memcpy(to + 1, hark_buf_str(&b->bytes).ptr, b->bytes.len);
    b->sequences.len += size;
    hark_map_put(&b->known, hark_arena_str(&b->arena, hark_buf_str(&b->bytes)), NULL)->num = (int64_t)id;
    return (uint16_t)id;
}

// Folds what cps holds, from `part` as room.
static void fold_all(struct cps *cps, struct cps *part)
{
    part->n = 0;
    for (size_t i = 0; i < cps->n; i++) norm_add_folded(part, (uint32_t)cps->v[i]);
    struct cps swap = *cps;
    *cps = *part;
    *part = swap;
    norm_order(cps);
}

void table_fold(struct cps *cps, struct cps *part)
{
    norm_order(cps);
    fold_all(cps, part);
    norm_compose(cps);
    for (size_t i = 0; i < cps->n; i++) cps->v[i] = (int32_t)apostrophe((uint32_t)cps->v[i]);
}

// Each character by itself: what marks parted stays parted when they are gone, as in the prefilter's form.
void table_plain(struct cps *cps, struct cps *part)
{
    size_t n = cps->n;
    for (size_t i = 0; i < n; i++) {
        part->n = 0;
        norm_add_canonical(part, (uint32_t)cps->v[i]);
        size_t from = cps->n;
        for (size_t k = 0; k < part->n; k++)
            if (!is_optional_mark((uint32_t)part->v[k])) add_base(cps, (uint32_t)part->v[k]);
        struct cps letters = {cps->v + from, cps->n - from, 0};
        norm_compose(&letters);
        cps->n = from + letters.n;
    }
    cps->n -= n;
    if (cps->n) memmove(cps->v, cps->v + n, cps->n * sizeof(*cps->v));
}

// Compatibility characters made of kana or Hangul (㌔, ㋐, ㈀, ㅋ) stay: what they decompose into would join with its
// neighbours. Width variants are mapped one step, for the same reason.
static void add_compat(struct cps *cps, uint32_t c)
{
    size_t from = cps->n;
    norm_add_compat(cps, table_width(c));
    bool joins = false;
    for (size_t i = from; i < cps->n; i++) joins |= is_jamo((uint32_t)cps->v[i]) || is_kana((uint32_t)cps->v[i]);
    if (!joins) return;
    cps->n = from;
    norm_add_canonical(cps, table_width(c));
}

// Whether Unicode maps c to nothing but itself: most characters, which then need no work.
static bool is_plain(uint32_t c)
{
    const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)c);
    return property->decomp_seqindex == UINT16_MAX && property->casefold_seqindex == UINT16_MAX && table_width(c) == c;
}

static void set(struct cps *cps, uint32_t c)
{
    cps->n = 0;
    cps_add(cps, c);
}

// NFKD and case folding until nothing changes.
static void key_of(struct build *b, uint32_t c)
{
    set(&b->cps, c);
    if (is_plain(c)) return;
    b->cps.n = 0;
    add_compat(&b->cps, c);
    for (int round = 0; round < 3; round++) {
        fold_all(&b->cps, &b->part);
        b->part.n = 0;
        for (size_t i = 0; i < b->cps.n; i++) add_compat(&b->part, (uint32_t)b->cps.v[i]);
        struct cps swap = b->cps;
        b->cps = b->part;
        b->part = swap;
        norm_order(&b->cps);
    }
}

// From the key in b->cps.
static void pre_of(struct build *b)
{
    norm_compose(&b->cps);
    b->part.n = 0;
    for (size_t i = 0; i < b->cps.n; i++) {
        uint32_t c = (uint32_t)b->cps.v[i];
        bool whole = is_kana(c) || in(c, 0xac00, 0xd7a3);
        if (whole)
            cps_add(&b->part, c);
        else
            norm_add_canonical(&b->part, c);
    }
    b->cps.n = 0;
    for (size_t i = 0; i < b->part.n; i++) {
        uint32_t c = (uint32_t)b->part.v[i];
        if (c == '"') cps_add(&b->cps, '\\'); // as prefold.c writes it
        if (is_space(c))
            cps_add(&b->cps, ' ');
        else if (!is_mark(c) && !is_ignorable(c))
            add_base(&b->cps, apostrophe(c));
    }
}

static unsigned category_flags(uint32_t c)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return CP_LETTER;
    if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return CP_MARK;
    if (category == UTF8PROC_CATEGORY_ND) return CP_DIGIT;
    if (category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO) return CP_NUMBER;
    if (category == UTF8PROC_CATEGORY_PC) return CP_PUNCT | CP_CONNECT;
    if (category >= UTF8PROC_CATEGORY_PD && category <= UTF8PROC_CATEGORY_PO) return CP_PUNCT;
    if (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO) return CP_SYMBOL;
    return 0;
}

// Han, Hiragana, Thai, Lao, Myanmar, Khmer.
static bool is_solo(uint32_t c)
{
    return c == 0x3005 || c == 0x3007 || in(c, 0x3021, 0x3029) || in(c, 0x3041, 0x309f) || in(c, 0x3400, 0x4dbf) ||
           in(c, 0x4e00, 0x9fff) || in(c, 0xf900, 0xfaff) || in(c, 0x20000, 0x3ffff) || in(c, 0xe00, 0xeff) ||
           in(c, 0x1000, 0x109f) || in(c, 0x1780, 0x17ff) || in(c, 0xa9e0, 0xa9ff) || in(c, 0xaa60, 0xaa7f) ||
           in(c, 0x1b001, 0x1b11f);
}

static enum cp_class letter_class(uint32_t c)
{
    if (is_jamo(c) || in(c, 0x3131, 0x318e) || in(c, 0xa960, 0xa97f) || in(c, 0xac00, 0xd7ff)) return CLASS_HANGUL;
    if (in(c, 0x30a1, 0x30ff) || in(c, 0x31f0, 0x31ff) || c == 0x1b000) return CLASS_KATAKANA;
    return is_solo(c) ? CLASS_SOLO : CLASS_WORD;
}

static enum cp_class class_of(uint32_t c)
{
    unsigned flags = category_flags(c);
    if (c == 0x200d) return CLASS_JOINER;
    if (in(c, 0x1f3fb, 0x1f3ff)) return CLASS_TONE;
    if (in(c, 0x1f1e6, 0x1f1ff)) return CLASS_REGION;
    if (flags & CP_MARK || c == 0x200c || in(c, 0xe0020, 0xe007f)) return CLASS_MARK;
    if (flags & CP_CONNECT) return CLASS_CONNECT;
    bool roman = utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_NL;
    if (flags & CP_LETTER || roman) return letter_class(c);
    return flags & CP_DIGIT ? CLASS_WORD : CLASS_OTHER;
}

static unsigned nfc_flags(struct build *b, uint32_t c)
{
    if (is_plain(c)) return b->seconds[c] ? CP_SECOND : 0;
    b->cps.n = 0;
    norm_add_canonical(&b->cps, c);
    norm_order(&b->cps);
    bool decomposes = !same_as(&b->cps, c);
    uint32_t first = (uint32_t)b->cps.v[0];
    bool second = b->seconds[first] || (decomposes && utf8proc_get_property((utf8proc_int32_t)first)->combining_class);
    norm_compose(&b->cps);
    return (second ? CP_SECOND : 0) | (decomposes ? CP_SPLITS : 0) | (same_as(&b->cps, c) ? 0 : CP_NFC_NO);
}

// The combining class that c begins with: U+0F73 and two more have class 0 and are made of marks.
static int first_class(struct build *b, uint32_t c)
{
    b->cps.n = 0;
    norm_add_canonical(&b->cps, c);
    return utf8proc_get_property(b->cps.v[0])->combining_class;
}

static void build_mappings(struct build *b, uint32_t c, struct cp *cp)
{
    set(&b->cps, apostrophe(c));
    if (!is_plain(c)) {
        b->cps.n = 0;
        norm_add_canonical(&b->cps, table_width(c));
        table_fold(&b->cps, &b->part);
    }
    if (is_space(c)) set(&b->cps, ' ');
    if (b->cps.n != 1) cp->flags |= CP_SPLITS;
    if (is_hidden(c)) b->cps.n = 0;
    cp->fold = sequence(b, &b->cps, c);
    table_plain(&b->cps, &b->part);
    cp->plain = sequence(b, &b->cps, c);
    key_of(b, c);
    if (is_hidden(c)) b->cps.n = 0;
    cp->key = sequence(b, &b->cps, c);
    pre_of(b);
    cp->pre = sequence(b, &b->cps, c);
}

// Hangul syllables, Han and what is unassigned or private map to themselves.
static bool maps_to_itself(uint32_t c)
{
    return in(c, 0xac00, 0xd7a3) || in(c, 0x4e00, 0x9fff) || in(c, 0x3400, 0x4dbf) || in(c, 0xd800, 0xf8ff) ||
           in(c, 0x20000, 0x2f7ff) || in(c, 0x2fa20, 0xdffff) || in(c, 0xe1000, 0x10ffff);
}

static struct cp build_cp(struct build *b, uint32_t c)
{
    struct cp cp = {.flags = (uint16_t)category_flags(c), .cls = (uint8_t)class_of(table_width(c))};
    if (maps_to_itself(c)) {
        if (in(c, 0xac00, 0xd7a3)) cp.flags |= CP_SPLITS;
        return cp;
    }
    bool voiced = table_width(c) != c && is_mark(table_width(c));
    cp.ccc = (uint8_t)first_class(b, c);
    cp.flags |= (uint16_t)(nfc_flags(b, c) | (is_space(c) ? CP_SPACE : 0) | (is_hidden(c) ? CP_HIDDEN : 0) |
                           (voiced ? CP_VIEW_MARK : 0));
    build_mappings(b, c, &cp);
    return cp;
}

// Fills `kana` and marks the seconds of all canonical compositions.
static void build_compositions(struct build *b)
{
    b->seconds = hark_calloc(0x110000, sizeof(*b->seconds));
    for (uint32_t c = 0x1161; c <= 0x1175; c++) b->seconds[c] = true;
    for (uint32_t c = 0x11a8; c <= 0x11c2; c++) b->seconds[c] = true;
    for (uint32_t c = 0xc0; c < 0x30000; c++) {
        const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)c);
        if (property->decomp_seqindex == UINT16_MAX || property->decomp_type) continue;
        b->cps.n = 0;
        norm_add_canonical(&b->cps, c);
        uint32_t last = (uint32_t)b->cps.v[b->cps.n - 1], first = (uint32_t)b->cps.v[0];
        if (b->cps.n < 2) continue;
        norm_compose(&b->cps);
        if (!same_as(&b->cps, c)) continue;
        b->seconds[last] = true;
        if (is_kana(first)) kana[first - 0x3040][last - 0x3099] = c;
    }
}

// The plain form of U+FF00..FFEF. Half-width Hangul goes to the letters at U+3131, not on to the jamo that those stand
// for.
static void build_width(struct build *b)
{
    for (uint32_t c = 0xff00; c <= 0xffef; c++) {
        b->cps.n = 0;
        norm_add_compat(&b->cps, c);
        uint32_t to = b->cps.n == 1 ? (uint32_t)b->cps.v[0] : c;
        for (uint32_t letter = 0x3131; is_jamo(to) && letter <= 0x3164; letter++) {
            b->cps.n = 0;
            norm_add_compat(&b->cps, letter);
            if (same_as(&b->cps, to)) to = letter;
        }
        width[c - 0xff00] = c == 0xffe3 ? 0xaf : to;
    }
}

static void build_block(struct build *b, uint32_t block)
{
    struct cp cps[TABLE_BLOCK];
    for (uint32_t i = 0; i < TABLE_BLOCK; i++) cps[i] = build_cp(b, block << TABLE_SHIFT | i);
    struct hark_str bytes = {(const char *)cps, sizeof(cps)};
    struct hark_map_entry *known = hark_map_get(&b->blocks, bytes);
    if (!known) {
        bytes.ptr = hark_arena_copy(&b->arena, cps, 1, sizeof(cps));
        int64_t id = (int64_t)b->blocks.n;
        known = hark_map_put(&b->blocks, bytes, NULL);
        known->num = id;
    }
    table_index[block] = (uint16_t)known->num;
}

static void build_blocks(struct build *b)
{
    const uint32_t far = 0x40000 >> TABLE_SHIFT, tags = 0xe0000 >> TABLE_SHIFT, private = 0xf0000 >> TABLE_SHIFT;
    for (uint32_t block = 0; block < 0x110000 >> TABLE_SHIFT; block++) {
        if ((block > far && block < tags) || block > private)
            table_index[block] = table_index[block - 1];
        else
            build_block(b, block);
    }
    table_blocks = hark_alloc(b->blocks.n * sizeof(struct cp) * TABLE_BLOCK);
    for (size_t i = 0; i < b->blocks.n; i++)
        memcpy(table_blocks + i * TABLE_BLOCK, b->blocks.entries[i].key.ptr, sizeof(struct cp) * TABLE_BLOCK);
}

static void build(void)
{
    struct build b = {0};
    build_compositions(&b);
    build_width(&b);
    // Id 0 means "itself"; this record is never asked for.
    memset(hark_buf_reserve(&b.sequences, 8), 0, 8);
    b.sequences.len = 8;
    build_blocks(&b);
    table_sequences = hark_alloc(b.sequences.len);
    memcpy(table_sequences, b.sequences.ptr, b.sequences.len);
    cps_done(&b.cps);
    cps_done(&b.part);
    hark_buf_done(&b.bytes);
    hark_buf_done(&b.sequences);
    hark_map_done(&b.known);
    hark_map_done(&b.blocks);
    hark_arena_done(&b.arena);
    free(b.seconds);
}

void table_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build);
}
