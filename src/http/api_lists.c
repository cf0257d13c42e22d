// One brand: series, what it is made of, and the posts behind it; and the latest alerts.

#include "http.h"

static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

static struct hark_str one_intent(const struct api *api)
{
    return api->params.nintents ? api->params.intents[0] : HARK_STR("mention");
}

static struct hark_range range_of(const struct api *api)
{
    return (struct hark_range){api->params.from_ms, api->params.to_ms};
}

// What is kept by day is told for whole days, and says for which.
static struct hark_range write_days(struct api *api)
{
    struct hark_range range = range_of(api);
    range.from_ms -= range.from_ms % day_ms;
    range.to_ms = ((range.to_ms - 1) / day_ms + 1) * day_ms;
    api_time(api, "from", range.from_ms);
    api_time(api, "to", range.to_ms);
    return range;
}

// --- series ---

// Those asked for, else all that the brand has ever had.
static int series_intents(struct api *api, struct hark_series **ret, size_t *ret_n, struct hark_err *err)
{
    const struct params *params = &api->params;
    const struct hark_total *totals;
    size_t ntotals = 0, n = 0;
    if (!params->nintents && hark_read_brand(api->store, api->arena, params->brand, &totals, &ntotals, err))
        return err->code;
    struct hark_series *series = HARK_NEW_N(api->arena, struct hark_series, params->nintents + ntotals);
    for (size_t i = 0; i < params->nintents; i++) series[n++] = (struct hark_series){params->brand, params->intents[i]};
    for (size_t i = 0; i < ntotals; i++) series[n++] = (struct hark_series){params->brand, totals[i].intent};
    *ret = series;
    *ret_n = n;
    return 0;
}

static void write_series(struct hark_json *json, const struct hark_series *series, size_t npoints)
{
    hark_json_open(json, '{');
    hark_json_kv(json, "intent", series->intent);
    hark_json_ki(json, "total", series->total);
    hark_json_key(json, "points");
    hark_json_open(json, '[');
    for (size_t i = 0; i < npoints; i++)
        if (series->points[i] == HARK_NOT_KEPT)
            hark_json_null(json);
        else
            hark_json_int(json, series->points[i]);
    hark_json_close(json, ']');
    hark_json_close(json, '}');
}

int api_series(struct api *api, struct hark_err *err)
{
    static const char *const steps[] = {"minute", "hour", "day"};
    const struct params *params = &api->params;
    int64_t step_ms = hark_step_ms(params->step), first = params->from_ms - params->from_ms % step_ms;
    size_t npoints = (size_t)((params->to_ms - 1) / step_ms - first / step_ms) + 1, n = 0, ngaps = 0;
    struct hark_series *series = NULL;
    const struct hark_gap *gaps;
    if (hark_read_gaps(api->store, api->arena, HARK_READ_MAX_ROWS, &gaps, &ngaps, err) ||
        series_intents(api, &series, &n, err) ||
        hark_read_series(api->store, api->arena, params->step, first, npoints, api->now_ms, series, n, err))
        return err->code;
    hark_json_kv(&api->json, "brand", params->brand);
    hark_json_kc(&api->json, "step", steps[params->step]);
    api_time(api, "from", first);
    api_time(api, "to", first + (int64_t)npoints * step_ms);
    hark_json_key(&api->json, "series");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < n; i++) write_series(&api->json, &series[i], npoints);
    hark_json_close(&api->json, ']');
    api_gaps(api, gaps, ngaps, (struct hark_range){first, first + (int64_t)npoints * step_ms});
    return 0;
}

// --- what it is made of ---

static void write_rows(struct api *api, const struct hark_row *rows, size_t n)
{
    hark_json_key(&api->json, "rows");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < n; i++) {
        hark_json_open(&api->json, '{');
        hark_json_kv(&api->json, "value", rows[i].value);
        hark_json_ki(&api->json, "n", rows[i].n);
        hark_json_close(&api->json, '}');
    }
    hark_json_close(&api->json, ']');
}

int api_breakdown(struct api *api, struct hark_err *err)
{
    static const char *const dimensions[] = {"source", "lang", "phrase"};
    const struct hark_row *rows;
    size_t n;
    int64_t total;
    hark_json_kv(&api->json, "brand", api->params.brand);
    hark_json_kv(&api->json, "intent", one_intent(api));
    hark_json_kc(&api->json, "by", dimensions[api->params.by]);
    struct hark_range range = write_days(api);
    if (hark_read_breakdown(api->store, api->arena, api->params.brand, one_intent(api), api->params.by, range,
                            api->params.limit, &rows, &n, &total, err))
        return err->code;
    hark_json_ki(&api->json, "total", total);
    write_rows(api, rows, n);
    return 0;
}

int api_tags(struct api *api, struct hark_err *err)
{
    const struct hark_row *rows;
    size_t n;
    hark_json_kv(&api->json, "brand", api->params.brand);
    struct hark_range range = write_days(api);
    if (hark_read_tags(api->store, api->arena, api->params.brand, range, api->params.limit, &rows, &n, err))
        return err->code;
    write_rows(api, rows, n);
    return 0;
}

int api_authors(struct api *api, struct hark_err *err)
{
    const struct params *params = &api->params;
    hark_json_kv(&api->json, "brand", params->brand);
    struct hark_range range = write_days(api);
    hark_json_key(&api->json, "error");
    hark_json_double(&api->json, 0.0081);
    hark_json_key(&api->json, "authors");
    hark_json_open(&api->json, '{');
    for (size_t i = 0; i < params->nintents || i == 0; i++) {
        int64_t n;
        struct hark_str intent = params->nintents ? params->intents[i] : HARK_STR("mention");
        if (hark_read_authors(api->store, api->arena, params->brand, intent, range, &n, err)) return err->code;
        hark_json_key_str(&api->json, intent);
        hark_json_int(&api->json, n);
    }
    hark_json_close(&api->json, '}');
    return 0;
}

// --- posts ---

static void write_posts(struct api *api, const struct hark_read_post *posts, size_t n)
{
    struct hark_json *json = &api->json;
    hark_json_key(json, "posts");
    hark_json_open(json, '[');
    for (size_t i = 0; i < n; i++) {
        const struct hark_read_post *post = &posts[i];
        hark_json_open(json, '{');
        hark_json_kv(json, "id", post->id);
        hark_json_kv(json, "brand", post->brand);
        api_time(api, "time", post->time_ms);
        hark_json_key(json, "engagement");
        if (post->engagement < 0)
            hark_json_null(json);
        else
            hark_json_int(json, post->engagement);
        hark_json_key(json, "match");
        hark_json_raw(json, post->match.ptr ? post->match : HARK_STR("null"));
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
}

static int brands_asked(struct api *api, struct hark_strs *ret, struct hark_err *err)
{
    if (!(api->params.given & PARAM_BRAND)) return hark_read_brands(api->store, api->arena, ret, err);
    *ret = (struct hark_strs){hark_arena_copy(api->arena, &api->params.brand, 1, sizeof api->params.brand), 1};
    return 0;
}

int api_posts(struct api *api, struct hark_err *err)
{
    const struct hark_read_post *posts;
    struct hark_strs brands;
    struct hark_cursor cursor = {INT64_MAX, {0}};
    size_t n;
    bool more;
    if (api->params.cursor.ptr && params_cursor(api->params.cursor, &cursor, err)) return err->code;
    if (brands_asked(api, &brands, err) ||
        hark_read_posts(api->store, api->arena, brands, one_intent(api), range_of(api), cursor, api->params.limit,
                        &posts, &n, &more, err))
        return err->code;
    hark_json_kv(&api->json, "intent", one_intent(api));
    api_time(api, "from", api->params.from_ms);
    api_time(api, "to", api->params.to_ms);
    write_posts(api, posts, n);
    hark_json_kv(&api->json, "next",
                 more ? hark_arena_printf(api->arena, "%lld_" HARK_STR_FMT, (long long)posts[n - 1].time_ms,
                                          HARK_STR_ARG(posts[n - 1].id))
                      : (struct hark_str){0});
    return 0;
}

int api_top(struct api *api, struct hark_err *err)
{
    const struct hark_read_post *posts;
    size_t n;
    hark_json_kv(&api->json, "intent", one_intent(api));
    struct hark_range range = write_days(api);
    if (hark_read_top(api->store, api->arena, api->params.brand, one_intent(api), range, api->params.limit, &posts, &n,
                      err))
        return err->code;
    write_posts(api, posts, n);
    return 0;
}

// --- alerts ---

int api_alerts(struct api *api, struct hark_err *err)
{
    const struct hark_entry *entries;
    size_t n;
    struct hark_json *json = &api->json;
    if (hark_read_alerts(api->store, api->arena, api->params.cursor, api->params.limit, &entries, &n, err))
        return err->code;
    hark_json_key(json, "alerts");
    hark_json_open(json, '[');
    for (size_t i = 0; i < n; i++) {
        hark_json_open(json, '{');
        hark_json_kv(json, "place", entries[i].id);
        api_time(api, "written", entries[i].time_ms);
        hark_json_key(json, "alert");
        hark_json_raw(json, entries[i].json);
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
    hark_json_kv(json, "next", n == api->params.limit ? entries[n - 1].id : (struct hark_str){0});
    return 0;
}
