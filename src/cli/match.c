// hark match

#include "cli.h"

#include <hark/pipeline.h>

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    (void)args;
    return hark_pipeline_match(cfg, err);
}

const struct hark_command hark_command_match = {
    .name = "match",
    .arguments = "",
    .about = "reads the posts topic, counts into Redis, writes matches and alerts to their topics",
    .more = "Several processes, on one machine or on many, share the work by joining the same consumer group. Redis is "
            "redis://127.0.0.1:6379 "
            "where --redis names no other.",
    .run = run,
};
