// The table of commands.

#include "cli.h"

// clang-format off: one a line, so that a new one is a line of its own
const struct hark_command *const hark_commands[] = {
    &hark_command_run,
    &hark_command_ingest,
    &hark_command_match,
    &hark_command_scan,
    &hark_command_new,
    &hark_command_rules,
    &hark_command_check,
    &hark_command_test,
    &hark_command_explain,
    &hark_command_eval,
    &hark_command_report,
    &hark_command_verify,
    &hark_command_top,
    &hark_command_serve,
    &hark_command_setup,
    &hark_command_sources,
    &hark_command_x_rules,
    &hark_command_bench,
    &hark_command_version,
    &hark_command_help,
    0,
};
// clang-format on

const struct hark_command *hark_command_find(struct hark_str name)
{
    for (const struct hark_command *const *command = hark_commands; *command; command++)
        if (hark_str_is(name, (*command)->name)) return *command;
    return NULL;
}
