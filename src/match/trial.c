// The tests that rule files carry.

#include "matcher.h"

#include <stdlib.h>

struct trial {
    struct hark_scratch *ms;
    void (*each)(const struct hark_test_result *result, void *arg);
    void *arg;
    struct hark_arena arena; // of one test
    HARK_LIST(struct hark_str) actual;
    size_t failed;
};

static bool holds(struct hark_strs strs, struct hark_str s)
{
    for (size_t i = 0; i < strs.n; i++)
        if (hark_str_eq(strs.v[i], s)) return true;
    return false;
}

static bool same(struct hark_strs expected, struct hark_strs actual)
{
    for (size_t i = 0; i < expected.n; i++)
        if (!holds(actual, expected.v[i])) return false;
    for (size_t i = 0; i < actual.n; i++)
        if (!holds(expected, actual.v[i])) return false;
    return true;
}

static void report(struct trial *trial, struct hark_test_result *result)
{
    const struct hark_test *test = result->test;
    result->actual = (struct hark_strs){trial->actual.v, trial->actual.n};
    result->passed =
        test->ignored ? !result->named : result->named && (!test->named || same(test->hits, result->actual));
    trial->failed += !result->passed;
    trial->each(result, trial->arg);
}

// The test's post as a source would hand it over; false where it cannot be (too long a text).
static bool start(struct trial *trial, const struct hark_test *test, struct hark_post *post)
{
    struct hark_err err = {0};
    hark_arena_reset(&trial->arena);
    trial->actual.n = 0;
    *post = test->post;
    if (hark_post_finish(post, &trial->arena, &err) < 0) return false;
    hark_scratch_start(trial->ms, post);
    return true;
}

static void add_fired(struct trial *trial, const struct hark_intent *intent)
{
    if (hark_verdict_of(trial->ms, intent, false)->fired) HARK_LIST_ADD(&trial->actual, intent->name);
}

static void try_brand(struct trial *trial, const struct hark_brand *brand)
{
    for (size_t i = 0; i < brand->ntests; i++) {
        struct hark_test_result result = {.test = &brand->tests[i], .brand = brand};
        struct hark_post post;
        char why[256];
        result.named = start(trial, result.test, &post) && hark_verify_named(trial->ms, brand) &&
                       hark_verify_only(trial->ms, brand, why, sizeof why) == HARK_WHY_HIT;
        for (size_t k = 0; k < brand->nintents && result.named; k++) add_fired(trial, brand->intents[k]);
        report(trial, &result);
    }
}

// A brand is taken as named.
static void try_intent(struct trial *trial, const struct hark_intent *intent)
{
    for (size_t i = 0; i < intent->ntests; i++) {
        struct hark_test_result result = {.test = &intent->tests[i], .intent = intent};
        struct hark_post post;
        result.named = start(trial, result.test, &post);
        if (result.named) add_fired(trial, intent);
        report(trial, &result);
    }
}

size_t hark_match_run_tests(const struct hark_matcher *m, struct hark_scratch *ms,
                            void (*each)(const struct hark_test_result *result, void *arg), void *arg)
{
    struct trial trial = {.ms = ms, .each = each, .arg = arg};
    for (size_t i = 0; i < m->rs->nbrands; i++) try_brand(&trial, &m->rs->brands[i]);
    for (size_t i = 0; i < m->rs->nintents; i++) try_intent(&trial, m->rs->intents[i]);
    hark_arena_done(&trial.arena);
    free(trial.actual.v);
    return trial.failed;
}
