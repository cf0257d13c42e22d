// From a request to its answer: who may ask, what there is, the parameters, a store, and one more try where the
// connection to Redis was lost.

#include "http.h"

#include <hark/clock.h>
#include <hark/metrics.h>

#include <stdio.h>

const struct hark_metric http_requests = {"hark_http_requests_total", "Requests answered, by status.", HARK_COUNTER,
                                          "status"};
const struct hark_metric http_seconds = {"hark_http_request_seconds", "Time that an answer took to make, by resource.",
                                         HARK_HISTOGRAM, "resource"};

// RFC 9457.
void http_problem(struct http_answer *answer, int status, const char *text)
{
    hark_buf_clear(&answer->body);
    struct hark_json json = hark_json_to(&answer->body);
    answer->status = status;
    answer->type = "application/problem+json";
    hark_json_open(&json, '{');
    hark_json_ki(&json, "status", status);
    hark_json_kc(&json, "detail", text);
    hark_json_close(&json, '}');
}

static void refuse(struct http_answer *answer, int status)
{
    http_problem(answer, status,
                 status == 401   ? "a token is needed: Authorization: Bearer TOKEN, or any user with it as the password"
                 : status == 403 ? "this server is asked through its proxy only"
                                 : "this server answers to localhost, 127.0.0.1 and [::1] only; for other names it "
                                   "needs a token or a proxy header");
}

// --- the API ---

struct parse {
    struct params *params;
    unsigned accepted;
    struct hark_err *err;
};

static int parse_one(void *to, struct hark_str name, struct hark_str value)
{
    struct parse *parse = to;
    return params_add(parse->params, parse->accepted, name, value, parse->err);
}

static int parse_params(const struct http_request *request, const struct api_resource *resource, int64_t now_ms,
                        struct params *params, struct hark_err *err)
{
    struct parse parse = {params, resource->params, err};
    request->each_param(request->param_arg, parse_one, &parse);
    if (err->code) return err->code;
    if (resource->needs & PARAM_BRAND & ~params->given)
        return hark_err_set(err, HARK_EINPUT, "brand is missing: brand=NAME; /api/v1/brands has their names");
    return params_finish(params, resource->params, now_ms, err);
}

static int run_once(struct hark_http *http, const struct api_resource *resource, struct api *api, struct hark_buf *body,
                    struct hark_err *err)
{
    api->store = http_store_take(http, err);
    if (!api->store) return err->code;
    hark_buf_clear(body);
    api->json = hark_json_to(body);
    hark_json_open(&api->json, '{');
    int rc = resource->run(api, err);
    hark_json_close(&api->json, '}');
    http_store_give(http, api->store);
    return rc;
}

static void run_resource(struct hark_http *http, const struct api_resource *resource,
                         const struct http_request *request, struct http_answer *answer)
{
    struct hark_arena arena = {0};
    struct hark_err err = {0};
    struct api api = {.http = http, .arena = &arena, .now_ms = hark_clock_ms()};
    answer->status = 200;
    answer->type = "application/json";
    if (!parse_params(request, resource, api.now_ms, &api.params, &err) &&
        run_once(http, resource, &api, &answer->body, &err) && err.retriable) {
        err = (struct hark_err){0}; // Redis was restarted, or had closed a connection that was long idle
        (void)run_once(http, resource, &api, &answer->body, &err);
    }
    if (err.code) http_problem(answer, err.code == HARK_EINPUT ? 400 : err.code == HARK_ESERVICE ? 503 : 500, err.text);
    hark_arena_done(&arena);
}

// --- health ---

static void health(struct hark_http *http, bool ready, struct http_answer *answer)
{
    bool good = !ready || ((!http->live || atomic_load(&http->redis_up)) &&
                           (!http->options.ready || http->options.ready(http->options.ready_arg)));
    answer->status = good ? 200 : 503;
    answer->type = "text/plain; charset=utf-8";
    hark_buf_printf(&answer->body, "%s\n", good ? "ok" : "not ready: a service is out of reach");
}

static void metrics(struct http_answer *answer)
{
    answer->status = 200;
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    hark_metrics_write(&answer->body);
}

// --- all of it ---

static const struct api_resource *find_resource(struct hark_str path)
{
    for (const struct api_resource *resource = api_resources; resource->path; resource++)
        if (hark_str_is(path, resource->path)) return resource;
    return NULL;
}

// What is there for a command that serves counters.
static bool route_serve(struct hark_http *http, const struct http_request *request, struct http_answer *answer,
                        const char **ret_name)
{
    const struct api_resource *resource = find_resource(request->path);
    const struct http_asset *asset = http_asset_find(request->path);
    if (resource) {
        *ret_name = resource->path;
        run_resource(http, resource, request, answer);
    } else if (hark_str_is(request->path, "/api/v1/live")) {
        *ret_name = "/api/v1/live";
        *answer = (struct http_answer){.status = 200, .live = true};
    } else if (asset) {
        *ret_name = "page";
        answer->status = 200;
        answer->type = asset->type;
        answer->page = asset->page;
        hark_buf_str_add(&answer->body, asset->bytes);
    }
    return resource || asset || answer->live;
}

static void route(struct hark_http *http, const struct http_request *request, struct http_answer *answer,
                  const char **ret_name)
{
    int refused = http_authorize(http, request);
    if (refused)
        refuse(answer, refused);
    else if (request->method == HTTP_OTHER)
        http_problem(answer, 405, "only GET and HEAD");
    else if (hark_str_is(request->path, "/healthz") || hark_str_is(request->path, "/readyz"))
        health(http, hark_str_is(request->path, "/readyz"), answer);
    else if (hark_str_is(request->path, "/metrics"))
        metrics(answer);
    else if (!http->live || !route_serve(http, request, answer, ret_name))
        http_problem(answer, 404, "there is nothing here");
}

void http_route(struct hark_http *http, const struct http_request *request, struct http_answer *answer)
{
    int64_t started_us = hark_clock_mono_us();
    const char *name = "other";
    char status[12];
    route(http, request, answer, &name);
    http_answer_finish(request, answer);
    snprintf(status, sizeof status, "%d", answer->status);
    hark_metric_add(&http_requests, hark_str(status), 1);
    hark_metric_observe(&http_seconds, hark_str(name), (double)(hark_clock_mono_us() - started_us) / 1e6);
}
