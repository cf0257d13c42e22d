// A lane takes posts in the order of its input. What it took since the last commit is its open load; a load that is
// sealed is committed (commit.c), on another thread if need be, while the lane goes on with the other one.

#include "lane.h"

#include <hark/clock.h>

#include <stdlib.h>

static void load_init(struct load *load, const struct hark_count_options *options)
{
    load->batch = hark_count_batch_new(options);
}

static void load_done(struct load *load)
{
    hark_count_batch_free(load->batch);
    hark_buf_done(&load->next);
    hark_arena_done(&load->arena);
    free(load->out);
}

void load_clear(struct load *load)
{
    hark_count_batch_clear(load->batch);
    hark_arena_reset(&load->arena);
    load->nout = 0;
    load->dirty = false;
}

struct lane *lane_new(struct lane_env *env, int32_t partition, struct hark_str field)
{
    struct lane *lane = hark_calloc(1, sizeof *lane);
    const struct hark_count_options options = {
        .post_days = (int)env->cfg->post_days,
        .tombstone_hours = (int)env->cfg->tombstone_hours,
        .match_json_per_brand_day = (int)env->cfg->match_json,
        .top = (int)env->cfg->top,
        .retain = *env->retain,
    };
    lane->env = env;
    lane->partition = partition;
    lane->field = hark_str_dup(field);
    for (size_t i = 0; i < 2; i++) load_init(&lane->loads[i], &options);
    lane->open = &lane->loads[0];
    lane->offset = -1;
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane) return;
    for (size_t i = 0; i < 2; i++) load_done(&lane->loads[i]);
    hark_buf_done(&lane->expected);
    hark_buf_done(&lane->moved);
    hark_buf_done(&lane->json);
    hark_buf_done(&lane->note);
    hark_arena_done(&lane->post);
    free(lane->field);
    free(lane);
}

void lane_position(struct lane *lane, struct hark_str next)
{
    hark_buf_clear(&lane->open->next);
    hark_buf_str_add(&lane->open->next, next);
    lane->open->dirty = true;
}

// Offsets become text only when somebody asks: there is one a message, and one commit for thousands of them.
static void write_offset(struct lane *lane)
{
    if (lane->offset < 0) return;
    hark_buf_clear(&lane->open->next);
    hark_buf_int(&lane->open->next, lane->offset);
    lane->offset = -1;
}

void lane_gap(struct lane *lane, int64_t from, int64_t to)
{
    hark_count_gap(lane->open->batch, from, to);
}

struct hark_str lane_next(struct lane *lane)
{
    write_offset(lane);
    return hark_buf_str(&lane->open->next);
}

struct hark_str lane_expected(const struct lane *lane)
{
    return hark_buf_str(&lane->expected);
}

int32_t lane_partition(const struct lane *lane)
{
    return lane->partition;
}

void lane_expect(struct lane *lane, struct hark_str position)
{
    hark_buf_clear(&lane->expected);
    hark_buf_str_add(&lane->expected, position);
    for (size_t i = 0; i < 2; i++) {
        load_clear(&lane->loads[i]);
        hark_buf_clear(&lane->loads[i].next);
        hark_buf_str_add(&lane->loads[i].next, position);
    }
    lane->sealed = NULL;
    lane->has_moved = false;
    lane->offset = -1;
}

size_t lane_size(const struct lane *lane)
{
    return lane->open->nout;
}

bool lane_seal(struct lane *lane)
{
    if (lane->sealed || !lane->open->dirty) return lane->sealed != NULL;
    write_offset(lane);
    lane->sealed = lane->open;
    lane->open = lane->open == &lane->loads[0] ? &lane->loads[1] : &lane->loads[0];
    load_clear(lane->open);
    hark_buf_clear(&lane->open->next);
    hark_buf_str_add(&lane->open->next, hark_buf_str(&lane->sealed->next));
    return true;
}

bool lane_moved(struct lane *lane)
{
    if (!lane->has_moved) return false;
    struct hark_str stored = hark_buf_str(&lane->moved);
    lane_expect(lane, stored);
    return true;
}

static void keep(struct lane *lane, size_t index, const struct outgoing *out)
{
    struct load *load = lane->open;
    load->out = hark_grow(load->out, index, &load->out_cap, sizeof *load->out);
    load->out[index] = *out;
    load->nout = index + 1;
    load->dirty = true; // also where the input has no positions
}

// The alerts of all matches of one post, in the lane's arena.
static void add_alerts(struct lane *lane, const struct hark_post *post, const struct hark_matches *matches,
                       struct outgoing *out)
{
    size_t room = 0;
    for (size_t i = 0; i < matches->n; i++) room += matches->v[i].brand->nalerts;
    if (room == 0) return;
    struct hark_alert *all = HARK_NEW_N(&lane->open->arena, struct hark_alert, room);
    for (size_t i = 0; i < matches->n; i++) {
        const struct hark_alert *some;
        size_t n = hark_alert_of_match(&matches->v[i], post, out->matches[i], &lane->open->arena, &some);
        if (n) memcpy(all + out->nalerts, some, n * sizeof *some);
        out->nalerts += n;
    }
    out->alerts = all;
}

static void take(struct lane *lane, const struct hark_post *post, struct hark_str json,
                 const struct hark_matches *matches, int64_t arrival_ms)
{
    struct outgoing out = {
        .id = hark_arena_str(&lane->open->arena, post->id), .time_ms = post->time_ms, .nmatches = matches->n};
    struct hark_str *encoded = HARK_NEW_N(&lane->open->arena, struct hark_str, matches->n);
    const char *version = hark_matcher_rules(lane->env->m)->version;
    for (size_t i = 0; i < matches->n; i++) {
        hark_buf_clear(&lane->json);
        struct hark_json writer = hark_json_to(&lane->json);
        hark_match_encode(&matches->v[i], post, json, version, &writer);
        encoded[i] = hark_arena_str(&lane->open->arena, hark_buf_str(&lane->json));
        out.nhits += matches->v[i].nhits;
    }
    out.matches = encoded;
    add_alerts(lane, post, matches, &out);
    keep(lane, hark_count_add(lane->open->batch, post, matches, encoded, arrival_ms), &out);
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
    struct outgoing out = {.id = hark_arena_str(&lane->open->arena, id), .time_ms = time_ms};
    keep(lane, hark_count_add_delete(lane->open->batch, id), &out);
}

void lane_item(struct lane *lane, struct hark_source *src, struct hark_source_item *item)
{
    if (item->post && item->post->op == HARK_OP_DELETE) {
        take_delete(lane, item->post->id, hark_clock_ms());
        return;
    }
    size_t candidates = hark_match_maybe(lane->env->m, lane->env->ms, item->json);
    if (!item->post && candidates == 0) return; // unread posts are creates
    hark_source_read(src, item);
    if (item->kind != HARK_ITEM_POST) return;
    consider(lane, item->post, item->json, candidates, hark_clock_ms());
}

static int unreadable(struct lane *lane, const struct hark_message *message, const char *reason, struct hark_err *err)
{
    char where[300];
    snprintf(where, sizeof where, "%s/%d/%lld", lane->env->input, (int)message->partition, (long long)message->offset);
    const struct dead_letter letter = {
        .reason = hark_str(reason),
        .source = HARK_STR("kafka"),
        .where = hark_str(where),
        .raw = hark_strn(message->payload.ptr,
                         message->payload.len < HARK_DEAD_MAX_BYTES ? message->payload.len : HARK_DEAD_MAX_BYTES),
        .raw_len = message->payload.len,
    };
    tally_add(&lane->env->tally->dead, 1);
    metrics_dead(hark_str(reason));
    return lane->env->emit->dead(lane->env->emit, &letter, err);
}

static int decode(struct lane *lane, const struct hark_message *message, size_t candidates, int64_t arrival_ms,
                  struct hark_err *err)
{
    struct hark_post post;
    struct hark_err bad = {0};
    hark_arena_reset(&lane->post);
    if (hark_post_decode(message->payload, &lane->post, &post, &bad)) return unreadable(lane, message, bad.text, err);
    if (post.op == HARK_OP_DELETE)
        take_delete(lane, post.id, arrival_ms);
    else
        consider(lane, &post, message->payload, candidates, arrival_ms);
    return 0;
}

int lane_message(struct lane *lane, const struct hark_message *message, struct hark_err *err)
{
    struct hark_str id, json = message->payload;
    enum hark_op op;
    int64_t arrival_ms = message->timestamp_ms < 0 ? hark_clock_ms() : message->timestamp_ms;
    lane->offset = message->offset + 1;
    lane->open->dirty = true;
    bool known = hark_post_peek(json, &id, &op);
    if (known && op == HARK_OP_DELETE) {
        take_delete(lane, id, arrival_ms);
        return 0;
    }
    size_t candidates = hark_match_maybe(lane->env->m, lane->env->ms, json);
    // What is not a create may take something back; what does not begin as canonical posts do may not be a create.
    if (candidates == 0 && (known ? op == HARK_OP_CREATE : !hark_post_may_change(json))) return 0;
    return decode(lane, message, candidates, arrival_ms, err);
}
