// How: each post keeps the list of what it added, so taking back is walking that list. What a post adds is found by one
// function that follows the table of keys in docs/redis.md line by line.

#include "recount.h"

#include <hark/clock.h>
#include <hark/map.h>
#include <hark/text.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { DAY_MS = 86400000, EARLY_MS = 300000, LANGS = 8, LANG_BYTES = 35, TAGS = 32, TAG_BYTES = 256 };

struct part { // of what a post added
    struct recount_series *series;
    struct recount_field *field;
    int64_t score; // of a series of scores
};

struct tale { // what is known of a post id
    enum { MARK, COUNTED, DELETED } state;
    int64_t engagement;
    struct hark_str content; // what people read, to tell an edit from a repeat
    struct part *parts;
    size_t n, cap;
};

struct recount {
    int post_days;
    struct hark_arena arena, content;
    struct hark_map series, fields, tales;
    struct hark_buf key, tmp, words;
    struct part *parts; // what the post at hand adds
    size_t n, cap;
};

struct recount *recount_new(int post_days)
{
    struct recount *rc = hark_calloc(1, sizeof *rc);
    rc->post_days = post_days;
    return rc;
}

void recount_free(struct recount *rc)
{
    if (!rc) return;
    for (size_t i = 0; i < rc->tales.n; i++) free(((struct tale *)rc->tales.entries[i].ptr)->parts);
    hark_arena_done(&rc->arena);
    hark_arena_done(&rc->content);
    hark_map_done(&rc->series);
    hark_map_done(&rc->fields);
    hark_map_done(&rc->tales);
    hark_buf_done(&rc->key);
    hark_buf_done(&rc->tmp);
    hark_buf_done(&rc->words);
    free(rc->parts);
    free(rc);
}

// --- series and fields ---

// The series whose key stands in rc->key.
static struct recount_series *series_here(struct recount *rc, bool scores, int64_t ends_s)
{
    bool fresh;
    struct hark_map_entry *entry = hark_map_put(&rc->series, hark_buf_str(&rc->key), &fresh);
    if (fresh) {
        struct recount_series *series = HARK_NEW(&rc->arena, struct recount_series);
        series->key = entry->key = hark_arena_str(&rc->arena, hark_buf_str(&rc->key));
        series->scores = scores;
        series->ends_s = ends_s;
        entry->ptr = series;
    }
    return entry->ptr;
}

static struct hark_str field_key(struct hark_buf *buf, const struct recount_series *series, struct hark_str name)
{
    hark_buf_clear(buf);
    hark_buf_str_add(buf, series->key);
    hark_buf_char(buf, '\n');
    hark_buf_str_add(buf, name);
    return hark_buf_str(buf);
}

static struct recount_field *field_at(struct recount *rc, struct recount_series *series, struct hark_str name)
{
    bool fresh;
    struct hark_map_entry *entry = hark_map_put(&rc->fields, field_key(&rc->tmp, series, name), &fresh);
    if (fresh) {
        struct recount_field *field = HARK_NEW(&rc->arena, struct recount_field);
        entry->key = hark_arena_str(&rc->arena, entry->key);
        field->name = hark_strn(entry->key.ptr + series->key.len + 1, name.len);
        field->next = series->first;
        series->first = field;
        entry->ptr = field;
    }
    return entry->ptr;
}

static void add(struct recount *rc, struct recount_series *series, struct hark_str name, int64_t score)
{
    rc->parts = hark_grow(rc->parts, rc->n, &rc->cap, sizeof *rc->parts);
    rc->parts[rc->n++] = (struct part){series, field_at(rc, series, name), score};
}

static void apply(const struct part *part, int sign)
{
    struct recount_field *field = part->field;
    bool was = field->there;
    if (part->series->scores) {
        field->n = part->score;
        field->there = sign > 0;
    } else {
        field->n += sign;
        field->there = field->n != 0;
    }
    if (field->there && !was) part->series->n++;
    if (!field->there && was) part->series->n--;
    if (part->series->n > part->series->peak) part->series->peak = part->series->n;
}

// --- what a post adds: the table of keys ---

struct at { // one brand and intent, and the post's time
    struct hark_str brand, intent;
    struct hark_date date;
    int64_t midnight_s, month_end_s; // ends of the day and of the month
};

static struct at at_time(int64_t ms)
{
    struct at at = {.date = hark_time_date(ms)};
    int next = at.date.month == 12 ? 1 : at.date.month + 1;
    struct hark_date month = {.year = at.date.year + (next == 1), .month = next, .day = 1};
    at.midnight_s = (ms / DAY_MS + 1) * (DAY_MS / 1000);
    at.month_end_s = hark_date_ms(month) / 1000;
    return at;
}

static int64_t days_s(int64_t days)
{
    return days * (DAY_MS / 1000);
}

// "count:<b>:<i>:" and the like.
static void begin_key(struct recount *rc, const char *kind, const struct at *at)
{
    hark_buf_clear(&rc->key);
    hark_buf_printf(&rc->key, "%s:" HARK_STR_FMT ":" HARK_STR_FMT ":", kind, HARK_STR_ARG(at->brand),
                    HARK_STR_ARG(at->intent));
}

static struct recount_series *by_day(struct recount *rc, const char *kind, const struct at *at, bool scores,
                                     int64_t days)
{
    begin_key(rc, kind, at);
    hark_buf_printf(&rc->key, "%04d-%02d-%02d", at->date.year, at->date.month, at->date.day);
    return series_here(rc, scores, at->midnight_s + days_s(days));
}

static void add_printed(struct recount *rc, struct recount_series *series, const char *format, int a, int b)
{
    char name[32];
    snprintf(name, sizeof name, format, a, b);
    add(rc, series, hark_str(name), 0);
}

static void add_times(struct recount *rc, const struct at *at)
{
    const struct hark_date *d = &at->date;
    hark_buf_clear(&rc->key);
    hark_buf_printf(&rc->key, "total:" HARK_STR_FMT, HARK_STR_ARG(at->brand));
    add(rc, series_here(rc, false, 0), at->intent, 0);
    begin_key(rc, "count", at);
    hark_buf_printf(&rc->key, "minute:%04d-%02d-%02d", d->year, d->month, d->day);
    add_printed(rc, series_here(rc, false, at->midnight_s + days_s(2)), "%02d:%02d", d->hour, d->minute);
    begin_key(rc, "count", at);
    hark_buf_printf(&rc->key, "hour:%04d-%02d", d->year, d->month);
    add_printed(rc, series_here(rc, false, at->month_end_s + days_s(400)), "%02dT%02d", d->day, d->hour);
    begin_key(rc, "count", at);
    hark_buf_printf(&rc->key, "day:%04d", d->year);
    add_printed(rc, series_here(rc, false, 0), "%02d-%02d", d->month, d->day);
}

// Each once, by looking at what stands there already.
static bool among(const struct hark_str *list, size_t n, struct hark_str s)
{
    for (size_t i = 0; i < n; i++)
        if (hark_str_eq(list[i], s)) return true;
    return false;
}

static void add_langs(struct recount *rc, struct recount_series *series, const struct hark_post *post)
{
    struct hark_str seen[LANGS];
    size_t n = 0;
    for (size_t i = 0; i < post->lang.n && n < LANGS; i++) {
        struct hark_str lang = post->lang.v[i];
        if (lang.len == 0 || lang.len > LANG_BYTES || among(seen, n, lang)) continue;
        seen[n++] = lang;
        add(rc, series, lang, 0);
    }
    if (n == 0) add(rc, series, HARK_STR("und"), 0);
}

static void add_phrases(struct recount *rc, struct recount_series *series, const struct hark_hit *hit)
{
    for (size_t i = 0; i < hit->nevidence; i++) {
        if (!hit->evidence[i].phrase) continue;
        struct hark_str written = hit->evidence[i].phrase->pattern.written;
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = hit->evidence[k].phrase && hark_str_eq(hit->evidence[k].phrase->pattern.written, written);
        if (!again) add(rc, series, written, 0);
    }
}

static bool listened_for(const struct hark_node *node, struct hark_str key)
{
    bool found = node->kind == HARK_NODE_HASHTAG && hark_str_eq(node->key, key);
    for (uint32_t i = 0; node->kind != HARK_NODE_NOT && !found && i < node->nkids; i++)
        found = listened_for(node->kids[i], key);
    return found;
}

static void add_tags(struct recount *rc, const struct at *at, const struct hark_brand *brand,
                     const struct hark_post *post)
{
    struct hark_str seen[TAGS];
    size_t n = 0;
    hark_buf_clear(&rc->key);
    hark_buf_printf(&rc->key, "tags:" HARK_STR_FMT ":%04d-%02d-%02d", HARK_STR_ARG(at->brand), at->date.year,
                    at->date.month, at->date.day);
    struct recount_series *series = series_here(rc, false, at->midnight_s + days_s(90));
    for (size_t i = 0; i < post->hashtags.n && n < TAGS; i++) {
        hark_text_key(post->hashtags.v[i], &rc->words);
        struct hark_str key = hark_buf_str(&rc->words);
        if (key.len == 0 || key.len > TAG_BYTES || among(seen, n, key)) continue;
        seen[n] = hark_arena_str(&rc->content, key);
        if (!brand->listen || !listened_for(brand->listen, key)) add(rc, series, seen[n], 0);
        n++;
    }
}

static void add_intent(struct recount *rc, const struct at *at, const struct hark_post *post,
                       const struct hark_hit *hit, int64_t time_ms, int64_t engagement)
{
    add_times(rc, at);
    add(rc, by_day(rc, "by:source", at, false, 400), post->source, 0);
    add_langs(rc, by_day(rc, "by:lang", at, false, 400), post);
    if (hit) add_phrases(rc, by_day(rc, "by:phrase", at, false, 400), hit);
    add(rc, by_day(rc, "posts", at, true, rc->post_days), post->id, time_ms);
    if (engagement > 0) add(rc, by_day(rc, "top", at, true, 90), post->id, engagement);
}

static void add_all(struct recount *rc, const struct hark_post *post, const struct hark_matches *matches,
                    int64_t arrival_ms, int64_t engagement)
{
    int64_t time_ms = post->time_ms > arrival_ms + EARLY_MS ? arrival_ms : post->time_ms;
    struct at at = at_time(time_ms);
    rc->n = 0;
    for (size_t m = 0; m < matches->n; m++) {
        const struct hark_match *match = &matches->v[m];
        at.brand = match->brand->name;
        add_tags(rc, &at, match->brand, post);
        at.intent = HARK_STR("mention");
        add_intent(rc, &at, post, NULL, time_ms, engagement);
        for (size_t h = 0; h < match->nhits; h++) {
            at.intent = match->hits[h].intent->name;
            add_intent(rc, &at, post, &match->hits[h], time_ms, engagement);
        }
    }
}

// --- posts that come again ---

static int64_t engagement_of(const struct hark_post *post)
{
    int64_t all = 0;
    bool known = false;
    const int64_t counts[] = {post->engagement.likes, post->engagement.reposts, post->engagement.replies,
                              post->engagement.quotes};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        known |= counts[i] >= 0;
        all += counts[i] >= 0 ? counts[i] : 0;
    }
    return known ? all : -1;
}

static void write_list(struct hark_buf *buf, struct hark_strs list)
{
    hark_buf_int(buf, (int64_t)list.n);
    for (size_t i = 0; i < list.n; i++) {
        hark_buf_char(buf, '\n');
        hark_buf_int(buf, (int64_t)list.v[i].len);
        hark_buf_char(buf, ' ');
        hark_buf_str_add(buf, list.v[i]);
    }
    hark_buf_char(buf, '\n');
}

// Two are equal where an edit changes nothing that people read, nor what is counted.
static struct hark_str content_of(struct recount *rc, const struct hark_post *post)
{
    struct hark_buf *buf = &rc->words;
    hark_buf_clear(buf);
    write_list(buf, (struct hark_strs){&post->text, 1});
    write_list(buf, post->lang);
    write_list(buf, post->hashtags);
    write_list(buf, post->mentions);
    write_list(buf, post->links);
    hark_buf_int(buf, post->media);
    return hark_buf_str(buf);
}

static bool is_engagement(const struct part *part)
{
    return hark_str_starts(part->series->key, HARK_STR("top:"));
}

// Whether what the post at hand adds is what the tale has, engagement apart.
static bool adds_the_same(const struct recount *rc, const struct tale *tale)
{
    size_t a = 0, b = 0;
    for (;;) {
        while (a < rc->n && is_engagement(&rc->parts[a])) a++;
        while (b < tale->n && is_engagement(&tale->parts[b])) b++;
        if (a == rc->n || b == tale->n) return a == rc->n && b == tale->n;
        if (rc->parts[a].field != tale->parts[b].field || rc->parts[a].score != tale->parts[b].score) return false;
        a++, b++;
    }
}

static void take_back(struct tale *tale)
{
    for (size_t i = 0; i < tale->n; i++) apply(&tale->parts[i], -1);
    tale->n = 0;
}

// The tale now adds what the post at hand does.
static void put(struct recount *rc, struct tale *tale)
{
    take_back(tale);
    for (size_t i = 0; i < rc->n; i++) {
        tale->parts = hark_grow(tale->parts, tale->n, &tale->cap, sizeof *tale->parts);
        tale->parts[tale->n++] = rc->parts[i];
        apply(&rc->parts[i], 1);
    }
}

static struct tale *tale_of(struct recount *rc, struct hark_str id, bool *ret_new)
{
    struct hark_map_entry *entry = hark_map_put(&rc->tales, id, ret_new);
    if (*ret_new) {
        entry->key = hark_arena_str(&rc->arena, id);
        entry->ptr = HARK_NEW(&rc->arena, struct tale);
    }
    return entry->ptr;
}

// New scores in top:, for a repeat that knows of more engagement.
static void raise(struct recount *rc, struct tale *tale, struct hark_str id, int64_t engagement)
{
    if (engagement <= tale->engagement) return;
    tale->engagement = engagement;
    rc->n = 0;
    for (size_t i = 0; i < tale->n; i++) {
        const struct recount_series *posts = tale->parts[i].series;
        if (is_engagement(&tale->parts[i])) continue;
        rc->parts = hark_grow(rc->parts, rc->n, &rc->cap, sizeof *rc->parts);
        rc->parts[rc->n++] = tale->parts[i];
        if (!hark_str_starts(posts->key, HARK_STR("posts:")) || engagement <= 0) continue;
        hark_buf_clear(&rc->key); // posts:<b>:<i>:<day> → top:<b>:<i>:<day>
        hark_buf_printf(&rc->key, "top" HARK_STR_FMT, HARK_STR_ARG(hark_strn(posts->key.ptr + 5, posts->key.len - 5)));
        add(rc, series_here(rc, true, posts->ends_s + days_s(90 - rc->post_days)), id, engagement);
    }
    put(rc, tale);
}

static void first_time(struct recount *rc, struct tale *tale, const struct hark_post *post)
{
    tale->state = COUNTED;
    tale->engagement = engagement_of(post);
    tale->content = hark_arena_str(&rc->arena, content_of(rc, post));
    put(rc, tale);
}

// A post of which something is known, and which is not deleted.
static void again(struct recount *rc, struct tale *tale, const struct hark_post *post,
                  const struct hark_matches *matches, int64_t arrival_ms)
{
    int64_t engagement = engagement_of(post);
    if (tale->state == MARK) { // an edit that matches is the first that counts; the create comes too late
        if (post->op == HARK_OP_UPDATE && matches->n) first_time(rc, tale, post);
        return;
    }
    bool same = hark_str_eq(tale->content, content_of(rc, post)) && adds_the_same(rc, tale);
    if (post->op == HARK_OP_CREATE || same) {
        raise(rc, tale, post->id, engagement);
        return;
    }
    if (engagement >= 0) tale->engagement = engagement;
    tale->content = hark_arena_str(&rc->arena, content_of(rc, post));
    add_all(rc, post, matches, arrival_ms, tale->engagement);
    put(rc, tale);
}

void recount_post(struct recount *rc, const struct hark_post *post, const struct hark_matches *matches,
                  int64_t arrival_ms)
{
    bool fresh;
    if (post->op == HARK_OP_DELETE) {
        recount_delete(rc, post->id);
        return;
    }
    if (post->op == HARK_OP_CREATE && matches->n == 0) return;
    struct tale *tale = tale_of(rc, post->id, &fresh);
    if (tale->state == DELETED) return;
    hark_arena_reset(&rc->content);
    add_all(rc, post, matches, arrival_ms, engagement_of(post));
    if (!fresh)
        again(rc, tale, post, matches, arrival_ms);
    else if (matches->n)
        first_time(rc, tale, post);
    else
        tale->state = MARK;
}

void recount_delete(struct recount *rc, struct hark_str id)
{
    bool fresh;
    struct tale *tale = tale_of(rc, id, &fresh);
    take_back(tale);
    tale->state = DELETED;
}

// --- looking ---

size_t recount_nseries(const struct recount *rc)
{
    return rc->series.n;
}

struct recount_series *recount_series_at(const struct recount *rc, size_t i)
{
    return rc->series.entries[i].ptr;
}

struct recount_series *recount_find(const struct recount *rc, struct hark_str key)
{
    const struct hark_map_entry *entry = hark_map_get(&rc->series, key);
    return entry ? entry->ptr : NULL;
}

struct recount_field *recount_field_of(const struct recount *rc, const struct recount_series *series,
                                       struct hark_str name)
{
    struct hark_buf key = {0};
    const struct hark_map_entry *entry = hark_map_get(&rc->fields, field_key(&key, series, name));
    hark_buf_done(&key);
    return entry ? entry->ptr : NULL;
}

int64_t recount_begin(struct hark_str key, struct hark_str field)
{
    char text[64], clock[16] = "00:00";
    int64_t ms;
    size_t cut = key.len;
    while (cut && key.ptr[cut - 1] != ':') cut--;
    struct hark_str date = hark_strn(key.ptr + cut, key.len - cut);
    const char *join = "";
    struct hark_str rest = {0};
    if (hark_str_starts(key, HARK_STR("total:"))) return INT64_MIN;
    if (hark_str_starts(key, HARK_STR("count:"))) {
        if (date.len == 4) { // MM-DD of a year
            join = "-", rest = field;
        } else if (date.len == 7) { // DDTHH of a month
            struct hark_str hour, day = hark_str_cut(field, 'T', &hour);
            join = "-", rest = day;
            snprintf(clock, sizeof clock, "%.*s:00", (int)(hour.len > 2 ? 2 : hour.len), hour.ptr ? hour.ptr : "");
        } else { // HH:MM of a day
            snprintf(clock, sizeof clock, "%.*s", (int)(field.len > 5 ? 5 : field.len), field.ptr);
        }
    }
    snprintf(text, sizeof text, HARK_STR_FMT "%s" HARK_STR_FMT "T%s:00Z", HARK_STR_ARG(date), join, HARK_STR_ARG(rest),
             clock);
    return hark_time_parse(hark_str(text), &ms) ? INT64_MIN : ms;
}
