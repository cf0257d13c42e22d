// Patterns that cost too much go into quarantine, and nothing else does: rules beside them lose no hit.
#include <hark/match.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { GOOD = 1000 };

struct kit {
    struct hark_matcher *m;
    struct hark_scratch *ms;
    struct hark_post post;
    struct hark_arena arena;
    struct hark_buf text;
};

static void kit_init(struct kit *kit, const char *yaml)
{
    struct hark_problems problems = {0};
    struct hark_err err = {0};
    struct hark_match_options options = {0};
    *kit = (struct kit){0};
    struct hark_ruleset *rs =
        hark_rules_load_text(HARK_STR("test.yaml"), hark_str(yaml), hark_match_check_regex, &problems);
    if (!rs) fail_msg(HARK_STR_FMT, HARK_STR_ARG(problems.v[0].text));
    hark_problems_done(&problems);
    kit->m = hark_matcher_new(rs, &options, &err);
    hark_ruleset_unref(rs);
    assert_non_null(kit->m);
    kit->ms = hark_scratch_new(kit->m, &err);
    assert_non_null(kit->ms);
}

static void kit_done(struct kit *kit)
{
    hark_scratch_free(kit->ms);
    hark_matcher_unref(kit->m);
    hark_arena_done(&kit->arena);
    hark_buf_done(&kit->text);
}

// "head" and n times "more".
static const struct hark_post *make_post(struct kit *kit, const char *head, const char *more, size_t n,
                                         const char *tail)
{
    struct hark_err err = {0};
    hark_buf_clear(&kit->text);
    hark_buf_printf(&kit->text, "%s", head);
    for (size_t i = 0; i < n; i++) hark_buf_printf(&kit->text, "%s", more);
    hark_buf_printf(&kit->text, "%s", tail);
    hark_arena_reset(&kit->arena);
    hark_post_init(&kit->post);
    kit->post.id = HARK_STR("1");
    kit->post.source = HARK_STR("bluesky");
    kit->post.time_ms = 1;
    kit->post.text = hark_buf_str(&kit->text);
    assert_int_equal(hark_post_finish(&kit->post, &kit->arena, &err), 0);
    return &kit->post;
}

static struct hark_matches match(struct kit *kit, const struct hark_post *post)
{
    return hark_match_post(kit->m, kit->ms, post, true);
}

static const char *hostile_rules(void)
{
    static struct hark_buf yaml;
    hark_buf_clear(&yaml);
    hark_buf_printf(&yaml, "brand: bad\nteam: t\nlisten: {hashtags: [acorn]}\n"
                           "intents: [{name: dear, phrases: {en: ['/(a+)+$/', '/(.*)*x/']}}]\n");
    for (int i = 0; i < GOOD; i++)
        hark_buf_printf(&yaml,
                        "---\nbrand: b%d\nteam: t\nlisten: {hashtags: [acorn]}\n"
                        "intents: [{name: want, phrases: {en: [want, '/wa[n]t%d/']}}]\n",
                        i, i);
    return hark_buf_cstr(&yaml);
}

static void good_rules_beside_hostile_ones_lose_nothing(void **state)
{
    (void)state;
    struct kit kit;
    const struct hark_pattern *told[3];
    const struct hark_pattern_cost *costs;
    kit_init(&kit, hostile_rules());
    for (int i = 0; i < 30; i++) {
        struct hark_matches matches = match(&kit, make_post(&kit, "#acorn x I want ", "a", 200, "!"));
        assert_int_equal(matches.n, GOOD + 1);
        for (size_t k = 1; k < matches.n; k++) assert_int_equal(matches.v[k].nhits, 1);
    }
    // Each is told once.
    for (int i = 0; i < 3; i++) told[i] = hark_scratch_quarantined(kit.ms);
    assert_non_null(told[0]);
    assert_non_null(told[1]);
    assert_ptr_not_equal(told[0], told[1]);
    assert_null(told[2]);
    size_t n = hark_scratch_costs(kit.ms, &costs), quarantined = 0;
    assert_int_equal(n, GOOD + 2);
    for (size_t i = 0; i < n; i++) {
        if (!costs[i].quarantined) continue;
        quarantined++;
        assert_int_equal(costs[i].over, HARK_QUARANTINE_OVER);
        assert_int_equal(costs[i].skipped, 30 - HARK_QUARANTINE_OVER);
    }
    assert_int_equal(quarantined, 2);
    // The first post was timed: shares fall, and together they are no more than all of it.
    double all = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0) assert_true(costs[i].share <= costs[i - 1].share);
        all += costs[i].share;
    }
    assert_true(all > 0 && all <= 1);
    kit_done(&kit);
}

static void other_threads_pass_over_it_at_once(void **state)
{
    (void)state;
    struct kit kit;
    struct hark_err err = {0};
    const struct hark_pattern_cost *costs;
    kit_init(&kit,
             "brand: b\nteam: t\nlisten: {hashtags: [acorn]}\nintents: [{name: dear, phrases: {en: ['/(a+)+$/']}}]\n");
    for (int i = 0; i < HARK_QUARANTINE_OVER; i++) match(&kit, make_post(&kit, "#acorn ", "a", 200, "!"));
    hark_scratch_free(kit.ms);
    kit.ms = hark_scratch_new(kit.m, &err);
    assert_int_equal(match(&kit, make_post(&kit, "#acorn ", "a", 3, "")).v[0].nhits, 0);
    assert_int_equal(hark_scratch_costs(kit.ms, &costs), 1);
    assert_int_equal(costs[0].over, 0);
    assert_int_equal(costs[0].skipped, 1);
    kit_done(&kit);
}

static void now_and_then_over_the_limit_is_borne(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit,
             "brand: b\nteam: t\nlisten: {hashtags: [acorn]}\nintents: [{name: dear, phrases: {en: ['/(a+)+$/']}}]\n");
    for (int i = 0; i < 3 * HARK_QUARANTINE_TRIES; i++) {
        bool dear = i % (HARK_QUARANTINE_TRIES / 4) == 0;
        match(&kit, make_post(&kit, "#acorn ", "a", dear ? 200 : 3, "!"));
    }
    assert_null(hark_scratch_quarantined(kit.ms));
    assert_int_equal(hark_scratch_stats(kit.ms)->over_limit, 12);
    assert_int_equal(match(&kit, make_post(&kit, "#acorn ", "a", 3, "")).v[0].nhits, 1);
    kit_done(&kit);
}

// Nobody can take a rule out of service with long posts.
static void long_posts_put_no_good_pattern_away(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit,
             "brand: b\nteam: t\nlisten: {hashtags: [acorn]}\nintents: [{name: i, phrases: {en: ['/zebra\\d+/']}}]\n");
    for (int i = 0; i < 2 * HARK_QUARANTINE_OVER; i++)
        assert_int_equal(match(&kit, make_post(&kit, "#acorn ", "stripes ", 130000, "")).n, 1); // 1 MB
    assert_int_equal(hark_scratch_stats(kit.ms)->over_limit, 2 * HARK_QUARANTINE_OVER);
    assert_null(hark_scratch_quarantined(kit.ms));
    assert_int_equal(match(&kit, make_post(&kit, "#acorn zebra7 ", "stripes ", 130000, "")).v[0].nhits, 1);
    kit_done(&kit);
}

static size_t maybe(struct kit *kit, const char *text)
{
    struct hark_buf raw = {0};
    hark_buf_printf(&raw, "{\"text\":\"%s\"}", text);
    size_t n = hark_match_maybe(kit->m, kit->ms, hark_buf_str(&raw));
    hark_buf_done(&raw);
    return n;
}

static void quarantine(struct kit *kit, const char *more)
{
    for (int i = 0; i < HARK_QUARANTINE_OVER; i++) match(kit, make_post(kit, "", more, 200, "!"));
    assert_non_null(hark_scratch_quarantined(kit->ms));
}

// What a pattern let in need not be parsed any more when it is in quarantine; what the brand has beside it is found.
static void quarantine_shuts_the_door(void **state)
{
    (void)state;
    struct kit kit;
    kit_init(&kit, "brand: a\nteam: t\nlisten: {hashtags: [acorn], keywords: ['/(a+)+$/', '/(b+)+$/']}\n---\n"
                   "brand: b\nteam: t\nlisten: {query: '/(a+)+$/ lang:en'}\n---\n"
                   "brand: c\nteam: t\nlisten: {query: '/(a+)+$/ OR lang:en'}\n---\n"
                   "brand: d\nteam: t\nlisten: {query: 'lang:en -/(a+)+$/'}\n");
    assert_int_equal(maybe(&kit, "hello"), 4);
    quarantine(&kit, "a");
    assert_int_equal(maybe(&kit, "hello"), 3); // a has another pattern; c and d may be true of every post
    quarantine(&kit, "b");
    assert_int_equal(maybe(&kit, "hello"), 2);
    assert_int_equal(maybe(&kit, "#Acorn"), 3);
    assert_int_equal(match(&kit, make_post(&kit, "#Acorn", "", 0, "")).n, 1);
    kit_done(&kit);
}

static void explain_says_what_was_stopped(void **state)
{
    (void)state;
    struct kit kit;
    const struct hark_why *why;
    kit_init(&kit,
             "brand: b\nteam: t\nlisten: {hashtags: [acorn]}\nintents: [{name: dear, phrases: {en: ['/(a+)+$/']}}]\n");
    const struct hark_brand *brand = &hark_matcher_rules(kit.m)->brands[0];
    for (int i = 0; i < HARK_QUARANTINE_OVER + 1; i++) {
        size_t n = hark_match_explain(kit.m, kit.ms, make_post(&kit, "#acorn ", "a", 200, "!"), brand, &why);
        assert_int_equal(n, 2);
        assert_int_equal(why[0].nstopped, 0);
        assert_int_equal(why[1].nstopped, 1);
        assert_true(hark_str_is(why[1].stopped[0].pattern->written, "/(a+)+$/"));
        assert_int_equal(why[1].stopped[0].quarantined, i == HARK_QUARANTINE_OVER);
    }
    kit_done(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_rules_beside_hostile_ones_lose_nothing),
        cmocka_unit_test(other_threads_pass_over_it_at_once),
        cmocka_unit_test(now_and_then_over_the_limit_is_borne),
        cmocka_unit_test(long_posts_put_no_good_pattern_away),
        cmocka_unit_test(quarantine_shuts_the_door),
        cmocka_unit_test(explain_says_what_was_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
