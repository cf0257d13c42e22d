// hark run: sources → matcher → Redis in one process. Each source is a lane of its own: its position is committed with
// the counters, so that a second start goes on where the first one ended.

#include "pipeline.h"

#include <hark/clock.h>

struct run {
    const struct hark_config *cfg;
    const char *const *specs;
    struct hark_matcher *m;
    const char *redis;
    struct dead_file *dead;
    struct tally tally;
};

enum {
    COMMIT_POSTS = 5000
}; // held at most between two commits: bounds memory, and the time Redis needs for one script

// Into the ledger before the position moves on.
static int take_gap(struct hark_store *store, const struct hark_source *src, const struct hark_source_item *item,
                    struct hark_err *err)
{
    struct hark_buf json = {0};
    gap_encode(src, item, &json);
    int rc = store_gap(store, hark_buf_str(&json), item->to_ms, err);
    hark_buf_done(&json);
    return rc;
}

static int take_item(struct run *run, struct hark_source *src, struct hark_store *store, struct lane *lane,
                     const struct hark_source_item *item, struct hark_err *err)
{
    switch (item->kind) {
    case HARK_ITEM_POST:
        if (lane_post(lane, item->post, item->json, err)) return err->code;
        break;
    case HARK_ITEM_DEAD:
        if (read_dead(run->dead, src, item, &run->tally, err)) return err->code;
        break;
    case HARK_ITEM_REFUSED: tally_add(&run->tally.refused, 1); break;
    case HARK_ITEM_GAP:
        if (take_gap(store, src, item, err)) return err->code;
        break;
    case HARK_ITEM_NOTE:
    case HARK_ITEM_IDLE: break;
    }
    read_note(src, item);
    bool moved = item->kind != HARK_ITEM_IDLE || !hark_str_eq(item->position, lane_next(lane));
    if (item->position.ptr && moved) lane_position(lane, item->position);
    return 0;
}

static int commit(struct lane *lane, struct hark_err *err)
{
    bool moved;
    if (lane_commit(lane, &moved, err)) return err->code;
    if (moved)
        return hark_err_set(err, HARK_EINPUT,
                            "another `hark run` reads the same source into the same Redis; this one ends");
    return 0;
}

static int pump(struct run *run, struct hark_source *src, struct hark_store *store, struct lane *lane,
                struct hark_err *err)
{
    struct hark_source_item item;
    int64_t until_us = read_until_us(run->cfg);
    int64_t committed_us = hark_clock_mono_us();
    int more;
    for (unsigned turn = 0; (more = hark_source_next(src, &item, err)) > 0; turn++) {
        if (take_item(run, src, store, lane, &item, err)) return err->code;
        if (turn % 64 && lane_size(lane) < COMMIT_POSTS && item.kind != HARK_ITEM_IDLE) continue;
        read_progress(src, &run->tally);
        if (hark_clock_mono_us() > until_us) break;
        if (lane_size(lane) < COMMIT_POSTS && hark_clock_mono_us() - committed_us < run->cfg->batch_ms * 1000) continue;
        if (commit(lane, err)) return err->code;
        committed_us = hark_clock_mono_us();
    }
    if (more < 0) return err->code;
    return commit(lane, err);
}

// Opens the source where the store says that it was left.
static int run_from_store(struct run *run, const char *spec, struct lane_env *env, struct hark_err *err)
{
    struct hark_buf stored = {0};
    struct lane *lane = NULL;
    struct hark_source *src = read_open(run->cfg, spec, (struct hark_str){0}, err);
    if (!src) return err->code;
    struct hark_str field = hark_str(src->name);
    char incarnation[17];
    if (hark_store_incarnation(env->store, 0, env->topic, incarnation, err) ||
        hark_store_position(env->store, 0, env->topic, field, &stored, err))
        goto out;
    lane = lane_new(env, 0, field);
    lane_expect(lane, hark_buf_str(&stored));
    if (stored.len) {
        hark_source_free(src);
        src = read_open(run->cfg, spec, hark_buf_str(&stored), err);
        if (!src) goto out;
    }
    stop_watch(src);
    pump(run, src, env->store, lane, err);
    stop_unwatch(src);
out:
    lane_free(lane);
    hark_buf_done(&stored);
    hark_source_free(src);
    return err->code;
}

static int run_source(void *arg, size_t i, struct hark_err *err)
{
    struct run *run = arg;
    struct lane_env env = {.cfg = run->cfg, .m = run->m, .tally = &run->tally, .topic = HARK_STR("run")};
    const struct hark_store_options options = {
        .redis = run->redis,
        .password = run->cfg->redis_password,
        .prefix = run->cfg->prefix,
    };
    env.store = hark_store_open(&options, err);
    env.ms = env.store ? hark_scratch_new(run->m, err) : NULL;
    env.emit = emit_stdout(run->cfg->emit, run->dead);
    if (env.ms && hark_store_meta(env.store, hark_matcher_rules(run->m)->version, err) == 0)
        run_from_store(run, run->specs[i], &env, err);
    env.emit->free(env.emit);
    hark_scratch_free(env.ms);
    hark_store_close(env.store);
    return err->code;
}

int hark_pipeline_run(const struct hark_config *cfg, const char *const *specs, size_t n, struct hark_err *err)
{
    struct run run = {.cfg = cfg, .specs = specs};
    struct hark_backend *backend = NULL;
    int64_t started_us = hark_clock_mono_us();
    run.m = hark_pipeline_matcher(cfg, err);
    run.dead = run.m ? dead_file_open(cfg->dead_letters, err) : NULL;
    if (run.dead) backend = hark_backend_open(cfg, err);
    if (backend) {
        run.redis = hark_backend_redis(backend);
        progress_start(&run.tally);
        read_all(specs, n, run_source, &run, err);
        progress_stop();
        tally_log(&run.tally, "run", started_us);
    }
    hark_backend_close(backend);
    dead_file_close(run.dead);
    hark_matcher_unref(run.m);
    return err->code;
}
