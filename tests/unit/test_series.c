// Series read back: exactly what a real Redis holds at the time, also where a key was read before and is kept.

#include "throwaway_redis.h"

#include <hark/clock.h>
#include <hark/read.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BRANDS = 3, DAYS = 90, HOURS = DAYS * 24, HOUR_MS = 3600 * 1000 };

static struct throwaway server;
static int64_t now_ms, from_ms;
static int64_t truth[BRANDS][HOURS];

static void tell(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(server.ctx, format, args);
    va_end(args);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR) fail_msg("%s: %s", format, reply->str);
    freeReplyObject(reply);
}

static struct hark_store *open_store(void)
{
    struct hark_err err = {0};
    struct hark_store *store =
        hark_store_open(&(struct hark_store_options){.redis = server.url, .prefix = "hark:"}, &err);
    if (!store) fail_msg("%s", err.text);
    return store;
}

static void name_of(int brand, char out[8])
{
    snprintf(out, 8, "b%d", brand);
}

static void change(int brand, int hour, int64_t by)
{
    struct hark_date d = hark_time_date(from_ms + (int64_t)hour * HOUR_MS);
    truth[brand][hour] += by;
    tell("HINCRBY hark:count:b%d:want:hour:%04d-%02d %02dT%02d %lld", brand, d.year, d.month, d.day, d.hour,
         (long long)by);
}

static void compare_all(struct hark_store *store, const char *when)
{
    struct hark_arena arena = {0};
    struct hark_err err = {0};
    struct hark_series series[BRANDS];
    char names[BRANDS][8];
    for (int b = 0; b < BRANDS; b++) {
        name_of(b, names[b]);
        series[b] = (struct hark_series){hark_str(names[b]), HARK_STR("want")};
    }
    if (hark_read_series(store, &arena, HARK_STEP_HOUR, from_ms, HOURS, now_ms, series, BRANDS, &err))
        fail_msg("%s: %s", when, err.text);
    for (int b = 0; b < BRANDS; b++) {
        int64_t sum = 0;
        for (int h = 0; h < HOURS; h++) {
            sum += truth[b][h];
            if (series[b].points[h] != truth[b][h])
                fail_msg("%s: brand %d hour %d: %lld, not %lld", when, b, h, (long long)series[b].points[h],
                         (long long)truth[b][h]);
        }
        assert_int_equal(series[b].total, sum);
    }
    hark_arena_done(&arena);
}

static void fill(void)
{
    memset(truth, 0, sizeof truth);
    tell("FLUSHALL");
    for (int b = 0; b < BRANDS; b++)
        for (int h = b; h < HOURS; h += 1 + 3 * b) change(b, h, 1 + (h * 7 + b) % 90);
}

static long long commands(const char *name)
{
    char what[64];
    long long n = 0;
    redisReply *reply = redisCommand(server.ctx, "INFO commandstats");
    assert_non_null(reply);
    snprintf(what, sizeof what, "cmdstat_%s:calls=", name);
    const char *at = strstr(reply->str, what);
    if (at) n = atoll(at + strlen(what));
    freeReplyObject(reply);
    return n;
}

static void what_is_kept_is_what_redis_holds(void **state)
{
    (void)state;
    fill();
    struct hark_store *store = open_store();
    compare_all(store, "at first");
    long long read = commands("hgetall");
    assert_true(read > 0);
    compare_all(store, "again");
    assert_int_equal(commands("hgetall"), read); // all of it was kept
    uint32_t dice = 1;
    for (int round = 0; round < 200; round++) {
        dice = dice * 1664525 + 1013904223;
        change((int)(dice >> 8) % BRANDS, (int)(dice >> 12) % HOURS, round % 3 ? 1 : -1);
        compare_all(store, "after a change");
    }
    assert_true(commands("hgetall") - read <= 200); // only the month that changed
    hark_store_close(store);
}

static void everything_that_can_happen_to_a_key_is_seen(void **state)
{
    (void)state;
    fill();
    struct hark_store *store = open_store(), *other = open_store();
    struct hark_date d = hark_time_date(from_ms + (int64_t)40 * 24 * HOUR_MS);
    compare_all(store, "at first");
    compare_all(other, "another store");
    tell("DEL hark:count:b1:want:hour:%04d-%02d", d.year, d.month);
    for (int h = 0; h < HOURS; h++) {
        struct hark_date at = hark_time_date(from_ms + (int64_t)h * HOUR_MS);
        if (at.year == d.year && at.month == d.month) truth[1][h] = 0;
    }
    compare_all(store, "deleted");
    compare_all(other, "deleted, another store");
    change(1, 40 * 24, 5);
    compare_all(store, "made again");
    memset(truth, 0, sizeof truth);
    tell("FLUSHALL");
    compare_all(store, "flushed");
    change(2, 1000, INT64_C(5000000000)); // more than what is kept can hold
    compare_all(store, "large");
    compare_all(store, "large, again");
    change(2, 1000, 1);
    compare_all(store, "large, changed");
    hark_store_close(store);
    hark_store_close(other);
}

static void lost_connections_lose_nothing(void **state)
{
    (void)state;
    fill();
    struct hark_store *store = open_store();
    compare_all(store, "at first");
    tell("CLIENT KILL TYPE pubsub");
    change(0, 100, 1);
    compare_all(store, "the one that tells was lost");
    tell("CLIENT KILL TYPE normal SKIPME yes");
    change(0, 101, 1);
    compare_all(store, "the one that reads was lost");
    tell("CLIENT KILL TYPE pubsub");
    tell("CLIENT KILL TYPE normal SKIPME yes");
    change(0, 102, 1);
    compare_all(store, "both were lost");
    change(0, 103, 1);
    compare_all(store, "and on");
    hark_store_close(store);
}

static void a_redis_that_does_not_tell_is_read_each_time(void **state)
{
    (void)state;
    fill();
    tell("ACL SETUSER default -client|tracking");
    struct hark_store *store = open_store();
    for (int i = 0; i < 3; i++) {
        change(0, 50 + i, 1);
        compare_all(store, "read each time");
    }
    hark_store_close(store);
    tell("ACL SETUSER default +@all");
}

static void minutes_and_days_have_their_own_shapes(void **state)
{
    (void)state;
    struct hark_err err = {0};
    struct hark_arena arena = {0};
    int64_t midnight = now_ms / (24 * HOUR_MS) * (24 * (int64_t)HOUR_MS),
            year_ago = midnight - 399 * (24 * (int64_t)HOUR_MS);
    struct hark_date d = hark_time_date(midnight), first = hark_time_date(year_ago);
    tell("FLUSHALL");
    struct hark_store *store = open_store();
    for (int m = 0; m < 1440; m += 7)
        tell("HSET hark:count:b0:want:minute:%04d-%02d-%02d %02d:%02d %d", d.year, d.month, d.day, m / 60, m % 60,
             m + 1);
    tell("HSET hark:count:b0:want:day:%04d %02d-%02d 17", first.year, first.month, first.day);
    tell("HSET hark:count:b0:want:day:%04d %02d-%02d 19 nonsense 1 99-99 1", d.year, d.month, d.day);
    for (int round = 0; round < 2; round++) {
        struct hark_series one = {HARK_STR("b0"), HARK_STR("want")};
        assert_int_equal(hark_read_series(store, &arena, HARK_STEP_MINUTE, midnight, 1440, now_ms, &one, 1, &err), 0);
        for (int m = 0; m < 1440; m++) assert_int_equal(one.points[m], m % 7 ? 0 : m + 1);
        assert_int_equal(
            hark_read_series(store, &arena, HARK_STEP_MINUTE, midnight + 7 * 60000, 3, now_ms, &one, 1, &err), 0);
        assert_int_equal(one.total, 8);
        assert_int_equal(hark_read_series(store, &arena, HARK_STEP_DAY, year_ago, 400, now_ms, &one, 1, &err), 0);
        assert_int_equal(one.points[0], 17);
        assert_int_equal(one.points[399], 19);
        assert_int_equal(one.total, 36);
        assert_int_equal(hark_read_series(store, &arena, HARK_STEP_HOUR, now_ms - 500 * (24 * (int64_t)HOUR_MS), 100,
                                          now_ms, &one, 1, &err),
                         0);
        assert_true(one.points[0] == HARK_NOT_KEPT && one.points[99] == HARK_NOT_KEPT);
    }
    hark_arena_done(&arena);
    hark_store_close(store);
}

static int start(void **state)
{
    (void)state;
    now_ms = hark_clock_ms();
    from_ms = now_ms / HOUR_MS * HOUR_MS - (HOURS - 1) * (int64_t)HOUR_MS;
    return throwaway_start(&server) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    throwaway_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_what_redis_holds),
        cmocka_unit_test(everything_that_can_happen_to_a_key_is_seen),
        cmocka_unit_test(lost_connections_lose_nothing),
        cmocka_unit_test(a_redis_that_does_not_tell_is_read_each_time),
        cmocka_unit_test(minutes_and_days_have_their_own_shapes),
    };
    return cmocka_run_group_tests_name("series", tests, start, stop);
}
