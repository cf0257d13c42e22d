// hark run: sources → matcher → Redis in one process. Each source is a lane of its own: its position is committed with
// the counters, so that a second start goes on where the first one ended.

#include "pipeline.h"

#include <hark/clock.h>

#include <pthread.h>
#include <time.h>

struct run {
    const struct hark_config *cfg;
    const char *const *specs;
    struct hark_matcher *m; // at the start
    struct rules *rules;
    const char *redis;
    struct hark_retain retain;
    struct dead_file *dead;
    struct tally tally;
    struct health *health;
};

enum {
    COMMIT_POSTS = 5000
}; // held at most between two commits: bounds memory, and the time Redis needs for one script

// One source. Its thread takes posts; a second thread commits them meanwhile, every batch_ms and when much is held, for
// a source may be silent for hours with posts in hand.
struct reader {
    struct run *run;
    size_t number;
    struct hark_source *src;
    struct lane_env take;
    struct commit_env commit;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t changed;
    struct lane *lane;
    bool ended;          // nothing more will be taken
    bool outdated;       // another rule set waits until nothing is held
    struct hark_err err; // of the commits
};

static struct hark_store *open_store(const struct run *run, struct hark_err *err)
{
    const struct hark_store_options options = {
        .redis = run->redis,
        .password = run->cfg->redis_password,
        .prefix = run->cfg->prefix,
    };
    return hark_store_open(&options, err);
}

// Into the ledger before the position can move on. The committing thread has the other store.
static int take_gap(const struct reader *reader, const struct hark_source_item *item, struct hark_err *err)
{
    const struct hark_gap gap = gap_of(reader->src, item);
    struct hark_store *store = open_store(reader->run, err);
    int rc = store ? store_gap(store, &gap, err) : err->code;
    hark_store_close(store);
    return rc;
}

static void take_item(struct reader *reader, struct hark_source_item *item)
{
    pthread_mutex_lock(&reader->lock);
    reader->outdated = rules_changed(reader->run->rules, reader->take.m);
    if (reader->outdated) pthread_cond_broadcast(&reader->changed);
    while (reader->outdated && !reader->err.code) pthread_cond_wait(&reader->changed, &reader->lock);
    while (lane_size(reader->lane) >= COMMIT_POSTS && !reader->err.code)
        pthread_cond_wait(&reader->changed, &reader->lock);
    if (item->kind == HARK_ITEM_POST) lane_item(reader->lane, reader->src, item);
    bool moved = item->kind != HARK_ITEM_IDLE || !hark_str_eq(item->position, lane_next(reader->lane));
    if (item->position.ptr && moved) lane_position(reader->lane, item->position);
    rules_tell(reader->take.ms, &reader->take.told, reader->take.tally);
    if (lane_size(reader->lane) >= COMMIT_POSTS) pthread_cond_broadcast(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
}

// Under the lock: the other thread may put another scratch in its place.
static void tell_health(struct reader *reader)
{
    struct health *health = reader->run->health;
    if (!health_due(health, reader->number)) return;
    pthread_mutex_lock(&reader->lock);
    health_tell(health, reader->number, reader->take.m, reader->take.ms);
    pthread_mutex_unlock(&reader->lock);
}

static int take_items(struct reader *reader, struct hark_err *err)
{
    struct tally *tally = &reader->run->tally;
    struct hark_source_item item;
    int64_t until_us = read_until_us(reader->run->cfg);
    for (unsigned turn = 0; hark_source_next(reader->src, &item, err) > 0; turn++) {
        if (item.kind == HARK_ITEM_POST) tally_add(&tally->posts, 1);
        if (item.kind == HARK_ITEM_REFUSED) tally_add(&tally->refused, 1);
        if (item.kind == HARK_ITEM_DEAD && read_dead(reader->run->dead, reader->src, &item, tally, err)) break;
        if (item.kind == HARK_ITEM_GAP && take_gap(reader, &item, err)) break;
        read_note(reader->src, &item);
        take_item(reader, &item);
        if (turn % 64 && item.kind != HARK_ITEM_IDLE) continue;
        read_progress(reader->src, tally);
        tell_health(reader);
        if (hark_clock_mono_us() > until_us) break;
    }
    return err->code;
}

static int commit_once(struct reader *reader, struct hark_err *err)
{
    pthread_mutex_lock(&reader->lock);
    bool any = lane_seal(reader->lane);
    pthread_cond_broadcast(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    if (!any || lanes_commit(&reader->commit, &reader->lane, 1, err)) return err->code;
    pthread_mutex_lock(&reader->lock);
    bool moved = lane_moved(reader->lane);
    pthread_mutex_unlock(&reader->lock);
    if (!moved) {
        hark_source_safe(reader->src, lane_expected(reader->lane));
        return 0;
    }
    return hark_err_set(err, HARK_EINPUT,
                        "another `hark run` reads the same source into the same Redis; this one ends");
}

// What was held is committed: the rest goes by the new rules. Also where no post comes that would ask for them.
static int change_rules(struct reader *reader, struct hark_err *err)
{
    pthread_mutex_lock(&reader->lock);
    bool due = rules_changed(reader->run->rules, reader->take.m) && lane_size(reader->lane) == 0;
    if (due && rules_use(reader->run->rules, &reader->take, err) == 0) {
        reader->outdated = false;
        pthread_cond_broadcast(&reader->changed);
    }
    pthread_mutex_unlock(&reader->lock);
    if (due && err->code == 0) store_rules(reader->commit.store, reader->take.m);
    return err->code;
}

static void wait_for_work(struct reader *reader)
{
    struct timespec until = hark_clock_deadline(CLOCK_REALTIME, reader->run->cfg->batch_ms);
    while (!reader->ended && !reader->outdated && lane_size(reader->lane) < COMMIT_POSTS)
        if (pthread_cond_timedwait(&reader->changed, &reader->lock, &until)) break;
}

static void *keep_committing(void *arg)
{
    struct reader *reader = arg;
    struct hark_err err = {0};
    for (bool last = false; !last && err.code == 0;) {
        pthread_mutex_lock(&reader->lock);
        wait_for_work(reader);
        last = reader->ended;
        pthread_mutex_unlock(&reader->lock);
        if (commit_once(reader, &err) == 0) change_rules(reader, &err);
    }
    pthread_mutex_lock(&reader->lock);
    reader->err = err;
    pthread_cond_broadcast(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    if (err.code) hark_source_stop(reader->src);
    return NULL;
}

static int pump(struct reader *reader, struct hark_err *err)
{
    pthread_t committer;
    int code = pthread_create(&committer, NULL, keep_committing, reader);
    if (code) return hark_err_set(err, HARK_ESERVICE, "no thread: %s", strerror(code));
    take_items(reader, err);
    pthread_mutex_lock(&reader->lock);
    reader->ended = true;
    pthread_cond_broadcast(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(committer, NULL);
    if (reader->err.code && err->code == 0) *err = reader->err;
    return err->code;
}

// Opens the source where the store says that it was left, and reads it.
static int read_from_store(struct reader *reader, const char *spec, struct hark_err *err)
{
    struct hark_store *store = reader->commit.store;
    struct hark_buf stored = {0};
    char incarnation[17];
    reader->src = read_open(reader->run->cfg, spec, (struct hark_str){0}, true, err);
    if (!reader->src) return err->code;
    struct hark_str topic = reader->commit.topic, field = hark_str(reader->src->name);
    if (hark_store_incarnation(store, 0, topic, incarnation, err) == 0 &&
        hark_store_position(store, 0, topic, field, &stored, err) == 0) {
        reader->lane = lane_new(&reader->take, 0, field);
        lane_expect(reader->lane, hark_buf_str(&stored));
        if (stored.len) {
            hark_source_free(reader->src);
            reader->src = read_open(reader->run->cfg, spec, hark_buf_str(&stored), true, err);
        }
    }
    hark_buf_done(&stored);
    if (err->code) return err->code;
    stop_watch(reader->src);
    int code = pump(reader, err);
    stop_unwatch(reader->src);
    return code;
}

static int run_source(void *arg, size_t i, struct hark_err *err)
{
    struct run *run = arg;
    struct hark_store *store = open_store(run, err);
    struct emit *emit = emit_stdout(run->cfg->emit, run->dead);
    struct reader reader = {
        .run = run,
        .number = i,
        .take = {.cfg = run->cfg, .emit = emit, .tally = &run->tally, .input = "run", .retain = &run->retain},
        .commit = {.store = store, .emit = emit, .tally = &run->tally, .topic = HARK_STR("run")},
    };
    pthread_mutex_init(&reader.lock, NULL);
    pthread_cond_init(&reader.changed, NULL);
    if (store && rules_use(run->rules, &reader.take, err) == 0 &&
        hark_store_meta(store, hark_matcher_rules(reader.take.m)->version, err) == 0)
        read_from_store(&reader, run->specs[i], err);
    pthread_cond_destroy(&reader.changed);
    pthread_mutex_destroy(&reader.lock);
    lane_free(reader.lane);
    hark_source_free(reader.src);
    emit->free(emit);
    rules_leave(reader.take.ms);
    hark_store_close(store);
    return err->code;
}

int hark_pipeline_run(const struct hark_config *cfg, const char *const *specs, size_t n, struct hark_err *err)
{
    struct run run = {.cfg = cfg, .specs = specs};
    struct hark_backend *backend = NULL;
    int64_t started_us = hark_clock_mono_us();
    if (hark_retain_parse(cfg->retain, &run.retain, err)) return err->code;
    run.m = hark_pipeline_matcher(cfg, err);
    run.dead = run.m ? dead_file_open(cfg->dead_letters, err) : NULL;
    if (run.dead) backend = hark_backend_open(cfg, err);
    if (backend) run.rules = rules_watch(cfg, run.m, NULL, NULL, err);
    if (run.rules) {
        run.redis = hark_backend_redis(backend);
        struct hark_http *http;
        progress_start(&run.tally);
        run.health = health_start("run", cfg, run.redis, n);
        if (metrics_start(cfg, &run.tally, NULL, NULL, &http, err) == 0) read_all(n, run_source, &run, err);
        health_stop(run.health);
        metrics_stop(http);
        progress_stop();
        tally_log(&run.tally, "run", started_us);
    }
    rules_unwatch(run.rules);
    hark_backend_close(backend);
    dead_file_close(run.dead);
    hark_matcher_unref(run.m);
    return err->code;
}
