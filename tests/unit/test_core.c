// The core room: text, numbers, time, JSON, maps, arenas, errors.

#include <hark/arena.h>
#include <hark/clock.h>
#include <hark/err.h>
#include <hark/json.h>
#include <hark/log.h>
#include <hark/map.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        int64_t number;
    } cases[] = {
        {"0", 0, 0},    {"12", 0, 12},   {"-7", 0, -7},
        {"", -1, 0},    {"-", -1, 0},    {"12abc", -1, 0},
        {" 1", -1, 0},  {"+1", -1, 0},   {"9223372036854775807", 0, INT64_MAX},
        {"1.5", -1, 0}, {"0x10", -1, 0}, {"9223372036854775808", -1, 0},
        {"007", 0, 7},  {"--1", -1, 0},  {"-9223372036854775808", 0, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number = 0;
        assert_int_equal(hark_str_int(hark_str(cases[i].text), &number), cases[i].result);
        assert_true(number == cases[i].number);
        if (cases[i].result) continue;
        struct hark_buf buf = {0};
        hark_buf_int(&buf, number);
        if (cases[i].text[0] != '0' || number == 0) assert_string_equal(hark_buf_cstr(&buf), cases[i].text);
        hark_buf_done(&buf);
    }
}

static void cut_and_trim(void **state)
{
    (void)state;
    struct hark_str rest;
    assert_true(hark_str_is(hark_str_cut(hark_str("file:posts:1"), ':', &rest), "file"));
    assert_true(hark_str_is(rest, "posts:1"));
    assert_true(hark_str_is(hark_str_cut(hark_str("file"), ':', &rest), "file"));
    assert_null(rest.ptr);
    assert_true(hark_str_is(hark_str_trim(hark_str(" \t a b \r\n")), "a b"));
    assert_true(hark_str_cmp(hark_str("ab"), hark_str("abc")) < 0);
    assert_true(hark_str_ieq(hark_str("NiKe"), hark_str("nike")));
}

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc; // utc NULL: no time
    } cases[] = {
        {"2026-11-21T10:00:00.123Z", "2026-11-21T10:00:00.123Z"},
        {"2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"},
        {"2026-11-21 10:00:00.5+09:00", "2026-11-21T01:00:00.500Z"},
        {"2026-11-21T10:00:00.123456-0330", "2026-11-21T13:30:00.123Z"},
        {"2024-02-29T23:59:60Z", "2024-03-01T00:00:00.000Z"},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
        {"2023-02-29T00:00:00Z", NULL},
        {"2026-11-21", NULL},
        {"2026-11-21T10:00:00", NULL},
        {"2026-11-21T10:00:00Zx", NULL},
        {"2026-13-01T10:00:00Z", NULL},
        {"2026-11-21T25:00:00Z", NULL},
        {"2026-11-21T10:00:00.Z", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 0;
        char out[HARK_TIME_STR_BYTES];
        assert_int_equal(hark_time_parse(hark_str(cases[i].text), &ms), cases[i].utc ? 0 : -1);
        hark_time_str(ms, out);
        if (cases[i].utc) assert_string_equal(out, cases[i].utc);
    }
    int64_t ms;
    char out[HARK_TIME_STR_BYTES];
    assert_int_equal(hark_time_parse_ctime(hark_str("Wed Oct 10 20:19:24 +0000 2018"), &ms), 0);
    hark_time_str(ms, out);
    assert_string_equal(out, "2018-10-10T20:19:24.000Z");
    assert_int_equal(hark_time_parse_ctime(hark_str("Wed Foo 10 20:19:24 +0000 2018"), &ms), -1);
}

// Every day of four centuries there and back.
static void calendar(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 146097; day++) {
        struct hark_date date = hark_time_date(day * 86400000 + 12345);
        assert_true(hark_date_ms(date) == day * 86400000 + 12345);
        assert_in_range(date.month, 1, 12);
    }
}

static void json_writer(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    struct hark_json json = hark_json_to(&buf);
    hark_json_open(&json, '{');
    hark_json_kv(&json, "text", HARK_STR("a\"b\\c\n\x01 \xED\x95\x9C \xFF\xC3 \xF0\x9F\x98\x80"));
    hark_json_kv(&json, "none", (struct hark_str){0});
    hark_json_key(&json, "list");
    hark_json_open(&json, '[');
    hark_json_int(&json, -5);
    hark_json_double(&json, 0.5);
    hark_json_bool(&json, true);
    hark_json_close(&json, ']');
    hark_json_key(&json, "empty");
    hark_json_open(&json, '{');
    hark_json_close(&json, '}');
    hark_json_close(&json, '}');
    assert_string_equal(hark_buf_cstr(&buf), "{\"text\":\"a\\\"b\\\\c\\n\\u0001 \xED\x95\x9C \xEF\xBF\xBD\xEF\xBF\xBD "
                                             "\xF0\x9F\x98\x80\",\"none\":null,\"list\":[-5,0.5,true],\"empty\":{}}");
    hark_buf_done(&buf);
}

static void maps(void **state)
{
    (void)state;
    struct hark_map map = {0};
    char keys[2000][8];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2000; i++) {
            bool fresh;
            snprintf(keys[i], sizeof keys[i], "k%d", i);
            hark_map_put(&map, hark_str(keys[i]), &fresh)->num += i;
            assert_int_equal(fresh, round == 0);
        }
    }
    assert_int_equal(map.n, 2000);
    assert_int_equal(hark_map_get(&map, hark_str("k77"))->num, 154);
    assert_null(hark_map_get(&map, hark_str("k2000")));
    assert_true(hark_str_is(map.entries[5].key, "k5"));
    hark_map_clear(&map);
    assert_null(hark_map_get(&map, hark_str("k77")));
    hark_map_done(&map);
}

static void arenas(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    size_t bytes = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 100000; size = size * 3 + 1) memset(hark_arena_alloc(&arena, size), round, size);
        assert_true(hark_str_is(hark_arena_printf(&arena, "%d-%s", 7, "x"), "7-x"));
        if (round == 0) bytes = hark_arena_bytes(&arena);
        assert_int_equal(hark_arena_bytes(&arena), bytes); // warm: nothing new from the system
        hark_arena_reset(&arena);
    }
    assert_null(hark_arena_str(&arena, (struct hark_str){0}).ptr);
    hark_arena_done(&arena);
}

static void errors(void **state)
{
    (void)state;
    struct hark_err err = {0};
    assert_int_equal(hark_err_at(&err, HARK_EINPUT, "a.yaml", 3, 9, "unknown key %s", "fou"), HARK_EINPUT);
    assert_int_equal(hark_err_set(&err, HARK_EBUG, "later"), HARK_EINPUT); // the first stays
    assert_string_equal(hark_err_str(&err), "a.yaml:3:9: error: unknown key fou");
    assert_int_equal(hark_err_exit(&err), 1);
    struct hark_err lengthy = {0};
    char text[2000];
    memset(text, 'x', sizeof text);
    memcpy(text + 1022, "\xED\x95\x9C", 3);
    text[sizeof text - 1] = 0;
    hark_err_set(&lengthy, HARK_EINPUT, "%s", text);
    assert_int_equal(strlen(lengthy.text), 1022); // not in the middle of a character
}

static void log_quoting(void **state)
{
    (void)state;
    assert_string_equal(hark_log_q(HARK_STR("plain")), "plain");
    assert_string_equal(hark_log_q(HARK_STR("two words")), "\"two words\"");
    assert_string_equal(hark_log_q(HARK_STR("a\"\n\x1b")), "\"a\\\"\\x0a\\x1b\"");
    assert_string_equal(hark_log_q(HARK_STR("")), "\"\"");
    assert_string_equal(hark_log_q(HARK_STR("\xED\x95\x9C\xFF\xC2\x9B\xE2")), "\xED\x95\x9C\\xff\\xc2\\x9b\\xe2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),  cmocka_unit_test(cut_and_trim), cmocka_unit_test(times),
        cmocka_unit_test(calendar), cmocka_unit_test(json_writer),  cmocka_unit_test(maps),
        cmocka_unit_test(arenas),   cmocka_unit_test(errors),       cmocka_unit_test(log_quoting),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
