// Mastodon: HASHTAG_RE of app/models/concerns/tag/naming.rb, MENTION_RE of app/models/account.rb and the names that
// HashtagNormalizer makes. Older servers let a tag begin behind punctuation too.
#include "norm.h"
#include "tags.h"
#include "view.h"

// [[:alpha:]] is the property Alphabetic. Of marks it has the vowel signs and points that stand in words: the spacing
// ones, those of Indic scripts (class 0), Hebrew and Arabic points (fixed classes up to 35), Tibetan and Thai vowels;
// not accents.
static bool is_alpha(uint32_t c)
{
    const struct cp *cp = cp_get(c);
    if (cp->flags & CP_LETTER) return true;
    if (cp->flags & CP_NUMBER) return cp->cls == CLASS_WORD || cp->cls == CLASS_SOLO; // \p{Nl}
    if (!(cp->flags & CP_MARK) || cp->flags & CP_HIDDEN || (c >= 0x20d0 && c <= 0x20ff)) return false;
    return cp->ccc == 0 || (cp->ccc >= 10 && cp->ccc <= 103) || (cp->ccc >= 129 && cp->ccc <= 132) || c == 0x345;
}

static bool is_word(uint32_t c)
{
    return has(c, CP_LETTER | CP_MARK | CP_DIGIT | CP_CONNECT);
}

static bool is_separator(uint32_t c)
{
    return c == '_' || c == 0xb7 || c == 0x30fb || c == 0x200c;
}

// What the pattern takes behind the sign: words and separators that begin and end with a word character and have a
// letter or separator in between; or else one word with a letter in it.
static size_t tag_end(struct hark_str s, size_t from)
{
    size_t joined = from, word = from, next;
    bool inner = false, letter = false, only_word = true;
    for (size_t i = from; i < s.len; i = next) {
        uint32_t c = char_at(s, i, &next);
        if (!is_word(c) && !(is_separator(c) && i > from)) break;
        if (is_word(c) && inner) joined = next;
        only_word = only_word && is_word(c);
        if (only_word) {
            word = next;
            letter |= is_alpha(c);
        }
        inner |= i > from && (is_alpha(c) || is_separator(c));
    }
    return joined > from ? joined : letter ? word : from;
}

static void find_hashtag(struct find *f, size_t i, size_t sign, uint32_t before)
{
    if (before != 0 && !has(before, CP_SPACE)) return;
    size_t from = i + sign, end = tag_end(f->text, from);
    // A link glued to a tag is none of it ("#tag" + "https" + "://").
    if (goes_on(f->text, end, HARK_STR("://"))) {
        struct hark_str value = {f->text.ptr + from, end - from};
        if (hark_str_ends(value, HARK_STR("https")) && value.len > 5)
            end -= 5;
        else if (hark_str_ends(value, HARK_STR("http")) && value.len > 4)
            end -= 4;
    }
    if (end > from) find_add(f, HARK_ENTITY_HASHTAG, i, sign, end);
}

// The end of [A-Za-z0-9_]+([A-Za-z0-9_.-]+[A-Za-z0-9_]+)?
static size_t user_end(struct hark_str s, size_t from)
{
    size_t end = from;
    for (size_t i = from; i < s.len; i++) {
        if (is_ascii_alnum((unsigned char)s.ptr[i]) || s.ptr[i] == '_')
            end = i + 1;
        else if (i == from || (s.ptr[i] != '.' && s.ptr[i] != '-'))
            break;
    }
    return end;
}

// The end of @[[:word:]]+([.-]+[[:word:]]+)* at i, or i.
static size_t domain_end(struct hark_str s, size_t i)
{
    size_t end = i, at = i + 1, next;
    if (i >= s.len || s.ptr[i] != '@') return i;
    for (; at < s.len; at = next) {
        uint32_t c = char_at(s, at, &next);
        if (is_word(c))
            end = next;
        else if (at == i + 1 || (c != '.' && c != '-'))
            break;
    }
    return end;
}

static void find_mention(struct find *f, size_t i, uint32_t before)
{
    if (before == '=' || before == '/' || is_word(before)) return;
    size_t user = user_end(f->text, i + 1);
    if (user > i + 1) find_add(f, HARK_ENTITY_MENTION, i, 1, domain_end(f->text, user));
}

void find_mastodon(struct find *f)
{
    struct hark_str s = f->text;
    uint32_t before = 0;
    size_t behind = 0; // of the last link
    for (size_t i = 0, next; i < s.len; i = next) {
        uint32_t c = char_at(s, i, &next);
        if ((c | 0x20) == 'h' && i >= behind) {
            behind = i + link_bytes(s, i);
            if (behind > i) find_add(f, HARK_ENTITY_LINK, i, 0, behind);
        }
        if (is_sign(c))
            find_hashtag(f, i, next - i, before);
        else if (c == '@' && i >= behind)
            find_mention(f, i, before);
        before = c;
    }
}

// ASCIIFolding of app/lib/ascii_folding.rb, on small letters that NFKC left whole.
static int32_t ascii_base(int32_t c, struct cps *room)
{
    static const struct {
        int32_t from;
        char to;
    } strokes[] = {{0xf0, 'd'},  {0xf8, 'o'},  {0x111, 'd'}, {0x127, 'h'}, {0x131, 'i'},
                   {0x138, 'k'}, {0x142, 'l'}, {0x14b, 'n'}, {0x167, 't'}};
    if (c < 0xe0 || (c > 0x17f && (c < 0x218 || c > 0x21b))) return c;
    for (size_t i = 0; i < sizeof(strokes) / sizeof(strokes[0]); i++)
        if (strokes[i].from == c) return strokes[i].to;
    room->n = 0;
    norm_add_canonical(room, (uint32_t)c);
    return room->v[0] < 0x80 ? room->v[0] : c;
}

static bool stays_in_name(uint32_t c)
{
    return is_alpha(c) || has(c, CP_DIGIT) || is_separator(c) || (c >= 0xe47 && c <= 0xe4e);
}

void mastodon_name(struct hark_str value, struct hark_buf *buf)
{
    struct cps cps = {0}, room = {0};
    for (size_t i = 0; i < value.len;) norm_add_compat(&cps, hark_utf8_next(value, &i));
    norm_order(&cps);
    norm_compose(&cps);
    size_t n = 0;
    for (size_t i = 0; i < cps.n; i++) {
        int32_t c = ascii_base(norm_lower(cps.v[i]), &room);
        if (stays_in_name((uint32_t)c)) cps.v[n++] = c;
    }
    cps.n = n;
    hark_buf_clear(buf);
    norm_encode(&cps, buf);
    cps_done(&cps);
    cps_done(&room);
}
