// The rule files as people wrote them: what there is, the state of their tests, how often each rule hits, and what
// matchers say of what its patterns cost (rule_health.c).
//
// Read at the start and whenever they change; files that are wrong change nothing but are told. Whether the matcher
// counts by the same files is told by the two versions.

#include "rule_health.h"

#include <stdatomic.h>
#include <stdlib.h>

struct tested {
    size_t n, failed;
};

struct http_rules {
    atomic_uint refs;
    struct hark_matcher *m;
    struct tested *brands, *intents; // by their index
    struct hark_buf failures;        // JSON objects, parted by commas
    size_t nfailures;
};

enum { MAX_FAILURES = 100 }; // that are told one by one; all are counted

static void write_names(struct hark_json *json, const char *key, struct hark_strs names)
{
    hark_json_key(json, key);
    hark_json_open(json, '[');
    for (size_t i = 0; i < names.n; i++) hark_json_str(json, names.v[i]);
    hark_json_close(json, ']');
}

static void write_place(struct hark_json *json, struct hark_loc loc)
{
    hark_json_kv(json, "file", loc.file);
    hark_json_ki(json, "line", loc.line);
}

static void add_failure(struct http_rules *rules, const struct hark_test_result *result)
{
    const struct hark_test *test = result->test;
    if (rules->nfailures++ >= MAX_FAILURES) return;
    if (rules->failures.len) hark_buf_char(&rules->failures, ',');
    struct hark_json json = hark_json_to(&rules->failures);
    hark_json_open(&json, '{');
    hark_json_kv(&json, "of", result->brand ? result->brand->name : result->intent->name);
    hark_json_kv(&json, "post", test->post.text);
    write_names(&json, "expected", test->hits);
    write_names(&json, "actual", result->actual);
    hark_json_kb(&json, "named", result->named);
    write_place(&json, test->loc);
    hark_json_close(&json, '}');
}

static void each_test(const struct hark_test_result *result, void *arg)
{
    struct http_rules *rules = arg;
    struct tested *tested =
        result->brand ? &rules->brands[result->brand->index] : &rules->intents[result->intent->index];
    tested->n++;
    tested->failed += !result->passed;
    if (!result->passed) add_failure(rules, result);
}

static int run_tests(struct http_rules *rules, struct hark_err *err)
{
    const struct hark_ruleset *rs = hark_matcher_rules(rules->m);
    struct hark_scratch *ms = hark_scratch_new(rules->m, err);
    if (!ms) return err->code;
    rules->brands = hark_calloc(rs->nbrands + 1, sizeof *rules->brands);
    rules->intents = hark_calloc(rs->nintents + 1, sizeof *rules->intents);
    hark_match_run_tests(rules->m, ms, each_test, rules);
    hark_scratch_free(ms);
    return 0;
}

static struct http_rules *prepare(struct hark_ruleset *rs, struct hark_err *err)
{
    struct http_rules *rules = hark_calloc(1, sizeof *rules);
    atomic_init(&rules->refs, 1);
    rules->m = hark_matcher_new(rs, &(struct hark_match_options){0}, err);
    if (rules->m && run_tests(rules, err) == 0) return rules;
    http_rules_drop(rules);
    return NULL;
}

// NULL without an error where their version is `known`.
static struct http_rules *load(const char *folder, const char *known, struct hark_err *err)
{
    struct hark_problems problems = {0};
    struct http_rules *rules = NULL;
    struct hark_ruleset *rs = hark_rules_load(&folder, 1, hark_match_check_regex, &problems);
    if (!rs)
        hark_err_set(err, HARK_EINPUT, "%s: %zu error%s in the rules; `hark check %s` shows them", folder,
                     problems.errors, problems.errors == 1 ? "" : "s", folder);
    else if (!known || strcmp(rs->version, known) != 0)
        rules = prepare(rs, err);
    hark_ruleset_unref(rs);
    hark_problems_done(&problems);
    return rules;
}

struct http_rules *http_rules_load(const char *folder, struct hark_err *err)
{
    return folder ? load(folder, NULL, err) : NULL;
}

struct http_rules *http_rules_take(struct hark_http *http)
{
    pthread_mutex_lock(&http->lock);
    struct http_rules *rules = http->rules;
    if (rules) atomic_fetch_add(&rules->refs, 1);
    pthread_mutex_unlock(&http->lock);
    return rules;
}

void http_rules_drop(struct http_rules *rules)
{
    if (!rules || atomic_fetch_sub(&rules->refs, 1) > 1) return;
    hark_matcher_unref(rules->m);
    hark_buf_done(&rules->failures);
    free(rules->brands);
    free(rules->intents);
    free(rules);
}

int hark_http_reload(struct hark_http *http, bool *ret_changed, struct hark_err *err)
{
    struct http_rules *now = http_rules_take(http); // of which only this thread puts others in place
    struct http_rules *rules = load(http->options.rules, now ? hark_matcher_rules(now->m)->version : NULL, err);
    pthread_mutex_lock(&http->lock);
    if (rules) http->rules = rules;
    hark_buf_clear(&http->rules_problem);
    hark_buf_str_add(&http->rules_problem, hark_str(err->code ? err->text : ""));
    pthread_mutex_unlock(&http->lock);
    *ret_changed = rules != NULL;
    if (rules) http_rules_drop(now); // what `http` held of it
    http_rules_drop(now);
    return err->code;
}

// --- the answer ---

enum { DAYS = 7 };
static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

static void write_tests(struct hark_json *json, const struct tested *tested)
{
    hark_json_key(json, "tests");
    hark_json_open(json, '{');
    hark_json_ki(json, "count", (int64_t)tested->n);
    hark_json_ki(json, "failed", (int64_t)tested->failed);
    hark_json_close(json, '}');
}

// Shared by all answers' parts.
struct answer {
    struct api *api;
    const struct http_rules *rules;
    const struct rule_health *health;
    const struct hark_brand **brands; // that are shown
    size_t nbrands, found;            // and how many could be
    struct hark_series *hits;         // of them, one after the other
};

// The mention and each intent of the brands that are shown, with the hits on each of the last days, today last. In one
// go: a brand each would be a way to Redis each.
static int read_hits(struct answer *answer, struct hark_err *err)
{
    struct api *api = answer->api;
    size_t n = 0;
    for (size_t b = 0; b < answer->nbrands; b++) n += answer->brands[b]->nintents + 1;
    struct hark_series *next = answer->hits = HARK_NEW_N(api->arena, struct hark_series, n);
    for (size_t b = 0; b < answer->nbrands; b++) {
        const struct hark_brand *brand = answer->brands[b];
        *next++ = (struct hark_series){.brand = brand->name, .intent = HARK_STR("mention")};
        for (size_t i = 0; i < brand->nintents; i++)
            *next++ = (struct hark_series){.brand = brand->name, .intent = brand->intents[i]->name};
    }
    int64_t from_ms = (api->params.at_ms / day_ms - (DAYS - 1)) * day_ms;
    return hark_read_series(api->store, api->arena, HARK_STEP_DAY, from_ms, DAYS, api->now_ms, answer->hits, n, err);
}

// A rule: what it hit, and the health of what it is made of. `intent` NULL: the mention, which is the brand's own
// words.
static void write_rule(const struct answer *answer, const struct hark_brand *brand, const struct hark_intent *intent,
                       const struct hark_series *hits)
{
    struct hark_json *json = &answer->api->json;
    hark_json_open(json, '{');
    hark_json_kv(json, "intent", hits->intent);
    hark_json_key(json, "days");
    hark_json_open(json, '[');
    for (size_t i = 0; i < DAYS; i++) hark_json_int(json, hits->points[i]);
    hark_json_close(json, ']');
    if (intent)
        rule_health_intent(answer->health, intent, json);
    else
        rule_health_brand(answer->health, brand, json);
    write_tests(json, intent ? &answer->rules->intents[intent->index] : &answer->rules->brands[brand->index]);
    hark_json_close(json, '}');
}

static void write_rules(const struct answer *answer, const struct hark_brand *brand, const struct hark_series *hits)
{
    struct hark_json *json = &answer->api->json;
    hark_json_key(json, "rules");
    hark_json_open(json, '[');
    write_rule(answer, brand, NULL, &hits[0]);
    for (size_t i = 0; i < brand->nintents; i++) write_rule(answer, brand, brand->intents[i], &hits[i + 1]);
    hark_json_close(json, ']');
}

static void write_alerts(struct hark_json *json, const struct hark_brand *brand)
{
    hark_json_key(json, "alerts");
    hark_json_open(json, '[');
    for (size_t i = 0; i < brand->nalerts; i++) {
        hark_json_open(json, '{');
        hark_json_kv(json, "on", brand->alerts[i].on);
        hark_json_kc(json, "severity", hark_severity_str(brand->alerts[i].severity));
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
}

// Where no text is sure to be in its posts, every post is decoded for a brand's sake.
static void write_filter(const struct answer *answer, const struct hark_brand *brand)
{
    size_t n;
    struct api *api = answer->api;
    const struct hark_unfiltered *unfiltered = hark_matcher_unfiltered(answer->rules->m, &n);
    size_t i = 0;
    while (i < n && unfiltered[i].brand != brand) i++;
    hark_json_kb(&api->json, "prefiltered", i == n);
    hark_json_kv(&api->json, "because",
                 i == n                                                        ? (struct hark_str){0}
                 : unfiltered[i].because && unfiltered[i].because->written.ptr ? unfiltered[i].because->written
                                                                               : HARK_STR("every post is meant"));
}

static void write_brand(const struct answer *answer, const struct hark_brand *brand, const struct hark_series *hits)
{
    struct hark_json *json = &answer->api->json;
    hark_json_open(json, '{');
    hark_json_kv(json, "name", brand->name);
    hark_json_kv(json, "team", brand->team);
    write_place(json, brand->loc);
    write_tests(json, &answer->rules->brands[brand->index]);
    write_filter(answer, brand);
    write_alerts(json, brand);
    write_rules(answer, brand, hits);
    hark_json_close(json, '}');
}

// `brand`: whose file has it, for no other; NULL: a file of its own.
static void write_intent(const struct answer *answer, const struct hark_intent *intent, const struct hark_brand *brand)
{
    struct hark_json *json = &answer->api->json;
    struct hark_map langs = {0};
    for (size_t i = 0; i < intent->nphrases; i++) {
        struct hark_str lang = intent->phrases[i].lang;
        hark_map_put(&langs, lang.len ? lang : HARK_STR("any"), NULL)->num++;
    }
    hark_json_open(json, '{');
    hark_json_kv(json, "name", intent->name);
    hark_json_kv(json, "brand", brand ? brand->name : (struct hark_str){0});
    hark_json_kv(json, "about", intent->about);
    write_place(json, intent->loc);
    hark_json_ki(json, "threshold", intent->threshold);
    hark_json_key(json, "phrases");
    hark_json_open(json, '{');
    for (size_t i = 0; i < langs.n; i++) {
        hark_json_key_str(json, langs.entries[i].key);
        hark_json_int(json, langs.entries[i].num);
    }
    hark_json_close(json, '}');
    write_tests(json, &answer->rules->intents[intent->index]);
    rule_health_intent(answer->health, intent, json);
    hark_json_close(json, '}');
    hark_map_done(&langs);
}

static void choose_brands(struct answer *answer)
{
    const struct params *params = &answer->api->params;
    const struct hark_ruleset *rs = hark_matcher_rules(answer->rules->m);
    answer->brands = HARK_NEW_N(answer->api->arena, const struct hark_brand *, rs->nbrands);
    for (size_t i = 0; i < rs->nbrands; i++) {
        if (!params_found(params, rs->brands[i].name)) continue;
        answer->found++;
        if (answer->nbrands < params->limit) answer->brands[answer->nbrands++] = &rs->brands[i];
    }
}

static int write_all(struct answer *answer, struct hark_err *err)
{
    struct api *api = answer->api;
    const struct http_rules *rules = answer->rules;
    const struct hark_ruleset *rs = hark_matcher_rules(rules->m);
    struct hark_json *json = &api->json;
    choose_brands(answer);
    if (read_hits(answer, err)) return err->code;
    hark_json_kc(json, "version", rs->version);
    hark_json_ki(json, "count", (int64_t)rs->nbrands);
    hark_json_ki(json, "found", (int64_t)answer->found);
    api_time(api, "at", api->params.at_ms);
    hark_json_key(json, "brands");
    hark_json_open(json, '[');
    const struct hark_series *hits = answer->hits;
    for (size_t i = 0; i < answer->nbrands; i++) {
        write_brand(answer, answer->brands[i], hits);
        hits += answer->brands[i]->nintents + 1;
    }
    hark_json_close(json, ']');
    hark_json_key(json, "intents");
    hark_json_open(json, '[');
    for (size_t i = 0; i < rs->nnamed; i++) write_intent(answer, rs->intents[i], NULL);
    for (size_t b = 0; b < answer->nbrands; b++)
        for (size_t i = 0; i < answer->brands[b]->nintents; i++)
            if (answer->brands[b]->intents[i]->inlined)
                write_intent(answer, answer->brands[b]->intents[i], answer->brands[b]);
    hark_json_close(json, ']');
    hark_json_key(json, "failures");
    hark_json_open(json, '[');
    if (rules->failures.len) hark_json_raw(json, hark_buf_str(&rules->failures));
    hark_json_close(json, ']');
    return 0;
}

static void write_problem(struct api *api)
{
    struct hark_http *http = api->http;
    pthread_mutex_lock(&http->lock);
    hark_json_kv(&api->json, "problem",
                 http->rules_problem.len ? hark_buf_str(&http->rules_problem) : (struct hark_str){0});
    pthread_mutex_unlock(&http->lock);
}

int api_rules(struct api *api, struct hark_err *err)
{
    struct hark_read_meta meta;
    struct rule_health health;
    if (hark_read_meta(api->store, api->arena, &meta, err) || rule_health_read(&health, api, err)) return err->code;
    struct http_rules *rules = http_rules_take(api->http);
    struct answer answer = {.api = api, .rules = rules, .health = &health};
    hark_json_kb(&api->json, "loaded", rules != NULL);
    hark_json_kv(&api->json, "counting", meta.ruleset);
    write_problem(api);
    rule_health_write(&health, api);
    int rc = rules ? write_all(&answer, err) : 0;
    http_rules_drop(rules);
    rule_health_done(&health);
    return rc;
}
