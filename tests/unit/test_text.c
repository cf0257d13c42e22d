// UTF-8, normal forms, keys and HTML.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <hark/text.h>
#include <utf8proc.h>

#include "text_data.h"
#include "text_random.h"

static void utf8_check(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len, good;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"a\0b", 3, 3},
        {"\xc3\xa9", 2, 2},
        {"\xed\x9f\xbf\xee\x80\x80", 6, 6},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"a\x80", 2, 1},            // alone
        {"\xc0\xaf", 2, 0},         // overlong
        {"\xe0\x9f\xbf", 3, 0},     // overlong
        {"\xf0\x8f\xbf\xbf", 4, 0}, // overlong
        {"\xed\xa0\x80", 3, 0},     // surrogate
        {"\xf4\x90\x80\x80", 4, 0}, // above U+10FFFF
        {"\xff", 1, 0},
        {"ab\xe3\x82", 4, 2}, // cut short
        {"0123456789abcdef\xc3", 17, 16},
        {"0123456789abcde\xf0\x9f\x91\x8d+", 20, 20},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(hark_utf8_check(hark_strn(cases[i].bytes, cases[i].len)), cases[i].good);
}

// Bytes before the first that is wrong, after another library.
static size_t good_bytes(const char *bytes, size_t len)
{
    utf8proc_int32_t c;
    size_t at = 0;
    while (at < len) {
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)bytes + at, (utf8proc_ssize_t)(len - at), &c);
        if (n <= 0) return at;
        at += (size_t)n;
    }
    return len;
}

// Long texts are checked many bytes at a time: what is wrong is found wherever it stands in them.
static void utf8_check_of_long_texts(void **state)
{
    (void)state;
    static const unsigned char later[] = {'a', 0x80, 0xbf, 0xc3};
    char text[128];
    for (unsigned i = 0; i < 128u * 256 * 16; i++) {
        size_t at = i % 64 + 3, len = at + 4 + i / 64 % 29;
        memset(text, 'x', sizeof text);
        if (i & 1) memcpy(text + at - 3, "한", 3);
        text[at] = (char)(128 + i / 4096);
        text[at + 1] = (char)(i / 16 % 256);
        text[at + 2] = (char)later[i % 4];
        text[at + 3] = (char)later[i / 4 % 4];
        for (size_t cut = len - 3; cut <= len; cut++)
            assert_int_equal(hark_utf8_check(hark_strn(text, cut)), good_bytes(text, cut));
    }
}

static void utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000) continue;
        char bytes[4];
        struct hark_str s = {bytes, hark_utf8_put(c, bytes)};
        size_t pos = 0;
        if (hark_utf8_check(s) != s.len || hark_utf8_next(s, &pos) != c || pos != s.len) fail_msg("U+%04X", c);
    }
}

// Against utf8proc's own, which is quadratic but right.
static void check_nfc(struct hark_str s, struct hark_buf *buf, struct hark_arena *arena)
{
    struct hark_str nfc, again;
    char *copy = hark_str_dup(s);
    utf8proc_uint8_t *expected = utf8proc_NFC((const utf8proc_uint8_t *)copy);
    hark_text_nfc(s, buf, &nfc);
    if (!hark_str_is(nfc, (const char *)expected)) fail_msg("NFC of %s is not %.*s", copy, HARK_STR_ARG(nfc));
    hark_arena_reset(arena);
    hark_text_nfc_in(s, arena, &again);
    assert_true(hark_str_eq(again, nfc));
    bool same = hark_str_eq(nfc, s);
    assert_true(same == (nfc.ptr == s.ptr) || s.len == 0);
    free(expected);
    free(copy);
}

static void nfc(void **state)
{
    (void)state;
    struct hark_buf text = {0}, buf = {0};
    struct hark_arena arena = {0};
    uint64_t seed = 1;
    for (int i = 0; i < 50000; i++) {
        random_text(&seed, 12, &text);
        check_nfc(hark_buf_str(&text), &buf, &arena);
    }
    for (uint32_t c = 1; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000) continue;
        char bytes[4];
        check_nfc((struct hark_str){bytes, hark_utf8_put(c, bytes)}, &buf, &arena);
    }
    hark_buf_done(&text);
    hark_buf_done(&buf);
    hark_arena_done(&arena);
}

// Marks in the worst order: sorting them by insertion would take minutes.
static void nfc_many_marks(void **state)
{
    (void)state;
    struct hark_buf text = {0}, buf = {0};
    struct hark_str nfc;
    enum { MARKS = 400000 };
    hark_buf_char(&text, 'a');
    for (int i = 0; i < MARKS; i++) hark_buf_str_add(&text, i < MARKS / 2 ? HARK_STR("\u0301") : HARK_STR("\u0323"));
    hark_text_nfc(hark_buf_str(&text), &buf, &nfc);
    assert_true(hark_str_starts(nfc, HARK_STR("ạ\u0323\u0323")));
    assert_true(hark_str_ends(nfc, HARK_STR("\u0301\u0301")));
    struct hark_view view = {0};
    hark_view_make(&view, hark_buf_str(&text), 0);
    assert_true(hark_str_eq(hark_buf_str(&view.text), nfc));
    hark_view_done(&view);
    hark_buf_done(&text);
    hark_buf_done(&buf);
}

static void check_key(struct hark_str *fields, int line, void *arg)
{
    struct hark_buf key = {0}, again = {0};
    hark_text_key(fields[0], &key);
    bool right = hark_str_eq(hark_buf_str(&key), fields[1]);
    hark_text_key(hark_buf_str(&key), &again);
    right &= hark_str_eq(hark_buf_str(&key), hark_buf_str(&again));
    if (!right) {
        print_error("keys.tsv:%d: %.*s\n", line, HARK_STR_ARG(hark_buf_str(&key)));
        ++*(int *)arg;
    }
    hark_buf_done(&key);
    hark_buf_done(&again);
}

static void keys(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(each_case(HARK_TEST_DATA "/text/keys.tsv", 2, check_key, &wrong) > 15);
    assert_int_equal(wrong, 0);
}

static void check_html(struct hark_str *fields, int line, void *arg)
{
    struct hark_buf text = {0};
    hark_text_from_html(fields[0], &text);
    if (!hark_str_eq(hark_buf_str(&text), fields[1])) {
        print_error("html.tsv:%d: [%.*s]\n", line, HARK_STR_ARG(hark_buf_str(&text)));
        ++*(int *)arg;
    }
    hark_buf_done(&text);
}

static void html(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(each_case(HARK_TEST_DATA "/text/html.tsv", 2, check_html, &wrong) > 25);
    assert_int_equal(wrong, 0);
}

// Looking for the ends of these tags again and again would take the square of their number.
static void html_hostile(void **state)
{
    (void)state;
    static const char *const units[] = {"<a", "<a =\"", "<!--", "<script>", "&#", "&amp", "<p>", "<a ='\">"};
    struct hark_buf html = {0}, text = {0};
    for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
        hark_buf_clear(&html);
        while (html.len < 1000000) hark_buf_str_add(&html, hark_str(units[k]));
        hark_text_from_html(hark_buf_str(&html), &text);
        assert_true(text.len <= html.len);
    }
    hark_buf_done(&html);
    hark_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_check),
        cmocka_unit_test(utf8_check_of_long_texts),
        cmocka_unit_test(utf8_round_trip),
        cmocka_unit_test(nfc),
        cmocka_unit_test(nfc_many_marks),
        cmocka_unit_test(keys),
        cmocka_unit_test(html),
        cmocka_unit_test(html_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
