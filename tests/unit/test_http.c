// Parameters of the API, and the comparison of secrets.

#include "../../src/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    EVERY = PARAM_BRAND | PARAM_INTENT | PARAM_RANGE | PARAM_STEP | PARAM_BY | PARAM_LIMIT | PARAM_CURSOR | PARAM_AT
};

#define NOW 1795255200123 // 2026-11-21T10:00:00.123Z

static int add(struct params *params, const char *name, const char *value, struct hark_err *err)
{
    return params_add(params, EVERY, hark_str(name), hark_str(value), err);
}

static void refused(const char *name, const char *value, const char *says)
{
    struct params params = {0};
    struct hark_err err = {0};
    assert_int_equal(add(&params, name, value, &err), HARK_EINPUT);
    if (!strstr(err.text, says)) fail_msg("%s=%s: '%s' does not say '%s'", name, value, err.text, says);
}

static void test_values(void **state)
{
    (void)state;
    struct params params = {0};
    struct hark_err err = {0};
    assert_int_equal(add(&params, "brand", "river-island", &err), 0);
    assert_int_equal(add(&params, "intent", "want,need", &err), 0);
    assert_int_equal(add(&params, "from", "2026-11-20", &err), 0);
    assert_int_equal(add(&params, "to", "2026-11-20T12:00:00.5+02:00", &err), 0);
    assert_int_equal(add(&params, "step", "hour", &err), 0);
    assert_int_equal(add(&params, "by", "phrase", &err), 0);
    assert_int_equal(add(&params, "limit", "1000", &err), 0);
    assert_int_equal(params_finish(&params, EVERY, NOW, &err), 0);
    assert_true(hark_str_is(params.brand, "river-island"));
    assert_int_equal(params.nintents, 2);
    assert_true(hark_str_is(params.intents[1], "need"));
    assert_int_equal(params.from_ms, 1795132800000);
    assert_int_equal(params.to_ms, 1795132800000 + 10 * 3600 * 1000 + 500);
    assert_int_equal(params.step, HARK_STEP_HOUR);
    assert_int_equal(params.by, HARK_BY_PHRASE);
    assert_int_equal(params.limit, 1000);
}

static void test_defaults(void **state)
{
    (void)state;
    struct params params = {0};
    struct hark_err err = {0};
    assert_int_equal(params_finish(&params, EVERY, NOW, &err), 0);
    assert_int_equal(params.to_ms, NOW);
    assert_int_equal(params.from_ms, NOW - 86400000);
    assert_int_equal(params.at_ms, NOW);
    assert_int_equal(params.step, HARK_STEP_HOUR);
    assert_int_equal(params.limit, 50);
    assert_int_equal(params.nintents, 0);
}

static void test_refused(void **state)
{
    (void)state;
    refused("brand", "", "name");
    refused("brand", "A", "small letters");
    refused("brand", "a:b", "small letters");
    refused("brand", "a*", "small letters");
    refused("intent", "a,", "name");
    refused("intent", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33",
            "32");
    refused("from", "2026-02-30", "2026-02-30");
    refused("from", "2026-11-20T10", "is not a time");
    refused("limit", "0", "1 to 1000");
    refused("limit", "1001", "1 to 1000");
    refused("limit", "12abc", "1 to 1000");
    refused("step", "week", "minute, hour or day");
    refused("by", "author", "source, lang or phrase");
    refused("cursor", "\xff", "cursor");
    refused("limits", "1", "limit");
    refused("", "", "is no parameter here");
}

static void test_together(void **state)
{
    (void)state;
    struct params params = {0};
    struct hark_err err = {0};
    assert_int_equal(add(&params, "limit", "1", &err), 0);
    assert_int_equal(add(&params, "limit", "1", &err), HARK_EINPUT);
    assert_string_equal(err.text, "limit is given twice");

    params = (struct params){.given = PARAM_RANGE, .from_ms = 2, .to_ms = 2};
    err = (struct hark_err){0};
    assert_int_equal(params_finish(&params, EVERY, NOW, &err), HARK_EINPUT);
    assert_string_equal(err.text, "from must be before to");

    const int64_t minute_ms = 60000, day_ms = 86400000;
    const struct {
        unsigned accepted;
        int64_t length_ms;
        bool good;
    } cases[] = {{EVERY, 2998 * minute_ms, true},
                 {EVERY, 2999 * minute_ms, false},
                 {EVERY & ~(unsigned)PARAM_STEP, 399 * day_ms, true},
                 {EVERY & ~(unsigned)PARAM_STEP, 399 * day_ms + 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        params = (struct params){.given = PARAM_RANGE | PARAM_STEP, .to_ms = NOW, .from_ms = NOW - cases[i].length_ms};
        err = (struct hark_err){0};
        assert_int_equal(params_finish(&params, cases[i].accepted, NOW, &err) == 0, cases[i].good);
    }
}

static void test_cursor(void **state)
{
    (void)state;
    struct hark_cursor cursor;
    struct hark_err err = {0};
    assert_int_equal(params_cursor(HARK_STR("1795255200123_at://did:plc:x/y_z"), &cursor, &err), 0);
    assert_int_equal(cursor.time_ms, 1795255200123);
    assert_true(hark_str_is(cursor.id, "at://did:plc:x/y_z"));
    const char *const bad[] = {"", "1", "1_", "_x", "-1_x", "1x_y", "99999999999999999999_x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct hark_err){0};
        assert_int_equal(params_cursor(hark_str(bad[i]), &cursor, &err), HARK_EINPUT);
    }
}

static void test_same(void **state)
{
    (void)state;
    assert_true(hark_listen_same(HARK_STR("token"), HARK_STR("token")));
    assert_false(hark_listen_same(HARK_STR("token"), HARK_STR("tokem")));
    assert_false(hark_listen_same(HARK_STR("token"), HARK_STR("toke")));
    assert_false(hark_listen_same(HARK_STR("token"), HARK_STR("")));
    assert_true(hark_listen_same(HARK_STR(""), HARK_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),  cmocka_unit_test(test_defaults),
                                       cmocka_unit_test(test_refused), cmocka_unit_test(test_together),
                                       cmocka_unit_test(test_cursor),  cmocka_unit_test(test_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
