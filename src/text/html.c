// HTML of posts and feeds to the text that a reader sees.
//
// One pass. Line breaks and spaces are held back until text follows, so that none stand at the start, at the end or
// doubled. What is no tag is text: "a < b", "<3".
#include <hark/text.h>

#include "entities.h"

struct html {
    struct hark_str s;
    size_t i;
    struct hark_buf *buf;
    unsigned breaks; // line breaks to write before the next text
    bool space;      // a space to write before the next text
    unsigned pre;    // open <pre>
    size_t patience; // bytes that may still be looked through in vain for the ends of tags; without it, hostile text
                     // costs its square
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static void put(struct html *h, const char *bytes, size_t len)
{
    if (h->buf->len)
        for (; h->breaks; h->breaks--) hark_buf_char(h->buf, '\n');
    if (h->space && h->buf->len && h->buf->ptr[h->buf->len - 1] != '\n') hark_buf_char(h->buf, ' ');
    h->breaks = 0;
    h->space = false;
    hark_buf_add(h->buf, bytes, len);
}

// At least n line breaks before the next text.
static void want_breaks(struct html *h, unsigned n)
{
    if (h->breaks < n) h->breaks = n;
    h->space = false;
}

// --- references ---

// What browsers make of numbers that are no characters of their own (HTML standard, "numeric character reference end
// state").
static uint32_t number_char(uint32_t n)
{
    static const uint16_t windows[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                         0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                         0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                         0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
    if (n >= 0x80 && n < 0xa0) return windows[n - 0x80];
    return n == 0 || n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff) ? 0xfffd : n;
}

static int digit(char c, uint32_t base)
{
    int value = c >= '0' && c <= '9'                              ? c - '0'
                : base == 16 && is_letter(c) && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                  : -1;
    return value;
}

// "#123;" or "#x1F600;" at h->i + 1; the bytes it takes, sign and all, or 0.
static size_t number_reference(const struct html *h, uint32_t *ret)
{
    size_t i = h->i + 2;
    uint32_t base = i < h->s.len && (h->s.ptr[i] | 0x20) == 'x' ? 16 : 10, n = 0;
    i += base == 16;
    size_t from = i;
    for (; i < h->s.len && digit(h->s.ptr[i], base) >= 0; i++)
        if (n <= 0x10ffff) n = n * base + (uint32_t)digit(h->s.ptr[i], base);
    if (i == from) return 0;
    *ret = number_char(n);
    return i - h->i + (i < h->s.len && h->s.ptr[i] == ';');
}

static size_t name_reference(const struct html *h, uint32_t *ret)
{
    size_t from = h->i + 1, i = from;
    while (i < h->s.len && (is_letter(h->s.ptr[i]) || digit(h->s.ptr[i], 10) >= 0)) i++;
    if (i == h->s.len || h->s.ptr[i] != ';') return 0;
    uint32_t c = entity_find((struct hark_str){h->s.ptr + from, i - from});
    if (c == 0) return 0;
    *ret = c;
    return i - h->i + 1;
}

static void take_reference(struct html *h)
{
    uint32_t c = '&';
    bool number = h->i + 1 < h->s.len && h->s.ptr[h->i + 1] == '#';
    size_t bytes = number ? number_reference(h, &c) : name_reference(h, &c);
    char out[4];
    if (c < 0x80 && is_space((char)c))
        h->space = true;
    else
        put(h, out, hark_utf8_put(c, out));
    h->i += bytes ? bytes : 1;
}

// --- tags ---

// Behind the '>' of the tag that starts at i, or 0 where the text ends before. A '>' in quotes does not count.
static size_t tag_end(struct hark_str s, size_t i)
{
    char quote = 0;
    for (; i < s.len; i++) {
        char c = s.ptr[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if ((c == '"' || c == '\'') && s.ptr[i - 1] == '=')
            quote = c;
        else if (c == '>')
            return i + 1;
    }
    return 0;
}

static size_t comment_end(struct hark_str s, size_t i)
{
    const char *end = memmem(s.ptr + i, s.len - i, "-->", 3);
    return end ? (size_t)(end - s.ptr) + 3 : 0;
}

// Behind "</name" and its '>', for elements whose content is no text.
static size_t element_end(struct hark_str s, size_t i, struct hark_str name)
{
    for (; i + name.len + 2 <= s.len; i++) {
        if (s.ptr[i] != '<' || s.ptr[i + 1] != '/') continue;
        if (hark_str_ieq((struct hark_str){s.ptr + i + 2, name.len}, name)) return tag_end(s, i + 2);
    }
    return 0;
}

static bool is_one_of(struct hark_str name, const char *const *names)
{
    for (; *names; names++)
        if (hark_str_ieq(name, hark_str(*names))) return true;
    return false;
}

static void take_element(struct html *h, struct hark_str name, bool closing)
{
    static const char *const paragraphs[] = {"p",          "h1",  "h2", "h3", "h4",    "h5", "h6",
                                             "blockquote", "pre", "ul", "ol", "table", NULL};
    static const char *const lines[] = {"li",     "div", "tr", "section", "article", "header",
                                        "footer", "hr",  "dt", "dd",      NULL};
    if (hark_str_ieq(name, HARK_STR("br"))) {
        h->breaks++;
        h->space = false;
    } else if (is_one_of(name, paragraphs)) {
        want_breaks(h, 2);
    } else if (is_one_of(name, lines)) {
        want_breaks(h, 1);
    }
    if (!hark_str_ieq(name, HARK_STR("pre"))) return;
    if (!closing)
        h->pre++;
    else if (h->pre)
        h->pre--;
}

// Goes on at `end`; where it is 0, nothing was found in all of the rest.
static bool skip_to(struct html *h, size_t end)
{
    size_t rest = h->s.len - h->i;
    if (end)
        h->i = end;
    else
        h->patience -= rest < h->patience ? rest : h->patience;
    return end;
}

// A tag, a comment or a declaration at h->i; false where it is none.
static bool take_tag(struct html *h)
{
    static const char *const silent[] = {"script", "style", "template", "title", NULL};
    struct hark_str s = h->s;
    size_t i = h->i + 1;
    if (i < s.len && (s.ptr[i] == '!' || s.ptr[i] == '?')) {
        bool comment = hark_str_starts((struct hark_str){s.ptr + i, s.len - i}, HARK_STR("!--"));
        size_t end = comment ? comment_end(s, i + 3) : tag_end(s, i);
        return skip_to(h, end);
    }
    bool closing = i < s.len && s.ptr[i] == '/';
    i += closing;
    size_t from = i;
    while (i < s.len && (is_letter(s.ptr[i]) || (i > from && (digit(s.ptr[i], 10) >= 0 || s.ptr[i] == '-')))) i++;
    if (i == from) return false;
    size_t end = tag_end(s, i);
    if (!skip_to(h, end)) return false;
    struct hark_str name = {s.ptr + from, i - from};
    take_element(h, name, closing);
    if (!closing && h->patience && is_one_of(name, silent)) skip_to(h, element_end(s, end, name));
    return true;
}

static void take_space(struct html *h)
{
    if (h->pre && h->s.ptr[h->i] == '\n')
        h->breaks++;
    else if (h->pre)
        put(h, h->s.ptr + h->i, 1);
    else
        h->space = true;
    h->i++;
}

static void take_text(struct html *h)
{
    size_t from = h->i++;
    while (h->i < h->s.len && h->s.ptr[h->i] != '<' && h->s.ptr[h->i] != '&' && !is_space(h->s.ptr[h->i])) h->i++;
    put(h, h->s.ptr + from, h->i - from);
}

void hark_text_from_html(struct hark_str html, struct hark_buf *buf)
{
    struct html h = {.s = html, .buf = buf, .patience = 16 * html.len};
    hark_buf_clear(buf);
    while (h.i < html.len) {
        char c = html.ptr[h.i];
        if (is_space(c))
            take_space(&h);
        else if (c == '&')
            take_reference(&h);
        else if (c != '<' || !h.patience || !take_tag(&h))
            take_text(&h);
    }
}
