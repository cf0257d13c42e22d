// gzip is told by its first two bytes (RFC 1952), also on standard input. A file may be several gzip members in a row,
// as log rotation and `cat a.gz b.gz` make them; zero bytes behind the last are padding.
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK_BYTES = 128 << 10 }; // of one read; larger ones gained nothing

struct hark_input {
    long (*read)(void *arg, char *to, size_t max, struct hark_err *err); // NULL: from fd
    void *arg;
    int fd;
    char *path;
    struct hark_wake *wake;
    uint64_t all;
    _Atomic uint64_t done;
    bool follow;
    bool file, packed, inside; // inside: a gzip member has begun and not ended
    bool at_end;               // no stored bytes are left
    z_stream z;
    size_t raw_at, raw_end; // stored bytes that were read and not yet used
    unsigned char raw[CHUNK_BYTES];
};

static int cannot(struct hark_input *in, const char *verb, struct hark_err *err)
{
    return hark_err_set(err, HARK_EINPUT, "cannot %s %s: %s", verb, in->path, strerror(errno));
}

// How many stored bytes were read, 0 at the end, or negative.
static long read_stored(struct hark_input *in, void *to, size_t max, struct hark_err *err)
{
    if (!hark_wake_wait(in->wake, in->fd, -1)) return HARK_INPUT_STOPPED;
    ssize_t n;
    do n = read(in->fd, to, max < CHUNK_BYTES ? max : CHUNK_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0) return cannot(in, "read", err);
    in->at_end = n == 0;
    atomic_fetch_add_explicit(&in->done, (uint64_t)n, memory_order_relaxed);
    return n;
}

// Reads stored bytes behind those in `raw`; 1, 0 at the end, or negative.
static int fill(struct hark_input *in, struct hark_err *err)
{
    if (in->raw_at == in->raw_end) in->raw_at = in->raw_end = 0;
    long n = read_stored(in, in->raw + in->raw_end, sizeof in->raw - in->raw_end, err);
    if (n > 0) in->raw_end += (size_t)n;
    return n > 0 ? 1 : (int)n;
}

// Looks at the first two bytes.
static int detect(struct hark_input *in, struct hark_err *err)
{
    int rc = 1;
    while (rc > 0 && in->raw_end < 2) rc = fill(in, err);
    if (rc < 0) return rc;
    in->packed = in->raw_end >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b;
    in->inside = in->packed;
    if (in->packed && inflateInit2(&in->z, 15 + 16) != Z_OK) // 15 window bits, + 16: gzip only
        return hark_err_set(err, HARK_EBUG, "zlib: %s", in->z.msg ? in->z.msg : "cannot start");
    return 0;
}

static int open_fd(struct hark_input *in, struct hark_err *err)
{
    struct stat st;
    in->fd = strcmp(in->path, "-") == 0 ? dup(STDIN_FILENO) : open(in->path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0 || fstat(in->fd, &st) < 0) return cannot(in, "open", err);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return cannot(in, "open", err);
    }
    in->file = S_ISREG(st.st_mode);
    if (in->file) in->all = (uint64_t)st.st_size;
    return 0;
}

struct hark_input *hark_input_open(const char *path, struct hark_wake *wake, struct hark_err *err)
{
    struct hark_input *in = hark_calloc(1, sizeof *in);
    in->path = hark_str_dup(hark_str(path));
    in->wake = wake;
    if (open_fd(in, err) == 0) return in;
    hark_input_free(in);
    return NULL;
}

struct hark_input *hark_input_from(long (*read)(void *arg, char *to, size_t max, struct hark_err *err), void *arg)
{
    struct hark_input *in = hark_calloc(1, sizeof *in);
    in->fd = -1;
    in->read = read;
    in->arg = arg;
    return in;
}

// What detect() left in `raw` first, then straight to where it is wanted.
static long read_plain(struct hark_input *in, char *to, size_t max, struct hark_err *err)
{
    if (in->raw_at == in->raw_end) return read_stored(in, to, max, err);
    size_t n = in->raw_end - in->raw_at;
    if (n > max) n = max;
    memcpy(to, in->raw + in->raw_at, n);
    in->raw_at += n;
    return (long)n;
}

// Between two members: whether another one follows.
static bool next_member(struct hark_input *in)
{
    while (in->raw_at < in->raw_end && in->raw[in->raw_at] == 0) in->raw_at++;
    if (in->raw_at == in->raw_end || in->raw[in->raw_at] != 0x1f) return false;
    in->inside = true;
    return inflateReset(&in->z) == Z_OK;
}

static long damaged(struct hark_input *in, const char *how, struct hark_err *err)
{
    return hark_err_set(err, HARK_EINPUT, "%s: the gzip data %s near byte %llu", in->path, how,
                        (unsigned long long)atomic_load_explicit(&in->done, memory_order_relaxed));
}

static long read_packed(struct hark_input *in, char *to, size_t max, struct hark_err *err)
{
    for (;;) {
        if (in->raw_at == in->raw_end) {
            int rc = fill(in, err);
            if (rc < 0) return rc;
            if (rc == 0) return in->inside ? damaged(in, "ends early", err) : 0;
        }
        if (!in->inside && !next_member(in)) {
            if (in->raw_at < in->raw_end) return damaged(in, "has something else behind it", err);
            continue;
        }
        in->z.next_in = in->raw + in->raw_at;
        in->z.avail_in = (uInt)(in->raw_end - in->raw_at);
        in->z.next_out = (unsigned char *)to;
        in->z.avail_out = (uInt)max;
        int rc = inflate(&in->z, Z_NO_FLUSH);
        in->raw_at = in->raw_end - in->z.avail_in;
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) return damaged(in, "is damaged", err);
        if (rc == Z_STREAM_END) in->inside = false;
        if (in->z.avail_out < max) return (long)(max - in->z.avail_out);
    }
}

long hark_input_read(struct hark_input *in, char *to, size_t max, struct hark_err *err)
{
    if (in->read) return in->read(in->arg, to, max, err);
    if (in->raw_end == 0 && !in->at_end) {
        int rc = detect(in, err);
        if (rc < 0) return rc;
    }
    long n = in->packed ? read_packed(in, to, max, err) : read_plain(in, to, max, err);
    return n == 0 && in->follow ? HARK_INPUT_QUIET : n;
}

// Back to the start, as if nothing had been read.
static int rewind_all(struct hark_input *in, struct hark_err *err)
{
    if (lseek(in->fd, 0, SEEK_SET) < 0) return cannot(in, "seek in", err);
    if (in->packed) inflateEnd(&in->z);
    in->z = (z_stream){0};
    in->packed = in->inside = in->at_end = false;
    in->raw_at = in->raw_end = 0;
    atomic_store_explicit(&in->done, 0, memory_order_relaxed);
    return detect(in, err);
}

static bool skip(struct hark_input *in, uint64_t left, struct hark_err *err)
{
    char *sink = hark_alloc(CHUNK_BYTES);
    long n = 1;
    while (left && n > 0) {
        n = read_packed(in, sink, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES, err);
        if (n > 0) left -= (uint64_t)n;
    }
    free(sink);
    return left == 0;
}

bool hark_input_seek(struct hark_input *in, uint64_t offset, struct hark_err *err)
{
    if (rewind_all(in, err) < 0) return false;
    if (in->packed) return skip(in, offset, err);
    struct stat st;
    if (fstat(in->fd, &st) < 0 || offset > (uint64_t)st.st_size) return false;
    if (lseek(in->fd, (off_t)offset, SEEK_SET) < 0) return cannot(in, "seek in", err) == 0;
    in->raw_at = in->raw_end;
    atomic_store_explicit(&in->done, offset, memory_order_relaxed);
    return true;
}

int hark_input_follow(struct hark_input *in, struct hark_err *err)
{
    if (!in->file) return 0; // a pipe waits by itself
    if (in->raw_end == 0 && !in->at_end && detect(in, err) < 0) return err->code;
    if (in->packed) return hark_err_set(err, HARK_EINPUT, "%s: --follow is for plain files, not for gzip", in->path);
    in->follow = true;
    return 0;
}

bool hark_input_replaced(const struct hark_input *in)
{
    struct stat here, there;
    if (!in->file || fstat(in->fd, &here) < 0 || stat(in->path, &there) < 0) return false; // none yet: it may come
    if (here.st_ino != there.st_ino || here.st_dev != there.st_dev) return true;
    return (uint64_t)here.st_size < atomic_load_explicit(&in->done, memory_order_relaxed);
}

bool hark_input_is_file(const struct hark_input *in)
{
    return in->file;
}

void hark_input_progress(const struct hark_input *in, uint64_t *ret_done, uint64_t *ret_all)
{
    *ret_done = atomic_load_explicit(&in->done, memory_order_relaxed);
    *ret_all = in->all;
}

void hark_input_free(struct hark_input *in)
{
    if (!in) return;
    if (in->fd >= 0) close(in->fd);
    if (in->packed) inflateEnd(&in->z);
    free(in->path);
    free(in);
}
