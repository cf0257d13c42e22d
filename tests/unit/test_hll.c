// Our reading of Redis's HyperLogLogs gives what PFCOUNT says, of sparse and dense ones, alone and merged; and no bytes
// are read beyond.

#include "../../src/count/hll.h"
#include "throwaway_redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct throwaway server;

static void add_authors(const char *key, int from, int to)
{
    for (int i = from; i < to; i++) redisAppendCommand(server.ctx, "PFADD %s author%d", key, i);
    for (int i = from; i < to; i++) {
        redisReply *reply = NULL;
        assert_int_equal(redisGetReply(server.ctx, (void **)&reply), REDIS_OK);
        freeReplyObject(reply);
    }
}

static void merge(struct hll *hll, const char *key)
{
    redisReply *reply = redisCommand(server.ctx, "GET %s", key);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_int_equal(hll_merge(hll, hark_strn(reply->str, (size_t)reply->len)), 0);
    freeReplyObject(reply);
}

static int64_t pfcount(const char *keys)
{
    char command[64];
    snprintf(command, sizeof command, "PFCOUNT %s", keys);
    redisReply *reply = redisCommand(server.ctx, command);
    int64_t n = reply->integer;
    freeReplyObject(reply);
    return n;
}

static void test_same_as_redis(void **state)
{
    (void)state;
    if (!server.ctx) skip();
    static const int sizes[] = {1, 2, 50, 3000, 40000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct hll hll = {0};
        freeReplyObject(redisCommand(server.ctx, "FLUSHALL"));
        add_authors("a", 0, sizes[i]);
        add_authors("b", sizes[i] / 2, 2 * sizes[i]);
        merge(&hll, "a");
        assert_int_equal(hll_count(&hll), pfcount("a"));
        merge(&hll, "b");
        assert_int_equal(hll_count(&hll), pfcount("a b"));
    }
}

static void test_empty_and_broken(void **state)
{
    (void)state;
    struct hll hll = {0};
    char bytes[64] = "HYLL\1";
    assert_int_equal(hll_count(&hll), 0);
    assert_int_equal(hll_merge(&hll, HARK_STR("")), -1);
    assert_int_equal(hll_merge(&hll, HARK_STR("something else entirely")), -1);
    assert_int_equal(hll_merge(&hll, hark_strn("HYLL\0\0\0\0\0\0\0\0\0\0\0\0\0", 17)), -1); // dense, cut short
    assert_int_equal(hll_merge(&hll, hark_strn(bytes, 16)), -1);                            // sparse, of no register
    bytes[16] = 0x7F;                                                                       // half an opcode
    assert_int_equal(hll_merge(&hll, hark_strn(bytes, 17)), -1);
    bytes[17] = (char)0xFF; // 16,384 zeros
    assert_int_equal(hll_merge(&hll, hark_strn(bytes, 18)), 0);
    bytes[18] = 0; // and one more
    assert_int_equal(hll_merge(&hll, hark_strn(bytes, 19)), -1);
}

static int start(void **state)
{
    (void)state;
    if (!throwaway_start(&server)) print_message("[          ] no Redis: there is no redis-server here\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    throwaway_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_redis), cmocka_unit_test(test_empty_and_broken)};
    return cmocka_run_group_tests(tests, start, stop);
}
