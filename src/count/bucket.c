#include "bucket.h"

#include <hark/clock.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

static char *two(char *out, int number)
{
    *out++ = (char)('0' + number / 10 % 10);
    *out++ = (char)('0' + number % 10);
    return out;
}

static char *pair(char *out, int a, char between, int b)
{
    out = two(out, a);
    *out++ = between;
    return two(out, b);
}

// For every post that matched: printf would take longer than all the rest. Years above 9999 do not come out of
// hark_time_parse().
void hark_bucket_time(int64_t ms, struct hark_bucket_time *ret)
{
    struct hark_date d = hark_time_date(ms);
    *ret = (struct hark_bucket_time){.ms = ms};
    two(two(ret->year, d.year / 100), d.year);
    pair(two(ret->month, d.year / 100), d.year, '-', d.month);
    *pair(two(ret->day, d.year / 100), d.year, '-', d.month) = '-';
    two(ret->day + 8, d.day);
    pair(ret->minute_field, d.hour, ':', d.minute);
    pair(ret->hour_field, d.day, 'T', d.hour);
    pair(ret->day_field, d.month, '-', d.day);
    struct hark_date first = {.year = d.year + (d.month == 12), .month = d.month == 12 ? 1 : d.month + 1, .day = 1};
    ret->day_end_s = (ms / 1000 / DAY_S + 1) * DAY_S;
    ret->month_end_s = hark_date_ms(first) / 1000;
}

// {b}rand, {i}ntent; the last part is a date. days 0: kept.
struct shape {
    const char *name;
    const char *tail; // between brand and intent and the date
    bool intent;
    enum { NONE, YEAR, MONTH, DAY } date;
    int days;
};

static const struct shape shapes[] = {
    [HARK_BUCKET_TOTAL] = {"total:", "", false, NONE, 0},
    [HARK_BUCKET_MINUTE] = {"count:", ":minute:", true, DAY, 2},
    [HARK_BUCKET_HOUR] = {"count:", ":hour:", true, MONTH, 400},
    [HARK_BUCKET_DAY] = {"count:", ":day:", true, YEAR, 0},
    [HARK_BUCKET_SOURCE] = {"by:source:", ":", true, DAY, 400},
    [HARK_BUCKET_LANG] = {"by:lang:", ":", true, DAY, 400},
    [HARK_BUCKET_PHRASE] = {"by:phrase:", ":", true, DAY, 400},
    [HARK_BUCKET_AUTHORS] = {"authors:", ":", true, DAY, 400},
    [HARK_BUCKET_TAGS] = {"tags:", ":", false, DAY, 90},
    [HARK_BUCKET_TOP] = {"top:", ":", true, DAY, 90},
    [HARK_BUCKET_POSTS] = {"posts:", ":", true, DAY, 0}, // post_days
};

int64_t hark_bucket_key(enum hark_bucket_kind kind, const struct hark_bucket_time *time, struct hark_str prefix,
                        struct hark_str brand, struct hark_str intent, int post_days, struct hark_buf *buf)
{
    const struct shape *shape = &shapes[kind];
    hark_buf_str_add(buf, prefix);
    hark_buf_str_add(buf, hark_str(shape->name));
    hark_buf_str_add(buf, brand);
    if (shape->intent) {
        hark_buf_char(buf, ':');
        hark_buf_str_add(buf, intent);
    }
    hark_buf_str_add(buf, hark_str(shape->tail));
    const char *const dates[] = {"", time->year, time->month, time->day};
    hark_buf_str_add(buf, hark_str(dates[shape->date]));
    int days = kind == HARK_BUCKET_POSTS ? post_days : shape->days;
    if (days == 0) return 0;
    return (shape->date == MONTH ? time->month_end_s : time->day_end_s) + (int64_t)days * DAY_S;
}
