// Which of librdkafka's settings a user may give as kafka.*, and why not the others.
//
// The settings below are what the promise of exact counters rests on; a different value would not be slower or faster,
// it would lose or double posts without a word. So they are refused with the reason, rather than passed over.

#include "client.h"

struct refusal {
    const char *name, *why;
};

#define POSITIONS "the position is kept with the counters and Kafka's own must not move by itself"
#define ACKNOWLEDGED "posts and alerts must be acknowledged by all replicas, in order and once"
#define NEVER_DROPPED "a message must wait for Kafka however long that takes, and never be dropped"

static const struct refusal refusals[] = {
    {"bootstrap.servers", "the setting kafka (--kafka) says where Kafka is"},
    {"metadata.broker.list", "the setting kafka (--kafka) says where Kafka is"},
    {"group.id", "the setting group (--group) names the group"},
    {"enable.auto.commit", POSITIONS},
    {"auto.commit.enable", POSITIONS},
    {"enable.auto.offset.store", POSITIONS},
    {"auto.offset.reset", "a position that the log no longer has must be reported, not jumped over"},
    {"partition.assignment.strategy", "all members of a group must use cooperative-sticky"},
    {"group.protocol", "only the classic protocol lets each member start a partition from its own position"},
    {"enable.partition.eof", "the end of a partition is how --until-end knows that it is done"},
    {"enable.idempotence", ACKNOWLEDGED},
    {"acks", ACKNOWLEDGED},
    {"request.required.acks", ACKNOWLEDGED},
    {"transactional.id", "the counters and the position are committed in Redis, not in a transaction of Kafka's"},
    {"retries", NEVER_DROPPED},
    {"message.send.max.retries", NEVER_DROPPED},
    {"message.timeout.ms", NEVER_DROPPED},
    {"delivery.timeout.ms", NEVER_DROPPED},
    {"delivery.report.only.error", "acknowledgements are counted, those of success too"},
    {"partitioner", "all that happens to a post must be in one partition, whoever writes it"},
};

static int refuse(const char *name, struct hark_err *err)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (!strcmp(refusals[i].name, name))
            return hark_err_set(err, HARK_EINPUT, "kafka.%s cannot be set: %s", name, refusals[i].why);
    return 0;
}

int hark_settings_apply(rd_kafka_conf_t *conf, const char *const *settings, struct hark_err *err)
{
    char text[512];
    for (; settings && *settings; settings += 2) {
        if (refuse(settings[0], err)) return err->code;
        rd_kafka_conf_res_t rc = rd_kafka_conf_set(conf, settings[0], settings[1], text, sizeof text);
        if (rc == RD_KAFKA_CONF_UNKNOWN)
            return hark_err_set(err, HARK_EINPUT, "kafka.%s: librdkafka %s has no such setting", settings[0],
                                rd_kafka_version_str());
        if (rc != RD_KAFKA_CONF_OK) return hark_err_set(err, HARK_EINPUT, "kafka.%s: %s", settings[0], text);
    }
    return 0;
}
