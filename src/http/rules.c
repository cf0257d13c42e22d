// The rule files as people wrote them: what there is, the state of their tests, and how often each rule hits.
//
// Read once at the start. Whether the matcher counts by the same files is told by the two versions.

#include "http.h"

#include <stdlib.h>

struct tested {
    size_t n, failed;
};

struct http_rules {
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

struct http_rules *http_rules_load(const char *folder, struct hark_err *err)
{
    struct hark_problems problems = {0};
    if (!folder) return NULL;
    struct http_rules *rules = hark_calloc(1, sizeof *rules);
    struct hark_ruleset *rs = hark_rules_load(&folder, 1, hark_match_check_regex, &problems);
    if (!rs)
        hark_err_set(err, HARK_EINPUT, "%s: %zu error%s in the rules; `hark check %s` shows them", folder,
                     problems.errors, problems.errors == 1 ? "" : "s", folder);
    else
        rules->m = hark_matcher_new(rs, &(struct hark_match_options){0}, err);
    hark_ruleset_unref(rs);
    hark_problems_done(&problems);
    if (rules->m && run_tests(rules, err) == 0) return rules;
    http_rules_free(rules);
    return NULL;
}

void http_rules_free(struct http_rules *rules)
{
    if (!rules) return;
    hark_matcher_unref(rules->m);
    hark_buf_done(&rules->failures);
    free(rules->brands);
    free(rules->intents);
    free(rules);
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

static void write_days(struct hark_json *json, const struct hark_series *series)
{
    hark_json_open(json, '{');
    hark_json_kv(json, "intent", series->intent);
    hark_json_key(json, "days");
    hark_json_open(json, '[');
    for (size_t i = 0; i < DAYS; i++) hark_json_int(json, series->points[i]);
    hark_json_close(json, ']');
    hark_json_close(json, '}');
}

// The mention and each intent, with its hits on each of the last days, today last.
static int write_hits(struct api *api, const struct hark_brand *brand, struct hark_err *err)
{
    struct hark_series *series = HARK_NEW_N(api->arena, struct hark_series, brand->nintents + 1);
    int64_t from_ms = (api->params.at_ms / day_ms - (DAYS - 1)) * day_ms;
    series[0] = (struct hark_series){.brand = brand->name, .intent = HARK_STR("mention")};
    for (size_t i = 0; i < brand->nintents; i++)
        series[i + 1] = (struct hark_series){.brand = brand->name, .intent = brand->intents[i]->name};
    if (hark_read_series(api->store, api->arena, HARK_STEP_DAY, from_ms, DAYS, api->now_ms, series, brand->nintents + 1,
                         err))
        return err->code;
    hark_json_key(&api->json, "rules");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i <= brand->nintents; i++) write_days(&api->json, &series[i]);
    hark_json_close(&api->json, ']');
    return 0;
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

// What a rule costs: where no text is sure to be in its posts, every post is decoded for its sake.
static void write_cost(struct api *api, const struct hark_brand *brand)
{
    size_t n;
    const struct hark_unfiltered *unfiltered = hark_matcher_unfiltered(api->http->rules->m, &n);
    size_t i = 0;
    while (i < n && unfiltered[i].brand != brand) i++;
    hark_json_kb(&api->json, "prefiltered", i == n);
    hark_json_kv(&api->json, "because",
                 i == n                                                        ? (struct hark_str){0}
                 : unfiltered[i].because && unfiltered[i].because->written.ptr ? unfiltered[i].because->written
                                                                               : HARK_STR("every post is meant"));
}

static int write_brand(struct api *api, const struct hark_brand *brand, struct hark_err *err)
{
    struct hark_json *json = &api->json;
    hark_json_open(json, '{');
    hark_json_kv(json, "name", brand->name);
    hark_json_kv(json, "team", brand->team);
    write_place(json, brand->loc);
    write_tests(json, &api->http->rules->brands[brand->index]);
    write_cost(api, brand);
    write_alerts(json, brand);
    int rc = write_hits(api, brand, err);
    hark_json_close(json, '}');
    return rc;
}

static void write_intent(struct api *api, const struct hark_intent *intent)
{
    struct hark_json *json = &api->json;
    struct hark_map langs = {0};
    for (size_t i = 0; i < intent->nphrases; i++) {
        struct hark_str lang = intent->phrases[i].lang;
        hark_map_put(&langs, lang.len ? lang : HARK_STR("any"), NULL)->num++;
    }
    hark_json_open(json, '{');
    hark_json_kv(json, "name", intent->name);
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
    write_tests(json, &api->http->rules->intents[intent->index]);
    hark_json_close(json, '}');
    hark_map_done(&langs);
}

static int write_all(struct api *api, struct hark_err *err)
{
    const struct http_rules *rules = api->http->rules;
    const struct hark_ruleset *rs = hark_matcher_rules(rules->m);
    struct hark_json *json = &api->json;
    hark_json_kc(json, "version", rs->version);
    hark_json_ki(json, "count", (int64_t)rs->nbrands);
    api_time(api, "at", api->params.at_ms);
    hark_json_key(json, "brands");
    hark_json_open(json, '[');
    for (size_t i = 0; i < rs->nbrands && i < api->params.limit; i++)
        if (write_brand(api, &rs->brands[i], err)) return err->code;
    hark_json_close(json, ']');
    hark_json_key(json, "intents");
    hark_json_open(json, '[');
    for (size_t i = 0; i < rs->nintents && i < api->params.limit; i++) write_intent(api, rs->intents[i]);
    hark_json_close(json, ']');
    hark_json_key(json, "failures");
    hark_json_open(json, '[');
    if (rules->failures.len) hark_json_raw(json, hark_buf_str(&rules->failures));
    hark_json_close(json, ']');
    return 0;
}

int api_rules(struct api *api, struct hark_err *err)
{
    struct hark_read_meta meta;
    if (hark_read_meta(api->store, api->arena, &meta, err)) return err->code;
    hark_json_kb(&api->json, "loaded", api->http->rules != NULL);
    hark_json_kv(&api->json, "counting", meta.ruleset);
    return api->http->rules ? write_all(api, err) : 0;
}
