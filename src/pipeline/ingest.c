// hark ingest: sources → hark.posts, or stdout. What cannot be read goes to hark.deadletter, what was missed to
// hark.gaps.

#include "pipeline.h"

#include <hark/clock.h>

struct ingest {
    const struct hark_config *cfg;
    const char *const *specs;
    struct hark_producer *producer; // NULL: stdout
    struct dead_file *dead;
    struct tally tally;
};

// One source, its thread's.
struct feed {
    struct ingest *ingest;
    struct hark_source *src;
    struct emit *emit;        // dead letters to Kafka; NULL: ingest->dead
    struct keeper *keeper;    // NULL: where the source stands is not kept
    struct hark_buf position; // behind what was sent
    struct hark_buf json;     // of a gap
    bool moved;               // the position is not saved yet
    int64_t saved_us;
};

enum {
    SAVE_MS = 250, // between two flushes: what a crash can bring again
    STOP_S = 4,    // for what is not acknowledged yet when a stop is asked for
};

static int send_post(struct ingest *ingest, const struct hark_source_item *item, struct hark_err *err)
{
    tally_add(&ingest->tally.posts, 1);
    if (!ingest->producer) return stdout_line(item->json, err);
    const struct hark_post *post = item->post;
    return hark_producer_send(ingest->producer, "posts", post->id, item->json, hark_str(hark_op_str(post->op)),
                              post->source, err);
}

static int send_dead(struct feed *feed, const struct hark_source_item *item, struct hark_err *err)
{
    struct ingest *ingest = feed->ingest;
    if (!feed->emit || ingest->cfg->dead_letters) return read_dead(ingest->dead, feed->src, item, &ingest->tally, err);
    const struct dead_letter letter = {item->reason, hark_str(feed->src->name), item->where, item->raw, item->raw_len};
    tally_add(&ingest->tally.dead, 1);
    metrics_dead(item->reason);
    return feed->emit->dead(feed->emit, &letter, err);
}

// To the topic, acknowledged, and to the ledger, before anything behind it can be saved.
static int send_gap(struct feed *feed, const struct hark_source_item *item, struct hark_err *err)
{
    struct hark_producer *producer = feed->ingest->producer;
    const struct hark_gap gap = gap_of(feed->src, item);
    hark_buf_clear(&feed->json);
    hark_gap_encode(&gap, &feed->json);
    if (producer && (hark_producer_send(producer, "gaps", hark_str(feed->src->name), hark_buf_str(&feed->json),
                                        (struct hark_str){0}, (struct hark_str){0}, err) ||
                     producer_flush(producer, STOP_S, err)))
        return err->code;
    return feed->keeper ? keeper_gap(feed->keeper, &gap, err) : 0;
}

static int take_item(struct feed *feed, const struct hark_source_item *item, struct hark_err *err)
{
    switch (item->kind) {
    case HARK_ITEM_POST:
        if (send_post(feed->ingest, item, err)) return err->code;
        break;
    case HARK_ITEM_DEAD:
        if (send_dead(feed, item, err)) return err->code;
        break;
    case HARK_ITEM_GAP:
        if (send_gap(feed, item, err)) return err->code;
        break;
    case HARK_ITEM_REFUSED: tally_add(&feed->ingest->tally.refused, 1); break;
    case HARK_ITEM_NOTE:
    case HARK_ITEM_IDLE: break;
    }
    read_note(feed->src, item);
    if ((feed->keeper || feed->src->kind->answers) && item->position.len &&
        !hark_str_eq(item->position, hark_buf_str(&feed->position))) {
        hark_buf_clear(&feed->position);
        hark_buf_str_add(&feed->position, item->position);
        feed->moved = true;
    }
    return 0;
}

// What was sent is acknowledged; then it is remembered how far that was. A Redis that is away keeps nobody from
// reading: the next time is in a second, and until then a crash brings again what was counted once.
static int save(struct feed *feed, struct hark_err *err)
{
    struct hark_err why = {0};
    feed->saved_us = hark_clock_mono_us();
    if (!feed->ingest->producer && stdout_flush(err)) return err->code;
    if (!feed->moved) return 0;
    if (feed->ingest->producer && producer_flush(feed->ingest->producer, STOP_S, err)) return err->code;
    hark_source_safe(feed->src, hark_buf_str(&feed->position));
    if (feed->keeper && keeper_save(feed->keeper, feed->src->name, hark_buf_str(&feed->position), &why))
        hark_log(HARK_WARN, "the position was not saved", "source=%s error=%s", hark_log_q(hark_str(feed->src->name)),
                 hark_log_q(hark_str(why.text)));
    else
        feed->moved = false;
    return 0;
}

static int feed_items(struct feed *feed, struct hark_err *err)
{
    struct hark_source_item item;
    int64_t until_us = read_until_us(feed->ingest->cfg);
    feed->saved_us = hark_clock_mono_us();
    for (unsigned turn = 0; hark_source_next(feed->src, &item, err) > 0; turn++) {
        if (take_item(feed, &item, err)) return err->code;
        if (turn % 64 && item.kind != HARK_ITEM_IDLE) continue;
        read_progress(feed->src, &feed->ingest->tally);
        int64_t now_us = hark_clock_mono_us();
        if (now_us > until_us) break;
        bool due =
            now_us - feed->saved_us > SAVE_MS * 1000 || (feed->src->kind->answers && item.kind == HARK_ITEM_IDLE);
        if (due && save(feed, err)) return err->code;
    }
    struct hark_err late = {0};
    if (save(feed, &late) && err->code == 0) *err = late;
    return err->code;
}

// A file is read whole each time; what has no end goes on where it was.
static bool keeps_position(const struct ingest *ingest, const struct hark_source *src)
{
    return ingest->producer && (!src->kind->ends || ingest->cfg->follow);
}

static int open_feed(struct feed *feed, const char *spec, struct hark_err *err)
{
    struct ingest *ingest = feed->ingest;
    feed->src = read_open(ingest->cfg, spec, (struct hark_str){0}, false, err);
    if (!feed->src || !keeps_position(ingest, feed->src)) return err->code;
    feed->keeper = keeper_open(ingest->cfg, err);
    if (!feed->keeper || keeper_position(feed->keeper, feed->src->name, &feed->position, err)) return err->code;
    if (!feed->position.len) return 0;
    hark_source_free(feed->src);
    feed->src = read_open(ingest->cfg, spec, hark_buf_str(&feed->position), false, err);
    return err->code;
}

static int ingest_source(void *arg, size_t i, struct hark_err *err)
{
    struct feed feed = {.ingest = arg};
    if (open_feed(&feed, feed.ingest->specs[i], err) == 0) {
        const char *terms = feed.src->kind->terms;
        if (terms) hark_log(HARK_INFO, "terms", "source=%s note=%s", feed.src->kind->name, hark_log_q(hark_str(terms)));
        if (feed.ingest->producer) feed.emit = emit_kafka(feed.ingest->producer);
        stop_watch(feed.src);
        feed_items(&feed, err);
        stop_unwatch(feed.src);
    }
    if (feed.emit) feed.emit->free(feed.emit);
    keeper_close(feed.keeper);
    hark_source_free(feed.src);
    hark_buf_done(&feed.position);
    hark_buf_done(&feed.json);
    return err->code;
}

// What was sent is worth keeping also when a source failed.
static void drain(struct ingest *ingest, struct hark_err *err)
{
    struct hark_err late = {0};
    int code = ingest->producer ? producer_flush(ingest->producer, STOP_S, &late) : stdout_flush(&late);
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
    if (ingest.dead && !cfg->to_stdout) ingest.producer = connect(cfg, err);
    if (err->code == 0) {
        struct hark_http *http;
        progress_start(&ingest.tally);
        if (metrics_start(cfg, &ingest.tally, NULL, NULL, &http, err) == 0) {
            read_all(n, ingest_source, &ingest, err);
            drain(&ingest, err);
        }
        metrics_stop(http);
        progress_stop();
        tally_log(&ingest.tally, "ingest", started_us);
    }
    hark_producer_free(ingest.producer);
    dead_file_close(ingest.dead);
    return err->code;
}
