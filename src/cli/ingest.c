// hark ingest

#include "cli.h"

#include <hark/pipeline.h>

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    return hark_pipeline_ingest(cfg, args->v, args->n, err);
}

const struct hark_command hark_command_ingest = {
    .name = "ingest",
    .arguments = "SOURCE…",
    .about = "reads sources and writes canonical posts to the posts topic",
    .more = "What cannot be read goes to the deadletter topic with the reason and the place (with --stdout: to the log "
            "or a file).",
    .least = 1,
    .most = 64,
    .run = run,
};
