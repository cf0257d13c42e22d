// Reading a topic as a member of a group, from positions that the caller keeps.
//
// Two queues. librdkafka puts everything for a consumer into one queue: messages, rebalances, errors. Here the messages
// of each partition are forwarded into a queue of their own when the partition is assigned, so that
//   - a rebalance never happens in the middle of a batch: the events are served first, then messages are taken, and
//   librdkafka drops
//     by itself the messages of an assignment that has gone by then;
//   - hark_consumer_keepalive() can serve the events alone while the caller waits for Redis, and the messages stay
//   where they are. The
//     process remains a member however long that takes, hands over partitions at once when another joins, and one that
//     is stuck (calls neither poll nor keepalive for max.poll.interval.ms, 5 minutes) still loses its partitions to the
//     others.
// Both queues wake one eventfd, so waiting costs nothing.
//
// A rebalance says only which partitions are ours: its callback notes them as wanted. hark_consumer_poll() then asks
// the caller for each position and starts the partition there. Where the position cannot be had (Redis is away) the
// partition stays wanted and the next poll asks again. To go back to another offset a partition is taken out and
// started anew (a seek fails for a partition that has stopped at an offset that is gone).
//
// `next` is the offset behind the last message handed out, or behind the last one that there is: at the end of a
// partition librdkafka says so, and what transactions leave in the log (markers, aborted messages) is passed over.

#include "client.h"

#include <hark/clock.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ASK_MS = 5000,   // for a broker's answer to a question in passing
    LEAVE_MS = 2000, // for leaving the group
};

struct part {
    bool wanted;   // ours by the group, its position not known yet
    bool assigned; // started
    bool stopped;  // at an offset that the log does not have; not reported yet
    bool untold;   // taken away during a keepalive: the caller hears of it in the next poll
    int64_t next;  // see above; HARK_POSITION_START where the first message is still to come
};

struct hark_consumer {
    struct hark_client client; // first: the opaque of librdkafka's callbacks is both
    char *topic;               // with the prefix
    struct hark_positions positions;
    rd_kafka_queue_t *events, *messages;
    struct part *parts; // by partition
    size_t nparts, cap, nwanted, nstopped, nuntold;
    bool joined; // the group has assigned something, be it nothing
    bool keeping_alive;
    rd_kafka_message_t **taken; // of one call to librdkafka
    size_t cap_taken;
    struct hark_err pending; // came behind messages that are handed out first
    int wake_fd;
};

struct hark_batch {
    size_t n;
    rd_kafka_message_t *v[];
};

static const struct hark_setting defaults[] = {
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"enable.partition.eof", "true"},
    {"isolation.level", "read_committed"},
    // What is fetched ahead, and the memory that a lag takes. Before 2.2 librdkafka looks at a full queue again only
    // after up to a second, so it must hold about what is read in that time: at 2 us a post 64 MiB make the reader wait
    // half of the time, 128 MiB do not.
    {"queued.min.messages", "1000000"},
    {"queued.max.messages.kbytes", "131072"},
    {"fetch.queue.backoff.ms", "10", .where_known = true},
    {NULL},
};

static struct part *part_at(struct hark_consumer *consumer, int32_t id)
{
    while (consumer->nparts <= (size_t)id) {
        consumer->parts = hark_grow(consumer->parts, consumer->nparts, &consumer->cap, sizeof *consumer->parts);
        consumer->parts[consumer->nparts++] = (struct part){.next = HARK_POSITION_START};
    }
    return &consumer->parts[id];
}

// --- rebalance ---

static void want(struct hark_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        struct part *part = part_at(consumer, list->elems[i].partition);
        if (!part->wanted && !part->assigned) consumer->nwanted++;
        part->wanted = !part->assigned;
    }
}

static void forget(struct hark_consumer *consumer, struct part *part)
{
    consumer->nwanted -= part->wanted;
    consumer->nstopped -= part->stopped;
    *part = (struct part){.next = HARK_POSITION_START, .untold = part->untold};
}

static void tell(struct hark_consumer *consumer, int32_t id, bool lost)
{
    struct part *part = part_at(consumer, id);
    if (!consumer->keeping_alive) {
        consumer->positions.revoked(consumer->positions.arg, id, lost);
    } else if (!part->untold) {
        part->untold = true;
        consumer->nuntold++;
    }
}

static void tell_late(struct hark_consumer *consumer)
{
    for (size_t id = 0; consumer->nuntold && id < consumer->nparts; id++) {
        if (!consumer->parts[id].untold) continue;
        consumer->parts[id].untold = false;
        consumer->nuntold--;
        consumer->positions.revoked(consumer->positions.arg, (int32_t)id, true);
    }
}

// Tells the caller, and returns those that librdkafka knows of: it refuses a list that names another.
static rd_kafka_topic_partition_list_t *give_up(struct hark_consumer *consumer,
                                                const rd_kafka_topic_partition_list_t *list, bool lost)
{
    rd_kafka_topic_partition_list_t *started = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++) {
        int32_t id = list->elems[i].partition;
        bool assigned = part_at(consumer, id)->assigned;
        forget(consumer, part_at(consumer, id)); // before the caller is told: a seek in there has nothing to do
        if (!assigned) continue;
        tell(consumer, id, lost);
        rd_kafka_topic_partition_list_add(started, consumer->topic, id);
    }
    return started;
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct hark_consumer *consumer = opaque;
    rd_kafka_error_t *error = NULL;
    consumer->joined = true;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
        want(consumer, list);
        error = rd_kafka_incremental_assign(rk, none);
        rd_kafka_topic_partition_list_destroy(none);
    } else {
        rd_kafka_topic_partition_list_t *started = give_up(consumer, list, rd_kafka_assignment_lost(rk));
        error = rd_kafka_incremental_unassign(rk, started);
        rd_kafka_topic_partition_list_destroy(started);
    }
    if (!error) return;
    hark_err_set(&consumer->pending, HARK_ESERVICE, "Kafka: a rebalance of group failed: %s",
                 rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

// --- starting a partition ---

static int forward(struct hark_consumer *consumer, int32_t id, struct hark_err *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(consumer->client.rk, consumer->topic, id);
    if (!queue) return hark_err_set(err, HARK_EBUG, "%s: partition %d has no queue", consumer->topic, (int)id);
    rd_kafka_queue_forward(queue, consumer->messages);
    rd_kafka_queue_destroy(queue);
    return 0;
}

static int incremental(struct hark_consumer *consumer, int32_t id, int64_t offset, bool assign, struct hark_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, consumer->topic, id)->offset = offset;
    rd_kafka_error_t *error = assign ? rd_kafka_incremental_assign(consumer->client.rk, list)
                                     : rd_kafka_incremental_unassign(consumer->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (!error) return 0;
    hark_err_set(err, HARK_ESERVICE, "Kafka: partition %d of %s cannot be %s: %s", (int)id, consumer->topic,
                 assign ? "started" : "stopped", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return err->code;
}

static int start(struct hark_consumer *consumer, int32_t id, int64_t offset, struct hark_err *err)
{
    if (forward(consumer, id, err)) return err->code;
    if (incremental(consumer, id, offset < 0 ? RD_KAFKA_OFFSET_BEGINNING : offset, true, err)) return err->code;
    struct part *part = part_at(consumer, id);
    part->assigned = true;
    part->next = offset < 0 ? HARK_POSITION_START : offset;
    return 0;
}

// Asks for the positions of what is wanted and starts it.
static int settle(struct hark_consumer *consumer, struct hark_err *err)
{
    for (size_t id = 0; consumer->nwanted && id < consumer->nparts; id++) {
        int64_t offset = HARK_POSITION_START;
        if (!consumer->parts[id].wanted) continue;
        int rc = consumer->positions.get(consumer->positions.arg, (int32_t)id, &offset, err);
        if (rc < 0) return hark_err_set(err, rc, "the position of partition %zu is not known", id);
        // The caller may have kept the membership alive while it asked, and the partition was taken away again.
        if (!consumer->parts[id].wanted) continue;
        if (start(consumer, (int32_t)id, offset, err)) return err->code;
        consumer->parts[id].wanted = false;
        consumer->nwanted--;
    }
    return 0;
}

// librdkafka's main thread stops the partition after it has answered, and takes the forwarding away with that. It does
// one thing after the other: once it has answered another question the partition has stopped.
static void stopping(struct hark_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *list;
    if (!rd_kafka_assignment(consumer->client.rk, &list)) rd_kafka_topic_partition_list_destroy(list);
}

int hark_consumer_seek(struct hark_consumer *consumer, int32_t partition, int64_t offset, struct hark_err *err)
{
    if (!hark_consumer_assigned(consumer, partition)) return 0;
    if (incremental(consumer, partition, 0, false, err)) return err->code;
    stopping(consumer);
    forget(consumer, part_at(consumer, partition));
    return start(consumer, partition, offset, err);
}

// --- errors ---

// What is said of a position that the log does not have: retention has overtaken it, or the topic was made anew.
static int gap_say(const char *topic, int32_t id, int64_t next, int64_t first, int64_t end, struct hark_err *err)
{
    if (next < first)
        return hark_err_set(
            err, HARK_ESERVICE,
            "%s partition %d: the position is %lld but the log begins at %lld now: %lld posts were deleted before "
            "they were counted (the topic keeps them for less time than the matcher lags behind); `hark match "
            "--rebuild` counts anew what the log still holds",
            topic, (int)id, (long long)next, (long long)first, (long long)(first - next));
    return hark_err_set(
        err, HARK_ESERVICE,
        "%s partition %d: the position is %lld but the log ends at %lld: %lld posts that were counted are gone from "
        "it, or the topic was deleted and made anew; `hark match --rebuild` counts anew what the log holds",
        topic, (int)id, (long long)next, (long long)end, (long long)(next - end));
}

static int gap(struct hark_consumer *consumer, int32_t id, struct hark_err *err)
{
    int64_t first, end, next = consumer->parts[id].next;
    rd_kafka_resp_err_t rc =
        rd_kafka_query_watermark_offsets(consumer->client.rk, consumer->topic, id, &first, &end, ASK_MS);
    if (rc)
        return hark_err_retry(err, HARK_ESERVICE,
                              "%s partition %d: the log does not have position %lld, nor says what it has: %s",
                              consumer->topic, (int)id, (long long)next, rd_kafka_err2str(rc));
    consumer->parts[id].stopped = false;
    consumer->nstopped--;
    // Where no position was stored, retention may move the beginning between the question and the read; the log may
    // have grown meanwhile.
    if (next < 0 || (next >= first && next <= end))
        return hark_consumer_seek(consumer, id, next < 0 ? first : next, err);
    if (next < first && consumer->positions.gap) {
        if (consumer->positions.gap(consumer->positions.arg, id, next, first, err)) return err->code;
        return hark_consumer_seek(consumer, id, first, err);
    }
    return gap_say(consumer->topic, id, next, first, end, err);
}

// One error a call: each partition is reported.
static int gaps(struct hark_consumer *consumer, struct hark_err *err)
{
    for (size_t id = 0; consumer->nstopped && id < consumer->nparts; id++)
        if (consumer->parts[id].stopped && gap(consumer, (int32_t)id, err)) return err->code;
    return 0;
}

// Errors that librdkafka mends by itself.
static bool passing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
           code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED || code == RD_KAFKA_RESP_ERR__NO_OFFSET;
}

static void stopped(struct hark_consumer *consumer, int32_t id)
{
    if (!hark_consumer_assigned(consumer, id) || consumer->parts[id].stopped) return;
    consumer->parts[id].stopped = true;
    consumer->nstopped++;
}

static void event(struct hark_consumer *consumer, const rd_kafka_message_t *message)
{
    struct hark_err *err = &consumer->pending;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (hark_consumer_assigned(consumer, message->partition))
            part_at(consumer, message->partition)->next = message->offset;
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        stopped(consumer, message->partition);
    } else if (hark_client_no_topic(message->err)) {
        hark_err_set(err, HARK_ESERVICE, "topic %s does not exist: run `hark setup`", consumer->topic);
    } else if (!passing(message->err) && !hark_client_fatal(&consumer->client, err)) {
        hark_err_set(err, HARK_ESERVICE, "Kafka: %s: %s", consumer->topic, rd_kafka_message_errstr(message));
    }
}

// --- reading ---

// Rebalances run in here.
static void serve(struct hark_consumer *consumer)
{
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(consumer->client.rk, 0))) {
        if (message->err)
            event(consumer, message);
        else
            hark_err_set(&consumer->pending, HARK_EBUG, "a message came through the queue of events");
        rd_kafka_message_destroy(message);
    }
}

void hark_consumer_keepalive(struct hark_consumer *consumer)
{
    consumer->keeping_alive = true;
    serve(consumer);
    consumer->keeping_alive = false;
}

// Whether the message is to be handed out.
static inline bool fresh(struct hark_consumer *consumer, const rd_kafka_message_t *message)
{
    if ((size_t)message->partition >= consumer->nparts) return false;
    struct part *part = &consumer->parts[message->partition];
    if (!part->assigned || message->offset < part->next) return false;
    part->next = message->offset + 1;
    return true;
}

static struct hark_batch *batch_of(struct hark_consumer *consumer, size_t n)
{
    struct hark_batch *batch = hark_alloc(sizeof *batch + n * sizeof *batch->v);
    batch->n = 0;
    for (size_t i = 0; i < n; i++) {
        rd_kafka_message_t *message = consumer->taken[i];
        if (!message->err && fresh(consumer, message)) {
            batch->v[batch->n++] = message;
            continue;
        }
        if (message->err) event(consumer, message);
        rd_kafka_message_destroy(message);
    }
    if (batch->n) return batch;
    free(batch);
    return NULL;
}

// Takes what is there, without waiting for more. One by one: librdkafka's call for a batch
// (rd_kafka_consume_batch_queue) is no faster and loses messages of partitions that stay when a rebalance stops and
// resumes them. Where it has put messages into the batch already when the stop comes in it takes them out again but
// goes on behind them; and from 2.1 it takes the end of a partition for a message, and goes on behind the next one.
static struct hark_batch *take(struct hark_consumer *consumer, size_t max)
{
    size_t n = 0;
    if (consumer->cap_taken < max) {
        consumer->taken = hark_realloc(consumer->taken, max, sizeof *consumer->taken);
        consumer->cap_taken = max;
    }
    while (n < max && (consumer->taken[n] = rd_kafka_consume_queue(consumer->messages, 0))) n++;
    if (n == 0) return NULL;
    return batch_of(consumer, n);
}

static void wait_for(struct hark_consumer *consumer, int64_t us)
{
    uint64_t count;
    struct pollfd fd = {.fd = consumer->wake_fd, .events = POLLIN};
    if (poll(&fd, 1, (int)((us + 999) / 1000)) > 0) (void)!read(consumer->wake_fd, &count, sizeof count);
}

static int pending(struct hark_consumer *consumer, struct hark_err *err)
{
    if (!consumer->pending.code) return 0;
    if (!err->code) *err = consumer->pending;
    consumer->pending = (struct hark_err){0};
    return err->code;
}

struct hark_batch *hark_consumer_poll(struct hark_consumer *consumer, size_t max, int timeout_ms, struct hark_err *err)
{
    int64_t until_us = hark_clock_mono_us() + timeout_ms * 1000LL;
    tell_late(consumer);
    for (;;) {
        serve(consumer);
        if (pending(consumer, err) || gaps(consumer, err) || settle(consumer, err)) return NULL;
        struct hark_batch *batch = take(consumer, max);
        if (batch) return batch;
        if (consumer->pending.code || consumer->nstopped) continue;
        int64_t left_us = until_us - hark_clock_mono_us();
        if (left_us <= 0) return NULL;
        wait_for(consumer, left_us);
    }
}

size_t hark_batch_size(const struct hark_batch *batch)
{
    return batch->n;
}

void hark_batch_get(const struct hark_batch *batch, size_t i, struct hark_message *ret)
{
    const rd_kafka_message_t *message = batch->v[i];
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(message, &type);
    *ret = (struct hark_message){.key = {message->key, message->key_len},
                                 .payload = {message->payload, message->len},
                                 .partition = message->partition,
                                 .offset = message->offset,
                                 .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : ms};
}

static struct hark_str header(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    if (rd_kafka_header_get_last(headers, name, &value, &size)) return (struct hark_str){0};
    return hark_strn(value, size);
}

void hark_batch_headers(const struct hark_batch *batch, size_t i, struct hark_str *ret_op, struct hark_str *ret_source)
{
    rd_kafka_headers_t *headers;
    bool any = !rd_kafka_message_headers(batch->v[i], &headers);
    *ret_op = any ? header(headers, "op") : (struct hark_str){0};
    *ret_source = any ? header(headers, "source") : (struct hark_str){0};
}

void hark_batch_free(struct hark_batch *batch)
{
    if (!batch) return;
    for (size_t i = 0; i < batch->n; i++) rd_kafka_message_destroy(batch->v[i]);
    free(batch);
}

// --- what is known of a partition ---

bool hark_consumer_assigned(const struct hark_consumer *consumer, int32_t partition)
{
    return partition >= 0 && (size_t)partition < consumer->nparts && consumer->parts[partition].assigned;
}

int64_t hark_consumer_position(const struct hark_consumer *consumer, int32_t partition)
{
    return hark_consumer_assigned(consumer, partition) ? consumer->parts[partition].next : HARK_POSITION_START;
}

int64_t hark_consumer_end(const struct hark_consumer *consumer, int32_t partition)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(consumer->client.rk, consumer->topic, partition, &low, &high)) return -1;
    return high < 0 ? -1 : high;
}

const char *hark_consumer_trouble(struct hark_consumer *consumer)
{
    return hark_client_trouble(&consumer->client);
}

void hark_consumer_commit_hint(struct hark_consumer *consumer, int32_t partition, int64_t offset, const char *metadata)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *elem = rd_kafka_topic_partition_list_add(list, consumer->topic, partition);
    elem->offset = offset;
    if (metadata) {
        elem->metadata = hark_str_dup(hark_str(metadata));
        elem->metadata_size = strlen(metadata);
    }
    rd_kafka_commit(consumer->client.rk, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

int hark_consumer_hint(struct hark_consumer *consumer, int32_t partition, int64_t *ret_offset, struct hark_buf *out,
                       struct hark_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *elem = rd_kafka_topic_partition_list_add(list, consumer->topic, partition);
    rd_kafka_resp_err_t rc = rd_kafka_committed(consumer->client.rk, list, ASK_MS);
    if (!rc) rc = elem->err;
    if (rc) {
        hark_err_retry(err, HARK_ESERVICE, "Kafka: the note of partition %d cannot be read: %s", (int)partition,
                       rd_kafka_err2str(rc));
    } else {
        *ret_offset = elem->offset >= 0 ? elem->offset : HARK_POSITION_START;
        hark_buf_add(out, elem->metadata, elem->metadata_size);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err->code;
}

// --- life ---

static void setup(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
}

static int subscribe(struct hark_consumer *consumer, struct hark_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, consumer->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t rc = rd_kafka_subscribe(consumer->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return rc ? hark_err_set(err, HARK_EINPUT, "Kafka: topic %s: %s", consumer->topic, rd_kafka_err2str(rc)) : 0;
}

static int queues(struct hark_consumer *consumer, struct hark_err *err)
{
    static const uint64_t one = 1;
    rd_kafka_poll_set_consumer(consumer->client.rk);
    consumer->events = rd_kafka_queue_get_consumer(consumer->client.rk);
    consumer->messages = rd_kafka_queue_new(consumer->client.rk);
    consumer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (consumer->wake_fd < 0) return hark_err_set(err, HARK_EBUG, "eventfd: %s", strerror(errno));
    rd_kafka_queue_io_event_enable(consumer->events, consumer->wake_fd, &one, sizeof one);
    rd_kafka_queue_io_event_enable(consumer->messages, consumer->wake_fd, &one, sizeof one);
    return 0;
}

struct hark_consumer *hark_consumer_new(const struct hark_stream_options *options, const char *topic,
                                        const struct hark_positions *positions, struct hark_err *err)
{
    struct hark_setting settings[sizeof defaults / sizeof *defaults + 1] = {{"group.id", options->group}};
    memcpy(settings + 1, defaults, sizeof defaults);
    if (!options->group || !*options->group) {
        hark_err_set(err, HARK_EINPUT, "group: no consumer group is given");
        return NULL;
    }
    struct hark_buf name = {0};
    struct hark_consumer *consumer = hark_calloc(1, sizeof *consumer);
    hark_buf_printf(&name, "%s%s", options->prefix ? options->prefix : "", topic);
    consumer->topic = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    consumer->positions = *positions;
    consumer->wake_fd = -1;
    if (!hark_client_init(&consumer->client, RD_KAFKA_CONSUMER, options, settings, setup, err) &&
        !queues(consumer, err) && !subscribe(consumer, err))
        return consumer;
    hark_consumer_free(consumer);
    return NULL;
}

// Bounded: where Kafka is away nobody takes the partitions over, and the group finds out by itself.
static void leave(struct hark_consumer *consumer)
{
    int64_t until_us = hark_clock_mono_us() + LEAVE_MS * 1000LL;
    tell_late(consumer);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->client.rk, consumer->events);
    if (error) rd_kafka_error_destroy(error);
    while (!rd_kafka_consumer_closed(consumer->client.rk) && hark_clock_mono_us() < until_us)
        rd_kafka_queue_poll_callback(consumer->events, 50);
}

// librdkafka before 2.3 aborts the process where a member ends while it joins the group for the first time
// (confluentinc/librdkafka#4312). Such a handle has left the group; what it holds stays until the process ends.
static void leave_be(struct hark_client *client)
{
    if (rd_kafka_version() < 0x02030000) client->rk = NULL;
}

void hark_consumer_free(struct hark_consumer *consumer)
{
    if (!consumer) return;
    if (consumer->client.rk) leave(consumer);
    if (consumer->messages) rd_kafka_queue_destroy(consumer->messages);
    if (consumer->events) rd_kafka_queue_destroy(consumer->events);
    if (!consumer->joined) leave_be(&consumer->client);
    hark_client_done(&consumer->client);
    if (consumer->wake_fd >= 0) close(consumer->wake_fd);
    free(consumer->parts);
    free(consumer->taken);
    free(consumer->topic);
    free(consumer);
}
