// A librdkafka handle and what it last said about its brokers.
//
// librdkafka reconnects for ever by itself, and says through an error callback that a connection failed and that no
// broker is left; it does not say that one is back. So while no broker is left, whoever asks hark_client_trouble()
// tries one, at most once a second. A message says nothing: it may have been fetched before.

#include "client.h"

#include <hark/clock.h>
#include <hark/versions.h>

#include <stdio.h>
#include <stdlib.h>

enum { LOOK_EVERY_US = 1000000, LOOK_FOR_MS = 100 };

static bool about_connection(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
           code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
}

// "sasl_ssl://host:9092/bootstrap: Connect to ipv4#… failed: Connection refused (after 0ms in state CONNECT)": what
// stands behind the first ": " and before the last " (".
static void reason_keep(struct hark_client *client, const char *text)
{
    const char *from = strstr(text, ": ");
    from = from ? from + 2 : text;
    const char *to = strstr(from, " (after ");
    snprintf(client->reason, sizeof client->reason, "%.*s", to ? (int)(to - from) : (int)strlen(from), from);
}

static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
    (void)rk;
    struct hark_client *client = opaque;
    pthread_mutex_lock(&client->lock);
    if (about_connection(code)) reason_keep(client, text);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__AUTHENTICATION) client->down = true;
    pthread_mutex_unlock(&client->lock);
}

static const struct hark_setting common[] = {
    {"reconnect.backoff.max.ms",
     "1000"}, // how long Kafka may be back before it is noticed; librdkafka's own limit is 10 s
    {NULL},
};

static int defaults_apply(rd_kafka_conf_t *conf, const struct hark_setting *defaults, struct hark_err *err)
{
    char text[512];
    for (; defaults->name; defaults++) {
        rd_kafka_conf_res_t rc = rd_kafka_conf_set(conf, defaults->name, defaults->value, text, sizeof text);
        if (rc == RD_KAFKA_CONF_OK || (rc == RD_KAFKA_CONF_UNKNOWN && defaults->where_known)) continue;
        return hark_err_set(err, HARK_EBUG, "librdkafka %s: %s=%s: %s", rd_kafka_version_str(), defaults->name,
                            defaults->value, text);
    }
    return 0;
}

static int brokers_apply(rd_kafka_conf_t *conf, const char *brokers, struct hark_err *err)
{
    char text[512];
    if (!brokers || !*brokers) return hark_err_set(err, HARK_EINPUT, "kafka: no broker is given (host:port,…)");
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text))
        return hark_err_set(err, HARK_EINPUT, "kafka: %s", text);
    return 0;
}

// librdkafka's log is for people who debug librdkafka: it shows where they ask for it with kafka.debug.
static bool wants_log(const char *const *settings)
{
    for (; settings && *settings; settings += 2)
        if (!strcmp(settings[0], "debug")) return true;
    return false;
}

int hark_client_init(struct hark_client *client, rd_kafka_type_t type, const struct hark_stream_options *options,
                     const struct hark_setting *defaults, void (*setup)(rd_kafka_conf_t *conf), struct hark_err *err)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    pthread_mutex_init(&client->lock, NULL);
    client->brokers = hark_str_dup(hark_str(options->brokers ? options->brokers : ""));
    client->prefix = hark_str_dup(hark_str(options->prefix ? options->prefix : ""));
    if (defaults_apply(conf, common, err) || defaults_apply(conf, defaults, err) ||
        brokers_apply(conf, options->brokers, err) || hark_settings_apply(conf, options->settings, err))
        goto out;
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (!wants_log(options->settings)) rd_kafka_conf_set_log_cb(conf, NULL);
    if (setup) setup(conf);
    client->rk = rd_kafka_new(type, conf, text, sizeof text);
    if (client->rk) return 0;
    hark_err_set(err, HARK_EINPUT, "kafka: %s", text);
out:
    rd_kafka_conf_destroy(conf);
    return err->code;
}

void hark_client_done(struct hark_client *client)
{
    if (client->rk) rd_kafka_destroy(client->rk);
    free(client->brokers);
    free(client->prefix);
    pthread_mutex_destroy(&client->lock);
}

void hark_client_tried(struct hark_client *client, char *out, size_t size)
{
    pthread_mutex_lock(&client->lock);
    if (client->reason[0])
        snprintf(out, size, "%s (%s)", client->brokers, client->reason);
    else
        snprintf(out, size, "%s", client->brokers);
    pthread_mutex_unlock(&client->lock);
}

static bool answers(struct hark_client *client)
{
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(client->rk, 0, NULL, &metadata, LOOK_FOR_MS)) return false;
    rd_kafka_metadata_destroy(metadata);
    return true;
}

// True where it is this caller's turn to try a broker.
static bool due(struct hark_client *client)
{
    int64_t now_us = hark_clock_mono_us();
    pthread_mutex_lock(&client->lock);
    bool turn = now_us - client->looked_us >= LOOK_EVERY_US;
    if (turn) client->looked_us = now_us;
    pthread_mutex_unlock(&client->lock);
    return turn;
}

const char *hark_client_trouble(struct hark_client *client)
{
    if (!client->down) return NULL;
    if (due(client) && answers(client)) {
        client->down = false;
        return NULL;
    }
    char tried[600];
    hark_client_tried(client, tried, sizeof tried);
    pthread_mutex_lock(&client->lock);
    snprintf(client->trouble, sizeof client->trouble, "Kafka does not answer at %s", tried);
    pthread_mutex_unlock(&client->lock);
    return client->trouble;
}

int hark_client_fatal(struct hark_client *client, struct hark_err *err)
{
    char text[512];
    if (!rd_kafka_fatal_error(client->rk, text, sizeof text)) return 0;
    return hark_err_set(err, HARK_ESERVICE, "Kafka: %s", text);
}

bool hark_client_no_topic(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

void hark_stream_rdkafka(char *out, size_t size)
{
    snprintf(out, size, "%s", rd_kafka_version_str());
}
