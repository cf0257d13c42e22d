// hark bench match: what matching costs, beside two ways to do without hark's prefilter, on a workload made in memory;
// the same posts from a file, as `hark scan` reads them; and what a pattern leaves behind that is in quarantine.
//
// Each number of brands is measured in a process of its own, so that memory is that of these rules and no other.

#include "pipeline.h"
#include "workload.h"

#include <hark/clock.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_PATTERN_BRANDS = 10000, // one pattern a rule: more take minutes to compile
    PATTERN_US = 300000,        // of measuring it
    OPEN_US = 300000,           // of the open-loop load
    GOOD_BRANDS = 1000,         // beside the bad one
    TURNS = 7,                  // of two that are compared; the best of each counts
    MIN_BRANDS = 100,           // posts name a hundred
    MAX_BRANDS = 1000000,
};

static const unsigned shares[] = {1, 5, 20, 100};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct bench {
    const struct hark_config *cfg;
    char folder[64];
    struct hark_matcher *m;
    struct hark_scratch *ms;
    struct hark_arena arena;
    struct hark_buf out;
    uint64_t candidates, matches, bad;
};

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static double resident_mb(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    malloc_trim(0);
    if (file && fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    if (file) fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

// --- one post ---

static void decode(struct bench *bench, struct hark_str json, struct hark_post *post)
{
    struct hark_err err = {0};
    hark_arena_reset(&bench->arena);
    if (hark_post_decode(json, &bench->arena, post, &err)) bench->bad++;
}

static void encode(struct bench *bench, const struct hark_post *post, struct hark_str json)
{
    bench->candidates++;
    struct hark_matches matches = hark_match_post(bench->m, bench->ms, post, false);
    bench->matches += matches.n;
    for (size_t i = 0; i < matches.n; i++) {
        hark_buf_clear(&bench->out);
        struct hark_json writer = hark_json_to(&bench->out);
        hark_match_encode(&matches.v[i], post, json, hark_matcher_rules(bench->m)->version, &writer);
    }
}

// As `hark match` does it, up to the encoded matches.
static void match_post(struct bench *bench, struct hark_str json)
{
    struct hark_post post;
    if (hark_match_maybe(bench->m, bench->ms, json) == 0) return;
    decode(bench, json, &post);
    encode(bench, &post, json);
}

// --- loads ---

static double match_all(struct bench *bench, const struct workload *workload)
{
    for (size_t i = 0; i < workload->nposts / 10; i++) match_post(bench, workload->posts[i]); // warm
    bench->candidates = bench->matches = 0;
    int64_t from = cpu_us();
    for (size_t i = 0; i < workload->nposts; i++) match_post(bench, workload->posts[i]);
    return (double)(cpu_us() - from) / (double)workload->nposts;
}

static double decode_all(struct bench *bench, const struct workload *workload)
{
    struct hark_post post;
    int64_t from = cpu_us();
    for (size_t i = 0; i < workload->nposts; i++) decode(bench, workload->posts[i], &post);
    return (double)(cpu_us() - from) / (double)workload->nposts;
}

static double match_some(struct bench *bench, const struct workload *workload)
{
    size_t n = 0;
    int64_t from = cpu_us(), took = 0;
    while (n < workload->nposts && (took = cpu_us() - from) < PATTERN_US) match_post(bench, workload->posts[n++]);
    return (double)took / (double)n;
}

// As `hark scan` does it, up to the encoded matches.
static int scan_file(struct bench *bench, const char *path, double *ret_us, struct hark_err *err)
{
    const struct hark_source_options options = {.lazy = true};
    struct hark_source_item item;
    struct hark_buf spec = {0};
    size_t n = 0;
    hark_buf_printf(&spec, "file:%s", path);
    bench->candidates = bench->matches = 0;
    int64_t from = cpu_us();
    struct hark_source *src = hark_source_open(hark_buf_cstr(&spec), &options, err);
    while (src && hark_source_next(src, &item, err) > 0) {
        if (item.kind != HARK_ITEM_POST) bench->bad++;
        n++;
        if (item.kind != HARK_ITEM_POST || hark_match_maybe(bench->m, bench->ms, item.json) == 0) continue;
        hark_source_read(src, &item);
        encode(bench, item.post, item.json);
    }
    *ret_us = (double)(cpu_us() - from) / (double)(n + (n == 0));
    hark_source_free(src);
    hark_buf_done(&spec);
    return err->code;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct latency {
    double p50, p99, p999, load; // us; load: posts a second that came
};

// Posts come at half the rate that was measured, whether or not the one before is done; a post's latency counts from
// when it was due.
static struct latency open_loop(struct bench *bench, const struct workload *workload, double us_a_post)
{
    double gap_us = us_a_post * 2;
    size_t n = (size_t)(OPEN_US / gap_us);
    if (n > workload->nposts) n = workload->nposts;
    double *took = hark_calloc(n + 1, sizeof *took);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double start = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
    for (size_t i = 0; i < n; i++) {
        double due = start + (double)i * gap_us, at;
        do {
            clock_gettime(CLOCK_MONOTONIC, &now);
            at = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
        } while (at < due);
        match_post(bench, workload->posts[i]);
        clock_gettime(CLOCK_MONOTONIC, &now);
        took[i] = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3 - due;
    }
    qsort(took, n, sizeof *took, by_value);
    struct latency latency = {took[n / 2], took[n * 99 / 100], took[n * 999 / 1000], 1e6 / gap_us};
    free(took);
    return latency;
}

// --- rules ---

struct took {
    double seconds, cpu_s;
};

static int compile(struct bench *bench, bool cached, struct took *ret, struct hark_err *err)
{
    struct hark_problems problems = {0};
    struct hark_buf cache = {0};
    const char *folder = bench->folder;
    int64_t from = hark_clock_mono_us(), cpu = cpu_us();
    hark_buf_printf(&cache, "%s.cache", bench->folder);
    struct hark_match_options options = {.match_limit = (uint32_t)bench->cfg->match_limit};
    if (cached) options.cache_dir = hark_buf_cstr(&cache);
    struct hark_ruleset *rs = hark_rules_load(&folder, 1, hark_match_check_regex, &problems);
    bench->m = rs ? hark_matcher_new(rs, &options, err) : NULL;
    bench->ms = bench->m ? hark_scratch_new(bench->m, err) : NULL;
    if (!rs) hark_err_set(err, HARK_EBUG, "the made rules are wrong");
    *ret = (struct took){(double)(hark_clock_mono_us() - from) / 1e6, (double)(cpu_us() - cpu) / 1e6};
    hark_ruleset_unref(rs);
    hark_buf_done(&cache);
    hark_problems_done(&problems);
    return err->code;
}

static void drop(struct bench *bench)
{
    hark_scratch_free(bench->ms);
    hark_matcher_unref(bench->m);
    bench->ms = NULL;
    bench->m = NULL;
}

// Memory that the allocator keeps from compiling is no cost of the rules in use: so it is looked at the second time.
static int print_start(struct bench *bench, size_t brands, struct hark_err *err)
{
    enum { INTENTS = 3 };
    struct took first, again;
    if (workload_rules(bench->folder, brands, false, err) || compile(bench, true, &first, err)) return err->code;
    drop(bench);
    double before = resident_mb();
    if (compile(bench, true, &again, err)) return err->code;
    double after = resident_mb();
    printf("start brands=%zu first_s=%.3f first_cpu_s=%.3f cached_s=%.3f cached_cpu_s=%.3f "
           "resident_mb=%.1f matcher_mb=%.1f bytes_a_rule=%.0f\n",
           brands, first.seconds, first.cpu_s, again.seconds, again.cpu_s, after,
           (double)hark_matcher_bytes(bench->m) / 1e6, (after - before) * 1e6 / (double)brands / INTENTS);
    return 0;
}

static void print_match(struct bench *bench, size_t brands, unsigned share, const struct workload *workload)
{
    double us = match_all(bench, workload), decode_us = decode_all(bench, workload);
    unsigned long long candidates = bench->candidates, matches = bench->matches;
    struct latency latency = open_loop(bench, workload, us);
    printf("match brands=%zu share=%u posts_per_cpu_s=%.0f us_a_post=%.3f candidates=%llu matches=%llu "
           "p50_us=%.1f p99_us=%.1f p999_us=%.1f at_posts_per_s=%.0f decode_all_per_cpu_s=%.0f\n",
           brands, share, 1e6 / us, us, candidates, matches, latency.p50, latency.p99, latency.p999, latency.load,
           1e6 / decode_us);
    fflush(stdout);
}

static int print_scan(struct bench *bench, size_t brands, const struct workload *workload, struct hark_err *err)
{
    struct hark_buf path = {0};
    double best = 0, us = 0;
    hark_buf_printf(&path, "%s.cache/posts", bench->folder);
    int code = workload_write(workload, hark_buf_cstr(&path), err);
    for (int turn = 0; turn < 3 && code == 0; turn++) { // the first one warms
        code = scan_file(bench, path.ptr, &us, err);
        if (turn == 0 || us < best) best = us;
    }
    if (code == 0)
        printf("scan brands=%zu share=5 posts_per_cpu_s=%.0f us_a_post=%.3f candidates=%llu matches=%llu\n", brands,
               1e6 / best, best, (unsigned long long)bench->candidates, (unsigned long long)bench->matches);
    fflush(stdout);
    hark_buf_done(&path);
    return code;
}

// One pattern a rule: what there is to do without a prefilter.
static int print_patterns(struct bench *bench, size_t brands, const struct workload *workload, struct hark_err *err)
{
    struct took took;
    if (workload_rules(bench->folder, brands, true, err) || compile(bench, false, &took, err)) return err->code;
    double us = match_some(bench, workload);
    printf("patterns brands=%zu share=5 posts_per_cpu_s=%.0f us_a_post=%.1f start_s=%.3f\n", brands, 1e6 / us, us,
           took.seconds);
    fflush(stdout);
    drop(bench);
    return 0;
}

static int measure(struct bench *bench, size_t brands, struct hark_err *err)
{
    struct workload five = {0};
    if (print_start(bench, brands, err)) return err->code;
    for (size_t i = 0; i < COUNT(shares); i++) {
        struct workload workload = {0};
        workload_posts(&workload, (size_t)bench->cfg->posts, shares[i]);
        print_match(bench, brands, shares[i], &workload);
        workload_done(&workload);
    }
    workload_posts(&five, (size_t)bench->cfg->posts, 5);
    int code = print_scan(bench, brands, &five, err);
    drop(bench);
    if (code == 0 && brands <= MAX_PATTERN_BRANDS) code = print_patterns(bench, brands, &five, err);
    workload_done(&five);
    return code;
}

// --- a bad rule among good ones ---

// Posts until the pattern is in quarantine.
static size_t until_quarantine(struct bench *bench, const struct workload *workload)
{
    size_t n = 0;
    while (n < workload->nposts && !hark_scratch_quarantined(bench->ms)) match_post(bench, workload->posts[n++]);
    return n;
}

// The good rules alone and with the bad one take turns, so that what else the machine does meets both.
static int print_hostile(struct bench *good, struct bench *all, const struct workload *workload, struct hark_err *err)
{
    double us[2] = {0};
    size_t n = until_quarantine(all, workload);
    if (n == workload->nposts) return hark_err_set(err, HARK_EBUG, "the bad pattern did not go into quarantine");
    for (int turn = 0; turn < TURNS; turn++) {
        double took[2] = {match_all(good, workload), match_all(all, workload)};
        for (int i = 0; i < 2; i++)
            if (turn == 0 || took[i] < us[i]) us[i] = took[i];
    }
    printf(
        "hostile brands=%d share=5 good_per_cpu_s=%.0f with_bad_per_cpu_s=%.0f falls_percent=%.1f quarantine_after=%zu "
        "good_matches=%llu with_bad_matches=%llu\n",
        GOOD_BRANDS, 1e6 / us[0], 1e6 / us[1], 100 * (1 - us[0] / us[1]), n, (unsigned long long)good->matches,
        (unsigned long long)all->matches);
    return 0;
}

static int measure_hostile(struct bench *good, size_t brands, struct hark_err *err)
{
    struct bench all = *good;
    struct workload workload = {.hostile = true};
    struct took took;
    workload_posts(&workload, (size_t)good->cfg->posts, 5);
    if (workload_rules(good->folder, brands, false, err) == 0 && compile(good, false, &took, err) == 0 &&
        workload_bad_rule(good->folder, err) == 0 && compile(&all, false, &took, err) == 0)
        (void)print_hostile(good, &all, &workload, err);
    drop(good);
    drop(&all);
    hark_arena_done(&all.arena);
    hark_buf_done(&all.out);
    workload_done(&workload);
    return err->code;
}

// --- processes ---

typedef int measurement(struct bench *bench, size_t brands, struct hark_err *err);

static int measure_apart(const struct hark_config *cfg, size_t brands, measurement *run, struct hark_err *err)
{
    struct bench bench = {.cfg = cfg, .folder = "/tmp/hark-bench.XXXXXX"};
    int status = 0;
    if (!mkdtemp(bench.folder)) return hark_err_set(err, HARK_ESERVICE, "no folder in /tmp: %s", strerror(errno));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int code = run(&bench, brands, err);
        hark_arena_done(&bench.arena);
        hark_buf_done(&bench.out);
        if (code == 0 && bench.bad)
            code = hark_err_set(err, HARK_EBUG, "%llu made posts are wrong", (unsigned long long)bench.bad);
        if (code) fprintf(stderr, "hark bench: %s\n", err->text);
        fflush(stdout);
        _exit(code != 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        hark_err_set(err, HARK_ESERVICE, "measuring %zu brands did not end well", brands);
    workload_remove(bench.folder);
    return err->code;
}

int hark_pipeline_bench_match(const struct hark_config *cfg, const char *const *counts, size_t n, struct hark_err *err)
{
    static const char *const usual[] = {"100", "1000", "10000", "100000"};
    if (n == 0) {
        counts = usual;
        n = COUNT(usual);
    }
    for (size_t i = 0; i < n && !hark_stopping(); i++) {
        int64_t brands;
        if (hark_str_int(hark_str(counts[i]), &brands) || brands < MIN_BRANDS || brands > MAX_BRANDS)
            return hark_err_set(err, HARK_EINPUT, "brands: '%s' is no number from %d to %d", counts[i], MIN_BRANDS,
                                MAX_BRANDS);
        if (measure_apart(cfg, (size_t)brands, measure, err)) return err->code;
    }
    return hark_stopping() ? 0 : measure_apart(cfg, GOOD_BRANDS, measure_hostile, err);
}
