// Reads what Redis knows of a batch's posts and decides what each event is.

#include "batch.h"

#include <stdio.h>

enum {
    WINDOW = 1000,    // commands sent before their replies are read: bounds what Redis must hold back for us
    SHARES = 1 << 16, // days of brands that are remembered
    SHARE_PARTS =
        20, // a day's number of posts is asked for again after a 20th of the cap: by so much may a writer be wrong
};

// Fields of hark:post in the order in which they are asked for.
enum { REV, OP, SEEN, ADDED, SUM, ENGAGEMENT, ALERTS, FIELDS };

static struct hark_str copied(struct hark_count_batch *batch, const redisReply *field)
{
    return hark_arena_str(&batch->work, hark_reply_str(field));
}

static int64_t number_or(const redisReply *field, int64_t otherwise)
{
    int64_t number;
    return hark_str_int(hark_reply_str(field), &number) ? otherwise : number;
}

static int damaged(const struct hark_batch_post *post, struct hark_err *err)
{
    return hark_err_set(
        err, HARK_ESERVICE,
        HARK_STR_FMT
        " in Redis is damaged: what the post has counted cannot be read; rebuild the counters from the log",
        HARK_STR_ARG(post->key));
}

static int take_post(struct hark_count_batch *batch, struct hark_batch_post *post, const redisReply *reply,
                     struct hark_err *err)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != FIELDS) return damaged(post, err);
    redisReply **field = reply->element;
    post->rev = copied(batch, field[REV]);
    if (!post->rev.ptr) return 0;
    post->alerts = hark_reply_str(field[ALERTS]).len ? copied(batch, field[ALERTS]) : (struct hark_str){0};
    post->was = (struct hark_state){.known = true,
                                    .seen = number_or(field[SEEN], 0),
                                    .engagement = number_or(field[ENGAGEMENT], -1),
                                    .added = copied(batch, field[ADDED]),
                                    .sum = copied(batch, field[SUM])};
    if (hark_op_parse(hark_reply_str(field[OP]), &post->was.op)) return damaged(post, err);
    if (!post->was.added.len) return 0;
    post->was.note = hark_note_decode(post->was.added, &batch->work);
    return post->was.note ? 0 : damaged(post, err);
}

// Whether any of the posts is known. Mostly none is, and one command says so.
static int find_any(struct hark_count_batch *batch, struct hark_instance *inst, size_t from, size_t to, bool *ret,
                    struct hark_err *err)
{
    struct hark_request *request = &batch->request;
    redisReply *reply;
    char head[32];
    hark_request_clear(request);
    hark_request_arg(request, HARK_STR("EXISTS"));
    for (size_t i = from; i < to; i++) hark_request_arg(request, batch->posts[i].key);
    snprintf(head, sizeof head, "*%zu\r\n", request->nargs);
    if (hark_redis_send_raw(&inst->redis, hark_str(head), hark_buf_str(&request->text), err) ||
        hark_redis_reply(&inst->redis, NULL, &reply, err))
        return err->code;
    *ret = reply->integer > 0;
    freeReplyObject(reply);
    return 0;
}

static int find_each(struct hark_count_batch *batch, struct hark_instance *inst, size_t from, size_t to,
                     struct hark_err *err)
{
    for (size_t i = from; i < to; i++)
        if (hark_redis_send(&inst->redis, err, "EXISTS %b", batch->posts[i].key.ptr, batch->posts[i].key.len))
            return err->code;
    for (size_t i = from; i < to; i++) {
        redisReply *reply;
        if (hark_redis_reply(&inst->redis, NULL, &reply, err)) return err->code;
        batch->posts[i].was.known = reply->integer > 0;
        freeReplyObject(reply);
    }
    return 0;
}

static int find_known(struct hark_count_batch *batch, struct hark_instance *inst, size_t from, size_t to,
                      struct hark_err *err)
{
    bool any = false;
    for (size_t i = from; i < to; i++) batch->posts[i].was = (struct hark_state){.engagement = -1};
    if (find_any(batch, inst, from, to, &any, err)) return err->code;
    return any ? find_each(batch, inst, from, to, err) : 0;
}

static int read_known(struct hark_count_batch *batch, struct hark_instance *inst, size_t from, size_t to,
                      struct hark_err *err)
{
    for (size_t i = from; i < to; i++) {
        const struct hark_batch_post *post = &batch->posts[i];
        if (post->was.known && hark_redis_send(&inst->redis, err, "HMGET %b rev op seen added sum engagement alerts",
                                               post->key.ptr, post->key.len))
            return err->code;
    }
    for (size_t i = from; i < to; i++) {
        redisReply *reply;
        if (!batch->posts[i].was.known) continue;
        if (hark_redis_reply(&inst->redis, NULL, &reply, err)) return err->code;
        batch->posts[i].was = (struct hark_state){.engagement = -1}; // it may have ended in between
        int rc = take_post(batch, &batch->posts[i], reply, err);
        freeReplyObject(reply);
        if (rc) return rc;
    }
    return 0;
}

// --- the share of JSON ---

static struct hark_batch_share *share_of(struct hark_count_batch *batch, const struct hark_store *store,
                                         const struct hark_bucket_time *time, struct hark_str brand)
{
    struct hark_buf *buf = &batch->tmp;
    bool fresh;
    hark_buf_clear(buf);
    hark_bucket_key(HARK_BUCKET_DAY, time, store->prefix, brand, HARK_STR("mention"), 0, buf);
    size_t key_len = buf->len;
    hark_buf_char(buf, '\n');
    hark_buf_str_add(buf, hark_str(time->day_field));
    struct hark_map_entry *entry = hark_map_put(&batch->shares, hark_buf_str(buf), &fresh);
    if (fresh) {
        struct hark_batch_share *share = HARK_NEW(&batch->share_arena, struct hark_batch_share);
        entry->key = hark_arena_str(&batch->share_arena, entry->key);
        entry->ptr = share;
        share->key = hark_strn(entry->key.ptr, key_len);
        share->field = hark_strn(entry->key.ptr + key_len + 1, entry->key.len - key_len - 1);
    }
    return entry->ptr;
}

static bool to_ask(const struct hark_count_batch *batch, const struct hark_batch_share *share)
{
    return !share->asked || share->added * SHARE_PARTS > batch->options.match_json_per_brand_day;
}

static int read_shares(struct hark_count_batch *batch, struct hark_instance *inst, size_t from, size_t to,
                       struct hark_err *err)
{
    for (size_t i = from; i < to; i++) {
        const struct hark_batch_share *share = batch->shares.entries[i].ptr;
        if (to_ask(batch, share) && hark_redis_send(&inst->redis, err, "HGET %b %b", share->key.ptr, share->key.len,
                                                    share->field.ptr, share->field.len))
            return err->code;
    }
    for (size_t i = from; i < to; i++) {
        struct hark_batch_share *share = batch->shares.entries[i].ptr;
        redisReply *reply;
        if (!to_ask(batch, share)) continue;
        if (hark_redis_reply(&inst->redis, NULL, &reply, err)) return err->code;
        *share = (struct hark_batch_share){share->key, share->field, number_or(reply, 0), 0, true};
        freeReplyObject(reply);
    }
    return 0;
}

static void find_shares(struct hark_count_batch *batch, const struct hark_store *store)
{
    if (batch->shares.n > SHARES) {
        hark_map_clear(&batch->shares);
        hark_arena_reset(&batch->share_arena);
    }
    for (size_t i = 0; i < batch->nevents; i++) {
        const struct hark_note *note = batch->events[i].note;
        struct hark_bucket_time time;
        if (note) hark_bucket_time(note->time_ms, &time);
        for (size_t b = 0; note && b < note->nbrands; b++) share_of(batch, store, &time, note->brands[b].name);
    }
}

// The JSON of those brands whose day has room for it.
static void keep_json(struct hark_count_batch *batch, const struct hark_store *store, struct hark_batch_post *post)
{
    const struct hark_note *note = post->is.note;
    struct hark_bucket_time time;
    if (!note || !post->is.content) return;
    struct hark_str *json = HARK_NEW_N(&batch->work, struct hark_str, note->nbrands);
    hark_bucket_time(note->time_ms, &time);
    for (size_t b = 0; b < note->nbrands; b++) {
        struct hark_batch_share *share = share_of(batch, store, &time, note->brands[b].name);
        if (share->posts + share->added++ < batch->options.match_json_per_brand_day)
            json[b] = post->is.content->json[b];
    }
    post->json = json;
}

// --- deciding ---

static const struct hark_counted *counted_of(const struct hark_note *note, struct hark_arena *arena)
{
    struct hark_counted *counted = HARK_NEW_N(arena, struct hark_counted, note->nbrands);
    for (size_t b = 0; b < note->nbrands; b++) {
        const struct hark_note_brand *brand = &note->brands[b];
        struct hark_str *intents = HARK_NEW_N(arena, struct hark_str, brand->nintents);
        for (size_t i = 0; i < brand->nintents; i++) intents[i] = brand->intents[i].name;
        counted[b] = (struct hark_counted){brand->name, {intents, brand->nintents}};
    }
    return counted;
}

static void decide(struct hark_count_batch *batch, struct hark_event *event)
{
    struct hark_batch_post *post = &batch->posts[event->post];
    const struct hark_note *before = post->is.note;
    enum hark_change change;
    event->kind = hark_state_apply(&post->is, event, &change);
    if (change > post->change) post->change = change;
    event->has_alerts = false;
    event->before = NULL;
    event->nbefore = 0;
    bool changes = event->kind == HARK_COUNT_EDIT || event->kind == HARK_COUNT_DELETE;
    if (changes && before) {
        event->before = counted_of(before, &batch->work);
        event->nbefore = before->nbrands;
    }
}

static void start(struct hark_count_batch *batch, const struct hark_store *store)
{
    hark_arena_reset(&batch->work);
    batch->nnews = 0;
    for (size_t i = 0; i < batch->nposts; i++) {
        struct hark_batch_post *post = &batch->posts[i];
        hark_buf_clear(&batch->tmp);
        hark_buf_str_add(&batch->tmp, store->prefix);
        hark_buf_str_add(&batch->tmp, HARK_STR("post:"));
        hark_buf_str_add(&batch->tmp, post->id);
        post->key = hark_arena_str(&batch->work, hark_buf_str(&batch->tmp));
        post->change = HARK_CHANGE_NONE;
        if (!HARK_EXACT) post->was = (struct hark_state){.engagement = -1};
        post->rev = post->alerts = (struct hark_str){0};
        post->json = NULL;
    }
    find_shares(batch, store);
}

typedef int read_window(struct hark_count_batch *batch, struct hark_instance *inst, size_t from, size_t to,
                        struct hark_err *err);

static int in_windows(struct hark_count_batch *batch, struct hark_instance *inst, read_window *read, size_t n,
                      struct hark_err *err)
{
    for (size_t i = 0; i < n; i += WINDOW)
        if (read(batch, inst, i, i + WINDOW < n ? i + WINDOW : n, err)) return err->code;
    return 0;
}

int hark_count_prepare(struct hark_store *store, int32_t partition, struct hark_count_batch *batch,
                       struct hark_err *err)
{
    struct hark_instance *inst = hark_store_instance(store, partition);
    batch->prepared = false;
    start(batch, store);
    if (hark_redis_connect(&inst->redis, err)) return err->code;
    size_t nasked = HARK_EXACT ? batch->nposts : 0;
    if (in_windows(batch, inst, find_known, nasked, err) || in_windows(batch, inst, read_known, nasked, err) ||
        in_windows(batch, inst, read_shares, batch->shares.n, err)) {
        hark_redis_drop(&inst->redis);
        return err->code;
    }
    for (size_t i = 0; i < batch->nposts; i++) batch->posts[i].is = batch->posts[i].was;
    for (size_t i = 0; i < batch->nevents; i++) decide(batch, &batch->events[i]);
    for (size_t i = 0; i < batch->nposts; i++) keep_json(batch, store, &batch->posts[i]);
    batch->prepared = true;
    return 0;
}
