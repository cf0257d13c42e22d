// Rules that change while they are used. When their files have changed (watch.c) they are loaded and compiled, their
// tests are run, and only then the new set takes the place of the old one, which workers leave between two batches.
// What is wrong with a set is logged, and the old one stays.

#include "pipeline.h"

#include <hark/clock.h>

#include <pthread.h>
#include <stdlib.h>

enum { MAX_LOGGED = 20 }; // of problems, and of tests

struct rules {
    const struct hark_config *cfg;
    int (*adopt)(void *arg, const struct hark_matcher *m, struct hark_err *err);
    void *arg;
    struct hark_watch *watch;
    pthread_mutex_t lock;
    struct hark_matcher *m;        // under the lock
    _Atomic(const void *) current; // m, to compare with
};

// --- a new set ---

static void log_problems(const struct hark_problems *problems)
{
    size_t logged = 0;
    for (size_t i = 0; i < problems->n && logged < MAX_LOGGED; i++) {
        const struct hark_problem *problem = &problems->v[i];
        if (problem->warning && problems->errors) continue;
        hark_log(problem->warning ? HARK_WARN : HARK_ERROR, "rule", "file=%s line=%u column=%u problem=%s",
                 hark_log_q(problem->loc.file), problem->loc.line, problem->loc.column, hark_log_q(problem->text));
        logged++;
    }
}

static void log_test(const struct hark_test_result *result, void *arg)
{
    size_t *failed = arg;
    if (result->passed || ++*failed > MAX_LOGGED) return;
    const struct hark_test *test = result->test;
    hark_log(HARK_ERROR, "test failed", "file=%s line=%u rule=%s post=%s", hark_log_q(test->loc.file), test->loc.line,
             hark_log_q(result->brand ? result->brand->name : result->intent->name), hark_log_q(test->post.text));
}

static bool passes_tests(const struct hark_matcher *m, struct hark_err *err)
{
    size_t failed = 0;
    struct hark_scratch *ms = hark_scratch_new(m, err);
    if (!ms) return false;
    hark_match_run_tests(m, ms, log_test, &failed);
    hark_scratch_free(ms);
    if (failed) hark_err_set(err, HARK_EINPUT, "%zu of the rules' own tests failed", failed);
    return failed == 0;
}

static void put(struct rules *rules, struct hark_matcher *m)
{
    pthread_mutex_lock(&rules->lock);
    struct hark_matcher *old = rules->m;
    rules->m = m;
    atomic_store(&rules->current, m);
    pthread_mutex_unlock(&rules->lock);
    hark_matcher_unref(old);
}

static struct hark_matcher *build(struct rules *rules, bool asked, struct hark_err *err)
{
    struct hark_problems problems = {0};
    struct hark_matcher *m = NULL;
    const char *old = hark_matcher_rules(rules->m)->version; // only this thread changes it
    struct hark_ruleset *rs = hark_rules_load(&rules->cfg->rules, 1, hark_match_check_regex, &problems);
    bool same = rs && strcmp(rs->version, old) == 0;
    if (same && asked) hark_log(HARK_INFO, "rules unchanged", "version=%s", old);
    if (!same) log_problems(&problems);
    if (!rs)
        hark_err_set(err, HARK_EINPUT, "%zu error%s in the rules", problems.errors, problems.errors == 1 ? "" : "s");
    else if (!same)
        m = rules_compile(rules->cfg, rs, err);
    hark_ruleset_unref(rs);
    hark_problems_done(&problems);
    return m;
}

// A set that is good waits for Kafka: true.
static bool reload(void *arg, bool asked)
{
    struct rules *rules = arg;
    struct hark_err err = {0};
    char old[sizeof hark_matcher_rules(rules->m)->version];
    int64_t started_us = hark_clock_mono_us();
    memcpy(old, hark_matcher_rules(rules->m)->version, sizeof old);
    struct hark_matcher *m = build(rules, asked, &err);
    const struct hark_ruleset *rs = m ? hark_matcher_rules(m) : NULL;
    bool good = m && passes_tests(m, &err) && (!rules->adopt || rules->adopt(rules->arg, m, &err) == 0);
    if (good) {
        hark_log(HARK_INFO, "rules taken", "version=%s instead_of=%s brands=%zu intents=%zu files=%zu seconds=%.3f",
                 rs->version, old, rs->nbrands, rs->nintents, rs->files,
                 (double)(hark_clock_mono_us() - started_us) / 1e6);
        metrics_rules(rs, old);
        put(rules, m);
        return false;
    }
    if (err.code)
        hark_log(HARK_ERROR, "rules not taken", "version=%s in_force=%s error=%s", rs ? rs->version : "none", old,
                 hark_log_q(hark_str(err.text)));
    hark_matcher_unref(m);
    return err.code && err.retriable;
}

// --- for workers ---

bool rules_changed(const struct rules *rules, const struct hark_matcher *m)
{
    return atomic_load_explicit(&rules->current, memory_order_relaxed) != m;
}

int rules_use(struct rules *rules, struct lane_env *env, struct hark_err *err)
{
    pthread_mutex_lock(&rules->lock);
    struct hark_matcher *m = hark_matcher_ref(rules->m);
    pthread_mutex_unlock(&rules->lock);
    struct hark_scratch *ms = hark_scratch_new(m, err);
    hark_matcher_unref(m); // the scratch holds it
    if (!ms) return err->code;
    rules_leave(env->ms);
    env->told = (struct hark_match_stats){0};
    env->m = m;
    env->ms = ms;
    return 0;
}

void store_rules(struct hark_store *store, const struct hark_matcher *m)
{
    struct hark_err err = {0};
    const char *version = hark_matcher_rules(m)->version;
    if (hark_store_meta(store, version, &err))
        hark_log(HARK_WARN, "the rules' version is not stored", "version=%s error=%s", version,
                 hark_log_q(hark_str(err.text)));
}

// --- start and end ---

struct rules *rules_watch(const struct hark_config *cfg, struct hark_matcher *m,
                          int (*adopt)(void *arg, const struct hark_matcher *m, struct hark_err *err), void *arg,
                          struct hark_err *err)
{
    struct rules *rules = hark_calloc(1, sizeof *rules);
    *rules = (struct rules){.cfg = cfg, .adopt = adopt, .arg = arg, .m = hark_matcher_ref(m)};
    atomic_init(&rules->current, m);
    pthread_mutex_init(&rules->lock, NULL);
    rules->watch = hark_watch_start(cfg->rules, reload, rules, err);
    if (rules->watch) return rules;
    rules_unwatch(rules);
    return NULL;
}

void rules_unwatch(struct rules *rules)
{
    if (!rules) return;
    hark_watch_stop(rules->watch);
    pthread_mutex_destroy(&rules->lock);
    hark_matcher_unref(rules->m);
    free(rules);
}
