// Vectorscan and its cache files; the only file that speaks to the library.
//
// A cache file is named after what it was compiled from (a hash of the literals, the flags and the library's version),
// so a changed rule set finds no file and a changed intent leaves the brands' file good. Its head repeats that hash,
// and a checksum covers the rest: a file that was cut short, damaged or made elsewhere is built anew and written over.
//
// Vectorscan skips ahead to a byte that all its literals have, and that code has had bugs: versions 5.4.9 and 5.4.11,
// on processors with AVX-512, miss {acme, apple, adidas} in the last bytes of a text, and so one small set in eight. A
// missed literal is a missed hit. So each database gets a few literals more, of bytes that no UTF-8 holds, each of
// another one: with them no byte is common to all. And what is compiled or read is tried before it is used (works());
// where it fails, with a literal for every byte, which leaves nothing to skip; then it is given up.

#include "database.h"

#include <hark/versions.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    // A 32-bit length goes into the library's scan.
    SCAN_MAX_BYTES = 1 << 30,
    // Databases of 300,000 literals have about 25 MB; more files than this are old ones.
    CACHE_MAX_FILES = 16,
    // Literals that no UTF-8 holds.
    PADDING_FEW = 4,
    PADDING_ALL = 255,
    PADDING_BYTES = 8,
    // works(): literals tried, and how much text stands before them: more than two of the widest vectors.
    TRIED_LITERALS = 32,
    TRIED_BYTES = 140,
};

struct hark_database {
    hs_database_t *hs; // NULL where there are no literals
    size_t n;          // literals; numbers from n on are padding
    size_t bytes;
    bool cached;
};

// --- the key ---

struct cache_key {
    uint64_t a, b; // two hashes of different inputs: 128 bits, for a wrong file would lose hits
};

struct cache_head {
    char magic[8];
    struct cache_key key;
    uint64_t bytes;    // behind the head
    uint64_t checksum; // of them
};

static const char cache_magic[8] = "HARKHS1";
static const char cache_suffix[] = ".hsdb";

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

static struct cache_key key_of(const struct hark_str *literals, size_t n, bool caseless, unsigned padding)
{
    uint64_t library = hark_str_hash(hark_str(hs_version()));
    struct cache_key key = {mix(library, n), mix(~library, caseless + 2 * padding)};
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = hark_str_hash(literals[i]);
        key.a = mix(key.a, hash);
        key.b = mix(key.b, hash + i + (literals[i].len << 32));
    }
    return key;
}

static void cache_path(struct hark_buf *buf, const char *dir, struct cache_key key)
{
    hark_buf_clear(buf);
    hark_buf_printf(buf, "%s/%016llx%016llx%s", dir, (unsigned long long)key.a, (unsigned long long)key.b,
                    cache_suffix);
    hark_buf_cstr(buf);
}

// --- reading the cache ---

static bool read_all(int fd, void *bytes, size_t size)
{
    for (char *at = bytes; size > 0;) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool head_is_good(const struct cache_head *head, struct cache_key key, int fd)
{
    struct stat st;
    return memcmp(head->magic, cache_magic, sizeof cache_magic) == 0 && head->key.a == key.a && head->key.b == key.b &&
           fstat(fd, &st) == 0 && st.st_size >= 0 && head->bytes == (uint64_t)st.st_size - sizeof *head;
}

// hs_deserialize_database() checks that the processor is one that the database was made for.
static hs_database_t *cache_read(const char *path, struct cache_key key)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    hs_database_t *hs = NULL;
    struct cache_head head;
    if (read_all(fd, &head, sizeof head) && head_is_good(&head, key, fd)) {
        char *bytes = hark_alloc(head.bytes);
        if (read_all(fd, bytes, head.bytes) && hark_str_hash(hark_strn(bytes, head.bytes)) == head.checksum &&
            hs_deserialize_database(bytes, head.bytes, &hs) != HS_SUCCESS)
            hs = NULL;
        free(bytes);
    }
    close(fd);
    return hs;
}

// --- writing the cache ---

static bool write_all(int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

struct cache_file {
    char name[64];
    struct timespec changed;
};

static int newest_first(const void *a, const void *b)
{
    const struct timespec *x = &((const struct cache_file *)a)->changed, *y = &((const struct cache_file *)b)->changed;
    if (x->tv_sec != y->tv_sec) return x->tv_sec > y->tv_sec ? -1 : 1;
    return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

static bool is_cache_file(int dir, const char *name, struct cache_file *ret)
{
    struct stat st;
    if (!hark_str_ends(hark_str(name), hark_str(cache_suffix)) || strlen(name) >= sizeof ret->name) return false;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)) return false;
    snprintf(ret->name, sizeof ret->name, "%s", name);
    ret->changed = st.st_mtim;
    return true;
}

// Removes all but the newest files, so that a rule set that changes every hour does not fill the disk.
static void cache_prune(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) return;
    struct cache_file *files = NULL;
    size_t n = 0, cap = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        files = hark_grow(files, n, &cap, sizeof *files);
        if (is_cache_file(dirfd(dir), entry->d_name, &files[n])) n++;
    }
    if (n > CACHE_MAX_FILES) {
        qsort(files, n, sizeof *files, newest_first);
        for (size_t i = CACHE_MAX_FILES; i < n; i++) (void)unlinkat(dirfd(dir), files[i].name, 0);
    }
    free(files);
    closedir(dir);
}

// The folder and those above it: a state folder may not be there yet.
static void make_folders(const char *dir)
{
    struct hark_buf path = {0};
    hark_buf_printf(&path, "%s/", dir);
    hark_buf_cstr(&path);
    for (size_t i = 1; i < path.len; i++) {
        if (path.ptr[i] != '/') continue;
        path.ptr[i] = 0;
        (void)mkdir(path.ptr, 0777);
        path.ptr[i] = '/';
    }
    hark_buf_done(&path);
}

// Best effort: whoever cannot write compiles again next time.
static void cache_write(const char *dir, const char *path, struct cache_key key, const hs_database_t *hs)
{
    char *bytes = NULL;
    size_t size = 0;
    if (hs_serialize_database(hs, &bytes, &size) != HS_SUCCESS) return;
    make_folders(dir);
    struct hark_buf temp = {0};
    hark_buf_printf(&temp, "%s.XXXXXX", path);
    hark_buf_cstr(&temp);
    int fd = mkstemp(temp.ptr);
    if (fd >= 0) {
        struct cache_head head = {.key = key, .bytes = size, .checksum = hark_str_hash(hark_strn(bytes, size))};
        memcpy(head.magic, cache_magic, sizeof cache_magic);
        bool written = write_all(fd, &head, sizeof head) && write_all(fd, bytes, size);
        if (close(fd) < 0 || !written || rename(temp.ptr, path) < 0) (void)unlink(temp.ptr);
        cache_prune(dir);
    }
    hark_buf_done(&temp);
    free(bytes);
}

// --- compiling ---

// Literal `number` of the padding: with few, of FF, FE, FD or FC alone (no two that differ in bit 20, which the library
// takes for the cases of a letter); with all, each byte once at every place, and every other byte with its high bit
// turned, which is no UTF-8 either.
static void make_padding(unsigned char out[PADDING_BYTES], unsigned number, unsigned padding)
{
    for (unsigned i = 0; i < PADDING_BYTES; i++) {
        if (padding == PADDING_FEW)
            out[i] = (unsigned char)(0xFF - number);
        else
            out[i] = (unsigned char)((number + 1) ^
                                     (i & 1 ? 0x80 : 0)); // not from 0: the library takes that for an empty literal
    }
}

struct sources {
    const char **expressions;
    size_t *lens;
    unsigned *flags, *ids;
    unsigned char (*padding)[PADDING_BYTES];
};

static struct sources sources_of(const struct hark_str *literals, size_t n, bool caseless, unsigned padding)
{
    size_t all = n + padding;
    struct sources s = {hark_alloc(all * sizeof *s.expressions), hark_alloc(all * sizeof *s.lens),
                        hark_alloc(all * sizeof *s.flags), hark_alloc(all * sizeof *s.ids),
                        hark_alloc(padding * sizeof *s.padding)};
    for (size_t i = 0; i < all; i++) {
        if (i >= n) make_padding(s.padding[i - n], (unsigned)(i - n), padding);
        s.expressions[i] = i < n ? literals[i].ptr : (const char *)s.padding[i - n];
        s.lens[i] = i < n ? literals[i].len : PADDING_BYTES;
        s.ids[i] = (unsigned)i;
        s.flags[i] = caseless ? HS_FLAG_CASELESS : 0;
    }
    return s;
}

static void sources_done(struct sources *s)
{
    free(s->expressions);
    free(s->lens);
    free(s->flags);
    free(s->ids);
    free(s->padding);
}

static hs_database_t *compile(const struct hark_str *literals, size_t n, bool caseless, unsigned padding,
                              struct hark_err *err)
{
    hs_database_t *hs = NULL;
    hs_compile_error_t *problem = NULL;
    struct sources s = sources_of(literals, n, caseless, padding);
    if (hs_compile_lit_multi(s.expressions, s.flags, s.ids, s.lens, (unsigned)(n + padding), HS_MODE_BLOCK, NULL, &hs,
                             &problem) != HS_SUCCESS) {
        hark_err_set(err, HARK_EBUG, "the prefilter of %zu literals does not compile: %s", n,
                     problem ? problem->message : "no reason given");
        hs_free_compile_error(problem);
        hs = NULL;
    }
    sources_done(&s);
    return hs;
}

// --- trying ---

struct trial {
    unsigned id;
    unsigned long long end;
    bool seen;
};

static int on_trial(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)from;
    (void)flags;
    struct trial *trial = context;
    trial->seen |= id == trial->id && to == trial->end;
    return 0;
}

// Whether the literal is found behind texts of many lengths, at the end and before some bytes more.
static bool finds(const hs_database_t *hs, hs_scratch_t *scratch, unsigned id, struct hark_str literal, char filler)
{
    static const size_t behind[] = {0, 1, 13, 30, 70};
    bool found = true;
    size_t size = literal.len + TRIED_BYTES + 70;
    char *text = hark_alloc(size);
    for (size_t before = 0; before < TRIED_BYTES && found; before++) {
        memset(text, filler, size);
        memcpy(text + before, literal.ptr, literal.len);
        for (size_t i = 0; i < sizeof behind / sizeof *behind && found; i++) {
            struct trial trial = {id, before + literal.len, false};
            found = hs_scan(hs, text, (unsigned)(trial.end + behind[i]), 0, scratch, on_trial, &trial) == HS_SUCCESS &&
                    trial.seen;
        }
    }
    free(text);
    return found;
}

static bool works(const hs_database_t *hs, const struct hark_str *literals, size_t n)
{
    hs_scratch_t *scratch = NULL;
    bool found = hs_alloc_scratch(hs, &scratch) == HS_SUCCESS;
    size_t step = n / TRIED_LITERALS + 1;
    for (size_t i = 0; i < n && found; i += step)
        found = finds(hs, scratch, (unsigned)i, literals[i], ' ') &&
                finds(hs, scratch, (unsigned)i, literals[i], literals[i].ptr[0]);
    hs_free_scratch(scratch);
    return found;
}

// --- a database ---

// From the cache or compiled; NULL without an error where it does not work.
static hs_database_t *try_padding(const struct hark_str *literals, size_t n, bool caseless, unsigned padding,
                                  const char *cache_dir, bool *ret_cached, struct hark_err *err)
{
    struct hark_buf path = {0};
    struct cache_key key = {0};
    hs_database_t *hs = NULL;
    if (cache_dir) {
        key = key_of(literals, n, caseless, padding);
        cache_path(&path, cache_dir, key);
        hs = cache_read(path.ptr, key);
    }
    *ret_cached = hs != NULL;
    if (!hs) hs = compile(literals, n, caseless, padding, err);
    if (hs && !works(hs, literals, n)) {
        hs_free_database(hs);
        hs = NULL;
    }
    if (hs && cache_dir && !*ret_cached) cache_write(cache_dir, path.ptr, key, hs);
    hark_buf_done(&path);
    return hs;
}

struct hark_database *hark_database_new(const struct hark_str *literals, size_t n, bool caseless, const char *cache_dir,
                                        struct hark_err *err)
{
    static const unsigned paddings[] = {PADDING_FEW, PADDING_ALL};
    struct hark_database *db = hark_calloc(1, sizeof *db);
    db->n = n;
    for (size_t i = 0; i < 2 && n > 0 && !db->hs && !err->code; i++)
        db->hs = try_padding(literals, n, caseless, paddings[i], cache_dir, &db->cached, err);
    if (db->hs || n == 0) {
        if (db->hs && hs_database_size(db->hs, &db->bytes) != HS_SUCCESS) db->bytes = 0;
        return db;
    }
    hark_err_set(err, HARK_EBUG, "libhs %s does not find all literals on this processor; another version of it may",
                 hs_version());
    hark_database_free(db);
    return NULL;
}

void hark_database_free(struct hark_database *db)
{
    if (!db) return;
    hs_free_database(db->hs);
    free(db);
}

size_t hark_database_bytes(const struct hark_database *db)
{
    return db->bytes;
}

bool hark_database_cached(const struct hark_database *db)
{
    return db->cached;
}

// --- scanning ---

int hark_database_scratch(const struct hark_database *db, struct hs_scratch **hs, struct hark_err *err)
{
    if (!db->hs) return 0;
    hs_error_t code = hs_alloc_scratch(db->hs, hs);
    if (code == HS_SUCCESS) return 0;
    return hark_err_set(err, HARK_EBUG, "no scratch for the prefilter: Vectorscan error %d", (int)code);
}

void hark_database_scratch_free(struct hs_scratch *hs)
{
    hs_free_scratch(hs);
}

struct found {
    void (*call)(uint32_t literal, size_t end, void *arg);
    void *arg;
    size_t n;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)from;
    (void)flags;
    const struct found *found = context;
    if (id < found->n) found->call(id, (size_t)to, found->arg);
    return 0;
}

bool hark_database_scan(const struct hark_database *db, struct hs_scratch *hs, struct hark_str bytes,
                        void (*found)(uint32_t literal, size_t end, void *arg), void *arg)
{
    struct found context = {found, arg, db->n};
    if (!db->hs || bytes.len == 0) return true;
    if (bytes.len > SCAN_MAX_BYTES) return false;
    return hs_scan(db->hs, bytes.ptr, (unsigned)bytes.len, 0, hs, on_match, &context) == HS_SUCCESS;
}

void hark_match_hs(char *out, size_t size)
{
    snprintf(out, size, "%s", hs_version());
}
