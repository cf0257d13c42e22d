// What is wrong with rule files: kept until all files are read, then printed in the order of the files.

#include "load.h"

#include <hark/text.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    CARET_CHARACTERS = 100, // of a long line, those around the place are shown
    MAX_TEXT_BYTES = 2000,  // of a message, which may quote a key of any length
};

// Adds text that came from a file: control characters must not reach a terminal.
static void add_visible(struct hark_buf *buf, struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i], next = i + 1 < s.len ? (unsigned char)s.ptr[i + 1] : 0;
        bool c1 = c == 0xC2 && next >= 0x80 && next < 0xA0;
        bool control = (c < 0x20 && c != '\t') || c == 0x7F || c1;
        hark_buf_char(buf, control ? '?' : (char)c);
        i += c1;
    }
}

static struct hark_str shorten(struct hark_str s)
{
    if (s.len <= MAX_TEXT_BYTES) return s;
    s.len = MAX_TEXT_BYTES;
    while (s.len && ((unsigned char)s.ptr[s.len] & 0xC0) == 0x80) s.len--;
    return s;
}

static struct hark_str own_file(struct hark_problems *problems, struct hark_str file)
{
    if (problems->n && hark_str_eq(problems->v[problems->n - 1].loc.file, file))
        return problems->v[problems->n - 1].loc.file;
    return hark_arena_str(&problems->arena, file);
}

void hark_problems_add(struct hark_problems *problems, bool warning, struct hark_loc loc, const char *format, ...)
{
    struct hark_buf text = {0}, clean = {0};
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    vsnprintf(hark_buf_reserve(&text, (size_t)n + 1), (size_t)n + 1, format, again);
    va_end(again);
    text.len = (size_t)n;
    add_visible(&clean, shorten(hark_buf_str(&text)));
    if (text.len > MAX_TEXT_BYTES) hark_buf_printf(&clean, " …");

    loc.file = own_file(problems, loc.file);
    problems->v = hark_grow(problems->v, problems->n, &problems->cap, sizeof *problems->v);
    problems->v[problems->n++] =
        (struct hark_problem){warning, loc, hark_arena_str(&problems->arena, hark_buf_str(&clean)), {NULL, 0}};
    problems->errors += !warning;
    hark_buf_done(&text);
    hark_buf_done(&clean);
}

void hark_problems_done(struct hark_problems *problems)
{
    free(problems->v);
    hark_arena_done(&problems->arena);
    *problems = (struct hark_problems){0};
}

static int compare(const struct hark_problem *a, const struct hark_problem *b)
{
    int files = hark_str_cmp(a->loc.file, b->loc.file);
    if (files) return files;
    if (a->loc.line != b->loc.line) return a->loc.line < b->loc.line ? -1 : 1;
    if (a->loc.column != b->loc.column) return a->loc.column < b->loc.column ? -1 : 1;
    return 0;
}

// Merges, so that problems of one place stay in the order in which they were found.
static void sort(struct hark_problem *v, size_t n, struct hark_problem *spare)
{
    if (n < 2) return;
    size_t half = n / 2, i = 0, j = half, k = 0;
    sort(v, half, spare);
    sort(v + half, n - half, spare);
    while (i < half && j < n) spare[k++] = compare(&v[i], &v[j]) <= 0 ? v[i++] : v[j++];
    while (i < half) spare[k++] = v[i++];
    while (j < n) spare[k++] = v[j++];
    memcpy(v, spare, n * sizeof *v);
}

static size_t characters(struct hark_str line)
{
    size_t n = 0;
    for (size_t at = 0; at < line.len; n++) hark_utf8_next(line, &at);
    return n;
}

// The bytes of the line that are shown: all of it, or the characters around the column.
static void window(struct hark_str line, unsigned column, size_t *ret_from, size_t *ret_to)
{
    size_t at = 0, now = 1, first = 1;
    if (characters(line) > CARET_CHARACTERS && column > CARET_CHARACTERS / 2) first = column - CARET_CHARACTERS / 2;
    *ret_from = 0;
    for (; at < line.len && now < first + CARET_CHARACTERS; now++) {
        if (now == first) *ret_from = at;
        hark_utf8_next(line, &at);
    }
    *ret_to = at;
}

// A line with ? for each byte that is not UTF-8, which may be what the problem is about.
static struct hark_str readable(struct hark_str line, struct hark_buf *buf)
{
    size_t good;
    while ((good = hark_utf8_check(line)) < line.len) {
        hark_buf_add(buf, line.ptr, good);
        hark_buf_char(buf, '?');
        line = hark_strn(line.ptr + good + 1, line.len - good - 1);
    }
    if (buf->len == 0) return line;
    hark_buf_str_add(buf, line);
    return hark_buf_str(buf);
}

static void print_line(const struct hark_problem *problem, struct hark_str line, struct hark_buf *buf)
{
    size_t from, to, at = 0;
    window(line, problem->loc.column, &from, &to);
    hark_buf_printf(buf, "  %s", from ? "… " : "");
    add_visible(buf, hark_strn(line.ptr + from, to - from));
    hark_buf_printf(buf, "%s\n  ", to < line.len ? " …" : "");
    if (from) hark_buf_add(buf, "  ", 2);
    for (unsigned column = 1; column < problem->loc.column && at < line.len; column++) {
        size_t start = at;
        uint32_t c = hark_utf8_next(line, &at);
        if (start < from) continue;
        for (unsigned i = 0; i < (c == '\t' ? 1 : hark_utf8_width(c)); i++) hark_buf_char(buf, c == '\t' ? '\t' : ' ');
    }
    hark_buf_add(buf, "^\n", 2);
}

static void print_caret(const struct hark_problem *problem, struct hark_buf *buf)
{
    struct hark_buf spare = {0};
    if (problem->line.ptr && problem->loc.column) print_line(problem, readable(problem->line, &spare), buf);
    hark_buf_done(&spare);
}

void hark_problems_print(struct hark_problems *problems, bool caret, struct hark_buf *buf)
{
    struct hark_problem *spare = hark_calloc(problems->n + 1, sizeof *spare);
    sort(problems->v, problems->n, spare);
    free(spare);
    for (size_t i = 0; i < problems->n; i++) {
        const struct hark_problem *p = &problems->v[i];
        hark_buf_str_add(buf, p->loc.file);
        if (p->loc.line) hark_buf_printf(buf, ":%u:%u", p->loc.line, p->loc.column);
        hark_buf_printf(buf, ": %s: ", p->warning ? "warning" : "error");
        hark_buf_str_add(buf, p->text);
        hark_buf_char(buf, '\n');
        if (caret) print_caret(p, buf);
    }
}
