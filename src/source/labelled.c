// See hark/labelled.h.

#include "csv.h"
#include "input.h"

#include <hark/json_read.h>
#include <hark/labelled.h>
#include <hark/text.h>

#include <stdlib.h>

enum { MAX_DEPTH = 32 }; // of a line's JSON, which needs two

struct hark_labelled_file {
    char *name;
    struct hark_buf bytes;
    struct hark_arena arena;
    struct hark_csv csv;
    bool is_csv;
    size_t text, label; // columns
    size_t ncolumns;
    size_t at;
    unsigned line;
};

static int bad(const struct hark_labelled_file *file, unsigned line, const char *text, struct hark_err *err)
{
    return hark_err_at(err, HARK_EINPUT, file->name, line, 0, "%s", text);
}

// --- reading it whole ---

static int read_all(struct hark_labelled_file *file, struct hark_input *in, struct hark_err *err)
{
    enum { CHUNK_BYTES = 128 << 10 };
    for (;;) {
        long n = hark_input_read(in, hark_buf_reserve(&file->bytes, CHUNK_BYTES), CHUNK_BYTES, err);
        if (n <= 0) return (int)n;
        file->bytes.len += (size_t)n;
        if (file->bytes.len > HARK_LABELLED_MAX_BYTES)
            return bad(file, 0, "this file holds more than 1 GiB: a part of it tells as much", err);
    }
}

static int check_utf8(const struct hark_labelled_file *file, struct hark_err *err)
{
    struct hark_str text = hark_buf_str(&file->bytes);
    size_t at = hark_utf8_check(text);
    unsigned line = 1, column = 1;
    if (at == text.len) return 0;
    for (size_t i = 0; i < at; i++) {
        column += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
        if (text.ptr[i] != '\n') continue;
        line++;
        column = 1;
    }
    return hark_err_at(err, HARK_EINPUT, file->name, line, column, "this is not UTF-8: save the file as UTF-8");
}

static int load(struct hark_labelled_file *file, const char *path, struct hark_err *err)
{
    struct hark_wake wake;
    if (hark_wake_init(&wake, err) < 0) return err->code;
    struct hark_input *in = hark_input_open(path, &wake, err);
    int rc = in ? read_all(file, in, err) : err->code;
    hark_input_free(in);
    hark_wake_done(&wake);
    return rc < 0 ? rc : check_utf8(file, err);
}

// --- CSV ---

static bool find_column(const struct hark_csv *csv, const char *name, size_t *ret)
{
    for (*ret = 0; *ret < csv->n; ++*ret)
        if (hark_str_ieq(hark_str_trim(csv->v[*ret]), hark_str(name))) return true;
    return false;
}

static int read_header(struct hark_labelled_file *file, struct hark_err *err)
{
    unsigned line;
    int rc = hark_csv_next(&file->csv, &line, err);
    if (rc <= 0) return rc;
    file->ncolumns = file->csv.n;
    const char *missing = !find_column(&file->csv, "text", &file->text)     ? "text"
                          : !find_column(&file->csv, "label", &file->label) ? "label"
                                                                            : NULL;
    if (!missing) return 0;
    struct hark_buf names = {0};
    for (size_t i = 0; i < file->csv.n; i++)
        hark_buf_printf(&names, "%s\"" HARK_STR_FMT "\"", i ? ", " : "", HARK_STR_ARG(file->csv.v[i]));
    hark_err_at(err, HARK_EINPUT, file->name, line, 1,
                "the header has no column \"%s\", only %s: a CSV file begins with the line text,label", missing,
                hark_buf_cstr(&names));
    hark_buf_done(&names);
    return err->code;
}

static int next_csv(struct hark_labelled_file *file, struct hark_labelled *ret, struct hark_err *err)
{
    struct hark_csv *csv = &file->csv;
    int rc = hark_csv_next(csv, &ret->line, err);
    if (rc <= 0) return rc;
    if (csv->n != file->ncolumns)
        return hark_err_at(err, HARK_EINPUT, file->name, ret->line, 0,
                           "%zu fields where the header has %zu: a text with a comma stands in quotes", csv->n,
                           file->ncolumns);
    struct hark_str label = hark_str_trim(csv->v[file->label]);
    ret->text = csv->v[file->text];
    ret->labels = (struct hark_strs){hark_arena_copy(&file->arena, &label, 1, sizeof label), 1};
    return 1;
}

// --- NDJSON ---

// true as "true", a number as its digits.
static bool read_label(struct hark_jr *jr, struct hark_str *ret)
{
    bool b;
    char c = hark_jr_peek(jr);
    if (c == '"') return hark_jr_string(jr, ret);
    if (c == '-' || (c >= '0' && c <= '9')) return hark_jr_number(jr, ret);
    if (!hark_jr_bool(jr, &b)) return false;
    *ret = b ? HARK_STR("true") : HARK_STR("false");
    return true;
}

static bool read_labels(struct hark_labelled_file *file, struct hark_jr *jr, struct hark_strs *ret)
{
    struct hark_str *v = NULL, label;
    size_t n = 0, cap = 0;
    if (hark_jr_enter(jr, '[')) {
        while (hark_jr_item(jr) && read_label(jr, &label)) {
            v = hark_grow(v, n, &cap, sizeof *v);
            v[n++] = label;
        }
    }
    ret->v = hark_arena_copy(&file->arena, v ? v : &HARK_STR(""), n ? n : 1, sizeof *v);
    ret->n = n;
    free(v);
    return !jr->failed;
}

static bool read_object(struct hark_labelled_file *file, struct hark_jr *jr, struct hark_labelled *ret)
{
    struct hark_str key, label;
    if (!hark_jr_enter(jr, '{')) return false;
    while (hark_jr_key(jr, &key)) {
        if (hark_str_is(key, "text")) {
            (void)hark_jr_string(jr, &ret->text);
        } else if (hark_str_is(key, "labels")) {
            (void)read_labels(file, jr, &ret->labels);
        } else if (hark_str_is(key, "label")) {
            if (read_label(jr, &label))
                ret->labels = (struct hark_strs){hark_arena_copy(&file->arena, &label, 1, sizeof label), 1};
        } else {
            (void)hark_jr_skip(jr);
        }
        if (jr->failed) return false;
    }
    return !jr->failed && hark_jr_end(jr);
}

static int read_line(struct hark_labelled_file *file, struct hark_str line, struct hark_labelled *ret,
                     struct hark_err *err)
{
    struct hark_err why = {0};
    struct hark_jr jr;
    if (!hark_jr_init(&jr, line, &file->arena, MAX_DEPTH, &why) || !read_object(file, &jr, ret))
        return bad(file, ret->line, why.text, err);
    if (!ret->text.ptr)
        return bad(file, ret->line, "there is no \"text\": {\"text\":\"…\",\"label\":1} is expected", err);
    if (!ret->labels.v)
        return bad(file, ret->line, "there is no \"label\" and no \"labels\": {\"text\":\"…\",\"label\":1} is expected",
                   err);
    return 1;
}

static int next_json(struct hark_labelled_file *file, struct hark_labelled *ret, struct hark_err *err)
{
    while (file->at < file->bytes.len) {
        struct hark_str all = hark_strn(file->bytes.ptr + file->at, file->bytes.len - file->at), rest;
        struct hark_str line = hark_str_cut(all, '\n', &rest);
        file->at += line.len + 1;
        ret->line = ++file->line;
        if (hark_str_trim(line).len) return read_line(file, line, ret, err);
    }
    return 0;
}

// --- the file ---

static int start(struct hark_labelled_file *file, const char *path, struct hark_err *err)
{
    if (load(file, path, err) < 0) return err->code;
    struct hark_str all = hark_buf_str(&file->bytes);
    size_t mark = hark_str_starts(all, HARK_STR("\xEF\xBB\xBF")) ? 3 : 0;
    struct hark_str text = hark_strn(all.ptr + mark, all.len - mark), seen = hark_str_trim(text);
    if (seen.len == 0) return bad(file, 0, "the file is empty", err);
    file->at = mark;
    file->is_csv = seen.ptr[0] != '{' && seen.ptr[0] != '[';
    file->csv = (struct hark_csv){.text = text, .name = file->name, .arena = &file->arena, .line = 1};
    return file->is_csv ? read_header(file, err) : 0;
}

struct hark_labelled_file *hark_labelled_open(const char *path, struct hark_err *err)
{
    struct hark_labelled_file *file = hark_calloc(1, sizeof *file);
    file->name = hark_str_dup(hark_str(strcmp(path, "-") ? path : "standard input"));
    if (start(file, path, err) == 0) return file;
    hark_labelled_free(file);
    return NULL;
}

int hark_labelled_next(struct hark_labelled_file *file, struct hark_labelled *ret, struct hark_err *err)
{
    *ret = (struct hark_labelled){0};
    return file->is_csv ? next_csv(file, ret, err) : next_json(file, ret, err);
}

void hark_labelled_free(struct hark_labelled_file *file)
{
    if (!file) return;
    hark_csv_done(&file->csv);
    hark_arena_done(&file->arena);
    hark_buf_done(&file->bytes);
    free(file->name);
    free(file);
}
