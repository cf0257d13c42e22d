// Where sources stand and what they missed, kept outside the process: in Redis where one is named, else in the state
// folder, a file a source and one for all gaps.
//
// A position is saved only after Kafka has acknowledged all before it, and a gap before the position behind it; so a
// crash can bring posts again, which are counted once, but lose neither a post nor a gap.

#include "pipeline.h"

#include <hark/clock.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD "hark.source/1" // first line of a source's file; then its name, its position and when that was saved

struct keeper {
    struct hark_store *store; // NULL: files
    char *folder;
};

// --- gaps ---

struct hark_gap gap_of(const struct hark_source *src, const struct hark_source_item *item)
{
    return (struct hark_gap){hark_str(src->name), item->reason, item->from_ms, item->to_ms};
}

void gap_log(const struct hark_gap *gap)
{
    char from[HARK_TIME_STR_BYTES], to[HARK_TIME_STR_BYTES];
    hark_time_str(gap->from_ms, from);
    hark_time_str(gap->to_ms, to);
    metrics_gap();
    hark_log(HARK_WARN, "posts were missed", "source=%s from=%s to=%s reason=%s", hark_log_q(gap->source), from, to,
             hark_log_q(gap->reason));
}

int store_gap(struct hark_store *store, const struct hark_gap *gap, struct hark_err *err)
{
    enum { PAUSE_MS = 500, SAY_EVERY = 20 };
    struct hark_err why = {0};
    for (unsigned n = 0; hark_store_gap_add(store, gap, &why); n++) {
        if (n % SAY_EVERY == 1) hark_log(HARK_WARN, "waiting for Redis", "error=%s", hark_log_q(hark_str(why.text)));
        if (!why.retriable || !stop_sleep(PAUSE_MS)) {
            *err = why;
            return err->code;
        }
        why = (struct hark_err){0};
    }
    return 0;
}

// --- files ---

static int file_error(const char *path, struct hark_err *err)
{
    return hark_err_set(err, HARK_ESERVICE, "%s: %s", path, strerror(errno));
}

static void path_of(const struct keeper *keeper, const char *source, const char *end, struct hark_buf *buf)
{
    hark_buf_printf(buf, "%s/sources/", keeper->folder);
    for (const char *c = source; *c && c < source + 80; c++)
        hark_buf_char(buf, (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ? *c : '-');
    hark_buf_printf(buf, "-%08x%s", (unsigned)hark_str_hash(hark_str(source)), end);
}

static int write_all(int fd, struct hark_str s)
{
    while (s.len) {
        ssize_t n = write(fd, s.ptr, s.len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        s = hark_strn(s.ptr + n, s.len - (size_t)n);
    }
    return fsync(fd);
}

static int write_file(const char *path, int flags, struct hark_str text, struct hark_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    if (fd < 0) return file_error(path, err);
    if (write_all(fd, text)) file_error(path, err);
    if (close(fd)) file_error(path, err);
    return err->code;
}

// The text of a small file; empty where there is none.
static int read_file(const char *path, struct hark_buf *buf, struct hark_err *err)
{
    FILE *file = fopen(path, "re");
    if (!file) return errno == ENOENT ? 0 : file_error(path, err);
    size_t n;
    while ((n = fread(hark_buf_reserve(buf, 4096), 1, 4096, file)) > 0) buf->len += n;
    if (ferror(file)) file_error(path, err);
    fclose(file);
    return err->code;
}

struct entry {
    struct hark_str name, position, saved;
};

static bool parse_entry(struct hark_str text, struct entry *ret)
{
    struct hark_str rest, head = hark_str_cut(text, '\n', &rest);
    ret->name = hark_str_cut(rest, '\n', &rest);
    ret->position = hark_str_cut(rest, '\n', &rest);
    ret->saved = hark_str_cut(rest, '\n', &rest);
    return hark_str_is(head, HEAD) && rest.ptr;
}

static int file_position(const struct keeper *keeper, const char *source, struct hark_buf *ret, struct hark_err *err)
{
    struct hark_buf path = {0}, text = {0};
    struct entry entry;
    path_of(keeper, source, "", &path);
    hark_buf_clear(ret);
    if (read_file(hark_buf_cstr(&path), &text, err) == 0 && text.len) {
        if (parse_entry(hark_buf_str(&text), &entry) && hark_str_is(entry.name, source))
            hark_buf_str_add(ret, entry.position);
        else
            hark_err_set(err, HARK_EINPUT, "%s does not say where %s stands; without the file it starts anew", path.ptr,
                         source);
    }
    hark_buf_done(&path);
    hark_buf_done(&text);
    return err->code;
}

static int file_save(const struct keeper *keeper, const char *source, struct hark_str position, struct hark_err *err)
{
    struct hark_buf path = {0}, fresh = {0}, text = {0};
    char now[HARK_TIME_STR_BYTES];
    hark_time_str(hark_clock_ms(), now);
    path_of(keeper, source, "", &path);
    path_of(keeper, source, ".new", &fresh);
    hark_buf_printf(&text, HEAD "\n%s\n" HARK_STR_FMT "\n%s\n", source, HARK_STR_ARG(position), now);
    if (write_file(hark_buf_cstr(&fresh), O_TRUNC, hark_buf_str(&text), err) == 0 &&
        rename(fresh.ptr, hark_buf_cstr(&path)))
        file_error(path.ptr, err);
    hark_buf_done(&path);
    hark_buf_done(&fresh);
    hark_buf_done(&text);
    return err->code;
}

static int file_gap(const struct keeper *keeper, const struct hark_gap *gap, struct hark_err *err)
{
    struct hark_buf path = {0}, line = {0};
    hark_buf_printf(&path, "%s/gaps.ndjson", keeper->folder);
    hark_gap_encode(gap, &line);
    hark_buf_char(&line, '\n');
    write_file(hark_buf_cstr(&path), O_APPEND, hark_buf_str(&line), err);
    hark_buf_done(&path);
    hark_buf_done(&line);
    return err->code;
}

// --- either ---

struct keeper *keeper_open(const struct hark_config *cfg, struct hark_err *err)
{
    struct keeper *keeper = hark_calloc(1, sizeof *keeper);
    keeper->folder = hark_str_dup(hark_str(cfg->state));
    if (cfg->redis) {
        const struct hark_store_options options = {
            .redis = cfg->redis, .password = cfg->redis_password, .prefix = cfg->prefix};
        keeper->store = hark_store_open(&options, err);
    } else {
        struct hark_buf folder = {0};
        hark_buf_printf(&folder, "%s/sources", cfg->state);
        (void)folder_make(hark_buf_cstr(&folder), err);
        hark_buf_done(&folder);
    }
    if (err->code == 0) return keeper;
    keeper_close(keeper);
    return NULL;
}

void keeper_close(struct keeper *keeper)
{
    if (!keeper) return;
    hark_store_close(keeper->store);
    free(keeper->folder);
    free(keeper);
}

int keeper_position(struct keeper *keeper, const char *source, struct hark_buf *ret, struct hark_err *err)
{
    if (keeper->store) return hark_store_cursor_get(keeper->store, hark_str(source), ret, err);
    return file_position(keeper, source, ret, err);
}

int keeper_save(struct keeper *keeper, const char *source, struct hark_str position, struct hark_err *err)
{
    if (keeper->store) return hark_store_cursor_set(keeper->store, hark_str(source), position, err);
    return file_save(keeper, source, position, err);
}

int keeper_gap(struct keeper *keeper, const struct hark_gap *gap, struct hark_err *err)
{
    if (keeper->store) return store_gap(keeper->store, gap, err);
    return file_gap(keeper, gap, err);
}

// --- reading back ---

static int read_sources(const char *folder, const struct keeper_reader *reader, struct hark_err *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *file;
    if (!dir) return errno == ENOENT ? 0 : file_error(folder, err);
    while (err->code == 0 && (file = readdir(dir))) {
        struct hark_buf path = {0}, text = {0};
        struct entry entry;
        bool ours = file->d_name[0] != '.' && !hark_str_ends(hark_str(file->d_name), HARK_STR(".new"));
        hark_buf_printf(&path, "%s/%s", folder, file->d_name);
        if (ours && read_file(hark_buf_cstr(&path), &text, err) == 0 && parse_entry(hark_buf_str(&text), &entry))
            reader->source(reader->arg, entry.name, entry.position, entry.saved);
        hark_buf_done(&path);
        hark_buf_done(&text);
    }
    closedir(dir);
    return err->code;
}

int keeper_read(const struct hark_config *cfg, const struct keeper_reader *reader, struct hark_err *err)
{
    struct hark_buf path = {0}, text = {0};
    hark_buf_printf(&path, "%s/sources", cfg->state);
    if (read_sources(hark_buf_cstr(&path), reader, err) == 0) {
        hark_buf_clear(&path);
        hark_buf_printf(&path, "%s/gaps.ndjson", cfg->state);
        (void)read_file(hark_buf_cstr(&path), &text, err);
        for (struct hark_str line, rest = hark_buf_str(&text); rest.ptr && err->code == 0;) {
            line = hark_str_cut(rest, '\n', &rest);
            if (line.len) reader->gap(reader->arg, line);
        }
    }
    hark_buf_done(&path);
    hark_buf_done(&text);
    return err->code;
}
