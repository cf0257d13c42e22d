// What patterns in slashes cost, and those that cost too much.
//
// A thread counts for each pattern the posts on which it was tried and on which it reached its match limit. Where the
// second are HARK_QUARANTINE_OVER of HARK_QUARANTINE_TRIES it is put in quarantine, for all threads and as long as the
// rule set lives: the flag is all that threads share, and it is written once.
#pragma once

#include "regex.h"

#include <hark/match.h>

#include <stdatomic.h>

struct hark_health {                    // of a pattern; of the matcher, shared
    const struct hark_pattern *pattern; // of the first rule that has it
    struct hark_regex *regex;
    atomic_bool quarantined, told;
};

struct hark_healths {      // of a matcher
    struct hark_health *v; // by number of the pattern
    size_t n, cap;
    _Atomic uint32_t quarantined, told; // how many
};

struct hark_spent {       // on a pattern; of a thread
    uint32_t tries, over; // of this window
    uint64_t all_over, skipped;
    int64_t ns; // in posts that are timed
};

struct hark_budget { // of a thread
    struct hark_healths *healths;
    struct hark_spent *spent; // by number of the pattern
    int64_t all_ns;           // of hark_match_post() in posts that are timed
    int64_t started_ns;       // of the post, where it is timed; else 0
    uint32_t posts;
    uint64_t all_skipped;
    struct hark_stopped stopped[HARK_STOPPED_MAX]; // in the latest post
    size_t nstopped;
    struct hark_pattern_cost *costs;
};

void hark_budget_init(struct hark_budget *budget, struct hark_healths *healths);
void hark_budget_done(struct hark_budget *budget);
// Every 64th post is timed.
void hark_budget_start(struct hark_budget *budget);
void hark_budget_end(struct hark_budget *budget);
// As hark_regex_find(), within the pattern's budget. A pattern in quarantine has no hit.
enum hark_regex_result hark_budget_find(struct hark_budget *budget, size_t number, struct hark_regex_scratch *scratch,
                                        struct hark_str text, size_t at, size_t *ret_from, size_t *ret_to);
// Patterns that were tried or passed over, the dearest first; valid until the next call.
size_t hark_budget_costs(struct hark_budget *budget, const struct hark_pattern_cost **ret);
static inline bool hark_health_quarantined(const struct hark_health *health)
{
    return atomic_load_explicit(&health->quarantined, memory_order_relaxed);
}
// A pattern that is in quarantine and was not told yet, or NULL. Any thread.
const struct hark_pattern *hark_health_news(struct hark_healths *healths);
