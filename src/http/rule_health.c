// See rule_health.h. What is in Redis was written by another process, which may be another version of hark: an entry
// that does not read as expected is passed over.

#include "rule_health.h"

#include <hark/clock.h>
#include <hark/json_read.h>

#include <stdlib.h>

enum { STALE_MS = 15000, MAX_DEPTH = 4 }; // matchers write every two seconds

// --- reading ---

struct entry {
    struct rule_matcher matcher;
    struct pattern_health *v; // weighted: the share
    size_t n, cap;
};

static bool take_number(struct hark_jr *jr, double *ret)
{
    struct hark_str text;
    if (!hark_jr_number(jr, &text)) return false;
    *ret = strtod(text.ptr, NULL); // JSON goes on behind it with a sign that ends it
    return true;
}

static bool take_int(struct hark_jr *jr, int64_t *ret)
{
    double number;
    if (!take_number(jr, &number) || !(number >= 0 && number < 9e15)) return false;
    *ret = (int64_t)number;
    return true;
}

static bool take_pattern(struct hark_jr *jr, struct pattern_health *ret)
{
    struct hark_str key;
    if (!hark_jr_enter(jr, '{')) return false;
    while (hark_jr_key(jr, &key)) {
        bool good = hark_str_is(key, "pattern")       ? hark_jr_string(jr, &ret->pattern)
                    : hark_str_is(key, "file")        ? hark_jr_string(jr, &ret->file)
                    : hark_str_is(key, "line")        ? take_int(jr, &ret->line)
                    : hark_str_is(key, "share")       ? take_number(jr, &ret->weighted)
                    : hark_str_is(key, "over")        ? take_int(jr, &ret->over)
                    : hark_str_is(key, "skipped")     ? take_int(jr, &ret->skipped)
                    : hark_str_is(key, "quarantined") ? hark_jr_bool(jr, &ret->quarantined)
                                                      : hark_jr_skip(jr);
        if (!good) return false;
    }
    return !jr->failed && ret->pattern.ptr;
}

static bool take_patterns(struct hark_jr *jr, struct entry *entry)
{
    if (!hark_jr_enter(jr, '[')) return false;
    while (hark_jr_item(jr)) {
        struct pattern_health pattern = {0};
        if (!take_pattern(jr, &pattern)) return false;
        entry->v = hark_grow(entry->v, entry->n, &entry->cap, sizeof *entry->v);
        entry->v[entry->n++] = pattern;
    }
    return !jr->failed;
}

static bool take_time(struct hark_jr *jr, int64_t *ret_ms)
{
    struct hark_str text;
    return hark_jr_string(jr, &text) && hark_time_parse(text, ret_ms) == 0;
}

static bool take_entry(struct hark_jr *jr, struct entry *entry)
{
    struct rule_matcher *matcher = &entry->matcher;
    struct hark_str key;
    if (!hark_jr_enter(jr, '{')) return false;
    while (hark_jr_key(jr, &key)) {
        bool good = hark_str_is(key, "time")          ? take_time(jr, &matcher->time_ms)
                    : hark_str_is(key, "command")     ? hark_jr_string(jr, &matcher->command)
                    : hark_str_is(key, "ruleset")     ? hark_jr_string(jr, &matcher->ruleset)
                    : hark_str_is(key, "measured_us") ? take_int(jr, &matcher->measured_us)
                    : hark_str_is(key, "patterns")    ? take_patterns(jr, entry)
                                                      : hark_jr_skip(jr);
        if (!good) return false;
    }
    return hark_jr_end(jr) && matcher->time_ms && matcher->command.ptr && matcher->ruleset.ptr;
}

static void add_pattern(struct rule_health *health, const struct pattern_health *pattern, double measured_us)
{
    bool fresh;
    struct hark_map_entry *entry = hark_map_put(&health->patterns, pattern->pattern, &fresh);
    if (fresh) {
        entry->ptr = hark_arena_copy(health->arena, pattern, 1, sizeof *pattern);
        ((struct pattern_health *)entry->ptr)->weighted = pattern->weighted * measured_us;
        return;
    }
    struct pattern_health *sum = entry->ptr;
    sum->weighted += pattern->weighted * measured_us;
    sum->over += pattern->over;
    sum->skipped += pattern->skipped;
    sum->quarantined |= pattern->quarantined;
}

static void add_entry(struct rule_health *health, const struct hark_health_entry *from, int64_t now_ms)
{
    struct entry entry = {.matcher = {.name = from->name}};
    struct hark_err err = {0};
    struct hark_jr jr;
    if (hark_jr_init(&jr, from->json, health->arena, MAX_DEPTH, &err) && take_entry(&jr, &entry)) {
        entry.matcher.stale = now_ms - entry.matcher.time_ms > STALE_MS;
        health->matchers[health->nmatchers++] = entry.matcher;
        if (!entry.matcher.stale) {
            double measured_us = (double)entry.matcher.measured_us;
            health->measured_us += measured_us;
            for (size_t i = 0; i < entry.n; i++) add_pattern(health, &entry.v[i], measured_us);
        }
    }
    free(entry.v);
}

int rule_health_read(struct rule_health *health, struct api *api, struct hark_err *err)
{
    const struct hark_health_entry *entries;
    size_t n;
    *health = (struct rule_health){.arena = api->arena};
    if (hark_read_health(api->store, api->arena, &entries, &n, err)) return err->code;
    health->matchers = HARK_NEW_N(api->arena, struct rule_matcher, n);
    for (size_t i = 0; i < n; i++) add_entry(health, &entries[i], api->now_ms);
    return 0;
}

void rule_health_done(struct rule_health *health)
{
    hark_map_done(&health->patterns);
}

// --- writing ---

static double share_of(const struct rule_health *health, const struct pattern_health *pattern)
{
    return health->measured_us > 0 ? pattern->weighted / health->measured_us : 0;
}

static void write_matchers(const struct rule_health *health, struct api *api)
{
    struct hark_json *json = &api->json;
    hark_json_key(json, "matchers");
    hark_json_open(json, '[');
    for (size_t i = 0; i < health->nmatchers; i++) {
        const struct rule_matcher *matcher = &health->matchers[i];
        hark_json_open(json, '{');
        hark_json_kv(json, "name", matcher->name);
        hark_json_kv(json, "command", matcher->command);
        hark_json_kv(json, "ruleset", matcher->ruleset);
        api_time(api, "time", matcher->time_ms);
        hark_json_kb(json, "stale", matcher->stale);
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
}

static int dearest_first(const void *a, const void *b)
{
    const struct pattern_health *x = *(void *const *)a, *y = *(void *const *)b;
    if (x->quarantined != y->quarantined) return x->quarantined ? -1 : 1;
    if (x->weighted != y->weighted) return x->weighted > y->weighted ? -1 : 1;
    return hark_str_cmp(x->pattern, y->pattern);
}

static void write_pattern(const struct rule_health *health, const struct pattern_health *pattern,
                          struct hark_json *json)
{
    hark_json_open(json, '{');
    hark_json_kv(json, "pattern", pattern->pattern);
    hark_json_kv(json, "file", pattern->file);
    hark_json_ki(json, "line", pattern->line);
    hark_json_key(json, "share");
    hark_json_double(json, share_of(health, pattern));
    hark_json_ki(json, "over", pattern->over);
    hark_json_ki(json, "skipped", pattern->skipped);
    hark_json_kb(json, "quarantined", pattern->quarantined);
    hark_json_close(json, '}');
}

void rule_health_write(const struct rule_health *health, struct api *api)
{
    size_t n = health->patterns.n;
    void **v = HARK_NEW_N(api->arena, void *, n);
    for (size_t i = 0; i < n; i++) v[i] = health->patterns.entries[i].ptr;
    if (n) qsort(v, n, sizeof *v, dearest_first);
    write_matchers(health, api);
    hark_json_key(&api->json, "patterns");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < n && i < api->params.limit; i++) write_pattern(health, v[i], &api->json);
    hark_json_close(&api->json, ']');
}

// --- of one rule ---

struct sum {
    const struct rule_health *health;
    struct hark_map seen; // a pattern counts once a rule
    size_t patterns, quarantined;
    double share;
};

static void add(struct sum *sum, const struct hark_pattern *pattern)
{
    bool fresh;
    if (!pattern || pattern->kind != HARK_PATTERN_REGEX) return;
    hark_map_put(&sum->seen, pattern->written, &fresh);
    if (!fresh) return;
    sum->patterns++;
    const struct hark_map_entry *entry = hark_map_get(&sum->health->patterns, pattern->written);
    if (!entry) return;
    sum->share += share_of(sum->health, entry->ptr);
    sum->quarantined += ((const struct pattern_health *)entry->ptr)->quarantined;
}

// A rule without patterns, and one that nobody measured, has no cost of its own.
static void write_sum(struct sum *sum, struct hark_json *json)
{
    hark_json_ki(json, "patterns", (int64_t)sum->patterns);
    hark_json_key(json, "cost");
    if (sum->patterns && sum->health->measured_us > 0)
        hark_json_double(json, sum->share);
    else
        hark_json_null(json);
    hark_json_ki(json, "quarantined", (int64_t)sum->quarantined);
    hark_map_done(&sum->seen);
}

// As deep as the loader lets a query be.
static void add_node(struct sum *sum, const struct hark_node *node) // NOLINT(misc-no-recursion)
{
    add(sum, node->pattern);
    for (uint32_t i = 0; i < node->nkids; i++) add_node(sum, node->kids[i]);
}

void rule_health_brand(const struct rule_health *health, const struct hark_brand *brand, struct hark_json *json)
{
    struct sum sum = {.health = health};
    if (brand->listen) add_node(&sum, brand->listen);
    for (size_t i = 0; i < brand->nignore_phrases; i++) add(&sum, brand->ignore_phrases[i]);
    write_sum(&sum, json);
}

void rule_health_intent(const struct rule_health *health, const struct hark_intent *intent, struct hark_json *json)
{
    struct sum sum = {.health = health};
    for (size_t i = 0; i < intent->nphrases; i++) add(&sum, &intent->phrases[i].pattern);
    for (size_t i = 0; i < intent->nnots; i++) add(&sum, &intent->nots[i].pattern);
    write_sum(&sum, json);
}
