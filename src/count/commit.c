// Turns prepared batches into the arguments of the commit script and runs it.
//
// Several batches may share a script: positions and posts of all of them are compared, and what they add to the same
// counters is added up before it is sent. That is what makes a commit cheap where the log has many partitions.

#include "batch.h"
#include "request.h"

#include <hark/clock.h>
#include <hark/crash.h>

#include <stdlib.h>

// Lua's unpack() puts arguments on a stack of 8,000 (LUAI_MAXCSTACK): operations are cut into pieces well below that.
// Even, for pairs.
enum { PIECE = 4000, DAY_S = 86400, HOUR_S = 3600 };

// Alerts in hark:alerts, about: what a team looks through in a day; with their posts some 2 MB.
enum { LATEST_ALERTS = 1000 };

static const char script[] =
#include "commit.lua.inc"
    ;

struct hark_commit_work {
    struct hark_arena arena;
    struct hark_deltas deltas;
    struct hark_map ids; // of the posts of all batches
    struct hark_request request;
    struct hark_buf key;
};

static struct hark_commit_work *work_of(struct hark_store *store)
{
    if (!store->work) {
        store->work = hark_calloc(1, sizeof *store->work);
        store->work->deltas.arena = &store->work->arena;
    }
    return store->work;
}

void hark_commit_work_free(struct hark_commit_work *work)
{
    if (!work) return;
    hark_arena_done(&work->arena);
    hark_deltas_done(&work->deltas);
    hark_map_done(&work->ids);
    hark_request_done(&work->request);
    hark_buf_done(&work->key);
    free(work);
}

// --- adding up ---

// Most posts come once: what they add for good goes along with what they count.
static const struct hark_event *only_event(const struct hark_count_batch *batch, const struct hark_batch_post *post)
{
    const struct hark_event *event = &batch->events[post->last];
    return event->prev == HARK_NO_EVENT && event->kind == HARK_COUNT_NEW && !post->was.note ? event : NULL;
}

static void add_post(struct hark_deltas *deltas, const struct hark_delta_options *options,
                     const struct hark_count_batch *batch, const struct hark_batch_post *post)
{
    const struct hark_state *was = &post->was, *is = &post->is;
    if (was->note == is->note && was->engagement == is->engagement) return;
    if (was->note) {
        hark_deltas_note(deltas, options, post->id, was->note, was->engagement, -1);
        if (is->note) hark_deltas_note(deltas, options, post->id, is->note, is->engagement, 1);
    } else if (is->note) {
        const struct hark_event *event = only_event(batch, post);
        hark_deltas_new(deltas, options, post->id, is->note, is->engagement, event ? &event->author : NULL);
    }
}

// Of each event, not of what the batch comes to: how a log is cut into batches must make no difference.
static void add_for_good(struct hark_deltas *deltas, const struct hark_delta_options *options,
                         const struct hark_count_batch *batch, const struct hark_event *event)
{
    bool counts = (event->kind == HARK_COUNT_NEW || event->kind == HARK_COUNT_EDIT) && event->note;
    if (counts && only_event(batch, &batch->posts[event->post]) != event)
        hark_deltas_forever(deltas, options, event->note, event->author);
}

static void add_up(struct hark_commit_work *work, struct hark_str prefix, const struct hark_count_batch *batch)
{
    const struct hark_delta_options options = {prefix, batch->options.post_days};
    for (size_t i = 0; i < batch->nposts; i++) add_post(&work->deltas, &options, batch, &batch->posts[i]);
    for (size_t i = 0; i < batch->nevents; i++) add_for_good(&work->deltas, &options, batch, &batch->events[i]);
}

// --- operations ---

// An operation under way: its number of arguments is known at its end.
struct operation {
    struct hark_request *request;
    struct hark_str letter, key;
    int64_t life;
    size_t slot, start; // of its arguments; 0: not begun
};

static void operation_end(struct operation *op)
{
    if (op->start) hark_request_fill(op->request, op->slot, op->request->nargs - op->start);
    op->start = 0;
}

static void operation_begin(struct operation *op)
{
    hark_request_arg(op->request, op->letter);
    hark_request_arg(op->request, op->key);
    hark_request_int(op->request, op->life);
    op->slot = hark_request_slot(op->request);
    op->start = op->request->nargs;
}

// Room for `n` more arguments of the operation, which is begun, or begun again where it gets too long.
static void operation_more(struct operation *op, size_t n)
{
    if (op->start && op->request->nargs - op->start + n > PIECE) operation_end(op);
    if (!op->start) operation_begin(op);
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
        hark_request_arg(op->request, delta->field);
    } else if (key->kind == HARK_DELTA_SET) {
        operation_more(op, 2);
        hark_request_int(op->request, delta->score);
        hark_request_arg(op->request, delta->field);
    } else {
        operation_more(op, 2);
        hark_request_arg(op->request, delta->field);
        hark_request_int(op->request, delta->by);
    }
}

static void put_removals(struct hark_request *request, const struct hark_delta_key *key)
{
    struct operation op = {request, HARK_STR("R"), key->key, key->end_s, 0, 0};
    for (const struct hark_delta *delta = key->first; delta; delta = delta->next) {
        if (!delta->had || delta->has) continue;
        operation_more(&op, 1);
        hark_request_arg(request, delta->field);
    }
    operation_end(&op);
}

static void put_key(struct hark_request *request, const struct hark_delta_key *key)
{
    struct operation op = {request, letter_of(key), key->key, key->end_s, 0, 0};
    if (key->kind == HARK_DELTA_SET) put_removals(request, key);
    for (const struct hark_delta *delta = key->first; delta; delta = delta->next)
        if (hark_delta_counts(key, delta) && (key->kind != HARK_DELTA_SET || delta->has)) put_delta(&op, key, delta);
    operation_end(&op);
}

// Valid until the next one.
static struct hark_str key_of(struct hark_commit_work *work, struct hark_str prefix, const char *name)
{
    hark_buf_clear(&work->key);
    hark_buf_str_add(&work->key, prefix);
    hark_buf_str_add(&work->key, hark_str(name));
    return hark_buf_str(&work->key);
}

static void put_counters(struct hark_commit_work *work, struct hark_str prefix)
{
    struct hark_request *request = &work->request;
    const struct hark_deltas *deltas = &work->deltas;
    for (size_t i = 0; i < deltas->keys.n; i++) put_key(request, deltas->keys.entries[i].ptr);
    struct operation op = {request, HARK_STR("S"), key_of(work, prefix, "brands"), 0, 0, 0};
    for (size_t i = 0; i < deltas->brands.n; i++) {
        operation_more(&op, 1);
        hark_request_arg(request, deltas->brands.entries[i].key);
    }
    operation_end(&op);
}

// --- posts ---

static int days_of(const struct hark_count_options *options, const struct hark_batch_post *post)
{
    if (!post->is.note) return options->post_days; // nothing that anybody said
    return hark_retain_days(&options->retain, post->is.note->source, options->post_days);
}

static int64_t life_of(const struct hark_count_options *options, const struct hark_batch_post *post)
{
    return post->is.seen == 0 ? (int64_t)options->tombstone_hours * HOUR_S : (int64_t)days_of(options, post) * DAY_S;
}

// What most posts are: unknown, created, seen once, with few brands, and kept as long as most. They are written in the
// order of their keys among the unknown ones.
static bool is_plain(const struct hark_count_batch *batch, const struct hark_batch_post *post)
{
    enum { BRANDS = PIECE / 4 };
    return !post->was.known && post->change == HARK_CHANGE_RECORD && post->is.op == HARK_OP_CREATE &&
           post->is.seen == 1 && post->is.note->nbrands <= BRANDS && batch->options.post_days > 0 &&
           days_of(&batch->options, post) == batch->options.post_days;
}

static void put_field(struct hark_request *request, struct hark_str name, struct hark_str value)
{
    if (!value.ptr) return;
    hark_request_arg(request, name);
    hark_request_arg(request, value);
}

static void put_json(struct hark_request *request, const struct hark_batch_post *post)
{
    for (size_t b = 0; post->json && b < post->is.note->nbrands; b++) {
        if (!post->json[b].ptr) continue;
        hark_request_arg2(request, HARK_STR("match:"), post->is.note->brands[b].name);
        hark_request_arg(request, post->json[b]);
    }
}

static void put_engagement(struct hark_request *request, const struct hark_batch_post *post)
{
    if (post->is.engagement < 0) return;
    hark_request_arg(request, HARK_STR("engagement"));
    hark_request_int(request, post->is.engagement);
}

static void put_alerts(struct hark_request *request, const struct hark_count_batch *batch,
                       const struct hark_batch_post *post)
{
    struct hark_str alerts = hark_batch_alerts(batch, post, post->last);
    if (post->change == HARK_CHANGE_RECORD ? alerts.len == 0 : hark_str_eq(alerts, post->alerts)) return;
    hark_request_arg(request, HARK_STR("alerts"));
    hark_request_arg(request, alerts);
}

static void put_plain(struct hark_request *request, const struct hark_count_batch *batch,
                      const struct hark_batch_post *post)
{
    size_t slot = hark_request_slot(request), start = request->nargs;
    hark_request_arg(request, post->is.added);
    hark_request_arg(request, post->is.sum);
    put_json(request, post);
    put_engagement(request, post);
    put_alerts(request, batch, post);
    hark_request_fill(request, slot, request->nargs - start);
}

static void put_post(struct hark_request *request, const struct hark_count_batch *batch,
                     const struct hark_batch_post *post)
{
    bool record = post->change == HARK_CHANGE_RECORD;
    int64_t rev = 0, life = life_of(&batch->options, post);
    if (post->change == HARK_CHANGE_NONE || life <= 0) return;
    struct operation op = {request, record && post->was.known ? HARK_STR("P") : HARK_STR("T"), post->key, life, 0, 0};
    operation_begin(&op);
    (void)hark_str_int(post->rev, &rev); // "": 0
    hark_request_arg(request, HARK_STR("rev"));
    hark_request_int(request, rev + 1);
    if (post->is.seen) {
        hark_request_arg(request, HARK_STR("seen"));
        hark_request_int(request, post->is.seen);
    }
    put_engagement(request, post);
    if (record) {
        put_field(request, HARK_STR("op"), hark_str(hark_op_str(post->is.op)));
        put_field(request, HARK_STR("added"), post->is.added);
        put_field(request, HARK_STR("sum"), post->is.sum);
        put_json(request, post);
    }
    put_alerts(request, batch, post);
    operation_end(&op);
}

// How many posts of the batch are compared and remembered.
static size_t kept(const struct hark_count_batch *batch)
{
    return HARK_EXACT ? batch->nposts : 0;
}

// Plain posts first, in the order of put_unknown(). Posts of one operation have one life.
static void put_posts(struct hark_request *request, const struct hark_count_part *parts, size_t n)
{
    for (size_t p = 0; p < n; p++) {
        const struct hark_count_batch *batch = parts[p].batch;
        struct operation op = {request, HARK_STR("N"), {"", 0}, (int64_t)batch->options.post_days * DAY_S, 0, 0};
        operation_begin(&op);
        for (size_t i = 0; i < kept(batch); i++)
            if (is_plain(batch, &batch->posts[i])) put_plain(request, batch, &batch->posts[i]);
        operation_end(&op);
    }
    for (size_t p = 0; p < n; p++)
        for (size_t i = 0; i < kept(parts[p].batch); i++)
            if (!is_plain(parts[p].batch, &parts[p].batch->posts[i]))
                put_post(request, parts[p].batch, &parts[p].batch->posts[i]);
}

// --- what happened ---

static void put_number(struct hark_request *request, struct hark_str name, int64_t number)
{
    hark_request_arg(request, name);
    hark_request_int(request, number);
}

// As all entries of the stream have: source, from, to, reason; and the offsets.
static void put_gap(struct hark_request *request, struct hark_str key, const struct hark_count_part *part)
{
    const struct hark_count_batch *batch = part->batch;
    char now[HARK_TIME_STR_BYTES];
    if (batch->gap_from == batch->gap_to) return;
    hark_time_str(hark_clock_ms(), now);
    struct operation op = {request, HARK_STR("G"), key, 0, 0, 0};
    struct hark_buf source = {0};
    operation_more(&op, 14);
    hark_buf_printf(&source, HARK_STR_FMT "/" HARK_STR_FMT, HARK_STR_ARG(part->position.topic),
                    HARK_STR_ARG(part->position.field));
    put_field(request, HARK_STR("source"), hark_buf_str(&source));
    put_field(request, HARK_STR("from"), hark_str(now));
    put_field(request, HARK_STR("to"), hark_str(now));
    put_field(request, HARK_STR("reason"), HARK_STR("deleted from the log before it was counted"));
    put_number(request, HARK_STR("first"), batch->gap_from);
    put_number(request, HARK_STR("next"), batch->gap_to);
    put_number(request, HARK_STR("posts"), batch->gap_to - batch->gap_from);
    operation_end(&op);
    hark_buf_done(&source);
}

// The latest alerts, for those who look at hark without Kafka.
static void put_news(struct hark_request *request, struct hark_str key, const struct hark_count_part *parts, size_t n)
{
    struct operation op = {request, HARK_STR("X"), key, LATEST_ALERTS, 0, 0};
    for (size_t p = 0; p < n; p++)
        for (size_t i = 0; i < parts[p].batch->nnews; i++) {
            operation_more(&op, 1);
            hark_request_arg(request, parts[p].batch->news[i]);
        }
    operation_end(&op);
}

static int64_t latest_ms(const struct hark_count_part *parts, size_t n)
{
    int64_t latest_ms = -1;
    for (size_t p = 0; p < n; p++)
        for (size_t i = 0; i < parts[p].batch->nevents; i++) {
            const struct hark_event *event = &parts[p].batch->events[i];
            bool counts = event->note && (event->kind == HARK_COUNT_NEW || event->kind == HARK_COUNT_EDIT);
            if (counts && event->note->time_ms > latest_ms) latest_ms = event->note->time_ms;
        }
    return latest_ms;
}

static void put_meta(struct hark_request *request, struct hark_str key, int64_t latest_ms)
{
    struct operation op = {request, HARK_STR("M"), key, 0, 0, 0};
    char committed[HARK_TIME_STR_BYTES], latest[HARK_TIME_STR_BYTES] = "";
    hark_time_str(hark_clock_ms(), committed);
    if (latest_ms >= 0) hark_time_str(latest_ms, latest);
    operation_more(&op, 2);
    hark_request_arg(request, hark_str(committed));
    hark_request_arg(request, hark_str(latest));
    operation_end(&op);
}

// --- what is compared ---

// Keys of the posts that nobody knows yet, in pieces.
struct unknown {
    struct hark_request *request;
    size_t slot, start; // 0: no piece is begun
};

static void unknown_end(struct unknown *unknown)
{
    if (unknown->start) hark_request_fill(unknown->request, unknown->slot, unknown->request->nargs - unknown->start);
    unknown->start = 0;
}

static void put_unknown(struct unknown *unknown, const struct hark_count_batch *batch, bool plain)
{
    for (size_t i = 0; i < kept(batch); i++) {
        const struct hark_batch_post *post = &batch->posts[i];
        if (post->was.known || is_plain(batch, post) != plain) continue;
        if (unknown->start && unknown->request->nargs - unknown->start == PIECE) unknown_end(unknown);
        if (!unknown->start) {
            unknown->slot = hark_request_slot(unknown->request);
            unknown->start = unknown->request->nargs;
        }
        hark_request_arg(unknown->request, post->key);
    }
}

static void put_all_unknown(struct hark_request *request, const struct hark_count_part *parts, size_t n)
{
    struct unknown unknown = {request, 0, 0};
    for (size_t p = 0; p < n; p++) put_unknown(&unknown, parts[p].batch, true);
    for (size_t p = 0; p < n; p++) put_unknown(&unknown, parts[p].batch, false);
    unknown_end(&unknown);
    hark_request_arg(request, HARK_STR("0"));
}

static void put_known(struct hark_request *request, const struct hark_count_part *parts, size_t n)
{
    size_t slot = hark_request_slot(request), start = request->nargs;
    for (size_t p = 0; p < n; p++) {
        const struct hark_count_batch *batch = parts[p].batch;
        for (size_t i = 0; i < batch->nposts; i++) {
            if (!batch->posts[i].was.known) continue;
            hark_request_arg(request, batch->posts[i].key);
            hark_request_arg(request, batch->posts[i].rev);
        }
    }
    hark_request_fill(request, slot, (request->nargs - start) / 2);
}

static void encode(struct hark_store *store, const struct hark_count_part *parts, size_t n, const char *incarnation)
{
    struct hark_commit_work *work = work_of(store);
    struct hark_request *request = &work->request;
    hark_arena_reset(&work->arena); // a commit is tried again for as long as Redis is away
    hark_deltas_clear(&work->deltas);
    for (size_t p = 0; p < n; p++) add_up(work, store->prefix, parts[p].batch);
    hark_request_clear(request);
    hark_request_arg(request, HARK_STR("2"));
    hark_buf_clear(&work->key);
    hark_store_position_key(store, parts[0].position.topic, &work->key);
    hark_request_arg(request, hark_buf_str(&work->key));
    hark_request_arg2(request, key_of(work, store->prefix, "open:"), parts[0].position.topic);
    hark_request_arg(request, hark_str(incarnation));
    hark_request_int(request, parts[0].batch->options.top);
    hark_request_int(request, (int64_t)n);
    for (size_t p = 0; p < n; p++) {
        hark_request_arg(request, parts[p].position.field);
        hark_request_arg(request, parts[p].position.expected);
        hark_request_arg(request, parts[p].position.next);
    }
    put_all_unknown(request, parts, n);
    put_known(request, parts, n);
    put_counters(work, store->prefix);
    put_posts(request, parts, n);
    for (size_t p = 0; p < n; p++) put_gap(request, key_of(work, store->prefix, "gaps"), &parts[p]);
    put_news(request, key_of(work, store->prefix, "alerts"), parts, n);
    put_meta(request, key_of(work, store->prefix, "meta"), latest_ms(parts, n));
}

// --- the script ---

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

static int send_script(const struct hark_request *request, struct hark_instance *inst, const char *command,
                       struct hark_str what, struct hark_err *err)
{
    struct hark_request head = {0};
    struct hark_buf first = {0};
    hark_request_arg(&head, hark_str(command));
    hark_request_arg(&head, what);
    hark_buf_printf(&first, "*%zu\r\n", head.nargs + request->nargs);
    hark_buf_str_add(&first, hark_buf_str(&head.text));
    int rc = hark_redis_send_raw(&inst->redis, hark_buf_str(&first), hark_buf_str(&request->text), err);
    hark_request_done(&head);
    hark_buf_done(&first);
    return rc;
}

// By its hash; by its text where Redis has forgotten it (restart, SCRIPT FLUSH).
static int run_script(const struct hark_request *request, struct hark_instance *inst, redisReply **ret,
                      struct hark_err *err)
{
    if (hark_redis_connect(&inst->redis, err)) return err->code;
    if (!inst->script[0] && load_script(inst, err)) return err->code;
    hark_crash_point("before-script");
    if (send_script(request, inst, "EVALSHA", hark_str(inst->script), err)) return err->code;
    hark_redis_crash_before_reply(&inst->redis);
    if (hark_redis_reply(&inst->redis, "NOSCRIPT", ret, err)) return err->code;
    if ((*ret)->type != REDIS_REPLY_ERROR) {
        hark_crash_point("after-script");
        return 0;
    }
    freeReplyObject(*ret);
    if (send_script(request, inst, "EVAL", hark_strn(script, sizeof script - 1), err)) return err->code;
    return hark_redis_reply(&inst->redis, NULL, ret, err);
}

static int read_answer(const redisReply *reply, enum hark_commit *ret, struct hark_buf *ret_position,
                       struct hark_err *err)
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
    if (*ret != HARK_COMMIT_MOVED || !ret_position) return 0;
    hark_buf_clear(ret_position);
    hark_buf_str_add(ret_position, hark_reply_str(reply->element[1]));
    return 0;
}

static int commit(struct hark_store *store, const struct hark_count_part *parts, size_t n, enum hark_commit *ret,
                  struct hark_buf *ret_position, struct hark_err *err)
{
    struct hark_instance *inst = hark_store_instance(store, parts[0].partition);
    const char *incarnation;
    redisReply *reply;
    for (size_t p = 0; p < n; p++)
        if (parts[p].batch->nevents && !parts[p].batch->prepared)
            return hark_err_set(err, HARK_EBUG, "a batch was committed that was not prepared");
    if (hark_store_remember(store, inst, parts[0].position.topic, &incarnation, err)) return err->code;
    encode(store, parts, n, incarnation);
    if (run_script(&work_of(store)->request, inst, &reply, err)) return err->code;
    int rc = read_answer(reply, ret, ret_position, err);
    freeReplyObject(reply);
    return rc;
}

int hark_count_commit(struct hark_store *store, int32_t partition, struct hark_count_batch *batch,
                      const struct hark_position *position, enum hark_commit *ret, struct hark_buf *ret_position,
                      struct hark_err *err)
{
    const struct hark_count_part part = {partition, batch, *position};
    if (commit(store, &part, 1, ret, ret_position, err)) return err->code;
    // The batch was committed: by this call's forerunner, whose reply was lost, or by somebody else who had the same
    // one.
    if (*ret == HARK_COMMIT_MOVED && hark_str_eq(hark_buf_str(ret_position), position->next)) *ret = HARK_COMMIT_DONE;
    return 0;
}

// Each batch has compared its posts with what Redis knew, not with each other.
static bool share_a_post(struct hark_map *ids, const struct hark_count_part *parts, size_t n)
{
    hark_map_clear(ids);
    for (size_t p = 0; p < n; p++)
        for (size_t i = 0; i < parts[p].batch->nposts; i++) {
            bool fresh;
            hark_map_put(ids, parts[p].batch->posts[i].id, &fresh);
            if (!fresh) return true;
        }
    return false;
}

int hark_count_commit_together(struct hark_store *store, const struct hark_count_part *parts, size_t n,
                               enum hark_commit *ret, struct hark_err *err)
{
    for (size_t p = 1; p < n; p++)
        if (hark_store_instance(store, parts[p].partition) != hark_store_instance(store, parts[0].partition))
            return hark_err_set(err, HARK_EBUG, "batches of two instances were committed together");
    if (share_a_post(&work_of(store)->ids, parts, n)) {
        *ret = HARK_COMMIT_CONFLICT;
        return 0;
    }
    return commit(store, parts, n, ret, NULL, err);
}
