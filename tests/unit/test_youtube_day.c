// The day of YouTube's quota begins at midnight in California, also when the clock changes there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../src/source/youtube.h"

#include <hark/clock.h>

static void midnights(void **state)
{
    (void)state;
    // By the rules of the United States since 2007: summer from the second Sunday of March to the first one of
    // November, at two in the morning.
    static const struct {
        const char *at, *midnight;
    } cases[] = {
        {"2026-01-15T12:00:00Z", "2026-01-15T08:00:00Z"}, {"2026-01-15T07:59:59.999Z", "2026-01-14T08:00:00Z"},
        {"2026-07-01T07:00:00Z", "2026-07-01T07:00:00Z"}, {"2026-07-01T06:59:59Z", "2026-06-30T07:00:00Z"},
        {"2026-03-08T09:59:59Z", "2026-03-08T08:00:00Z"}, {"2026-03-08T10:00:00Z", "2026-03-08T08:00:00Z"},
        {"2026-03-09T06:59:59Z", "2026-03-08T08:00:00Z"}, {"2026-03-09T07:00:00Z", "2026-03-09T07:00:00Z"},
        {"2026-11-01T08:59:59Z", "2026-11-01T07:00:00Z"}, {"2026-11-01T09:00:00Z", "2026-11-01T07:00:00Z"},
        {"2026-11-02T07:59:59Z", "2026-11-01T07:00:00Z"}, {"2026-11-02T08:00:00Z", "2026-11-02T08:00:00Z"},
        {"2027-03-14T23:00:00Z", "2027-03-14T08:00:00Z"}, {"2027-11-07T23:00:00Z", "2027-11-07T07:00:00Z"},
        {"2028-01-01T07:00:00Z", "2027-12-31T08:00:00Z"}, {"2026-03-01T12:00:00Z", "2026-03-01T08:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t at_ms, midnight_ms;
        assert_int_equal(hark_time_parse(hark_str(cases[i].at), &at_ms), 0);
        assert_int_equal(hark_time_parse(hark_str(cases[i].midnight), &midnight_ms), 0);
        assert_int_equal(hark_youtube_midnight_ms(at_ms), midnight_ms);
    }
}

static void each_hour_of_some_years_has_one_before_it(void **state)
{
    (void)state;
    enum { HOUR_MS = 3600000 };
    int64_t from_ms, to_ms, last_ms = 0;
    assert_int_equal(hark_time_parse(HARK_STR("2024-01-01T00:00:00Z"), &from_ms), 0);
    assert_int_equal(hark_time_parse(HARK_STR("2030-01-01T00:00:00Z"), &to_ms), 0);
    for (int64_t ms = from_ms; ms < to_ms; ms += HOUR_MS) {
        int64_t midnight_ms = hark_youtube_midnight_ms(ms);
        assert_true(midnight_ms <= ms && ms - midnight_ms < 25 * (int64_t)HOUR_MS);
        assert_true(midnight_ms >= last_ms);
        if (last_ms && midnight_ms > last_ms) assert_true(midnight_ms - last_ms >= 23 * (int64_t)HOUR_MS);
        last_ms = midnight_ms;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(midnights),
                                       cmocka_unit_test(each_hour_of_some_years_has_one_before_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
