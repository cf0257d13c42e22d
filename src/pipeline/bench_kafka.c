// hark bench ingest and end-to-end: what the way through Kafka costs, beside the producer alone with the same posts.

#include "pipeline.h"
#include "workload.h"

#include <hark/clock.h>
#include <hark/json_read.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 8000, SHARE = 5, BRANDS = 10000, PARTITIONS = 4 };

struct watch {
    int64_t wall_us, cpu_us;
};

static struct watch watch_start(void)
{
    return (struct watch){hark_clock_mono_us(), hark_clock_cpu_us()};
}

static void watch_print(struct watch from, const char *what, size_t n)
{
    double seconds = (double)(hark_clock_mono_us() - from.wall_us) / 1e6,
           cpu = (double)(hark_clock_cpu_us() - from.cpu_us);
    printf("%s posts=%zu seconds=%.3f posts_per_s=%.0f cpu_us_a_post=%.2f\n", what, n, seconds, (double)n / seconds,
           cpu / (double)n);
    fflush(stdout);
}

// Topics of this measurement, under a prefix that nobody has used.
static int make_topics(const struct hark_stream_options *stream, struct hark_err *err)
{
    static const struct hark_topic topics[] = {
        {"posts", PARTITIONS, NULL}, {"matches", PARTITIONS, NULL}, {"deadletter", 1, NULL}};
    return hark_topics_create(stream, topics, sizeof topics / sizeof *topics, WAIT_MS, NULL, NULL, err);
}

static bool go_on(void *arg, int seconds)
{
    (void)arg;
    (void)seconds;
    return !hark_stopping();
}

static int send(struct hark_producer *producer, struct hark_str json, struct hark_err *err)
{
    struct hark_str id;
    enum hark_op op;
    if (!hark_post_peek(json, &id, &op)) return hark_err_set(err, HARK_EBUG, "a made post is wrong");
    return hark_producer_send(producer, "posts", id, json, HARK_STR("create"), HARK_STR("bluesky"), err);
}

static int producer_alone(const struct hark_stream_options *stream, const struct workload *workload,
                          struct hark_err *err)
{
    struct watch watch = watch_start();
    struct hark_producer *producer = producer_open(stream, err);
    for (size_t i = 0; producer && i < workload->nposts; i++)
        if (send(producer, workload->posts[i], err)) break;
    if (producer && err->code == 0 && hark_producer_flush(producer, go_on, NULL, err) == 0)
        watch_print(watch, "producer", workload->nposts);
    hark_producer_free(producer);
    return err->code;
}

static int write_posts(const struct workload *workload, char path[64], struct hark_err *err)
{
    int fd = mkstemp(path);
    if (fd < 0) return hark_err_set(err, HARK_ESERVICE, "cannot write %s: %s", path, strerror(errno));
    (void)close(fd);
    return workload_write(workload, path, err);
}

struct topics {
    char prefix[64];
    struct hark_config cfg;
    struct hark_stream_options stream;
};

// Names only; nothing is connected.
static void name_topics(const struct hark_config *cfg, struct topics *topics, const char *what)
{
    snprintf(topics->prefix, sizeof topics->prefix, "hark-bench-%lld-%s.", (long long)hark_clock_ms(), what);
    topics->cfg = *cfg;
    topics->cfg.topics = topics->cfg.prefix = topics->cfg.group = topics->prefix;
    topics->stream = hark_pipeline_stream(&topics->cfg);
}

static int open_topics(const struct topics *topics, struct hark_err *err)
{
    return hark_stream_ping(&topics->stream, WAIT_MS, err) ? err->code : make_topics(&topics->stream, err);
}

// --- events of Jetstream: what they take before there is anything to send ---

// What it takes to read the JSON and to keep nothing of it.
static double parse_all(const struct workload *workload, struct hark_err *err)
{
    enum { DEPTH = 64 };
    struct hark_arena arena = {0};
    struct hark_jr jr;
    int64_t from = hark_clock_cpu_us();
    for (size_t i = 0; i < workload->nposts && err->code == 0; i++) {
        hark_arena_reset(&arena);
        if (!hark_jr_init(&jr, workload->posts[i], &arena, DEPTH, err) || !hark_jr_skip(&jr)) break;
    }
    double us = (double)(hark_clock_cpu_us() - from) / (double)workload->nposts;
    hark_arena_done(&arena);
    return us;
}

// From a file to canonical JSON, as `hark ingest` does it.
static double decode_all(const char *spec, size_t n, struct hark_err *err)
{
    const struct hark_source_options options = {0};
    struct hark_source_item item;
    size_t posts = 0;
    int64_t from = hark_clock_cpu_us();
    struct hark_source *src = hark_source_open(spec, &options, err);
    while (src && hark_source_next(src, &item, err) > 0) posts += item.kind == HARK_ITEM_POST;
    double us = (double)(hark_clock_cpu_us() - from) / (double)n;
    hark_source_free(src);
    if (err->code == 0 && posts != n) hark_err_set(err, HARK_EBUG, "%zu of %zu made events are posts", posts, n);
    return us;
}

static int print_events(const struct hark_config *cfg, struct hark_err *err)
{
    enum { ROUNDS = 3 };
    struct workload workload = {0};
    char path[64] = "/tmp/hark-bench.XXXXXX", spec[80];
    double parse_us = 0, decode_us = 0;
    workload_events(&workload, (size_t)cfg->posts);
    (void)write_posts(&workload, path, err);
    snprintf(spec, sizeof spec, "file:%s", path);
    for (int round = 0; round < ROUNDS && err->code == 0; round++) { // the best counts
        double parse = parse_all(&workload, err), decode = err->code ? 0 : decode_all(spec, workload.nposts, err);
        if (round == 0 || parse < parse_us) parse_us = parse;
        if (round == 0 || decode < decode_us) decode_us = decode;
    }
    if (err->code == 0)
        printf("jetstream posts=%zu bytes_a_post=%zu posts_per_cpu_s=%.0f us_a_post=%.2f parse_per_cpu_s=%.0f\n",
               workload.nposts, workload.bytes.len / workload.nposts, 1e6 / decode_us, decode_us, 1e6 / parse_us);
    fflush(stdout);
    (void)unlink(path);
    workload_done(&workload);
    return err->code;
}

int hark_pipeline_bench_ingest(const struct hark_config *cfg, struct hark_err *err)
{
    struct topics topics;
    struct workload workload = {0};
    char path[64] = "/tmp/hark-bench.XXXXXX", spec[80];
    name_topics(cfg, &topics, "ingest");
    if (print_events(cfg, err)) return err->code;
    if (open_topics(&topics, err)) return err->code;
    workload_posts(&workload, (size_t)cfg->posts, SHARE);
    if (write_posts(&workload, path, err) == 0) {
        const char *specs[] = {spec};
        snprintf(spec, sizeof spec, "file:%s", path);
        for (int turn = 0; turn < 2 && err->code == 0;
             turn++) { // one after the other, twice: the first warms the broker
            if (producer_alone(&topics.stream, &workload, err)) break;
            struct watch watch = watch_start();
            if (hark_pipeline_ingest(&topics.cfg, specs, 1, err) == 0) watch_print(watch, "ingest", workload.nposts);
        }
    }
    (void)unlink(path);
    workload_done(&workload);
    return err->code;
}

// --- end to end ---

struct end_to_end {
    struct topics topics;
    struct hark_err err; // of the matcher's thread
    struct hark_store *store;
    const struct workload *workload;
    double *due; // us, of each post
    size_t ndue;
    double *took;
    size_t ndone;
};

static void *run_match(void *arg)
{
    struct end_to_end *bench = arg;
    if (hark_pipeline_match(&bench->topics.cfg, &bench->err)) stop_request();
    return NULL;
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// How many posts Redis has counted, by its stored positions.
static size_t counted(struct end_to_end *bench, struct hark_str topic)
{
    size_t n = 0;
    struct hark_buf stored = {0};
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct hark_err err = {0};
        char field[12];
        int64_t offset = 0;
        snprintf(field, sizeof field, "%d", (int)p);
        if (hark_store_position(bench->store, p, topic, hark_str(field), &stored, &err)) continue;
        if (hark_str_int(hark_buf_str(&stored), &offset) == 0 && offset > 0) n += (size_t)offset;
    }
    hark_buf_done(&stored);
    return n;
}

// Notes when posts were counted, until all are or nothing has moved for a long time.
static void *watch_redis(void *arg)
{
    enum { LOOK_US = 2000, GIVE_UP_US = 20000000 };
    struct end_to_end *bench = arg;
    struct hark_buf topic = {0};
    double moved = now_us();
    hark_buf_printf(&topic, "%sposts", bench->topics.prefix);
    while (bench->ndone < bench->ndue && now_us() - moved < GIVE_UP_US && !hark_stopping()) {
        struct timespec pause = {.tv_nsec = LOOK_US * 1000L};
        size_t n = counted(bench, hark_buf_str(&topic));
        double now = now_us();
        if (n > bench->ndone) moved = now;
        for (; bench->ndone < n && bench->ndone < bench->ndue; bench->ndone++)
            bench->took[bench->ndone] = now - bench->due[bench->ndone];
        nanosleep(&pause, NULL);
    }
    hark_buf_done(&topic);
    return NULL;
}

// At the given rate, whatever becomes of the posts: one that is late is late for everybody who waits for it.
static int send_open_loop(struct end_to_end *bench, struct hark_producer *producer, struct hark_err *err)
{
    enum { STEP_US = 500 };
    for (size_t i = 0; i < bench->ndue && !hark_stopping(); i++) {
        while (now_us() < bench->due[i]) nanosleep(&(struct timespec){.tv_nsec = STEP_US * 1000L}, NULL);
        if (send(producer, bench->workload->posts[i], err)) return err->code;
    }
    return hark_producer_flush(producer, go_on, NULL, err);
}

static void print_latency(struct end_to_end *bench, double rate, struct watch watch)
{
    double *took = bench->took;
    size_t n = bench->ndone;
    if (n == 0) return;
    qsort(took, n, sizeof *took, by_value);
    printf("open-loop posts=%zu counted=%zu rate=%.0f p50_ms=%.1f p99_ms=%.1f p999_ms=%.1f cpu_us_a_post=%.2f\n",
           bench->ndue, n, rate, took[n / 2] / 1e3, took[n * 99 / 100] / 1e3, took[n * 999 / 1000] / 1e3,
           (double)(hark_clock_cpu_us() - watch.cpu_us) / (double)n);
}

static struct hark_store *open_store(const struct hark_config *cfg, struct hark_err *err)
{
    const struct hark_store_options options = {
        .redis = cfg->redis, .password = cfg->redis_password, .prefix = cfg->prefix};
    return hark_store_open(&options, err);
}

static int open_loop(struct end_to_end *bench, struct hark_err *err)
{
    pthread_t match, watcher;
    double rate = (double)bench->topics.cfg.rate;
    struct hark_producer *producer = producer_open(&bench->topics.stream, err);
    bench->store = producer ? open_store(&bench->topics.cfg, err) : NULL;
    bench->ndue = bench->workload->nposts;
    bench->due = hark_calloc(bench->ndue, sizeof *bench->due);
    bench->took = hark_calloc(bench->ndue, sizeof *bench->took);
    if (bench->store && pthread_create(&match, NULL, run_match, bench) == 0) {
        enum { START_US = 8000000 }; // rules are loaded and partitions are assigned by then
        struct watch watch = watch_start();
        double start = now_us() + START_US;
        for (size_t i = 0; i < bench->ndue; i++) bench->due[i] = start + (double)i * 1e6 / rate;
        if (pthread_create(&watcher, NULL, watch_redis, bench) == 0) {
            if (send_open_loop(bench, producer, err)) stop_request();
            pthread_join(watcher, NULL);
        }
        print_latency(bench, rate, watch);
        stop_request();
        pthread_join(match, NULL);
        if (err->code == 0) *err = bench->err;
    }
    hark_store_close(bench->store);
    hark_producer_free(producer);
    free(bench->due);
    free(bench->took);
    return err->code;
}

// --- stages, each a process: threads of Kafka's do not outlive a fork, and CPU time is counted by process ---

static int start_position(void *arg, int32_t partition, int64_t *ret_offset, struct hark_err *err)
{
    (void)arg;
    (void)partition;
    (void)err;
    *ret_offset = HARK_POSITION_START;
    return 0;
}

static void nothing_to_drop(void *arg, int32_t partition, bool lost)
{
    (void)arg;
    (void)partition;
    (void)lost;
}

// What hark's own consumer takes to fetch the posts, with nothing done to them.
static int consumer_alone(struct end_to_end *bench, struct hark_err *err)
{
    enum { FETCH = 10000, WAIT = 200 };
    const struct hark_positions positions = {start_position, nothing_to_drop, NULL};
    struct hark_stream_options stream = bench->topics.stream;
    struct hark_buf group = {0};
    size_t n = 0;
    hark_buf_printf(&group, "%salone", bench->topics.prefix);
    stream.group = hark_buf_cstr(&group);
    struct watch watch = watch_start();
    struct hark_consumer *consumer = hark_consumer_new(&stream, "posts", &positions, err);
    while (consumer && n < bench->workload->nposts && err->code == 0 && !hark_stopping()) {
        struct hark_batch *batch = hark_consumer_poll(consumer, FETCH, WAIT, err);
        if (batch) n += hark_batch_size(batch);
        hark_batch_free(batch);
    }
    if (n) watch_print(watch, "consumer", n);
    hark_consumer_free(consumer);
    hark_buf_done(&group);
    return err->code;
}

static int match_all(struct end_to_end *bench, struct hark_err *err)
{
    struct watch watch = watch_start();
    bench->topics.cfg.until_end = true;
    if (hark_pipeline_match(&bench->topics.cfg, err) == 0) watch_print(watch, "match", bench->workload->nposts);
    return err->code;
}

static int fill(struct end_to_end *bench, struct hark_err *err)
{
    return producer_alone(&bench->topics.stream, bench->workload, err);
}

static int measure(struct end_to_end *bench, int (*stage)(struct end_to_end *bench, struct hark_err *err),
                   struct hark_err *err)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct hark_err wrong = {0};
        if (open_topics(&bench->topics, &wrong) == 0) (void)stage(bench, &wrong);
        if (wrong.code && wrong.code != HARK_ESTOP) fprintf(stderr, "hark bench: %s\n", wrong.text);
        fflush(stdout);
        _exit(wrong.code != 0 && wrong.code != HARK_ESTOP);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        hark_err_set(err, HARK_ESERVICE, "a part of the measurement did not end well");
    return err->code;
}

// Takes back what was counted.
static int wipe(struct end_to_end *bench, struct hark_err *err)
{
    struct hark_store *store = open_store(&bench->topics.cfg, err);
    int code = store ? hark_store_wipe(store, err) : err->code;
    hark_store_close(store);
    return code;
}

static int drain(const struct hark_config *cfg, struct end_to_end *bench, struct hark_err *err)
{
    name_topics(cfg, &bench->topics, "drain");
    if (measure(bench, fill, err)) return err->code;
    for (int turn = 0; turn < 2; turn++)
        if (measure(bench, consumer_alone, err)) return err->code;
    if (measure(bench, match_all, err)) return err->code;
    return measure(bench, wipe, err);
}

int hark_pipeline_bench_end_to_end(const struct hark_config *cfg, struct hark_err *err)
{
    struct end_to_end bench = {0};
    struct workload workload = {0};
    struct hark_config own = *cfg;
    char folder[64] = "/tmp/hark-bench.XXXXXX";
    if (!cfg->redis) return hark_err_set(err, HARK_EINPUT, "--redis is missing: where to count");
    if (!mkdtemp(folder)) return hark_err_set(err, HARK_ESERVICE, "no folder in /tmp: %s", strerror(errno));
    own.rules = folder;
    bench.workload = &workload;
    workload_posts(&workload, (size_t)cfg->posts, SHARE);
    if (workload_rules(folder, BRANDS, false, err) == 0 && drain(&own, &bench, err) == 0) {
        name_topics(&own, &bench.topics, "open");
        if (measure(&bench, open_loop, err) == 0) (void)measure(&bench, wipe, err);
    }
    workload_remove(folder);
    workload_done(&workload);
    return err->code;
}
