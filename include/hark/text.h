// Text in any language: UTF-8, normal forms, keys that compare across platforms, and the form the prefilter scans.
//
// Everything here is pure and safe from several threads. Output goes into a caller's buffer, which is cleared first.
// Sources: the Unicode Character Database as utf8proc carries it (case folding C+F, NFC, NFKC, general categories).
#pragma once

#include <hark/arena.h>

// The offset of the first byte that is not well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms), or s.len.
size_t hark_utf8_check(struct hark_str s);
// Decodes one character of well-formed UTF-8 at s[*pos] and moves *pos behind it.
uint32_t hark_utf8_next(struct hark_str s, size_t *pos);
// Encodes one character (not a surrogate, at most 0x10FFFF) into out, which has room for 4; returns its bytes.
size_t hark_utf8_put(uint32_t c, char out[4]);
// Columns of a terminal that a character takes: East Asian wide characters and emoji two, marks none.
unsigned hark_utf8_width(uint32_t c);

// NFC. `s` is well-formed UTF-8. Fast where the text is in NFC already (then *ret is `s` itself and nothing is
// written).
void hark_text_nfc(struct hark_str s, struct hark_buf *buf, struct hark_str *ret);
// The same, with *ret in the arena where it is not `s`; other memory is taken only for dozens of marks in a row.
void hark_text_nfc_in(struct hark_str s, struct hark_arena *arena, struct hark_str *ret);

// The canonical key of a hashtag, handle or host: NFKC and full case folding, without leading signs (# @ $) and
// without what nobody sees; compatibility characters made of kana or Hangul (ㅋ, ㌔) stay as they are. Two surfaces
// with one key are the same tag for hark ("ＲｉｖｅｒIsland" and "riverisland").
void hark_text_key(struct hark_str s, struct hark_buf *buf);

// HTML as Mastodon and feeds send it, to plain text: <br> and the ends of <p>, <li>, <div> are line breaks (a blank
// line between paragraphs), other tags go, named, decimal and hexadecimal references are resolved, Mastodon's
// class="invisible" parts of links stay (so that links are whole), class="ellipsis" adds nothing. Never fails: what is
// no tag is text.
void hark_text_from_html(struct hark_str html, struct hark_buf *buf);

// --- words: a post as phrases are looked for in it ---

enum hark_view_flag {
    HARK_VIEW_PLAIN =
        1, // letters without their marks: čaša = casa, đ = d, ł = l, ø = o, ß = ss (a rule's `fold: true`)
};

enum {
    HARK_EDGE_START = 1, // a word may start here
    HARK_EDGE_END = 2,   // a word may end here
};

// The folded text: full case folding, NFC, full-width and half-width forms as their plain ones, each run of white space
// one space, ’ ‘ ʼ ＇ as ', each link and @handle one byte \x01; what nobody sees (soft hyphen, variation selectors,
// direction marks, zero-width space) is left out. edge[i] (i from 0 to len) tells whether a word may start or end
// before byte i. A word is a run of letters, marks, digits, connectors (_), ZWJ and ZWNJ. English contractions (n't 'd
// 'll 're 've 'm) belong to their word; other apostrophes part words, so that "Zara's" and "l'Oréal" name Zara and
// Oréal. Between Latin and Hangul, and around each Han, Hiragana, Thai, Lao, Khmer or Myanmar character (Katakana runs
// stay whole) a word may start and end: these scripts write no spaces. Inside a run of Hangul a word may also end (not
// start) where what follows to the end of the run is a Korean particle (을 를 이 가 은 는 의 에 에서 에게 로 으로 와 과
// 도 만 부터 까지 이나 나 랑 이랑 하고 처럼 보다 …). Emoji ZWJ sequences are one.
struct hark_view {
    struct hark_buf text; // folded bytes
    uint32_t *orig;       // orig[i]: the byte in the post's text that folded byte i comes from; orig[len] is its length
    uint8_t *edge;        // HARK_EDGE_… bits, len + 1 of them
    size_t cap;           // elements in orig and edge
    struct hark_buf tmp, tmp2; // room for hark_view_make
};

// `s` is well-formed UTF-8, at most UINT32_MAX bytes. Reuses the view's memory. Init the view by zeroing.
void hark_view_make(struct hark_view *view, struct hark_str s, unsigned flags);
void hark_view_done(struct hark_view *view);
// A phrase folded in the same way (links and handles stay as they are; white space trimmed at both ends).
void hark_view_phrase(struct hark_str phrase, unsigned flags, struct hark_buf *buf);

// --- the form that the prefilter scans ---
//
// P maps text to a coarse form so that whatever the engine would find (by view, plain view or key) is found as bytes in
// it: case folding, NFKD, marks and default-ignorable characters dropped, đ ł ø … to their base letters, Hangul
// composed, runs of white space one space, apostrophes one. The property that tests hold on to: if a folded phrase is
// in a view of a text, or a key equals the key of a tag in it, then P(phrase) or P(key) is in P(JSON string of the
// text), however that JSON string escapes it.

// P of a rule's term: a folded phrase or a key. Empty where the term is marks and invisible characters alone: such a
// term cannot be looked for with the prefilter. A double quote comes out as \", as it stands in most JSON.
void hark_prefold_term(struct hark_str term, struct hark_buf *buf);
// Whether P of this raw JSON message can differ from lower-casing its ASCII letters: it has a backslash that is not \",
// two spaces in a row, control characters, or a byte that begins a character which P changes (Hangul, kana, Han and
// most emoji are not changed).
bool hark_prefold_needed(struct hark_str raw);
// P of a raw JSON message, its string escapes resolved, but that a quote inside of a string is \" whatever it was
// written as. Bytes that are not UTF-8 are copied as they are. False: there are jamo with marks between them, which
// only views without marks join, so that P misses some terms; such a message may hold any.
bool hark_prefold_json(struct hark_str raw, struct hark_buf *buf);
