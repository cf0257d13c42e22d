#include "json_get.h"
#include "net.h"

#include <hark/x_rules.h>

#include <stdlib.h>

#define RULES "/2/tweets/search/stream/rules"

enum { ANSWER_BYTES = 8 << 20, STALE_MS = 20000 };

struct sync {
    const struct hark_x_rules_options *options;
    struct hark_net *net;
    struct hark_arena arena;
    struct hark_buf url, body, send;
    const char *headers[2];
};

// Sends (a POST where there is a body) and reads the answer; NULL: err is set.
static json_t *ask(struct sync *sync, const char *query, struct hark_str body, struct hark_err *err)
{
    const char *base = sync->options->url ? sync->options->url : "https://api.x.com";
    hark_buf_clear(&sync->url);
    hark_buf_printf(&sync->url, HARK_STR_FMT RULES "%s", HARK_STR_ARG(hark_net_origin(base)), query);
    const struct hark_net_request request = {
        .url = hark_buf_cstr(&sync->url), .headers = sync->headers, .body = body, .stale_ms = STALE_MS};
    if (hark_net_open(sync->net, &request, err) || hark_net_body(sync->net, ANSWER_BYTES, &sync->body, err))
        return NULL;
    long status = hark_net_status(sync->net);
    if (status == 200 || status == 201) {
        json_t *answer = json_loadb(sync->body.ptr, sync->body.len, 0, NULL);
        if (!answer) hark_err_set(err, HARK_ESERVICE, "%s: the answer is no JSON", sync->url.ptr);
        return answer;
    }
    const char *hint = status == 401 || status == 403 ? ": HARK_X_TOKEN is not set, is wrong or has expired" : "";
    hark_err_set(err, status == 429 || status >= 500 ? HARK_ESERVICE : HARK_EINPUT, "%s: status %ld%s: %.*s",
                 sync->url.ptr, status, hint, sync->body.len < 300 ? (int)sync->body.len : 300,
                 sync->body.len ? sync->body.ptr : "");
    return NULL;
}

static bool same(const struct hark_x_rule *a, const struct hark_x_rule *b)
{
    return hark_str_eq(a->value, b->value) && hark_str_eq(a->tag, b->tag);
}

static struct hark_x_rule rule_of(const json_t *json, struct hark_arena *arena)
{
    return (struct hark_x_rule){hark_get_str(json, "value", arena), hark_get_str(json, "tag", arena)};
}

static bool held(const json_t *data, const struct hark_x_rule *rule, struct hark_arena *arena)
{
    size_t i;
    json_t *json;
    json_array_foreach(data, i, json) {
        const struct hark_x_rule has = rule_of(json, arena);
        if (same(&has, rule)) return true;
    }
    return false;
}

static int post(struct sync *sync, const char *query, struct hark_err *err)
{
    json_t *answer = ask(sync, query, hark_buf_str(&sync->send), err);
    json_t *errors = json_object_get(answer, "errors");
    if (json_array_size(errors)) {
        char *text = json_dumps(json_array_get(errors, 0), JSON_COMPACT);
        hark_err_set(err, HARK_EINPUT, "X refuses a rule: %s", text ? text : "");
        free(text);
    }
    json_decref(answer);
    return err->code;
}

// Adds what is new: X checks all of it first, so that it is all or nothing.
static int add(struct sync *sync, const json_t *data, const struct hark_x_rule *rules, size_t n, struct hark_err *err)
{
    size_t fresh = 0;
    hark_buf_clear(&sync->send);
    struct hark_json json = hark_json_to(&sync->send);
    hark_json_open(&json, '{');
    hark_json_key(&json, "add");
    hark_json_open(&json, '[');
    for (size_t i = 0; i < n; i++) {
        bool is_held = held(data, &rules[i], &sync->arena);
        sync->options->each(sync->options->arg, is_held ? '=' : '+', &rules[i]);
        if (is_held) continue;
        hark_json_open(&json, '{');
        hark_json_kv(&json, "value", rules[i].value);
        hark_json_kv(&json, "tag", rules[i].tag);
        hark_json_close(&json, '}');
        fresh++;
    }
    hark_json_close(&json, ']');
    hark_json_close(&json, '}');
    if (!fresh || post(sync, "?dry_run=true", err) || !sync->options->apply) return err->code;
    return post(sync, "", err);
}

static bool wanted(const struct hark_x_rule *has, const struct hark_x_rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (same(has, &rules[i])) return true;
    return false;
}

static int drop(struct sync *sync, const json_t *data, const struct hark_x_rule *rules, size_t n, struct hark_err *err)
{
    size_t gone = 0, i;
    json_t *one;
    hark_buf_clear(&sync->send);
    struct hark_json json = hark_json_to(&sync->send);
    hark_json_open(&json, '{');
    hark_json_key(&json, "delete");
    hark_json_open(&json, '{');
    hark_json_key(&json, "ids");
    hark_json_open(&json, '[');
    json_array_foreach(data, i, one) {
        const struct hark_x_rule has = rule_of(one, &sync->arena);
        if (!hark_str_starts(has.tag, HARK_STR(HARK_X_RULE_TAG)) || wanted(&has, rules, n)) continue;
        sync->options->each(sync->options->arg, '-', &has);
        hark_json_str(&json, hark_get_id(one, "id", &sync->arena));
        gone++;
    }
    hark_json_close(&json, ']');
    hark_json_close(&json, '}');
    hark_json_close(&json, '}');
    return gone && sync->options->apply ? post(sync, "", err) : 0;
}

int hark_x_rules_sync(const struct hark_x_rule *rules, size_t n, const struct hark_x_rules_options *options,
                      struct hark_err *err)
{
    struct sync sync = {.options = options};
    struct hark_wake wake = {.fd = -1};
    if (!options->token)
        return hark_err_set(err, HARK_EINPUT,
                            "a bearer token of X's API is missing: set HARK_X_TOKEN or HARK_X_TOKEN_FILE");
    if ((options->url && hark_net_check(options->url, "https http", err)) || hark_wake_init(&wake, err))
        return err->code;
    sync.net = hark_net_new(&wake, options->ca_file);
    sync.headers[0] = hark_arena_printf(&sync.arena, "Authorization: Bearer %s", options->token).ptr;
    json_t *held_now = ask(&sync, "", (struct hark_str){0}, err);
    const json_t *data = json_object_get(held_now, "data");
    // First what is new, so that nothing is missed in between.
    if (held_now && add(&sync, data, rules, n, err) == 0) (void)!drop(&sync, data, rules, n, err);
    json_decref(held_now);
    hark_net_free(sync.net);
    hark_wake_done(&wake);
    hark_buf_done(&sync.url);
    hark_buf_done(&sync.body);
    hark_buf_done(&sync.send);
    hark_arena_done(&sync.arena);
    return err->code;
}
