#include "store.h"

#include <hark/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { DEFAULT_CONNECT_TIMEOUT_MS = 5000, DEFAULT_TIMEOUT_MS = 10000, OLDEST_MAJOR = 7 };
#define SCHEMA "1" // of keys and types

// --- opening ---

static int add_instance(struct hark_store *store, struct hark_str url, const struct hark_store_options *options,
                        struct hark_err *err)
{
    struct hark_instance inst = {
        .redis = {.connect_timeout_ms = options->connect_timeout_ms, .timeout_ms = options->timeout_ms}};
    if (hark_redis_url_parse(hark_str_trim(url), &inst.redis.url, err)) return err->code;
    if (inst.redis.connect_timeout_ms <= 0) inst.redis.connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    if (inst.redis.timeout_ms <= 0) inst.redis.timeout_ms = DEFAULT_TIMEOUT_MS;
    if (options->password && options->password[0])
        inst.redis.password = hark_arena_str(&store->arena, hark_str(options->password)).ptr;
    store->v = hark_realloc(store->v, store->n + 1, sizeof *store->v);
    store->v[store->n++] = inst;
    return 0;
}

static int add_instances(struct hark_store *store, const struct hark_store_options *options, struct hark_err *err)
{
    struct hark_str rest = hark_str(options->redis);
    do {
        struct hark_str url = hark_str_cut(rest, ',', &rest);
        if (add_instance(store, url, options, err)) return err->code;
    } while (rest.ptr);
    for (size_t i = 0; i < store->n; i++)
        if (hark_redis_greet(&store->v[i].redis, err)) return err->code;
    return 0;
}

struct hark_store *hark_store_open(const struct hark_store_options *options, struct hark_err *err)
{
    if (!options->redis || !options->prefix || !options->prefix[0]) {
        hark_err_set(err, HARK_EINPUT, "Redis needs a URL and a prefix of keys that is not empty");
        return NULL;
    }
    struct hark_store *store = hark_calloc(1, sizeof *store);
    store->prefix = hark_arena_str(&store->arena, hark_str(options->prefix));
    if (add_instances(store, options, err) == 0) return store;
    hark_store_close(store);
    return NULL;
}

void hark_store_close(struct hark_store *store)
{
    if (!store) return;
    for (size_t i = 0; i < store->n; i++) {
        hark_redis_done(&store->v[i].redis);
        hark_track_free(store->v[i].track);
        hark_map_done(&store->v[i].incarnations);
    }
    hark_commit_work_free(store->work);
    free(store->v);
    hark_arena_done(&store->arena);
    free(store);
}

size_t hark_store_index(const struct hark_store *store, int32_t partition)
{
    return (uint32_t)partition % store->n;
}

struct hark_instance *hark_store_instance(struct hark_store *store, int32_t partition)
{
    return &store->v[hark_store_index(store, partition)];
}

void hark_store_position_key(const struct hark_store *store, struct hark_str topic, struct hark_buf *buf)
{
    hark_buf_str_add(buf, store->prefix);
    hark_buf_str_add(buf, HARK_STR("pos:"));
    hark_buf_str_add(buf, topic);
}

// --- whether an instance is fit to be written to ---

struct hark_str hark_store_info(struct hark_str info, const char *name)
{
    struct hark_str line, value, rest = info;
    do {
        line = hark_str_cut(rest, '\n', &rest);
        if (hark_str_is(hark_str_cut(line, ':', &value), name)) return hark_str_trim(value);
    } while (rest.ptr);
    return (struct hark_str){0};
}

// A Redis that throws keys away when it is full would make every number a guess, and nobody would see it.
static int judge(const struct hark_instance *inst, struct hark_str server, struct hark_str memory, struct hark_err *err)
{
    struct hark_str version = hark_store_info(server, "redis_version"),
                    policy = hark_store_info(memory, "maxmemory_policy"), minor;
    int64_t major = OLDEST_MAJOR;
    (void)hark_str_int(hark_str_cut(version, '.', &minor), &major);
    if (major < OLDEST_MAJOR)
        return hark_err_set(err, HARK_ESERVICE, "Redis at %s is version " HARK_STR_FMT "; 7.0 or newer is needed",
                            inst->redis.url.text, HARK_STR_ARG(version));
    if (policy.len && !hark_str_is(policy, "noeviction") && !hark_str_is(hark_store_info(memory, "maxmemory"), "0"))
        return hark_err_set(err, HARK_ESERVICE,
                            "Redis at %s drops keys when it is full (maxmemory-policy " HARK_STR_FMT
                            "), so that counters would be "
                            "wrong; set maxmemory-policy noeviction",
                            inst->redis.url.text, HARK_STR_ARG(policy));
    return 0;
}

// A server that was started with an append-only file that broke off in the middle of a batch writes on behind the
// broken part (Redis up to 7.2, valkey#4342), and the next start takes both for one. A rewrite, once a start, removes
// that part. A user without the right to it, or a server that is busy, is no trouble: the commit script finds what is
// torn.
static int freshen(struct hark_instance *inst, struct hark_err *err)
{
    redisReply *reply;
    if (hark_redis_send(&inst->redis, err, "INFO persistence") || hark_redis_reply(&inst->redis, NULL, &reply, err))
        return err->code;
    struct hark_str info = hark_reply_str(reply);
    bool due = hark_str_is(hark_store_info(info, "aof_enabled"), "1") &&
               hark_str_is(hark_store_info(info, "aof_last_rewrite_time_sec"), "-1") &&
               hark_str_is(hark_store_info(info, "aof_rewrite_in_progress"), "0");
    freeReplyObject(reply);
    if (!due) return 0;
    if (hark_redis_send(&inst->redis, err, "BGREWRITEAOF") || hark_redis_reply(&inst->redis, "", &reply, err))
        return err->code;
    freeReplyObject(reply);
    return 0;
}

static int check(struct hark_instance *inst, struct hark_err *err)
{
    redisReply *server, *memory;
    if (inst->checked == inst->redis.connections) return 0; // a new connection may be to a server that was started anew
    if (hark_redis_send(&inst->redis, err, "INFO server") || hark_redis_send(&inst->redis, err, "INFO memory") ||
        hark_redis_reply(&inst->redis, NULL, &server, err))
        return err->code;
    int rc = hark_redis_reply(&inst->redis, NULL, &memory, err);
    if (!rc) {
        rc = judge(inst, hark_reply_str(server), hark_reply_str(memory), err);
        freeReplyObject(memory);
    }
    freeReplyObject(server);
    if (!rc) rc = freshen(inst, err);
    if (!rc) inst->checked = inst->redis.connections;
    return rc;
}

// --- positions and incarnations ---

static int invent(char out[17])
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random) return -1;
    snprintf(out, 17, "%016llx", (unsigned long long)random);
    return 0;
}

static int being_removed(const struct hark_instance *inst, struct hark_err *err)
{
    return hark_err_set(
        err, HARK_ESERVICE,
        "Redis at %s: the counters are being removed, or that was broken off; if nobody does it now, start over "
        "with --rebuild",
        inst->redis.url.text);
}

// Counting begins where an incarnation is made: not while what counted before is being removed, for that would go too.
static int make_incarnation(const struct hark_store *store, struct hark_instance *inst, struct hark_str key,
                            struct hark_err *err)
{
    static const char script[] = "if redis.call('HEXISTS', KEYS[2], 'wiping') == 1 then return -1 end "
                                 "return redis.call('HSETNX', KEYS[1], 'incarnation', ARGV[1])";
    char fresh[17];
    redisReply *reply;
    if (invent(fresh)) return hark_err_set(err, HARK_EBUG, "the system gives no random numbers");
    if (hark_redis_send(&inst->redis, err, "EVAL %s 2 %b %bmeta %s", script, key.ptr, key.len, store->prefix.ptr,
                        store->prefix.len, fresh) ||
        hark_redis_reply(&inst->redis, NULL, &reply, err))
        return err->code;
    bool refused = reply->integer < 0;
    freeReplyObject(reply);
    return refused ? being_removed(inst, err) : 0;
}

// The incarnation in Redis, made where there is none, and the position of `field`.
static int read_position(struct hark_store *store, struct hark_instance *inst, struct hark_str topic,
                         struct hark_str field, redisReply **ret, struct hark_err *err)
{
    struct hark_buf key = {0};
    struct hark_redis *redis = &inst->redis;
    hark_store_position_key(store, topic, &key);
    int rc = hark_redis_connect(redis, err);
    if (!rc) rc = check(inst, err);
    if (!rc && !hark_map_get(&inst->incarnations, topic)) rc = make_incarnation(store, inst, hark_buf_str(&key), err);
    if (!rc) rc = hark_redis_send(redis, err, "HMGET %b incarnation %b", key.ptr, key.len, field.ptr, field.len);
    if (!rc) rc = hark_redis_reply(redis, NULL, ret, err);
    hark_buf_done(&key);
    return rc;
}

// Compares with what was seen first; an instance that was wiped under us must not be taken for a fresh one.
static int compare(struct hark_store *store, struct hark_instance *inst, struct hark_str topic, struct hark_str found,
                   const char **ret, struct hark_err *err)
{
    struct hark_map_entry *entry = hark_map_get(&inst->incarnations, topic);
    if (entry && !hark_str_is(found, entry->ptr))
        return hark_err_set(
            err, HARK_ESERVICE,
            "Redis at %s was wiped or restored since hark began to count here: its numbers no longer go with the log; "
            "bring the data back, or count anew from the log with --rebuild",
            inst->redis.url.text);
    if (!entry) {
        char *copy = (char *)hark_arena_str(&store->arena, found).ptr;
        entry = hark_map_put(&inst->incarnations, hark_arena_str(&store->arena, topic), NULL);
        entry->ptr = copy;
    }
    *ret = entry->ptr;
    return 0;
}

static int look(struct hark_store *store, struct hark_instance *inst, struct hark_str topic, struct hark_str field,
                struct hark_buf *ret_position, const char **ret_incarnation, struct hark_err *err)
{
    redisReply *reply;
    if (read_position(store, inst, topic, field, &reply, err)) return err->code;
    int rc = 0;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        rc = hark_err_set(err, HARK_ESERVICE, "Redis at %s does not answer HMGET with a list", inst->redis.url.text);
    if (!rc) rc = compare(store, inst, topic, hark_reply_str(reply->element[0]), ret_incarnation, err);
    if (!rc && ret_position) {
        hark_buf_clear(ret_position);
        hark_buf_str_add(ret_position, hark_reply_str(reply->element[1]));
    }
    freeReplyObject(reply);
    return rc;
}

int hark_store_position(struct hark_store *store, int32_t partition, struct hark_str topic, struct hark_str field,
                        struct hark_buf *ret, struct hark_err *err)
{
    const char *incarnation;
    return look(store, hark_store_instance(store, partition), topic, field, ret, &incarnation, err);
}

int hark_store_incarnation(struct hark_store *store, int32_t partition, struct hark_str topic, char ret[17],
                           struct hark_err *err)
{
    const char *incarnation;
    if (look(store, hark_store_instance(store, partition), topic, HARK_STR("incarnation"), NULL, &incarnation, err))
        return err->code;
    snprintf(ret, 17, "%s", incarnation);
    return 0;
}

int hark_store_remember(struct hark_store *store, struct hark_instance *inst, struct hark_str topic, const char **ret,
                        struct hark_err *err)
{
    struct hark_map_entry *entry = hark_map_get(&inst->incarnations, topic);
    if (!entry) return look(store, inst, topic, HARK_STR("incarnation"), NULL, ret, err);
    *ret = entry->ptr;
    return 0;
}

// --- the whole of an instance ---

void hark_store_pattern(struct hark_str prefix, const char *rest, struct hark_buf *buf)
{
    for (size_t i = 0; i < prefix.len; i++) {
        if (strchr("*?[]\\", prefix.ptr[i])) hark_buf_char(buf, '\\');
        hark_buf_char(buf, prefix.ptr[i]);
    }
    hark_buf_str_add(buf, hark_str(rest));
}

// hark:meta stays to the end. Where sources stand and what they missed did not come from the log and cannot be had from
// it again.
static bool outlives_wipe(const struct hark_store *store, struct hark_str key)
{
    struct hark_str name = hark_strn(key.ptr + store->prefix.len, key.len - store->prefix.len);
    return hark_str_is(name, "meta") || hark_str_is(name, "gaps") || hark_str_starts(name, HARK_STR("source:"));
}

static int unlink_keys(const struct hark_store *store, struct hark_redis *redis, const redisReply *keys,
                       struct hark_err *err)
{
    size_t sent = 0;
    for (size_t i = 0; i < keys->elements; i++) {
        struct hark_str key = hark_reply_str(keys->element[i]);
        if (outlives_wipe(store, key)) continue;
        if (hark_redis_send(redis, err, "UNLINK %b", key.ptr, key.len)) return err->code;
        sent++;
    }
    for (size_t i = 0; i < sent; i++) {
        redisReply *reply;
        if (hark_redis_reply(redis, NULL, &reply, err)) return err->code;
        freeReplyObject(reply);
    }
    return 0;
}

static int wipe_matching(const struct hark_store *store, struct hark_redis *redis, struct hark_str pattern,
                         struct hark_err *err)
{
    char cursor[32] = "0";
    do {
        redisReply *reply;
        if (hark_redis_send(redis, err, "SCAN %s MATCH %b COUNT 1000", cursor, pattern.ptr, pattern.len) ||
            hark_redis_reply(redis, NULL, &reply, err))
            return err->code;
        bool list = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
        int rc =
            list ? unlink_keys(store, redis, reply->element[1], err)
                 : hark_err_set(err, HARK_ESERVICE, "Redis at %s does not answer SCAN with a list", redis->url.text);
        if (!rc) snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        freeReplyObject(reply);
        if (rc) return rc;
    } while (strcmp(cursor, "0") != 0);
    return 0;
}

// Gaps of the log belong to the count that goes.
static int forget_lost(const struct hark_store *store, struct hark_redis *redis, struct hark_err *err)
{
    struct hark_str prefix = store->prefix;
    redisReply *entries, *reply;
    if (hark_redis_send(redis, err, "XRANGE %bgaps - +", prefix.ptr, prefix.len) ||
        hark_redis_reply(redis, NULL, &entries, err))
        return err->code;
    for (size_t i = 0; i < entries->elements && !err->code; i++) {
        const redisReply *entry = entries->element[i];
        if (!hark_reply_is_entry(entry) || !hark_reply_field(entry->element[1], "posts").ptr) continue;
        struct hark_str id = hark_reply_str(entry->element[0]);
        if (hark_redis_send(redis, err, "XDEL %bgaps %b", prefix.ptr, prefix.len, id.ptr, id.len) == 0 &&
            hark_redis_reply(redis, NULL, &reply, err) == 0)
            freeReplyObject(reply);
    }
    freeReplyObject(entries);
    return err->code;
}

static int set_meta(const struct hark_store *store, struct hark_redis *redis, const char *field, const char *value,
                    struct hark_err *err)
{
    redisReply *reply;
    if (hark_redis_send(redis, err, "HSET %bmeta %s %s", store->prefix.ptr, store->prefix.len, field, value) ||
        hark_redis_reply(redis, NULL, &reply, err))
        return err->code;
    freeReplyObject(reply);
    return 0;
}

static int remove_parts(const struct hark_store *store, struct hark_redis *redis, struct hark_err *err)
{
    static const char *const parts[] = {"pos:*", "*"};
    struct hark_buf pattern = {0};
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof parts / sizeof *parts; i++) {
        hark_buf_clear(&pattern);
        hark_store_pattern(store->prefix, parts[i], &pattern);
        rc = wipe_matching(store, redis, hark_buf_str(&pattern), err);
    }
    hark_buf_done(&pattern);
    return rc;
}

// Positions go first: whoever still counts is told so by his next commit, before the numbers begin to go. Whoever
// starts meanwhile, or after this was broken off, is told by hark:meta, which stays to the end and lets no new
// incarnation come to be.
static int wipe_instance(const struct hark_store *store, struct hark_instance *inst, struct hark_err *err)
{
    struct hark_redis *redis = &inst->redis;
    char now[HARK_TIME_STR_BYTES];
    redisReply *reply;
    hark_map_clear(&inst->incarnations);
    hark_time_str(hark_clock_ms(), now);
    if (hark_redis_connect(redis, err) || set_meta(store, redis, "wiping", now, err) ||
        remove_parts(store, redis, err) || forget_lost(store, redis, err) ||
        hark_redis_send(redis, err, "DEL %bmeta", store->prefix.ptr, store->prefix.len) ||
        hark_redis_reply(redis, NULL, &reply, err))
        return err->code;
    freeReplyObject(reply);
    return set_meta(store, redis, "rebuilt", now, err);
}

int hark_store_wipe(struct hark_store *store, struct hark_err *err)
{
    for (size_t i = 0; i < store->n; i++)
        if (wipe_instance(store, &store->v[i], err)) return err->code;
    return 0;
}

static int send_meta(struct hark_redis *redis, struct hark_str prefix, const char *ruleset, struct hark_err *err)
{
    char now[HARK_TIME_STR_BYTES];
    hark_time_str(hark_clock_ms(), now);
    if (hark_redis_send(redis, err, "HSETNX %bmeta schema %s", prefix.ptr, prefix.len, SCHEMA) ||
        hark_redis_send(redis, err, "HSETNX %bmeta started %s", prefix.ptr, prefix.len, now) ||
        hark_redis_send(redis, err, "HSET %bmeta ruleset %s", prefix.ptr, prefix.len, ruleset) ||
        hark_redis_send(redis, err, "HMGET %bmeta schema wiping", prefix.ptr, prefix.len))
        return err->code;
    return 0;
}

static int write_meta(const struct hark_store *store, struct hark_instance *inst, const char *ruleset,
                      struct hark_err *err)
{
    struct hark_redis *redis = &inst->redis;
    redisReply *reply;
    if (hark_redis_connect(redis, err) || send_meta(redis, store->prefix, ruleset, err)) return err->code;
    for (int i = 0; i < 3; i++) {
        if (hark_redis_reply(redis, NULL, &reply, err)) return err->code;
        freeReplyObject(reply);
    }
    if (hark_redis_reply(redis, NULL, &reply, err)) return err->code;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        freeReplyObject(reply);
        return hark_err_set(err, HARK_ESERVICE, "Redis at %s does not answer HMGET with a list", redis->url.text);
    }
    struct hark_str schema = hark_reply_str(reply->element[0]);
    if (hark_reply_str(reply->element[1]).len) (void)being_removed(inst, err);
    if (!hark_str_is(schema, SCHEMA))
        hark_err_set(err, HARK_EINPUT,
                     "the keys in Redis at %s are of schema " HARK_STR_FMT "; this hark knows schema " SCHEMA,
                     redis->url.text, HARK_STR_ARG(schema));
    freeReplyObject(reply);
    return err->code;
}

int hark_store_meta(struct hark_store *store, const char *ruleset, struct hark_err *err)
{
    for (size_t i = 0; i < store->n; i++)
        if (write_meta(store, &store->v[i], ruleset, err)) return err->code;
    return 0;
}

int hark_store_rebuilt(struct hark_store *store, int32_t partition, bool *ret, struct hark_err *err)
{
    struct hark_redis *redis = &hark_store_instance(store, partition)->redis;
    redisReply *reply;
    if (hark_redis_connect(redis, err) ||
        hark_redis_send(redis, err, "HEXISTS %bmeta rebuilt", store->prefix.ptr, store->prefix.len) ||
        hark_redis_reply(redis, NULL, &reply, err))
        return err->code;
    *ret = reply->integer == 1;
    freeReplyObject(reply);
    return 0;
}
