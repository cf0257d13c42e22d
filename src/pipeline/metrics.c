// What the long commands tell Prometheus. What happens for every post is in the tally and is brought in when somebody
// asks; what happens for every commit is measured as it happens.

#include "pipeline.h"

#include <hark/clock.h>
#include <hark/http.h>

#include <ctype.h>

const struct hark_metric metric_redis = {"hark_redis_seconds",
                                         "Time that Redis took: read what is known of posts, commit a batch.",
                                         HARK_HISTOGRAM, "operation"};
const struct hark_metric metric_commit = {"hark_commit_seconds",
                                          "Time from the end of a batch until it is counted, sent and acknowledged.",
                                          HARK_HISTOGRAM, NULL};
const struct hark_metric metric_lag = {"hark_lag_messages", "Messages of a partition that are not counted yet.",
                                       HARK_GAUGE, "partition"};
static const struct hark_metric dead_letters = {
    "hark_dead_letters_total", "What could not be read, by the beginning of its reason.", HARK_COUNTER, "reason"};
static const struct hark_metric rules_info = {"hark_rules_info", "1 for the rule set in force.", HARK_GAUGE, "version"};
static const struct hark_metric quarantined = {"hark_rules_quarantined_total",
                                               "Patterns put in quarantine since the start.", HARK_COUNTER, NULL};
static const struct hark_metric gaps = {
    "hark_gaps_total", "Times in which a source or the log missed posts, since the start.", HARK_COUNTER, NULL};
static const struct hark_metric rules_brands = {"hark_rules_brands", "Brands in the rule set.", HARK_GAUGE, NULL};

#define COUNT(member, text)                                                                                            \
    {                                                                                                                  \
        offsetof(struct tally, member),                                                                                \
        {                                                                                                              \
            "hark_" #member "_total", text, HARK_COUNTER, NULL                                                         \
        }                                                                                                              \
    }
static const struct {
    size_t at;
    struct hark_metric metric;
} counts[] = {
    COUNT(posts, "Posts taken from the input."),
    COUNT(refused, "Records that are no public post."),
    COUNT(candidates, "Posts that the prefilter let through to be decoded."),
    COUNT(matches, "Matches counted and sent."),
    COUNT(hits, "Intents that fired in these matches."),
    COUNT(alerts, "Alerts sent."),
    COUNT(repeats, "Posts that came again."),
    COUNT(edits, "Posts whose edit changed counters."),
    COUNT(deletes, "Posts whose delete changed counters."),
    COUNT(over_limit, "Times that a pattern reached its match limit on a post."),
    COUNT(skipped, "Tries of patterns that quarantine spared."),
};

static void collect(void *arg)
{
    const char *tally = arg;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const _Atomic uint64_t *at = (const _Atomic uint64_t *)(tally + counts[i].at);
        hark_metric_set(&counts[i].metric, (struct hark_str){0},
                        (double)atomic_load_explicit(at, memory_order_relaxed));
    }
}

void metrics_took(const struct hark_metric *metric, const char *label, int64_t started_us)
{
    hark_metric_observe(metric, hark_str(label), (double)(hark_clock_mono_us() - started_us) / 1e6);
}

// A reason goes on with what it was about ("at byte 17: …"): its first words are the kind.
void metrics_dead(struct hark_str reason)
{
    enum { MAX_BYTES = 40 };
    size_t n = 0;
    while (n < reason.len && n < MAX_BYTES && !strchr(":;,('\"", reason.ptr[n]) &&
           !isdigit((unsigned char)reason.ptr[n]) && (unsigned char)reason.ptr[n] < 0x80)
        n++;
    struct hark_str kind = hark_str_trim(hark_strn(reason.ptr, n));
    if (hark_str_ends(kind, HARK_STR(" at byte"))) kind.len -= strlen(" at byte");
    hark_metric_add(&dead_letters, kind.len ? kind : HARK_STR("other"), 1);
}

void metrics_rules(const struct hark_ruleset *rs, const char *before)
{
    if (before) hark_metric_set(&rules_info, hark_str(before), 0);
    hark_metric_set(&rules_info, hark_str(rs->version), 1);
    hark_metric_set(&rules_brands, (struct hark_str){0}, (double)rs->nbrands);
}

void metrics_quarantined(void)
{
    hark_metric_add(&quarantined, (struct hark_str){0}, 1);
}

void metrics_gap(void)
{
    hark_metric_add(&gaps, (struct hark_str){0}, 1);
}

int metrics_start(const struct hark_config *cfg, struct tally *tally, bool (*ready)(void *arg), void *ready_arg,
                  struct hark_http **ret, struct hark_err *err)
{
    const struct hark_http_options options = {
        .listen = cfg->listen, .token = cfg->serve_token, .ready = ready, .ready_arg = ready_arg};
    *ret = NULL;
    if (!cfg->listen) return 0;
    *ret = hark_http_start(&options, err);
    if (!*ret) return err->code;
    hark_metric_add(&gaps, (struct hark_str){0}, 0); // there from the start: who watches them sees the first one
    hark_metric_add(&quarantined, (struct hark_str){0}, 0);
    hark_metrics_collector(collect, tally);
    hark_log(HARK_INFO, "serving metrics", "address=%s", hark_http_address(*ret));
    return 0;
}

void metrics_stop(struct hark_http *http)
{
    hark_http_stop(http);
    hark_metrics_collector(NULL, NULL);
}
