// Commands: one file a command, one line in the table (commands.c).
#pragma once

#include <hark/config.h>
#include <hark/err.h>

struct hark_command {
    const char *name;
    const char *arguments; // for --help: "SOURCE…"
    const char *about;     // one line
    const char *more;      // paragraphs for --help and the manual; may be NULL
    int least, most;       // arguments; most -1: any number
    // Data goes to stdout. Returns 0 or a negative HARK_E… with err set; an error's text may be "" where everything has
    // been said.
    int (*run)(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err);
};

extern const struct hark_command *const hark_commands[]; // NULL-terminated, in the order of --help
const struct hark_command *hark_command_find(struct hark_str name);

extern const struct hark_command hark_command_check, hark_command_explain, hark_command_help, hark_command_ingest,
    hark_command_match, hark_command_report, hark_command_run, hark_command_scan, hark_command_setup,
    hark_command_sources, hark_command_test, hark_command_version, hark_command_x_rules;

// --help of one command, to stdout.
void hark_help_command(const struct hark_command *command);
// The whole program's.
void hark_help_all(void);
