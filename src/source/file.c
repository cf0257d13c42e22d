// A file or standard input, plain or gzip; what it holds is told by content, record by record.
//
// A position is "1 OFFSET LINES HEAD HASH": unpacked bytes and lines before the record to go on with, how many of the
// file's first bytes were hashed, and their hash. When these do not begin with what they began with it is another file
// under the name of the first, and is read from its start; a file that only grew goes on where it was. Pipes and
// terminals have no position.
#include "items.h"
#include "records.h"

#include <hark/clock.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEAD_BYTES = 4 << 10 }; // enough to tell two files of posts from each other

struct file_source {
    struct hark_source base;
    struct hark_wake wake;
    struct hark_input *in;
    struct hark_records records;
    struct hark_items items;
    struct hark_raw raw;
    struct hark_str path;                           // as it was given
    struct hark_str head;                           // " HEAD HASH"; ptr NULL: there are no positions
    struct hark_buf head_buf, where, before, after; // positions before and behind the record
    bool follow, quiet;                             // quiet: the end was reached, and what comes next may take a while
    double speed;
    bool lazy;
    int64_t first_ms, first_us; // time of the first post, and of the clock at it; -1: none yet
    _Atomic int64_t at_ms;
};

static void write_position(struct file_source *src, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    if (!src->head.ptr) return;
    hark_buf_str_add(buf, HARK_STR("1 "));
    hark_buf_int(buf, (int64_t)src->records.mark.offset);
    hark_buf_char(buf, ' ');
    hark_buf_int(buf, (int64_t)src->records.mark.lines);
    hark_buf_str_add(buf, src->head);
}

static void write_where(struct file_source *src)
{
    hark_buf_clear(&src->where);
    hark_buf_str_add(&src->where, hark_str_is(src->path, "-") ? HARK_STR("standard input") : src->path);
    hark_buf_char(&src->where, ':');
    hark_buf_int(&src->where, (int64_t)src->raw.line);
}

// Waits for the time of the post by the posts' own clock; false: stopped.
static bool keep_pace(struct file_source *src, int64_t time_ms)
{
    int64_t now_us = hark_clock_mono_us();
    if (src->first_ms < 0) {
        src->first_ms = time_ms;
        src->first_us = now_us;
    }
    double due_us = (double)src->first_us + (double)(time_ms - src->first_ms) * 1000 / src->speed;
    for (;;) {
        double left_ms = (due_us - (double)hark_clock_mono_us()) / 1000;
        if (left_ms <= 0) return true;
        if (!hark_wake_wait(&src->wake, -1, left_ms < 60000 ? (int)left_ms + 1 : 60000)) return false;
    }
}

// Reads records until one has items: 1, 0 at the end, or negative.
static int read_record(struct file_source *src, struct hark_err *err)
{
    int64_t time_ms;
    int rc = hark_records_next(&src->records, &src->raw, err);
    if (rc <= 0) return rc;
    struct hark_buf behind = src->after; // the record before: where this one begins
    src->after = src->before;
    src->before = behind;
    struct hark_err why = {0}, again = {0};
    if (src->raw.too_long)
        hark_items_dead(&src->items, "longer than 1 MiB");
    else if (src->lazy && hark_items_skim(&src->items, src->raw.text, &time_ms))
        atomic_store_explicit(&src->at_ms, time_ms, memory_order_relaxed);
    else if (!hark_items_read(&src->items, src->raw.text, src->raw.event, &why)) {
        rc = hark_records_extend(&src->records, &src->raw, err);
        if (rc < 0) return rc;
        if (rc == 0 || !hark_items_read(&src->items, src->raw.text, src->raw.event, &again))
            hark_items_dead(&src->items, rc == 0 ? why.text : again.text);
    }
    write_position(src, &src->after);
    return 1;
}

static void deliver(struct file_source *src, struct hark_source_item *item)
{
    struct hark_items *items = &src->items;
    *item = items->v[items->at++];
    if (item->kind == HARK_ITEM_DEAD) {
        item->raw = src->raw.text;
        if (item->raw.len > HARK_DEAD_MAX_BYTES) item->raw.len = HARK_DEAD_MAX_BYTES;
        item->raw_len = src->raw.len;
    }
    if (item->kind != HARK_ITEM_POST || item->post) {
        write_where(src);
        item->where = hark_buf_str(&src->where);
    }
    if (src->head.ptr) item->position = hark_buf_str(items->at == items->n ? &src->after : &src->before);
}

static int make_head(struct file_source *src, struct hark_err *err)
{
    struct hark_str head;
    hark_buf_clear(&src->head_buf);
    int rc = hark_records_head(&src->records, HEAD_BYTES, &head, err);
    if (rc < 0 && rc != HARK_INPUT_QUIET) return rc;
    if (rc == HARK_INPUT_QUIET) head = hark_strn(src->records.bytes, src->records.end);
    hark_buf_printf(&src->head_buf, " %zu %016llx", head.len, (unsigned long long)hark_str_hash(head));
    src->head = hark_buf_str(&src->head_buf);
    return 0;
}

// Log rotation puts a new file in the place of the one that was read to its end.
static int reopen(struct file_source *src, struct hark_err *err)
{
    struct hark_input *in = hark_input_open(src->path.ptr, &src->wake, err);
    if (!in || hark_input_follow(in, err) < 0) {
        hark_input_free(in);
        return err->code;
    }
    hark_records_done(&src->records);
    hark_input_free(src->in);
    src->in = in;
    hark_records_init(&src->records, in);
    if (make_head(src, err) < 0) return err->code;
    write_position(src, &src->after);
    return 0;
}

// At the end of a file that is followed: an item that says so, and the next time a wait.
static int at_end(struct file_source *src, struct hark_source_item *item, struct hark_err *err)
{
    enum { LOOK_MS = 250 };
    *item = (struct hark_source_item){.kind = HARK_ITEM_IDLE, .where = src->path};
    if (src->head.ptr && src->after.len) item->position = hark_buf_str(&src->after);
    if (src->quiet && !hark_wake_wait(&src->wake, -1, LOOK_MS)) return 0;
    if (src->quiet && hark_input_replaced(src->in) && reopen(src, err) < 0) return err->code;
    src->quiet = true;
    return 1;
}

static int file_next(struct hark_source *base, struct hark_source_item *item, struct hark_err *err)
{
    struct file_source *src = (struct file_source *)base;
    if (atomic_load_explicit(&src->wake.stopped, memory_order_relaxed)) return 0;
    if (src->items.at == src->items.n) {
        int rc = read_record(src, err);
        if (rc == HARK_INPUT_QUIET) return at_end(src, item, err);
        if (rc <= 0) return rc == HARK_ESTOP ? 0 : rc;
        src->quiet = false;
    }
    const struct hark_source_item *ahead = &src->items.v[src->items.at];
    if (ahead->kind == HARK_ITEM_POST && ahead->post) {
        if (src->speed > 0 && !keep_pace(src, ahead->post->time_ms)) return 0;
        atomic_store_explicit(&src->at_ms, ahead->post->time_ms, memory_order_relaxed);
    }
    deliver(src, item);
    return 1;
}

static void file_read(struct hark_source *base, struct hark_source_item *item)
{
    struct file_source *src = (struct file_source *)base;
    struct hark_err why = {0};
    if (!hark_items_read(&src->items, src->raw.text, src->raw.event, &why)) hark_items_dead(&src->items, why.text);
    deliver(src, item);
}

static void file_stop(struct hark_source *base)
{
    hark_wake_stop(&((struct file_source *)base)->wake);
}

static void file_progress(const struct hark_source *base, struct hark_source_progress *ret)
{
    const struct file_source *src = (const struct file_source *)base;
    *ret = (struct hark_source_progress){.at_ms = atomic_load_explicit(&src->at_ms, memory_order_relaxed)};
    hark_input_progress(src->in, &ret->done_bytes, &ret->all_bytes);
}

static void file_free(struct hark_source *base)
{
    struct file_source *src = (struct file_source *)base;
    hark_records_done(&src->records);
    hark_items_done(&src->items);
    hark_input_free(src->in);
    hark_wake_done(&src->wake);
    hark_buf_done(&src->where);
    hark_buf_done(&src->before);
    hark_buf_done(&src->after);
    hark_buf_done(&src->head_buf);
    free((char *)src->path.ptr);
    free(src);
}

static const struct hark_source_ops file_ops = {file_next, file_stop, file_progress, file_free, file_read};

struct position {
    struct hark_mark mark;
    int64_t head;
    uint64_t hash;
};

static bool parse_position(struct hark_str s, struct position *ret)
{
    char text[128], rest;
    unsigned long long offset, lines, head, hash;
    if (s.len >= sizeof text) return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = 0;
    if (sscanf(text, "1 %llu %llu %llu %16llx%c", &offset, &lines, &head, &hash, &rest) != 4) return false;
    if (head > HEAD_BYTES) return false;
    *ret = (struct position){{offset, lines}, (int64_t)head, hash};
    return true;
}

// Goes on at the position where this is still the file that it is of.
static int resume(struct file_source *src, struct hark_str position, struct hark_err *err)
{
    struct position at;
    if (!parse_position(position, &at))
        return hark_err_set(err, HARK_EINPUT, "not a position in a file: \"" HARK_STR_FMT "\"", HARK_STR_ARG(position));
    struct hark_str head;
    int rc = hark_records_head(&src->records, (size_t)at.head, &head, err);
    if (rc < 0) return rc;
    if (head.len < (size_t)at.head || hark_str_hash(head) != at.hash) return 0;
    if (hark_records_seek(&src->records, at.mark, err) || err->code) return err->code;
    // It was cut shorter than what was read of it.
    return hark_records_seek(&src->records, (struct hark_mark){0}, err) ? 0 : err->code;
}

static int start(struct file_source *src, const struct hark_source_options *options, struct hark_err *err)
{
    int rc;
    if ((rc = hark_wake_init(&src->wake, err)) < 0) return rc;
    src->in = hark_input_open(src->path.ptr, &src->wake, err);
    if (!src->in) return err->code;
    hark_records_init(&src->records, src->in);
    if (!hark_input_is_file(src->in)) return 0;
    if (options->follow && (rc = hark_input_follow(src->in, err)) < 0) return rc;
    if ((rc = make_head(src, err)) < 0) return rc;
    if (options->resume.len && (rc = resume(src, options->resume, err)) < 0) return rc;
    write_position(src, &src->after);
    return 0;
}

// The same for a file however its path is written.
static char *make_name(const char *path, struct hark_err *err)
{
    char full[PATH_MAX];
    struct hark_buf name = {0};
    if (strcmp(path, "-") != 0 && !realpath(path, full)) {
        hark_err_set(err, HARK_EINPUT, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    hark_buf_printf(&name, "file:%s", strcmp(path, "-") == 0 ? "-" : full);
    char *copy = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    return copy;
}

static struct hark_source *file_open(struct hark_str argument, const struct hark_source_options *options,
                                     struct hark_err *err)
{
    const struct hark_format *format = NULL;
    if (!argument.len) {
        hark_err_set(err, HARK_EINPUT, "file: needs a path, or - for standard input");
        return NULL;
    }
    if (options->format.ptr && !(format = hark_format_find(options->format, err))) return NULL;
    struct file_source *src = hark_calloc(1, sizeof *src);
    src->base.ops = &file_ops;
    src->wake.fd = -1;
    src->path = hark_strn(hark_str_dup(argument), argument.len);
    src->speed = options->speed;
    src->lazy = options->lazy && options->speed <= 0; // the pace is kept by decoded posts
    src->first_ms = -1;
    hark_items_init(&src->items, format);
    src->base.name = make_name(src->path.ptr, err);
    if (src->base.name && start(src, options, err) == 0) return &src->base;
    hark_source_free(&src->base);
    return NULL;
}

extern const struct hark_source_kind hark_source_file;
const struct hark_source_kind hark_source_file = {
    .name = "file",
    .argument = "PATH or -",
    .about = "posts in a file or on standard input, plain or .gz, in any known format",
    .ends = true,
    .open = file_open,
};
