// How X asks to be tried again: docs.x.com, "Handling disconnections".
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../src/source/x.h"

static void check(enum hark_x_failure failure, const int64_t *want, size_t n)
{
    for (unsigned i = 0; i < n; i++) assert_int_equal(hark_x_backoff_ms(failure, i), want[i]);
}

static void the_network(void **state)
{
    (void)state;
    static const int64_t want[] = {0, 250, 500, 750, 1000};
    check(HARK_X_TCP, want, 5);
    assert_int_equal(hark_x_backoff_ms(HARK_X_TCP, 64), 16000);
    assert_int_equal(hark_x_backoff_ms(HARK_X_TCP, 1000000), 16000);
}

static void http(void **state)
{
    (void)state;
    static const int64_t want[] = {5000, 10000, 20000, 40000, 80000, 160000, 320000, 320000};
    check(HARK_X_HTTP, want, 8);
}

static void limits(void **state)
{
    (void)state;
    static const int64_t want[] = {60000, 120000, 240000, 480000, 960000, 960000};
    check(HARK_X_LIMIT, want, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_network), cmocka_unit_test(http), cmocka_unit_test(limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
