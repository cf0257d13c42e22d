// Rule files for the commands that people write rules with.

#include "cli.h"

#include <hark/match.h>

#include <stdio.h>

struct hark_ruleset *hark_load_rules(const struct hark_args *args, struct hark_problems *problems)
{
    struct hark_buf text = {0};
    struct hark_ruleset *rs = hark_rules_load(args->v, args->n, hark_match_check_regex, problems);
    hark_problems_print(problems, true, &text);
    fflush(stdout);
    if (text.len) fwrite(text.ptr, 1, text.len, stderr);
    hark_buf_done(&text);
    return rs;
}
