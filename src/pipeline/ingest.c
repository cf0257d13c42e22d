// hark ingest: sources → hark.posts, or stdout. What cannot be read goes to hark.deadletter.

#include "pipeline.h"

#include <hark/clock.h>

struct ingest {
    const struct hark_config *cfg;
    const char *const *specs;
    struct hark_producer *producer; // NULL: stdout
    struct emit *emit;              // dead letters to Kafka; NULL: `dead`
    struct dead_file *dead;
    struct tally tally;
};

static int send_post(struct ingest *ingest, const struct hark_source_item *item, struct hark_err *err)
{
    tally_add(&ingest->tally.posts, 1);
    if (!ingest->producer) return stdout_line(item->json, err);
    const struct hark_post *post = item->post;
    return hark_producer_send(ingest->producer, "posts", post->id, item->json, hark_str(hark_op_str(post->op)),
                              post->source, err);
}

static int send_dead(struct ingest *ingest, const struct hark_source *src, const struct hark_source_item *item,
                     struct hark_err *err)
{
    if (!ingest->emit || ingest->cfg->dead_letters) return read_dead(ingest->dead, src, item, &ingest->tally, err);
    const struct dead_letter letter = {item->reason, hark_str(src->name), item->where, item->raw, item->raw_len};
    tally_add(&ingest->tally.dead, 1);
    metrics_dead(item->reason);
    return ingest->emit->dead(ingest->emit, &letter, err);
}

static int ingest_items(struct ingest *ingest, struct hark_source *src, struct hark_err *err)
{
    struct hark_source_item item;
    for (unsigned turn = 0; hark_source_next(src, &item, err) > 0; turn++) {
        if (item.kind == HARK_ITEM_POST && send_post(ingest, &item, err)) break;
        if (item.kind == HARK_ITEM_DEAD && send_dead(ingest, src, &item, err)) break;
        if (item.kind == HARK_ITEM_REFUSED) tally_add(&ingest->tally.refused, 1);
        if (turn % 256 == 0) read_progress(src, &ingest->tally);
    }
    return err->code;
}

static int ingest_source(void *arg, size_t i, struct hark_err *err)
{
    struct ingest *ingest = arg;
    struct hark_source *src = read_open(ingest->cfg, ingest->specs[i], (struct hark_str){0}, false, err);
    if (!src) return err->code;
    stop_watch(src);
    ingest_items(ingest, src, err);
    stop_unwatch(src);
    hark_source_free(src);
    return err->code;
}

static bool waiting(void *arg, int seconds)
{
    (void)arg;
    if (seconds % 10 == 5) hark_log(HARK_WARN, "waiting for Kafka to acknowledge", "seconds=%d", seconds);
    return !hark_stopping() || seconds < 4;
}

// What was sent is worth keeping also when a source failed.
static void drain(struct ingest *ingest, struct hark_err *err)
{
    struct hark_err late = {0};
    int code = ingest->producer ? hark_producer_flush(ingest->producer, waiting, NULL, &late) : stdout_flush(&late);
    if (code && err->code == 0) *err = late;
    if (code == HARK_ESTOP)
        *err = (struct hark_err){.code = HARK_ESERVICE,
                                 .text = "stopped before Kafka had acknowledged every post; read the source again"};
}

static struct hark_producer *connect(const struct hark_config *cfg, struct hark_err *err)
{
    enum { PING_MS = 8000 }; // of the ten seconds within which a service that is away must show
    const struct hark_stream_options options = hark_pipeline_stream(cfg);
    if (hark_stream_ping(&options, PING_MS, err)) return NULL;
    int exists = hark_topic_exists(&options, "posts", PING_MS, err);
    if (exists < 0) return NULL;
    if (exists) return producer_open(&options, err);
    hark_err_set(err, HARK_EINPUT, "topic %sposts does not exist at %s: `hark setup` creates it", cfg->topics,
                 cfg->kafka);
    return NULL;
}

int hark_pipeline_ingest(const struct hark_config *cfg, const char *const *specs, size_t n, struct hark_err *err)
{
    struct ingest ingest = {.cfg = cfg, .specs = specs};
    int64_t started_us = hark_clock_mono_us();
    ingest.dead = dead_file_open(cfg->dead_letters, err);
    if (ingest.dead && !cfg->to_stdout) {
        ingest.producer = connect(cfg, err);
        ingest.emit = ingest.producer ? emit_kafka(ingest.producer) : NULL;
    }
    if (err->code == 0) {
        struct hark_http *http;
        progress_start(&ingest.tally);
        if (metrics_start(cfg, &ingest.tally, NULL, NULL, &http, err) == 0) {
            read_all(specs, n, ingest_source, &ingest, err);
            drain(&ingest, err);
        }
        metrics_stop(http);
        progress_stop();
        tally_log(&ingest.tally, "ingest", started_us);
    }
    if (ingest.emit) ingest.emit->free(ingest.emit);
    hark_producer_free(ingest.producer);
    dead_file_close(ingest.dead);
    return err->code;
}
