// hark report: what Redis holds, brand by intent.

#include "cli.h"
#include "weekly.h"

#include <hark/count.h>
#include <hark/pipeline.h>
#include <hark/read.h>

#include <stdio.h>
#include <stdlib.h>

struct table {
    const struct hark_total *totals;
    size_t n;
    struct hark_read_meta meta;
    const struct hark_gap *gaps;
    size_t ngaps;
    const char *only; // brand, or NULL
};

static bool shown(const struct table *table, size_t i)
{
    return !table->only || hark_str_is(table->totals[i].brand, table->only);
}

static void print_gap(struct hark_json *json, const struct hark_gap *gap)
{
    struct hark_buf buf = {0};
    hark_gap_encode(gap, &buf);
    hark_json_raw(json, hark_buf_str(&buf));
    hark_buf_done(&buf);
}

static void print_json(const struct table *table)
{
    struct hark_buf buf = {0};
    struct hark_json json = hark_json_to(&buf);
    struct hark_str brand = {0};
    hark_json_open(&json, '{');
    hark_json_kv(&json, "ruleset", table->meta.ruleset);
    hark_json_kv(&json, "started", table->meta.started);
    hark_json_key(&json, "brands");
    hark_json_open(&json, '{');
    for (size_t i = 0; i < table->n; i++) {
        if (!shown(table, i)) continue;
        if (!brand.ptr || !hark_str_eq(brand, table->totals[i].brand)) {
            if (brand.ptr) {
                hark_json_close(&json, '}');
                hark_json_close(&json, '}');
            }
            brand = table->totals[i].brand;
            hark_json_key_str(&json, brand);
            hark_json_open(&json, '{');
            hark_json_key(&json, "total");
            hark_json_open(&json, '{');
        }
        hark_json_key_str(&json, table->totals[i].intent);
        hark_json_int(&json, table->totals[i].n);
    }
    if (brand.ptr) {
        hark_json_close(&json, '}');
        hark_json_close(&json, '}');
    }
    hark_json_close(&json, '}');
    hark_json_key(&json, "gaps");
    hark_json_open(&json, '[');
    for (size_t i = 0; i < table->ngaps; i++) print_gap(&json, &table->gaps[i]);
    hark_json_close(&json, ']');
    hark_json_close(&json, '}');
    puts(hark_buf_cstr(&buf));
    hark_buf_done(&buf);
}

// The intents that are counted, "mention" first, each once: the columns.
static size_t columns(const struct table *table, struct hark_map *map)
{
    hark_map_put(map, HARK_STR("mention"), NULL);
    for (size_t i = 0; i < table->n; i++)
        if (shown(table, i)) hark_map_put(map, table->totals[i].intent, NULL);
    return map->n;
}

static int by_name(const void *a, const void *b)
{
    return hark_str_cmp(*(const struct hark_str *)a, *(const struct hark_str *)b);
}

static void print_rule(size_t first, size_t n, const struct hark_str *names)
{
    for (size_t i = 0; i < first; i++) fputs("─", stdout);
    for (size_t c = 0; c < n; c++)
        for (size_t i = 0; i < (names[c].len < 7 ? 7 : names[c].len) + 2; i++) fputs("─", stdout);
    putchar('\n');
}

static void print_row(struct hark_str brand, size_t first, const int64_t *cells, size_t n, const struct hark_str *names)
{
    printf(HARK_STR_FMT "%*s", HARK_STR_ARG(brand), (int)(first - brand.len), "");
    for (size_t c = 0; c < n; c++) printf("  %*lld", (int)(names[c].len < 7 ? 7 : names[c].len), (long long)cells[c]);
    putchar('\n');
}

static void print_table(const struct table *table, struct hark_arena *arena)
{
    struct hark_map map = {0};
    size_t n = columns(table, &map), first = 5;
    struct hark_str *names = HARK_NEW_N(arena, struct hark_str, n);
    int64_t *cells = HARK_NEW_N(arena, int64_t, n), *sums = HARK_NEW_N(arena, int64_t, n);
    for (size_t c = 0; c < n; c++) names[c] = map.entries[c].key;
    qsort(names + 1, n - 1, sizeof *names, by_name);
    for (size_t i = 0; i < table->n; i++)
        if (shown(table, i) && table->totals[i].brand.len > first) first = table->totals[i].brand.len;
    printf("%-*s", (int)first, "brand");
    for (size_t c = 0; c < n; c++) printf("  %*.*s", names[c].len < 7 ? 7 : (int)names[c].len, HARK_STR_ARG(names[c]));
    putchar('\n');
    print_rule(first, n, names);
    for (size_t i = 0; i < table->n; i++) {
        if (!shown(table, i)) continue;
        for (size_t c = 0; c < n; c++) {
            if (!hark_str_eq(names[c], table->totals[i].intent)) continue;
            cells[c] = table->totals[i].n;
            sums[c] += table->totals[i].n;
        }
        if (i + 1 < table->n && hark_str_eq(table->totals[i].brand, table->totals[i + 1].brand)) continue;
        print_row(table->totals[i].brand, first, cells, n, names);
        memset(cells, 0, n * sizeof *cells);
    }
    print_rule(first, n, names);
    print_row(HARK_STR("all"), first, sums, n, names);
    hark_map_done(&map);
    if (table->ngaps)
        printf("\n%zu gap%s: posts were missed, and numbers of those times may be too low; `hark sources` lists them\n",
               table->ngaps, table->ngaps == 1 ? "" : "s");
}

static int read_table(const struct hark_config *cfg, const char *redis, struct hark_arena *arena, struct table *table,
                      struct hark_err *err)
{
    const struct hark_store_options options = {.redis = redis, .password = cfg->redis_password, .prefix = cfg->prefix};
    struct hark_store *store = hark_store_open(&options, err);
    int code = store ? hark_read_totals(store, arena, &table->totals, &table->n, err) : err->code;
    if (code == 0) code = hark_read_meta(store, arena, &table->meta, err);
    if (code == 0) code = hark_read_gaps(store, arena, HARK_READ_MAX_ROWS, &table->gaps, &table->ngaps, err);
    hark_store_close(store);
    return code;
}

static int print_totals(const struct hark_config *cfg, const char *redis, struct hark_err *err)
{
    struct hark_arena arena = {0};
    struct table table = {.only = cfg->brand};
    if (read_table(cfg, redis, &arena, &table, err) == 0) {
        if (cfg->json)
            print_json(&table);
        else if (table.n == 0)
            printf("Nothing is counted yet under %s at %s. `hark run` or `hark match` counts.\n", cfg->prefix, redis);
        else
            print_table(&table, &arena);
    }
    hark_arena_done(&arena);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_backend *backend = hark_backend_open(cfg, err);
    bool weekly = cfg->from || cfg->to || cfg->report_format;
    (void)args;
    int (*print)(const struct hark_config *, const char *, struct hark_err *) = weekly ? weekly_print : print_totals;
    if (backend) (void)!print(cfg, hark_backend_redis(backend), err);
    hark_backend_close(backend);
    return err->code;
}

const struct hark_command hark_command_report = {
    .name = "report",
    .arguments = "",
    .about =
        "prints what Redis holds, brand by intent; with --brand and --from, --to or --format a report on that brand",
    .more =
        "Days in which a gap says that posts were missed are marked, for their numbers may be too low: with (gap) in "
        "Markdown, which lists the gaps, in the column gap of CSV, and by gap_days, gaps and gaps_before in JSON.",
    .run = run,
};
