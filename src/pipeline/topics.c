// The topics that hark reads and writes, and how to reach them.

#include "pipeline.h"

// Posts are the log that counters can be made from again: a week, as long as a post's own state in Redis lives.
static const char *const posts_settings[] = {"retention.ms", "604800000", "compression.type", "producer", NULL};
static const char *const long_settings[] = {"retention.ms", "2592000000", NULL};
// As long as the counters of hours that they qualify.
static const char *const gaps_settings[] = {"retention.ms", "34560000000", NULL};

const struct hark_topic hark_topics[] = {
    {"posts", 8, posts_settings},
    {"matches", 4, posts_settings},
    {"deadletter", 1, long_settings},
    {"gaps", 1, gaps_settings},
};
const size_t hark_topics_count = sizeof hark_topics / sizeof *hark_topics;

struct hark_stream_options hark_pipeline_stream(const struct hark_config *cfg)
{
    return (struct hark_stream_options){
        .brokers = cfg->kafka,
        .prefix = cfg->topics,
        .group = cfg->group,
        .settings = cfg->kafka_settings,
    };
}
