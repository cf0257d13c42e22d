// See track.h. Kept keys lie in a table of sets of WAYS places by their hash; where a set is full, its places are taken
// in turn. A key that changed goes out, and so does everything when a connection was lost or Redis says that all went.

#include "track.h"

#include <stdlib.h>

enum {
    SETS = 512, // of at most 6 KB: a month of hours has 744 numbers, a day of minutes 1,440
    WAYS = 4,
};
#define CHANNEL "__redis__:invalidate"

struct kept {
    struct hark_str key; // on the heap; ptr NULL: free
    int32_t *v;
    size_t n;
};

struct hark_track {
    struct hark_redis news; // the second connection
    unsigned told;          // the connection of the reader that is told of, by its number; 0: none
    bool refused;           // by this Redis, until the reader connects anew
    unsigned asked;         // the connection of the reader that it was refused on
    uint8_t turn[SETS];
    struct kept sets[SETS][WAYS];
};

struct hark_track *hark_track_new(const struct hark_redis *redis)
{
    struct hark_track *track = hark_calloc(1, sizeof *track);
    track->news = (struct hark_redis){.url = redis->url,
                                      .password = redis->password,
                                      .connect_timeout_ms = redis->connect_timeout_ms,
                                      .timeout_ms = redis->timeout_ms};
    return track;
}

static void let_go(struct kept *kept)
{
    free((char *)kept->key.ptr);
    free(kept->v);
    *kept = (struct kept){0};
}

static void let_all_go(struct hark_track *track)
{
    for (size_t i = 0; i < SETS; i++)
        for (size_t k = 0; k < WAYS; k++) let_go(&track->sets[i][k]);
}

void hark_track_free(struct hark_track *track)
{
    if (!track) return;
    let_all_go(track);
    hark_redis_done(&track->news);
    free(track);
}

static size_t set_of(struct hark_str key)
{
    return hark_str_hash(key) % SETS;
}

static struct kept *find(struct hark_track *track, struct hark_str key)
{
    struct kept *set = track->sets[set_of(key)];
    for (size_t k = 0; k < WAYS; k++)
        if (set[k].key.ptr && hark_str_eq(set[k].key, key)) return &set[k];
    return NULL;
}

const int32_t *hark_track_get(struct hark_track *track, struct hark_str key, size_t n)
{
    struct kept *kept = find(track, key);
    return kept && kept->n == n ? kept->v : NULL;
}

void hark_track_put(struct hark_track *track, struct hark_str key, const int32_t *v, size_t n)
{
    struct kept *kept = find(track, key);
    size_t at = set_of(key);
    for (size_t k = 0; !kept && k < WAYS; k++)
        if (!track->sets[at][k].key.ptr) kept = &track->sets[at][k];
    if (!kept) kept = &track->sets[at][track->turn[at]++ % WAYS];
    let_go(kept);
    kept->key = hark_strn(hark_str_dup(key), key.len);
    kept->v = hark_realloc(NULL, n, sizeof *v);
    memcpy(kept->v, v, n * sizeof *v);
    kept->n = n;
}

// --- news ---

// ["message", channel, [key, …]]; no list of keys: all went.
static void take_news(struct hark_track *track, const redisReply *reply)
{
    if (reply->elements != 3 || !hark_str_is(hark_reply_str(reply->element[0]), "message")) return;
    const redisReply *keys = reply->element[2];
    if (keys->type != REDIS_REPLY_ARRAY) let_all_go(track);
    for (size_t i = 0; i < keys->elements; i++) {
        struct kept *kept = find(track, hark_reply_str(keys->element[i]));
        if (kept) let_go(kept);
    }
}

// Reads what came until the answer to our own question.
static int hear(struct hark_track *track, struct hark_err *err)
{
    if (hark_redis_send(&track->news, err, "PING")) return err->code;
    for (bool answered = false; !answered;) {
        redisReply *reply;
        if (hark_redis_reply(&track->news, NULL, &reply, err)) return err->code;
        answered = reply->elements == 2 && hark_str_is(hark_reply_str(reply->element[0]), "pong");
        take_news(track, reply);
        freeReplyObject(reply);
    }
    return 0;
}

static int expect(struct hark_redis *redis, int64_t *ret, struct hark_err *err)
{
    redisReply *reply;
    if (hark_redis_reply(redis, "", &reply, err)) return err->code;
    if (ret) *ret = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    int rc = reply->type == REDIS_REPLY_ERROR ? hark_err_set(err, HARK_ESERVICE, "%s", reply->str) : 0;
    freeReplyObject(reply);
    return rc;
}

// The second connection, and the reader told of it.
static int join(struct hark_track *track, struct hark_redis *redis, struct hark_err *err)
{
    int64_t id;
    hark_redis_drop(&track->news);
    if (hark_redis_connect(&track->news, err) || hark_redis_send(&track->news, err, "CLIENT ID") ||
        expect(&track->news, &id, err) || hark_redis_send(&track->news, err, "SUBSCRIBE " CHANNEL) ||
        expect(&track->news, NULL, err) ||
        hark_redis_send(redis, err, "CLIENT TRACKING on REDIRECT %lld OPTIN", (long long)id) ||
        expect(redis, NULL, err))
        return err->code;
    track->told = redis->connections;
    return 0;
}

bool hark_track_begin(struct hark_track *track, struct hark_redis *redis)
{
    struct hark_err err = {0};
    bool joined = track->told == redis->connections && track->news.ctx;
    if (track->refused && track->asked == redis->connections) return false;
    if (joined && hear(track, &err) == 0) return true;
    let_all_go(track);
    track->told = 0;
    track->asked = redis->connections;
    err = (struct hark_err){0};
    track->refused = join(track, redis, &err) != 0;
    if (track->refused) hark_redis_drop(&track->news);
    return !track->refused && redis->ctx;
}
