// Start and end, and the stores that answers share.

#include "http.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 2000, ANSWER_MS = 5000 }; // people wait for these answers, unlike the matcher

struct hark_store *http_store_take(struct hark_http *http, struct hark_err *err)
{
    struct hark_store *store = NULL;
    pthread_mutex_lock(&http->lock);
    if (http->nstores) store = http->stores[--http->nstores];
    pthread_mutex_unlock(&http->lock);
    return store ? store : hark_store_open(&http->options.store, err);
}

void http_store_give(struct hark_http *http, struct hark_store *store)
{
    pthread_mutex_lock(&http->lock);
    http->stores = hark_realloc(http->stores, http->nstores + 1, sizeof *http->stores);
    http->stores[http->nstores++] = store;
    pthread_mutex_unlock(&http->lock);
}

static const char *keep(struct hark_http *http, const char *text)
{
    return hark_arena_str(&http->arena, hark_str(text)).ptr;
}

static void copy_options(struct hark_http *http, const struct hark_http_options *options)
{
    http->options = *options;
    http->options.listen = keep(http, options->listen);
    http->options.token = keep(http, options->token);
    http->options.proxy_header = keep(http, options->proxy_header);
    http->options.topic = keep(http, options->topic);
    http->options.rules = keep(http, options->rules);
    http->options.store.redis = keep(http, options->store.redis);
    http->options.store.password = keep(http, options->store.password);
    http->options.store.prefix = keep(http, options->store.prefix);
    http->options.store.connect_timeout_ms = CONNECT_MS;
    http->options.store.timeout_ms = ANSWER_MS;
}

static int start(struct hark_http *http, struct hark_err *err)
{
    if (http->options.store.redis) {
        struct hark_store *store = http_store_take(http, err); // that Redis answers is told before the start
        if (!store) return err->code;
        http_store_give(http, store);
        http->rules = http_rules_load(http->options.rules, err);
        if (err->code) return err->code;
        http->live = live_start(http, err);
        if (!http->live) return err->code;
    }
    http->listen = server_start(http, err);
    return err->code;
}

struct hark_http *hark_http_start(const struct hark_http_options *options, struct hark_err *err)
{
    struct hark_http *http = hark_calloc(1, sizeof *http);
    pthread_mutex_init(&http->lock, NULL);
    copy_options(http, options);
    if (start(http, err) == 0) return http;
    hark_http_stop(http);
    return NULL;
}

const char *hark_http_address(const struct hark_http *http)
{
    return hark_listen_address(http->listen);
}

void hark_http_stop(struct hark_http *http)
{
    if (!http) return;
    if (http->live) live_close(http->live);
    hark_listen_stop(http->listen);
    live_stop(http->live);
    http_rules_drop(http->rules);
    for (size_t i = 0; i < http->nstores; i++) hark_store_close(http->stores[i]);
    free(http->stores);
    hark_buf_done(&http->rules_problem);
    pthread_mutex_destroy(&http->lock);
    hark_arena_done(&http->arena);
    free(http);
}
