// The query language: cases in tests/data/rules/queries.txt, the examples of docs/query.md, and the limits.
#include <hark/rules.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/read_file.h"

// Parses and writes "= tree" and what is said, a line each.
static void run(struct hark_str query, struct hark_buf *out)
{
    struct hark_problems problems = {0};
    struct hark_arena arena = {0};
    struct hark_node *root = hark_query_parse(query, false, (struct hark_loc){HARK_STR("q"), 1, 1}, &arena, &problems);
    hark_buf_clear(out);
    assert_int_equal(root != NULL, problems.errors == 0);
    if (root) {
        hark_buf_add(out, "= ", 2);
        hark_node_print(root, out);
        hark_buf_char(out, '\n');
    }
    hark_problems_print(&problems, false, out);
    hark_buf_cstr(out);
    hark_problems_done(&problems);
    hark_arena_done(&arena);
}

static struct hark_str run_said(const char *query, struct hark_buf *out)
{
    run(hark_str(query), out);
    return hark_buf_str(out);
}

static void unescape(struct hark_str line, struct hark_buf *out)
{
    hark_buf_clear(out);
    for (size_t i = 0; i < line.len; i++) {
        bool escape = line.ptr[i] == '\\' && i + 1 < line.len && (line.ptr[i + 1] == 'n' || line.ptr[i + 1] == 't');
        hark_buf_char(out, !escape ? line.ptr[i] : line.ptr[i + 1] == 'n' ? '\n' : '\t');
        i += escape;
    }
}

static void test_cases(void **state)
{
    (void)state;
    struct hark_buf file = {0}, query = {0}, got = {0}, expected = {0};
    read_file(HARK_TEST_DATA "/rules/queries.txt", &file);
    struct hark_str rest = hark_buf_str(&file);
    size_t n = 0;
    while (rest.ptr && rest.len) {
        struct hark_str line = hark_str_cut(rest, '\n', &rest);
        if (line.len == 0 || hark_str_starts(line, HARK_STR("# "))) continue;
        unescape(line, &query);
        hark_buf_clear(&expected);
        while (rest.ptr && rest.len && (line = hark_str_cut(rest, '\n', &rest)).len) {
            hark_buf_str_add(&expected, line);
            hark_buf_char(&expected, '\n');
        }
        run(hark_buf_str(&query), &got);
        assert_string_equal(got.ptr, hark_buf_cstr(&expected));
        n++;
    }
    assert_true(n > 120);
    hark_buf_done(&file);
    hark_buf_done(&query);
    hark_buf_done(&got);
    hark_buf_done(&expected);
}

// Each "query:" line in the fenced blocks of the manual is right and not odd.
static void test_manual(void **state)
{
    (void)state;
    struct hark_buf file = {0}, got = {0};
    read_file(HARK_SOURCE_DIR "/docs/query.md", &file);
    struct hark_str rest = hark_buf_str(&file);
    size_t n = 0;
    while (rest.ptr && rest.len) {
        struct hark_str line = hark_str_cut(rest, '\n', &rest);
        if (!hark_str_starts(line, HARK_STR("query: "))) continue;
        run(hark_strn(line.ptr + 7, line.len - 7), &got);
        if (got.ptr[0] != '=' || strchr(got.ptr, '\n')[1])
            fail_msg("docs/query.md: %.*s: %s", (int)line.len, line.ptr, got.ptr);
        n++;
    }
    assert_true(n > 20);
    hark_buf_done(&file);
    hark_buf_done(&got);
}

static void nest(struct hark_buf *buf, const char *open, const char *close, int n)
{
    hark_buf_clear(buf);
    for (int i = 0; i < n; i++) hark_buf_printf(buf, "%s", open);
    hark_buf_char(buf, 'a');
    for (int i = 0; i < n; i++) hark_buf_printf(buf, "%s", close);
    hark_buf_cstr(buf);
}

static void test_depth(void **state)
{
    (void)state;
    struct hark_buf query = {0}, got = {0};
    nest(&query, "(", ")", HARK_RULES_MAX_DEPTH);
    assert_true(hark_str_is(run_said(query.ptr, &got), "= \"a\"\n"));
    nest(&query, "(", ")", HARK_RULES_MAX_DEPTH + 1);
    assert_true(hark_str_is(run_said(query.ptr, &got), "q:1:65: error: more than 64 groups inside each other\n"));
    nest(&query, "(", ")", 100000);
    assert_true(hark_str_is(run_said(query.ptr, &got), "q:1:65: error: more than 64 groups inside each other\n"));
    nest(&query, "-", "", 100000);
    assert_true(hark_str_is(run_said(query.ptr, &got), "q:1:65: error: more than 64 groups inside each other\n"));
    nest(&query, "NOT ", "", 50000);
    assert_true(hark_str_is(run_said(query.ptr, &got), "q:1:257: error: more than 64 groups inside each other\n"));
    hark_buf_done(&query);
    hark_buf_done(&got);
}

static void test_sizes(void **state)
{
    (void)state;
    struct hark_buf query = {0}, got = {0};
    for (int i = 0; i < 10000; i++) hark_buf_printf(&query, "%sw%dx", i ? " OR " : "", i);
    run(hark_buf_str(&query), &got);
    assert_true(hark_str_starts(hark_buf_str(&got), HARK_STR("= (or \"w0x\" \"w1x\" ")));
    assert_true(hark_str_ends(hark_buf_str(&got), HARK_STR(" \"w9999x\")\n")));
    for (int i = 0; i < 1 << 20; i++) hark_buf_char(&query, 'a');
    run(hark_buf_str(&query), &got);
    assert_non_null(strstr(got.ptr, "bytes: at most 262144; part it into several brands, or use lists"));
    hark_buf_done(&query);
    hark_buf_done(&got);
}

static void test_fold(void **state)
{
    (void)state;
    struct hark_problems problems = {0};
    struct hark_arena arena = {0};
    struct hark_pattern pattern;
    struct hark_loc loc = {HARK_STR("q"), 3, 7};
    assert_true(hark_pattern_parse(HARK_STR(" Čaša* "), true, loc, &arena, &problems, &pattern));
    assert_true(pattern.fold && pattern.words[0].open_end);
    assert_true(hark_str_is(pattern.words[0].text, "casa"));
    assert_true(hark_str_is(pattern.written, "Čaša*"));
    assert_int_equal(pattern.loc.column, 8);
    assert_true(hark_pattern_parse(HARK_STR("{Čaša}"), true, loc, &arena, &problems, &pattern));
    assert_false(pattern.fold);
    assert_true(hark_str_is(pattern.exact, "Čaša"));
    assert_true(hark_pattern_parse(HARK_STR("Čaša"), false, loc, &arena, &problems, &pattern));
    assert_true(hark_str_is(pattern.words[0].text, "čaša"));
    assert_int_equal(problems.n, 0);
    hark_problems_done(&problems);
    hark_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_manual), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_sizes), cmocka_unit_test(test_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
