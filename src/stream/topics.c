// Topics and brokers: is one there, make one.

#include "client.h"

#include <hark/clock.h>

#include <stdio.h>
#include <stdlib.h>

enum { ASK_MS = 8000 };

static const struct hark_setting defaults[] = {{NULL}};

static int left_ms(int64_t until_us)
{
    int64_t left = (until_us - hark_clock_mono_us()) / 1000;
    return left < 1 ? 1 : (int)left;
}

static int64_t until(int timeout_ms)
{
    return hark_clock_mono_us() + timeout_ms * 1000LL;
}

static int no_answer(struct hark_client *client, rd_kafka_resp_err_t code, struct hark_err *err)
{
    char tried[600];
    rd_kafka_poll(client->rk, 0); // the reason comes as an event
    hark_client_tried(client, tried, sizeof tried);
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT)
        return hark_err_retry(err, HARK_ESERVICE, "Kafka does not answer at %s", tried);
    return hark_err_set(err, HARK_ESERVICE, "Kafka at %s: %s", tried, rd_kafka_err2str(code));
}

int hark_stream_ping(const struct hark_stream_options *options, int timeout_ms, struct hark_err *err)
{
    struct hark_client client = {0};
    const struct rd_kafka_metadata *metadata;
    if (!hark_client_init(&client, RD_KAFKA_PRODUCER, options, defaults, NULL, err)) {
        rd_kafka_resp_err_t rc = rd_kafka_metadata(client.rk, 0, NULL, &metadata, timeout_ms);
        if (rc)
            no_answer(&client, rc, err);
        else
            rd_kafka_metadata_destroy(metadata);
    }
    hark_client_done(&client);
    return err->code;
}

// 1 where the topic exists, 0 where it does not. All topics are asked for: a broker may make the one that is asked for
// by name.
static int exists(struct hark_client *client, const char *name, int64_t until_us, struct hark_err *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t rc = rd_kafka_metadata(client->rk, 1, NULL, &metadata, left_ms(until_us));
    if (rc) return no_answer(client, rc, err);
    int found = 0;
    for (int i = 0; i < metadata->topic_cnt && !found; i++) found = !strcmp(metadata->topics[i].topic, name);
    rd_kafka_metadata_destroy(metadata);
    return found;
}

int hark_topic_exists(const struct hark_stream_options *options, const char *topic, int timeout_ms,
                      struct hark_err *err)
{
    struct hark_client client = {0};
    struct hark_buf name = {0};
    int found = 0;
    if (!hark_client_init(&client, RD_KAFKA_PRODUCER, options, defaults, NULL, err)) {
        hark_buf_printf(&name, "%s%s", client.prefix, topic);
        found = exists(&client, hark_buf_cstr(&name), until(timeout_ms), err);
    }
    hark_buf_done(&name);
    hark_client_done(&client);
    return err->code ? err->code : found;
}

// --- where a topic begins and ends ---

static int partition_count(struct hark_client *client, const char *name, int64_t until_us, struct hark_err *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(client->rk, name, NULL);
    rd_kafka_resp_err_t rc = rd_kafka_metadata(client->rk, 0, rkt, &metadata, left_ms(until_us));
    int n = 0;
    rd_kafka_topic_destroy(rkt);
    if (!rc) {
        rc = metadata->topics[0].err;
        n = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    if (hark_client_no_topic(rc))
        return hark_err_set(err, HARK_ESERVICE, "topic %s does not exist: run `hark setup`", name);
    return rc ? no_answer(client, rc, err) : n;
}

static int ends(struct hark_client *client, const char *name, int64_t until_us, struct hark_partition **ret,
                struct hark_err *err)
{
    int n = partition_count(client, name, until_us, err);
    if (n < 0) return n;
    struct hark_partition *partitions = hark_calloc((size_t)n + 1, sizeof *partitions);
    rd_kafka_resp_err_t rc = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int32_t id = 0; id < n && !rc; id++) {
        struct hark_partition *p = &partitions[id];
        p->id = id;
        rc = rd_kafka_query_watermark_offsets(client->rk, name, id, &p->first, &p->end, left_ms(until_us));
    }
    if (!rc) {
        *ret = partitions;
        return n;
    }
    free(partitions);
    return no_answer(client, rc, err);
}

int hark_topic_ends(const struct hark_stream_options *options, const char *topic, struct hark_partition **ret,
                    struct hark_err *err)
{
    struct hark_client client = {0};
    struct hark_buf name = {0};
    int n = 0;
    if (!hark_client_init(&client, RD_KAFKA_PRODUCER, options, defaults, NULL, err)) {
        hark_buf_printf(&name, "%s%s", client.prefix, topic);
        n = ends(&client, hark_buf_cstr(&name), until(ASK_MS), ret, err);
    }
    hark_buf_done(&name);
    hark_client_done(&client);
    return err->code ? err->code : n;
}

// --- making topics ---

struct making {
    struct hark_client client;
    const struct hark_topic *topics;
    size_t n;
    int64_t until_us;
    rd_kafka_NewTopic_t **wanted;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event;
};

// Number of replicas: the broker's own default (default.replication.factor).
static int want(struct making *making, const struct hark_topic *topic, rd_kafka_NewTopic_t **ret, struct hark_err *err)
{
    char text[512];
    struct hark_buf name = {0};
    hark_buf_printf(&name, "%s%s", making->client.prefix, topic->name);
    *ret = rd_kafka_NewTopic_new(hark_buf_cstr(&name), topic->partitions, -1, text, sizeof text);
    if (!*ret) hark_err_set(err, HARK_EINPUT, "topic %s: %s", hark_buf_cstr(&name), text);
    hark_buf_done(&name);
    for (const char *const *s = topic->settings; !err->code && s && *s; s += 2)
        if (rd_kafka_NewTopic_set_config(*ret, s[0], s[1]))
            hark_err_set(err, HARK_EINPUT, "topic %s: setting %s cannot be used", topic->name, s[0]);
    return err->code;
}

static int ask(struct making *making, struct hark_err *err)
{
    char text[512];
    rd_kafka_AdminOptions_t *admin = rd_kafka_AdminOptions_new(making->client.rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(admin, left_ms(making->until_us), text, sizeof text);
    rd_kafka_CreateTopics(making->client.rk, making->wanted, making->n, admin, making->queue);
    rd_kafka_AdminOptions_destroy(admin);
    making->event = rd_kafka_queue_poll(making->queue, left_ms(making->until_us) + 1000);
    rd_kafka_resp_err_t rc = making->event ? rd_kafka_event_error(making->event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    return rc ? no_answer(&making->client, rc, err) : 0;
}

// A topic is of use once the broker that answers questions knows of it.
static int wait_for(struct making *making, const char *name, struct hark_err *err)
{
    for (;;) {
        int found = exists(&making->client, name, making->until_us, err);
        if (found) return found < 0 ? found : 0;
        if (hark_clock_mono_us() >= making->until_us)
            return hark_err_retry(err, HARK_ESERVICE, "topic %s was created but does not show", name);
        rd_kafka_poll(making->client.rk, 20);
    }
}

static int results(struct making *making, void (*each)(void *arg, const char *topic, bool created), void *arg,
                   struct hark_err *err)
{
    size_t n = 0, cut = strlen(making->client.prefix);
    const rd_kafka_topic_result_t **v =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(making->event), &n);
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t rc = rd_kafka_topic_result_error(v[i]);
        const char *name = rd_kafka_topic_result_name(v[i]), *why = rd_kafka_topic_result_error_string(v[i]);
        if (rc && rc != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return hark_err_set(err, HARK_ESERVICE, "topic %s cannot be created: %s", name,
                                why ? why : rd_kafka_err2str(rc));
        if (!rc && wait_for(making, name, err)) return err->code;
        if (each) each(arg, name + cut, !rc);
    }
    return 0;
}

static void making_done(struct making *making)
{
    if (making->event) rd_kafka_event_destroy(making->event);
    if (making->queue) rd_kafka_queue_destroy(making->queue);
    for (size_t i = 0; i < making->n; i++)
        if (making->wanted[i]) rd_kafka_NewTopic_destroy(making->wanted[i]);
    free(making->wanted);
    hark_client_done(&making->client);
}

int hark_topics_create(const struct hark_stream_options *options, const struct hark_topic *topics, size_t n,
                       int timeout_ms, void (*each)(void *arg, const char *topic, bool created), void *arg,
                       struct hark_err *err)
{
    struct making making = {.topics = topics, .n = n, .until_us = until(timeout_ms)};
    making.wanted = hark_calloc(n + 1, sizeof *making.wanted);
    if (!hark_client_init(&making.client, RD_KAFKA_PRODUCER, options, defaults, NULL, err)) {
        making.queue = rd_kafka_queue_new(making.client.rk);
        for (size_t i = 0; i < n && !err->code; i++) (void)!want(&making, &topics[i], &making.wanted[i], err);
        if (n && !err->code && !ask(&making, err)) (void)!results(&making, each, arg, err);
    }
    making_done(&making);
    return err->code;
}
