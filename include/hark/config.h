// Settings: one table is the source of the parser, --help, the manual pages, hark.yaml and completion.
//
// Defaults < hark.yaml < environment (HARK_KAFKA=…) < flags. Secrets have no flag: they come from the environment or
// from a file (HARK_REDIS_PASSWORD_FILE). A config is read once, then only read.
#pragma once

#include <hark/arena.h>
#include <hark/err.h>

struct hark_config {
    // services
    const char *kafka, *topics, *group;
    const char *redis, *redis_password, *prefix; // redis NULL: a private one in the state folder
    const char *const *kafka_settings;           // kafka.*: key, value, …, NULL
    // folders and files
    const char *rules, *state, *config;
    // reading
    const char *format;
    double speed; // 0: as fast as it goes
    int64_t workers;
    // what comes out
    const char *emit, *dead_letters;
    // sources
    const char *ca_file;
    int64_t stale;  // seconds; 0: the source's own
    int64_t for_ms; // 0: no end
    int64_t poll;   // seconds; 0: the source's own
    const char *mastodon_token, *x_token, *push_token;
    const char *reddit_app, *reddit_login, *reddit_user;
    const char *youtube_key;
    int64_t youtube_quota; // units a day
    bool json, to_stdout, until_end, rebuild, follow;
    const char *log_level;
    // explain, report, eval
    const char *text, *source, *brand, *intent, *positive;
    const char *from, *to, *report_format;
    // serving
    const char *listen, *serve_token, *proxy_header;
    // counting
    const char *retain;
    int64_t post_days, tombstone_hours, match_json, top, batch_ms;
    // setup
    int64_t partitions;
    // new, rules
    const char *team, *dir, *import_from;
    // check
    bool cost, watch;
    // x-rules
    bool apply;
    bool no_prefilter;
    // bench
    int64_t posts, rate;
    int64_t match_limit;
};

enum hark_setting_type {
    HARK_SETTING_TEXT,
    HARK_SETTING_INT,
    HARK_SETTING_FLAG,
    HARK_SETTING_SPEED,
    HARK_SETTING_DURATION
};

struct hark_setting {
    const char *name; // --name, HARK_NAME, name: in hark.yaml
    enum hark_setting_type type;
    const char *fallback; // as text; NULL: none
    const char *argument; // for --help; NULL for flags
    const char *help;
    const char *commands; // parted by spaces; "*": all
    const char *choices;  // parted by |; NULL: any
    int64_t min, max;     // INT
    bool secret;          // no flag; also from a file named by HARK_NAME_FILE
    bool flag_only;       // neither in hark.yaml nor in the environment
    size_t offset;        // in struct hark_config
};

extern const struct hark_setting hark_settings[]; // ends with name NULL

// What a command line held besides settings.
struct hark_args {
    const char **v;
    size_t n;
    bool help;
};

// Reads defaults, the file, the environment and the flags of `command` (argv behind the command's name). Texts live in
// the arena or in argv.
int hark_config_load(struct hark_config *cfg, const char *command, int argc, char **argv, struct hark_arena *arena,
                     struct hark_args *args, struct hark_err *err) HARK_CHECKED;
// Whether a command knows a setting.
bool hark_setting_of(const struct hark_setting *setting, const char *command);
// The valid word that is nearest to `word` among `words` (parted by any of " |"), into out; false where none is near.
bool hark_nearest(struct hark_str word, const char *words, char *out, size_t size);
