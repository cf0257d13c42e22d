// Series: the keys that a run of buckets is in, and what each holds of it.
//
// A month of hours is one hash. Where a few of its fields are asked for they are read by name; where many are, the hash
// is read whole and once: Redis keeps it as a list up to 512 fields, in which each name costs a search, and what was
// read whole is kept for the next time (track.h), for the months that are over hardly ever change.

#include "ask.h"

#include <hark/clock.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS, FEW = 32 };

int64_t hark_step_ms(enum hark_step step)
{
    return step == HARK_STEP_MINUTE ? MINUTE_MS : step == HARK_STEP_HOUR ? HOUR_MS : DAY_MS;
}

// --- places in a key ---

// A field is two numbers of two digits with a sign between: HH:MM, DDTHH, MM-DD. Its place in the key is first * unit +
// second. A key has less than `places`.
static const struct {
    enum hark_bucket_kind kind;
    size_t unit, places;
} shapes[] = {
    [HARK_STEP_MINUTE] = {HARK_BUCKET_MINUTE, 60, 24 * 60},
    [HARK_STEP_HOUR] = {HARK_BUCKET_HOUR, 24, 32 * 24},
    [HARK_STEP_DAY] = {HARK_BUCKET_DAY, 32, 13 * 32},
};
enum { MOST_PLACES = 24 * 60 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// SIZE_MAX where it is no field.
static size_t place_of(enum hark_step step, struct hark_str field)
{
    const char *c = field.ptr;
    if (field.len != 5 || !is_digit(c[0]) || !is_digit(c[1]) || !is_digit(c[3]) || !is_digit(c[4])) return SIZE_MAX;
    size_t first = (size_t)(c[0] - '0') * 10 + (size_t)(c[1] - '0');
    size_t place = first * shapes[step].unit + (size_t)(c[3] - '0') * 10 + (size_t)(c[4] - '0');
    return place < shapes[step].places ? place : SIZE_MAX;
}

static struct hark_str field_of(enum hark_step step, const struct hark_bucket_time *time)
{
    return hark_str(step == HARK_STEP_MINUTE ? time->minute_field
                    : step == HARK_STEP_HOUR ? time->hour_field
                                             : time->day_field);
}

// --- stretches: the points that lie in one key, the same for all series ---

struct stretch {
    struct hark_bucket_time time; // of the first
    size_t first, n;
    const uint16_t *places;  // of each point
    struct hark_str *fields; // of each point, where there are few; else NULL
    bool kept;
};

struct plan {
    enum hark_step step;
    struct stretch *v;
    size_t n;
};

static bool same_key(enum hark_step step, struct hark_date a, struct hark_date b)
{
    return a.year == b.year && (step == HARK_STEP_DAY || a.month == b.month) &&
           (step != HARK_STEP_MINUTE || a.day == b.day);
}

static uint16_t place_at(enum hark_step step, struct hark_date d)
{
    int first = step == HARK_STEP_MINUTE ? d.hour : step == HARK_STEP_HOUR ? d.day : d.month;
    int second = step == HARK_STEP_MINUTE ? d.minute : step == HARK_STEP_HOUR ? d.hour : d.day;
    return (uint16_t)((size_t)first * shapes[step].unit + (size_t)second);
}

static void name_fields(enum hark_step step, struct stretch *stretch, struct hark_arena *arena)
{
    stretch->fields = HARK_NEW_N(arena, struct hark_str, stretch->n);
    for (size_t i = 0; i < stretch->n; i++) {
        struct hark_bucket_time time;
        hark_bucket_time(stretch->time.ms + (int64_t)i * hark_step_ms(step), &time);
        stretch->fields[i] = hark_arena_str(arena, field_of(step, &time));
    }
}

static struct plan make_plan(enum hark_step step, int64_t from_ms, size_t npoints, struct hark_arena *arena)
{
    struct plan plan = {step, HARK_NEW_N(arena, struct stretch, npoints), 0};
    uint16_t *places = HARK_NEW_N(arena, uint16_t, npoints);
    struct hark_date before = {0};
    from_ms -= from_ms % hark_step_ms(step);
    for (size_t i = 0; i < npoints; i++) {
        int64_t ms = from_ms + (int64_t)i * hark_step_ms(step);
        struct hark_date date = hark_time_date(ms);
        places[i] = place_at(step, date);
        if (i == 0 || !same_key(step, date, before)) {
            plan.v[plan.n] = (struct stretch){.first = i, .places = places + i};
            hark_bucket_time(ms, &plan.v[plan.n++].time);
        }
        plan.v[plan.n - 1].n++;
        before = date;
    }
    for (size_t i = 0; i < plan.n; i++)
        if (plan.v[i].n <= FEW) name_fields(step, &plan.v[i], arena);
    return plan;
}

// --- reading ---

// What is asked of one key.
struct part {
    struct hark_series *series;
    const struct stretch *stretch;
    struct hark_str key;
};

struct reading {
    struct hark_store *store;
    const struct plan *plan;
    size_t instance;
    bool tracked;
};

static void add(const struct part *part, size_t i, int64_t n)
{
    part->series->points[part->stretch->first + i] += n;
    part->series->total += n;
}

static void add_places(const struct part *part, const int32_t *v)
{
    for (size_t i = 0; i < part->stretch->n; i++) add(part, i, v[part->stretch->places[i]]);
}

static void take_few(const struct part *part, const redisReply *reply)
{
    for (size_t i = 0; i < reply->elements && i < part->stretch->n; i++)
        if (hark_reply_str(reply->element[i]).ptr) add(part, i, ask_number(reply->element[i]));
}

// A number too large for what is kept is added, and its key is not kept.
static void take_whole(struct reading *reading, const struct part *part, const redisReply *reply)
{
    enum hark_step step = reading->plan->step;
    int64_t wide[MOST_PLACES];
    int32_t v[MOST_PLACES];
    bool fits = true;
    memset(wide, 0, shapes[step].places * sizeof *wide);
    memset(v, 0, shapes[step].places * sizeof *v);
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        size_t place = place_of(step, hark_reply_str(reply->element[i]));
        if (place == SIZE_MAX) continue;
        wide[place] = ask_number(reply->element[i + 1]);
        v[place] = (int32_t)wide[place];
        fits &= v[place] == wide[place];
    }
    for (size_t i = 0; i < part->stretch->n; i++) add(part, i, wide[part->stretch->places[i]]);
    if (reading->tracked && fits)
        hark_track_put(reading->store->v[reading->instance].track, part->key, v, shapes[step].places);
}

static int take(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    const struct part *part = ask->about;
    (void)instance, (void)err;
    if (!part) return 0; // CLIENT CACHING YES
    if (part->stretch->fields)
        take_few(part, reply);
    else
        take_whole(arg, part, reply);
    return 0;
}

static void ask_part(struct reading *reading, const struct part *part, struct asks *asks)
{
    const struct stretch *stretch = part->stretch;
    struct hark_track *track = reading->store->v[reading->instance].track;
    const int32_t *kept = NULL;
    if (stretch->fields) {
        asks_add(asks, (void *)part, HARK_STR("HMGET"), part->key, (struct hark_str){0});
        for (size_t i = 0; i < stretch->n; i++) asks_word(asks, stretch->fields[i]);
        return;
    }
    if (reading->tracked) kept = hark_track_get(track, part->key, shapes[reading->plan->step].places);
    if (kept) {
        add_places(part, kept);
        return;
    }
    if (reading->tracked)
        asks_add(asks, NULL, HARK_STR("CLIENT"), HARK_STR("CACHING"), HARK_STR("YES"), (struct hark_str){0});
    asks_add(asks, (void *)part, HARK_STR("HGETALL"), part->key, (struct hark_str){0});
}

// Whether anything is read whole; only then is it worth to ask what has changed.
static bool any_whole(const struct plan *plan)
{
    bool any = false;
    for (size_t i = 0; i < plan->n; i++) any |= plan->v[i].kept && !plan->v[i].fields;
    return any;
}

// A connection that was made anew in between knows nothing of what is kept: the same call may be made again.
static int read_instance(struct reading *reading, const struct part *parts, size_t n, struct hark_arena *arena,
                         struct hark_err *err)
{
    struct hark_instance *inst = &reading->store->v[reading->instance];
    struct asks asks = {.arena = arena};
    if (hark_redis_connect(&inst->redis, err)) return err->code;
    if (any_whole(reading->plan)) {
        if (!inst->track) inst->track = hark_track_new(&inst->redis);
        reading->tracked = hark_track_begin(inst->track, &inst->redis);
    }
    unsigned connection = inst->redis.connections;
    for (size_t i = 0; i < n; i++) ask_part(reading, &parts[i], &asks);
    int rc = asks.n ? asks_run_at(reading->store, reading->instance, &asks, take, reading, err) : 0;
    if (rc && inst->redis.connections != connection) err->retriable = true;
    asks_done(&asks);
    return rc;
}

// The keys are the same in all instances.
static size_t make_parts(struct hark_store *store, struct plan *plan, struct hark_series *series, size_t n,
                         int64_t now_ms, struct hark_arena *arena, struct part *parts)
{
    size_t nparts = 0;
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < plan->n; i++) {
            struct stretch *stretch = &plan->v[i];
            int64_t end_s;
            struct hark_str key = ask_key(store, arena, shapes[plan->step].kind, &stretch->time, series[s].brand,
                                          series[s].intent, &end_s);
            stretch->kept = end_s == 0 || end_s > now_ms / 1000;
            if (stretch->kept) parts[nparts++] = (struct part){&series[s], stretch, key};
            for (size_t p = 0; !stretch->kept && p < stretch->n; p++)
                series[s].points[stretch->first + p] = HARK_NOT_KEPT;
        }
    return nparts;
}

int hark_read_series(struct hark_store *store, struct hark_arena *arena, enum hark_step step, int64_t from_ms,
                     size_t npoints, int64_t now_ms, struct hark_series *series, size_t n, struct hark_err *err)
{
    struct plan plan = make_plan(step, from_ms, npoints, arena);
    struct part *parts = HARK_NEW_N(arena, struct part, plan.n * n);
    struct reading reading = {.store = store, .plan = &plan};
    for (size_t i = 0; i < n; i++) {
        series[i].points = HARK_NEW_N(arena, int64_t, npoints);
        series[i].total = 0;
    }
    size_t nparts = make_parts(store, &plan, series, n, now_ms, arena, parts);
    for (; reading.instance < store->n && nparts; reading.instance++)
        if (read_instance(&reading, parts, nparts, arena, err)) return err->code;
    return 0;
}
