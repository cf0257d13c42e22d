// hark scan: grep for posts. Matches go to stdout in the order of the posts; nothing else is touched.

#include "pipeline.h"

#include <hark/clock.h>

struct scan {
    const struct hark_config *cfg;
    const char *const *specs;
    struct hark_matcher *m;
    struct dead_file *dead;
    struct tally tally;
};

static int take_post(struct scan *scan, struct hark_source *src, struct hark_scratch *ms, struct hark_source_item *item,
                     struct hark_buf *line, struct hark_err *err)
{
    tally_add(&scan->tally.posts, 1);
    if (hark_match_maybe(scan->m, ms, item->json) == 0) return 0;
    hark_source_read(src, item);
    if (item->kind == HARK_ITEM_DEAD) return read_dead(scan->dead, src, item, &scan->tally, err);
    tally_add(&scan->tally.candidates, 1);
    struct hark_matches matches = hark_match_post(scan->m, ms, item->post, scan->cfg->no_prefilter);
    for (size_t i = 0; i < matches.n; i++) {
        hark_buf_clear(line);
        struct hark_json json = hark_json_to(line);
        hark_match_encode(&matches.v[i], item->post, item->json, hark_matcher_rules(scan->m)->version, &json);
        if (stdout_line(hark_buf_str(line), err)) return err->code;
    }
    tally_add(&scan->tally.matches, matches.n);
    return 0;
}

static int scan_items(struct scan *scan, struct hark_source *src, struct hark_scratch *ms, struct hark_err *err)
{
    struct hark_source_item item;
    struct hark_buf line = {0};
    struct hark_match_stats told = {0};
    for (unsigned turn = 0; hark_source_next(src, &item, err) > 0; turn++) {
        if (item.kind == HARK_ITEM_POST && take_post(scan, src, ms, &item, &line, err)) break;
        if (item.kind == HARK_ITEM_DEAD && read_dead(scan->dead, src, &item, &scan->tally, err)) break;
        if (item.kind == HARK_ITEM_REFUSED) tally_add(&scan->tally.refused, 1);
        if (item.kind == HARK_ITEM_IDLE && stdout_flush(err)) break;
        read_note(src, &item);
        if (item.kind == HARK_ITEM_IDLE) hark_source_safe(src, item.position);
        if (turn % 256 == 0) {
            read_progress(src, &scan->tally);
            rules_tell(ms, &told, &scan->tally);
        }
    }
    rules_tell(ms, &told, &scan->tally);
    hark_buf_done(&line);
    return err->code;
}

static int scan_source(void *arg, size_t i, struct hark_err *err)
{
    struct scan *scan = arg;
    struct hark_scratch *ms = hark_scratch_new(scan->m, err);
    struct hark_source *src = ms ? read_open(scan->cfg, scan->specs[i], (struct hark_str){0}, true, err) : NULL;
    if (src) {
        stop_watch(src);
        scan_items(scan, src, ms, err);
        stop_unwatch(src);
    }
    hark_source_free(src);
    rules_leave(ms);
    return err->code;
}

int hark_pipeline_scan(const struct hark_config *cfg, const char *const *specs, size_t n, struct hark_err *err)
{
    struct scan scan = {.cfg = cfg, .specs = specs};
    int64_t started_us = hark_clock_mono_us();
    scan.m = hark_pipeline_matcher(cfg, err);
    scan.dead = scan.m ? dead_file_open(cfg->dead_letters, err) : NULL;
    if (scan.dead) {
        progress_start(&scan.tally);
        read_all(n, scan_source, &scan, err);
        progress_stop();
        if (err->code == 0) stdout_flush(err);
        tally_log(&scan.tally, "scan", started_us);
    }
    dead_file_close(scan.dead);
    hark_matcher_unref(scan.m);
    return err->code;
}
