// Time: milliseconds since 1970 in UTC, and its text forms. Proleptic Gregorian, no leap seconds.
#pragma once

#include <hark/str.h>

#include <time.h>

int64_t hark_clock_ms(void);      // the wall clock
int64_t hark_clock_mono_us(void); // for durations
int64_t hark_clock_cpu_us(void);  // what this process has used, user and system, all threads
// The time `ms` from now on a clock, as pthread_cond_timedwait() and the like want it.
struct timespec hark_clock_deadline(clockid_t clock, int64_t ms);

enum { HARK_TIME_STR_BYTES = 25 };

// "2026-11-21T10:00:00.123Z" and a NUL.
void hark_time_str(int64_t ms, char out[HARK_TIME_STR_BYTES]);
// RFC 3339 ("2026-11-21T10:00:00.123456Z", "…+09:00", a space for the T); 0, or -1 where it is none. Years 1970 to
// 9999.
int hark_time_parse(struct hark_str s, int64_t *ret_ms);
// "Wed Oct 10 20:19:24 +0000 2018", as in X's API v1.1; 0 or -1.
int hark_time_parse_ctime(struct hark_str s, int64_t *ret_ms);

struct hark_date {
    int year, month, day, hour, minute, second, ms;
};
struct hark_date hark_time_date(int64_t ms);
int64_t hark_date_ms(struct hark_date date);
