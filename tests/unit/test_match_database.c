// Literals in Vectorscan: that all are found, wherever they stand, and that cache files are used only where they are
// good.
#include "../../src/match/database.h"

#include <hark/str.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_LITERALS = 40, LITERAL_BYTES = 48 };

struct random {
    uint64_t state;
};

static uint32_t below(struct random *random, uint32_t n)
{
    random->state = random->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random->state >> 33) % n;
}

struct wanted {
    uint32_t literal;
    size_t end;
    bool seen;
};

static void on_found(uint32_t literal, size_t end, void *arg)
{
    struct wanted *wanted = arg;
    wanted->seen |= literal == wanted->literal && end == wanted->end;
}

// Few literals that have bytes in common are the ones that the library takes short cuts for.
static size_t make_literals(struct random *random, char bytes[][LITERAL_BYTES], struct hark_str *literals)
{
    static const char *const parts[] = {"a",        "b",        "c",  "l",          "s", "n", "1", "_",
                                        "\xd9\x84", "\xd8\xa7", "즀", "가",         "'", " ", "#", ".",
                                        "-",        "日",       "—",  "\U0001f642", "!", "@", "z", "q"};
    uint32_t nparts = 1 + below(random, 24), from = below(random, 24),
             n = 1 + below(random, below(random, 4) ? 4 : MAX_LITERALS);
    for (uint32_t i = 0; i < n; i++) {
        size_t len = 0;
        for (uint32_t k = 1 + below(random, 5); k > 0; k--) {
            const char *part = parts[(from + below(random, nparts)) % 24];
            memcpy(bytes[i] + len, part, strlen(part));
            len += strlen(part);
        }
        literals[i] = hark_strn(bytes[i], len);
    }
    return n;
}

static bool finds(const struct hark_database *db, struct hs_scratch *hs, struct random *random, uint32_t number,
                  struct hark_str literal)
{
    static const char fillers[] = "xX ~\"0a,s";
    size_t before = below(random, 220), behind = below(random, 3) ? below(random, 90) : 0, shift = below(random, 64);
    size_t len = before + literal.len + behind;
    char *memory = hark_alloc(len + shift), *text = memory + shift;
    memset(text, fillers[below(random, sizeof fillers - 1)], len);
    memcpy(text + before, literal.ptr, literal.len);
    struct wanted wanted = {number, before + literal.len, false};
    assert_true(hark_database_scan(db, hs, hark_strn(text, len), on_found, &wanted));
    free(memory);
    return wanted.seen;
}

static void every_literal_is_found(void **state)
{
    (void)state;
    char bytes[MAX_LITERALS][LITERAL_BYTES];
    struct hark_str literals[MAX_LITERALS];
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct random random = {seed * 0x9e3779b97f4a7c15u};
        struct hark_err err = {0};
        struct hs_scratch *hs = NULL;
        size_t n = make_literals(&random, bytes, literals);
        struct hark_database *db = hark_database_new(literals, n, seed % 2, NULL, &err);
        if (!db) fail_msg("%s", hark_err_str(&err));
        assert_int_equal(hark_database_scratch(db, &hs, &err), 0);
        for (int i = 0; i < 600; i++) {
            uint32_t number = below(&random, (uint32_t)n);
            if (!finds(db, hs, &random, number, literals[number]))
                fail_msg("seed %llu: " HARK_STR_FMT, (unsigned long long)seed, HARK_STR_ARG(literals[number]));
        }
        hark_database_scratch_free(hs);
        hark_database_free(db);
    }
}

static void count_found(uint32_t literal, size_t end, void *arg)
{
    (void)literal;
    (void)end;
    ++*(size_t *)arg;
}

static void none_at_all(void **state)
{
    (void)state;
    struct hark_err err = {0};
    struct hs_scratch *hs = NULL;
    size_t n = 0;
    struct hark_database *db = hark_database_new(NULL, 0, true, NULL, &err);
    assert_non_null(db);
    assert_int_equal(hark_database_scratch(db, &hs, &err), 0);
    assert_true(hark_database_scan(db, hs, HARK_STR("text"), count_found, &n));
    assert_int_equal(n, 0);
    hark_database_scratch_free(hs);
    hark_database_free(db);
}

// What pads a database is never reported, not even where a text is no UTF-8.
static void padding_is_not_told(void **state)
{
    (void)state;
    char text[256];
    struct hark_err err = {0};
    struct hs_scratch *hs = NULL;
    size_t n = 0;
    struct hark_str literals[] = {HARK_STR("acme")};
    struct hark_database *db = hark_database_new(literals, 1, true, NULL, &err);
    assert_non_null(db);
    assert_int_equal(hark_database_scratch(db, &hs, &err), 0);
    memset(text, 0xFF, sizeof text);
    memcpy(text + 100, "AcMe", 4);
    assert_true(hark_database_scan(db, hs, hark_strn(text, sizeof text), count_found, &n));
    assert_int_equal(n, 1);
    hark_database_scratch_free(hs);
    hark_database_free(db);
}

// --- cache ---

struct cache {
    char dir[64];
    char file[400];
};

static size_t cache_files(struct cache *cache)
{
    size_t n = 0;
    DIR *dir = opendir(cache->dir);
    if (!dir) return 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(cache->file, sizeof cache->file, "%s/%s", cache->dir, entry->d_name);
        n++;
    }
    closedir(dir);
    return n;
}

static int cache_setup(void **state)
{
    struct cache *cache = hark_calloc(1, sizeof *cache);
    snprintf(cache->dir, sizeof cache->dir, "/tmp/hark-cache.XXXXXX");
    if (!mkdtemp(cache->dir)) return -1;
    *state = cache;
    return 0;
}

static int cache_teardown(void **state)
{
    struct cache *cache = *state;
    while (cache_files(cache)) unlink(cache->file);
    rmdir(cache->dir);
    free(cache);
    return 0;
}

static const struct hark_str acme[] = {{"acme", 4}, {"apple", 5}};

static bool is_cached(const struct cache *cache, const struct hark_str *literals, size_t n, bool caseless)
{
    struct hark_err err = {0};
    struct hs_scratch *hs = NULL;
    struct hark_database *db = hark_database_new(literals, n, caseless, cache->dir, &err);
    if (!db) fail_msg("%s", hark_err_str(&err));
    bool cached = hark_database_cached(db);
    // However it came, it works.
    size_t found = 0;
    assert_int_equal(hark_database_scratch(db, &hs, &err), 0);
    assert_true(hark_database_scan(db, hs, HARK_STR("an apple"), count_found, &found));
    assert_int_equal(found, n > 1);
    hark_database_scratch_free(hs);
    hark_database_free(db);
    return cached;
}

static void cache_is_used(void **state)
{
    struct cache *cache = *state;
    assert_false(is_cached(cache, acme, 2, true));
    assert_true(is_cached(cache, acme, 2, true));
    assert_int_equal(cache_files(cache), 1);
    // Something else is another file.
    assert_false(is_cached(cache, acme, 2, false));
    assert_false(is_cached(cache, acme, 1, true));
    assert_int_equal(cache_files(cache), 3);
    assert_true(is_cached(cache, acme, 2, true));
}

// A state folder that nobody has made yet, below another one.
static void folders_are_made(void **state)
{
    (void)state;
    char root[] = "/tmp/hark-cache.XXXXXX", command[64];
    struct cache below;
    assert_non_null(mkdtemp(root));
    snprintf(below.dir, sizeof below.dir, "%s/state/cache", root);
    assert_false(is_cached(&below, acme, 2, true));
    assert_true(is_cached(&below, acme, 2, true));
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void change_byte(const char *path, off_t at)
{
    char byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void damaged_files_are_built_anew(void **state)
{
    struct cache *cache = *state;
    struct stat st;
    assert_false(is_cached(cache, acme, 2, true));
    assert_int_equal(cache_files(cache), 1);
    assert_int_equal(stat(cache->file, &st), 0);
    // Any byte: magic, key, length, checksum, database.
    for (off_t at = 0; at < st.st_size; at += at < 64 ? 1 : 97) {
        change_byte(cache->file, at);
        if (is_cached(cache, acme, 2, true)) fail_msg("byte %lld", (long long)at);
        assert_true(is_cached(cache, acme, 2, true));
    }
    // Cut short, or longer.
    const off_t sizes[] = {0, 1, 47, 48, 49, st.st_size - 1, st.st_size + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(truncate(cache->file, sizes[i]), 0);
        assert_false(is_cached(cache, acme, 2, true));
        assert_true(is_cached(cache, acme, 2, true));
    }
    assert_int_equal(cache_files(cache), 1);
}

// The file of another rule set under this one's name.
static void foreign_files_are_built_anew(void **state)
{
    struct cache *cache = *state;
    char mine[400], moved[500];
    assert_false(is_cached(cache, acme, 2, true));
    assert_int_equal(cache_files(cache), 1);
    memcpy(mine, cache->file, sizeof mine);
    snprintf(moved, sizeof moved, "%s.moved", mine);
    assert_int_equal(rename(mine, moved), 0);
    assert_false(is_cached(cache, acme, 1, true));
    unlink(moved);
    assert_int_equal(cache_files(cache), 1);
    assert_int_equal(rename(cache->file, mine), 0);
    assert_false(is_cached(cache, acme, 2, true));
    assert_true(is_cached(cache, acme, 2, true));
}

static void old_files_go(void **state)
{
    struct cache *cache = *state;
    char word[16];
    for (int i = 0; i < 40; i++) {
        struct hark_str literals[] = {hark_strn(word, (size_t)snprintf(word, sizeof word, "word%d", i))};
        assert_false(is_cached(cache, literals, 1, true));
    }
    assert_int_equal(cache_files(cache), 16);
    struct hark_str last[] = {hark_str(word)};
    assert_true(is_cached(cache, last, 1, true));
}

static void no_folder_is_no_error(void **state)
{
    (void)state;
    struct cache nowhere = {.dir = "/proc/nowhere/cache"};
    assert_false(is_cached(&nowhere, acme, 2, true));
    assert_false(is_cached(&nowhere, acme, 2, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_literal_is_found),
        cmocka_unit_test(none_at_all),
        cmocka_unit_test(padding_is_not_told),
        cmocka_unit_test_setup_teardown(cache_is_used, cache_setup, cache_teardown),
        cmocka_unit_test(folders_are_made),
        cmocka_unit_test_setup_teardown(damaged_files_are_built_anew, cache_setup, cache_teardown),
        cmocka_unit_test_setup_teardown(foreign_files_are_built_anew, cache_setup, cache_teardown),
        cmocka_unit_test_setup_teardown(old_files_go, cache_setup, cache_teardown),
        cmocka_unit_test(no_folder_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
