// One buffer that grows as far as a record may be long. A record stands before `at`, what was not yet read as a record
// behind it; when more is read, the bytes from the record on move to the front. A longer line is not held: its first
// bytes are kept for the dead letter, the rest is counted and dropped.
#include "records.h"

#include "json_shape.h"

#include <hark/post.h>

#include <stdlib.h>

enum { READ_BYTES = 256 << 10, TOO_LONG = 2 };

void hark_records_init(struct hark_records *r, struct hark_input *in)
{
    *r = (struct hark_records){.in = in};
}

void hark_records_done(struct hark_records *r)
{
    free(r->bytes);
    hark_buf_done(&r->data);
    hark_buf_done(&r->event);
}

// Reads more bytes behind `end`: 1, 0 at the end, or negative. Keeps the latest record.
static int fill(struct hark_records *r, struct hark_err *err)
{
    size_t from = r->at - r->record_len;
    if (from > 0 && r->cap - r->end < READ_BYTES) {
        memmove(r->bytes, r->bytes + from, r->end - from);
        r->at -= from;
        r->end -= from;
    }
    if (r->cap - r->end < READ_BYTES) {
        r->cap = r->cap ? r->cap * 2 : 2 * READ_BYTES;
        r->bytes = hark_realloc(r->bytes, r->cap, 1);
    }
    long n = hark_input_read(r->in, r->bytes + r->end, r->cap - r->end, err);
    if (n > 0) r->end += (size_t)n;
    return n > 0 ? 1 : (int)n;
}

struct line {
    struct hark_str text; // without its end; until the next fill()
    size_t step;          // with its end
};

// The line that begins `ahead` bytes behind `at`: 1; 0: there is none; TOO_LONG: its beginning is in the buffer; or
// negative.
static int find_line(struct hark_records *r, size_t ahead, struct line *ret, struct hark_err *err)
{
    const char *end = NULL;
    size_t have = r->end - r->at - ahead, seen = 0;
    while (!(end = have > seen ? memchr(r->bytes + r->at + ahead + seen, '\n', have - seen) : NULL)) {
        if (have > HARK_POST_MAX_BYTES) return TOO_LONG;
        seen = have;
        int rc = fill(r, err);
        if (rc < 0 || (rc == 0 && !have)) return rc;
        have = r->end - r->at - ahead;
        if (rc == 0) break;
    }
    const char *from = r->bytes + r->at + ahead;
    size_t len = end ? (size_t)(end - from) : have;
    ret->step = end ? len + 1 : len;
    if (end && len && from[len - 1] == '\r') len--;
    ret->text = hark_strn(from, len);
    return len > HARK_POST_MAX_BYTES ? TOO_LONG : 1;
}

// Counts `n` bytes in `lines` lines as read.
static void advance(struct hark_records *r, size_t n, uint64_t lines)
{
    r->at += n;
    r->mark.offset += n;
    r->mark.lines += lines;
}

// Passes over the rest of a line of any length. Only the record's first bytes stay.
static int drop_line(struct hark_records *r, struct hark_raw *ret, struct hark_err *err)
{
    int rc = 1;
    const char *end = NULL;
    uint64_t len = 0;
    hark_buf_clear(&r->data);
    hark_buf_add(&r->data, r->bytes + r->at, HARK_DEAD_MAX_BYTES);
    while (!end && rc > 0) {
        size_t have = r->end - r->at;
        end = have ? memchr(r->bytes + r->at, '\n', have) : NULL;
        size_t step = end ? (size_t)(end - (r->bytes + r->at)) : have;
        len += step;
        advance(r, end ? step + 1 : step, end != NULL);
        do rc = end ? 1 : fill(r, err);
        while (rc == HARK_INPUT_QUIET);
    }
    if (rc < 0) return rc;
    *ret = (struct hark_raw){
        .text = hark_buf_str(&r->data), .len = len, .line = r->record_mark.lines + 1, .too_long = true};
    return 1;
}

static bool is_blank(struct hark_str line)
{
    return hark_str_trim(line).len == 0;
}

// The value of an SSE field with this name (with its colon), one space behind the colon taken off.
static bool sse_field(struct hark_str line, struct hark_str name, struct hark_str *ret)
{
    if (!hark_str_starts(line, name)) return false;
    size_t at = name.len;
    if (at < line.len && line.ptr[at] == ' ') at++;
    *ret = hark_strn(line.ptr + at, line.len - at);
    return true;
}

static bool sse_line(struct hark_records *r, struct hark_str line)
{
    struct hark_str value;
    if (sse_field(line, HARK_STR("data:"), &value)) {
        if (r->data.len) hark_buf_char(&r->data, '\n');
        hark_buf_str_add(&r->data, value);
        return true;
    }
    if (sse_field(line, HARK_STR("event:"), &value)) {
        hark_buf_clear(&r->event);
        hark_buf_str_add(&r->event, value);
        return true;
    }
    return hark_str_starts(line, HARK_STR(":")) || hark_str_starts(line, HARK_STR("id:")) ||
           hark_str_starts(line, HARK_STR("retry:"));
}

// Reads the event whose first line was found; 1, or 0 where it holds no data (a heartbeat).
static int read_event(struct hark_records *r, struct hark_raw *ret, struct hark_err *err)
{
    struct line line;
    int rc;
    uint64_t first = r->mark.lines + 1;
    // Until it is whole nothing of it counts as read, so that a stop in the middle leaves it to the next start.
    size_t ahead = 0, lines = 0;
    hark_buf_clear(&r->data);
    hark_buf_clear(&r->event);
    while ((rc = find_line(r, ahead, &line, err)) == 1 && r->data.len <= HARK_POST_MAX_BYTES) {
        bool blank = is_blank(line.text);
        if (!blank && !sse_line(r, line.text)) break;
        ahead += line.step;
        lines++;
        if (blank) break;
    }
    if (rc < 0) return rc;
    advance(r, ahead, lines);
    if (!r->data.len) return 0;
    *ret = (struct hark_raw){.text = hark_buf_str(&r->data), .len = r->data.len, .line = first, .sse = true};
    ret->too_long = r->data.len > HARK_POST_MAX_BYTES;
    if (ret->too_long) ret->text.len = HARK_DEAD_MAX_BYTES;
    if (r->event.len) ret->event = hark_buf_str(&r->event);
    return 1;
}

static bool begins_event(struct hark_str line)
{
    if (line.ptr[0] == '{') return false; // nearly every line
    return hark_str_starts(line, HARK_STR(":")) || hark_str_starts(line, HARK_STR("data:")) ||
           hark_str_starts(line, HARK_STR("event:")) || hark_str_starts(line, HARK_STR("id:")) ||
           hark_str_starts(line, HARK_STR("retry:"));
}

// Some programs put a byte order mark before UTF-8.
static void skip_bom(struct hark_records *r, struct line *line)
{
    if (r->mark.offset > 0 || !hark_str_starts(line->text, HARK_STR("\xEF\xBB\xBF"))) return;
    advance(r, 3, 0);
    line->text = hark_strn(line->text.ptr + 3, line->text.len - 3);
    line->step -= 3;
}

static int read_line(struct hark_records *r, const struct line *line, struct hark_raw *ret)
{
    *ret = (struct hark_raw){.text = line->text, .len = line->text.len, .line = r->mark.lines + 1};
    advance(r, line->step, 1);
    r->record_len = line->step;
    return 1;
}

int hark_records_next(struct hark_records *r, struct hark_raw *ret, struct hark_err *err)
{
    for (;;) {
        struct line line;
        r->record_len = 0;
        r->record_mark = r->mark;
        int rc = find_line(r, 0, &line, err);
        if (rc == TOO_LONG) return drop_line(r, ret, err);
        if (rc <= 0) return rc;
        skip_bom(r, &line);
        if (is_blank(line.text)) {
            advance(r, line.step, 1);
            continue;
        }
        if (!begins_event(line.text)) return read_line(r, &line, ret);
        rc = read_event(r, ret, err);
        if (rc != 0) return rc;
    }
}

int hark_records_extend(struct hark_records *r, struct hark_raw *record, struct hark_err *err)
{
    struct hark_shape_scan scan = {0};
    if (record->sse || record->too_long) return 0;
    size_t ahead = 0, start = (size_t)(record->text.ptr - (r->bytes + r->at - r->record_len));
    uint64_t lines = 0;
    enum hark_shape shape = hark_shape_feed(&scan, record->text);
    while (shape == HARK_SHAPE_PART && r->record_len + ahead <= HARK_RECORD_MAX_TEXT_BYTES) {
        struct line line;
        int rc = find_line(r, ahead, &line, err);
        if (rc < 0) return rc;
        // fill() may have moved the record.
        record->text.ptr = r->bytes + r->at - r->record_len + start;
        if (rc != 1) return 0;
        shape = hark_shape_feed(&scan, HARK_STR("\n"));
        if (shape == HARK_SHAPE_PART) shape = hark_shape_feed(&scan, line.text);
        ahead += line.step;
        lines++;
    }
    if (shape != HARK_SHAPE_WHOLE || !lines) return 0;
    advance(r, ahead, lines);
    r->record_len += ahead;
    record->text.len = r->record_len - start;
    record->len = record->text.len;
    return 1;
}

int hark_records_head(struct hark_records *r, size_t max, struct hark_str *ret, struct hark_err *err)
{
    int rc = 1;
    while (rc > 0 && r->end < max) rc = fill(r, err);
    if (rc < 0) return rc;
    *ret = hark_strn(r->bytes, r->end < max ? r->end : max);
    return 0;
}

bool hark_records_seek(struct hark_records *r, struct hark_mark mark, struct hark_err *err)
{
    if (!hark_input_seek(r->in, mark.offset, err)) return false;
    r->at = r->end = r->record_len = 0;
    r->mark = mark;
    return true;
}
