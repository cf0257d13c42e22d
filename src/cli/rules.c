// hark rules import: rules of other tools as brand files.

#include "cli.h"

#include <hark/import.h>
#include <hark/rules.h>

#include <errno.h>
#include <stdio.h>

enum { MAX_BYTES = 64 << 20 }; // X takes 2 KiB a rule, others 64 KiB; a file of all rules of a company is below this

static int read_file(const char *path, struct hark_buf *buf, struct hark_err *err)
{
    enum { CHUNK_BYTES = 64 << 10 };
    FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
    if (!file) return hark_err_set(err, HARK_EINPUT, "%s: %s", path, strerror(errno));
    size_t n = 1;
    while (n > 0 && buf->len <= MAX_BYTES) {
        n = fread(hark_buf_reserve(buf, CHUNK_BYTES), 1, CHUNK_BYTES, file);
        buf->len += n;
    }
    if (ferror(file)) hark_err_set(err, HARK_EINPUT, "%s: %s", path, strerror(errno));
    if (buf->len > MAX_BYTES) hark_err_set(err, HARK_EINPUT, "%s: more than 64 MiB of rules", path);
    if (file != stdin) fclose(file);
    return err->code;
}

static enum hark_dialect dialect_of(const char *from)
{
    return strcmp(from, "x") == 0            ? HARK_DIALECT_X
           : strcmp(from, "powertrack") == 0 ? HARK_DIALECT_POWERTRACK
                                             : HARK_DIALECT_BRANDWATCH;
}

static int import(const struct hark_config *cfg, const char *path, struct hark_err *err)
{
    struct hark_buf bytes = {0}, yaml = {0}, text = {0};
    struct hark_problems problems = {0};
    if (read_file(path, &bytes, err) == 0) {
        struct hark_str name = hark_str(strcmp(path, "-") ? path : "standard input");
        struct hark_str team = hark_str(cfg->team ? cfg->team : "imported");
        struct hark_imported done =
            hark_rules_import(name, hark_buf_str(&bytes), dialect_of(cfg->import_from), team, &yaml, &problems);
        fwrite(hark_buf_str(&yaml).ptr, 1, yaml.len, stdout);
        fflush(stdout);
        hark_problems_print(&problems, true, &text);
        fwrite(hark_buf_str(&text).ptr, 1, text.len, stderr);
        size_t remarks = problems.n - problems.errors;
        fprintf(stderr, "%zu of %zu rules written, %zu remark%s\n", done.written, done.rules, remarks,
                remarks == 1 ? "" : "s");
        if (problems.errors) hark_err_set(err, HARK_EINPUT, "%s", "");
    }
    hark_problems_done(&problems);
    hark_buf_done(&text);
    hark_buf_done(&yaml);
    hark_buf_done(&bytes);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    if (strcmp(args->v[0], "import") != 0)
        return hark_err_set(err, HARK_EINPUT, "'%s': there is `hark rules import --from x FILE`", args->v[0]);
    if (args->n != 2) return hark_err_set(err, HARK_EINPUT, "the file is missing: hark rules import --from x FILE");
    if (!cfg->import_from) return hark_err_set(err, HARK_EINPUT, "--from is missing: x, powertrack or brandwatch");
    return import(cfg, args->v[1], err);
}

const struct hark_command hark_command_rules = {
    .name = "rules",
    .arguments = "import FILE",
    .about = "turns the rules of another tool into brand files, on stdout",
    .more = "What has no equal here is told on stderr, line by line, with what was done with it. FILE holds one rule a "
            "line, or JSON with value and tag as X and PowerTrack have it; - is standard input.",
    .least = 1,
    .most = 2,
    .run = run,
};
