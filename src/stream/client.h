// What the consumer, the producer and the topic calls share: a librdkafka handle with checked settings, and what it
// last said about its brokers. Private to the room.
#pragma once

#include <hark/stream.h>

#include <librdkafka/rdkafka.h>
#include <pthread.h>

struct hark_setting {
    const char *name, *value;
    bool where_known; // older versions of librdkafka lack it, and do without
};

struct hark_client {
    rd_kafka_t *rk;
    char *brokers, *prefix;
    _Atomic bool down;    // no broker answers
    pthread_mutex_t lock; // of what follows
    char reason[400];     // why the last connection failed
    char trouble[1024];   // what hark_client_trouble() returned
    int64_t looked_us;    // when it last tried a broker
};

// Starts a handle with `defaults` (up to a NULL name), then the user's settings over them. `setup` (may be NULL) puts
// callbacks into the configuration; their opaque is the client. The caller calls hark_client_done() whatever the
// result.
int hark_client_init(struct hark_client *client, rd_kafka_type_t type, const struct hark_stream_options *options,
                     const struct hark_setting *defaults, void (*setup)(rd_kafka_conf_t *conf),
                     struct hark_err *err) HARK_CHECKED;
void hark_client_done(struct hark_client *client);

// What keeps it from any broker, for a log; NULL where one answers. Cheap while all is well; tries a broker at most
// each second else.
const char *hark_client_trouble(struct hark_client *client);
// "127.0.0.1:9092 (Connection refused)": the brokers tried and the reason where there is one.
void hark_client_tried(struct hark_client *client, char *out, size_t size);
// An error where librdkafka has given up for good, else 0.
int hark_client_fatal(struct hark_client *client, struct hark_err *err) HARK_CHECKED;

// Whether the error says that the topic does not exist.
bool hark_client_no_topic(rd_kafka_resp_err_t code);

// Adds the user's settings; refuses what exactness needs otherwise.
int hark_settings_apply(rd_kafka_conf_t *conf, const char *const *settings, struct hark_err *err) HARK_CHECKED;
