// All brands at a glance, and how they share what is said.

#include "http.h"

#include <stdlib.h>

enum { HOUR_MS = 3600 * 1000, DAY_HOURS = 24 };
static const int64_t day_ms = (int64_t)DAY_HOURS * HOUR_MS;

struct brand {
    struct hark_str name;
    int64_t today;
    size_t first, n;             // its totals
    struct hark_series *intents; // today, one for each of its totals
};
struct overview {
    struct api *api;
    const struct hark_total *totals;
    size_t ntotals;
    struct brand *brands; // those that are looked for
    size_t n, all;
    int64_t at_ms, midnight_ms, all_today;
    size_t hours; // full ones of the day at `at`
    // of the brands that are shown
    size_t shown;
    struct hark_series *latest, *until, *before; // hours: the last 24, of today, of the same day last week
};

static int most_today_first(const void *a, const void *b)
{
    const struct brand *x = a, *y = b;
    if (x->today != y->today) return x->today < y->today ? 1 : -1;
    return hark_str_cmp(x->name, y->name);
}

static int list_brands(struct overview *o, struct hark_err *err)
{
    struct hark_arena *arena = o->api->arena;
    o->brands = HARK_NEW_N(arena, struct brand, o->ntotals);
    for (size_t i = 0; i < o->ntotals; i++) {
        if (i == 0 || !hark_str_eq(o->totals[i].brand, o->totals[i - 1].brand))
            o->brands[o->n++] = (struct brand){.name = o->totals[i].brand, .first = i};
        o->brands[o->n - 1].n++;
    }
    struct hark_series *days = HARK_NEW_N(arena, struct hark_series, o->n);
    for (size_t i = 0; i < o->n; i++)
        days[i] = (struct hark_series){.brand = o->brands[i].name, .intent = HARK_STR("mention")};
    if (hark_read_series(o->api->store, arena, HARK_STEP_DAY, o->midnight_ms, 1, o->api->now_ms, days, o->n, err))
        return err->code;
    for (size_t i = 0; i < o->n; i++) o->all_today += o->brands[i].today = days[i].total;
    o->all = o->n;
    o->n = 0;
    for (size_t i = 0; i < o->all; i++)
        if (params_found(&o->api->params, o->brands[i].name)) o->brands[o->n++] = o->brands[i];
    if (o->n) qsort(o->brands, o->n, sizeof *o->brands, most_today_first);
    return 0;
}

static void write_points(struct hark_json *json, const char *key, const struct hark_series *series, size_t n)
{
    hark_json_key(json, key);
    hark_json_open(json, '[');
    for (size_t i = 0; i < n; i++)
        if (series->points[i] == HARK_NOT_KEPT)
            hark_json_null(json);
        else
            hark_json_int(json, series->points[i]);
    hark_json_close(json, ']');
}

// The sum of the first hours of a day; null where they are not kept.
static void write_sum(struct hark_json *json, const char *key, const int64_t *points, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum = points[i] == HARK_NOT_KEPT || sum < 0 ? -1 : sum + points[i];
    hark_json_key(json, key);
    if (sum < 0)
        hark_json_null(json);
    else
        hark_json_int(json, sum);
}

static void write_intents(struct overview *o, const struct brand *brand)
{
    struct hark_json *json = &o->api->json;
    hark_json_key(json, "today");
    hark_json_open(json, '{');
    for (size_t i = 0; i < brand->n; i++) {
        hark_json_key_str(json, brand->intents[i].intent);
        hark_json_int(json, brand->intents[i].total);
    }
    hark_json_close(json, '}');
    hark_json_key(json, "total");
    hark_json_open(json, '{');
    for (size_t i = 0; i < brand->n; i++) {
        hark_json_key_str(json, brand->intents[i].intent);
        hark_json_int(json, o->totals[brand->first + i].n);
    }
    hark_json_close(json, '}');
}

static void write_brand(struct overview *o, size_t i)
{
    struct hark_json *json = &o->api->json;
    const struct brand *brand = &o->brands[i];
    hark_json_open(json, '{');
    hark_json_kv(json, "name", brand->name);
    write_intents(o, brand);
    hark_json_key(json, "share");
    if (o->all_today)
        hark_json_double(json, (double)brand->today / (double)o->all_today);
    else
        hark_json_null(json);
    write_sum(json, "today_until", o->until[i].points, o->hours);
    write_sum(json, "last_week_until", o->before[i].points, o->hours);
    write_points(json, "hours", &o->latest[i], DAY_HOURS);
    hark_json_close(json, '}');
}

static struct hark_series *mentions(struct overview *o)
{
    struct hark_series *series = HARK_NEW_N(o->api->arena, struct hark_series, o->shown);
    for (size_t i = 0; i < o->shown; i++)
        series[i] = (struct hark_series){.brand = o->brands[i].name, .intent = HARK_STR("mention")};
    return series;
}

// Only full hours are compared: minutes of last week are no longer kept.
static int read_hours(struct overview *o, struct hark_err *err)
{
    struct api *api = o->api;
    int64_t first_ms = o->at_ms - o->at_ms % HOUR_MS - (DAY_HOURS - 1) * (int64_t)HOUR_MS;
    o->latest = mentions(o);
    o->until = mentions(o);
    o->before = mentions(o);
    if (hark_read_series(api->store, api->arena, HARK_STEP_HOUR, first_ms, DAY_HOURS, api->now_ms, o->latest, o->shown,
                         err) ||
        hark_read_series(api->store, api->arena, HARK_STEP_HOUR, o->midnight_ms, o->hours, api->now_ms, o->until,
                         o->shown, err))
        return err->code;
    return hark_read_series(api->store, api->arena, HARK_STEP_HOUR, o->midnight_ms - 7 * day_ms, o->hours, api->now_ms,
                            o->before, o->shown, err);
}

static int read_intents(struct overview *o, struct hark_err *err)
{
    struct api *api = o->api;
    struct hark_series *all = HARK_NEW_N(api->arena, struct hark_series, o->ntotals), *next = all;
    for (size_t b = 0; b < o->shown; b++) {
        struct brand *brand = &o->brands[b];
        brand->intents = next;
        for (size_t i = 0; i < brand->n; i++)
            *next++ = (struct hark_series){.brand = brand->name, .intent = o->totals[brand->first + i].intent};
    }
    return hark_read_series(api->store, api->arena, HARK_STEP_DAY, o->midnight_ms, 1, api->now_ms, all,
                            (size_t)(next - all), err);
}

int api_overview(struct api *api, struct hark_err *err)
{
    struct overview o = {.api = api, .at_ms = api->params.at_ms};
    o.midnight_ms = o.at_ms - o.at_ms % day_ms;
    o.hours = (size_t)((o.at_ms - o.midnight_ms) / HOUR_MS);
    if (hark_read_totals(api->store, api->arena, &o.totals, &o.ntotals, err) || list_brands(&o, err)) return err->code;
    o.shown = o.n < api->params.limit ? o.n : api->params.limit;
    if (read_hours(&o, err) || read_intents(&o, err)) return err->code;
    api_time(api, "at", o.at_ms);
    api_time(api, "day", o.midnight_ms);
    api_time(api, "until", o.midnight_ms + (int64_t)o.hours * HOUR_MS);
    hark_json_ki(&api->json, "today", o.all_today);
    hark_json_ki(&api->json, "count", (int64_t)o.all);
    hark_json_ki(&api->json, "found", (int64_t)o.n);
    hark_json_key(&api->json, "brands");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < o.shown; i++) write_brand(&o, i);
    hark_json_close(&api->json, ']');
    return 0;
}

// --- share of voice ---

static int most_first(const void *a, const void *b)
{
    const struct hark_series *x = a, *y = b;
    if (x->total != y->total) return x->total < y->total ? 1 : -1;
    return hark_str_cmp(x->brand, y->brand);
}

int api_share(struct api *api, struct hark_err *err)
{
    struct hark_strs brands;
    struct params *params = &api->params;
    struct hark_str intent = params->nintents ? params->intents[0] : HARK_STR("mention");
    int64_t first = params->from_ms - params->from_ms % day_ms, all = 0;
    size_t days = (size_t)((params->to_ms - 1) / day_ms - first / day_ms) + 1;
    if (hark_read_brands(api->store, api->arena, &brands, err)) return err->code;
    struct hark_series *series = HARK_NEW_N(api->arena, struct hark_series, brands.n);
    for (size_t i = 0; i < brands.n; i++) series[i] = (struct hark_series){.brand = brands.v[i], .intent = intent};
    if (hark_read_series(api->store, api->arena, HARK_STEP_DAY, first, days, api->now_ms, series, brands.n, err))
        return err->code;
    for (size_t i = 0; i < brands.n; i++) all += series[i].total;
    if (brands.n) qsort(series, brands.n, sizeof *series, most_first);
    hark_json_kv(&api->json, "intent", intent);
    api_time(api, "from", first);
    api_time(api, "to", first + (int64_t)days * day_ms);
    hark_json_ki(&api->json, "total", all);
    hark_json_key(&api->json, "rows");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < brands.n; i++) {
        hark_json_open(&api->json, '{');
        hark_json_kv(&api->json, "brand", series[i].brand);
        hark_json_ki(&api->json, "n", series[i].total);
        hark_json_key(&api->json, "share");
        if (all)
            hark_json_double(&api->json, (double)series[i].total / (double)all);
        else
            hark_json_null(&api->json);
        hark_json_close(&api->json, '}');
    }
    hark_json_close(&api->json, ']');
    return 0;
}
