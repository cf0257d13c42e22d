// The matcher: rule files that carry their tests, whole matches, limits, threads.
//
// tests/data/match/rules: every operator and list, with posts that hit, that do not, and at the edge.
// tests/data/match/matches.txt: posts and their matches as JSON under the rules in tests/data/match/golden.
// tests/data/match/patterns.txt: patterns and what is wrong with them.
// tests/data/match/literals.txt: queries and what the prefilter looks for because of them.
#include "../../src/match/literals.h"

#include <hark/match.h>
#include <hark/text.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DATA HARK_TEST_DATA "/match/"

struct kit {
    struct hark_ruleset *rs;
    struct hark_matcher *m;
    struct hark_scratch *ms;
    struct hark_arena arena; // of a post
    struct hark_buf json;
};

static void kit_compile(struct kit *kit, struct hark_ruleset *rs, struct hark_problems *problems)
{
    struct hark_err err = {0};
    struct hark_buf text = {0};
    struct hark_match_options options = {0};
    hark_problems_print(problems, true, &text);
    if (!rs) fail_msg("%s", hark_buf_cstr(&text));
    hark_buf_done(&text);
    hark_problems_done(problems);
    kit->rs = rs;
    kit->m = hark_matcher_new(rs, &options, &err);
    if (!kit->m) fail_msg("%s", hark_err_str(&err));
    kit->ms = hark_scratch_new(kit->m, &err);
    if (!kit->ms) fail_msg("%s", hark_err_str(&err));
}

static void kit_load(struct kit *kit, const char *path)
{
    struct hark_problems problems = {0};
    *kit = (struct kit){0};
    struct hark_ruleset *rs = hark_rules_load(&path, 1, hark_match_check_regex, &problems);
    kit_compile(kit, rs, &problems);
}

static void kit_text(struct kit *kit, const char *yaml)
{
    struct hark_problems problems = {0};
    *kit = (struct kit){0};
    struct hark_ruleset *rs =
        hark_rules_load_text(HARK_STR("test.yaml"), hark_str(yaml), hark_match_check_regex, &problems);
    kit_compile(kit, rs, &problems);
}

static void kit_done(struct kit *kit)
{
    hark_scratch_free(kit->ms);
    hark_matcher_unref(kit->m);
    hark_ruleset_unref(kit->rs);
    hark_arena_done(&kit->arena);
    hark_buf_done(&kit->json);
}

static struct hark_matches kit_match(struct kit *kit, struct hark_str raw, struct hark_post *post)
{
    struct hark_err err = {0};
    hark_arena_reset(&kit->arena);
    size_t candidates = hark_match_maybe(kit->m, kit->ms, raw);
    if (hark_post_decode(raw, &kit->arena, post, &err) < 0) fail_msg("%s", hark_err_str(&err));
    if (candidates == 0) return (struct hark_matches){NULL, 0};
    return hark_match_post(kit->m, kit->ms, post, false);
}

static struct hark_matches kit_match_text(struct kit *kit, struct hark_str text, struct hark_post *post)
{
    struct hark_json json = hark_json_to(&kit->json);
    hark_buf_clear(&kit->json);
    hark_json_open(&json, '{');
    hark_json_kc(&json, "schema", "hark.post/1");
    hark_json_kc(&json, "id", "1");
    hark_json_kc(&json, "source", "x");
    hark_json_kc(&json, "op", "create");
    hark_json_kc(&json, "time", "2026-11-21T10:00:00Z");
    hark_json_kv(&json, "text", text);
    hark_json_close(&json, '}');
    return kit_match(kit, hark_buf_str(&kit->json), post);
}

// --- rule files ---

struct tally {
    struct kit *kit;
    size_t tests, failed, overlooked;
};

static void on_result(const struct hark_test_result *result, void *arg)
{
    struct tally *tally = arg;
    tally->tests++;
    if (result->passed) return;
    tally->failed++;
    print_message(HARK_STR_FMT ":%u: named %d, actual", HARK_STR_ARG(result->test->loc.file), result->test->loc.line,
                  result->named);
    for (size_t i = 0; i < result->actual.n; i++) print_message(" " HARK_STR_FMT, HARK_STR_ARG(result->actual.v[i]));
    print_message("\n");
}

static void rule_files_pass_their_tests(void **state)
{
    (void)state;
    struct kit kit;
    kit_load(&kit, DATA "rules");
    struct tally tally = {.kit = &kit};
    assert_int_equal(hark_match_run_tests(kit.m, kit.ms, on_result, &tally), tally.failed);
    assert_true(tally.tests >= 150);
    assert_int_equal(tally.failed, 0);
    kit_done(&kit);
}

// A test that is wrong is seen to fail.
static void failed_tests_are_told(void **state)
{
    (void)state;
    struct kit kit;
    kit_text(&kit, "brand: a\nteam: t\nlisten: {keywords: [acme]}\n"
                   "intents: [{name: want, phrases: {en: [want]}}]\n"
                   "tests:\n"
                   "  - {post: I want acme, hits: []}\n"
                   "  - {post: acme, hits: [want]}\n"
                   "  - {post: nothing, hits: []}\n"
                   "  - {post: acme, hits: none}\n"
                   "  - {post: I want acme, hits: [want]}\n");
    struct tally tally = {.kit = &kit};
    print_message("four failures follow\n");
    assert_int_equal(hark_match_run_tests(kit.m, kit.ms, on_result, &tally), 4);
    assert_int_equal(tally.tests, 5);
    kit_done(&kit);
}

// The posts of the rule files' tests as messages: what names a brand must get past the prefilter.
static void on_result_again(const struct hark_test_result *result, void *arg)
{
    struct tally *tally = arg;
    if (!result->brand || !result->named) return;
    struct hark_post post = result->test->post, again;
    struct hark_err err = {0};
    struct hark_arena arena = {0};
    assert_int_equal(hark_post_finish(&post, &arena, &err), 0);
    struct hark_json json = hark_json_to(&tally->kit->json);
    hark_buf_clear(&tally->kit->json);
    hark_post_encode(&post, &json);
    struct hark_scratch *ms = hark_scratch_new(tally->kit->m, &err);
    assert_non_null(ms);
    bool found = false;
    hark_match_maybe(tally->kit->m, ms, hark_buf_str(&tally->kit->json));
    assert_int_equal(hark_post_decode(hark_buf_str(&tally->kit->json), &arena, &again, &err), 0);
    struct hark_matches matches = hark_match_post(tally->kit->m, ms, &again, false);
    for (size_t i = 0; i < matches.n; i++) found |= matches.v[i].brand == result->brand;
    tally->tests++;
    if (!found)
        print_message(HARK_STR_FMT ":%u: overlooked\n", HARK_STR_ARG(result->test->loc.file), result->test->loc.line);
    tally->overlooked += !found;
    hark_scratch_free(ms);
    hark_arena_done(&arena);
}

static void prefilter_overlooks_none_of_them(void **state)
{
    (void)state;
    struct kit kit;
    kit_load(&kit, DATA "rules");
    struct tally tally = {.kit = &kit};
    hark_match_run_tests(kit.m, kit.ms, on_result_again, &tally);
    assert_true(tally.tests >= 60);
    assert_int_equal(tally.overlooked, 0);
    kit_done(&kit);
}

// --- whole matches ---

static struct hark_str read_line(FILE *file, char **line, size_t *cap)
{
    ssize_t n = getline(line, cap, file);
    if (n <= 0) return (struct hark_str){0};
    if ((*line)[n - 1] == '\n') n--;
    return hark_strn(*line, (size_t)n);
}

static FILE *open_data(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("cannot open %s", path);
    return file;
}

static void expect_matches(struct kit *kit, struct hark_str raw, FILE *file, char **line, size_t *cap)
{
    struct hark_post post;
    struct hark_buf got = {0};
    struct hark_matches matches = kit_match(kit, raw, &post);
    for (size_t i = 0; i < matches.n; i++) {
        struct hark_json json = hark_json_to(&got);
        hark_buf_clear(&got);
        hark_match_encode(&matches.v[i], &post, HARK_STR("{}"), "v", &json);
        struct hark_str expected = read_line(file, line, cap);
        if (!hark_str_eq(expected, hark_buf_str(&got)))
            fail_msg("expected " HARK_STR_FMT "\ngot      %s", HARK_STR_ARG(expected), hark_buf_cstr(&got));
    }
    struct hark_str rest = read_line(file, line, cap);
    if (rest.len) fail_msg("missing: " HARK_STR_FMT, HARK_STR_ARG(rest));
    hark_buf_done(&got);
}

static void matches_are_complete(void **state)
{
    (void)state;
    struct kit kit;
    kit_load(&kit, DATA "golden");
    FILE *file = open_data(DATA "matches.txt");
    char *line = NULL, *post = NULL;
    size_t cap = 0, post_cap = 0, cases = 0;
    for (struct hark_str s; (s = read_line(file, &post, &post_cap)).ptr;) {
        if (s.len == 0 || s.ptr[0] == '#') continue;
        expect_matches(&kit, s, file, &line, &cap);
        cases++;
    }
    assert_true(cases >= 10);
    free(line);
    free(post);
    fclose(file);
    kit_done(&kit);
}

// --- what the prefilter looks for ---

static void write_literals(const struct hark_node *listen, struct hark_buf *out)
{
    struct hark_arena arena = {0};
    struct hark_literals literals = {0};
    const struct hark_node *why = NULL;
    hark_buf_clear(out);
    if (hark_literals_of(listen, &arena, &literals, &why)) {
        for (size_t i = 0; i < literals.n; i++) {
            unsigned closed = literals.v[i].closed;
            hark_buf_printf(out, "%s%s" HARK_STR_FMT "%s", i ? " | " : "", closed & HARK_CLOSED_START ? "[" : "",
                            HARK_STR_ARG(literals.v[i].bytes),
                            closed & HARK_CLOSED_WORD  ? "]"
                            : closed & HARK_CLOSED_TAG ? ">"
                                                       : "");
        }
    } else {
        hark_buf_printf(out, "none: " HARK_STR_FMT, HARK_STR_ARG(why->written));
    }
    free(literals.v);
    hark_arena_done(&arena);
}

static void literals_are_those_of_the_table(void **state)
{
    (void)state;
    FILE *file = open_data(DATA "literals.txt");
    char *line = NULL;
    size_t cap = 0, cases = 0;
    struct hark_buf yaml = {0}, got = {0};
    for (struct hark_str s; (s = read_line(file, &line, &cap)).ptr;) {
        if (s.len == 0 || s.ptr[0] == ';') continue;
        struct hark_problems problems = {0};
        struct hark_str expected, query = hark_str_cut(s, '\t', &expected);
        hark_buf_clear(&yaml);
        hark_buf_printf(&yaml, "brand: a\nteam: t\nlisten:\n  query: '" HARK_STR_FMT "'\n", HARK_STR_ARG(query));
        struct hark_ruleset *rs =
            hark_rules_load_text(HARK_STR("a.yaml"), hark_buf_str(&yaml), hark_match_check_regex, &problems);
        if (!rs) fail_msg(HARK_STR_FMT ": " HARK_STR_FMT, HARK_STR_ARG(query), HARK_STR_ARG(problems.v[0].text));
        write_literals(rs->brands[0].listen, &got);
        if (!hark_str_eq(expected, hark_buf_str(&got)))
            fail_msg("%s: expected " HARK_STR_FMT ", got %s", line, HARK_STR_ARG(expected), hark_buf_cstr(&got));
        hark_ruleset_unref(rs);
        hark_problems_done(&problems);
        cases++;
    }
    assert_true(cases >= 15);
    hark_buf_done(&yaml);
    hark_buf_done(&got);
    free(line);
    fclose(file);
}

static void brands_without_literals_are_told(void **state)
{
    (void)state;
    struct kit kit;
    size_t n;
    kit_text(&kit, "brand: a\nteam: t\nlisten: {keywords: [acme, '/x.y/']}\n---\n"
                   "brand: b\nteam: t\nlisten: {keywords: [acme]}\n---\n"
                   "brand: c\nteam: t\nlisten: {all: true}\n");
    const struct hark_unfiltered *unfiltered = hark_matcher_unfiltered(kit.m, &n);
    assert_int_equal(n, 2);
    assert_true(hark_str_is(unfiltered[0].brand->name, "a"));
    assert_int_equal(unfiltered[0].because->kind, HARK_NODE_PATTERN);
    assert_true(hark_str_is(unfiltered[1].brand->name, "c"));
    assert_int_equal(hark_match_maybe(kit.m, kit.ms, HARK_STR("{}")), 2);
    assert_int_equal(hark_match_maybe(kit.m, kit.ms, HARK_STR("{\"text\":\"ACME\"}")), 3);
    kit_done(&kit);
}

static size_t maybe(struct kit *kit, const char *raw)
{
    return hark_match_maybe(kit->m, kit->ms, hark_str(raw));
}

// Jamo with a mark between them are one syllable where marks do not count, and two characters where they do.
static void torn_syllables_may_be_anything(void **state)
{
    (void)state;
    struct kit kit;
    kit_text(&kit, "brand: a\nteam: t\nfold: true\nlisten: {keywords: [각]}\n---\n"
                   "brand: b\nteam: t\nlisten: {keywords: [가*]}\n");
    assert_int_equal(maybe(&kit, "{\"text\":\"가\u0301\u11a8\"}"), 2);
    assert_int_equal(maybe(&kit, "{\"text\":\"가\u11a8\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"나\"}"), 0);
    kit_done(&kit);
}

// What a raw message need not be parsed for.
static void neighbours_rule_out(void **state)
{
    (void)state;
    struct kit kit;
    kit_text(&kit, "brand: a\nteam: t\nlisten: {hashtags: [ri], keywords: [max, text, nik*]}\n");
    assert_int_equal(maybe(&kit, "{\"text\":\"maximum\"}"), 0);
    assert_int_equal(maybe(&kit, "{\"text\":\"climax\"}"), 0);
    assert_int_equal(maybe(&kit, "{\"text\":\"max_\"}"), 0);
    assert_int_equal(maybe(&kit, "{\"text\":\"MAX\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"maxé\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"maxhttps://a.example\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"rio #rim\"}"), 0);
    assert_int_equal(maybe(&kit, "{\"text\":\"#ri_\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"nikon\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"finik\"}"), 0);
    // "text" names a field here, and a word there.
    assert_int_equal(maybe(&kit, "{\"text\":\"a\"}"), 0);
    assert_int_equal(maybe(&kit, "{\"text\":\"\\\"text\\\":\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"text\"}"), 1);
    // Escapes, NFD, full-width.
    assert_int_equal(maybe(&kit, "{\"text\":\"\\u006d\\u0041x\"}"), 1);
    assert_int_equal(maybe(&kit, "{\"text\":\"ｍax\"}"), 1);
    const struct hark_match_stats *stats = hark_scratch_stats(kit.ms);
    assert_int_equal(stats->scanned, 15);
    assert_int_equal(stats->folded, 3); // é, the escapes and the full-width letter
    assert_int_equal(stats->candidates, 9);
    kit_done(&kit);
}

// More literals share eight bytes than a chain takes.
static void many_literals_with_one_ending(void **state)
{
    (void)state;
    struct kit kit;
    struct hark_buf yaml = {0}, raw = {0};
    for (int i = 0; i < 200; i++)
        hark_buf_printf(&yaml,
                        "%sbrand: b%d\nteam: t\nlisten: {hashtags: [x%dofficialaccount], domains: [x%d.example.com]}\n",
                        i ? "---\n" : "", i, i, i);
    kit_text(&kit, hark_buf_cstr(&yaml));
    for (int i = 0; i < 200; i++) {
        hark_buf_clear(&raw);
        hark_buf_printf(&raw, "{\"text\":\"see #X%dOfficialAccount\"}", i);
        assert_int_equal(hark_match_maybe(kit.m, kit.ms, hark_buf_str(&raw)), 1);
        hark_buf_clear(&raw);
        hark_buf_printf(&raw, "{\"text\":\"see https://x%d.example.com/\"}", i);
        assert_true(hark_match_maybe(kit.m, kit.ms, hark_buf_str(&raw)) >= 1);
    }
    hark_buf_done(&yaml);
    hark_buf_done(&raw);
    kit_done(&kit);
}

// --- patterns ---

static void patterns_are_checked(void **state)
{
    (void)state;
    FILE *file = open_data(DATA "patterns.txt");
    char *line = NULL;
    size_t cap = 0, cases = 0;
    for (struct hark_str s; (s = read_line(file, &line, &cap)).ptr;) {
        if (s.len == 0 || s.ptr[0] == ';') continue;
        struct hark_str rest, pattern = hark_str_cut(s, '\t', &rest);
        char text[256] = "good", got[300];
        size_t offset = 0;
        int rc = hark_match_check_regex(pattern, &offset, text, sizeof text);
        snprintf(got, sizeof got, rc ? "%zu: %s" : "good", offset, text);
        if (hark_str_is(rest, "refused") && rc && text[0]) snprintf(got, sizeof got, "refused");
        if (!hark_str_is(rest, got))
            fail_msg(HARK_STR_FMT ": expected " HARK_STR_FMT ", got %s", HARK_STR_ARG(pattern), HARK_STR_ARG(rest),
                     got);
        cases++;
    }
    assert_true(cases >= 20);
    free(line);
    fclose(file);
}

static void long_patterns_are_refused(void **state)
{
    (void)state;
    size_t len = HARK_RULES_MAX_PATTERN_BYTES + 1, offset = 1;
    char *pattern = hark_alloc(len), text[256];
    memset(pattern, 'a', len);
    assert_int_equal(hark_match_check_regex(hark_strn(pattern, len - 1), &offset, text, sizeof text), 0);
    assert_int_equal(hark_match_check_regex(hark_strn(pattern, len), &offset, text, sizeof text), -1);
    assert_int_equal(offset, 0);
    assert_non_null(strstr(text, "16 KiB"));
    free(pattern);
}

// A pattern over its limit is counted and no hit; the others go on.
static void limits_are_kept(void **state)
{
    (void)state;
    struct kit kit;
    struct hark_post post;
    kit_text(&kit, "brand: a\nteam: t\nlisten: {keywords: ['/(x+x+)+y/', '/(a+)+$/']}\n---\n"
                   "brand: b\nteam: t\nlisten: {keywords: [acme]}\n"
                   "intents: [{name: want, phrases: {en: [want, '/(a|aa)+$/']}}]\n");
    struct hark_matches matches = kit_match_text(
        &kit, HARK_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! I want acme"), &post);
    assert_int_equal(matches.n, 1);
    assert_int_equal(matches.v[0].nhits, 1);
    assert_int_equal(hark_scratch_stats(kit.ms)->over_limit, 2);
    // Short of it they work.
    matches = kit_match_text(&kit, HARK_STR("aaa"), &post);
    assert_int_equal(matches.n, 1);
    assert_int_equal(hark_scratch_stats(kit.ms)->over_limit, 2);
    kit_done(&kit);
}

// The head of a very long text is searched; that the rest was not is counted.
static void long_texts_are_searched_in_part(void **state)
{
    (void)state;
    struct kit kit;
    struct hark_post post;
    size_t len = 900000;
    char *text = hark_alloc(len);
    memset(text, 'b', len);
    kit_text(&kit, "brand: a\nteam: t\nlisten: {keywords: ['/(?=.*ab)(?=.*ac)/', '/a\\d/', acme]}\n");
    memcpy(text + 32 * 1024 - 2, "a1", 2);
    assert_int_equal(kit_match_text(&kit, hark_strn(text, len), &post).n, 1);
    uint64_t before = hark_scratch_stats(kit.ms)->over_limit;
    memset(text, 'b', len);
    memcpy(text + 32 * 1024 - 1, "a1", 2);
    assert_int_equal(kit_match_text(&kit, hark_strn(text, len), &post).n, 0);
    assert_true(hark_scratch_stats(kit.ms)->over_limit > before);
    memcpy(text + len - 6, " acme.", 6);
    assert_int_equal(kit_match_text(&kit, hark_strn(text, len), &post).n, 1);
    free(text);
    kit_done(&kit);
}

// --- posts made to be dear ---

static void hostile_posts(void **state)
{
    (void)state;
    struct kit kit;
    struct hark_post post;
    struct hark_buf text = {0};
    kit_text(&kit, "brand: a\nteam: t\nlisten: {query: '\"a b c\"~100 OR #a OR a*'}\n"
                   "intents: [{name: want, phrases: {en: [a*, '\"a b\"~100', '*aa*']}, not: {en: ['\"b a\"~100']}}]\n");
    for (int i = 0; i < 60000; i++) hark_buf_printf(&text, "#a a b aa ");
    struct hark_matches matches = kit_match_text(&kit, hark_buf_str(&text), &post);
    assert_int_equal(matches.n, 1);
    assert_true(matches.v[0].nspans <= 3 * 64); // of three leaves
    hark_buf_done(&text);
    kit_done(&kit);
}

// --- threads ---

struct worker {
    const struct hark_matcher *m;
    size_t matches;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct hark_err err = {0};
    struct kit kit = {.m = hark_matcher_ref((struct hark_matcher *)(uintptr_t)worker->m),
                      .ms = hark_scratch_new(worker->m, &err)};
    struct hark_post post;
    for (int i = 0; i < 2000; i++)
        worker->matches +=
            kit_match_text(&kit, i % 2 ? HARK_STR("I want that #RiverIsland coat") : HARK_STR("no"), &post).n;
    kit_done(&kit);
    return NULL;
}

static void threads_share_a_matcher(void **state)
{
    (void)state;
    struct kit kit;
    struct worker workers[4];
    pthread_t threads[4];
    kit_load(&kit, DATA "golden");
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){.m = kit.m};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].matches, 1000);
    }
    kit_done(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_files_pass_their_tests),      cmocka_unit_test(failed_tests_are_told),
        cmocka_unit_test(prefilter_overlooks_none_of_them), cmocka_unit_test(matches_are_complete),
        cmocka_unit_test(literals_are_those_of_the_table),  cmocka_unit_test(brands_without_literals_are_told),
        cmocka_unit_test(torn_syllables_may_be_anything),   cmocka_unit_test(neighbours_rule_out),
        cmocka_unit_test(many_literals_with_one_ending),    cmocka_unit_test(patterns_are_checked),
        cmocka_unit_test(long_patterns_are_refused),        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(long_texts_are_searched_in_part),  cmocka_unit_test(hostile_posts),
        cmocka_unit_test(threads_share_a_matcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
