// hark test: runs the tests that rule files carry and prints what differs.

#include "cli.h"
#include "watch.h"

#include <hark/match.h>

#include <stdio.h>

struct outcome {
    const struct hark_matcher *m;
    struct hark_scratch *ms; // for the reasons; the tests themselves run in another
    size_t passed, failed;
};

static void print_names(const char *label, const struct hark_strs *names)
{
    printf("    %s [", label);
    for (size_t i = 0; i < names->n; i++) printf("%s" HARK_STR_FMT, i ? ", " : "", HARK_STR_ARG(names->v[i]));
    printf("]\n");
}

static bool holds(const struct hark_strs *names, struct hark_str name)
{
    for (size_t i = 0; i < names->n; i++)
        if (hark_str_eq(names->v[i], name)) return true;
    return false;
}

// What made it fire: "13 of 10 points: +7 still waiting, +6 refund*".
static void print_points(const struct hark_why *why)
{
    printf("%d of %d points", why->score, why->intent->threshold);
    for (size_t i = 0; i < why->nevidence; i++) {
        const struct hark_evidence *e = &why->evidence[i];
        struct hark_str what = e->phrase ? e->phrase->pattern.written : hark_str(hark_signal_str(e->signal));
        printf("%s %+d " HARK_STR_FMT, i ? "," : ":", e->points, HARK_STR_ARG(what));
    }
    putchar('\n');
}

static void print_reason(const struct hark_why *why, bool fired)
{
    printf("    %s " HARK_STR_FMT ": ", fired ? "+" : "-",
           HARK_STR_ARG(why->intent ? why->intent->name : HARK_STR("mention")));
    if (fired && why->intent)
        print_points(why);
    else
        printf("%s\n", why->text);
}

// The test's post as the test was run with it; false where it is no post.
static bool finish(const struct hark_test *test, struct hark_arena *arena, struct hark_post *ret)
{
    struct hark_err err = {0};
    *ret = test->post;
    return hark_post_finish(ret, arena, &err) == 0;
}

// For each intent on which expected and actual differ, why it fired or did not.
static void print_reasons(struct outcome *outcome, const struct hark_test_result *result)
{
    const struct hark_why *why;
    struct hark_why one;
    struct hark_arena arena = {0};
    struct hark_post post;
    bool fine = finish(result->test, &arena, &post);
    if (fine && result->intent) {
        hark_match_intent(outcome->m, outcome->ms, &post, result->intent, &one);
        print_reason(&one, one.kind == HARK_WHY_HIT);
    }
    size_t n = fine && result->brand ? hark_match_explain(outcome->m, outcome->ms, &post, result->brand, &why) : 0;
    for (size_t i = 0; i < n; i++) {
        bool mention = !why[i].intent;
        bool fired = !mention && holds(&result->actual, why[i].intent->name);
        if (mention ? result->named != result->test->ignored : holds(&result->test->hits, why[i].intent->name) == fired)
            continue;
        if (mention && result->named)
            printf("    + mention: the brand is named by " HARK_STR_FMT "\n", HARK_STR_ARG(why[i].named_by));
        else
            print_reason(&why[i], fired);
        if (mention) break; // it is all about the name
    }
    hark_arena_done(&arena);
}

static void each(const struct hark_test_result *result, void *arg)
{
    struct outcome *outcome = arg;
    const struct hark_test *test = result->test;
    if (result->passed) {
        outcome->passed++;
        return;
    }
    outcome->failed++;
    printf(HARK_STR_FMT ":%u:%u: " HARK_STR_FMT "\n    post: " HARK_STR_FMT "\n", HARK_STR_ARG(test->loc.file),
           test->loc.line, test->loc.column, HARK_STR_ARG(result->brand ? result->brand->name : result->intent->name),
           HARK_STR_ARG(test->post.text));
    if (test->ignored)
        printf("    expected the brand is not named\n");
    else if (test->named)
        print_names("expected", &test->hits);
    if (result->named || result->intent)
        print_names("actual  ", &result->actual);
    else
        printf("    actual   the brand is not named\n");
    print_reasons(outcome, result);
}

static int run_tests(const struct hark_config *cfg, struct hark_ruleset *rs, struct hark_err *err)
{
    const struct hark_match_options options = {.match_limit = (uint32_t)cfg->match_limit};
    struct outcome outcome = {.m = hark_matcher_new(rs, &options, err)};
    struct hark_scratch *ms = outcome.m ? hark_scratch_new(outcome.m, err) : NULL;
    outcome.ms = ms ? hark_scratch_new(outcome.m, err) : NULL;
    if (outcome.ms) {
        hark_match_run_tests(outcome.m, ms, each, &outcome);
        printf("%zu passed, %zu failed\n", outcome.passed, outcome.failed);
        if (outcome.failed) hark_err_set(err, HARK_EINPUT, "%s", "");
    }
    hark_scratch_free(outcome.ms);
    hark_scratch_free(ms);
    hark_matcher_unref((struct hark_matcher *)outcome.m);
    return err->code;
}

static int test(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_problems problems = {0};
    struct hark_ruleset *rs = hark_load_rules(args, &problems);
    if (rs)
        (void)run_tests(cfg, rs, err);
    else
        hark_err_set(err, HARK_EINPUT, "%zu error%s in the rules", problems.errors, problems.errors == 1 ? "" : "s");
    hark_ruleset_unref(rs);
    hark_problems_done(&problems);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    return cfg->watch ? hark_watch(cfg, args, test, "test", err) : test(cfg, args, err);
}

const struct hark_command hark_command_test = {
    .name = "test",
    .arguments = "RULES…",
    .about = "runs the tests in rule files; prints what differs and why",
    .least = 1,
    .most = -1,
    .run = run,
};
