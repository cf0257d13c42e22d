// Places where a test build can be told to die as by kill -9, so that tests can stop it between any two steps.
//
// HARK_CRASH=name:count ends the process at the count-th time that it passes the point of that name. Only builds with
// HARK_CRASH_POINTS (preset `test`) have them; elsewhere a point is nothing at all.
#pragma once

#ifdef HARK_CRASH_POINTS
#include <stdbool.h>
void hark_crash_point(const char *name);
// Whether HARK_CRASH names this point: for what must be arranged before it is passed.
bool hark_crash_armed(const char *name);
#else
#define hark_crash_point(name) ((void)0)
#define hark_crash_armed(name) false
#endif
