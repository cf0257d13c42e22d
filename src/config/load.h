// Between the loaders of this room.
#pragma once

#include <hark/config.h>

// A value as text into the config. `where` says in an error what gave it ("--workers", "HARK_WORKERS", "workers").
int config_set(struct hark_config *cfg, const struct hark_setting *setting, struct hark_str value, const char *where,
               struct hark_arena *arena, struct hark_err *err) HARK_CHECKED;
// The settings file. A file that is only there by default may be absent.
int config_file(struct hark_config *cfg, const char *path, bool must_exist, struct hark_arena *arena,
                struct hark_err *err) HARK_CHECKED;
