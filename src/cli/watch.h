// --watch of `hark check` and `hark test`.
#pragma once

#include <hark/config.h>
#include <hark/err.h>

typedef int hark_watched(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err);

// Runs `once` now and after each change below the paths of args, until SIGINT or SIGTERM. What `once` finds wrong is
// printed under the command's name and ends nothing.
int hark_watch(const struct hark_config *cfg, const struct hark_args *args, hark_watched *once, const char *name,
               struct hark_err *err);
