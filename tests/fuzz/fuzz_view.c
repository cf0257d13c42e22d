// Views, keys, normal forms and the prefilter's form of any bytes: their invariants, and that P of a part of a view is
// in P of the message.
#include <hark/text.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) abort();
}

static void check_prefold(struct hark_str raw, struct hark_buf *p)
{
    hark_prefold_json(raw, p);
    if (hark_prefold_needed(raw)) return;
    require(p->len == raw.len);
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        require(p->ptr[i] == (c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c));
    }
}

static void check_view(const struct hark_view *view, struct hark_str text)
{
    size_t len = view->text.len;
    require(hark_utf8_check(hark_buf_str(&view->text)) == len);
    require(view->orig[len] == text.len && view->edge[0] == 3 && view->edge[len] == 3);
    for (size_t i = 0; i < len; i++) {
        require(view->orig[i] <= view->orig[i + 1] && view->edge[i] <= 3);
        require(((unsigned char)text.ptr[view->orig[i]] & 0xc0) != 0x80);
    }
}

// The middle half of the view as a phrase.
static void check_part(const struct hark_view *view, struct hark_str json_p, unsigned flags)
{
    size_t from = view->text.len / 4, to = view->text.len * 3 / 4;
    struct hark_buf phrase = {0}, term = {0};
    while (from && (view->text.ptr[from] & 0xc0) == 0x80) from--;
    while (to < view->text.len && (view->text.ptr[to] & 0xc0) == 0x80) to++;
    hark_view_phrase((struct hark_str){view->text.ptr + from, to - from}, flags, &phrase);
    bool in_view = phrase.len && memmem(view->text.ptr, view->text.len, phrase.ptr, phrase.len);
    if (in_view && !memchr(phrase.ptr, 1, phrase.len)) {
        hark_prefold_term(hark_buf_str(&phrase), &term);
        require(term.len == 0 || memmem(json_p.ptr, json_p.len, term.ptr, term.len));
    }
    hark_buf_done(&phrase);
    hark_buf_done(&term);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hark_str raw = {(const char *)data, size}, text;
    struct hark_buf p = {0}, nfc = {0}, key = {0}, json = {0};
    struct hark_view view = {0};
    check_prefold(raw, &p);
    raw.len = hark_utf8_check(raw);
    hark_text_nfc(raw, &nfc, &text);
    hark_text_key(text, &key);
    hark_prefold_term(text, &json);
    for (unsigned flags = 0; flags < 2; flags++) {
        hark_view_make(&view, text, flags);
        check_view(&view, text);
        check_part(&view, hark_buf_str(&json), flags);
    }
    hark_view_done(&view);
    hark_buf_done(&p);
    hark_buf_done(&nfc);
    hark_buf_done(&key);
    hark_buf_done(&json);
    return 0;
}
