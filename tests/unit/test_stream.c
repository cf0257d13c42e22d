// The stream room without a broker: settings, and faults that a real broker cannot be told to make (librdkafka's mock
// cluster). What the room does with a real one is in tests/integration/test_stream_real.c.

#include <hark/clock.h>
#include <hark/stream.h>

#include <librdkafka/rdkafka.h>

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "../support/tsan.h"

enum { PARTITIONS = 3, POLL_MS = 50, PATIENCE_US = 60 * 1000000 };
enum { API_PRODUCE = 0, API_FETCH = 1, API_HEARTBEAT = 12 }; // of Kafka's protocol

#define assert_fine(err)                                                                                               \
    do {                                                                                                               \
        if ((err).code) fail_msg("%s", hark_err_str(&(err)));                                                          \
    } while (0)

static const struct hark_str none = {0};

// --- settings ---

static void check_setting(const char *name, const char *value, const char *says, bool consumer_too)
{
    const char *const settings[] = {name, value, NULL};
    const struct hark_stream_options options = {
        .brokers = "127.0.0.1:1", .prefix = "hark.", .group = "g", .settings = settings};
    struct hark_err err = {0};
    assert_null(hark_producer_new(&options, &err));
    assert_int_equal(err.code, HARK_EINPUT);
    if (!strstr(err.text, says)) fail_msg("%s: %s", name, err.text);
    if (!consumer_too) return;
    err = (struct hark_err){0};
    const struct hark_positions positions = {0};
    assert_null(hark_consumer_new(&options, "posts", &positions, &err));
    assert_int_equal(err.code, HARK_EINPUT);
}

static void test_settings_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"bootstrap.servers", "x:1", "kafka.bootstrap.servers cannot be set: the setting kafka (--kafka)"},
        {"group.id", "x", "kafka.group.id cannot be set: the setting group (--group)"},
        {"enable.auto.commit", "true", "the position is kept with the counters"},
        {"auto.commit.enable", "true", "the position is kept with the counters"},
        {"enable.auto.offset.store", "true", "the position is kept with the counters"},
        {"auto.offset.reset", "latest", "must be reported, not jumped over"},
        {"partition.assignment.strategy", "range", "all members of a group must use cooperative-sticky"},
        {"group.protocol", "consumer", "only the classic protocol"},
        {"enable.partition.eof", "false", "--until-end"},
        {"enable.idempotence", "false", "in order and once"},
        {"acks", "1", "acknowledged by all replicas"},
        {"request.required.acks", "1", "acknowledged by all replicas"},
        {"transactional.id", "x", "committed in Redis"},
        {"retries", "0", "never be dropped"},
        {"message.send.max.retries", "0", "never be dropped"},
        {"message.timeout.ms", "1000", "never be dropped"},
        {"delivery.timeout.ms", "1000", "never be dropped"},
        {"delivery.report.only.error", "true", "acknowledgements are counted"},
        {"partitioner", "random", "must be in one partition"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_setting(cases[i][0], cases[i][1], cases[i][2], true);
}

static void test_settings_wrong(void **state)
{
    (void)state;
    check_setting("linger.mss", "5", "kafka.linger.mss: librdkafka 2.", true);
    check_setting("linger.ms", "soon", "kafka.linger.ms: ", true);
    check_setting("compression.codec", "rar", "kafka.compression.codec: ", true);
    check_setting("max.in.flight", "100", "kafka: ", false); // idempotence allows five
}

static void test_settings_taken(void **state)
{
    (void)state;
    const char *const settings[] = {"linger.ms", "50", "check.crcs", "true", "sasl.password", "secret", NULL};
    const struct hark_stream_options options = {
        .brokers = "127.0.0.1:1", .prefix = "hark.", .group = "g", .settings = settings};
    struct hark_err err = {0};
    struct hark_producer *producer = hark_producer_new(&options, &err);
    assert_fine(err);
    hark_producer_free(producer);
}

static void test_options_missing(void **state)
{
    (void)state;
    struct hark_err err = {0};
    const struct hark_positions positions = {0};
    assert_null(hark_producer_new(&(struct hark_stream_options){.brokers = ""}, &err));
    assert_int_equal(err.code, HARK_EINPUT);
    assert_string_equal(err.text, "kafka: no broker is given (host:port,…)");
    err = (struct hark_err){0};
    assert_null(hark_consumer_new(&(struct hark_stream_options){.brokers = "127.0.0.1:1"}, "posts", &positions, &err));
    assert_string_equal(err.text, "group: no consumer group is given");
}

static void test_nobody_there(void **state)
{
    (void)state;
    struct hark_stream_options options = {.brokers = "127.0.0.1:1,127.0.0.1:2", .prefix = "hark.", .group = "g"};
    const struct hark_topic topic = {"posts", 1, NULL};
    const char *says = "Kafka does not answer at 127.0.0.1:1,127.0.0.1:2 (Connect to ipv4#127.0.0.1:";
    struct hark_err err = {0};
    assert_int_equal(hark_stream_ping(&options, 500, &err), HARK_ESERVICE);
    if (strncmp(err.text, says, strlen(says)) != 0) fail_msg("%s", err.text);
    assert_non_null(strstr(err.text, "Connection refused"));
    assert_true(err.retriable);
    err = (struct hark_err){0};
    assert_int_equal(hark_topic_exists(&options, "posts", 500, &err), HARK_ESERVICE);
    assert_non_null(strstr(err.text, "Kafka does not answer at 127.0.0.1:1,127.0.0.1:2"));
    err = (struct hark_err){0};
    assert_int_equal(hark_topics_create(&options, &topic, 1, 500, NULL, NULL, &err), HARK_ESERVICE);
    assert_non_null(strstr(err.text, "Kafka does not answer at 127.0.0.1:1,127.0.0.1:2"));
}

// --- a mock cluster of one broker, with the topic t.posts ---

struct mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    struct hark_stream_options options;
    struct hark_producer *producer;
};

static int mock_open(void **state)
{
    char text[512];
    struct mock *mock = hark_calloc(1, sizeof *mock);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    mock->cluster = rd_kafka_mock_cluster_new(mock->rk, 1);
    rd_kafka_mock_topic_create(mock->cluster, "t.posts", PARTITIONS, 1);
    static const char *const settings[] = {
        "heartbeat.interval.ms", "200", "session.timeout.ms", "6000", "reconnect.backoff.max.ms", "200", NULL};
    mock->options = (struct hark_stream_options){
        .brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster), .prefix = "t.", .group = "g", .settings = settings};
    *state = mock;
    return 0;
}

static int mock_close(void **state)
{
    struct mock *mock = *state;
    hark_producer_free(mock->producer);
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
    free(mock);
    return 0;
}

static void producer_open(struct mock *mock)
{
    struct hark_err err = {0};
    mock->producer = hark_producer_new(&mock->options, &err);
    assert_fine(err);
}

static int send_number(struct mock *mock, int i, struct hark_err *err)
{
    char key[24], text[16];
    snprintf(key, sizeof key, "post-%d", i);
    snprintf(text, sizeof text, "%d", i);
    return hark_producer_send(mock->producer, "posts", hark_str(key), hark_str(text), HARK_STR("create"), none, err);
}

static void send_range(struct mock *mock, int from, int to)
{
    struct hark_err err = {0};
    for (int i = from; i < to && !err.code; i++) (void)!send_number(mock, i, &err);
    assert_fine(err);
}

static void flush(struct mock *mock)
{
    struct hark_err err = {0};
    if (hark_producer_flush(mock->producer, NULL, NULL, &err)) fail_msg("%s", err.text);
}

// What the log holds, doubles included.
static int64_t stored(struct mock *mock)
{
    struct hark_err err = {0};
    struct hark_partition *partitions = NULL;
    int64_t sum = 0;
    assert_int_equal(hark_topic_ends(&mock->options, "posts", &partitions, &err), PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++) sum += partitions[i].end;
    free(partitions);
    return sum;
}

// --- reading ---

struct reader {
    struct hark_consumer *consumer;
    int64_t next[PARTITIONS];
    int gets, revoked, lost, n, doubled;
    uint8_t seen[10000];
};

static int get(void *arg, int32_t partition, int64_t *ret_offset, struct hark_err *err)
{
    (void)err;
    struct reader *reader = arg;
    reader->gets++;
    *ret_offset = reader->next[partition];
    return 0;
}

static void revoked(void *arg, int32_t partition, bool lost)
{
    struct reader *reader = arg;
    assert_false(hark_consumer_assigned(reader->consumer, partition));
    reader->revoked++;
    reader->lost += lost;
}

static void reader_open(struct reader *reader, struct mock *mock)
{
    struct hark_err err = {0};
    struct hark_positions positions = {get, revoked, reader};
    for (int i = 0; i < PARTITIONS; i++) reader->next[i] = HARK_POSITION_START;
    reader->consumer = hark_consumer_new(&mock->options, "posts", &positions, &err);
    assert_fine(err);
}

static void take(struct reader *reader, const struct hark_batch *batch)
{
    for (size_t i = 0; i < hark_batch_size(batch); i++) {
        struct hark_message message;
        hark_batch_get(batch, i, &message);
        reader->next[message.partition] = message.offset + 1;
        int64_t number = 0;
        assert_int_equal(hark_str_int(message.payload, &number), 0);
        reader->doubled += reader->seen[number]++ > 0;
        reader->n++;
    }
}

static void read_until(struct reader *reader, int n)
{
    struct hark_err err = {0};
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while (reader->n < n && hark_clock_mono_us() < until_us) {
        struct hark_batch *batch = hark_consumer_poll(reader->consumer, 100, POLL_MS, &err);
        assert_fine(err);
        if (batch) take(reader, batch);
        hark_batch_free(batch);
    }
    assert_int_equal(reader->n, n);
    assert_int_equal(reader->doubled, 0);
}

// --- faults ---

// Errors that a broker gives in passing: every message arrives, none twice.
static void test_retries(void **state)
{
    struct mock *mock = *state;
    producer_open(mock);
    rd_kafka_mock_push_request_errors(mock->cluster, API_PRODUCE, 6, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    send_range(mock, 0, 1000);
    flush(mock);
    assert_int_equal(hark_producer_acked(mock->producer), 1000);
    assert_int_equal(stored(mock), 1000);
}

static void test_not_delivered(void **state)
{
    struct mock *mock = *state;
    struct hark_err err = {0};
    producer_open(mock);
    rd_kafka_mock_push_request_errors(mock->cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    send_range(mock, 0, 1);
    assert_int_equal(hark_producer_flush(mock->producer, NULL, NULL, &err), HARK_ESERVICE);
    assert_non_null(strstr(err.text, "topic t.posts: a message was not delivered"));
    assert_int_equal(hark_producer_acked(mock->producer), 0);
    err = (struct hark_err){0};
    assert_int_equal(send_number(mock, 1, &err), HARK_ESERVICE); // it stays
    assert_non_null(strstr(err.text, "topic t.posts: a message was not delivered"));
}

static bool give_up(void *arg, int seconds)
{
    (*(int *)arg)++;
    return seconds < 2;
}

static bool until_trouble(struct mock *mock, const char *(*trouble)(struct mock *mock), bool wanted)
{
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while ((trouble(mock) != NULL) != wanted && hark_clock_mono_us() < until_us) {
        struct timespec ms = {.tv_nsec = 10000000};
        nanosleep(&ms, NULL);
    }
    return (trouble(mock) != NULL) == wanted;
}

static const char *producer_trouble(struct mock *mock)
{
    return hark_producer_trouble(mock->producer);
}

// Kafka goes away: a flush waits and can be given up; nothing is lost, and all arrives when Kafka is back.
static void test_broker_away_producer(void **state)
{
    struct mock *mock = *state;
    struct hark_err err = {0};
    int calls = 0;
    producer_open(mock);
    send_range(mock, 0, 10);
    flush(mock);
    assert_null(hark_producer_trouble(mock->producer));
    rd_kafka_mock_broker_set_down(mock->cluster, 1);
    send_range(mock, 10, 20);
    assert_int_equal(hark_producer_flush(mock->producer, give_up, &calls, &err), HARK_ESTOP);
    assert_int_equal(calls, 2);
    assert_true(until_trouble(mock, producer_trouble, true));
    assert_non_null(strstr(hark_producer_trouble(mock->producer), "Kafka does not answer at 127.0.0.1:"));
    rd_kafka_mock_broker_set_up(mock->cluster, 1);
    flush(mock);
    assert_true(until_trouble(mock, producer_trouble, false));
    assert_int_equal(hark_producer_acked(mock->producer), 20);
    assert_int_equal(stored(mock), 20);
}

// A full queue is back-pressure: send waits, and can be given up without a trace of the message.
static void test_full_queue(void **state)
{
    struct mock *mock = *state;
    struct hark_err err = {0};
    int calls = 0;
    const char *const settings[] = {"queue.buffering.max.messages", "10", NULL};
    mock->options.settings = settings;
    producer_open(mock);
    hark_producer_waiting(mock->producer, give_up, &calls);
    rd_kafka_mock_broker_set_down(mock->cluster, 1);
    send_range(mock, 0, 10);
    assert_int_equal(send_number(mock, 10, &err), HARK_ESTOP);
    assert_true(calls > 0);
    rd_kafka_mock_broker_set_up(mock->cluster, 1);
    flush(mock);
    assert_int_equal(hark_producer_acked(mock->producer), 10);
    assert_int_equal(stored(mock), 10);
}

static struct reader *asked;

static const char *consumer_trouble(struct mock *mock)
{
    (void)mock;
    struct hark_err err = {0};
    assert_null(hark_consumer_poll(asked->consumer, 100, 0, &err));
    assert_fine(err); // trouble is no error: it passes
    return hark_consumer_trouble(asked->consumer);
}

// Kafka goes away while messages wait here that were fetched before: they come, and are no sign of it.
static bool trouble_stays(struct mock *mock, struct reader *reader)
{
    struct hark_err err = {0};
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    bool came = false;
    while (!came && hark_clock_mono_us() < until_us) {
        struct hark_batch *batch = hark_consumer_poll(reader->consumer, 1, POLL_MS, &err);
        came = batch != NULL;
        hark_batch_free(batch);
    }
    rd_kafka_mock_broker_set_down(mock->cluster, 1);
    bool trouble = false;
    while (!trouble && hark_clock_mono_us() < until_us) {
        hark_batch_free(hark_consumer_poll(reader->consumer, 1, 0, &err));
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); // so that some are left
        trouble = hark_consumer_trouble(reader->consumer) != NULL;
    }
    hark_batch_free(hark_consumer_poll(reader->consumer, 1, POLL_MS, &err));
    return came && trouble && hark_consumer_trouble(reader->consumer);
}

// Kafka goes away from a reader: no error, but trouble, which passes; closing does not wait for a broker that is away.
static void test_broker_away_consumer(void **state)
{
    struct mock *mock = *state;
    struct reader reader = {0};
    producer_open(mock);
    send_range(mock, 0, 100);
    flush(mock);
    rd_kafka_mock_push_request_errors(mock->cluster, API_FETCH, 2, RD_KAFKA_RESP_ERR__TRANSPORT,
                                      RD_KAFKA_RESP_ERR__TRANSPORT);
    reader_open(&reader, mock);
    read_until(&reader, 100);
    asked = &reader;
    assert_true(until_trouble(mock, consumer_trouble, false));
    rd_kafka_mock_broker_set_down(mock->cluster, 1);
    assert_true(until_trouble(mock, consumer_trouble, true));
    rd_kafka_mock_broker_set_up(mock->cluster, 1);
    assert_true(until_trouble(mock, consumer_trouble, false));
    send_range(mock, 100, 200);
    flush(mock);
    read_until(&reader, 200);
    send_range(mock, 200, 1200);
    flush(mock);
    assert_true(trouble_stays(mock, &reader));
    assert_int_equal(reader.revoked, 0);
    hark_consumer_free(reader.consumer);
    assert_int_equal(reader.revoked, PARTITIONS);
}

// The group has thrown the member out (as a broker does with one that was stopped for too long): its partitions are
// lost at once, and it joins again, from the positions as they are then.
static void test_lost(void **state)
{
    struct mock *mock = *state;
    struct reader reader = {0};
    struct hark_err err = {0};
    producer_open(mock);
    send_range(mock, 0, 1000);
    flush(mock);
    reader_open(&reader, mock);
    read_until(&reader, 1000);
    assert_int_equal(reader.gets, PARTITIONS);
    rd_kafka_mock_push_request_errors(mock->cluster, API_HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    int64_t until_us = hark_clock_mono_us() + PATIENCE_US;
    while (reader.revoked < PARTITIONS && hark_clock_mono_us() < until_us)
        assert_null(hark_consumer_poll(reader.consumer, 100, POLL_MS, &err));
    assert_fine(err);
    assert_int_equal(reader.lost, PARTITIONS);
    send_range(mock, 1000, 2000);
    flush(mock);
    read_until(&reader, 2000);
    assert_int_equal(reader.gets, 2 * PARTITIONS);
    hark_consumer_free(reader.consumer);
}

int main(void)
{
    if (HARK_TEST_TSAN) {
        print_message("1..0 # SKIP the thread sanitizer does not see librdkafka's threads\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_refused),
        cmocka_unit_test(test_settings_wrong),
        cmocka_unit_test(test_settings_taken),
        cmocka_unit_test(test_options_missing),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test_setup_teardown(test_retries, mock_open, mock_close),
        cmocka_unit_test_setup_teardown(test_not_delivered, mock_open, mock_close),
        cmocka_unit_test_setup_teardown(test_broker_away_producer, mock_open, mock_close),
        cmocka_unit_test_setup_teardown(test_full_queue, mock_open, mock_close),
        cmocka_unit_test_setup_teardown(test_broker_away_consumer, mock_open, mock_close),
        cmocka_unit_test_setup_teardown(test_lost, mock_open, mock_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
