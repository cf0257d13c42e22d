// Files of any bytes through the file source: what comes out is canonical, and a reading that goes on from any item's
// position gives the items that the first reading gave behind it.
#include <hark/source.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/dev/shm/hark-fuzz-XXXXXX";

static void require(bool ok)
{
    if (!ok) abort();
}

static void remove_file(void)
{
    unlink(path);
}

static void write_input(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0) {
        fd = mkstemp(path);
        require(fd >= 0);
        atexit(remove_file);
    }
    require(ftruncate(fd, 0) == 0);
    require(pwrite(fd, data, size, 0) == (ssize_t)size);
}

static struct hark_source *open_input(struct hark_str resume)
{
    char spec[64];
    struct hark_err err = {0};
    struct hark_source_options options = {.resume = resume};
    snprintf(spec, sizeof spec, "file:%s", path);
    struct hark_source *src = hark_source_open(spec, &options, &err);
    require(src || err.code == HARK_EINPUT); // gzip that is damaged at its start
    return src;
}

static void check_post(const struct hark_source_item *item)
{
    static struct hark_arena arena;
    struct hark_post post;
    struct hark_err err = {0};
    hark_arena_reset(&arena);
    require(hark_post_decode(item->json, &arena, &post, &err) == 0);
    require(post.op == item->post->op && hark_str_eq(post.id, item->post->id));
    require(post.op == HARK_OP_DELETE || post.canonical);
}

enum { MOST = 64 };
struct reading {
    size_t n;
    char positions[MOST][96];
    int rc;
};

static void read_all(struct hark_source *src, struct reading *reading)
{
    struct hark_source_item item;
    struct hark_err err = {0};
    reading->n = 0;
    while ((reading->rc = hark_source_next(src, &item, &err)) > 0) {
        if (reading->n < MOST) snprintf(reading->positions[reading->n], 96, HARK_STR_FMT, HARK_STR_ARG(item.position));
        reading->n++;
        if (item.kind == HARK_ITEM_POST) check_post(&item);
        if (item.kind == HARK_ITEM_DEAD) require(item.reason.len > 0 && item.raw.len <= HARK_DEAD_MAX_BYTES);
    }
    hark_source_free(src);
}

// Items with the same position are those of a record but its last, and the last of the record before: with that one the
// count begins.
static size_t first_behind(const struct reading *reading, size_t i)
{
    if (strncmp(reading->positions[i], "1 0 0 ", 6) == 0) return 0;
    for (size_t k = 0; k < i; k++)
        if (strcmp(reading->positions[k], reading->positions[i]) == 0) return k + 1;
    return i + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole, rest;
    if (size == 0) return 0;
    write_input(data, size);
    struct hark_source *src = open_input((struct hark_str){0});
    if (!src) return 0;
    read_all(src, &whole);
    if (!whole.n) return 0;
    size_t i = data[size / 2] % (whole.n < MOST ? whole.n : MOST);
    src = open_input(hark_str(whole.positions[i]));
    require(src != NULL);
    read_all(src, &rest);
    require(rest.rc == whole.rc && rest.n == whole.n - first_behind(&whole, i));
    return 0;
}
