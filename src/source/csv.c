// See csv.h.

#include "csv.h"

#include <stdlib.h>

static unsigned column_of(const struct hark_csv *csv, size_t at)
{
    unsigned column = 1;
    while (at > 0 && csv->text.ptr[at - 1] != '\n')
        if (((unsigned char)csv->text.ptr[--at] & 0xC0) != 0x80) column++;
    return column;
}

static int bad(const struct hark_csv *csv, unsigned line, size_t at, const char *text, struct hark_err *err)
{
    return hark_err_at(err, HARK_EINPUT, csv->name, line, column_of(csv, at), "%s", text);
}

static char peek(const struct hark_csv *csv)
{
    return csv->at < csv->text.len ? csv->text.ptr[csv->at] : '\0';
}

static bool at_line_end(const struct hark_csv *csv)
{
    size_t at = csv->at;
    if (at < csv->text.len && csv->text.ptr[at] == '\r') at++;
    return at >= csv->text.len || csv->text.ptr[at] == '\n';
}

static void pass_line_end(struct hark_csv *csv)
{
    if (peek(csv) == '\r') csv->at++;
    if (csv->at >= csv->text.len) return;
    csv->at++;
    csv->line++;
}

static void add(struct hark_csv *csv, struct hark_str field)
{
    csv->v = hark_grow(csv->v, csv->n, &csv->cap, sizeof *csv->v);
    csv->v[csv->n++] = field;
}

// Without the second of each pair of quotes.
static struct hark_str unquoted(struct hark_csv *csv, struct hark_str field)
{
    char *out = hark_arena_alloc(csv->arena, field.len);
    size_t n = 0;
    for (size_t i = 0; i < field.len; i++) {
        out[n++] = field.ptr[i];
        i += field.ptr[i] == '"';
    }
    return hark_strn(out, n);
}

static int read_quoted(struct hark_csv *csv, struct hark_err *err)
{
    size_t open = csv->at++, from = csv->at;
    unsigned line = csv->line;
    bool pairs = false;
    for (;; csv->at++) {
        if (csv->at >= csv->text.len) return bad(csv, line, open, "the quote that begins here is not closed", err);
        char c = csv->text.ptr[csv->at];
        csv->line += c == '\n';
        if (c != '"') continue;
        if (csv->at + 1 >= csv->text.len || csv->text.ptr[csv->at + 1] != '"') break;
        pairs = true;
        csv->at++;
    }
    struct hark_str field = hark_strn(csv->text.ptr + from, csv->at++ - from);
    add(csv, pairs ? unquoted(csv, field) : field);
    if (peek(csv) == ',' || at_line_end(csv)) return 0;
    return bad(
        csv, csv->line, csv->at,
        "a comma or the line's end follows the closing quote; a quote inside a quoted field is written twice: \"\"",
        err);
}

static int read_plain(struct hark_csv *csv, struct hark_err *err)
{
    size_t from = csv->at;
    while (!at_line_end(csv) && peek(csv) != ',') {
        if (peek(csv) == '"')
            return bad(csv, csv->line, csv->at,
                       "a field with a quote in it stands in quotes, and the quote is written twice: \"a \"\"b\"\" c\"",
                       err);
        csv->at++;
    }
    add(csv, hark_strn(csv->text.ptr + from, csv->at - from));
    return 0;
}

int hark_csv_next(struct hark_csv *csv, unsigned *ret_line, struct hark_err *err)
{
    while (csv->at < csv->text.len && at_line_end(csv)) pass_line_end(csv);
    if (csv->at >= csv->text.len) return 0;
    *ret_line = csv->line;
    csv->n = 0;
    for (;;) {
        int rc = peek(csv) == '"' ? read_quoted(csv, err) : read_plain(csv, err);
        if (rc < 0) return rc;
        if (peek(csv) != ',') break;
        csv->at++;
    }
    pass_line_end(csv);
    return 1;
}

void hark_csv_done(struct hark_csv *csv)
{
    free(csv->v);
}
