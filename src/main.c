// Finds the command, reads the settings, runs it, and turns its error into words and an exit status.

#include "cli/cli.h"

#include <hark/log.h>
#include <hark/pipeline.h>

#include <errno.h>
#include <stdio.h>

static int unknown_command(const char *name)
{
    struct hark_buf words = {0};
    char near[64];
    for (const struct hark_command *const *command = hark_commands; *command; command++)
        hark_buf_printf(&words, "%s ", (*command)->name);
    bool found = hark_nearest(hark_str(name), hark_buf_cstr(&words), near, sizeof near);
    fprintf(stderr, "hark: unknown command '%s'%s%s%s; `hark help` lists them\n", name, found ? "; did you mean '" : "",
            found ? near : "", found ? "'?" : "");
    hark_buf_done(&words);
    return 1;
}

static int check_arguments(const struct hark_command *command, const struct hark_args *args, struct hark_err *err)
{
    if ((int)args->n < command->least)
        return hark_err_set(err, HARK_EINPUT, "an argument is missing: hark %s %s", command->name, command->arguments);
    if (command->most >= 0 && (int)args->n > command->most)
        return hark_err_set(err, HARK_EINPUT, "'%s' is one argument too many: hark %s %s", args->v[command->most],
                            command->name, command->arguments);
    return 0;
}

static int run_command(const struct hark_command *command, int argc, char **argv, struct hark_arena *arena,
                       struct hark_err *err)
{
    struct hark_config cfg = {0};
    struct hark_args args = {0};
    enum hark_level level;
    if (hark_config_load(&cfg, command->name, argc, argv, arena, &args, err)) return err->code;
    if (args.help) {
        hark_help_command(command);
        return 0;
    }
    if (hark_log_level_parse(hark_str(cfg.log_level), &level) == 0) hark_log_level(level);
    if (check_arguments(command, &args, err)) return err->code;
    hark_stop_install();
    return command->run(&cfg, &args, err);
}

int main(int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        hark_help_all();
        return argc < 2;
    }
    const char *name = strcmp(argv[1], "--version") ? argv[1] : "version";
    const struct hark_command *command = hark_command_find(hark_str(name));
    if (!command) return unknown_command(name);
    struct hark_arena arena = {0};
    struct hark_err err = {0};
    run_command(command, argc - 2, argv + 2, &arena, &err);
    // Who reads no further has enough.
    if (fflush(stdout) != 0 && errno != EPIPE) hark_err_set(&err, HARK_ESERVICE, "stdout cannot be written");
    if (err.code && err.code != HARK_ESTOP && err.text[0])
        fprintf(stderr, "hark %s: %s\n", command->name, hark_err_str(&err));
    hark_arena_done(&arena);
    return hark_err_exit(&err);
}
