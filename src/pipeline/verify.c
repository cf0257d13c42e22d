// hark verify: recounts the log and compares.
//
// One recount an instance of Redis, for all that an input partition counts is in one. The log is read up to the stored
// offsets; then Redis is read; then the offsets are read again. Where they have moved meanwhile the recount goes on
// from where it was, and Redis is read anew.

#include "pipeline.h"
#include "recount.h"

#include <hark/clock.h>

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 20, SHOWN = 200, LATE_MS = 300000 };

struct difference {
    struct hark_str key, field;
    int64_t held, counted;
};

struct verify {
    const struct hark_config *cfg;
    struct hark_stream_options stream;
    struct hark_matcher *m;
    struct hark_scratch *ms;
    struct hark_store *store;
    struct hark_buf topic;
    struct hark_partition *parts; // first: of the log; end: up to where it is counted
    size_t nparts;
    int64_t *next; // up to where it is recounted
    struct recount **counts;
    int64_t *from_ms; // by instance: the log holds all that arrived since; INT64_MIN: it holds everything
    struct hark_arena post;
    struct tally tally;
    // comparing
    size_t at;
    struct hark_arena arena;
    struct difference *differences;
    size_t n, cap, compared, left_out;
    int64_t now_s;
};

// --- the log ---

static struct recount *count_of(struct verify *v, int32_t partition)
{
    return v->counts[(size_t)partition % hark_store_instances(v->store)];
}

static void take(struct verify *v, struct recount *rc, const struct hark_message *message)
{
    struct hark_post post;
    struct hark_err bad = {0};
    struct hark_str id;
    enum hark_op op;
    hark_arena_reset(&v->post);
    if (hark_post_decode(message->payload, &v->post, &post, &bad)) {
        // It cannot be read; but what says that it deletes does.
        if (hark_post_peek(message->payload, &id, &op) && op == HARK_OP_DELETE) recount_delete(rc, id);
        return;
    }
    struct hark_matches matches = {0};
    if (post.op != HARK_OP_DELETE) matches = hark_match_post(v->m, v->ms, &post, true);
    tally_add(&v->tally.matches, matches.n);
    recount_post(rc, &post, &matches, message->timestamp_ms);
}

static int take_message(void *arg, const struct hark_message *message, struct hark_err *err)
{
    struct verify *v = arg;
    int64_t *from_ms = &v->from_ms[(size_t)message->partition % hark_store_instances(v->store)];
    const struct hark_partition *part = &v->parts[message->partition];
    if (part->first > 0 && v->next[message->partition] == part->first && message->timestamp_ms > *from_ms)
        *from_ms = message->timestamp_ms; // the first that is left of a log that was cut
    v->next[message->partition] = message->offset + 1;
    take(v, count_of(v, message->partition), message);
    tally_add(&v->tally.posts, 1);
    atomic_fetch_sub_explicit(&v->tally.lag, 1, memory_order_relaxed);
    return hark_stopping() ? hark_err_set(err, HARK_ESTOP, "stopped") : 0;
}

static bool keep_waiting(void *arg)
{
    (void)arg;
    return !hark_stopping();
}

// Reads on to the offsets that are stored by now.
static int recount(struct verify *v, struct hark_err *err)
{
    struct hark_partition *ranges = hark_calloc(v->nparts + 1, sizeof *ranges);
    uint64_t lag = 0;
    for (size_t p = 0; p < v->nparts; p++) {
        ranges[p] = (struct hark_partition){v->parts[p].id, v->next[p], v->parts[p].end};
        if (ranges[p].end > ranges[p].first) lag += (uint64_t)(ranges[p].end - ranges[p].first);
    }
    atomic_store(&v->tally.lag, lag);
    atomic_store(&v->tally.all, lag > atomic_load(&v->tally.all) ? lag : atomic_load(&v->tally.all));
    (void)!hark_log_read(&v->stream, "posts", ranges, v->nparts, take_message, keep_waiting, v, err);
    for (size_t p = 0; p < v->nparts && err->code == 0; p++) {
        // Cut, and nothing of what is counted is left.
        if (v->parts[p].first > 0 && v->next[p] == v->parts[p].first)
            v->from_ms[p % hark_store_instances(v->store)] = hark_clock_ms();
        if (v->next[p] < v->parts[p].end) v->next[p] = v->parts[p].end;
    }
    free(ranges);
    return err->code;
}

// --- positions ---

// Reads how far each partition is counted; *ret_moved: further than before.
static int read_positions(struct verify *v, bool *ret_moved, struct hark_err *err)
{
    struct hark_buf stored = {0};
    *ret_moved = false;
    for (size_t p = 0; p < v->nparts; p++) {
        char field[21];
        int64_t offset = 0;
        snprintf(field, sizeof field, "%d", (int)v->parts[p].id);
        if (hark_read_position(v->store, v->parts[p].id, hark_buf_str(&v->topic), hark_str(field), &stored, err)) break;
        if (stored.len && hark_str_int(hark_buf_str(&stored), &offset)) offset = 0;
        if (offset < v->next[p] && v->next[p] > v->parts[p].first) {
            hark_err_set(err, HARK_ESERVICE,
                         "partition %s went back from offset %lld to %lld while it was verified: Redis was wiped or "
                         "restored, or counting was started over; run it again",
                         field, (long long)v->next[p], (long long)offset);
            break;
        }
        if (offset != v->parts[p].end) *ret_moved = true;
        v->parts[p].end = offset;
    }
    hark_buf_done(&stored);
    return err->code;
}

// --- comparing ---

static bool compares(const struct verify *v, struct hark_str key, struct hark_str field)
{
    int64_t from_ms = v->from_ms[v->at];
    return from_ms == INT64_MIN || recount_begin(key, field) >= from_ms + LATE_MS;
}

static void differ(struct verify *v, struct hark_str key, struct hark_str field, int64_t held, int64_t counted)
{
    v->differences = hark_grow(v->differences, v->n, &v->cap, sizeof *v->differences);
    v->differences[v->n++] =
        (struct difference){hark_arena_str(&v->arena, key), hark_arena_str(&v->arena, field), held, counted};
}

// Sorted sets are cut at `top` (top:) or at twice that (tags:): then some may be missing, and tags may be too low.
static bool was_cut(const struct verify *v, const struct recount_series *series)
{
    size_t top = (size_t)v->cfg->top;
    if (hark_str_starts(series->key, HARK_STR("top:"))) return series->peak > top;
    return hark_str_starts(series->key, HARK_STR("tags:")) && series->peak > 2 * top;
}

static void compare_held(void *arg, const struct hark_reading *reading)
{
    struct verify *v = arg;
    const struct recount *rc = v->counts[v->at];
    struct recount_series *series = recount_find(rc, reading->key);
    struct recount_field *field = series ? recount_field_of(rc, series, reading->field) : NULL;
    if (field) field->seen = true;
    if (!compares(v, reading->key, reading->field)) {
        v->left_out++;
        return;
    }
    v->compared++;
    int64_t counted = field && field->there ? field->n : 0;
    bool may_be_low = series && was_cut(v, series) && !series->scores;
    if (field && field->there && (counted == reading->n || (may_be_low && reading->n < counted))) return;
    differ(v, reading->key, reading->field, reading->n, counted);
}

static void compare_missing(struct verify *v, struct recount_series *series)
{
    if (series->ends_s && series->ends_s <= v->now_s) return; // no longer kept
    for (struct recount_field *field = series->first; field; field = field->next) {
        bool missing = field->there && !field->seen && !was_cut(v, series) && compares(v, series->key, field->name);
        field->seen = false; // for a further round
        if (!missing) continue;
        v->compared++;
        differ(v, series->key, field->name, 0, field->n);
    }
}

static int compare(struct verify *v, struct hark_err *err)
{
    v->n = v->compared = v->left_out = 0;
    for (v->at = 0; v->at < hark_store_instances(v->store); v->at++) {
        if (hark_read_each(v->store, v->at, compare_held, v, err)) return err->code;
        v->now_s = hark_clock_ms() / 1000;
        for (size_t i = 0; i < recount_nseries(v->counts[v->at]); i++)
            compare_missing(v, recount_series_at(v->counts[v->at], i));
    }
    return 0;
}

// Recounts and compares until nothing has moved while Redis was read.
static int verify(struct verify *v, struct hark_err *err)
{
    bool moved;
    if (read_positions(v, &moved, err)) return err->code;
    for (int round = 0; round < ROUNDS; round++) {
        if (recount(v, err) || read_positions(v, &moved, err)) return err->code;
        if (moved) continue;
        if (compare(v, err) || read_positions(v, &moved, err)) return err->code;
        if (!moved) return 0;
    }
    return hark_err_set(
        err, HARK_ESERVICE,
        "the counters do not stand still: `hark match` counts faster than they can be compared; stop it and "
        "run `hark verify` again");
}

// --- saying so ---

static int by_key(const void *a, const void *b)
{
    const struct difference *x = a, *y = b;
    int rc = hark_str_cmp(x->key, y->key);
    return rc ? rc : hark_str_cmp(x->field, y->field);
}

static void print_differences(const struct verify *v)
{
    size_t widest = 7, n = v->n < SHOWN ? v->n : SHOWN;
    qsort(v->differences, v->n, sizeof *v->differences, by_key);
    for (size_t i = 0; i < n; i++) {
        size_t width = v->differences[i].key.len + 1 + v->differences[i].field.len;
        if (width > widest) widest = width;
    }
    printf("%-*s  %12s  %12s  %12s\n", (int)widest, "counter", "Redis", "log", "difference");
    for (size_t i = 0; i < n; i++) {
        const struct difference *d = &v->differences[i];
        printf(HARK_STR_FMT " " HARK_STR_FMT "%*s  %12lld  %12lld  %+12lld\n", HARK_STR_ARG(d->key),
               HARK_STR_ARG(d->field), (int)(widest - d->key.len - 1 - d->field.len), "", (long long)d->held,
               (long long)d->counted, (long long)(d->held - d->counted));
    }
    if (v->n > n) printf("and %zu more\n", v->n - n);
}

static int print_gaps(struct verify *v, struct hark_err *err)
{
    int64_t posts, gaps;
    if (hark_read_lost(v->store, &posts, &gaps, err)) return err->code;
    if (gaps)
        printf("%lld posts in %lld gaps were deleted from the log before they were counted (%sgaps)\n",
               (long long)posts, (long long)gaps, v->cfg->prefix);
    return 0;
}

static int tell(struct verify *v, struct hark_err *err)
{
    int64_t posts = 0;
    for (size_t p = 0; p < v->nparts; p++)
        if (v->next[p] > v->parts[p].first) posts += v->next[p] - v->parts[p].first;
    if (v->n) print_differences(v);
    printf("%s: %zu counters compared, %zu differ; %lld posts of %zu partitions counted again\n",
           v->n ? "NOT equal" : "equal", v->compared, v->n, (long long)posts, v->nparts);
    if (v->left_out) printf("%zu counters are left out: the log no longer holds all that they count\n", v->left_out);
    if (print_gaps(v, err)) return err->code;
    return v->n ? hark_err_set(err, HARK_EINPUT, "%s", "") : 0;
}

// --- start ---

static int find_log(struct verify *v, struct hark_err *err)
{
    int n = hark_topic_ends(&v->stream, "posts", &v->parts, err);
    if (n < 0) return err->code;
    v->nparts = (size_t)n;
    v->next = hark_calloc(v->nparts + 1, sizeof *v->next);
    size_t instances = hark_store_instances(v->store);
    v->counts = hark_calloc(instances, sizeof *v->counts);
    v->from_ms = hark_calloc(instances, sizeof *v->from_ms);
    for (size_t i = 0; i < instances; i++) {
        v->counts[i] = recount_new((int)v->cfg->post_days);
        v->from_ms[i] = INT64_MIN;
    }
    for (size_t p = 0; p < v->nparts; p++) {
        v->next[p] = v->parts[p].first;
        v->parts[p].end = 0;
    }
    return 0;
}

static int warn_of_rules(const struct verify *v, struct hark_err *err)
{
    struct hark_arena arena = {0};
    struct hark_read_meta meta;
    const char *version = hark_matcher_rules(v->m)->version;
    if (hark_read_meta(v->store, &arena, &meta, err) == 0 && meta.ruleset.len && !hark_str_is(meta.ruleset, version))
        hark_log(HARK_WARN, "the rules are not those that were counted with last", "given=%s counted=" HARK_STR_FMT,
                 version, HARK_STR_ARG(meta.ruleset));
    hark_arena_done(&arena);
    return err->code;
}

static void done(struct verify *v)
{
    for (size_t i = 0; v->counts && i < hark_store_instances(v->store); i++) recount_free(v->counts[i]);
    free(v->counts);
    free(v->from_ms);
    free(v->next);
    free(v->parts);
    free(v->differences);
    hark_store_close(v->store);
    hark_scratch_free(v->ms);
    hark_matcher_unref(v->m);
    hark_arena_done(&v->post);
    hark_arena_done(&v->arena);
    hark_buf_done(&v->topic);
}

int hark_pipeline_verify(const struct hark_config *cfg, struct hark_err *err)
{
    struct verify v = {.cfg = cfg, .stream = hark_pipeline_stream(cfg)};
    const struct hark_store_options options = {.redis = cfg->redis ? cfg->redis : "redis://127.0.0.1:6379",
                                               .password = cfg->redis_password,
                                               .prefix = cfg->prefix};
    hark_buf_printf(&v.topic, "%sposts", cfg->topics);
    v.m = hark_pipeline_matcher(cfg, err);
    v.ms = v.m ? hark_scratch_new(v.m, err) : NULL;
    v.store = v.ms ? hark_store_open(&options, err) : NULL;
    if (v.store && find_log(&v, err) == 0 && warn_of_rules(&v, err) == 0) {
        progress_start(&v.tally);
        (void)!verify(&v, err);
        progress_stop();
        if (err->code == 0) (void)!tell(&v, err);
    }
    done(&v);
    return err->code;
}
