// The table of resources, and those that say how things are.

#include "http.h"

#include <hark/clock.h>

const struct api_resource api_resources[] = {
    {"/api/v1/status", 0, 0, api_status},
    {"/api/v1/brands", 0, 0, api_brands},
    {"/api/v1/overview", PARAM_AT | PARAM_LIMIT | PARAM_FIND, 0, api_overview},
    {"/api/v1/series", PARAM_BRAND | PARAM_INTENT | PARAM_RANGE | PARAM_STEP, PARAM_BRAND, api_series},
    {"/api/v1/share", PARAM_INTENT | PARAM_RANGE, 0, api_share},
    {"/api/v1/breakdown", PARAM_BRAND | PARAM_INTENT | PARAM_RANGE | PARAM_BY | PARAM_LIMIT, PARAM_BRAND,
     api_breakdown},
    {"/api/v1/tags", PARAM_BRAND | PARAM_RANGE | PARAM_LIMIT, PARAM_BRAND, api_tags},
    {"/api/v1/authors", PARAM_BRAND | PARAM_INTENT | PARAM_RANGE, PARAM_BRAND, api_authors},
    {"/api/v1/posts", PARAM_BRAND | PARAM_INTENT | PARAM_RANGE | PARAM_LIMIT | PARAM_CURSOR, 0, api_posts},
    {"/api/v1/top", PARAM_BRAND | PARAM_INTENT | PARAM_RANGE | PARAM_LIMIT, PARAM_BRAND, api_top},
    {"/api/v1/alerts", PARAM_LIMIT | PARAM_CURSOR, 0, api_alerts},
    {"/api/v1/rules", PARAM_AT | PARAM_LIMIT | PARAM_FIND, 0, api_rules},
    {"/api/v1/sources", PARAM_AT | PARAM_LIMIT, 0, api_sources},
    {0},
};

void api_time(struct api *api, const char *key, int64_t ms)
{
    char text[HARK_TIME_STR_BYTES];
    hark_time_str(ms < 0 ? 0 : ms, text);
    hark_json_kv(&api->json, key, ms < 0 ? (struct hark_str){0} : hark_str(text));
}

int api_status(struct api *api, struct hark_err *err)
{
    struct hark_read_state state;
    struct hark_json *json = &api->json;
    if (hark_read_state(api->store, api->arena, &state, err)) return err->code;
    hark_json_kc(json, "version", HARK_VERSION);
    api_time(api, "time", api->now_ms);
    hark_json_kv(json, "ruleset", state.ruleset);
    hark_json_kv(json, "started", state.started);
    api_time(api, "latest", state.latest_ms);
    api_time(api, "committed", state.committed_ms);
    hark_json_key(json, "redis");
    hark_json_open(json, '[');
    for (size_t i = 0; i < state.ninstances; i++) {
        hark_json_open(json, '{');
        hark_json_kv(json, "url", state.instances[i].url);
        hark_json_ki(json, "memory_bytes", state.instances[i].memory_bytes);
        hark_json_ki(json, "keys", state.instances[i].keys);
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
    hark_json_ki(json, "listeners", (int64_t)live_clients(api->http->live));
    return 0;
}

int api_brands(struct api *api, struct hark_err *err)
{
    const struct hark_total *totals;
    size_t n;
    struct hark_json *json = &api->json;
    if (hark_read_totals(api->store, api->arena, &totals, &n, err)) return err->code;
    hark_json_key(json, "brands");
    hark_json_open(json, '[');
    for (size_t i = 0; i < n;) {
        struct hark_str brand = totals[i].brand;
        hark_json_open(json, '{');
        hark_json_kv(json, "name", brand);
        hark_json_key(json, "total");
        hark_json_open(json, '{');
        for (; i < n && hark_str_eq(totals[i].brand, brand); i++) {
            hark_json_key_str(json, totals[i].intent);
            hark_json_int(json, totals[i].n);
        }
        hark_json_close(json, '}');
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
    return 0;
}

// --- sources ---

void api_gaps(struct api *api, const struct hark_gap *gaps, size_t n, struct hark_range range)
{
    hark_json_key(&api->json, "gaps");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < n; i++) {
        if (gaps[i].to_ms <= range.from_ms || gaps[i].from_ms >= range.to_ms) continue;
        hark_json_open(&api->json, '{');
        hark_json_kv(&api->json, "source", gaps[i].source);
        api_time(api, "from", gaps[i].from_ms);
        api_time(api, "to", gaps[i].to_ms);
        hark_json_kv(&api->json, "reason", gaps[i].reason);
        hark_json_close(&api->json, '}');
    }
    hark_json_close(&api->json, ']');
}

static int write_sources(struct api *api, struct hark_err *err)
{
    enum { DAYS = 7, DAY_MS = 24 * 3600 * 1000 };
    const struct hark_read_source *sources;
    size_t n;
    int64_t first_ms = (api->params.at_ms / DAY_MS - (DAYS - 1)) * DAY_MS;
    if (hark_read_sources(api->store, api->arena, first_ms, DAYS, &sources, &n, err)) return err->code;
    api_time(api, "from", first_ms);
    hark_json_key(&api->json, "sources");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < n && i < api->params.limit; i++) {
        hark_json_open(&api->json, '{');
        hark_json_kv(&api->json, "name", sources[i].name);
        hark_json_key(&api->json, "days");
        hark_json_open(&api->json, '[');
        for (size_t d = 0; d < DAYS; d++) hark_json_int(&api->json, sources[i].days[d]);
        hark_json_close(&api->json, ']');
        hark_json_close(&api->json, '}');
    }
    hark_json_close(&api->json, ']');
    return 0;
}

static int write_positions(struct api *api, struct hark_err *err)
{
    const struct hark_str topics[] = {HARK_STR("run"), hark_str(api->http->options.topic)};
    const struct hark_read_position *positions;
    size_t n;
    if (hark_read_positions(api->store, api->arena, (struct hark_strs){topics, topics[1].ptr ? 2 : 1}, &positions, &n,
                            err))
        return err->code;
    hark_json_key(&api->json, "positions");
    hark_json_open(&api->json, '[');
    for (size_t i = 0; i < n; i++) {
        hark_json_open(&api->json, '{');
        hark_json_kv(&api->json, "topic", positions[i].topic);
        hark_json_kv(&api->json, "field", positions[i].field);
        hark_json_kv(&api->json, "position", positions[i].position);
        hark_json_close(&api->json, '}');
    }
    hark_json_close(&api->json, ']');
    return 0;
}

int api_sources(struct api *api, struct hark_err *err)
{
    const struct hark_gap *gaps;
    size_t n;
    if (write_sources(api, err) || write_positions(api, err) ||
        hark_read_gaps(api->store, api->arena, api->params.limit, &gaps, &n, err))
        return err->code;
    api_gaps(api, gaps, n, (struct hark_range){INT64_MIN, INT64_MAX});
    return 0;
}
