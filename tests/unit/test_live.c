// The small parts of live sources: what was seen, what an account posted, which URLs may be spoken to, when to try
// again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../src/source/net.h"
#include "../../src/source/seen.h"
#include "../../src/source/taken.h"

static void what_was_seen_is_known_until_the_ring_comes_round(void **state)
{
    (void)state;
    enum { LATEST = 1 << 16 };
    struct hark_seen seen = {0};
    // The low bits are all alike, so that all are in one chain.
    for (uint64_t i = 1; i <= 100; i++) assert_false(hark_seen_before(&seen, i << 16));
    for (uint64_t i = 1; i <= 100; i++) assert_true(hark_seen_before(&seen, i << 16));
    for (uint64_t i = 1; i <= LATEST - 100; i++) assert_false(hark_seen_before(&seen, i * 2 + 1));
    assert_true(hark_seen_before(&seen, UINT64_C(1) << 16));
    assert_false(hark_seen_before(&seen, 7777777777)); // takes the place of the first
    assert_true(hark_seen_before(&seen, UINT64_C(2) << 16));
    assert_false(hark_seen_before(&seen, UINT64_C(1) << 16));
    hark_seen_done(&seen);
}

static void join(void *arg, struct hark_str key)
{
    hark_buf_str_add(arg, key);
    hark_buf_char(arg, ' ');
}

static void an_account_takes_its_own_posts_along_once(void **state)
{
    (void)state;
    struct hark_taken taken = {0};
    struct hark_buf got = {0};
    hark_taken_put(&taken, HARK_STR("a"), HARK_STR("3k00000000001"));
    hark_taken_put(&taken, HARK_STR("b"), HARK_STR("3k00000000002"));
    hark_taken_put(&taken, HARK_STR("a"), HARK_STR("3k00000000003"));
    hark_taken_put(&taken, HARK_STR("a"), HARK_STR("not a TID"));
    hark_taken_all(&taken, HARK_STR("a"), join, &got);
    assert_string_equal(hark_buf_cstr(&got), "3k00000000003 3k00000000001 ");
    hark_taken_all(&taken, HARK_STR("a"), join, &got);
    hark_taken_all(&taken, HARK_STR("b"), join, &got);
    assert_string_equal(hark_buf_cstr(&got), "3k00000000003 3k00000000001 3k00000000002 ");
    hark_buf_done(&got);
    hark_taken_done(&taken);
}

static void urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        int code;
    } cases[] = {
        {"https://example.org/a?b", 0},
        {"http://127.0.0.1:80/", 0},
        {"http://localhost", 0},
        {"http://[::1]:8080/x", 0},
        {"http://example.org/", HARK_EINPUT},
        {"http://localhost.example.org/", HARK_EINPUT},
        {"http://127.0.0.1@example.org/", HARK_EINPUT},
        {"https://user:secret@example.org/", HARK_EINPUT},
        {"ftp://example.org/", HARK_EINPUT},
        {"example.org", HARK_EINPUT},
        {"https://", HARK_EINPUT},
        {"https://example.org/a b", HARK_EINPUT},
        {"https://example.org/\r\nX: y", HARK_EINPUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hark_err err = {0};
        if (hark_net_check(cases[i].url, "https http", &err) != cases[i].code) fail_msg("%s", cases[i].url);
    }
    assert_true(hark_str_is(hark_net_origin("wss://a.example:1/b?c"), "wss://a.example:1"));
    assert_true(hark_str_is(hark_net_host("wss://a.example:1/b?c"), "a.example"));
    assert_true(hark_str_is(hark_net_host("https://[::1]:1/"), "[::1]"));
}

static void waits_double_up_to_the_most(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 100; n++) {
        int64_t full = n < 6 ? INT64_C(1000) << n : 60000, ms = hark_net_backoff_ms(n, 1000, 60000);
        assert_true(ms <= full && ms >= full - full / 4 - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_seen_is_known_until_the_ring_comes_round),
        cmocka_unit_test(an_account_takes_its_own_posts_along_once),
        cmocka_unit_test(urls),
        cmocka_unit_test(waits_double_up_to_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
