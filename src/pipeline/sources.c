// What hark sources shows: of Redis, or of the state folder with its private redis-server.

#include "pipeline.h"

#include <hark/read.h>

#include <stdlib.h>
#include <unistd.h>

struct view {
    struct hark_arena *arena;
    struct hark_source_position *cursors;
    size_t n, cap;
    struct hark_str *gaps;
    size_t ngaps, gaps_cap;
};

static void add_source(void *arg, struct hark_str name, struct hark_str position, struct hark_str saved)
{
    struct view *view = arg;
    view->cursors = hark_grow(view->cursors, view->n, &view->cap, sizeof *view->cursors);
    view->cursors[view->n++] = (struct hark_source_position){
        hark_arena_str(view->arena, name), hark_arena_str(view->arena, position), hark_arena_str(view->arena, saved)};
}

static void add_gap(void *arg, struct hark_str json)
{
    struct view *view = arg;
    for (size_t i = 0; i < view->ngaps; i++)
        if (hark_str_eq(view->gaps[i], json)) return; // after a crash the same gap may be there twice
    view->gaps = hark_grow(view->gaps, view->ngaps, &view->gaps_cap, sizeof *view->gaps);
    view->gaps[view->ngaps++] = hark_arena_str(view->arena, json);
}

static void add_stored_gap(struct view *view, const struct hark_gap *gap)
{
    struct hark_buf json = {0};
    hark_gap_encode(gap, &json);
    add_gap(view, hark_buf_str(&json));
    hark_buf_done(&json);
}

// The gaps in the order of their beginnings, as far as they are listed; the latest of them.
static int read_store(const struct hark_config *cfg, const char *redis, struct view *view, struct hark_err *err)
{
    const struct hark_store_options options = {.redis = redis, .password = cfg->redis_password, .prefix = cfg->prefix};
    struct hark_store *store = hark_store_open(&options, err);
    const struct hark_source_position *cursors = NULL;
    const struct hark_gap *gaps = NULL;
    size_t n = 0, ngaps = 0;
    if (store && hark_read_cursors(store, view->arena, &cursors, &n, err) == 0 &&
        hark_read_gaps(store, view->arena, HARK_READ_MAX_ROWS, &gaps, &ngaps, err) == 0) {
        for (size_t i = 0; i < n; i++) add_source(view, cursors[i].source, cursors[i].position, cursors[i].saved);
        for (size_t i = ngaps; i-- > 0;) add_stored_gap(view, &gaps[i]);
    }
    hark_store_close(store);
    return err->code;
}

// Looking must not leave a redis-server's files where none were.
static bool has_private_redis(const struct hark_config *cfg)
{
    struct hark_buf folder = {0};
    hark_buf_printf(&folder, "%s/redis", cfg->state);
    bool there = access(hark_buf_cstr(&folder), F_OK) == 0;
    hark_buf_done(&folder);
    return there;
}

static int read_folder(const struct hark_config *cfg, struct view *view, struct hark_err *err)
{
    const struct keeper_reader reader = {add_source, add_gap, view};
    if (keeper_read(cfg, &reader, err) || !has_private_redis(cfg)) return err->code;
    struct hark_backend *backend = hark_backend_open(cfg, err);
    if (backend) (void)read_store(cfg, hark_backend_redis(backend), view, err);
    hark_backend_close(backend);
    return err->code;
}

int hark_pipeline_sources(const struct hark_config *cfg, struct hark_arena *arena, struct hark_sources_view *ret,
                          struct hark_err *err)
{
    struct view view = {.arena = arena};
    int rc = cfg->redis ? read_store(cfg, cfg->redis, &view, err) : read_folder(cfg, &view, err);
    *ret = (struct hark_sources_view){
        .cursors = hark_arena_copy(arena, view.cursors, view.n, sizeof *view.cursors),
        .n = view.n,
        .gaps = {hark_arena_copy(arena, view.gaps, view.ngaps, sizeof *view.gaps), view.ngaps},
    };
    free(view.cursors);
    free(view.gaps);
    return rc;
}
