// The prefilter's form: whatever a view or a key finds is found in it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <hark/tags.h>
#include <utf8proc.h>

#include "text_data.h"
#include "text_random.h"

static bool contains(struct hark_str in, struct hark_str what)
{
    return what.len == 0 || memmem(in.ptr, in.len, what.ptr, what.len);
}

// Writes the text as a JSON string, each character escaped in one of the ways that JSON allows.
static void write_json(struct hark_str text, uint64_t *seed, bool plain, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    hark_buf_char(buf, '"');
    for (size_t i = 0; i < text.len;) {
        size_t from = i;
        uint32_t c = hark_utf8_next(text, &i);
        static const char names[] = "\"\\/\b\f\n\r\t", signs[] = "\"\\/bfnrt";
        const char *name = c && c < 0x80 ? strchr(names, (int)c) : NULL;
        bool must = c < 0x20 || c == '"' || c == '\\', may = !plain && random_next(seed) % 4 == 0;
        if (name && (must || may) && (plain || random_next(seed) % 2)) {
            hark_buf_printf(buf, "\\%c", signs[name - names]);
        } else if (must || may) {
            bool capitals = random_next(seed) % 2;
            uint32_t high = 0xd800 + ((c - 0x10000) >> 10), low = 0xdc00 + ((c - 0x10000) & 0x3ff);
            if (c > 0xffff)
                hark_buf_printf(buf, capitals ? "\\u%04X\\u%04X" : "\\u%04x\\u%04x", high, low);
            else
                hark_buf_printf(buf, capitals ? "\\u%04X" : "\\u%04x", c);
        } else {
            hark_buf_add(buf, text.ptr + from, i - from);
        }
    }
    hark_buf_char(buf, '"');
}

// A part of the folded text as a phrase in a rule, and whether P of it is in P of the message.
static void check_parts(const struct hark_view *view, unsigned flags, struct hark_str p, uint64_t *seed,
                        struct hark_str json)
{
    struct hark_buf phrase = {0}, term = {0};
    struct hark_str folded = hark_buf_str(&view->text);
    for (int k = 0; k < 4 && folded.len; k++) {
        size_t from = random_next(seed) % folded.len, to = from + 1 + random_next(seed) % (folded.len - from);
        if (k == 0) from = 0, to = folded.len;
        while (from && (folded.ptr[from] & 0xc0) == 0x80) from--;
        while (to < folded.len && (folded.ptr[to] & 0xc0) == 0x80) to++;
        hark_view_phrase((struct hark_str){folded.ptr + from, to - from}, flags, &phrase);
        // A phrase that holds a link's byte is none; one that folds to something else is not in this view.
        if (!phrase.len || memchr(phrase.ptr, 1, phrase.len) || !contains(folded, hark_buf_str(&phrase))) continue;
        hark_prefold_term(hark_buf_str(&phrase), &term);
        if (!contains(p, hark_buf_str(&term)))
            fail_msg("%.*s\n  P of \"%.*s\" is %.*s, not in\n  %.*s", HARK_STR_ARG(json),
                     HARK_STR_ARG(hark_buf_str(&phrase)), HARK_STR_ARG(hark_buf_str(&term)), HARK_STR_ARG(p));
    }
    hark_buf_done(&phrase);
    hark_buf_done(&term);
}

static void check_keys(struct hark_str text, struct hark_str p, uint64_t *seed)
{
    struct hark_buf key = {0}, term = {0};
    for (int k = 0; k < 4 && text.len; k++) {
        size_t from = random_next(seed) % text.len, to = from + 1 + random_next(seed) % (text.len - from);
        while (from && (text.ptr[from] & 0xc0) == 0x80) from--;
        while (to < text.len && (text.ptr[to] & 0xc0) == 0x80) to++;
        hark_text_key((struct hark_str){text.ptr + from, to - from}, &key);
        hark_prefold_term(hark_buf_str(&key), &term);
        // A tag ends where no mark or jamo goes on: what composes over its end is not that tag.
        struct hark_buf whole = {0};
        struct hark_str rest = {text.ptr + from, text.len - from};
        hark_text_key(rest, &whole);
        bool is_prefix = hark_str_starts(hark_buf_str(&whole), hark_buf_str(&key));
        hark_buf_done(&whole);
        struct hark_str before = {text.ptr, from};
        hark_text_key((struct hark_str){text.ptr, to}, &whole);
        is_prefix &= hark_str_ends(hark_buf_str(&whole), hark_buf_str(&key)) && before.len <= from;
        hark_buf_done(&whole);
        if (is_prefix && !contains(p, hark_buf_str(&term)))
            fail_msg("P of the key %.*s is not in\n  %.*s", HARK_STR_ARG(hark_buf_str(&key)), HARK_STR_ARG(p));
    }
    hark_buf_done(&key);
    hark_buf_done(&term);
}

static void lower(struct hark_str s, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    for (size_t i = 0; i < s.len; i++)
        hark_buf_char(buf, (char)(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? s.ptr[i] | 0x20 : s.ptr[i]));
}

static void superset(void **state)
{
    (void)state;
    struct hark_buf text = {0}, json = {0}, p = {0}, small = {0}, nfc_room = {0};
    struct hark_view view = {0};
    uint64_t seed = 3;
    int needed = 0, rounds = 150000;
    for (int i = 0; i < rounds; i++) {
        unsigned flags = i % 2;
        struct hark_str nfc;
        random_text(&seed, i % 3 ? 12 : 40, &text);
        write_json(hark_buf_str(&text), &seed, i % 4 == 0, &json);
        hark_prefold_json(hark_buf_str(&json), &p);
        if (!hark_prefold_needed(hark_buf_str(&json))) {
            lower(hark_buf_str(&json), &small);
            if (!hark_str_eq(hark_buf_str(&small), hark_buf_str(&p)))
                fail_msg("needed: %.*s", HARK_STR_ARG(hark_buf_str(&json)));
        } else {
            needed++;
        }
        hark_text_nfc(hark_buf_str(&text), &nfc_room, &nfc);
        hark_view_make(&view, nfc, flags);
        check_parts(&view, flags, hark_buf_str(&p), &seed, hark_buf_str(&json));
        check_keys(nfc, hark_buf_str(&p), &seed);
    }
    assert_true(needed < rounds);
    hark_view_done(&view);
    hark_buf_done(&text);
    hark_buf_done(&json);
    hark_buf_done(&p);
    hark_buf_done(&small);
    hark_buf_done(&nfc_room);
}

static void pre_of(struct hark_str s, struct hark_buf *buf)
{
    hark_prefold_term(s, buf);
}

// P does not tell apart a character and its folded, decomposed, compatible or plain form; and where it changes a
// character, hark_prefold_needed() knows.
static void every_character(void **state)
{
    (void)state;
    static const int forms[] = {UTF8PROC_CASEFOLD, UTF8PROC_DECOMPOSE, UTF8PROC_COMPOSE};
    struct hark_buf a = {0}, b = {0}, key = {0};
    struct hark_view view = {0};
    for (uint32_t c = 1; c < 0x110000; c++) {
        if (c >= 0xd800 && c < 0xe000) continue;
        char bytes[5] = "";
        struct hark_str s = {bytes, hark_utf8_put(c, bytes)};
        pre_of(s, &a);
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
            utf8proc_uint8_t *other;
            utf8proc_map((const utf8proc_uint8_t *)bytes, 0, &other, UTF8PROC_NULLTERM | UTF8PROC_STABLE | forms[k]);
            pre_of(hark_str((const char *)other), &b);
            if (!hark_str_eq(hark_buf_str(&a), hark_buf_str(&b))) fail_msg("U+%04X, form %zu", c, k);
            free(other);
        }
        for (unsigned flags = 0; flags < 2; flags++) {
            hark_view_make(&view, s, flags);
            pre_of(hark_buf_str(&view.text), &b);
            if (!hark_str_eq(hark_buf_str(&a), hark_buf_str(&b))) fail_msg("U+%04X, view %u", c, flags);
        }
        hark_text_key(s, &key);
        pre_of(hark_buf_str(&key), &b);
        if (key.len && !hark_str_eq(hark_buf_str(&a), hark_buf_str(&b))) fail_msg("U+%04X, key", c);
        bool changes = c > 0x7f && !hark_str_eq(hark_buf_str(&a), s);
        if (changes && !hark_prefold_needed(s)) fail_msg("U+%04X changes", c);
        if ((c >= 0xac00 && c <= 0xd7a3) || (c >= 0x3041 && c <= 0x3096) || (c >= 0x4e00 && c <= 0x9fff) ||
            (c >= 0x30a1 && c <= 0x30fa) || (c >= 0x1f600 && c <= 0x1f64f))
            assert_false(hark_prefold_needed(s));
    }
    hark_view_done(&view);
    hark_buf_done(&a);
    hark_buf_done(&b);
    hark_buf_done(&key);
}

static void check_case(struct hark_str *fields, int line, void *arg)
{
    struct hark_buf p = {0};
    hark_prefold_json(fields[0], &p);
    bool needed = hark_prefold_needed(fields[0]);
    if (!hark_str_eq(hark_buf_str(&p), fields[1]) || needed != hark_str_is(fields[2], "yes")) {
        print_error("prefold.tsv:%d: [%.*s] %s\n", line, HARK_STR_ARG(hark_buf_str(&p)), needed ? "yes" : "no");
        ++*(int *)arg;
    }
    hark_buf_done(&p);
}

static void cases(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(each_case(HARK_TEST_DATA "/text/prefold.tsv", 3, check_case, &wrong) > 30);
    assert_int_equal(wrong, 0);
}

// What needs it is noticed wherever in a block it stands.
static void needed_anywhere(void **state)
{
    (void)state;
    static const char *const units[] = {"é",      "\\n", "  ", "\n",         "\u3000", "か\u3099",
                                        "\ufe0f", "🅰",   "ꜣ",  "\U000e0067", "\\\\",   "\\u0041"};
    for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
        for (size_t before = 0; before < 140; before++) {
            for (size_t after = 0; after < 70; after++) {
                char text[256];
                size_t len = strlen(units[k]);
                memset(text, 'x', sizeof(text));
                assert_false(hark_prefold_needed(hark_strn(text, before + after)));
                memcpy(text + before, units[k], len);
                assert_true(hark_prefold_needed(hark_strn(text, before + len + after)));
            }
        }
    }
}

// Bytes that are no UTF-8 and escapes that are none go through.
static void broken(void **state)
{
    (void)state;
    struct hark_buf p = {0};
    hark_prefold_json(hark_strn("A\xff\xc3(\xe3\x82 \\u12 \\x \\", 16), &p);
    assert_true(hark_str_is(hark_buf_str(&p), "a\xff\xc3(\xe3\x82 \\u12 \\x \\"));
    hark_prefold_json(HARK_STR("\"\\ud83dx\\ude00\""), &p);
    assert_true(hark_str_is(hark_buf_str(&p), "\"\xef\xbf\xbdx\xef\xbf\xbd\""));
    hark_buf_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases),           cmocka_unit_test(superset), cmocka_unit_test(every_character),
        cmocka_unit_test(needed_anywhere), cmocka_unit_test(broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
