// Reading ranges of a log, each once and in order, without a group: for recounting.

#include "client.h"

#include <stdlib.h>

enum { POLL_MS = 500 };

static const struct hark_setting defaults[] = {
    // No member of it: librdkafka wants a name for any consumer that assigns itself.
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"enable.partition.eof", "true"},
    {"isolation.level", "read_committed"},
    {"queued.max.messages.kbytes", "65536"},
    {NULL},
};

struct log_reader {
    struct hark_client client;
    char *topic;
    const struct hark_partition *parts;
    size_t n;
    bool *done;
    size_t left;
};

static int assign(struct log_reader *reader, struct hark_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)reader->n);
    for (size_t i = 0; i < reader->n; i++) {
        reader->done[i] = reader->parts[i].first >= reader->parts[i].end;
        if (reader->done[i]) continue;
        rd_kafka_topic_partition_list_add(list, reader->topic, reader->parts[i].id)->offset = reader->parts[i].first;
        reader->left++;
    }
    rd_kafka_resp_err_t rc = rd_kafka_assign(reader->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return rc ? hark_err_set(err, HARK_ESERVICE, "Kafka: %s cannot be read: %s", reader->topic, rd_kafka_err2str(rc))
              : 0;
}

static size_t index_of(const struct log_reader *reader, int32_t id)
{
    size_t i = 0;
    while (reader->parts[i].id != id) i++; // librdkafka hands out what was assigned
    return i;
}

// The partition's range is read up to `next`: markers of transactions at its end are no messages.
static void reached(struct log_reader *reader, size_t i, int64_t next)
{
    if (reader->done[i] || next < reader->parts[i].end) return;
    reader->done[i] = true;
    reader->left--;
}

static int failed(struct log_reader *reader, const rd_kafka_message_t *message, struct hark_err *err)
{
    rd_kafka_resp_err_t code = message->err;
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        reached(reader, index_of(reader, message->partition), message->offset);
        return 0;
    }
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        return hark_err_retry(err, HARK_ESERVICE, "%s partition %d: the log was cut while it was read", reader->topic,
                              (int)message->partition);
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
        code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__RESOLVE)
        return 0; // librdkafka tries again
    return hark_err_set(err, HARK_ESERVICE, "Kafka: %s: %s", reader->topic, rd_kafka_message_errstr(message));
}

static int take(struct log_reader *reader, const rd_kafka_message_t *message,
                int (*each)(void *arg, const struct hark_message *message, struct hark_err *err), void *arg,
                struct hark_err *err)
{
    if (message->err) return failed(reader, message, err);
    size_t i = index_of(reader, message->partition);
    if (message->offset >= reader->parts[i].end) {
        reached(reader, i, message->offset);
        return 0;
    }
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(message, &type);
    const struct hark_message out = {.key = {message->key, message->key_len},
                                     .payload = {message->payload, message->len},
                                     .partition = message->partition,
                                     .offset = message->offset,
                                     .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : ms};
    int rc = each(arg, &out, err);
    reached(reader, i, message->offset + 1);
    return rc;
}

static int read_all(struct log_reader *reader,
                    int (*each)(void *arg, const struct hark_message *message, struct hark_err *err),
                    bool (*waiting)(void *arg), void *arg, struct hark_err *err)
{
    while (reader->left && !err->code) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->client.rk, POLL_MS);
        if (message) {
            (void)!take(reader, message, each, arg, err);
            rd_kafka_message_destroy(message);
        } else if (waiting && !waiting(arg)) {
            return hark_err_set(err, HARK_ESTOP, "stopped while reading %s", reader->topic);
        }
    }
    return err->code;
}

int hark_log_read(const struct hark_stream_options *options, const char *topic, const struct hark_partition *parts,
                  size_t n, int (*each)(void *arg, const struct hark_message *message, struct hark_err *err),
                  bool (*waiting)(void *arg), void *arg, struct hark_err *err)
{
    struct hark_setting settings[sizeof defaults / sizeof *defaults + 1] = {{"group.id", options->group}};
    struct log_reader reader = {.parts = parts, .n = n};
    struct hark_buf name = {0};
    memcpy(settings + 1, defaults, sizeof defaults);
    hark_buf_printf(&name, "%s%s", options->prefix ? options->prefix : "", topic);
    reader.topic = hark_str_dup(hark_buf_str(&name));
    reader.done = hark_calloc(n + 1, sizeof *reader.done);
    if (!hark_client_init(&reader.client, RD_KAFKA_CONSUMER, options, settings, NULL, err)) {
        rd_kafka_poll_set_consumer(reader.client.rk);
        if (assign(&reader, err) == 0) (void)!read_all(&reader, each, waiting, arg, err);
        rd_kafka_consumer_close(reader.client.rk);
    }
    hark_client_done(&reader.client);
    hark_buf_done(&name);
    free(reader.topic);
    free(reader.done);
    return err->code;
}
