// Series: the keys that a run of buckets is in, and of each the fields that are asked for.

#include "ask.h"

#include <hark/clock.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

int64_t hark_step_ms(enum hark_step step)
{
    return step == HARK_STEP_MINUTE ? MINUTE_MS : step == HARK_STEP_HOUR ? HOUR_MS : DAY_MS;
}

// What one key holds of a series: its points from `first` on.
struct stretch {
    struct hark_series *series;
    size_t first;
};

static int take(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    const struct stretch *stretch = ask->about;
    (void)arg, (void)instance, (void)err;
    for (size_t i = 0; i < reply->elements; i++) {
        if (!hark_reply_str(reply->element[i]).ptr) continue;
        int64_t n = ask_number(reply->element[i]);
        stretch->series->points[stretch->first + i] += n;
        stretch->series->total += n;
    }
    return 0;
}

// The text that parts one key from the next, and the field in it.
static struct hark_str key_part(enum hark_step step, const struct hark_bucket_time *time)
{
    return hark_str(step == HARK_STEP_MINUTE ? time->day : step == HARK_STEP_HOUR ? time->month : time->year);
}

static struct hark_str field_part(enum hark_step step, const struct hark_bucket_time *time)
{
    return hark_str(step == HARK_STEP_MINUTE ? time->minute_field
                    : step == HARK_STEP_HOUR ? time->hour_field
                                             : time->day_field);
}

// The times of the points, shared by all series.
struct clock {
    enum hark_step step;
    const struct hark_bucket_time *times;
    size_t n;
    int64_t now_s;
};

static void ask_series(struct hark_store *store, const struct clock *clock, struct hark_series *series,
                       struct asks *asks)
{
    static const enum hark_bucket_kind kinds[] = {HARK_BUCKET_MINUTE, HARK_BUCKET_HOUR, HARK_BUCKET_DAY};
    bool kept = false;
    for (size_t i = 0; i < clock->n; i++) {
        const struct hark_bucket_time *time = &clock->times[i];
        if (i == 0 || !hark_str_eq(key_part(clock->step, time), key_part(clock->step, time - 1))) {
            int64_t end_s;
            struct stretch *stretch = HARK_NEW(asks->arena, struct stretch);
            *stretch = (struct stretch){series, i};
            struct hark_str key =
                ask_key(store, asks->arena, kinds[clock->step], time, series->brand, series->intent, &end_s);
            kept = end_s == 0 || end_s > clock->now_s;
            if (kept) asks_add(asks, stretch, HARK_STR("HMGET"), key, (struct hark_str){0});
        }
        if (kept)
            asks_word(asks, field_part(clock->step, time));
        else
            series->points[i] = HARK_NOT_KEPT;
    }
}

int hark_read_series(struct hark_store *store, struct hark_arena *arena, enum hark_step step, int64_t from_ms,
                     size_t npoints, int64_t now_ms, struct hark_series *series, size_t n, struct hark_err *err)
{
    int64_t step_ms = hark_step_ms(step);
    struct hark_bucket_time *times = HARK_NEW_N(arena, struct hark_bucket_time, npoints);
    struct asks asks = {.arena = arena};
    for (size_t i = 0; i < npoints; i++)
        hark_bucket_time(from_ms - from_ms % step_ms + (int64_t)i * step_ms, &times[i]);
    const struct clock clock = {step, times, npoints, now_ms / 1000};
    for (size_t i = 0; i < n; i++) {
        series[i].points = HARK_NEW_N(arena, int64_t, npoints);
        series[i].total = 0;
        ask_series(store, &clock, &series[i], &asks);
    }
    int rc = asks_run(store, &asks, take, NULL, err);
    asks_done(&asks);
    return rc;
}
