// hark verify

#include "cli.h"

#include <hark/pipeline.h>

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    (void)args;
    return hark_pipeline_verify(cfg, err);
}

const struct hark_command hark_command_verify = {
    .name = "verify",
    .arguments = "",
    .about = "counts the posts topic again, the slow and plain way, and compares every counter in Redis",
    .more =
        "Reads what the log still holds, up to the offset to which each partition is counted, decodes every post, "
        "tries "
        "every rule on it, and adds up without Redis. Then all counters are compared; differences are printed, and the "
        "exit status is 1 if there are any. Nothing is written.\n"
        "The rules are those of --rules. If they are not the ones that were in force when the posts were counted, each "
        "hit that the change made or lost shows as a difference, unless the log was counted again since with `hark "
        "match --rebuild`. --post-days and --top must be those of `hark match`.\n"
        "Where the log no longer reaches back to its first post, only the minutes, hours and days that it holds in "
        "full "
        "are compared, and no totals. Distinct authors are estimates and are left out. While `hark match` counts, "
        "verify follows until it finds a moment at which nothing moves; it is surest when matching is stopped.",
    .run = run,
};
