// The report on one brand and some days; see weekly.c.
#pragma once

#include <hark/config.h>
#include <hark/err.h>

int weekly_print(const struct hark_config *cfg, const char *redis, struct hark_err *err) HARK_CHECKED;
