// Reading sources: one thread each.

#include "pipeline.h"

#include <hark/clock.h>

#include <pthread.h>
#include <stdlib.h>

struct hark_source *read_open(const struct hark_config *cfg, const char *spec, struct hark_str resume, bool lazy,
                              struct hark_err *err)
{
    const struct hark_source_options options = {
        .format = hark_str(cfg->format),
        .speed = cfg->speed,
        .resume = resume,
        .lazy = lazy,
        .follow = cfg->follow,
        .ca_file = cfg->ca_file,
        .stale_ms = cfg->stale * 1000,
        .mastodon_token = cfg->mastodon_token,
        .x_token = cfg->x_token,
        .poll_ms = cfg->poll * 1000,
        .reddit_app = cfg->reddit_app,
        .reddit_login = cfg->reddit_login,
        .reddit_user = cfg->reddit_user,
        .youtube_key = cfg->youtube_key,
        .youtube_quota = cfg->youtube_quota,
        .push_token = cfg->push_token,
    };
    return hark_source_open(spec, &options, err);
}

void read_note(const struct hark_source *src, const struct hark_source_item *item)
{
    const struct hark_gap gap = gap_of(src, item);
    if (item->kind == HARK_ITEM_GAP) gap_log(&gap);
    if (item->kind == HARK_ITEM_NOTE)
        hark_log(HARK_WARN, "source", "source=%s note=%s", hark_log_q(hark_str(src->name)), hark_log_q(item->reason));
}

int64_t read_until_us(const struct hark_config *cfg)
{
    return cfg->for_ms > 0 ? hark_clock_mono_us() + cfg->for_ms * 1000 : INT64_MAX;
}

int read_dead(struct dead_file *dead, const struct hark_source *src, const struct hark_source_item *item,
              struct tally *tally, struct hark_err *err)
{
    const struct dead_letter letter = {
        .reason = item->reason,
        .source = hark_str(src->name),
        .where = item->where,
        .raw = item->raw,
        .raw_len = item->raw_len,
    };
    tally_add(&tally->dead, 1);
    metrics_dead(item->reason);
    return dead_file_add(dead, &letter, err);
}

void read_progress(const struct hark_source *src, struct tally *tally)
{
    struct hark_source_progress progress;
    hark_source_progress(src, &progress);
    atomic_store_explicit(&tally->done_bytes, progress.done_bytes, memory_order_relaxed);
    atomic_store_explicit(&tally->all_bytes, progress.all_bytes, memory_order_relaxed);
}

struct reader {
    pthread_t thread;
    size_t i;
    int (*body)(void *arg, size_t i, struct hark_err *err);
    void *arg;
    struct hark_err err;
    bool started;
};

static void *read_one(void *arg)
{
    struct reader *reader = arg;
    if (reader->body(reader->arg, reader->i, &reader->err))
        stop_request(); // one source that fails ends the others, which drain first
    return NULL;
}

int read_all(size_t n, int (*body)(void *arg, size_t i, struct hark_err *err), void *arg, struct hark_err *err)
{
    struct reader *readers = hark_calloc(n, sizeof *readers);
    for (size_t i = 0; i < n; i++) {
        readers[i] = (struct reader){.i = i, .body = body, .arg = arg};
        readers[i].started = n > 1 && pthread_create(&readers[i].thread, NULL, read_one, &readers[i]) == 0;
        if (!readers[i].started) read_one(&readers[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (readers[i].started) pthread_join(readers[i].thread, NULL);
        if (readers[i].err.code && (err->code == 0 || err->code == HARK_ESTOP)) *err = readers[i].err;
    }
    free(readers);
    if (err->code == HARK_ESTOP) *err = (struct hark_err){0}; // asked for: not a failure
    return err->code;
}

struct each {
    const struct hark_config *cfg;
    const char *const *specs;
    int (*each)(void *arg, const struct hark_source_item *item, struct hark_err *err);
    void *arg;
};

static int each_of(const struct each *all, const char *spec, struct hark_err *err)
{
    struct hark_source_item item;
    struct tally tally = {0};
    int more;
    struct hark_source *src = read_open(all->cfg, spec, (struct hark_str){0}, false, err);
    struct dead_file *dead = src ? dead_file_open(all->cfg->dead_letters, err) : NULL;
    while (dead && (more = hark_source_next(src, &item, err)) > 0) {
        if (item.kind == HARK_ITEM_POST && all->each(all->arg, &item, err)) break;
        if (item.kind == HARK_ITEM_DEAD && read_dead(dead, src, &item, &tally, err)) break;
        read_note(src, &item);
        if (item.kind == HARK_ITEM_IDLE) hark_source_safe(src, item.position);
    }
    dead_file_close(dead);
    hark_source_free(src);
    return err->code;
}

int hark_pipeline_each(const struct hark_config *cfg, const char *const *specs, size_t n,
                       int (*each)(void *arg, const struct hark_source_item *item, struct hark_err *err), void *arg,
                       struct hark_err *err)
{
    const struct each all = {cfg, specs, each, arg};
    for (size_t i = 0; i < n; i++)
        if (each_of(&all, specs[i], err)) return err->code;
    return 0;
}
