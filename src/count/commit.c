// Turns a prepared batch into the arguments of the commit script and runs it.

#include "batch.h"

#include <hark/clock.h>
#include <hark/crash.h>

// Lua's unpack() puts arguments on a stack of 8,000 (LUAI_MAXCSTACK): operations are cut into pieces well below that.
// Even, for pairs.
enum { PIECE = 4000, DAY_S = 86400, HOUR_S = 3600 };

// Alerts in hark:alerts, about: what a team looks through in a day; with their posts some 2 MB.
enum { LATEST_ALERTS = 1000 };

static const char script[] =
#include "commit.lua.inc"
    ;

// --- arguments ---

static void arg(struct hark_count_batch *batch, struct hark_str s)
{
    batch->argv = hark_grow(batch->argv, batch->nargs, &batch->cap_argv, sizeof *batch->argv);
    batch->lens = hark_grow(batch->lens, batch->nargs, &batch->cap_lens, sizeof *batch->lens);
    batch->argv[batch->nargs] = s.ptr ? s.ptr : "";
    batch->lens[batch->nargs++] = s.len;
}

static void arg_int(struct hark_count_batch *batch, int64_t number)
{
    // Small numbers are most of them: they need no memory.
    static const char digits[] = "0123456789";
    if (number >= 0 && number <= 9)
        arg(batch, hark_strn(digits + number, 1));
    else
        arg(batch, hark_arena_printf(&batch->args, "%lld", (long long)number));
}

// Puts a number in the place that was left for it.
static void put_length(struct hark_count_batch *batch, size_t at, size_t n)
{
    struct hark_str text = hark_arena_printf(&batch->args, "%zu", n);
    batch->argv[at] = text.ptr;
    batch->lens[at] = text.len;
}

// An operation under way: its number of arguments is known at its end.
struct operation {
    struct hark_count_batch *batch;
    struct hark_str letter, key;
    int64_t life;
    size_t start; // of its arguments; 0: not begun
};

static void operation_end(struct operation *op)
{
    if (op->start) put_length(op->batch, op->start - 1, op->batch->nargs - op->start);
    op->start = 0;
}

// Room for `n` more arguments of the operation, which is begun, or begun again where it gets too long.
static void operation_more(struct operation *op, size_t n)
{
    struct hark_count_batch *batch = op->batch;
    if (op->start && batch->nargs - op->start + n > PIECE) operation_end(op);
    if (op->start) return;
    arg(batch, op->letter);
    arg(batch, op->key);
    arg_int(batch, op->life);
    arg(batch, HARK_STR("0"));
    op->start = batch->nargs;
}

static void put_field(struct hark_count_batch *batch, struct hark_str name, struct hark_str value)
{
    if (!value.ptr) return;
    arg(batch, name);
    arg(batch, value);
}

// --- counters ---

static struct hark_str letter_of(const struct hark_delta_key *key)
{
    switch (key->kind) {
    case HARK_DELTA_HASH: return HARK_STR("H");
    case HARK_DELTA_ZSET: return HARK_STR("Z");
    case HARK_DELTA_SET: return key->bucket == HARK_BUCKET_TOP ? HARK_STR("B") : HARK_STR("A");
    case HARK_DELTA_HLL: break;
    }
    return HARK_STR("L");
}

static void put_delta(struct operation *op, const struct hark_delta_key *key, const struct hark_delta *delta)
{
    if (key->kind == HARK_DELTA_HLL) {
        operation_more(op, 1);
        arg(op->batch, delta->field);
    } else if (key->kind == HARK_DELTA_SET) {
        operation_more(op, 2);
        arg_int(op->batch, delta->score);
        arg(op->batch, delta->field);
    } else {
        operation_more(op, 2);
        arg(op->batch, delta->field);
        arg_int(op->batch, delta->by);
    }
}

static void put_removals(struct hark_count_batch *batch, const struct hark_delta_key *key)
{
    struct operation op = {batch, HARK_STR("R"), key->key, key->end_s, 0};
    for (const struct hark_delta *delta = key->first; delta; delta = delta->next) {
        if (!delta->had || delta->has) continue;
        operation_more(&op, 1);
        arg(batch, delta->field);
    }
    operation_end(&op);
}

static void put_key(struct hark_count_batch *batch, const struct hark_delta_key *key)
{
    struct operation op = {batch, letter_of(key), key->key, key->end_s, 0};
    if (key->kind == HARK_DELTA_SET) put_removals(batch, key);
    for (const struct hark_delta *delta = key->first; delta; delta = delta->next)
        if (hark_delta_counts(key, delta) && (key->kind != HARK_DELTA_SET || delta->has)) put_delta(&op, key, delta);
    operation_end(&op);
}

static void put_brands(struct hark_count_batch *batch, struct hark_str key)
{
    struct operation op = {batch, HARK_STR("S"), key, 0, 0};
    for (size_t i = 0; i < batch->deltas.brands.n; i++) {
        operation_more(&op, 1);
        arg(batch, batch->deltas.brands.entries[i].key);
    }
    operation_end(&op);
}

// As all entries of the stream have: source, from, to, reason; and the offsets.
static void put_gap(struct hark_count_batch *batch, const struct hark_store *store,
                    const struct hark_position *position)
{
    struct hark_arena *args = &batch->args;
    char now[HARK_TIME_STR_BYTES];
    if (batch->gap_from == batch->gap_to) return;
    hark_time_str(hark_clock_ms(), now);
    struct hark_str time = hark_arena_str(args, hark_str(now));
    struct operation op = {batch, HARK_STR("G"),
                           hark_arena_printf(args, HARK_STR_FMT "gaps", HARK_STR_ARG(store->prefix)), 0, 0};
    operation_more(&op, 14);
    put_field(batch, HARK_STR("source"),
              hark_arena_printf(args, HARK_STR_FMT "/" HARK_STR_FMT, HARK_STR_ARG(position->topic),
                                HARK_STR_ARG(position->field)));
    put_field(batch, HARK_STR("from"), time);
    put_field(batch, HARK_STR("to"), time);
    put_field(batch, HARK_STR("reason"), HARK_STR("deleted from the log before it was counted"));
    put_field(batch, HARK_STR("first"), hark_arena_printf(args, "%lld", (long long)batch->gap_from));
    put_field(batch, HARK_STR("next"), hark_arena_printf(args, "%lld", (long long)batch->gap_to));
    put_field(batch, HARK_STR("posts"), hark_arena_printf(args, "%lld", (long long)(batch->gap_to - batch->gap_from)));
    operation_end(&op);
}

// --- posts ---

static void put_json(struct hark_count_batch *batch, const struct hark_batch_post *post)
{
    for (size_t b = 0; post->json && b < post->is.note->nbrands; b++)
        if (post->json[b].ptr)
            put_field(
                batch,
                hark_arena_printf(&batch->args, "match:" HARK_STR_FMT, HARK_STR_ARG(post->is.note->brands[b].name)),
                post->json[b]);
}

static void put_record(struct hark_count_batch *batch, const struct hark_batch_post *post)
{
    put_field(batch, HARK_STR("op"), hark_str(hark_op_str(post->is.op)));
    put_field(batch, HARK_STR("added"), post->is.added);
    put_field(batch, HARK_STR("sum"), post->is.sum);
    put_json(batch, post);
}

// A mark holds nothing that anybody said; nor does the record of a deleted post, which has no note any more.
static int64_t life_of(const struct hark_count_options *options, const struct hark_batch_post *post)
{
    if (post->is.seen == 0) return (int64_t)options->tombstone_hours * HOUR_S;
    struct hark_str source = post->is.note ? post->is.note->source : HARK_STR("");
    return (int64_t)hark_retain_days(&options->retain, source, options->post_days) * DAY_S;
}

static void put_post(struct hark_count_batch *batch, const struct hark_batch_post *post)
{
    bool record = post->change == HARK_CHANGE_RECORD, mark = post->is.seen == 0;
    int64_t rev = 0, life = life_of(&batch->options, post);
    if (post->change == HARK_CHANGE_NONE || life <= 0) return;
    struct operation op = {batch, record && post->was.known ? HARK_STR("P") : HARK_STR("T"), post->key, life, 0};
    operation_more(&op, 0);
    (void)hark_str_int(post->rev, &rev); // "": 0
    arg(batch, HARK_STR("rev"));
    arg_int(batch, rev + 1);
    if (!mark) {
        arg(batch, HARK_STR("seen"));
        arg_int(batch, post->is.seen);
    }
    if (post->is.engagement >= 0) {
        arg(batch, HARK_STR("engagement"));
        arg_int(batch, post->is.engagement);
    }
    if (record) put_record(batch, post);
    struct hark_str alerts = hark_batch_alerts(batch, post, post->last);
    if (record ? alerts.len > 0 : !hark_str_eq(alerts, post->alerts)) {
        arg(batch, HARK_STR("alerts"));
        arg(batch, alerts);
    }
    operation_end(&op);
}

// --- what happened ---

// The latest alerts, for those who look at hark without Kafka.
static void put_alerts(struct hark_count_batch *batch, struct hark_str key)
{
    struct operation op = {batch, HARK_STR("X"), key, LATEST_ALERTS, 0};
    for (size_t i = 0; i < batch->nnews; i++) {
        operation_more(&op, 1);
        arg(batch, batch->news[i]);
    }
    operation_end(&op);
}

static void put_meta(struct hark_count_batch *batch, struct hark_str key)
{
    struct operation op = {batch, HARK_STR("M"), key, 0, 0};
    char committed[HARK_TIME_STR_BYTES], latest[HARK_TIME_STR_BYTES] = "";
    int64_t latest_ms = -1;
    for (size_t i = 0; i < batch->nevents; i++) {
        const struct hark_event *event = &batch->events[i];
        bool counts = event->note && (event->kind == HARK_COUNT_NEW || event->kind == HARK_COUNT_EDIT);
        if (counts && event->note->time_ms > latest_ms) latest_ms = event->note->time_ms;
    }
    hark_time_str(hark_clock_ms(), committed);
    if (latest_ms >= 0) hark_time_str(latest_ms, latest);
    operation_more(&op, 2);
    arg(batch, hark_arena_str(&batch->args, hark_str(committed)));
    arg(batch, hark_arena_str(&batch->args, hark_str(latest)));
    operation_end(&op);
}

// --- the script ---

// Most posts are unknown: their keys are asked for many at a time.
static void put_unknown(struct hark_count_batch *batch)
{
    size_t start = 0;
    for (size_t i = 0; i < (HARK_EXACT ? batch->nposts : 0); i++) {
        if (batch->posts[i].was.known) continue;
        if (start && batch->nargs - start == PIECE) {
            put_length(batch, start - 1, PIECE);
            start = 0;
        }
        if (!start) {
            arg(batch, HARK_STR("0"));
            start = batch->nargs;
        }
        arg(batch, batch->posts[i].key);
    }
    if (start) put_length(batch, start - 1, batch->nargs - start);
    arg(batch, HARK_STR("0"));
}

static void put_known(struct hark_count_batch *batch)
{
    size_t at = batch->nargs;
    arg(batch, HARK_STR("0"));
    for (size_t i = 0; i < batch->nposts; i++) {
        if (!batch->posts[i].was.known) continue;
        arg(batch, batch->posts[i].key);
        arg(batch, batch->posts[i].rev);
    }
    put_length(batch, at, (batch->nargs - at - 1) / 2);
}

static void encode(struct hark_count_batch *batch, const struct hark_store *store, const struct hark_position *position,
                   const char *incarnation)
{
    hark_arena_reset(&batch->args); // a commit is tried again for as long as Redis is away
    struct hark_str brands = hark_arena_printf(&batch->args, HARK_STR_FMT "brands", HARK_STR_ARG(store->prefix));
    struct hark_str alerts = hark_arena_printf(&batch->args, HARK_STR_FMT "alerts", HARK_STR_ARG(store->prefix));
    struct hark_str meta = hark_arena_printf(&batch->args, HARK_STR_FMT "meta", HARK_STR_ARG(store->prefix));
    hark_buf_clear(&batch->tmp);
    hark_store_position_key(store, position->topic, &batch->tmp);
    batch->nargs = 0;
    arg(batch, HARK_STR("EVALSHA"));
    arg(batch, HARK_STR(""));
    arg(batch, HARK_STR("2"));
    arg(batch, hark_arena_str(&batch->args, hark_buf_str(&batch->tmp)));
    arg(batch, hark_arena_printf(&batch->args, HARK_STR_FMT "open:" HARK_STR_FMT, HARK_STR_ARG(store->prefix),
                                 HARK_STR_ARG(position->topic)));
    arg(batch, hark_str(incarnation));
    arg(batch, position->field);
    arg(batch, position->expected);
    arg(batch, position->next);
    arg_int(batch, batch->options.top);
    put_unknown(batch);
    put_known(batch);
    for (size_t i = 0; i < batch->deltas.keys.n; i++) put_key(batch, batch->deltas.keys.entries[i].ptr);
    put_brands(batch, brands);
    for (size_t i = 0; i < (HARK_EXACT ? batch->nposts : 0); i++) put_post(batch, &batch->posts[i]);
    put_gap(batch, store, position);
    put_alerts(batch, alerts);
    put_meta(batch, meta);
}

static int load_script(struct hark_instance *inst, struct hark_err *err)
{
    redisReply *reply;
    if (hark_redis_send(&inst->redis, err, "SCRIPT LOAD %b", script, sizeof script - 1)) return err->code;
    if (hark_redis_reply(&inst->redis, NULL, &reply, err)) return err->code;
    struct hark_str sha = hark_reply_str(reply);
    if (sha.len < sizeof inst->script) memcpy(inst->script, sha.ptr, sha.len);
    freeReplyObject(reply);
    return 0;
}

// By its hash; by its text where Redis has forgotten it (restart, SCRIPT FLUSH).
static int run_script(struct hark_count_batch *batch, struct hark_instance *inst, redisReply **ret,
                      struct hark_err *err)
{
    if (hark_redis_connect(&inst->redis, err)) return err->code;
    if (!inst->script[0] && load_script(inst, err)) return err->code;
    batch->argv[0] = "EVALSHA";
    batch->lens[0] = 7;
    batch->argv[1] = inst->script;
    batch->lens[1] = strlen(inst->script);
    hark_crash_point("before-script");
    if (hark_redis_send_argv(&inst->redis, batch->nargs, batch->argv, batch->lens, err)) return err->code;
    hark_redis_crash_before_reply(&inst->redis);
    if (hark_redis_reply(&inst->redis, "NOSCRIPT", ret, err)) return err->code;
    if ((*ret)->type != REDIS_REPLY_ERROR) {
        hark_crash_point("after-script");
        return 0;
    }
    freeReplyObject(*ret);
    batch->argv[0] = "EVAL";
    batch->lens[0] = 4;
    batch->argv[1] = script;
    batch->lens[1] = sizeof script - 1;
    if (hark_redis_send_argv(&inst->redis, batch->nargs, batch->argv, batch->lens, err)) return err->code;
    return hark_redis_reply(&inst->redis, NULL, ret, err);
}

static int read_answer(const redisReply *reply, const struct hark_position *position, enum hark_commit *ret,
                       struct hark_buf *ret_position, struct hark_err *err)
{
    bool list = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
    struct hark_str word = list ? hark_reply_str(reply->element[0]) : (struct hark_str){0};
    if (hark_str_is(word, "done"))
        *ret = HARK_COMMIT_DONE;
    else if (hark_str_is(word, "gone"))
        *ret = HARK_COMMIT_GONE;
    else if (hark_str_is(word, "torn"))
        *ret = HARK_COMMIT_TORN;
    else if (hark_str_is(word, "conflict"))
        *ret = HARK_COMMIT_CONFLICT;
    else if (hark_str_is(word, "moved") && reply->elements == 2)
        *ret = HARK_COMMIT_MOVED;
    else
        return hark_err_set(err, HARK_EBUG, "the commit script answered what it never says");
    if (*ret != HARK_COMMIT_MOVED) return 0;
    struct hark_str stored = hark_reply_str(reply->element[1]);
    // The batch was committed: by this call's forerunner, whose reply was lost, or by somebody else who had the same
    // one.
    if (hark_str_eq(stored, position->next)) *ret = HARK_COMMIT_DONE;
    hark_buf_clear(ret_position);
    hark_buf_str_add(ret_position, stored);
    return 0;
}

int hark_count_commit(struct hark_store *store, int32_t partition, struct hark_count_batch *batch,
                      const struct hark_position *position, enum hark_commit *ret, struct hark_buf *ret_position,
                      struct hark_err *err)
{
    struct hark_instance *inst = hark_store_instance(store, partition);
    const char *incarnation;
    redisReply *reply;
    if (batch->nevents && !batch->prepared)
        return hark_err_set(err, HARK_EBUG, "a batch was committed that was not prepared");
    if (hark_store_remember(store, inst, position->topic, &incarnation, err)) return err->code;
    if (!batch->nevents) hark_deltas_clear(&batch->deltas);
    encode(batch, store, position, incarnation);
    if (run_script(batch, inst, &reply, err)) return err->code;
    int rc = read_answer(reply, position, ret, ret_position, err);
    freeReplyObject(reply);
    return rc;
}
