// A lane takes posts in the order of its input and commits them: read what Redis knows of them, send what follows from
// that, then run the script that compares the position, counts and advances.
//
// Matches and alerts are acknowledged by Kafka before the script runs, so a crash in between sends them again with the
// same ids and never leaves one out. While Redis or Kafka is away the lane waits with what it holds.

#include "pipeline.h"

#include <hark/clock.h>
#include <hark/crash.h>

#include <stdlib.h>

struct outgoing { // what one counted post sends if it turns out to be new
    struct hark_str id;
    int64_t time_ms;
    const struct hark_str *matches; // hark.match/1
    size_t nmatches;
    const struct hark_alert *alerts;
    size_t nalerts;
};

struct lane {
    struct lane_env *env;
    int32_t partition;
    char *field;
    struct hark_buf expected, next, moved;
    struct hark_count_batch *batch;
    struct outgoing *out; // one for each post of the batch, by its index
    size_t nout, out_cap;
    struct hark_arena arena; // of what `out` holds, until the commit
    struct hark_arena post;  // of one post
    struct hark_buf json, note;
    enum hark_commit result; // of the last script
    bool dirty;
};

struct lane *lane_new(struct lane_env *env, int32_t partition, struct hark_str field)
{
    struct lane *lane = hark_calloc(1, sizeof *lane);
    const struct hark_count_options options = {
        .post_days = (int)env->cfg->post_days,
        .tombstone_hours = (int)env->cfg->tombstone_hours,
        .match_json_per_brand_day = (int)env->cfg->match_json,
        .top = (int)env->cfg->top,
    };
    lane->env = env;
    lane->partition = partition;
    lane->field = hark_str_dup(field);
    lane->batch = hark_count_batch_new(&options);
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane) return;
    hark_count_batch_free(lane->batch);
    hark_buf_done(&lane->expected);
    hark_buf_done(&lane->next);
    hark_buf_done(&lane->moved);
    hark_buf_done(&lane->json);
    hark_buf_done(&lane->note);
    hark_arena_done(&lane->arena);
    hark_arena_done(&lane->post);
    free(lane->out);
    free(lane->field);
    free(lane);
}

static void clear(struct lane *lane)
{
    hark_count_batch_clear(lane->batch);
    hark_arena_reset(&lane->arena);
    lane->nout = 0;
    lane->dirty = false;
}

void lane_position(struct lane *lane, struct hark_str next)
{
    hark_buf_clear(&lane->next);
    hark_buf_str_add(&lane->next, next);
    lane->dirty = true;
}

void lane_gap(struct lane *lane, int64_t from, int64_t to)
{
    hark_count_gap(lane->batch, from, to);
}

struct hark_str lane_next(const struct lane *lane)
{
    return hark_buf_str(&lane->next);
}

struct hark_str lane_expected(const struct lane *lane)
{
    return hark_buf_str(&lane->expected);
}

void lane_expect(struct lane *lane, struct hark_str position)
{
    clear(lane);
    hark_buf_clear(&lane->expected);
    hark_buf_str_add(&lane->expected, position);
    hark_buf_clear(&lane->next);
    hark_buf_str_add(&lane->next, hark_buf_str(&lane->expected)); // `position` may have been `next` itself
}

bool lane_dirty(const struct lane *lane)
{
    return lane->dirty;
}

size_t lane_size(const struct lane *lane)
{
    return lane->nout;
}

static void keep(struct lane *lane, size_t index, const struct outgoing *out)
{
    lane->out = hark_grow(lane->out, index, &lane->out_cap, sizeof *lane->out);
    lane->out[index] = *out;
    lane->nout = index + 1;
}

// The alerts of all matches of one post, in the lane's arena.
static void add_alerts(struct lane *lane, const struct hark_post *post, const struct hark_matches *matches,
                       struct outgoing *out)
{
    size_t room = 0;
    for (size_t i = 0; i < matches->n; i++) room += matches->v[i].brand->nalerts;
    if (room == 0) return;
    struct hark_alert *all = HARK_NEW_N(&lane->arena, struct hark_alert, room);
    for (size_t i = 0; i < matches->n; i++) {
        const struct hark_alert *some;
        size_t n = hark_alert_of_match(&matches->v[i], post, out->matches[i], &lane->arena, &some);
        if (n) memcpy(all + out->nalerts, some, n * sizeof *some);
        out->nalerts += n;
    }
    out->alerts = all;
}

static void take(struct lane *lane, const struct hark_post *post, struct hark_str json,
                 const struct hark_matches *matches, int64_t arrival_ms)
{
    struct outgoing out = {
        .id = hark_arena_str(&lane->arena, post->id), .time_ms = post->time_ms, .nmatches = matches->n};
    struct hark_str *encoded = HARK_NEW_N(&lane->arena, struct hark_str, matches->n);
    const char *version = hark_matcher_rules(lane->env->m)->version;
    for (size_t i = 0; i < matches->n; i++) {
        hark_buf_clear(&lane->json);
        struct hark_json writer = hark_json_to(&lane->json);
        hark_match_encode(&matches->v[i], post, json, version, &writer);
        encoded[i] = hark_arena_str(&lane->arena, hark_buf_str(&lane->json));
    }
    out.matches = encoded;
    add_alerts(lane, post, matches, &out);
    keep(lane, hark_count_add(lane->batch, post, matches, encoded, arrival_ms), &out);
}

// The prefilter has spoken; `candidates` is what it said.
static void consider(struct lane *lane, const struct hark_post *post, struct hark_str json, size_t candidates,
                     int64_t arrival_ms)
{
    struct hark_matches matches = {0};
    if (candidates) {
        tally_add(&lane->env->tally->candidates, 1);
        matches = hark_match_post(lane->env->m, lane->env->ms, post, lane->env->cfg->no_prefilter);
    }
    if (matches.n || post->op != HARK_OP_CREATE) take(lane, post, json, &matches, arrival_ms);
}

static void take_delete(struct lane *lane, struct hark_str id, int64_t time_ms)
{
    struct outgoing out = {.id = hark_arena_str(&lane->arena, id), .time_ms = time_ms};
    keep(lane, hark_count_add_delete(lane->batch, id), &out);
}

int lane_post(struct lane *lane, const struct hark_post *post, struct hark_str json, struct hark_err *err)
{
    (void)err;
    tally_add(&lane->env->tally->posts, 1);
    if (post->op == HARK_OP_DELETE)
        take_delete(lane, post->id, hark_clock_ms());
    else
        consider(lane, post, json, hark_match_maybe(lane->env->m, lane->env->ms, json), hark_clock_ms());
    return 0;
}

static int unreadable(struct lane *lane, struct hark_str json, struct hark_str where, const char *reason,
                      struct hark_err *err)
{
    const struct dead_letter letter = {
        .reason = hark_str(reason),
        .source = HARK_STR("kafka"),
        .where = where,
        .raw = hark_strn(json.ptr, json.len < HARK_DEAD_MAX_BYTES ? json.len : HARK_DEAD_MAX_BYTES),
        .raw_len = json.len,
    };
    tally_add(&lane->env->tally->dead, 1);
    return lane->env->emit->dead(lane->env->emit, &letter, err);
}

int lane_message(struct lane *lane, struct hark_str json, int64_t timestamp_ms, struct hark_str where,
                 struct hark_err *err)
{
    struct hark_str id;
    enum hark_op op;
    bool known = hark_post_peek(json, &id, &op);
    tally_add(&lane->env->tally->posts, 1);
    if (known && op == HARK_OP_DELETE) {
        take_delete(lane, id, timestamp_ms);
        return 0;
    }
    size_t candidates = hark_match_maybe(lane->env->m, lane->env->ms, json);
    // What is not a create may take something back; what does not begin as canonical posts do may not be a create.
    if (candidates == 0 && (known ? op == HARK_OP_CREATE : !hark_post_may_change(json))) return 0;
    struct hark_post post;
    struct hark_err bad = {0};
    hark_arena_reset(&lane->post);
    if (hark_post_decode(json, &lane->post, &post, &bad)) return unreadable(lane, json, where, bad.text, err);
    if (post.op == HARK_OP_DELETE)
        take_delete(lane, post.id, timestamp_ms);
    else
        consider(lane, &post, json, candidates, timestamp_ms);
    return 0;
}

// --- commit ---

// Waits before a further try; false when a stop was asked for.
static bool back_off(const struct lane *lane, const struct hark_err *err, int *tries)
{
    enum { FIRST_MS = 100, DOUBLINGS = 4 }; // up to 1.6 s
    if (*tries == 0 || *tries % 20 == 19)
        hark_log(HARK_WARN, "waiting for Redis", "error=%s tries=%d", hark_log_q(hark_str(err->text)), *tries + 1);
    if (lane->env->waiting) lane->env->waiting(lane->env->waiting_arg);
    return stop_sleep(FIRST_MS << (*tries < DOUBLINGS ? (*tries)++ : ((*tries)++, DOUBLINGS)));
}

// Repeats a step while Redis is away.
static int insist(struct lane *lane, int (*step)(struct lane *lane, struct hark_err *err), struct hark_err *err)
{
    for (int tries = 0;;) {
        struct hark_err wrong = {0};
        if (step(lane, &wrong) == 0) {
            if (tries) hark_log(HARK_INFO, "Redis is back", "tries=%d", tries);
            return 0;
        }
        if (!wrong.retriable || !back_off(lane, &wrong, &tries)) {
            *err = wrong;
            return err->code;
        }
    }
}

static int prepare(struct lane *lane, struct hark_err *err)
{
    return hark_count_prepare(lane->env->store, lane->partition, lane->batch, err);
}

static int run_script(struct lane *lane, struct hark_err *err)
{
    const struct hark_position position = {lane->env->topic, hark_str(lane->field), hark_buf_str(&lane->expected),
                                           hark_buf_str(&lane->next)};
    return hark_count_commit(lane->env->store, lane->partition, lane->batch, &position, &lane->result, &lane->moved,
                             err);
}

static int send_alerts(struct lane *lane, const struct hark_alert *alerts, size_t n, struct hark_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (lane->env->emit->alert(lane->env->emit, &alerts[i], err)) return err->code;
    tally_add(&lane->env->tally->alerts, n);
    return 0;
}

// A post that counts now (for the first time, or in other words than before).
static int send_new(struct lane *lane, size_t i, const struct hark_count_outcome *outcome, struct hark_err *err)
{
    const struct outgoing *out = &lane->out[i];
    const struct hark_alert *changed;
    for (size_t k = 0; k < out->nmatches; k++)
        if (lane->env->emit->match(lane->env->emit, out->id, out->matches[k], err)) return err->code;
    tally_add(&lane->env->tally->matches, out->nmatches);
    hark_buf_clear(&lane->note);
    size_t n = hark_alert_change(outcome->alerts, out->alerts, out->nalerts, out->time_ms, &lane->arena, &changed,
                                 &lane->note);
    hark_count_alerts(lane->batch, i, hark_buf_str(&lane->note));
    return send_alerts(lane, changed, n, err);
}

static int send_outcome(struct lane *lane, size_t i, struct hark_err *err)
{
    struct hark_count_outcome outcome;
    struct tally *tally = lane->env->tally;
    hark_count_outcome(lane->batch, i, &outcome);
    switch (outcome.kind) {
    case HARK_COUNT_NEW: return send_new(lane, i, &outcome, err);
    case HARK_COUNT_EDIT: tally_add(&tally->edits, 1); return send_new(lane, i, &outcome, err);
    case HARK_COUNT_DELETE: tally_add(&tally->deletes, 1); return send_new(lane, i, &outcome, err);
    case HARK_COUNT_REPEAT: tally_add(&tally->repeats, 1); return 0;
    case HARK_COUNT_NOTHING: return 0;
    }
    return 0;
}

static int send_all(struct lane *lane, struct hark_err *err)
{
    for (size_t i = 0; i < lane->nout; i++)
        if (send_outcome(lane, i, err)) return err->code;
    hark_crash_point("after-produce");
    if (lane->env->emit->flush(lane->env->emit, err)) return err->code;
    hark_crash_point("after-acknowledgement");
    return 0;
}

static int finish(struct lane *lane, bool *ret_moved, struct hark_err *err)
{
    switch (lane->result) {
    case HARK_COMMIT_DONE: lane_expect(lane, hark_str(hark_buf_cstr(&lane->next))); return 0;
    case HARK_COMMIT_MOVED:
        hark_log(HARK_WARN, "position moved", "topic=" HARK_STR_FMT " partition=%s expected=%s stored=%s",
                 HARK_STR_ARG(lane->env->topic), lane->field, hark_log_q(hark_buf_str(&lane->expected)),
                 hark_log_q(hark_buf_str(&lane->moved)));
        lane_expect(lane, hark_buf_str(&lane->moved));
        *ret_moved = true;
        return 0;
    case HARK_COMMIT_GONE:
        return hark_err_set(err, HARK_ESERVICE,
                            "Redis has lost its counters (wiped, or another one was put in its place): stopped before "
                            "counting from the middle. "
                            "`hark match --rebuild` counts the log again from its beginning; to go on with an older "
                            "copy, restore it and start again");
    case HARK_COMMIT_CONFLICT: break;
    }
    return hark_err_set(err, HARK_EBUG, "a commit ended in no known way (%d)", (int)lane->result);
}

int lane_commit(struct lane *lane, bool *ret_moved, struct hark_err *err)
{
    *ret_moved = false;
    if (!lane->dirty) return 0;
    do { // again where another writer had one of the posts in its hands
        if (insist(lane, prepare, err) || send_all(lane, err) || insist(lane, run_script, err)) return err->code;
    } while (lane->result == HARK_COMMIT_CONFLICT);
    return finish(lane, ret_moved, err);
}
