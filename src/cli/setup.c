// hark setup

#include "cli.h"

#include <hark/pipeline.h>

#include <stdio.h>

static void tell(void *arg, const char *topic, bool created)
{
    const struct hark_config *cfg = arg;
    printf("%s%s %s\n", cfg->topics, topic, created ? "created" : "exists");
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    enum { WAIT_MS = 8000 };
    const struct hark_stream_options options = hark_pipeline_stream(cfg);
    struct hark_config copy = *cfg;
    struct hark_topic topics[8];
    (void)args;
    for (size_t i = 0; i < hark_topics_count; i++) {
        topics[i] = hark_topics[i];
        if (strcmp(topics[i].name, "posts") == 0) topics[i].partitions = (int)cfg->partitions;
    }
    return hark_topics_create(&options, topics, hark_topics_count, WAIT_MS, tell, &copy, err);
}

const struct hark_command hark_command_setup = {
    .name = "setup",
    .arguments = "",
    .about = "creates the topics; safe to repeat",
    .run = run,
};
