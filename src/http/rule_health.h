// What matchers say of themselves in hark:health, for the view of rules: which are at work, what patterns cost and
// which are in quarantine.
#pragma once

#include "http.h"

struct pattern_health {
    struct hark_str pattern, file; // as a rule file writes it, and the first that does
    int64_t line;
    double weighted; // share of each matcher times what it measured
    int64_t over, skipped;
    bool quarantined;
};

struct rule_matcher {
    struct hark_str name, command, ruleset;
    int64_t time_ms, measured_us;
    bool stale; // not heard of for some time: it ended without a word
};

struct rule_health {
    struct hark_arena *arena;
    struct rule_matcher *matchers;
    size_t nmatchers;
    struct hark_map patterns; // by text → struct pattern_health; of matchers that are not stale
    double measured_us;       // by these
};

int rule_health_read(struct rule_health *health, struct api *api, struct hark_err *err);
void rule_health_done(struct rule_health *health);
// "matchers" and "patterns".
void rule_health_write(const struct rule_health *health, struct api *api);
// "cost" and "quarantined" of one brand's own patterns, or of an intent's.
void rule_health_brand(const struct rule_health *health, const struct hark_brand *brand, struct hark_json *json);
void rule_health_intent(const struct rule_health *health, const struct hark_intent *intent, struct hark_json *json);
