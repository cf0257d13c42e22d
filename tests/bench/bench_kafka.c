// The floors that hark is measured against: what a bare librdkafka consumer and a bare idempotent producer do with the
// same posts on the same machine, and beside them what is left of it through hark's own stream room, with nothing else
// done.
//
// usage: bench_kafka bare-produce|hark-produce BROKERS TOPIC POSTS.ndjson COUNT   (the file over and over, until COUNT)
//        bench_kafka bare-consume|hark-consume|hark-headers BROKERS TOPIC COUNT   (from the beginning of every
//        partition)
// TOPIC must exist. Prints one line: mode, messages, seconds, messages a second, CPU microseconds of this process a
// message.

#include <hark/clock.h>
#include <hark/stream.h>

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_kafka: %s: %s\n", what, why);
    exit(2);
}

struct watch {
    int64_t wall_us, cpu_us;
};

static struct watch watch_start(void)
{
    return (struct watch){hark_clock_mono_us(), hark_clock_cpu_us()};
}

static void watch_print(struct watch start, const char *mode, size_t n)
{
    double seconds = (double)(hark_clock_mono_us() - start.wall_us) / 1e6;
    double cpu = (double)(hark_clock_cpu_us() - start.cpu_us);
    printf("mode=%s messages=%zu seconds=%.2f rate=%.0f cpu_us=%.2f\n", mode, n, seconds, (double)n / seconds,
           cpu / (double)n);
}

// --- posts of a file ---

struct posts {
    char *bytes;
    struct hark_str *lines, *ids;
    size_t n, cap_lines, cap_ids;
};

static struct hark_str id_of(struct hark_str line)
{
    const char *from = memmem(line.ptr, line.len, "\"id\":\"", 6);
    if (!from) die("posts", "a line has no id");
    from += 6;
    const char *to = memchr(from, '"', (size_t)(line.ptr + line.len - from));
    if (!to) die("posts", "a line's id has no end");
    return hark_strn(from, (size_t)(to - from));
}

static char *file_read(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    if (!file) die(path, "cannot be opened");
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    rewind(file);
    char *bytes = hark_alloc(len + 1);
    if (fread(bytes, 1, len, file) != len) die(path, "cannot be read");
    fclose(file);
    *ret_len = len;
    return bytes;
}

static void posts_load(struct posts *posts, const char *path)
{
    size_t len;
    posts->bytes = file_read(path, &len);
    struct hark_str rest = {posts->bytes, len};
    while (rest.ptr && rest.len) {
        struct hark_str line = hark_str_cut(rest, '\n', &rest);
        if (!line.len) continue;
        posts->lines = hark_grow(posts->lines, posts->n, &posts->cap_lines, sizeof *posts->lines);
        posts->ids = hark_grow(posts->ids, posts->n, &posts->cap_ids, sizeof *posts->ids);
        posts->lines[posts->n] = line;
        posts->ids[posts->n++] = id_of(line);
    }
    if (!posts->n) die(path, "holds no posts");
}

static void posts_done(struct posts *posts)
{
    free(posts->bytes);
    free(posts->lines);
    free(posts->ids);
}

// --- bare librdkafka ---

static rd_kafka_t *bare_new(rd_kafka_type_t type, const char *const *settings)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (; *settings; settings += 2)
        if (rd_kafka_conf_set(conf, settings[0], settings[1], text, sizeof text)) die(settings[0], text);
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (!rk) die("librdkafka", text);
    return rk;
}

static void bare_produce(const char *brokers, const char *topic, const struct posts *posts, size_t count)
{
    const char *settings[] = {"bootstrap.servers",
                              brokers,
                              "enable.idempotence",
                              "true",
                              "compression.codec",
                              "lz4",
                              "linger.ms",
                              "10",
                              "queue.buffering.max.messages",
                              "100000",
                              NULL};
    rd_kafka_t *rk = bare_new(RD_KAFKA_PRODUCER, settings);
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
    struct watch watch = watch_start();
    for (size_t i = 0; i < count; i++) {
        struct hark_str line = posts->lines[i % posts->n], id = posts->ids[i % posts->n];
        while (rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, (void *)line.ptr, line.len, id.ptr,
                                id.len, NULL) < 0) {
            if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
                die("produce", rd_kafka_err2str(rd_kafka_last_error()));
            rd_kafka_poll(rk, 10);
        }
    }
    if (rd_kafka_flush(rk, 120000)) die("flush", "not all was delivered in time");
    watch_print(watch, "bare-produce", count);
    rd_kafka_topic_destroy(rkt);
    rd_kafka_destroy(rk);
}

static void bare_assign(rd_kafka_t *rk, const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
    rd_kafka_resp_err_t rc = rd_kafka_metadata(rk, 0, rkt, &metadata, 10000);
    if (rc) die(topic, rd_kafka_err2str(rc));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(rkt);
}

static void bare_consume(const char *brokers, const char *topic, size_t count)
{
    enum { BATCH = 10000 };
    static rd_kafka_message_t *messages[BATCH];
    const char *settings[] = {
        "bootstrap.servers",          brokers,  "group.id",   "bench-bare", "enable.auto.commit",  "false",
        "auto.offset.reset",          "error",  "check.crcs", "false",      "queued.min.messages", "1000000",
        "queued.max.messages.kbytes", "131072", NULL};
    rd_kafka_t *rk = bare_new(RD_KAFKA_CONSUMER, settings);
    rd_kafka_poll_set_consumer(rk);
    bare_assign(rk, topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
    struct watch watch = watch_start();
    size_t n = 0;
    uint64_t bytes = 0;
    while (n < count) {
        ssize_t got = rd_kafka_consume_batch_queue(queue, 5, messages, BATCH);
        for (ssize_t i = 0; i < got; i++) {
            if (!messages[i]->err) {
                n++;
                bytes += messages[i]->len;
            }
            rd_kafka_message_destroy(messages[i]);
        }
    }
    watch_print(watch, "bare-consume", n);
    if (!bytes) die(topic, "holds nothing but empty messages");
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

// --- hark's stream room ---

static void check(const struct hark_err *err, const char *what)
{
    if (err->code) die(what, hark_err_str(err));
}

static void hark_produce(const struct hark_stream_options *options, const char *topic, const struct posts *posts,
                         size_t count)
{
    struct hark_err err = {0};
    struct hark_producer *producer = hark_producer_new(options, &err);
    check(&err, "producer");
    struct watch watch = watch_start();
    for (size_t i = 0; i < count; i++)
        if (hark_producer_send(producer, topic, posts->ids[i % posts->n], posts->lines[i % posts->n],
                               HARK_STR("create"), HARK_STR("bluesky"), &err))
            check(&err, "send");
    if (hark_producer_flush(producer, NULL, NULL, &err)) check(&err, "flush");
    watch_print(watch, "hark-produce", count);
    hark_producer_free(producer);
}

static int from_start(void *arg, int32_t partition, int64_t *ret_offset, struct hark_err *err)
{
    (void)arg, (void)partition, (void)err;
    *ret_offset = HARK_POSITION_START;
    return 0;
}

static void revoked(void *arg, int32_t partition, bool lost)
{
    (void)arg, (void)partition, (void)lost;
}

static size_t headers_read(const struct hark_batch *batch)
{
    size_t bytes = 0;
    for (size_t i = 0; i < hark_batch_size(batch); i++) {
        struct hark_str op, source;
        hark_batch_headers(batch, i, &op, &source);
        bytes += op.len + source.len;
    }
    return bytes;
}

static void hark_consume(const struct hark_stream_options *options, const char *topic, size_t count, bool headers)
{
    struct hark_err err = {0};
    struct hark_positions positions = {from_start, revoked, NULL};
    struct hark_consumer *consumer = hark_consumer_new(options, topic, &positions, &err);
    check(&err, "consumer");
    struct watch watch = watch_start();
    size_t n = 0, bytes = 0;
    while (n < count) {
        struct hark_message message;
        struct hark_batch *batch = hark_consumer_poll(consumer, 10000, 1000, &err);
        check(&err, "poll");
        if (!batch) continue;
        if (!n) watch = watch_start(); // joining the group is not what is measured
        for (size_t i = 0; i < hark_batch_size(batch); i++) {
            hark_batch_get(batch, i, &message);
            bytes += message.payload.len;
        }
        if (headers) bytes += headers_read(batch);
        n += hark_batch_size(batch);
        hark_batch_free(batch);
    }
    watch_print(watch, headers ? "hark-headers" : "hark-consume", n);
    if (!bytes) die(topic, "holds nothing but empty messages");
    hark_consumer_free(consumer);
}

int main(int argc, char **argv)
{
    if (argc < 5) die("arguments", "see the head of bench_kafka.c");
    const char *mode = argv[1], *brokers = argv[2], *topic = argv[3];
    struct posts posts = {0};
    struct hark_stream_options options = {.brokers = brokers, .prefix = "", .group = "bench-hark"};
    size_t count = strtoul(argv[argc - 1], NULL, 10);
    if (argc == 6) posts_load(&posts, argv[4]);
    if (!strcmp(mode, "bare-produce"))
        bare_produce(brokers, topic, &posts, count);
    else if (!strcmp(mode, "bare-consume"))
        bare_consume(brokers, topic, count);
    else if (!strcmp(mode, "hark-produce"))
        hark_produce(&options, topic, &posts, count);
    else if (!strcmp(mode, "hark-consume"))
        hark_consume(&options, topic, count, false);
    else if (!strcmp(mode, "hark-headers"))
        hark_consume(&options, topic, count, true);
    else
        die(mode, "no such mode");
    posts_done(&posts);
    return 0;
}
