// hark top: all brands at a glance in a terminal, again and again; once where the output is none.

#include "cli.h"

#include <hark/clock.h>
#include <hark/pipeline.h>
#include <hark/read.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EVERY_MS = 2000, HOURS = 24, NAME = 24, FALLBACK_ROWS = 40, ALERTS = 5, HEAD_ROWS = 4 };
static const int64_t hour_ms = 3600 * 1000, stale_ms = 3 * 3600 * 1000;

struct line {
    struct hark_str brand;
    size_t first, n; // its totals
    struct hark_series hours;
    int64_t today;
};

struct screen {
    struct hark_store *store;
    struct hark_arena arena;
    struct hark_buf out;
    const struct hark_total *totals;
    struct line *lines;
    size_t n, rows;
    int64_t now_ms, at_ms; // at: the clock, or the newest post where that is hours old
    struct hark_read_state state;
};

static int most_today_first(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->today != y->today) return x->today < y->today ? 1 : -1;
    return hark_str_cmp(x->brand, y->brand);
}

static int read_lines(struct screen *s, struct hark_err *err)
{
    size_t ntotals;
    if (hark_read_totals(s->store, &s->arena, &s->totals, &ntotals, err)) return err->code;
    s->lines = HARK_NEW_N(&s->arena, struct line, ntotals);
    for (size_t i = 0; i < ntotals; i++) {
        if (i == 0 || !hark_str_eq(s->totals[i].brand, s->totals[i - 1].brand))
            s->lines[s->n++] = (struct line){.brand = s->totals[i].brand, .first = i};
        s->lines[s->n - 1].n++;
    }
    struct hark_series *days = HARK_NEW_N(&s->arena, struct hark_series, s->n);
    for (size_t i = 0; i < s->n; i++) days[i] = (struct hark_series){s->lines[i].brand, HARK_STR("mention")};
    if (hark_read_series(s->store, &s->arena, HARK_STEP_DAY, s->at_ms, 1, s->now_ms, days, s->n, err)) return err->code;
    for (size_t i = 0; i < s->n; i++) s->lines[i].today = days[i].total;
    if (s->n) qsort(s->lines, s->n, sizeof *s->lines, most_today_first);
    size_t room = s->rows > HEAD_ROWS + ALERTS + 2 ? s->rows - HEAD_ROWS - ALERTS - 2 : 1;
    if (s->n > room) s->n = room;
    for (size_t i = 0; i < s->n; i++) {
        s->lines[i].hours = (struct hark_series){s->lines[i].brand, HARK_STR("mention")};
        if (hark_read_series(s->store, &s->arena, HARK_STEP_HOUR, s->at_ms - (HOURS - 1) * hour_ms, HOURS, s->now_ms,
                             &s->lines[i].hours, 1, err))
            return err->code;
    }
    return 0;
}

// --- drawing ---

// What people wrote must not steer the terminal: control characters, and those that turn the direction of writing.
static void put_text(struct hark_buf *out, struct hark_str text, size_t columns)
{
    for (size_t i = 0; i < text.len && columns > 0; i++) {
        unsigned char c = (unsigned char)text.ptr[i], next = i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0,
                      third = i + 2 < text.len ? (unsigned char)text.ptr[i + 2] : 0;
        bool turns =
            c == 0xE2 && ((next == 0x80 && ((third >= 0xAA && third <= 0xAE) || third == 0x8E || third == 0x8F)) ||
                          (next == 0x81 && third >= 0xA6 && third <= 0xA9));
        if (turns) {
            i += 2;
            continue;
        }
        bool control = c < 0x20 || c == 0x7F || (c == 0xC2 && next < 0xA0);
        hark_buf_char(out, control ? ' ' : (char)c);
        if (control && c == 0xC2) i++;
        if ((c & 0xC0) != 0x80) columns--;
    }
}

static void put_padded(struct hark_buf *out, struct hark_str text, size_t columns)
{
    size_t n = text.len < columns ? text.len : columns;
    put_text(out, text, columns);
    hark_buf_printf(out, "%*s", (int)(columns - n), "");
}

static void put_spark(struct hark_buf *out, const struct hark_series *series)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int64_t max = 1;
    for (size_t i = 0; i < HOURS; i++)
        if (series->points[i] > max) max = series->points[i];
    for (size_t i = 0; i < HOURS; i++) {
        int64_t n = series->points[i];
        hark_buf_printf(out, "%s", n <= 0 ? "·" : blocks[(size_t)((n * 8 - 1) / max) % 8]);
    }
}

// The three intents with most posts, all time.
static void put_intents(struct screen *s, const struct line *line)
{
    bool used[64] = {false};
    for (int k = 0; k < 3; k++) {
        size_t best = 0;
        for (size_t i = 1; i < line->n && i < 64; i++)
            if (!used[i] && (best == 0 || s->totals[line->first + i].n > s->totals[line->first + best].n)) best = i;
        if (best == 0) return;
        used[best] = true;
        const struct hark_total *total = &s->totals[line->first + best];
        hark_buf_printf(&s->out, "  " HARK_STR_FMT " %lld", HARK_STR_ARG(total->intent), (long long)total->n);
    }
}

static void put_head(struct screen *s)
{
    char at[HARK_TIME_STR_BYTES];
    hark_time_str(s->state.latest_ms < 0 ? 0 : s->state.latest_ms, at);
    hark_buf_printf(&s->out, "hark");
    if (s->state.latest_ms < 0)
        hark_buf_printf(&s->out, "  nothing is counted yet; `hark run` or `hark match` counts\n");
    else
        hark_buf_printf(&s->out, "  newest post %.10s %.8s UTC%s\n", at, at + 11,
                        s->at_ms == s->now_ms ? "" : ", hours ago: the day shown is that one");
    hark_buf_printf(&s->out, "\n%-*s %9s %9s  %-*s  %s\n", (int)NAME, "brand", "today", "hour", (int)HOURS, "24 hours",
                    "most said, all time");
}

static void put_lines(struct screen *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct line *line = &s->lines[i];
        int64_t hour = line->hours.points[HOURS - 1];
        put_padded(&s->out, line->brand, NAME);
        hark_buf_printf(&s->out, " %9lld %9lld  ", (long long)line->today, (long long)(hour < 0 ? 0 : hour));
        put_spark(&s->out, &line->hours);
        put_intents(s, line);
        hark_buf_char(&s->out, '\n');
    }
}

static int put_alerts(struct screen *s, struct hark_err *err)
{
    const struct hark_entry *entries;
    size_t n;
    if (hark_read_alerts(s->store, &s->arena, (struct hark_str){0}, ALERTS, &entries, &n, err)) return err->code;
    if (n) hark_buf_printf(&s->out, "\nlatest alerts\n");
    for (size_t i = 0; i < n; i++) {
        char at[HARK_TIME_STR_BYTES];
        static const char key[] = "\"rule\":\"";
        const char *rule = memmem(entries[i].json.ptr, entries[i].json.len, key, sizeof key - 1);
        struct hark_str text = {0}, rest;
        hark_time_str(entries[i].time_ms, at);
        if (rule) {
            rule += sizeof key - 1;
            text =
                hark_str_cut(hark_strn(rule, entries[i].json.len - (size_t)(rule - entries[i].json.ptr)), '"', &rest);
        }
        hark_buf_printf(&s->out, "%.8s  ", at + 11);
        put_text(&s->out, text, 60);
        hark_buf_char(&s->out, '\n');
    }
    return 0;
}

static int draw(struct screen *s, struct hark_err *err)
{
    hark_arena_reset(&s->arena);
    hark_buf_clear(&s->out);
    s->n = 0;
    s->now_ms = hark_clock_ms();
    if (hark_read_state(s->store, &s->arena, &s->state, err)) return err->code;
    bool stale = s->state.latest_ms >= 0 && s->now_ms - s->state.latest_ms > stale_ms;
    s->at_ms = stale ? s->state.latest_ms : s->now_ms;
    if (read_lines(s, err)) return err->code;
    put_head(s);
    put_lines(s);
    return put_alerts(s, err);
}

// --- the terminal ---

static size_t terminal_rows(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : FALLBACK_ROWS;
}

// Writes over what was there, line by line, so that nothing flickers.
static void show(const struct screen *s)
{
    struct hark_str rest = hark_buf_str(&s->out);
    size_t row = 0;
    fputs("\033[H", stdout);
    while (rest.ptr && ++row < s->rows) {
        struct hark_str line = hark_str_cut(rest, '\n', &rest);
        printf(HARK_STR_FMT "\033[K\n", HARK_STR_ARG(line));
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}

static int watch(struct screen *s, struct hark_err *err)
{
    fputs("\033[?1049h\033[?25l\033[?7l", stdout); // another screen, no cursor, long lines are cut
    while (!hark_stopping()) {
        struct hark_err wrong = {0};
        s->rows = terminal_rows();
        if (draw(s, &wrong) && !wrong.retriable) {
            *err = wrong;
            break;
        }
        if (wrong.code) hark_buf_printf(&s->out, "\n%s\n", wrong.text);
        show(s);
        (void)poll(NULL, 0, EVERY_MS); // a signal ends it
    }
    fputs("\033[?7h\033[?25h\033[?1049l", stdout);
    return err->code;
}

static int run_screen(const struct hark_config *cfg, const char *redis, struct hark_err *err)
{
    const struct hark_store_options options = {.redis = redis, .password = cfg->redis_password, .prefix = cfg->prefix};
    struct screen s = {.store = hark_store_open(&options, err), .rows = FALLBACK_ROWS};
    if (s.store && isatty(STDOUT_FILENO))
        (void)watch(&s, err);
    else if (s.store && draw(&s, err) == 0)
        fwrite(s.out.ptr, 1, s.out.len, stdout);
    hark_store_close(s.store);
    hark_arena_done(&s.arena);
    hark_buf_done(&s.out);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    (void)args;
    struct hark_backend *backend = hark_backend_open(cfg, err);
    if (backend) (void)run_screen(cfg, hark_backend_redis(backend), err);
    hark_backend_close(backend);
    return err->code;
}

const struct hark_command hark_command_top = {
    .name = "top",
    .arguments = "",
    .about = "all brands at a glance in the terminal, every two seconds; Ctrl-C ends it",
    .more = "Where the output is no terminal it prints once.",
    .run = run,
};
