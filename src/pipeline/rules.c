// Rules from files to a matcher, their problems to stderr.

#include "pipeline.h"

#include <hark/clock.h>

#include <unistd.h>

struct hark_matcher *rules_compile(const struct hark_config *cfg, struct hark_ruleset *rs, struct hark_err *err)
{
    struct hark_buf cache = {0};
    hark_buf_printf(&cache, "%s/cache", cfg->state);
    const struct hark_match_options options = {
        .no_prefilter = cfg->no_prefilter,
        .match_limit = (uint32_t)cfg->match_limit,
        .cache_dir = hark_buf_cstr(&cache),
    };
    struct hark_matcher *m = hark_matcher_new(rs, &options, err);
    hark_buf_done(&cache);
    return m;
}

struct hark_matcher *hark_pipeline_matcher(const struct hark_config *cfg, struct hark_err *err)
{
    int64_t started_us = hark_clock_mono_us();
    struct hark_problems problems = {0};
    struct hark_buf text = {0};
    struct hark_matcher *m = NULL;
    if (!cfg->rules) {
        hark_err_set(err, HARK_EINPUT, "--rules is missing: the folder with the rule files");
        return NULL;
    }
    struct hark_ruleset *rs = hark_rules_load(&cfg->rules, 1, hark_match_check_regex, &problems);
    hark_problems_print(&problems, isatty(STDERR_FILENO), &text);
    if (text.len) fwrite(text.ptr, 1, text.len, stderr);
    if (rs)
        m = rules_compile(cfg, rs, err);
    else
        hark_err_set(err, HARK_EINPUT, "%s: %zu error%s in the rules", cfg->rules, problems.errors,
                     problems.errors == 1 ? "" : "s");
    if (m) metrics_rules(rs, NULL);
    if (m)
        hark_log(HARK_INFO, "rules", "version=%s brands=%zu intents=%zu files=%zu seconds=%.3f", rs->version,
                 rs->nbrands, rs->nintents, rs->files, (double)(hark_clock_mono_us() - started_us) / 1e6);
    hark_ruleset_unref(rs);
    hark_buf_done(&text);
    hark_problems_done(&problems);
    return m;
}

void rules_tell(struct hark_scratch *ms, struct hark_match_stats *told, struct tally *tally)
{
    const struct hark_match_stats *now = hark_scratch_stats(ms);
    if (now->over_limit == told->over_limit && now->skipped == told->skipped) return;
    tally_add(&tally->over_limit, now->over_limit - told->over_limit);
    tally_add(&tally->skipped, now->skipped - told->skipped);
    *told = *now;
    for (const struct hark_pattern *pattern; (pattern = hark_scratch_quarantined(ms));) {
        metrics_quarantined();
        hark_log(HARK_WARN, "pattern in quarantine", "pattern=%s file=%s line=%u over=%d of=%d",
                 hark_log_q(pattern->written), hark_log_q(pattern->loc.file), pattern->loc.line, HARK_QUARANTINE_OVER,
                 HARK_QUARANTINE_TRIES);
    }
}

void rules_leave(struct hark_scratch *ms)
{
    enum { MAX_LISTED = 10 };
    const double slow = 0.05; // of the time
    const struct hark_pattern_cost *costs;
    size_t n = ms ? hark_scratch_costs(ms, &costs) : 0;
    for (size_t i = 0; i < n && i < MAX_LISTED && costs[i].share >= slow; i++)
        hark_log(HARK_INFO, "slow pattern", "pattern=%s file=%s line=%u share=%.2f over_limit=%llu quarantine=%s",
                 hark_log_q(costs[i].pattern->written), hark_log_q(costs[i].pattern->loc.file),
                 costs[i].pattern->loc.line, costs[i].share, (unsigned long long)costs[i].over,
                 costs[i].quarantined ? "yes" : "no");
    hark_scratch_free(ms);
}
