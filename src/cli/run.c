// hark run

#include "cli.h"

#include <hark/pipeline.h>

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    return hark_pipeline_run(cfg, args->v, args->n, err);
}

const struct hark_command hark_command_run = {
    .name = "run",
    .arguments = "SOURCE…",
    .about = "reads sources, matches, and counts into Redis, in one process and without Kafka",
    .more = "Where a source was left is kept with the counters, so that a second start goes on from there and counts "
            "nothing twice.",
    .least = 1,
    .most = 64,
    .run = run,
};
