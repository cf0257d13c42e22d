// hark bench: measurements, each printed with what it is compared with.

#include "cli.h"

#include <hark/pipeline.h>

#include <string.h>

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    if (strcmp(args->v[0], "match") == 0) return hark_pipeline_bench_match(cfg, args->v + 1, args->n - 1, err);
    if (args->n > 1)
        return hark_err_set(err, HARK_EINPUT, "'%s' is one argument too many: hark bench %s", args->v[1], args->v[0]);
    if (strcmp(args->v[0], "ingest") == 0) return hark_pipeline_bench_ingest(cfg, err);
    if (strcmp(args->v[0], "end-to-end") == 0) return hark_pipeline_bench_end_to_end(cfg, err);
    return hark_err_set(err, HARK_EINPUT, "unknown measurement '%s'; there are match, ingest and end-to-end",
                        args->v[0]);
}

const struct hark_command hark_command_bench = {
    .name = "bench",
    .arguments = "match|ingest|end-to-end [BRANDS…]",
    .about = "measures what hark costs here, beside what it is compared with",
    .more = "match needs no service: prefilter, decoding and rules, for 100 to 100,000 brands or as many as are given, "
            "beside decoding every post "
            "and beside one PCRE2 pattern a rule; the same posts from a file; and a pattern in quarantine. ingest "
            "decodes events "
            "of Jetstream, and sends posts to a topic of its own at --kafka, beside the producer alone. end-to-end "
            "sends --rate posts a second through `hark match` with --redis, under a prefix of its own, "
            "and "
            "removes what it counted; topics it leaves. A line of key=value for each.",
    .least = 1,
    .most = 9,
    .run = run,
};
