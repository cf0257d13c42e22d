// Views: what words people see in a text, and where.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <hark/text.h>
#include <utf8proc.h>

#include "text_data.h"
#include "text_random.h"

// Where the phrase stands as words: "from-to" of the text's bytes, parted by spaces.
static void places(struct hark_str text, struct hark_str phrase, unsigned flags, struct hark_buf *ret)
{
    struct hark_view view = {0};
    struct hark_buf folded = {0};
    hark_view_make(&view, text, flags);
    hark_view_phrase(phrase, flags, &folded);
    hark_buf_clear(ret);
    for (size_t i = 0; folded.len && i + folded.len <= view.text.len; i++) {
        if (memcmp(view.text.ptr + i, folded.ptr, folded.len) != 0) continue;
        if (!(view.edge[i] & HARK_EDGE_START) || !(view.edge[i + folded.len] & HARK_EDGE_END)) continue;
        if (ret->len) hark_buf_char(ret, ' ');
        hark_buf_printf(ret, "%u-%u", view.orig[i], view.orig[i + folded.len]);
    }
    hark_buf_done(&folded);
    hark_view_done(&view);
}

static void check_words(struct hark_str *fields, int line, void *arg)
{
    struct hark_buf found = {0};
    places(fields[1], fields[2], hark_str_is(fields[0], "plain") ? HARK_VIEW_PLAIN : 0, &found);
    if (!hark_str_eq(hark_buf_str(&found), fields[3])) {
        print_error("words.tsv:%d: %.*s in %.*s: [%.*s]\n", line, HARK_STR_ARG(fields[2]), HARK_STR_ARG(fields[1]),
                    HARK_STR_ARG(hark_buf_str(&found)));
        ++*(int *)arg;
    }
    hark_buf_done(&found);
}

static void words(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(each_case(HARK_TEST_DATA "/text/words.tsv", 4, check_words, &wrong) > 80);
    assert_int_equal(wrong, 0);
}

static void check_folded(struct hark_str *fields, int line, void *arg)
{
    struct hark_view view = {0};
    bool right = true;
    for (unsigned flags = 0; flags < 2; flags++) {
        hark_view_make(&view, fields[0], flags);
        if (hark_str_eq(hark_buf_str(&view.text), fields[1 + flags])) continue;
        print_error("folded.tsv:%d: [%.*s]\n", line, HARK_STR_ARG(hark_buf_str(&view.text)));
        right = false;
    }
    if (!right) ++*(int *)arg;
    hark_view_done(&view);
}

static void folded(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(each_case(HARK_TEST_DATA "/text/folded.tsv", 3, check_folded, &wrong) > 30);
    assert_int_equal(wrong, 0);
}

static bool is_border(struct hark_str s, size_t i)
{
    return i == s.len || ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
}

// What holds for every view.
static void check_view(const struct hark_view *view, struct hark_str text)
{
    struct hark_str folded_ = hark_buf_str(&view->text);
    assert_int_equal(hark_utf8_check(folded_), folded_.len);
    assert_int_equal(view->orig[folded_.len], text.len);
    assert_int_equal(view->edge[0], HARK_EDGE_START | HARK_EDGE_END);
    assert_int_equal(view->edge[folded_.len], HARK_EDGE_START | HARK_EDGE_END);
    for (size_t i = 0; i < folded_.len; i++) {
        assert_true(view->orig[i] <= view->orig[i + 1]);
        assert_true(view->orig[i] < text.len && is_border(text, view->orig[i]));
        assert_true(view->edge[i] <= 3 && view->edge[i] != HARK_EDGE_START);
        if (!is_border(folded_, i)) assert_int_equal(view->edge[i], 0);
        if (i) assert_false(folded_.ptr[i] == ' ' && folded_.ptr[i - 1] == ' ');
    }
}

// An independent statement of the rule for ASCII letters, digits and signs.
static bool is_ascii_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

static void check_ascii_edges(const struct hark_view *view)
{
    const char *s = view->text.ptr;
    for (size_t i = 1; i < view->text.len; i++) {
        if ((s[i] | s[i - 1]) & 0x80 || s[i] == '\'' || s[i - 1] == '\'') continue;
        // Behind a mark or joiner a byte may belong to something else.
        if (i > 1 && s[i - 2] & 0x80) continue;
        assert_int_equal(view->edge[i], is_ascii_word(s[i]) && is_ascii_word(s[i - 1]) ? 0 : 3);
    }
}

static void nfd_of(struct hark_str s, struct hark_buf *buf)
{
    char *copy = hark_str_dup(s);
    utf8proc_uint8_t *nfd = utf8proc_NFD((const utf8proc_uint8_t *)copy);
    hark_buf_clear(buf);
    hark_buf_str_add(buf, hark_str((const char *)nfd));
    free(nfd);
    free(copy);
}

static void random_views(void **state)
{
    (void)state;
    struct hark_buf text = {0}, nfd = {0}, nfc = {0};
    struct hark_view a = {0}, b = {0};
    uint64_t seed = 2;
    for (int i = 0; i < 60000; i++) {
        struct hark_str composed;
        unsigned flags = i % 2;
        random_text(&seed, 40, &text);
        nfd_of(hark_buf_str(&text), &nfd);
        hark_text_nfc(hark_buf_str(&text), &nfc, &composed);
        hark_view_make(&a, hark_buf_str(&nfd), flags);
        check_view(&a, hark_buf_str(&nfd));
        check_ascii_edges(&a);
        hark_view_make(&b, composed, flags);
        check_view(&b, composed);
        bool same = hark_str_eq(hark_buf_str(&a.text), hark_buf_str(&b.text));
        if (!same || memcmp(a.edge, b.edge, a.text.len + 1) != 0)
            fail_msg("%.*s\n  NFD %.*s\n  NFC %.*s", HARK_STR_ARG(composed), HARK_STR_ARG(hark_buf_str(&a.text)),
                     HARK_STR_ARG(hark_buf_str(&b.text)));
    }
    hark_view_done(&a);
    hark_view_done(&b);
    hark_buf_done(&text);
    hark_buf_done(&nfd);
    hark_buf_done(&nfc);
}

// Case variants have one view, for every character. Folding is full: what utf8proc folds a character to folds to the
// same.
static void every_character_folds(void **state)
{
    (void)state;
    struct hark_view a = {0}, b = {0};
    for (uint32_t c = 1; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000) continue;
        char bytes[5] = "";
        utf8proc_uint8_t *other;
        struct hark_str s = {bytes, hark_utf8_put(c, bytes)};
        utf8proc_map((const utf8proc_uint8_t *)bytes, 0, &other,
                     UTF8PROC_NULLTERM | UTF8PROC_CASEFOLD | UTF8PROC_STABLE);
        hark_view_make(&a, s, 0);
        check_view(&a, s);
        hark_view_make(&b, hark_str((const char *)other), 0);
        if (!hark_str_eq(hark_buf_str(&a.text), hark_buf_str(&b.text))) fail_msg("U+%04X", c);
        // The room that a view takes is three times the text's.
        if (a.text.len > 3 * s.len) fail_msg("U+%04X folds to %zu bytes", c, a.text.len);
        free(other);
    }
    hark_view_done(&a);
    hark_view_done(&b);
}

static void memory_is_reused(void **state)
{
    (void)state;
    struct hark_view view = {0};
    hark_view_make(&view, HARK_STR("A long text, e\u0301 with everything: ㄱ ᄀ\u1161 https://shop.example @user"), 0);
    void *orig = view.orig, *edge = view.edge, *text = view.text.ptr, *tmp = view.tmp.ptr, *tmp2 = view.tmp2.ptr;
    hark_view_make(&view, HARK_STR("short e\u0301"), HARK_VIEW_PLAIN);
    assert_true(orig == view.orig && edge == view.edge && text == view.text.ptr);
    bool swapped = tmp == view.tmp2.ptr && tmp2 == view.tmp.ptr;
    assert_true(tmp && tmp2 && (swapped || (tmp == view.tmp.ptr && tmp2 == view.tmp2.ptr)));
    hark_view_done(&view);
    hark_view_done(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(folded),
        cmocka_unit_test(random_views),
        cmocka_unit_test(every_character_folds),
        cmocka_unit_test(memory_is_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
