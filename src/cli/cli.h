// Commands: one file a command, one line in the table (commands.c).
#pragma once

#include <hark/config.h>
#include <hark/err.h>
#include <hark/rules.h>

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

extern const struct hark_command hark_command_bench;
extern const struct hark_command hark_command_check;
extern const struct hark_command hark_command_eval;
extern const struct hark_command hark_command_explain;
extern const struct hark_command hark_command_help;
extern const struct hark_command hark_command_ingest;
extern const struct hark_command hark_command_match;
extern const struct hark_command hark_command_new;
extern const struct hark_command hark_command_report;
extern const struct hark_command hark_command_rules;
extern const struct hark_command hark_command_run;
extern const struct hark_command hark_command_scan;
extern const struct hark_command hark_command_serve;
extern const struct hark_command hark_command_setup;
extern const struct hark_command hark_command_sources;
extern const struct hark_command hark_command_test;
extern const struct hark_command hark_command_top;
extern const struct hark_command hark_command_verify;
extern const struct hark_command hark_command_version;
extern const struct hark_command hark_command_x_rules;

// --help of one command, to stdout.
void hark_help_command(const struct hark_command *command);
// The whole program's.
void hark_help_all(void);

// The rules of all arguments; what is wrong goes to stderr, each error in a line that begins with its place, followed
// by the line of the file and a caret below the place. NULL where something is wrong.
struct hark_ruleset *hark_load_rules(const struct hark_args *args, struct hark_problems *problems);
