// Why a rule fired or did not.
//
// tests/data/match/explain.txt: a brand and a post, then a line for the mention and for each intent: what, how, the
// words, what named the brand, evidence as phrase+points@span, phrases taken back as phrase@span<not@span. The rules
// are those of tests/data/match/golden.
#include <hark/match.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *kind_str(enum hark_why_kind kind)
{
    switch (kind) {
    case HARK_WHY_HIT: return "hit";
    case HARK_WHY_NOT_NAMED: return "not-named";
    case HARK_WHY_IGNORED: return "ignored";
    case HARK_WHY_ONLY: return "only";
    case HARK_WHY_SCORE: return "score";
    case HARK_WHY_DELETED: return "deleted";
    }
    return "?";
}

static void write_span(struct hark_buf *out, struct hark_span span)
{
    hark_buf_printf(out, "@%zu-%zu", span.from, span.to);
}

static void write_why(struct hark_buf *out, const struct hark_why *why)
{
    hark_buf_clear(out);
    hark_buf_printf(out, HARK_STR_FMT " %s", HARK_STR_ARG(why->intent ? why->intent->name : HARK_STR("mention")),
                    kind_str(why->kind));
    if (why->intent) hark_buf_printf(out, " %d", why->score);
    if (why->text[0]) hark_buf_printf(out, " (%s)", why->text);
    if (why->named_by.ptr && !why->intent) {
        hark_buf_printf(out, " by " HARK_STR_FMT, HARK_STR_ARG(why->named_by));
        write_span(out, why->named_span);
    }
    for (size_t i = 0; i < why->nevidence; i++) {
        const struct hark_evidence *evidence = &why->evidence[i];
        if (evidence->phrase)
            hark_buf_printf(out, " " HARK_STR_FMT "%+d", HARK_STR_ARG(evidence->phrase->pattern.written),
                            evidence->points);
        else
            hark_buf_printf(out, " [%s]%+d", hark_signal_str(evidence->signal), evidence->points);
        if (evidence->phrase) write_span(out, evidence->span);
    }
    for (size_t i = 0; i < why->ntaken; i++) {
        const struct hark_taken *taken = &why->taken[i];
        hark_buf_printf(out, " " HARK_STR_FMT, HARK_STR_ARG(taken->phrase->pattern.written));
        write_span(out, taken->span);
        hark_buf_printf(out, "<" HARK_STR_FMT, HARK_STR_ARG(taken->by->pattern.written));
        write_span(out, taken->by_span);
    }
}

struct kit {
    struct hark_ruleset *rs;
    struct hark_matcher *m;
    struct hark_scratch *ms;
};

static int setup(void **state)
{
    struct kit *kit = hark_calloc(1, sizeof *kit);
    struct hark_err err = {0};
    struct hark_problems problems = {0};
    struct hark_match_options options = {0};
    const char *path = HARK_TEST_DATA "/match/golden";
    kit->rs = hark_rules_load(&path, 1, hark_match_check_regex, &problems);
    hark_problems_done(&problems);
    kit->m = kit->rs ? hark_matcher_new(kit->rs, &options, &err) : NULL;
    kit->ms = kit->m ? hark_scratch_new(kit->m, &err) : NULL;
    *state = kit;
    return kit->ms ? 0 : -1;
}

static int teardown(void **state)
{
    struct kit *kit = *state;
    hark_scratch_free(kit->ms);
    hark_matcher_unref(kit->m);
    hark_ruleset_unref(kit->rs);
    free(kit);
    return 0;
}

static struct hark_str read_line(FILE *file, char **line, size_t *cap)
{
    ssize_t n = getline(line, cap, file);
    if (n <= 0) return (struct hark_str){0};
    if ((*line)[n - 1] == '\n') n--;
    return hark_strn(*line, (size_t)n);
}

static void expect_reasons(struct kit *kit, struct hark_str name, struct hark_str json, FILE *file, char **line,
                           size_t *cap)
{
    struct hark_err err = {0};
    struct hark_arena arena = {0};
    struct hark_buf got = {0};
    struct hark_post post;
    const struct hark_why *why;
    const struct hark_brand *brand = hark_ruleset_brand(kit->rs, name);
    if (!brand) fail_msg("no brand " HARK_STR_FMT, HARK_STR_ARG(name));
    if (hark_post_decode(json, &arena, &post, &err) < 0) fail_msg("%s", hark_err_str(&err));
    size_t n = hark_match_explain(kit->m, kit->ms, &post, brand, &why);
    assert_int_equal(n, 1 + brand->nintents);
    for (size_t i = 0; i < n; i++) {
        write_why(&got, &why[i]);
        struct hark_str expected = read_line(file, line, cap);
        if (!hark_str_eq(expected, hark_buf_str(&got)))
            fail_msg("expected " HARK_STR_FMT "\ngot      %s", HARK_STR_ARG(expected), hark_buf_cstr(&got));
    }
    hark_buf_done(&got);
    hark_arena_done(&arena);
}

static void reasons_are_those_of_the_table(void **state)
{
    struct kit *kit = *state;
    FILE *file = fopen(HARK_TEST_DATA "/match/explain.txt", "r");
    char *head = NULL, *line = NULL;
    size_t head_cap = 0, cap = 0, cases = 0;
    assert_non_null(file);
    for (struct hark_str s; (s = read_line(file, &head, &head_cap)).ptr;) {
        if (s.len == 0 || s.ptr[0] == '#') continue;
        struct hark_str json, name = hark_str_cut(s, ' ', &json);
        expect_reasons(kit, name, json, file, &line, &cap);
        cases++;
    }
    assert_true(cases >= 15);
    free(head);
    free(line);
    fclose(file);
}

// What explain says and what a match holds is the same.
static void explain_agrees_with_match(void **state)
{
    struct kit *kit = *state;
    FILE *file = fopen(HARK_TEST_DATA "/match/explain.txt", "r");
    char *line = NULL;
    size_t cap = 0, fired = 0;
    assert_non_null(file);
    for (struct hark_str s; (s = read_line(file, &line, &cap)).ptr;) {
        struct hark_str json;
        hark_str_cut(s, ' ', &json);
        if (!json.ptr || json.ptr[0] != '{') continue;
        struct hark_err err = {0};
        struct hark_arena arena = {0};
        struct hark_post post;
        assert_int_equal(hark_post_decode(json, &arena, &post, &err), 0);
        for (size_t b = 0; b < kit->rs->nbrands; b++) {
            const struct hark_why *why;
            size_t n = hark_match_explain(kit->m, kit->ms, &post, &kit->rs->brands[b], &why), hits = 0;
            bool named = why[0].kind == HARK_WHY_HIT, matched = false;
            for (size_t i = 1; i < n; i++) hits += why[i].kind == HARK_WHY_HIT;
            struct hark_matches matches = hark_match_post(kit->m, kit->ms, &post, true);
            for (size_t i = 0; i < matches.n; i++) {
                if (matches.v[i].brand != &kit->rs->brands[b]) continue;
                matched = true;
                assert_int_equal(matches.v[i].nhits, hits);
                fired += hits;
            }
            assert_int_equal(named, matched);
        }
        hark_arena_done(&arena);
    }
    assert_true(fired > 3);
    free(line);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reasons_are_those_of_the_table, setup, teardown),
        cmocka_unit_test_setup_teardown(explain_agrees_with_match, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
