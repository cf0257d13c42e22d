// hark sources: where sources stand and what they missed.

#include "cli.h"

#include <hark/count.h>
#include <hark/pipeline.h>

#include <stdio.h>

static void print_sources(const struct hark_sources_view *view)
{
    size_t width = strlen("source");
    for (size_t i = 0; i < view->n; i++)
        if (view->cursors[i].source.len > width) width = view->cursors[i].source.len;
    printf("%-*s  %-24s  position\n", (int)width, "source", "saved");
    for (size_t i = 0; i < view->n; i++)
        printf("%-*.*s  %-24.*s  " HARK_STR_FMT "\n", (int)width, HARK_STR_ARG(view->cursors[i].source),
               HARK_STR_ARG(view->cursors[i].saved), HARK_STR_ARG(view->cursors[i].position));
}

static void print_text(const struct hark_sources_view *view, const char *where)
{
    if (view->n == 0)
        printf("No source has a position under %s yet. `hark ingest` and `hark run` leave one.\n", where);
    else
        print_sources(view);
    if (view->gaps.n == 0)
        printf("\nNo gaps: as far as the sources tell, nothing was missed.\n");
    else
        printf("\ngaps (hark.gap/1): posts of these times may be missing\n");
    for (size_t i = 0; i < view->gaps.n; i++) printf(HARK_STR_FMT "\n", HARK_STR_ARG(view->gaps.v[i]));
}

static void print_json(const struct hark_sources_view *view)
{
    struct hark_buf buf = {0};
    struct hark_json json = hark_json_to(&buf);
    hark_json_open(&json, '{');
    hark_json_key(&json, "sources");
    hark_json_open(&json, '[');
    for (size_t i = 0; i < view->n; i++) {
        hark_json_open(&json, '{');
        hark_json_kv(&json, "source", view->cursors[i].source);
        hark_json_kv(&json, "position", view->cursors[i].position);
        hark_json_kv(&json, "saved", view->cursors[i].saved);
        hark_json_close(&json, '}');
    }
    hark_json_close(&json, ']');
    hark_json_key(&json, "gaps");
    hark_json_open(&json, '[');
    for (size_t i = 0; i < view->gaps.n; i++) hark_json_raw(&json, view->gaps.v[i]);
    hark_json_close(&json, ']');
    hark_json_close(&json, '}');
    puts(hark_buf_cstr(&buf));
    hark_buf_done(&buf);
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_arena arena = {0};
    struct hark_sources_view view = {0};
    (void)args;
    if (hark_pipeline_sources(cfg, &arena, &view, err) == 0) {
        if (cfg->json)
            print_json(&view);
        else
            print_text(&view, cfg->redis ? cfg->redis : cfg->state);
    }
    hark_arena_done(&arena);
    return err->code;
}

const struct hark_command hark_command_sources = {
    .name = "sources",
    .arguments = "",
    .about = "shows where sources stand and what they missed",
    .more =
        "Reads Redis where --redis names one; else the state folder: what `hark ingest` keeps there, and the private "
        "redis-server of `hark run`.",
    .run = run,
};
