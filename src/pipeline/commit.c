// Commits what lanes have sealed: read what Redis knows of the posts, send what follows from that, then run the script
// that compares the position, counts and advances.
//
// Matches and alerts are acknowledged by Kafka before the script runs, so a crash in between sends them again with the
// same ids and never leaves one out. All lanes of a worker are sent before the one wait for acknowledgements. While
// Redis or Kafka is away the commit waits.

#include "lane.h"

#include <hark/clock.h>
#include <hark/crash.h>

// Waits before a further try; false when a stop was asked for.
static bool back_off(const struct hark_err *err, int *tries)
{
    enum { FIRST_MS = 100, DOUBLINGS = 4 }; // up to 1.6 s
    if (*tries == 0 || *tries % 20 == 19)
        hark_log(HARK_WARN, "waiting for Redis", "error=%s tries=%d", hark_log_q(hark_str(err->text)), *tries + 1);
    int doublings = *tries < DOUBLINGS ? *tries : DOUBLINGS;
    ++*tries;
    return stop_sleep(FIRST_MS << doublings);
}

// Repeats a step while Redis is away.
static int insist(struct commit_env *env, void *what,
                  int (*step)(struct commit_env *env, void *what, struct hark_err *err), struct hark_err *err)
{
    for (int tries = 0;;) {
        struct hark_err wrong = {0};
        if (step(env, what, &wrong) == 0) {
            if (tries) hark_log(HARK_INFO, "Redis is back", "tries=%d", tries);
            return 0;
        }
        if (!wrong.retriable || !back_off(&wrong, &tries)) {
            *err = wrong;
            return err->code;
        }
    }
}

// What was read of the posts holds where the position is still the one that is expected. Else (a fail-over, a second
// owner) nothing may be sent: it would be about posts that were deleted or edited long since.
static int prepare(struct commit_env *env, void *what, struct hark_err *err)
{
    struct lane *lane = what;
    int64_t started_us = hark_clock_mono_us();
    int code = hark_count_prepare(env->store, lane->partition, lane->sealed->batch, err);
    if (!code)
        code = hark_store_position(env->store, lane->partition, env->topic, hark_str(lane->field), &lane->moved, err);
    if (code) return code;
    bool expected = hark_str_eq(hark_buf_str(&lane->moved), hark_buf_str(&lane->expected));
    lane->result = expected ? HARK_COMMIT_DONE : HARK_COMMIT_MOVED;
    metrics_took(&metric_redis, "read", started_us);
    return 0;
}

static struct hark_count_part part_of(const struct commit_env *env, struct lane *lane)
{
    return (struct hark_count_part){
        lane->partition,
        lane->sealed->batch,
        {env->topic, hark_str(lane->field), hark_buf_str(&lane->expected), hark_buf_str(&lane->sealed->next)}};
}

static int run_script(struct commit_env *env, void *what, struct hark_err *err)
{
    struct lane *lane = what;
    if (lane->result == HARK_COMMIT_MOVED) return 0; // found so before anything was sent
    const struct hark_count_part part = part_of(env, lane);
    int64_t started_us = hark_clock_mono_us();
    int code =
        hark_count_commit(env->store, part.partition, part.batch, &part.position, &lane->result, &lane->moved, err);
    if (!code) metrics_took(&metric_redis, "commit", started_us);
    return code;
}

static int send_alerts(struct commit_env *env, struct hark_count_batch *batch, const struct hark_alert *alerts,
                       size_t n, struct hark_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (env->emit->alert(env->emit, &alerts[i], err)) return err->code;
        hark_count_news(batch, alerts[i].json);
    }
    tally_add(&env->tally->alerts, n);
    return 0;
}

// A post that counts now, in other words than before, or no longer.
static int send_change(struct commit_env *env, struct lane *lane, size_t i, const struct hark_count_outcome *outcome,
                       struct hark_err *err)
{
    struct load *load = lane->sealed;
    const struct outgoing *out = &load->out[i];
    const struct hark_alert *changed;
    for (size_t k = 0; k < out->nmatches; k++)
        if (env->emit->match(env->emit, out->id, out->matches[k], err)) return err->code;
    tally_add(&env->tally->matches, out->nmatches);
    tally_add(&env->tally->hits, out->nhits);
    size_t n = hark_alert_change(outcome->alerts, out->alerts, out->nalerts, out->time_ms, &load->arena, &changed,
                                 &lane->note);
    hark_count_alerts(load->batch, i, hark_buf_str(&lane->note));
    return send_alerts(env, load->batch, changed, n, err);
}

static int send_outcome(struct commit_env *env, struct lane *lane, size_t i, struct hark_err *err)
{
    struct hark_count_outcome outcome;
    hark_count_outcome(lane->sealed->batch, i, &outcome);
    switch (outcome.kind) {
    case HARK_COUNT_NOTHING: return 0;
    case HARK_COUNT_REPEAT: tally_add(&env->tally->repeats, 1); return 0;
    case HARK_COUNT_EDIT: tally_add(&env->tally->edits, 1); break;
    case HARK_COUNT_DELETE: tally_add(&env->tally->deletes, 1); break;
    case HARK_COUNT_NEW: break;
    }
    return send_change(env, lane, i, &outcome, err);
}

static int send_lane(struct commit_env *env, struct lane *lane, struct hark_err *err)
{
    if (lane->result == HARK_COMMIT_MOVED) return 0;
    for (size_t i = 0; i < lane->sealed->nout; i++)
        if (send_outcome(env, lane, i, err)) return err->code;
    return 0;
}

static int finish(struct commit_env *env, struct lane *lane, struct hark_err *err)
{
    switch (lane->result) {
    case HARK_COMMIT_DONE:
        hark_buf_clear(&lane->expected);
        hark_buf_str_add(&lane->expected, hark_buf_str(&lane->sealed->next));
        break;
    case HARK_COMMIT_MOVED:
        hark_log(HARK_WARN, "position moved", "topic=" HARK_STR_FMT " partition=%s expected=%s stored=%s",
                 HARK_STR_ARG(env->topic), lane->field, hark_log_q(hark_buf_str(&lane->expected)),
                 hark_log_q(hark_buf_str(&lane->moved)));
        lane->has_moved = true;
        break;
    case HARK_COMMIT_TORN:
        return hark_err_set(err, HARK_ESERVICE,
                            "Redis has applied a part of a batch only: its append-only file broke off in the middle of "
                            "one and was loaded "
                            "twice. The counters of partition %s are wrong: `hark match --rebuild` counts the log "
                            "again from its beginning; "
                            "or bring back an older copy and start again",
                            lane->field);
    case HARK_COMMIT_GONE:
        return hark_err_set(
            err, HARK_ESERVICE,
            "Redis has lost its counters (wiped, or another one was put in its place): stopped before counting from "
            "the "
            "middle. `hark match --rebuild` counts the log again from its beginning; to go on with an older copy, "
            "restore it and start again");
    case HARK_COMMIT_CONFLICT: return hark_err_set(err, HARK_EBUG, "a conflict was taken for an end");
    }
    load_clear(lane->sealed);
    lane->sealed = NULL;
    return 0;
}

// Another writer had one of the posts in its hands: read again.
static int settle(struct commit_env *env, struct lane *lane, struct hark_err *err)
{
    while (lane->result == HARK_COMMIT_CONFLICT)
        if (insist(env, lane, prepare, err) || send_lane(env, lane, err) || env->emit->flush(env->emit, err) ||
            insist(env, lane, run_script, err))
            return err->code;
    return finish(env, lane, err);
}

static int send_all(struct commit_env *env, struct lane *const *lanes, size_t n, size_t *ret_posts,
                    struct hark_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!lanes[i] || !lanes[i]->sealed) continue;
        if (insist(env, lanes[i], prepare, err) || send_lane(env, lanes[i], err)) return err->code;
        *ret_posts += lanes[i]->sealed->nout;
    }
    return 0;
}

// Lanes whose loads go into one script. While it runs Redis serves nobody else.
enum { GROUP_LANES = 256, GROUP_POSTS = 10000 };
struct group {
    struct lane *lanes[GROUP_LANES];
    struct hark_count_part parts[GROUP_LANES];
    size_t n, posts;
    enum hark_commit result;
};

static int run_joint_script(struct commit_env *env, void *what, struct hark_err *err)
{
    struct group *group = what;
    int64_t started_us = hark_clock_mono_us();
    int code = hark_count_commit_together(env->store, group->parts, group->n, &group->result, err);
    if (!code) metrics_took(&metric_redis, "commit", started_us);
    return code;
}

// Together where that goes; else each by itself, which tells what each has met.
static int count_group(struct commit_env *env, struct group *group, struct hark_err *err)
{
    group->result = HARK_COMMIT_CONFLICT;
    if (group->n > 1 && insist(env, group, run_joint_script, err)) return err->code;
    for (size_t i = 0; i < group->n; i++) {
        struct lane *lane = group->lanes[i];
        if (group->result != HARK_COMMIT_DONE && insist(env, lane, run_script, err)) return err->code;
        if (settle(env, lane, err)) return err->code; // its result was DONE before the script
    }
    group->n = group->posts = 0;
    return 0;
}

static bool fits(const struct commit_env *env, const struct group *group, const struct lane *lane)
{
    return group->n == 0 ||
           (group->n < GROUP_LANES && group->posts + lane->sealed->nout <= GROUP_POSTS &&
            hark_store_index(env->store, lane->partition) == hark_store_index(env->store, group->lanes[0]->partition));
}

static int count_all(struct commit_env *env, struct lane *const *lanes, size_t n, struct hark_err *err)
{
    struct group group = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        if (!lanes[i] || !lanes[i]->sealed) continue;
        if (lanes[i]->result == HARK_COMMIT_MOVED) { // found so before anything was sent
            if (settle(env, lanes[i], err)) return err->code;
            continue;
        }
        if (!fits(env, &group, lanes[i]) && count_group(env, &group, err)) return err->code;
        group.parts[group.n] = part_of(env, lanes[i]);
        group.lanes[group.n++] = lanes[i];
        group.posts += lanes[i]->sealed->nout;
    }
    return count_group(env, &group, err);
}

int lanes_commit(struct commit_env *env, struct lane *const *lanes, size_t n, struct hark_err *err)
{
    size_t posts = 0;
    int64_t start_us = hark_clock_mono_us();
    if (send_all(env, lanes, n, &posts, err)) return err->code;
    int64_t sent_us = hark_clock_mono_us();
    hark_crash_point("after-produce");
    if (env->emit->flush(env->emit, err)) return err->code;
    hark_crash_point("after-acknowledgement");
    int64_t acked_us = hark_clock_mono_us();
    if (count_all(env, lanes, n, err)) return err->code;
    metrics_took(&metric_commit, NULL, start_us);
    hark_log(HARK_DEBUG, "committed", "posts=%zu read_and_send_ms=%.1f acknowledge_ms=%.1f count_ms=%.1f", posts,
             (double)(sent_us - start_us) / 1e3, (double)(acked_us - sent_us) / 1e3,
             (double)(hark_clock_mono_us() - acked_us) / 1e3);
    return 0;
}
