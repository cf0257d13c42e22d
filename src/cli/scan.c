// hark scan

#include "cli.h"

#include <hark/pipeline.h>

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    return hark_pipeline_scan(cfg, args->v, args->n, err);
}

const struct hark_command hark_command_scan = {
    .name = "scan",
    .arguments = "SOURCE…",
    .about = "grep for posts: writes the matches of sources to stdout",
    .least = 1,
    .most = 64,
    .run = run,
};
