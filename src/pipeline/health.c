// What a matching process says of its rules in Redis, for who looks at hark from elsewhere: the rule set, what patterns
// cost and which are in quarantine. Workers leave what their scratches know; a thread with a store of its own writes it
// every few seconds. Counting never waits for it, and where Redis does not take it nothing is lost: the next time will
// do.

#include "pipeline.h"

#include <hark/clock.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 2000, MAX_PATTERNS = 100 };

struct told { // by a worker
    struct hark_matcher *m;
    struct hark_pattern_cost *costs; // their patterns are of m
    size_t n;
    int64_t at_us;
};

struct health {
    const char *command;
    struct hark_store_options store;
    char name[96]; // of the process
    pthread_t thread;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t ended;
    bool ending;
    struct told *workers;
    size_t nworkers;
};

// --- workers ---

bool health_due(struct health *health, size_t worker)
{
    return health && hark_clock_mono_us() - health->workers[worker].at_us >= EVERY_MS * 1000; // its worker's alone
}

void health_tell(struct health *health, size_t worker, const struct hark_matcher *m, struct hark_scratch *ms)
{
    struct told *told = &health->workers[worker];
    const struct hark_pattern_cost *costs;
    size_t n = hark_scratch_costs(ms, &costs);
    pthread_mutex_lock(&health->lock);
    if (told->m != m) {
        hark_matcher_unref(told->m);
        told->m = hark_matcher_ref((struct hark_matcher *)(uintptr_t)m);
    }
    told->costs = hark_realloc(told->costs, n + 1, sizeof *told->costs);
    memcpy(told->costs, costs, n * sizeof *costs);
    told->n = n;
    told->at_us = hark_clock_mono_us();
    pthread_mutex_unlock(&health->lock);
}

// --- what they say together ---

static int dearest_first(const void *a, const void *b)
{
    const struct hark_pattern_cost *x = a, *y = b;
    if (x->quarantined != y->quarantined) return x->quarantined ? -1 : 1;
    if (x->ns != y->ns) return x->ns > y->ns ? -1 : 1;
    return hark_str_cmp(x->pattern->written, y->pattern->written);
}

// The rule set that was taken last; workers change one after the other.
static struct hark_matcher *newest(const struct health *health)
{
    struct hark_matcher *m = NULL;
    int64_t at_us = -1;
    for (size_t i = 0; i < health->nworkers; i++) {
        if (!health->workers[i].m || health->workers[i].at_us <= at_us) continue;
        m = health->workers[i].m;
        at_us = health->workers[i].at_us;
    }
    return m;
}

static void add_cost(struct hark_pattern_cost *sums, size_t *n, const struct hark_pattern_cost *cost)
{
    size_t i = 0;
    while (i < *n && sums[i].pattern != cost->pattern) i++;
    if (i == *n) sums[(*n)++] = (struct hark_pattern_cost){.pattern = cost->pattern};
    sums[i].ns += cost->ns;
    sums[i].over += cost->over;
    sums[i].skipped += cost->skipped;
    sums[i].quarantined |= cost->quarantined;
}

// Those of all workers that go by this rule set, added up; returns the time that was measured.
static int64_t add_up(const struct health *health, const struct hark_matcher *m, struct hark_arena *arena,
                      struct hark_pattern_cost **ret, size_t *ret_n)
{
    size_t most = 0, n = 0;
    int64_t of_ns = 0;
    for (size_t w = 0; w < health->nworkers; w++) most += health->workers[w].n;
    struct hark_pattern_cost *sums = HARK_NEW_N(arena, struct hark_pattern_cost, most);
    for (size_t w = 0; w < health->nworkers; w++) {
        const struct told *told = &health->workers[w];
        if (told->m != m) continue;
        for (size_t i = 0; i < told->n; i++) add_cost(sums, &n, &told->costs[i]);
        if (told->n) of_ns += told->costs[0].of_ns;
    }
    if (n) qsort(sums, n, sizeof *sums, dearest_first);
    *ret = sums;
    *ret_n = n;
    return of_ns;
}

static void encode_cost(struct hark_json *json, const struct hark_pattern_cost *cost, int64_t of_ns)
{
    hark_json_open(json, '{');
    hark_json_kv(json, "pattern", cost->pattern->written);
    hark_json_kv(json, "file", cost->pattern->loc.file);
    hark_json_ki(json, "line", cost->pattern->loc.line);
    hark_json_key(json, "share");
    hark_json_double(json, of_ns ? (double)cost->ns / (double)of_ns : 0);
    hark_json_ki(json, "over", (int64_t)cost->over);
    hark_json_ki(json, "skipped", (int64_t)cost->skipped);
    hark_json_kb(json, "quarantined", cost->quarantined);
    hark_json_close(json, '}');
}

// The time comes first: whoever takes old entries away looks for it there.
static bool encode(struct health *health, struct hark_buf *buf)
{
    struct hark_arena arena = {0};
    struct hark_json json = hark_json_to(buf);
    struct hark_pattern_cost *costs;
    char now[HARK_TIME_STR_BYTES];
    size_t n;
    pthread_mutex_lock(&health->lock);
    const struct hark_matcher *m = newest(health);
    if (m) {
        int64_t of_ns = add_up(health, m, &arena, &costs, &n);
        hark_time_str(hark_clock_ms(), now);
        hark_json_open(&json, '{');
        hark_json_kc(&json, "time", now);
        hark_json_kc(&json, "command", health->command);
        hark_json_kc(&json, "ruleset", hark_matcher_rules(m)->version);
        hark_json_ki(&json, "measured_us", of_ns / 1000);
        hark_json_key(&json, "patterns");
        hark_json_open(&json, '[');
        for (size_t i = 0; i < n && i < MAX_PATTERNS; i++) encode_cost(&json, &costs[i], of_ns);
        hark_json_close(&json, ']');
        hark_json_close(&json, '}');
    }
    pthread_mutex_unlock(&health->lock);
    hark_arena_done(&arena);
    return m != NULL;
}

// --- writing ---

static void write_once(struct health *health, struct hark_store **store)
{
    struct hark_err err = {0};
    struct hark_buf buf = {0};
    if (encode(health, &buf)) {
        if (!*store) *store = hark_store_open(&health->store, &err);
        if (*store && hark_store_health_set(*store, hark_str(health->name), hark_buf_str(&buf), &err) == 0)
            hark_log(HARK_DEBUG, "health told", "name=%s bytes=%zu", health->name, buf.len);
    }
    if (err.code) hark_log(HARK_DEBUG, "health not told", "error=%s", hark_log_q(hark_str(err.text)));
    hark_buf_done(&buf);
}

// Waits; false: the end.
static bool rest(struct health *health)
{
    struct timespec until = hark_clock_deadline(CLOCK_REALTIME, EVERY_MS);
    pthread_mutex_lock(&health->lock);
    while (!health->ending && pthread_cond_timedwait(&health->ended, &health->lock, &until) != ETIMEDOUT) continue;
    bool ending = health->ending;
    pthread_mutex_unlock(&health->lock);
    return !ending;
}

static void *keep_telling(void *arg)
{
    struct health *health = arg;
    struct hark_store *store = NULL;
    struct hark_err err = {0};
    while (rest(health)) write_once(health, &store);
    if (store && hark_store_health_remove(store, hark_str(health->name), &err))
        hark_log(HARK_DEBUG, "health not taken away", "error=%s", hark_log_q(hark_str(err.text)));
    hark_store_close(store);
    return NULL;
}

// --- start and end ---

struct health *health_start(const char *command, const struct hark_config *cfg, const char *redis, size_t nworkers)
{
    enum { ANSWER_MS = 2000 }; // its end must not wait longer for a Redis that hangs
    struct health *health = hark_calloc(1, sizeof *health);
    char host[64] = "";
    health->command = command;
    health->store = (struct hark_store_options){.redis = redis,
                                                .password = cfg->redis_password,
                                                .prefix = cfg->prefix,
                                                .connect_timeout_ms = ANSWER_MS,
                                                .timeout_ms = ANSWER_MS};
    (void)gethostname(host, sizeof host - 1);
    snprintf(health->name, sizeof health->name, "%s:%ld", host, (long)getpid());
    health->workers = hark_calloc(nworkers + 1, sizeof *health->workers);
    health->nworkers = nworkers;
    pthread_mutex_init(&health->lock, NULL);
    pthread_cond_init(&health->ended, NULL);
    if (pthread_create(&health->thread, NULL, keep_telling, health) == 0) return health;
    health->ending = true; // there is no thread to wait for; counting goes on without
    health_stop(health);
    return NULL;
}

void health_stop(struct health *health)
{
    if (!health) return;
    pthread_mutex_lock(&health->lock);
    bool running = !health->ending;
    health->ending = true;
    pthread_cond_signal(&health->ended);
    pthread_mutex_unlock(&health->lock);
    if (running) pthread_join(health->thread, NULL);
    for (size_t i = 0; i < health->nworkers; i++) {
        hark_matcher_unref(health->workers[i].m);
        free(health->workers[i].costs);
    }
    pthread_cond_destroy(&health->ended);
    pthread_mutex_destroy(&health->lock);
    free(health->workers);
    free(health);
}
