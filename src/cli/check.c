// hark check: compiles rule files and says all that is wrong with them.

#include "cli.h"

#include <hark/log.h>
#include <hark/match.h>

#include <stdio.h>
#include <unistd.h>

static void print_problems(struct hark_problems *problems)
{
    struct hark_buf text = {0};
    hark_problems_print(problems, isatty(STDERR_FILENO), &text);
    fwrite(text.ptr, 1, text.len, stderr);
    hark_buf_done(&text);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_problems problems = {0};
    struct hark_ruleset *rs = hark_rules_load(args->v, args->n, hark_match_check_regex, &problems);
    (void)cfg;
    print_problems(&problems);
    if (!rs) {
        hark_err_set(err, HARK_EINPUT, "%zu error%s", problems.errors, plural(problems.errors));
    } else {
        size_t warnings = problems.n - problems.errors;
        printf("%zu brand%s, %zu intent%s in %zu file%s: good, version %s", rs->nbrands, plural(rs->nbrands),
               rs->nintents, plural(rs->nintents), rs->files, plural(rs->files), rs->version);
        if (warnings) printf(", %zu warning%s", warnings, plural(warnings));
        putchar('\n');
    }
    hark_ruleset_unref(rs);
    hark_problems_done(&problems);
    return err->code;
}

const struct hark_command hark_command_check = {
    .name = "check",
    .arguments = "RULES…",
    .about = "compiles rule files; every error with file, line, column and what would be right",
    .least = 1,
    .most = -1,
    .run = run,
};
