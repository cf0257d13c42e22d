// After warm-up a message costs no memory: malloc is replaced by one that counts.
//
// Under a sanitizer, which brings its own malloc, the test is skipped.
#include "../support/match_gen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTS 0
#endif
#endif
#ifndef COUNTS
#define COUNTS 1
#endif

static size_t allocations;

#if COUNTS
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
    allocations++;
    return __libc_realloc(ptr, size);
}
#endif

enum { POSTS = 400 };

struct bench {
    struct hark_matcher *m;
    struct hark_scratch *ms;
    struct hark_arena arena;
    struct hark_buf json;
    size_t named, allocations;
};

// Prefilter, decode, match and encode.
static void handle(struct bench *bench, struct hark_str raw)
{
    struct hark_post post;
    struct hark_err err = {0};
    hark_arena_reset(&bench->arena);
    size_t before = allocations;
    size_t candidates = hark_match_maybe(bench->m, bench->ms, raw);
    int rc = candidates ? hark_post_decode(raw, &bench->arena, &post, &err) : 0;
    bench->allocations += allocations - before;
    if (rc < 0) fail_msg("%s", hark_err_str(&err));
    if (candidates == 0) return;
    before = allocations;
    struct hark_matches matches = hark_match_post(bench->m, bench->ms, &post, false);
    bench->named += matches.n;
    for (size_t i = 0; i < matches.n; i++) {
        struct hark_json json = hark_json_to(&bench->json);
        hark_buf_clear(&bench->json);
        hark_match_encode(&matches.v[i], &post, raw, "v", &json);
    }
    bench->allocations += allocations - before;
}

static void bench_done(struct bench *bench)
{
    hark_scratch_free(bench->ms);
    hark_matcher_unref(bench->m);
    hark_arena_done(&bench->arena);
    hark_buf_done(&bench->json);
}

static void nothing_is_allocated(struct bench *bench, const struct hark_str *posts, size_t n)
{
    // Twice, for memory that an arena gets behind its first block is arranged anew once.
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < n; i++) handle(bench, posts[i]);
    bench->named = bench->allocations = 0;
    for (size_t i = 0; i < n; i++) handle(bench, posts[i]);
    assert_int_equal(bench->allocations, 0);
    assert_true(bench->named > 0);
}

static void random_posts(void **state)
{
    (void)state;
    if (!COUNTS) {
        print_message("malloc is the sanitizer's: skipped\n");
        skip();
    }
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct gen gen = {.state = seed * 0x9e3779b97f4a7c15u};
        struct gen_rules rules;
        struct hark_err err = {0};
        struct hark_match_options options = {0};
        struct hark_arena arena = {0};
        struct hark_buf raw = {0};
        struct hark_str posts[POSTS];
        gen_ruleset(&gen, &rules);
        for (int i = 0; i < POSTS; i++) {
            gen_post(&gen, &rules, &raw);
            posts[i] = hark_arena_str(&arena, hark_buf_str(&raw));
        }
        struct bench bench = {.m = hark_matcher_new(rules.rs, &options, &err)};
        assert_non_null(bench.m);
        bench.ms = hark_scratch_new(bench.m, &err);
        nothing_is_allocated(&bench, posts, POSTS);
        bench_done(&bench);
        hark_ruleset_unref(rules.rs);
        hark_arena_done(&arena);
        hark_buf_done(&raw);
    }
}

// That the counter counts.
static void malloc_is_counted(void **state)
{
    (void)state;
    if (!COUNTS) skip();
    size_t before = allocations;
    free(hark_alloc(100));
    assert_int_equal(allocations - before, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malloc_is_counted),
        cmocka_unit_test(random_posts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
