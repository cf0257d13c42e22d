// See budget.h.

#include "budget.h"

#include <stdlib.h>
#include <time.h>

enum {
    TIMED = 64
}; // one post in so many: two looks at the clock a pattern and post would cost more than many patterns

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void hark_budget_init(struct hark_budget *budget, struct hark_healths *healths)
{
    size_t n = healths->n;
    *budget = (struct hark_budget){.healths = healths};
    budget->spent = hark_calloc(n + 1, sizeof *budget->spent);
    budget->costs = hark_calloc(n + 1, sizeof *budget->costs);
}

void hark_budget_done(struct hark_budget *budget)
{
    free(budget->spent);
    free(budget->costs);
}

void hark_budget_start(struct hark_budget *budget)
{
    budget->nstopped = 0;
    budget->started_ns = budget->healths->n && budget->posts++ % TIMED == 0 ? now_ns() : 0;
}

void hark_budget_end(struct hark_budget *budget)
{
    if (budget->started_ns) budget->all_ns += now_ns() - budget->started_ns;
    budget->started_ns = 0;
}

static void note_stop(struct hark_budget *budget, const struct hark_health *health, bool quarantined)
{
    for (size_t i = 0; i < budget->nstopped; i++)
        if (budget->stopped[i].pattern == health->pattern) return;
    if (budget->nstopped < HARK_STOPPED_MAX)
        budget->stopped[budget->nstopped++] = (struct hark_stopped){health->pattern, quarantined};
}

static void note_over(struct hark_budget *budget, size_t number)
{
    struct hark_health *health = &budget->healths->v[number];
    struct hark_spent *spent = &budget->spent[number];
    spent->all_over++;
    note_stop(budget, health, false);
    if (++spent->over >= HARK_QUARANTINE_OVER && !atomic_exchange(&health->quarantined, true))
        atomic_fetch_add(&budget->healths->quarantined, 1);
}

enum hark_regex_result hark_budget_find(struct hark_budget *budget, size_t number, struct hark_regex_scratch *scratch,
                                        struct hark_str text, size_t at, size_t *ret_from, size_t *ret_to)
{
    struct hark_health *health = &budget->healths->v[number];
    struct hark_spent *spent = &budget->spent[number];
    if (atomic_load_explicit(&health->quarantined, memory_order_relaxed)) {
        spent->skipped++;
        budget->all_skipped++;
        note_stop(budget, health, true);
        return HARK_REGEX_NONE;
    }
    if (at == 0 && ++spent->tries > HARK_QUARANTINE_TRIES) {
        spent->tries = 1;
        spent->over = 0;
    }
    int64_t from_ns = budget->started_ns ? now_ns() : 0;
    enum hark_regex_result result = hark_regex_find(health->regex, scratch, text, at, ret_from, ret_to);
    if (from_ns) spent->ns += now_ns() - from_ns;
    if (result == HARK_REGEX_OVER_LIMIT) note_over(budget, number);
    return result;
}

// --- what it came to ---

static int dearest_first(const void *a, const void *b)
{
    const struct hark_pattern_cost *x = a, *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return (x->pattern > y->pattern) - (x->pattern < y->pattern);
}

size_t hark_budget_costs(struct hark_budget *budget, const struct hark_pattern_cost **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < budget->healths->n; i++) {
        const struct hark_spent *spent = &budget->spent[i];
        if (!spent->tries && !spent->skipped) continue;
        budget->costs[n++] = (struct hark_pattern_cost){
            .pattern = budget->healths->v[i].pattern,
            .share = budget->all_ns ? (double)spent->ns / (double)budget->all_ns : 0,
            .ns = spent->ns,
            .of_ns = budget->all_ns,
            .over = spent->all_over,
            .skipped = spent->skipped,
            .quarantined = atomic_load_explicit(&budget->healths->v[i].quarantined, memory_order_relaxed),
        };
    }
    qsort(budget->costs, n, sizeof *budget->costs, dearest_first);
    *ret = budget->costs;
    return n;
}

const struct hark_pattern *hark_health_news(struct hark_healths *healths)
{
    if (atomic_load_explicit(&healths->quarantined, memory_order_relaxed) ==
        atomic_load_explicit(&healths->told, memory_order_relaxed))
        return NULL;
    for (size_t i = 0; i < healths->n; i++) {
        struct hark_health *health = &healths->v[i];
        if (!atomic_load(&health->quarantined) || atomic_exchange(&health->told, true)) continue;
        atomic_fetch_add(&healths->told, 1);
        return health->pattern;
    }
    return NULL;
}
