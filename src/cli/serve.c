// hark serve: the page, the API and the metrics over what Redis holds.

#include "cli.h"

#include <hark/http.h>
#include <hark/log.h>
#include <hark/pipeline.h>

#include <signal.h>
#include <stdio.h>

// Files that are wrong stay as they are until somebody mends them: there is nothing to try again.
static bool reload(void *arg, bool asked)
{
    struct hark_err err = {0};
    bool changed;
    if (hark_http_reload(arg, &changed, &err))
        hark_log(HARK_WARN, "rules not taken", "error=%s", hark_log_q(hark_str(err.text)));
    else if (changed || asked)
        hark_log(HARK_INFO, changed ? "rules taken" : "rules unchanged", "%s", "");
    return false;
}

// What changed between the first look and the watch is seen by a second look.
static int watch_rules(const char *folder, struct hark_http *http, struct hark_watch **ret, struct hark_err *err)
{
    *ret = NULL;
    if (!folder) return 0;
    *ret = hark_watch_start(folder, reload, http, err);
    if (*ret) raise(SIGHUP);
    return err->code;
}

static int serve(const struct hark_config *cfg, const char *redis, struct hark_err *err)
{
    struct hark_buf topic = {0};
    hark_buf_printf(&topic, "%sposts", cfg->topics);
    const struct hark_http_options options = {
        .listen = cfg->listen ? cfg->listen : "127.0.0.1:8686",
        .token = cfg->serve_token,
        .proxy_header = cfg->proxy_header,
        .store = {.redis = redis, .password = cfg->redis_password, .prefix = cfg->prefix},
        .rules = cfg->rules,
        .topic = hark_buf_cstr(&topic),
    };
    struct hark_http *http = hark_http_start(&options, err);
    hark_buf_done(&topic);
    if (!http) return err->code;
    printf("%s\n", hark_http_address(http));
    fflush(stdout);
    hark_log(HARK_INFO, "serving", "address=%s redis=%s", hark_http_address(http), hark_log_q(hark_str(redis)));
    struct hark_watch *watch;
    if (watch_rules(cfg->rules, http, &watch, err) == 0) hark_stop_wait();
    hark_watch_stop(watch);
    hark_http_stop(http);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    (void)args;
    struct hark_backend *backend = hark_backend_open(cfg, err);
    if (backend) (void)serve(cfg, hark_backend_redis(backend), err);
    hark_backend_close(backend);
    return err->code;
}

const struct hark_command hark_command_serve = {
    .name = "serve",
    .arguments = "",
    .about = "shows what Redis holds: a page to look at, a JSON API, metrics",
    .more =
        "Prints its address. Only this machine reaches it, unless --listen names another address; then it asks for "
        "the token in HARK_SERVE_TOKEN or HARK_SERVE_TOKEN_FILE (as Bearer, or as the password of any user), or for "
        "the header that --proxy-header names, which the proxy in front must set and must take away from what "
        "comes from outside.",
    .run = run,
};
