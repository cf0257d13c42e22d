// hark report --brand B --from DAY --to DAY: what was said of one brand in these days, against the days before, for the
// weekly meeting; as Markdown, CSV (a row a day and intent) or JSON. Days that a gap overlaps are marked: their numbers
// may be too low.

#include "weekly.h"

#include <hark/clock.h>
#include <hark/read.h>
#include <hark/text.h>

#include <stdio.h>

enum { ROWS = 10, POSTS = 5, DEFAULT_DAYS = 7 };
static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

struct list {
    const struct hark_row *v;
    size_t n;
};

struct weekly {
    const struct hark_config *cfg;
    struct hark_store *store;
    struct hark_arena *arena;
    struct hark_str brand;
    struct hark_range range, before; // whole days
    size_t days;
    struct hark_series *now, *earlier; // an intent each, the mention first
    int64_t *authors;
    struct list *phrases;
    size_t n;
    struct list sources, langs, tags;
    const struct hark_read_post *top;
    size_t ntop;
    const struct hark_gap *gaps; // all that are known, the latest first
    size_t ngaps;
};

// --- reading ---

static int parse_day(const char *text, const char *name, int64_t *ret_ms, struct hark_err *err)
{
    struct hark_buf buf = {0};
    hark_buf_printf(&buf, "%sT00:00:00Z", text);
    int rc = strlen(text) == 10 ? hark_time_parse(hark_buf_str(&buf), ret_ms) : -1;
    hark_buf_done(&buf);
    return rc ? hark_err_set(err, HARK_EINPUT, "--%s: '%s' is no day such as 2026-11-21", name, text) : 0;
}

// Seven days up to today where nothing is said; --to is the last day.
static int find_range(struct weekly *w, struct hark_err *err)
{
    int64_t to_ms = hark_clock_ms() / day_ms * day_ms, from_ms;
    if (w->cfg->to && parse_day(w->cfg->to, "to", &to_ms, err)) return err->code;
    from_ms = to_ms - (DEFAULT_DAYS - 1) * day_ms;
    if (w->cfg->from && parse_day(w->cfg->from, "from", &from_ms, err)) return err->code;
    if (from_ms > to_ms) return hark_err_set(err, HARK_EINPUT, "--from is behind --to");
    w->days = (size_t)((to_ms - from_ms) / day_ms) + 1;
    if (w->days > HARK_READ_MAX_DAYS)
        return hark_err_set(err, HARK_EINPUT, "--from and --to are more than %d days apart", (int)HARK_READ_MAX_DAYS);
    w->range = (struct hark_range){from_ms, to_ms + day_ms};
    w->before = (struct hark_range){from_ms - (int64_t)w->days * day_ms, from_ms};
    return 0;
}

static int find_intents(struct weekly *w, struct hark_err *err)
{
    const struct hark_total *totals;
    size_t n;
    if (hark_read_brand(w->store, w->arena, w->brand, &totals, &n, err)) return err->code;
    w->now = HARK_NEW_N(w->arena, struct hark_series, n);
    w->earlier = HARK_NEW_N(w->arena, struct hark_series, n);
    for (size_t i = 0; i < n; i++) {
        w->now[w->n] = w->earlier[w->n] = (struct hark_series){w->brand, totals[i].intent};
        w->n++;
    }
    if (w->n == 0)
        return hark_err_set(err, HARK_EINPUT, "--brand " HARK_STR_FMT ": nothing was ever counted for it",
                            HARK_STR_ARG(w->brand));
    return 0;
}

static int read_series(struct weekly *w, struct hark_err *err)
{
    int64_t now_ms = hark_clock_ms();
    if (hark_read_series(w->store, w->arena, HARK_STEP_DAY, w->range.from_ms, w->days, now_ms, w->now, w->n, err) ||
        hark_read_series(w->store, w->arena, HARK_STEP_DAY, w->before.from_ms, w->days, now_ms, w->earlier, w->n, err))
        return err->code;
    w->authors = HARK_NEW_N(w->arena, int64_t, w->n);
    w->phrases = HARK_NEW_N(w->arena, struct list, w->n);
    for (size_t i = 0; i < w->n; i++) {
        int64_t total;
        if (hark_read_authors(w->store, w->arena, w->brand, w->now[i].intent, w->range, &w->authors[i], err) ||
            hark_read_breakdown(w->store, w->arena, w->brand, w->now[i].intent, HARK_BY_PHRASE, w->range, ROWS,
                                &w->phrases[i].v, &w->phrases[i].n, &total, err))
            return err->code;
    }
    return 0;
}

static bool overlaps(const struct hark_gap *gap, struct hark_range range)
{
    return gap->from_ms < range.to_ms && gap->to_ms > range.from_ms;
}

static bool has_gap(const struct weekly *w, struct hark_range range)
{
    for (size_t i = 0; i < w->ngaps; i++)
        if (overlaps(&w->gaps[i], range)) return true;
    return false;
}

static struct hark_range day_of(const struct weekly *w, size_t d)
{
    int64_t from_ms = w->range.from_ms + (int64_t)d * day_ms;
    return (struct hark_range){from_ms, from_ms + day_ms};
}

static int read_all(struct weekly *w, struct hark_err *err)
{
    struct hark_str mention = HARK_STR("mention");
    int64_t total;
    if (find_range(w, err) || find_intents(w, err) || read_series(w, err)) return err->code;
    if (hark_read_breakdown(w->store, w->arena, w->brand, mention, HARK_BY_SOURCE, w->range, ROWS, &w->sources.v,
                            &w->sources.n, &total, err) ||
        hark_read_breakdown(w->store, w->arena, w->brand, mention, HARK_BY_LANG, w->range, ROWS, &w->langs.v,
                            &w->langs.n, &total, err))
        return err->code;
    if (hark_read_tags(w->store, w->arena, w->brand, w->range, ROWS, &w->tags.v, &w->tags.n, err) ||
        hark_read_gaps(w->store, w->arena, HARK_READ_MAX_ROWS, &w->gaps, &w->ngaps, err))
        return err->code;
    return hark_read_top(w->store, w->arena, w->brand, mention, w->range, POSTS, &w->top, &w->ntop, err);
}

static void day_str(int64_t ms, char out[11])
{
    char text[HARK_TIME_STR_BYTES];
    hark_time_str(ms, text);
    snprintf(out, 11, "%.10s", text);
}

// --- Markdown ---

// What people wrote must not become markup, nor more than a line.
static void plain(struct hark_str text, size_t max, struct hark_buf *out)
{
    size_t i = 0;
    for (; i < text.len && out->len < max; i++) {
        char c = text.ptr[i];
        if ((unsigned char)c < 0x20 || c == 0x7F) c = ' ';
        if (strchr("\\`*_{}[]<>()#|!&~", c)) hark_buf_char(out, '\\');
        hark_buf_char(out, c);
    }
    if (i == text.len) return;
    while (out->len && ((unsigned char)out->ptr[out->len - 1] & 0xC0) == 0x80) out->len--;
    if (out->len) out->len--; // the head of the character that was cut
    hark_buf_str_add(out, HARK_STR("…"));
}

static void print_plain(struct hark_str text)
{
    struct hark_buf buf = {0};
    plain(text, 400, &buf);
    if (buf.len) fwrite(buf.ptr, 1, buf.len, stdout);
    hark_buf_done(&buf);
}

static void print_change(int64_t now, int64_t before)
{
    if (before == 0)
        printf("%s", now ? "new" : "–");
    else
        printf("%+.0f %%", 100.0 * (double)(now - before) / (double)before);
}

static void markdown_intents(const struct weekly *w)
{
    printf("| intent | posts%s | before%s | change | authors, about |\n|---|---:|---:|---:|---:|\n",
           has_gap(w, w->range) ? " (gap)" : "", has_gap(w, w->before) ? " (gap)" : "");
    for (size_t i = 0; i < w->n; i++) {
        printf("| " HARK_STR_FMT " | %lld | %lld | ", HARK_STR_ARG(w->now[i].intent), (long long)w->now[i].total,
               (long long)w->earlier[i].total);
        print_change(w->now[i].total, w->earlier[i].total);
        printf(" | %lld |\n", (long long)w->authors[i]);
    }
}

static void markdown_days(const struct weekly *w)
{
    printf("\n## By day\n\n| day |");
    for (size_t i = 0; i < w->n; i++) printf(" " HARK_STR_FMT " |", HARK_STR_ARG(w->now[i].intent));
    printf("\n|---|");
    for (size_t i = 0; i < w->n; i++) printf("---:|");
    for (size_t d = 0; d < w->days; d++) {
        char day[11];
        day_str(day_of(w, d).from_ms, day);
        printf("\n| %s%s |", day, has_gap(w, day_of(w, d)) ? " (gap)" : "");
        for (size_t i = 0; i < w->n; i++) printf(" %lld |", (long long)w->now[i].points[d]);
    }
    printf("\n");
}

static void markdown_list(const char *title, struct hark_str of, const struct list *list)
{
    if (list->n == 0) return;
    printf("\n## %s" HARK_STR_FMT "\n\n", title, HARK_STR_ARG(of));
    for (size_t i = 0; i < list->n; i++) {
        printf("%zu. ", i + 1);
        print_plain(list->v[i].value);
        printf(": %lld\n", (long long)list->v[i].n);
    }
}

// Of an escape in JSON the character that it stands for, as far as a line of text needs it.
static char unescaped(char c)
{
    return c == 'n' || c == 't' || c == 'r' || c == 'b' || c == 'f' || c == 'u' ? ' ' : c;
}

// The value of "key":"…" in JSON that hark wrote, which has no escape that it does not need; in the arena.
static struct hark_str json_text(const struct weekly *w, struct hark_str json, const char *key)
{
    struct hark_str head = hark_arena_printf(w->arena, "\"%s\":\"", key);
    const char *at = json.ptr ? memmem(json.ptr, json.len, head.ptr, head.len) : NULL;
    if (!at) return (struct hark_str){0};
    const char *end = json.ptr + json.len;
    char *text = hark_arena_alloc(w->arena, json.len);
    size_t n = 0;
    for (at += head.len; at < end && *at != '"'; at++) {
        bool escape = *at == '\\' && at + 1 < end;
        if (escape) at++;
        text[n++] = escape ? unescaped(*at) : *at;
        if (escape && *at == 'u' && end - at > 4) at += 4;
    }
    return hark_strn(text, n);
}

static void markdown_posts(const struct weekly *w)
{
    if (w->ntop == 0) return;
    printf("\n## Most reactions\n\n");
    for (size_t i = 0; i < w->ntop; i++) {
        struct hark_str match = w->top[i].match, post = {0};
        const char *at = match.ptr ? memmem(match.ptr, match.len, "\"post\":{", 8) : NULL;
        if (at) post = hark_strn(at, match.len - (size_t)(at - match.ptr));
        struct hark_str text = json_text(w, post, "text"), url = json_text(w, post, "url");
        bool web = hark_str_starts(url, HARK_STR("https://")) || hark_str_starts(url, HARK_STR("http://"));
        printf("%zu. ", i + 1);
        print_plain(text.ptr ? text : HARK_STR("(its text is no longer kept)"));
        printf(" (%lld)", (long long)w->top[i].engagement);
        if (web && !memchr(url.ptr, '>', url.len) && !memchr(url.ptr, ' ', url.len))
            printf(" <" HARK_STR_FMT ">", HARK_STR_ARG(url));
        printf("\n");
    }
}

static void minute_str(int64_t ms, char out[17])
{
    char text[HARK_TIME_STR_BYTES];
    hark_time_str(ms, text);
    snprintf(out, 17, "%.10s %.5s", text, text + 11);
}

static void markdown_gaps(const struct weekly *w)
{
    const struct hark_range both = {w->before.from_ms, w->range.to_ms};
    if (!has_gap(w, both)) return;
    printf("\n## Gaps\n\nIn these times posts were missed: what is marked with (gap) may be too low.\n\n");
    for (size_t i = 0; i < w->ngaps; i++) {
        char from[17], to[17];
        if (!overlaps(&w->gaps[i], both)) continue;
        minute_str(w->gaps[i].from_ms, from);
        minute_str(w->gaps[i].to_ms, to);
        printf("- %s to %s, ", from, to);
        print_plain(w->gaps[i].source);
        printf(": ");
        print_plain(w->gaps[i].reason);
        printf("\n");
    }
}

static void print_markdown(const struct weekly *w)
{
    char from[11], to[11];
    day_str(w->range.from_ms, from);
    day_str(w->range.to_ms - day_ms, to);
    printf("# " HARK_STR_FMT ", %s to %s\n\nDays are UTC; before: the %zu days before.\n\n", HARK_STR_ARG(w->brand),
           from, to, w->days);
    markdown_intents(w);
    markdown_days(w);
    markdown_gaps(w);
    markdown_list("Sources", (struct hark_str){"", 0}, &w->sources);
    markdown_list("Languages", (struct hark_str){"", 0}, &w->langs);
    for (size_t i = 1; i < w->n; i++) markdown_list("Phrases of ", w->now[i].intent, &w->phrases[i]);
    markdown_list("Hashtags in the same posts", (struct hark_str){"", 0}, &w->tags);
    markdown_posts(w);
}

// --- CSV ---

static void print_csv(const struct weekly *w)
{
    printf("day,brand,intent,posts,gap\n");
    for (size_t d = 0; d < w->days; d++)
        for (size_t i = 0; i < w->n; i++) {
            char day[11];
            day_str(day_of(w, d).from_ms, day);
            printf("%s," HARK_STR_FMT "," HARK_STR_FMT ",%lld,%s\n", day, HARK_STR_ARG(w->brand),
                   HARK_STR_ARG(w->now[i].intent), (long long)w->now[i].points[d],
                   has_gap(w, day_of(w, d)) ? "yes" : "no");
        }
}

// --- JSON ---

static void json_list(struct hark_json *json, const char *key, const struct list *list)
{
    hark_json_key(json, key);
    hark_json_open(json, '[');
    for (size_t i = 0; i < list->n; i++) {
        hark_json_open(json, '{');
        hark_json_kv(json, "value", list->v[i].value);
        hark_json_ki(json, "n", list->v[i].n);
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
}

static void json_intents(struct hark_json *json, const struct weekly *w)
{
    hark_json_key(json, "intents");
    hark_json_open(json, '[');
    for (size_t i = 0; i < w->n; i++) {
        hark_json_open(json, '{');
        hark_json_kv(json, "intent", w->now[i].intent);
        hark_json_ki(json, "posts", w->now[i].total);
        hark_json_ki(json, "before", w->earlier[i].total);
        hark_json_ki(json, "authors", w->authors[i]);
        hark_json_key(json, "days");
        hark_json_open(json, '[');
        for (size_t d = 0; d < w->days; d++) hark_json_int(json, w->now[i].points[d]);
        hark_json_close(json, ']');
        json_list(json, "phrases", &w->phrases[i]);
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
}

static void json_gaps(struct hark_json *json, const char *key, const struct weekly *w, struct hark_range range)
{
    hark_json_key(json, key);
    hark_json_open(json, '[');
    for (size_t i = 0; i < w->ngaps; i++)
        if (overlaps(&w->gaps[i], range)) {
            struct hark_buf gap = {0};
            hark_gap_encode(&w->gaps[i], &gap);
            hark_json_raw(json, hark_buf_str(&gap));
            hark_buf_done(&gap);
        }
    hark_json_close(json, ']');
}

static void json_gap_days(struct hark_json *json, const struct weekly *w)
{
    hark_json_key(json, "gap_days");
    hark_json_open(json, '[');
    for (size_t d = 0; d < w->days; d++) {
        char day[11];
        day_str(day_of(w, d).from_ms, day);
        if (has_gap(w, day_of(w, d))) hark_json_cstr(json, day);
    }
    hark_json_close(json, ']');
}

static void print_json(const struct weekly *w)
{
    struct hark_buf buf = {0};
    struct hark_json json = hark_json_to(&buf);
    char from[11], to[11];
    day_str(w->range.from_ms, from);
    day_str(w->range.to_ms - day_ms, to);
    hark_json_open(&json, '{');
    hark_json_kv(&json, "brand", w->brand);
    hark_json_kc(&json, "from", from);
    hark_json_kc(&json, "to", to);
    json_gap_days(&json, w);
    json_gaps(&json, "gaps", w, w->range);
    json_gaps(&json, "gaps_before", w, w->before);
    json_intents(&json, w);
    json_list(&json, "sources", &w->sources);
    json_list(&json, "langs", &w->langs);
    json_list(&json, "tags", &w->tags);
    hark_json_key(&json, "top");
    hark_json_open(&json, '[');
    for (size_t i = 0; i < w->ntop; i++) {
        hark_json_open(&json, '{');
        hark_json_kv(&json, "id", w->top[i].id);
        hark_json_ki(&json, "engagement", w->top[i].engagement);
        hark_json_key(&json, "match");
        hark_json_raw(&json, w->top[i].match.ptr ? w->top[i].match : HARK_STR("null"));
        hark_json_close(&json, '}');
    }
    hark_json_close(&json, ']');
    hark_json_close(&json, '}');
    puts(hark_buf_cstr(&buf));
    hark_buf_done(&buf);
}

int weekly_print(const struct hark_config *cfg, const char *redis, struct hark_err *err)
{
    struct hark_arena arena = {0};
    struct weekly w = {.cfg = cfg, .arena = &arena, .brand = hark_str(cfg->brand)};
    const struct hark_store_options options = {.redis = redis, .password = cfg->redis_password, .prefix = cfg->prefix};
    if (!cfg->brand)
        return hark_err_set(err, HARK_EINPUT, "--brand is missing: --from, --to and --format are about one brand");
    w.store = hark_store_open(&options, err);
    if (w.store && read_all(&w, err) == 0) {
        if (cfg->json || (cfg->report_format && strcmp(cfg->report_format, "json") == 0))
            print_json(&w);
        else if (cfg->report_format && strcmp(cfg->report_format, "csv") == 0)
            print_csv(&w);
        else
            print_markdown(&w);
    }
    hark_store_close(w.store);
    hark_arena_done(&arena);
    return err->code;
}
