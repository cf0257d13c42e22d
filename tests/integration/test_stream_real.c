// The stream room against a real broker: what the mock cluster is no proof of.
//
// HARK_TEST_KAFKA names the broker (host:port); without it every test skips, saying so. Topics and groups get names of
// their own in each run, so that a broker may be used again.

#include <hark/clock.h>
#include <hark/stream.h>

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/tsan.h"

enum { PARTITIONS = 4, POLL_MS = 200, PATIENCE_US = 60 * 1000000 };

static const char *broker;
static char prefix[64], group[64];
static int nth;

static struct hark_stream_options options(void)
{
    static const char *const settings[] = {"heartbeat.interval.ms", "300", NULL}; // how soon a member learns of another
    return (struct hark_stream_options){.brokers = broker, .prefix = prefix, .group = group, .settings = settings};
}

#define assert_fine(err)                                                                                               \
    do {                                                                                                               \
        if ((err).code) fail_msg("%s", hark_err_str(&(err)));                                                          \
    } while (0)

static void created(void *arg, const char *topic, bool made)
{
    (void)topic;
    *(int *)arg += made ? 1 : 100;
}

// Names of its own for the test, and the topic "posts".
static void begin(void)
{
    if (HARK_TEST_TSAN) {
        print_message("the thread sanitizer does not see librdkafka's threads\n");
        skip();
    }
    if (!broker) {
        const char *why = getenv("HARK_TEST_NO_KAFKA");
        print_message("no Kafka: %s\n", why ? why : "HARK_TEST_KAFKA is not set");
        skip();
    }
    snprintf(prefix, sizeof prefix, "t%d-%lld-%d.", (int)getpid(), (long long)hark_clock_ms(), nth);
    snprintf(group, sizeof group, "g%d-%lld-%d", (int)getpid(), (long long)hark_clock_ms(), nth++);
    struct hark_err err = {0};
    struct hark_stream_options opt = options();
    const char *const settings[] = {"retention.ms", "3600000", NULL};
    const struct hark_topic topic = {"posts", PARTITIONS, settings};
    int made = 0;
    assert_int_equal(hark_topics_create(&opt, &topic, 1, 10000, created, &made, &err), 0);
    assert_int_equal(made, 1);
}

static void send_range(int from, int to)
{
    struct hark_err err = {0};
    struct hark_stream_options opt = options();
    struct hark_producer *producer = hark_producer_new(&opt, &err);
    assert_fine(err);
    for (int i = from; i < to && !err.code; i++) {
        char key[32], text[32];
        snprintf(key, sizeof key, "post-%d", i);
        snprintf(text, sizeof text, "%d", i);
        (void)!hark_producer_send(producer, "posts", hark_str(key), hark_str(text), HARK_STR("create"),
                                  HARK_STR("test"), &err);
    }
    (void)!hark_producer_flush(producer, NULL, NULL, &err);
    assert_fine(err);
    assert_int_equal(hark_producer_acked(producer), to - from);
    hark_producer_free(producer);
}

// --- a reader that keeps positions as the matcher does, in memory that several readers share ---

struct log { // what has been read, by partition; a row counts when it is committed
    pthread_mutex_t lock;
    int64_t next[PARTITIONS];
    uint8_t *seen; // by number in the payload
    size_t n, size, doubled, skipped;
};

struct reader {
    struct log *log;
    struct hark_consumer *consumer;
    int gets, revoked, refuse; // refuse: answers of get that are errors
};

static void log_init(struct log *log, size_t size)
{
    *log = (struct log){.size = size, .seen = hark_calloc(size, 1)};
    pthread_mutex_init(&log->lock, NULL);
    for (int i = 0; i < PARTITIONS; i++) log->next[i] = HARK_POSITION_START;
}

static void log_done(struct log *log)
{
    free(log->seen);
    pthread_mutex_destroy(&log->lock);
}

static int get(void *arg, int32_t partition, int64_t *ret_offset, struct hark_err *err)
{
    struct reader *reader = arg;
    reader->gets++;
    if (reader->refuse-- > 0) return hark_err_retry(err, HARK_ESERVICE, "the store is away");
    pthread_mutex_lock(&reader->log->lock);
    *ret_offset = reader->log->next[partition];
    pthread_mutex_unlock(&reader->log->lock);
    return 0;
}

static void revoked(void *arg, int32_t partition, bool lost)
{
    (void)partition, (void)lost;
    ((struct reader *)arg)->revoked++;
}

static void reader_open(struct reader *reader, struct log *log)
{
    struct hark_err err = {0};
    struct hark_stream_options opt = options();
    struct hark_positions positions = {get, revoked, reader};
    reader->log = log;
    reader->consumer = hark_consumer_new(&opt, "posts", &positions, &err);
    assert_fine(err);
}

static void reader_close(struct reader *reader)
{
    hark_consumer_free(reader->consumer);
    reader->consumer = NULL;
}

// As the commit script does: a row that is not at the stored position is dropped.
static void commit(struct log *log, const struct hark_message *message)
{
    int64_t *next = &log->next[message->partition];
    size_t number = (size_t)strtoul(message->payload.ptr, NULL, 10);
    if (message->offset < *next) return;
    if (message->offset > (*next < 0 ? 0 : *next)) log->skipped++;
    *next = message->offset + 1;
    if (log->seen[number]++) log->doubled++;
    log->n++;
}

static size_t read_some(struct reader *reader, size_t max)
{
    struct hark_err err = {0};
    struct hark_batch *batch = hark_consumer_poll(reader->consumer, max, POLL_MS, &err);
    if (!(err.code && err.retriable)) assert_fine(err);
    if (!batch) return 0;
    size_t n = hark_batch_size(batch);
    pthread_mutex_lock(&reader->log->lock);
    for (size_t i = 0; i < n; i++) {
        struct hark_message message;
        hark_batch_get(batch, i, &message);
        commit(reader->log, &message);
    }
    pthread_mutex_unlock(&reader->log->lock);
    hark_batch_free(batch);
    return n;
}

static void read_all(struct reader *reader, size_t n)
{
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while (reader->log->n < n && hark_clock_mono_us() < until_us) read_some(reader, 1000);
}

static void assert_exact(const struct log *log, size_t n)
{
    assert_int_equal(log->n, n);
    assert_int_equal(log->doubled, 0);
    assert_int_equal(log->skipped, 0);
}

// --- tests ---

static void test_topics(void **state)
{
    (void)state;
    begin();
    struct hark_err err = {0};
    struct hark_stream_options opt = options();
    const struct hark_topic topics[] = {{"posts", PARTITIONS, NULL}, {"matches", 2, NULL}};
    int made = 0;
    assert_int_equal(hark_stream_ping(&opt, 10000, &err), 0);
    assert_int_equal(hark_topic_exists(&opt, "posts", 10000, &err), 1);
    assert_int_equal(hark_topic_exists(&opt, "matches", 10000, &err), 0);
    assert_int_equal(hark_topics_create(&opt, topics, 2, 10000, created, &made, &err), 0);
    assert_int_equal(made, 101); // one existed
    assert_int_equal(hark_topic_exists(&opt, "matches", 10000, &err), 1);
}

static void test_ends(void **state)
{
    (void)state;
    begin();
    struct hark_err err = {0};
    struct hark_stream_options opt = options();
    struct hark_partition *partitions = NULL;
    send_range(0, 1000);
    assert_int_equal(hark_topic_ends(&opt, "posts", &partitions, &err), PARTITIONS);
    int64_t sum = 0;
    for (int i = 0; i < PARTITIONS; i++) {
        assert_int_equal(partitions[i].id, i);
        assert_int_equal(partitions[i].first, 0);
        sum += partitions[i].end;
    }
    assert_int_equal(sum, 1000);
    free(partitions);
    assert_true(hark_topic_ends(&opt, "nothing", &partitions, &err) < 0);
    assert_non_null(strstr(err.text, "nothing does not exist: run `hark setup`"));
}

static void test_message(void **state)
{
    (void)state;
    begin();
    struct log log;
    struct reader reader = {0};
    struct hark_err err = {0};
    struct hark_batch *batch = NULL;
    log_init(&log, 1);
    int64_t before_ms = hark_clock_ms();
    send_range(0, 1);
    reader_open(&reader, &log);
    for (int i = 0; i < 100 && !batch && !err.code; i++) batch = hark_consumer_poll(reader.consumer, 10, POLL_MS, &err);
    assert_fine(err);
    assert_non_null(batch);
    struct hark_message message;
    struct hark_str op, source;
    assert_int_equal(hark_batch_size(batch), 1);
    hark_batch_get(batch, 0, &message);
    hark_batch_headers(batch, 0, &op, &source);
    assert_true(hark_str_is(message.key, "post-0"));
    assert_true(hark_str_is(message.payload, "0"));
    assert_true(hark_str_is(op, "create"));
    assert_true(hark_str_is(source, "test"));
    assert_int_equal(message.offset, 0);
    assert_true(message.timestamp_ms >= before_ms && message.timestamp_ms <= hark_clock_ms());
    hark_batch_free(batch);
    reader_close(&reader);
    assert_int_equal(reader.revoked, PARTITIONS);
    log_done(&log);
}

// Every message once, and at the end the position is the end of the log, in empty partitions too.
static void test_read_all(void **state)
{
    (void)state;
    begin();
    enum { N = 20000 };
    struct log log;
    struct reader reader = {0};
    struct hark_err err = {0};
    struct hark_stream_options opt = options();
    struct hark_partition *partitions = NULL;
    log_init(&log, N);
    send_range(0, N);
    reader_open(&reader, &log);
    read_all(&reader, N);
    assert_exact(&log, N);
    assert_int_equal(reader.gets, PARTITIONS);
    assert_int_equal(hark_topic_ends(&opt, "posts", &partitions, &err), PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++) {
        int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
        while (hark_consumer_position(reader.consumer, i) < partitions[i].end && hark_clock_mono_us() < until_us)
            read_some(&reader, 1000);
        assert_int_equal(hark_consumer_position(reader.consumer, i), partitions[i].end);
    }
    free(partitions);
    reader_close(&reader);
    log_done(&log);
}

// A store that is away when partitions are assigned: polls fail, retriable, until it answers; nothing is read from
// elsewhere.
static void test_position_unknown(void **state)
{
    (void)state;
    begin();
    struct log log;
    struct reader reader = {.refuse = 3};
    struct hark_err err = {0};
    log_init(&log, 100);
    send_range(0, 100);
    reader_open(&reader, &log);
    while (!err.code) hark_batch_free(hark_consumer_poll(reader.consumer, 10, POLL_MS, &err));
    assert_true(err.retriable);
    assert_string_equal(err.text, "the store is away");
    assert_int_equal(log.n, 0);
    read_all(&reader, 100);
    assert_exact(&log, 100);
    reader_close(&reader);
    log_done(&log);
}

// Back to where the counters stand, again and again in the middle of a read, with the queue full of what is ahead.
static void test_seek(void **state)
{
    (void)state;
    begin();
    enum { N = 50000, SEEKS = 200 };
    struct log log;
    struct reader reader = {0};
    struct hark_err err = {0};
    unsigned seed = 7;
    log_init(&log, N);
    send_range(0, N);
    reader_open(&reader, &log);
    for (int i = 0; i < SEEKS; i++) {
        int32_t partition = rand_r(&seed) % PARTITIONS;
        int64_t back = log.next[partition] - rand_r(&seed) % 500;
        read_some(&reader, 1 + (size_t)rand_r(&seed) % 200);
        if (log.next[partition] < 0) continue;
        // The rows between `back` and the position come again and are dropped by the commit; a skipped one would be
        // counted.
        assert_int_equal(hark_consumer_seek(reader.consumer, partition, back < 0 ? 0 : back, &err), 0);
        assert_int_equal(hark_consumer_position(reader.consumer, partition), back < 0 ? 0 : back);
    }
    read_all(&reader, N);
    assert_exact(&log, N);
    reader_close(&reader);
    log_done(&log);
}

// Members that come and go: each partition is read on from the position that is stored.
static void *member(void *arg)
{
    struct reader *reader = arg;
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while (!reader->gets && hark_clock_mono_us() < until_us) read_some(reader, 500);
    for (int i = 0; i < 5; i++) read_some(reader, 500);
    reader_close(reader);
    return NULL;
}

static void test_rebalance(void **state)
{
    (void)state;
    begin();
    enum { N = 60000, MEMBERS = 4 };
    struct log log;
    struct reader reader = {0}, others[MEMBERS] = {0};
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    pthread_t thread;
    log_init(&log, N);
    reader_open(&reader, &log);
    while (!reader.gets && hark_clock_mono_us() < until_us) read_some(&reader, 500);
    for (int i = 0; i < MEMBERS; i++) {
        reader_open(&others[i], &log);
        assert_int_equal(pthread_create(&thread, NULL, member, &others[i]), 0);
        send_range(i * N / MEMBERS, (i + 1) * N / MEMBERS);
        // Until it has given partitions away and got some back.
        for (int gets = reader.gets; reader.gets == gets && hark_clock_mono_us() < until_us;) read_some(&reader, 500);
        pthread_join(thread, NULL);
    }
    read_all(&reader, N);
    assert_exact(&log, N);
    assert_true(reader.revoked > 0); // or the test has shown nothing
    reader_close(&reader);
    log_done(&log);
}

// A member that waits for its store hands partitions over, and is told when it polls again.
static void test_keepalive(void **state)
{
    (void)state;
    begin();
    enum { N = 10000 };
    struct log log;
    struct reader waits = {0}, other = {0};
    log_init(&log, N);
    send_range(0, N);
    reader_open(&waits, &log);
    while (!log.n) read_some(&waits, 10);
    reader_open(&other, &log);
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while (!other.gets && hark_clock_mono_us() < until_us) {
        hark_consumer_keepalive(waits.consumer);
        assert_int_equal(waits.revoked, 0);
        read_some(&other, 1000);
    }
    int kept = 0;
    for (int i = 0; i < PARTITIONS; i++) kept += hark_consumer_assigned(waits.consumer, i);
    assert_true(kept > 0 && kept < PARTITIONS);
    read_some(&waits, 10);
    assert_int_equal(waits.revoked, PARTITIONS - kept);
    while (log.n < N && hark_clock_mono_us() < until_us) {
        read_some(&waits, 1000);
        read_some(&other, 1000);
    }
    assert_exact(&log, N);
    reader_close(&waits);
    reader_close(&other);
    log_done(&log);
}

static void test_hint(void **state)
{
    (void)state;
    begin();
    struct log log;
    struct reader reader = {0};
    struct hark_err err = {0};
    struct hark_buf note = {0};
    int64_t offset = 0;
    log_init(&log, 100);
    send_range(0, 100);
    reader_open(&reader, &log);
    read_all(&reader, 100);
    assert_int_equal(hark_consumer_hint(reader.consumer, 1, &offset, &note, &err), 0);
    assert_int_equal(offset, HARK_POSITION_START);
    assert_int_equal(note.len, 0);
    hark_consumer_commit_hint(reader.consumer, 1, 7, "0123456789abcdef");
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while (offset != 7 && hark_clock_mono_us() < until_us) {
        hark_buf_clear(&note);
        assert_int_equal(hark_consumer_hint(reader.consumer, 1, &offset, &note, &err), 0);
    }
    assert_int_equal(offset, 7);
    assert_true(hark_str_is(hark_buf_str(&note), "0123456789abcdef"));
    hark_buf_done(&note);
    reader_close(&reader);
    log_done(&log);
}

// What retention does, at once: deletes all of a partition before `offset`.
static void delete_before(int32_t partition, int64_t offset)
{
    char text[512], topic[128];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", broker, text, sizeof text), 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    snprintf(topic, sizeof topic, "%sposts", prefix);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(rk, &records, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

static void poll_until_error(struct reader *reader, struct hark_err *err)
{
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    *err = (struct hark_err){0};
    while (!err->code && hark_clock_mono_us() < until_us) {
        struct hark_batch *batch = hark_consumer_poll(reader->consumer, 1000, POLL_MS, err);
        hark_batch_free(batch);
    }
}

// Two partitions overtaken by retention and one whose log ends before the position: each is reported, the fourth reads
// on.
static void test_position_gone(void **state)
{
    (void)state;
    begin();
    struct log log;
    struct reader reader = {0};
    struct hark_err err;
    bool told[3] = {0};
    char says[3][160];
    log_init(&log, 4000);
    send_range(0, 4000);
    delete_before(0, 30);
    delete_before(1, 50);
    log.next[0] = 10;
    log.next[1] = 20;
    log.next[2] = 1000000;
    log.next[3] = 0;
    reader_open(&reader, &log);
    snprintf(says[0], sizeof says[0], "%sposts partition 0: the position is 10 but the log begins at 30 now: 20 posts",
             prefix);
    snprintf(says[1], sizeof says[1], "%sposts partition 1: the position is 20 but the log begins at 50 now: 30 posts",
             prefix);
    snprintf(says[2], sizeof says[2], "%sposts partition 2: the position is 1000000 but the log ends at ", prefix);
    for (int i = 0; i < 3; i++) {
        poll_until_error(&reader, &err);
        assert_int_equal(err.code, HARK_ESERVICE);
        assert_false(err.retriable);
        assert_non_null(strstr(err.text, "hark match --rebuild"));
        for (int k = 0; k < 3; k++) told[k] = told[k] || !strncmp(err.text, says[k], strlen(says[k]));
    }
    assert_true(told[0] && told[1] && told[2]);
    // The caller may decide to go on from what there is.
    err = (struct hark_err){0};
    log.next[0] = 30;
    assert_int_equal(hark_consumer_seek(reader.consumer, 0, 30, &err), 0);
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while (log.next[0] == 30 && hark_clock_mono_us() < until_us) read_some(&reader, 1000);
    assert_true(log.next[0] > 30);
    reader_close(&reader);
    log_done(&log);
}

static void test_no_topic(void **state)
{
    (void)state;
    begin();
    struct reader reader = {0};
    struct log log;
    struct hark_err err = {0};
    log_init(&log, 1);
    struct hark_stream_options opt = options();
    opt.prefix = "nowhere.";
    struct hark_positions positions = {get, revoked, &reader};
    reader.log = &log;
    reader.consumer = hark_consumer_new(&opt, "posts", &positions, &err);
    assert_fine(err);
    poll_until_error(&reader, &err);
    assert_string_equal(err.text, "topic nowhere.posts does not exist: run `hark setup`");
    reader_close(&reader);
    log_done(&log);

    int64_t from_us = hark_clock_mono_us();
    err = (struct hark_err){0};
    struct hark_producer *producer = hark_producer_new(&opt, &err);
    assert_fine(err);
    if (!hark_producer_send(producer, "posts", HARK_STR("k"), HARK_STR("v"), (struct hark_str){0}, (struct hark_str){0},
                            &err))
        assert_true(hark_producer_flush(producer, NULL, NULL, &err) < 0);
    assert_string_equal(err.text, "topic nowhere.posts does not exist: run `hark setup`");
    assert_true(hark_clock_mono_us() - from_us < 10000000); // a promise of the interface, not a measure of speed
    err = (struct hark_err){0};
    assert_true(hark_producer_flush(producer, NULL, NULL, &err) < 0); // it stays
    hark_producer_free(producer);
}

// Over the producer's limit: an error of that message alone. Over the topic's: an error that stays.
static void test_too_big(void **state)
{
    (void)state;
    begin();
    enum { BIG = 1100000 };
    struct hark_err err = {0};
    struct hark_stream_options opt = options();
    const char *const settings[] = {"max.message.bytes", "1000", NULL};
    const struct hark_topic topic = {"small", 1, settings};
    int made = 0;
    char *big = hark_calloc(1, BIG);
    assert_int_equal(hark_topics_create(&opt, &topic, 1, 10000, created, &made, &err), 0);
    struct hark_producer *producer = hark_producer_new(&opt, &err);
    assert_int_equal(hark_producer_send(producer, "posts", HARK_STR("k"), hark_strn(big, BIG), HARK_STR("create"),
                                        HARK_STR("s"), &err),
                     HARK_EINPUT);
    assert_non_null(strstr(err.text, "a message of 1100000 bytes"));
    err = (struct hark_err){0};
    assert_int_equal(
        hark_producer_send(producer, "posts", HARK_STR("k"), HARK_STR("v"), HARK_STR("create"), HARK_STR("s"), &err),
        0);
    assert_int_equal(hark_producer_flush(producer, NULL, NULL, &err), 0);
    assert_int_equal(hark_producer_acked(producer), 1);
    unsigned seed = 1;
    for (int i = 0; i < 5000; i++) big[i] = (char)rand_r(&seed);
    assert_int_equal(hark_producer_send(producer, "small", HARK_STR("k"), hark_strn(big, 5000), HARK_STR("create"),
                                        HARK_STR("s"), &err),
                     0);
    assert_int_equal(hark_producer_flush(producer, NULL, NULL, &err), HARK_ESERVICE);
    assert_non_null(strstr(err.text, "refused a message of 5000 bytes"));
    err = (struct hark_err){0};
    assert_int_equal(
        hark_producer_send(producer, "posts", HARK_STR("k"), HARK_STR("v"), HARK_STR("create"), HARK_STR("s"), &err),
        HARK_ESERVICE);
    assert_int_equal(hark_producer_acked(producer), 1);
    hark_producer_free(producer);
    free(big);
}

int main(void)
{
    broker = getenv("HARK_TEST_KAFKA");
    if (broker && !*broker) broker = NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_read_all),
        cmocka_unit_test(test_position_unknown),
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_rebalance),
        cmocka_unit_test(test_keepalive),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_position_gone),
        cmocka_unit_test(test_no_topic),
        cmocka_unit_test(test_too_big),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
