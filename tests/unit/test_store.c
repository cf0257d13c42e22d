// Counters in a real Redis: exactness through repeats, edits, deletes, overtakings and faults, against a plain recount.

#include "proxy.h"
#include "throwaway_redis.h"

#include <hark/clock.h>
#include <hark/count.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct throwaway server;

// --- small helpers ---

static struct hark_store *open_at(const char *url)
{
    struct hark_err err = {0};
    struct hark_store *store = hark_store_open(&(struct hark_store_options){.redis = url, .prefix = "hark:"}, &err);
    if (!store) fail_msg("%s", err.text);
    return store;
}

static redisReply *ask(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(server.ctx, format, args);
    va_end(args);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR) fail_msg("%s: %s", format, reply->str);
    return reply;
}

static void tell(const char *command)
{
    freeReplyObject(ask(command));
}

static int64_t ask_int(const char *format, const char *key)
{
    redisReply *reply = ask(format, key);
    int64_t n = reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : reply->integer;
    freeReplyObject(reply);
    return n;
}

static const struct hark_count_options plenty = {
    .post_days = 7, .tombstone_hours = 24, .match_json_per_brand_day = 100000, .top = 1000};

// --- rules of the test ---

enum { BRANDS = 4, INTENTS = 3, PHRASES = 3 };

static struct hark_brand brands[BRANDS] = {
    {.name = {"acme", 4}}, {.name = {"b-corp", 6}}, {.name = {"cola", 4}}, {.name = {"dots", 4}}};
static struct hark_node listened = {.kind = HARK_NODE_HASHTAG, .key = {"acme", 4}};
static struct hark_intent intents[INTENTS] = {{.name = {"want", 4}}, {.name = {"need", 4}}, {.name = {"complaint", 9}}};
static struct hark_phrase phrases[INTENTS][PHRASES] = {
    {{.pattern.written = {"want", 4}}, {.pattern.written = {"i'd love", 8}}, {.pattern.written = {"갖고 싶*", 11}}},
    {{.pattern.written = {"need", 4}}, {.pattern.written = {"/a\tb\\n/", 7}}, {.pattern.written = {"must have", 9}}},
    {{.pattern.written = {"broken", 6}}, {.pattern.written = {"\"a b\"~5", 7}}, {.pattern.written = {"line\nend", 8}}}};

// What one post says, in a form that both hark and the recount read.
struct said {
    enum hark_op op;
    int id, source, author, lang, text;
    int64_t time_ms, likes;
    unsigned brands, intents, phrases, tags; // bits
};

static const char *const sources[] = {"bluesky", "mastodon"};
static const char *const langs[] = {"en", "ko", "hr"};
static const char *const tags[] = {"Acme", "Coats", "winter"};
static const char *const tag_keys[] = {"acme", "coats", "winter"};

static void id_of(const struct said *said, char out[64])
{
    snprintf(out, 64, "at://did:plc:%04d/app.bsky.feed.post/%d", said->id, said->id * 7);
}

static void json_of(const struct said *said, int brand, char out[96])
{
    snprintf(out, 96, "{\"brand\":\"%s\",\"text\":%d,\"id\":%d}", brands[brand].name.ptr, said->text, said->id);
}

// Hands it to hark as the matcher would.
static void add(struct hark_count_batch *batch, const struct said *said, int64_t arrival_ms)
{
    char id[64], author[16], text[32], json[BRANDS][96];
    struct hark_post post;
    hark_post_init(&post);
    id_of(said, id);
    if (said->op == HARK_OP_DELETE) {
        hark_count_add_delete(batch, hark_str(id));
        return;
    }
    snprintf(author, sizeof author, "author%d", said->author);
    snprintf(text, sizeof text, "text %d", said->text);
    struct hark_str lang[2] = {hark_str(langs[said->lang]), hark_str("en")}, tag[3];
    post.id = hark_str(id);
    post.op = said->op;
    post.source = hark_str(sources[said->source]);
    post.time_ms = said->time_ms;
    post.text = hark_str(text);
    post.lang = (struct hark_strs){lang, said->lang ? 2 : 0};
    post.author.id = hark_str(author);
    post.engagement.likes = said->likes;
    for (int i = 0; i < 3; i++)
        if (said->tags >> i & 1) tag[post.hashtags.n++] = hark_str(tags[i]);
    post.hashtags.v = tag;

    struct hark_match match[BRANDS];
    struct hark_hit hits[BRANDS][INTENTS];
    struct hark_evidence evidence[INTENTS][PHRASES + 1];
    struct hark_str encoded[BRANDS];
    struct hark_matches matches = {match, 0};
    for (int i = 0; i < INTENTS; i++)
        for (int p = 0; p < PHRASES + 1; p++) // the first once more: a phrase counts once a post
            evidence[i][p] = (struct hark_evidence){.phrase = &phrases[i][(said->phrases >> i & 1) ? p % PHRASES : 0]};
    for (int b = 0; b < BRANDS; b++) {
        if (!(said->brands >> b & 1)) continue;
        match[matches.n] = (struct hark_match){.brand = &brands[b], .hits = hits[b]};
        for (int i = 0; i < INTENTS; i++)
            if (said->intents >> i & 1)
                hits[b][match[matches.n].nhits++] =
                    (struct hark_hit){.intent = &intents[i], .evidence = evidence[i], .nevidence = PHRASES + 1};
        json_of(said, b, json[b]);
        encoded[matches.n++] = hark_str(json[b]);
    }
    hark_count_add(batch, &post, &matches, encoded, arrival_ms);
}

// --- a list of "key field value" lines, from Redis and from the recount ---

struct lines {
    char **v;
    size_t n, cap;
};

__attribute__((format(printf, 2, 3))) static void line_add(struct lines *lines, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    lines->v = hark_grow(lines->v, lines->n, &lines->cap, sizeof *lines->v);
    assert_true(vasprintf(&lines->v[lines->n++], format, args) >= 0);
    va_end(args);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_sort(struct lines *lines)
{
    if (lines->n) qsort(lines->v, lines->n, sizeof *lines->v, compare_lines);
}

static void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) free(lines->v[i]);
    free(lines->v);
    *lines = (struct lines){0};
}

static void dump_key(struct lines *lines, const char *key)
{
    redisReply *type = ask("TYPE %s", key), *reply = NULL;
    bool post = strncmp(key, "hark:post:", 10) == 0;
    if (strcmp(type->str, "hash") == 0) {
        reply = ask("HGETALL %s", key);
        for (size_t i = 0; i < reply->elements; i += 2) {
            const char *field = reply->element[i]->str;
            if (post && (!strcmp(field, "rev") || !strcmp(field, "sum") || !strcmp(field, "added"))) continue;
            line_add(lines, "%s %s %s", key, field, reply->element[i + 1]->str);
        }
    } else if (strcmp(type->str, "zset") == 0) {
        reply = ask("ZRANGE %s 0 -1 WITHSCORES", key);
        for (size_t i = 0; i < reply->elements; i += 2)
            line_add(lines, "%s %s %s", key, reply->element[i]->str, reply->element[i + 1]->str);
    } else if (strcmp(type->str, "set") == 0) {
        reply = ask("SMEMBERS %s", key);
        for (size_t i = 0; i < reply->elements; i++) line_add(lines, "%s %s", key, reply->element[i]->str);
    } else {
        line_add(lines, "%s %lld", key, (long long)ask_int("PFCOUNT %s", key));
    }
    if (reply) freeReplyObject(reply);
    freeReplyObject(type);
}

// All of Redis but positions and what says how far things are.
static void dump(struct lines *lines)
{
    redisReply *keys = ask("KEYS *");
    for (size_t i = 0; i < keys->elements; i++)
        if (strncmp(keys->element[i]->str, "hark:pos:", 9) != 0 &&
            strncmp(keys->element[i]->str, "hark:open:", 10) != 0 && strcmp(keys->element[i]->str, "hark:meta") != 0)
            dump_key(lines, keys->element[i]->str);
    freeReplyObject(keys);
    lines_sort(lines);
}

static void assert_lines(const struct lines *actual, const struct lines *expected)
{
    for (size_t i = 0; i < actual->n || i < expected->n; i++) {
        const char *a = i < actual->n ? actual->v[i] : "(end)", *b = i < expected->n ? expected->v[i] : "(end)";
        if (strcmp(a, b) != 0) fail_msg("line %zu: Redis has\n  %s\nthe recount has\n  %s", i, a, b);
    }
}

// --- the recount: what should be, from the posts alone ---

enum { IDS = 40 };

struct truth { // of one id
    bool deleted;
    int seen;         // 0: never counted
    bool overtaken;   // an update that matched nothing was the first that came
    bool has;         // says something now
    struct said said; // what it says
    int64_t likes;    // best known
    int alerts;       // number of the note; 0: none
};

struct world {
    struct truth truth[IDS];
    bool brands[BRANDS];
    struct lines authors; // key and author, each time it counted
};

static bool same_content(const struct said *a, const struct said *b)
{
    return a->brands == b->brands && a->intents == b->intents && a->phrases == b->phrases && a->tags == b->tags &&
           a->text == b->text && a->lang == b->lang && a->source == b->source && a->time_ms == b->time_ms;
}

static void format_time(int64_t ms, const char *format, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, 32, format, &tm);
}

// Does the bucket that ends with the day (or month) of `ms` still live `days` later?
static bool lives(int64_t ms, bool month, int days, int64_t now_ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    if (month) {
        tm.tm_mon++;
        tm.tm_mday = 1;
    } else {
        tm.tm_mday++;
    }
    return (int64_t)timegm(&tm) + days * 86400 > now_ms / 1000;
}

static void learn_authors(struct world *world, const struct said *said, int64_t now_ms)
{
    char day[32];
    format_time(said->time_ms, "%Y-%m-%d", day);
    for (int b = 0; b < BRANDS; b++) {
        if (!(said->brands >> b & 1)) continue;
        world->brands[b] = true;
        for (int i = -1; i < INTENTS && lives(said->time_ms, false, 400, now_ms); i++)
            if (i < 0 || said->intents >> i & 1)
                line_add(&world->authors, "hark:authors:%s:%s:%s author%d", brands[b].name.ptr,
                         i < 0 ? "mention" : intents[i].name.ptr, day, said->author);
    }
}

// What happens to the world, and the kind that hark should call it. `number` is that of the alerts noted if it counts.
static enum hark_count_kind happen(struct world *world, const struct said *said, int number, int64_t now_ms)
{
    struct truth *t = &world->truth[said->id];
    if (said->op == HARK_OP_DELETE) {
        bool had = t->has;
        t->deleted = true;
        t->has = false;
        t->alerts = 0;
        return had ? HARK_COUNT_DELETE : HARK_COUNT_NOTHING;
    }
    if (t->deleted) return HARK_COUNT_NOTHING;
    bool first = t->seen == 0, says = said->brands != 0;
    if (said->op == HARK_OP_CREATE && first && (t->overtaken || !says)) return HARK_COUNT_NOTHING;
    if (first && !says) {
        t->overtaken = true;
        return HARK_COUNT_NOTHING;
    }
    t->seen++;
    bool again = !first && (said->op == HARK_OP_CREATE || (t->has == says && same_content(&t->said, said)));
    if (first || again)
        t->likes = first || said->likes > t->likes ? said->likes : t->likes;
    else if (said->likes >= 0)
        t->likes = said->likes;
    if (again) return HARK_COUNT_REPEAT;
    bool had = t->has;
    int64_t likes = t->likes;
    t->said = *said;
    t->said.op = first ? said->op : HARK_OP_UPDATE;
    t->likes = likes;
    t->has = says;
    if (says) learn_authors(world, said, now_ms);
    if (first || had || says) t->alerts = number;
    return first ? HARK_COUNT_NEW : had || says ? HARK_COUNT_EDIT : HARK_COUNT_NOTHING;
}

static void count_lines(struct lines *lines, const struct truth *t, int b, const char *intent, int64_t now_ms)
{
    char id[64], minute[32], minute_key[32], hour[32], month[32], day[32], year[32];
    const struct said *said = &t->said;
    const char *brand = brands[b].name.ptr;
    id_of(said, id);
    format_time(said->time_ms, "%H:%M", minute);
    format_time(said->time_ms, "%Y-%m-%d", minute_key);
    format_time(said->time_ms, "%dT%H", hour);
    format_time(said->time_ms, "%Y-%m", month);
    format_time(said->time_ms, "%m-%d", day);
    format_time(said->time_ms, "%Y", year);
    line_add(lines, "hark:total:%s %s", brand, intent);
    line_add(lines, "hark:count:%s:%s:day:%s %s", brand, intent, year, day);
    if (lives(said->time_ms, false, 2, now_ms))
        line_add(lines, "hark:count:%s:%s:minute:%s %s", brand, intent, minute_key, minute);
    if (lives(said->time_ms, true, 400, now_ms))
        line_add(lines, "hark:count:%s:%s:hour:%s %s", brand, intent, month, hour);
    if (lives(said->time_ms, false, 400, now_ms)) {
        line_add(lines, "hark:by:source:%s:%s:%s %s", brand, intent, minute_key, sources[said->source]);
        line_add(lines, "hark:by:lang:%s:%s:%s %s", brand, intent, minute_key, said->lang ? langs[said->lang] : "und");
        if (said->lang) line_add(lines, "hark:by:lang:%s:%s:%s en", brand, intent, minute_key);
    }
    for (int i = 0; i < INTENTS; i++)
        for (int p = 0; strcmp(intent, intents[i].name.ptr) == 0 && p < ((said->phrases >> i & 1) ? PHRASES : 1); p++)
            if (lives(said->time_ms, false, 400, now_ms))
                line_add(lines, "hark:by:phrase:%s:%s:%s %s", brand, intent, minute_key,
                         phrases[i][p].pattern.written.ptr);
}

// Lines of what is a list, not a count.
static void list_lines(struct lines *lines, const struct truth *t, int b, const char *intent, int64_t now_ms)
{
    char id[64], day[32];
    id_of(&t->said, id);
    format_time(t->said.time_ms, "%Y-%m-%d", day);
    if (lives(t->said.time_ms, false, 7, now_ms))
        line_add(lines, "hark:posts:%s:%s:%s %s %lld", brands[b].name.ptr, intent, day, id, (long long)t->said.time_ms);
    if (t->likes > 0 && lives(t->said.time_ms, false, 90, now_ms))
        line_add(lines, "hark:top:%s:%s:%s %s %lld", brands[b].name.ptr, intent, day, id, (long long)t->likes);
}

static void post_lines(struct lines *lines, const struct truth *t, int n)
{
    char id[64], json[96];
    id_of(&(struct said){.id = n}, id);
    if (!t->seen && !t->overtaken && !t->deleted) return;
    enum hark_op op = t->deleted ? HARK_OP_DELETE : t->seen ? t->said.op : HARK_OP_UPDATE;
    line_add(lines, "hark:post:%s op %s", id, hark_op_str(op));
    if (t->seen) line_add(lines, "hark:post:%s seen %d", id, t->seen);
    if (t->deleted) return;
    if (t->seen && t->likes >= 0) line_add(lines, "hark:post:%s engagement %lld", id, (long long)t->likes);
    if (t->alerts) line_add(lines, "hark:post:%s alerts note %d", id, t->alerts);
    for (int b = 0; t->has && b < BRANDS; b++) {
        if (!(t->said.brands >> b & 1)) continue;
        json_of(&t->said, b, json);
        line_add(lines, "hark:post:%s match:%s %s", id, brands[b].name.ptr, json);
    }
}

// Equal lines become one line and how many there were; `once` counts different lines of one key instead of equal ones.
static void add_counted(struct lines *to, struct lines *from)
{
    lines_sort(from);
    for (size_t i = 0, j; i < from->n; i = j) {
        for (j = i; j < from->n && strcmp(from->v[i], from->v[j]) == 0; j++) continue;
        line_add(to, "%s %zu", from->v[i], j - i);
    }
}

static void add_distinct(struct lines *to, struct lines *from)
{
    struct lines keys = {0};
    lines_sort(from);
    for (size_t i = 0; i < from->n; i++)
        if (i == 0 || strcmp(from->v[i], from->v[i - 1]) != 0)
            line_add(&keys, "%.*s", (int)(strrchr(from->v[i], ' ') - from->v[i]), from->v[i]);
    add_counted(to, &keys);
    lines_free(&keys);
}

static void recount(struct world *world, struct lines *lines, int64_t now_ms)
{
    struct lines counts = {0};
    for (int n = 0; n < IDS; n++) {
        const struct truth *t = &world->truth[n];
        post_lines(lines, t, n);
        for (int b = 0; t->has && b < BRANDS; b++) {
            if (!(t->said.brands >> b & 1)) continue;
            char day[32];
            format_time(t->said.time_ms, "%Y-%m-%d", day);
            for (int g = 0; g < 3; g++)
                if (t->said.tags >> g & 1 && !(b == 0 && g == 0) && lives(t->said.time_ms, false, 90, now_ms))
                    line_add(&counts, "hark:tags:%s:%s %s", brands[b].name.ptr, day, tag_keys[g]);
            for (int i = -1; i < INTENTS; i++) {
                if (i >= 0 && !(t->said.intents >> i & 1)) continue;
                const char *intent = i < 0 ? "mention" : intents[i].name.ptr;
                count_lines(&counts, t, b, intent, now_ms);
                list_lines(lines, t, b, intent, now_ms);
            }
        }
    }
    for (int b = 0; b < BRANDS; b++)
        if (world->brands[b]) line_add(lines, "hark:brands %s", brands[b].name.ptr);
    add_counted(lines, &counts);
    add_distinct(lines, &world->authors);
    lines_free(&counts);
    lines_sort(lines);
}

// --- random posts ---

static uint64_t seed_state;

static unsigned roll(unsigned sides)
{
    seed_state = seed_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed_state >> 33) % sides;
}

static struct said say(int64_t now_ms)
{
    static const int64_t ages_ms[] = {
        0, 60000, 3600000, 6 * 3600000LL, 20 * 86400000LL, 60 * 86400000LL, 600 * 86400000LL, -4 * 60000, -3600000};
    struct said said = {.id = (int)roll(IDS),
                        .source = (int)roll(2),
                        .author = (int)roll(6),
                        .lang = (int)roll(3),
                        .text = (int)roll(3)};
    unsigned op = roll(10);
    said.op = op < 5 ? HARK_OP_CREATE : op < 8 ? HARK_OP_UPDATE : HARK_OP_DELETE;
    said.time_ms = now_ms - ages_ms[roll(9)] - (int64_t)roll(1000);
    said.likes = (int64_t)roll(5) - 1;
    said.brands = roll(4) ? roll(1 << BRANDS) : 0;
    said.intents = roll(1 << INTENTS);
    said.phrases = roll(1 << INTENTS);
    said.tags = roll(8);
    return said;
}

// --- the property ---

enum { MOST_POSTS = 12 };

struct run {
    struct world world;
    struct hark_store *store, *other;
    struct proxy proxy;
    struct hark_count_batch *batch, *twin;
    struct said said[MOST_POSTS];
    int notes[MOST_POSTS];
    size_t n;
    int64_t now_ms;
    int position, number, faults[8];
};

// What a post counted before an edit or a delete, for retractions.
static void check_before(const struct hark_count_outcome *outcome, const struct truth *was)
{
    bool takes_back = (outcome->kind == HARK_COUNT_EDIT || outcome->kind == HARK_COUNT_DELETE) && was->has;
    size_t n = 0;
    for (int b = 0; takes_back && b < BRANDS; b++) {
        if (!(was->said.brands >> b & 1)) continue;
        assert_true(n < outcome->nbefore);
        const struct hark_counted *counted = &outcome->before[n++];
        assert_true(hark_str_eq(counted->brand, brands[b].name));
        size_t k = 0;
        assert_true(hark_str_is(counted->intents.v[k++], "mention"));
        for (int i = 0; i < INTENTS; i++)
            if (was->said.intents >> i & 1) assert_true(hark_str_eq(counted->intents.v[k++], intents[i].name));
        assert_int_equal(counted->intents.n, k);
    }
    assert_int_equal(outcome->nbefore, n);
}

// What hark says of the batch is what the world says; the alerts that it remembers are those noted before.
static void check_outcomes(struct run *run, const struct world *before)
{
    struct world world = *before;
    world.authors = (struct lines){0};
    for (size_t i = 0; i < run->n; i++) {
        struct hark_count_outcome outcome;
        char note[32] = "";
        const struct truth was = world.truth[run->said[i].id];
        int noted = was.alerts;
        enum hark_count_kind kind = happen(&world, &run->said[i], run->notes[i], run->now_ms);
        hark_count_outcome(run->batch, i, &outcome);
        assert_int_equal(outcome.kind, kind);
        check_before(&outcome, &was);
        if (noted) snprintf(note, sizeof note, "note %d", noted);
        assert_int_equal(outcome.alerts.len, strlen(note));
        assert_true(hark_str_is(outcome.alerts, note));
        if (kind != HARK_COUNT_NEW && kind != HARK_COUNT_EDIT) continue;
        snprintf(note, sizeof note, "note %d", run->notes[i]);
        hark_count_alerts(run->batch, i, hark_str(note));
    }
    lines_free(&world.authors);
}

static void prepare(struct run *run)
{
    struct hark_err err;
    int rc, tries = 0;
    do {
        err = (struct hark_err){0};
        rc = hark_count_prepare(run->store, 0, run->batch, &err);
        if (rc && (!err.retriable || ++tries > 3)) fail_msg("prepare: %s", err.text);
    } while (rc);
    check_outcomes(run, &run->world);
}

static enum hark_commit commit(struct run *run, struct hark_store *store, struct hark_count_batch *batch, int expected)
{
    char from[16] = "", to[16];
    enum hark_commit result;
    struct hark_buf moved = {0};
    struct hark_err err;
    int rc, tries = 0;
    if (expected) snprintf(from, sizeof from, "%d", expected);
    snprintf(to, sizeof to, "%d", expected + (int)run->n);
    const struct hark_position position = {HARK_STR("posts"), HARK_STR("0"), hark_str(from), hark_str(to)};
    do {
        err = (struct hark_err){0};
        rc = hark_count_commit(store, 0, batch, &position, &result, &moved, &err);
        if (rc && (!err.retriable || ++tries > 3)) fail_msg("commit: %s", err.text);
    } while (rc);
    hark_buf_done(&moved);
    return result;
}

static void assert_recount(struct world *world, int64_t now_ms)
{
    struct lines actual = {0}, expected = {0};
    dump(&actual);
    recount(world, &expected, now_ms);
    assert_lines(&actual, &expected);
    lines_free(&actual);
    lines_free(&expected);
}

// Another writer, at another position, has one of the batch's posts before the batch is committed.
static bool meddle(struct run *run)
{
    struct said said = run->said[0];
    enum hark_commit result;
    struct hark_err err = {0};
    struct hark_buf moved = {0};
    struct hark_count_batch *batch = hark_count_batch_new(&plenty);
    struct world *world = &run->world;
    said.op = HARK_OP_CREATE;
    said.brands |= 1;
    bool changes = !world->truth[said.id].deleted && (world->truth[said.id].seen || !world->truth[said.id].overtaken);
    add(batch, &said, run->now_ms);
    const struct hark_position position = {HARK_STR("posts"), HARK_STR("9"), HARK_STR(""), HARK_STR("")};
    assert_int_equal(hark_count_prepare(run->other, 0, batch, &err), 0);
    assert_int_equal(hark_count_commit(run->other, 0, batch, &position, &result, &moved, &err), 0);
    assert_int_equal(result, HARK_COMMIT_DONE);
    happen(world, &said, 0, run->now_ms);
    hark_count_batch_free(batch);
    return changes;
}

enum fault { NONE, FORGET_SCRIPT, KILL_CLIENTS, CUT_REQUEST, CUT_REPLY, ZOMBIE, STALE, MEDDLE, FAULTS };

// Breaks something between prepare and commit.
static void break_something(struct run *run, enum fault fault)
{
    struct hark_err err = {0};
    run->faults[fault]++;
    switch (fault) {
    case FORGET_SCRIPT: tell("SCRIPT FLUSH"); break;
    case KILL_CLIENTS: tell("CLIENT KILL TYPE normal SKIPME yes"); break;
    case CUT_REQUEST: atomic_store(&run->proxy.mode, PROXY_CUT_REQUEST); break;
    case CUT_REPLY: atomic_store(&run->proxy.mode, PROXY_CUT_REPLY); break;
    case ZOMBIE: // somebody else commits the same batch
        hark_count_batch_clear(run->twin);
        for (size_t i = 0; i < run->n; i++) add(run->twin, &run->said[i], run->now_ms);
        struct hark_count_batch *own = run->batch;
        if (hark_count_prepare(run->other, 0, run->twin, &err)) fail_msg("%s", err.text);
        run->batch = run->twin;
        check_outcomes(run, &run->world);
        run->batch = own;
        assert_int_equal(commit(run, run->other, run->twin, run->position), HARK_COMMIT_DONE);
        break;
    case STALE: assert_int_equal(commit(run, run->store, run->batch, run->position + 1000), HARK_COMMIT_MOVED); break;
    case MEDDLE:
        if (meddle(run)) {
            assert_int_equal(commit(run, run->store, run->batch, run->position), HARK_COMMIT_CONFLICT);
            assert_recount(&run->world, run->now_ms); // nothing of the batch is there
            prepare(run);
        }
        break;
    default: break;
    }
}

static void one_batch(struct run *run, enum fault fault)
{
    hark_count_batch_clear(run->batch);
    run->n = 1 + roll(MOST_POSTS);
    for (size_t i = 0; i < run->n; i++) {
        run->said[i] = say(run->now_ms);
        run->notes[i] = ++run->number;
        add(run->batch, &run->said[i], run->now_ms);
        if (run->said[i].time_ms > run->now_ms + 300000) run->said[i].time_ms = run->now_ms; // as it should be clamped
    }
    if (roll(4) == 0) atomic_store(&run->proxy.mode, roll(2) ? PROXY_CUT_REQUEST : PROXY_CUT_REPLY);
    prepare(run);
    break_something(run, fault);
    assert_int_equal(commit(run, run->store, run->batch, run->position), HARK_COMMIT_DONE);
    for (size_t i = 0; i < run->n; i++) happen(&run->world, &run->said[i], run->notes[i], run->now_ms);
    run->position += (int)run->n;
}

static void counters_equal_a_recount_through_faults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct run *run = hark_calloc(1, sizeof *run);
        char path[88];
        seed_state = seed;
        tell("FLUSHALL");
        snprintf(path, sizeof path, "%s/proxy", server.folder);
        assert_true(proxy_start(&run->proxy, path, server.socket));
        snprintf(path, sizeof path, "unix://%s/proxy", server.folder);
        run->store = open_at(path);
        run->other = open_at(server.url);
        run->batch = hark_count_batch_new(&plenty);
        run->twin = hark_count_batch_new(&plenty);
        run->now_ms = hark_clock_ms();
        brands[0].listen = &listened;
        for (int i = 0; i < 160; i++) {
            enum fault fault = roll(2) ? NONE : (enum fault)roll(FAULTS);
            one_batch(run, fault);
            if (fault != NONE || i % 10 == 9) assert_recount(&run->world, run->now_ms);
            assert_int_equal(ask_int("HGET %s 0", "hark:pos:posts"), run->position);
        }
        for (int i = 1; i < FAULTS; i++) assert_true(run->faults[i] > 0);
        assert_true(atomic_load(&run->proxy.cuts) > 10);
        hark_store_close(run->store);
        hark_store_close(run->other);
        proxy_stop(&run->proxy);
        hark_count_batch_free(run->batch);
        hark_count_batch_free(run->twin);
        lines_free(&run->world.authors);
        free(run);
    }
}

// --- several partitions in one script ---

enum { PARTS = 3 };

struct joint {
    struct world world;
    struct hark_store *store, *other;
    struct proxy proxy;
    struct hark_count_batch *batches[PARTS], *twin;
    struct said said[PARTS][MOST_POSTS];
    size_t n[PARTS];
    int at[PARTS];
    char from[PARTS][16], to[PARTS][16];
    int64_t now_ms;
    int results[HARK_COMMIT_GONE + 1];
};

static struct hark_position joint_position(struct joint *joint, int p)
{
    static const char *const fields[PARTS] = {"0", "1", "2"};
    joint->from[p][0] = 0;
    if (joint->at[p]) snprintf(joint->from[p], sizeof joint->from[p], "%d", joint->at[p]);
    snprintf(joint->to[p], sizeof joint->to[p], "%d", joint->at[p] + (int)joint->n[p]);
    return (struct hark_position){HARK_STR("posts"), hark_str(fields[p]), hark_str(joint->from[p]),
                                  hark_str(joint->to[p])};
}

static void joint_prepare(struct hark_store *store, int p, struct hark_count_batch *batch)
{
    struct hark_err err;
    int tries = 0;
    do {
        err = (struct hark_err){0};
        if (hark_count_prepare(store, p, batch, &err) && (!err.retriable || ++tries > 3)) fail_msg("%s", err.text);
    } while (err.code);
}

static enum hark_commit joint_commit(struct joint *joint)
{
    struct hark_count_part parts[PARTS];
    enum hark_commit result;
    struct hark_err err;
    int tries = 0;
    for (int p = 0; p < PARTS; p++) parts[p] = (struct hark_count_part){p, joint->batches[p], joint_position(joint, p)};
    do {
        err = (struct hark_err){0};
        if (hark_count_commit_together(joint->store, parts, PARTS, &result, &err) && (!err.retriable || ++tries > 3))
            fail_msg("%s", err.text);
    } while (err.code);
    joint->results[result]++;
    return result;
}

// One partition by itself, as it is done where committing together came to nothing.
static void commit_alone(struct joint *joint, struct hark_store *store, int p, struct hark_count_batch *batch)
{
    const struct hark_position position = joint_position(joint, p);
    struct hark_buf moved = {0};
    enum hark_commit result;
    struct hark_err err;
    int tries = 0;
    do {
        err = (struct hark_err){0};
        if (hark_count_commit(store, p, batch, &position, &result, &moved, &err) && (!err.retriable || ++tries > 3))
            fail_msg("%s", err.text);
        if (!err.code && result == HARK_COMMIT_CONFLICT) joint_prepare(store, p, batch);
    } while (err.code || result == HARK_COMMIT_CONFLICT);
    assert_int_equal(result, HARK_COMMIT_DONE);
    hark_buf_done(&moved);
}

// Somebody else has committed one of the partitions meanwhile.
static void overtake(struct joint *joint, int p)
{
    hark_count_batch_clear(joint->twin);
    for (size_t i = 0; i < joint->n[p]; i++) add(joint->twin, &joint->said[p][i], joint->now_ms);
    joint_prepare(joint->other, p, joint->twin);
    commit_alone(joint, joint->other, p, joint->twin);
}

// Most posts stay in the partition of their id.
static void joint_fill(struct joint *joint)
{
    for (int p = 0; p < PARTS; p++) {
        hark_count_batch_clear(joint->batches[p]);
        joint->n[p] = roll(MOST_POSTS);
        for (size_t i = 0; i < joint->n[p]; i++) {
            struct said *said = &joint->said[p][i];
            do *said = say(joint->now_ms);
            while (said->id % PARTS != p && roll(200));
            add(joint->batches[p], said, joint->now_ms);
            if (said->time_ms > joint->now_ms + 300000) said->time_ms = joint->now_ms;
        }
        joint_prepare(joint->store, p, joint->batches[p]);
    }
}

static void joint_round(struct joint *joint)
{
    joint_fill(joint);
    switch (roll(8)) {
    case 0: tell("SCRIPT FLUSH"); break;
    case 1: tell("CLIENT KILL TYPE normal SKIPME yes"); break;
    case 2: atomic_store(&joint->proxy.mode, PROXY_CUT_REQUEST); break;
    case 3: atomic_store(&joint->proxy.mode, PROXY_CUT_REPLY); break;
    case 4: overtake(joint, (int)roll(PARTS)); break;
    default: break;
    }
    bool done = joint_commit(joint) == HARK_COMMIT_DONE;
    for (int p = 0; p < PARTS; p++) {
        if (!done) commit_alone(joint, joint->store, p, joint->batches[p]);
        for (size_t i = 0; i < joint->n[p]; i++) happen(&joint->world, &joint->said[p][i], 0, joint->now_ms);
        joint->at[p] += (int)joint->n[p];
    }
}

// A partition that moved on without a trace in the posts of the others stops them all.
static void one_position_that_moved_stops_all(void **state)
{
    (void)state;
    struct hark_err err = {0};
    struct lines before = {0}, after = {0};
    struct hark_count_part parts[2];
    enum hark_commit result;
    tell("FLUSHALL");
    struct hark_store *store = open_at(server.url);
    for (int p = 0; p < 2; p++) {
        struct said said = {.op = HARK_OP_CREATE, .id = p, .time_ms = hark_clock_ms(), .likes = -1, .brands = 1};
        parts[p] = (struct hark_count_part){p,
                                            hark_count_batch_new(&plenty),
                                            {HARK_STR("posts"), hark_str(p ? "1" : "0"), HARK_STR(""), HARK_STR("5")}};
        add(parts[p].batch, &said, hark_clock_ms());
        assert_int_equal(hark_count_prepare(store, p, parts[p].batch, &err), 0);
    }
    tell("HSET hark:pos:posts 1 7");
    dump(&before);
    assert_int_equal(hark_count_commit_together(store, parts, 2, &result, &err), 0);
    assert_int_equal(result, HARK_COMMIT_MOVED);
    dump(&after);
    assert_lines(&after, &before);
    assert_int_equal(ask_int("HEXISTS %s 0", "hark:pos:posts"), 0);
    tell("HDEL hark:pos:posts 1");
    assert_int_equal(hark_count_commit_together(store, parts, 2, &result, &err), 0);
    assert_int_equal(result, HARK_COMMIT_DONE);
    assert_int_equal(ask_int("HGET %s 0", "hark:pos:posts"), 5);
    assert_int_equal(ask_int("HGET %s 1", "hark:pos:posts"), 5);
    assert_int_equal(ask_int("HGET %s mention", "hark:total:acme"), 2);
    for (int p = 0; p < 2; p++) hark_count_batch_free(parts[p].batch);
    lines_free(&before);
    lines_free(&after);
    hark_store_close(store);
}

static void partitions_are_committed_together(void **state)
{
    (void)state;
    struct joint *joint = hark_calloc(1, sizeof *joint);
    char path[88];
    seed_state = 11;
    tell("FLUSHALL");
    snprintf(path, sizeof path, "%s/proxy", server.folder);
    assert_true(proxy_start(&joint->proxy, path, server.socket));
    snprintf(path, sizeof path, "unix://%s/proxy", server.folder);
    joint->store = open_at(path);
    joint->other = open_at(server.url);
    joint->twin = hark_count_batch_new(&plenty);
    for (int p = 0; p < PARTS; p++) joint->batches[p] = hark_count_batch_new(&plenty);
    joint->now_ms = hark_clock_ms();
    brands[0].listen = &listened;
    for (int i = 0; i < 300; i++) {
        joint_round(joint);
        assert_recount(&joint->world, joint->now_ms);
    }
    assert_true(joint->results[HARK_COMMIT_DONE] > 150);
    assert_true(joint->results[HARK_COMMIT_MOVED] > 10);
    assert_true(joint->results[HARK_COMMIT_CONFLICT] > 10);
    hark_store_close(joint->store);
    hark_store_close(joint->other);
    proxy_stop(&joint->proxy);
    hark_count_batch_free(joint->twin);
    for (int p = 0; p < PARTS; p++) hark_count_batch_free(joint->batches[p]);
    lines_free(&joint->world.authors);
    free(joint);
}

// --- single cases ---

static const struct hark_position to_one = {{"posts", 5}, {"0", 1}, {"", 0}, {"1", 1}};

static enum hark_commit try_commit(struct hark_store *store, struct hark_count_batch *batch,
                                   const struct hark_position *position, struct hark_err *err)
{
    enum hark_commit result = HARK_COMMIT_CONFLICT;
    struct hark_buf moved = {0};
    *err = (struct hark_err){0};
    if (!hark_count_prepare(store, 0, batch, err))
        (void)!hark_count_commit(store, 0, batch, position, &result, &moved, err);
    hark_buf_done(&moved);
    return result;
}

static struct said plain(int id)
{
    return (struct said){
        .id = id, .brands = 1, .intents = 1, .likes = id, .time_ms = hark_clock_ms(), .lang = 1, .tags = 2};
}

// A batch of `n` posts with ids from `first`, each of one brand and intent.
static struct hark_count_batch *batch_of(int first, int n, const struct hark_count_options *options)
{
    struct hark_count_batch *batch = hark_count_batch_new(options);
    for (int i = first; i < first + n; i++) {
        struct said said = plain(i);
        add(batch, &said, hark_clock_ms());
    }
    return batch;
}

static struct hark_store *fresh_store(void)
{
    tell("FLUSHALL");
    brands[0].listen = &listened;
    return open_at(server.url);
}

static void assert_unchanged(const struct lines *before)
{
    struct lines after = {0};
    dump(&after);
    assert_lines(&after, before);
    lines_free(&after);
}

static void a_wiped_redis_is_not_counted_into(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store(), *other = open_at(server.url);
    struct hark_count_batch *batch = batch_of(1, 3, &plenty);
    const struct hark_position next = {{"posts", 5}, {"0", 1}, {"1", 1}, {"4", 1}};
    struct hark_err err;
    struct hark_buf position = {0};
    char first[17], second[17];
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    assert_int_equal(hark_store_incarnation(store, 0, HARK_STR("posts"), first, &err), 0);
    assert_int_equal(strlen(first), 16);
    assert_int_equal(strspn(first, "0123456789abcdef"), 16);
    assert_int_equal(hark_store_incarnation(other, 0, HARK_STR("posts"), second, &err), 0);
    assert_string_equal(first, second);

    tell("FLUSHALL");
    assert_int_equal(try_commit(store, batch, &next, &err), HARK_COMMIT_GONE);
    assert_int_equal(ask_int("DBSIZE%s", ""), 0);
    assert_int_equal(hark_store_position(store, 0, HARK_STR("posts"), HARK_STR("0"), &position, &err), HARK_ESERVICE);
    assert_false(err.retriable);
    assert_non_null(strstr(err.text, "--rebuild"));
    assert_int_equal(ask_int("DBSIZE%s", ""), 0); // nor did the question make a new one

    struct hark_store *third = open_at(server.url); // somebody starts over
    err = (struct hark_err){0};
    assert_int_equal(hark_store_incarnation(third, 0, HARK_STR("posts"), second, &err), 0);
    assert_string_not_equal(first, second);
    assert_int_equal(try_commit(store, batch, &next, &err), HARK_COMMIT_GONE);
    assert_int_equal(try_commit(other, batch, &to_one, &err), HARK_COMMIT_GONE);
    hark_buf_done(&position);
    hark_count_batch_free(batch);
    hark_store_close(store);
    hark_store_close(other);
    hark_store_close(third);
}

// As Redis up to 7.2 makes it of a file that broke off in the middle of a batch.
static void a_batch_that_was_applied_by_half_is_found(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store();
    struct hark_count_batch *batch = batch_of(1, 3, &plenty);
    const struct hark_position next = {{"posts", 5}, {"0", 1}, {"1", 1}, {"4", 1}};
    struct hark_err err;
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    assert_int_equal(ask_int("HGET %s 0", "hark:open:posts"), 0);
    assert_int_equal(ask_int("TTL %s", "hark:pos:posts"), -1);
    assert_int_equal(ask_int("TTL %s", "hark:open:posts"), -1);
    tell("HINCRBY hark:open:posts 0 1");
    assert_int_equal(try_commit(store, batch, &next, &err), HARK_COMMIT_TORN);
    assert_int_equal(ask_int("HGET %s 0", "hark:pos:posts"), 1);
    hark_count_batch_free(batch);
    hark_store_close(store);
}

static void a_full_redis_is_waited_for(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store();
    struct hark_count_batch *batch = batch_of(1, 5, &plenty), *more = batch_of(3, 5, &plenty);
    const struct hark_position next = {{"posts", 5}, {"0", 1}, {"1", 1}, {"4", 1}};
    struct lines before = {0};
    struct hark_err err;
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    dump(&before);
    tell("CONFIG SET maxmemory 1");
    (void)try_commit(store, more, &next, &err);
    assert_int_equal(err.code, HARK_ESERVICE);
    assert_true(err.retriable);
    assert_non_null(strstr(err.text, "OOM"));
    assert_unchanged(&before);
    assert_int_equal(ask_int("HGET %s 0", "hark:pos:posts"), 1);
    tell("CONFIG SET maxmemory 0");
    assert_int_equal(try_commit(store, more, &next, &err), HARK_COMMIT_DONE);
    assert_int_equal(ask_int("HGET %s want", "hark:total:acme"), 7);
    lines_free(&before);
    hark_count_batch_free(batch);
    hark_count_batch_free(more);
    hark_store_close(store);
}

static void a_replica_is_waited_for(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store();
    struct hark_count_batch *batch = batch_of(1, 5, &plenty);
    struct lines before = {0};
    struct hark_err err;
    char incarnation[17];
    assert_int_equal(hark_store_incarnation(store, 0, HARK_STR("posts"), incarnation, &(struct hark_err){0}), 0);
    dump(&before);
    tell("REPLICAOF 127.0.0.1 1");
    (void)try_commit(store, batch, &to_one, &err);
    assert_true(err.retriable);
    assert_non_null(strstr(err.text, "READONLY"));
    tell("CONFIG SET replica-serve-stale-data no");
    (void)try_commit(store, batch, &to_one, &err);
    assert_true(err.retriable);
    assert_non_null(strstr(err.text, "MASTERDOWN"));
    tell("REPLICAOF NO ONE");
    assert_unchanged(&before);
    tell("CONFIG SET min-replicas-to-write 1");
    (void)try_commit(store, batch, &to_one, &err);
    assert_true(err.retriable);
    assert_non_null(strstr(err.text, "NOREPLICAS"));
    assert_unchanged(&before);
    tell("CONFIG SET min-replicas-to-write 0");
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    lines_free(&before);
    hark_count_batch_free(batch);
    hark_store_close(store);
}

static void a_redis_that_drops_keys_is_refused(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store();
    struct hark_err err = {0};
    char incarnation[17];
    tell("CONFIG SET maxmemory 100mb");
    tell("CONFIG SET maxmemory-policy allkeys-lru");
    assert_int_equal(hark_store_incarnation(store, 0, HARK_STR("posts"), incarnation, &err), HARK_ESERVICE);
    assert_non_null(strstr(err.text, "maxmemory-policy noeviction"));
    tell("CONFIG SET maxmemory-policy noeviction");
    tell("CONFIG SET maxmemory 0");
    hark_store_close(store);
}

static void positions_are_compared(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store();
    struct hark_count_batch *batch = batch_of(1, 2, &plenty), *empty = hark_count_batch_new(&plenty);
    struct hark_buf position = {0};
    struct hark_err err = {0};
    enum hark_commit result;
    struct hark_position next = {{"posts", 5}, {"0", 1}, {"7", 1}, {"8", 1}};
    assert_int_equal(hark_store_position(store, 0, HARK_STR("posts"), HARK_STR("0"), &position, &err), 0);
    assert_int_equal(position.len, 0);
    assert_int_equal(try_commit(store, batch, &next, &err), HARK_COMMIT_MOVED);
    assert_int_equal(ask_int("EXISTS %s", "hark:total:acme"), 0);
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    assert_int_equal(hark_count_commit(store, 0, batch, &next, &result, &position, &err), 0);
    assert_int_equal(result, HARK_COMMIT_MOVED);
    assert_true(hark_str_is(hark_buf_str(&position), "1"));
    next.expected = HARK_STR("1");
    assert_int_equal(try_commit(store, empty, &next, &err),
                     HARK_COMMIT_DONE); // posts that nobody counts advance it as well
    assert_int_equal(hark_store_position(store, 0, HARK_STR("posts"), HARK_STR("0"), &position, &err), 0);
    assert_true(hark_str_is(hark_buf_str(&position), "8"));
    hark_buf_done(&position);
    hark_count_batch_free(batch);
    hark_count_batch_free(empty);
    hark_store_close(store);
}

static void lives_are_anchored_on_the_bucket(void **state)
{
    (void)state;
    static const struct {
        const char *format, *date;
        bool month;
        int days;
    } keys[] = {{"hark:count:acme:want:minute:%s", "%Y-%m-%d", false, 2},
                {"hark:count:acme:want:hour:%s", "%Y-%m", true, 400},
                {"hark:by:source:acme:want:%s", "%Y-%m-%d", false, 400},
                {"hark:by:lang:acme:mention:%s", "%Y-%m-%d", false, 400},
                {"hark:by:phrase:acme:want:%s", "%Y-%m-%d", false, 400},
                {"hark:authors:acme:want:%s", "%Y-%m-%d", false, 400},
                {"hark:tags:acme:%s", "%Y-%m-%d", false, 90},
                {"hark:top:acme:want:%s", "%Y-%m-%d", false, 90},
                {"hark:posts:acme:want:%s", "%Y-%m-%d", false, 7}};
    struct hark_store *store = fresh_store();
    struct hark_count_batch *batch = batch_of(1, 9, &plenty);
    struct said said = plain(1);
    struct hark_err err;
    char year[32], key[128];
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char date[32];
        format_time(said.time_ms, keys[i].date, date);
        snprintf(key, sizeof key, keys[i].format, date);
        int64_t ends_ms = ask_int("EXPIRETIME %s", key) * 1000;
        assert_true(lives(said.time_ms, keys[i].month, keys[i].days, ends_ms - 1000));
        assert_false(lives(said.time_ms, keys[i].month, keys[i].days, ends_ms));
    }
    format_time(said.time_ms, "hark:count:acme:want:day:%Y", year);
    assert_int_equal(ask_int("TTL %s", year), -1);
    assert_int_equal(ask_int("TTL %s", "hark:total:acme"), -1);
    int64_t ttl = ask_int("TTL %s", "hark:post:at://did:plc:0001/app.bsky.feed.post/7");
    assert_true(ttl > 7 * 86400 - 60 && ttl <= 7 * 86400);
    hark_count_batch_free(batch);
    hark_store_close(store);
}

static void marks_live_for_hours(void **state)
{
    (void)state;
    static const char *const key = "hark:post:at://did:plc:0003/app.bsky.feed.post/21";
    struct hark_store *store = fresh_store();
    struct hark_count_options options = plenty;
    struct hark_err err;
    struct hark_count_batch *batch = hark_count_batch_new(&options);
    struct hark_position nowhere = {{"posts", 5}, {"x", 1}, {"", 0}, {"", 0}};
    add(batch, &(struct said){.id = 3, .op = HARK_OP_DELETE}, hark_clock_ms());
    assert_int_equal(try_commit(store, batch, &nowhere, &err), HARK_COMMIT_DONE);
    int64_t ttl = ask_int("TTL %s", key);
    assert_true(ttl > 24 * 3600 - 60 && ttl <= 24 * 3600);
    hark_count_batch_free(batch);

    options.tombstone_hours = 0; // off
    tell("DEL hark:post:at://did:plc:0003/app.bsky.feed.post/21");
    batch = hark_count_batch_new(&options);
    add(batch, &(struct said){.id = 3, .op = HARK_OP_DELETE}, hark_clock_ms());
    assert_int_equal(try_commit(store, batch, &nowhere, &err), HARK_COMMIT_DONE);
    assert_int_equal(ask_int("EXISTS %s", key), 0);
    hark_count_batch_free(batch);
    hark_store_close(store);
}

// Each post as long as its source may be kept; what counts it stays.
static void posts_live_as_long_as_their_source_may_be_kept(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store();
    struct hark_count_options options = plenty;
    struct hark_err err = {0};
    assert_int_equal(hark_retain_parse("mastodon=1,bluesky=30", &options.retain, &err), 0);
    struct hark_count_batch *batch = hark_count_batch_new(&options);
    struct hark_position nowhere = {{"posts", 5}, {"x", 1}, {"", 0}, {"", 0}};
    for (int i = 0; i < 2; i++)
        add(batch, &(struct said){.id = i + 1, .source = i, .brands = 1, .intents = 1, .time_ms = hark_clock_ms()},
            hark_clock_ms());
    assert_int_equal(try_commit(store, batch, &nowhere, &err), HARK_COMMIT_DONE);
    int64_t bluesky = ask_int("TTL %s", "hark:post:at://did:plc:0001/app.bsky.feed.post/7");
    int64_t mastodon = ask_int("TTL %s", "hark:post:at://did:plc:0002/app.bsky.feed.post/14");
    assert_true(bluesky > 7 * 86400 - 60 && bluesky <= 7 * 86400);
    assert_true(mastodon > 86400 - 60 && mastodon <= 86400);
    assert_int_equal(ask_int("HGET %s mention", "hark:total:acme"), 2);
    hark_count_batch_free(batch);
    hark_store_close(store);
}

static void what_is_kept_by_source_is_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"youtube", "=3",    "youtube=", "youtube=3d",
                                      "x=-1",    "x=401", "x=1,,y=2", "a-name-that-is-longer-than-any-source-has=1"};
    struct hark_retain retain;
    struct hark_err err = {0};
    assert_int_equal(hark_retain_parse(NULL, &retain, &err), 0);
    assert_int_equal(hark_retain_days(&retain, HARK_STR("youtube"), 400), 30);
    assert_int_equal(hark_retain_days(&retain, HARK_STR("reddit"), 7), 2);
    assert_int_equal(hark_retain_days(&retain, HARK_STR("reddit"), 1), 1);
    assert_int_equal(hark_retain_days(&retain, HARK_STR("bluesky"), 400), 400);
    assert_int_equal(hark_retain_parse("x=1, youtube=0", &retain, &err), 0);
    assert_int_equal(hark_retain_days(&retain, HARK_STR("x"), 7), 1);
    assert_int_equal(hark_retain_days(&retain, HARK_STR("youtube"), 400), 400);
    assert_int_equal(hark_retain_days(&retain, HARK_STR("reddit"), 7), 2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err = (struct hark_err){0};
        assert_int_equal(hark_retain_parse(bad[i], &retain, &err), HARK_EINPUT);
        assert_non_null(strstr(err.text, "SOURCE=DAYS"));
    }
}

// More arguments than one Lua call takes, of every kind of operation.
static void a_large_batch_is_cut_into_pieces(void **state)
{
    (void)state;
    enum { POSTS = 9000 };
    struct hark_store *store = fresh_store();
    struct hark_count_batch *batch = batch_of(1, POSTS, &plenty), *deletes = hark_count_batch_new(&plenty);
    const struct hark_position next = {{"posts", 5}, {"0", 1}, {"1", 1}, {"4", 1}};
    struct hark_err err;
    char key[64];
    if (try_commit(store, batch, &to_one, &err) != HARK_COMMIT_DONE) fail_msg("%s", err.text);
    assert_int_equal(ask_int("HGET %s want", "hark:total:acme"), POSTS);
    format_time(hark_clock_ms(), "hark:posts:acme:want:%Y-%m-%d", key);
    assert_int_equal(ask_int("ZCARD %s", key), POSTS);
    for (int i = 1; i <= POSTS; i++) add(deletes, &(struct said){.id = i, .op = HARK_OP_DELETE}, 0);
    if (try_commit(store, deletes, &next, &err) != HARK_COMMIT_DONE) fail_msg("%s", err.text);
    assert_int_equal(ask_int("EXISTS %s", "hark:total:acme"), 0);
    assert_int_equal(ask_int("EXISTS %s", key), 0);
    hark_count_batch_free(batch);
    hark_count_batch_free(deletes);
    hark_store_close(store);
}

static void lists_and_json_are_capped(void **state)
{
    (void)state;
    const struct hark_count_options options = {
        .post_days = 7, .tombstone_hours = 24, .match_json_per_brand_day = 25, .top = 10};
    struct hark_store *store = fresh_store();
    struct hark_err err;
    char key[64], at[16] = "", to[16];
    int json = 0;
    for (int i = 1; i <= 60; i += 6) {
        struct hark_count_batch *batch = batch_of(i, 6, &options);
        snprintf(to, sizeof to, "%d", i);
        const struct hark_position position = {{"posts", 5}, {"0", 1}, hark_str(at), hark_str(to)};
        assert_int_equal(try_commit(store, batch, &position, &err), HARK_COMMIT_DONE);
        hark_count_batch_free(batch);
        snprintf(at, sizeof at, "%d", i);
    }
    for (int i = 1; i <= 60; i++) {
        char id[64], post[96];
        id_of(&(struct said){.id = i}, id);
        snprintf(post, sizeof post, "hark:post:%s", id);
        json += (int)ask_int("HEXISTS %s match:acme", post);
        assert_int_equal(ask_int("HEXISTS %s added", post), 1);
    }
    assert_int_equal(json, 25);
    format_time(hark_clock_ms(), "hark:top:acme:want:%Y-%m-%d", key);
    assert_int_equal(ask_int("ZCARD %s", key), 10);
    redisReply *least = ask("ZRANGE %s 0 0 WITHSCORES", key);
    assert_string_equal(least->element[1]->str, "51"); // the posts with most likes are kept
    freeReplyObject(least);
    hark_store_close(store);
}

static void totals_add_up_over_instances(void **state)
{
    (void)state;
    struct throwaway second = {0};
    struct hark_err err = {0};
    char urls[256];
    struct hark_arena arena = {0};
    const struct hark_total *totals;
    struct hark_read_meta meta;
    size_t n;
    hark_store_close(fresh_store());
    assert_true(throwaway_start(&second));
    snprintf(urls, sizeof urls, "%s,%s", server.url, second.url);
    struct hark_store *store = open_at(urls);
    assert_int_equal(hark_read_meta(store, &arena, &meta, &err), 0);
    assert_null(meta.ruleset.ptr);
    for (int32_t partition = 0; partition < 3; partition++) {
        struct hark_count_batch *batch = batch_of(partition * 10, 5, &plenty);
        struct said said = {.id = partition * 10 + 7, .brands = 4, .time_ms = hark_clock_ms()};
        enum hark_commit result;
        struct hark_buf moved = {0};
        add(batch, &said, hark_clock_ms());
        char field[4];
        snprintf(field, sizeof field, "%d", partition);
        const struct hark_position position = {{"posts", 5}, hark_str(field), {"", 0}, {"6", 1}};
        assert_int_equal(hark_count_prepare(store, partition, batch, &err), 0);
        assert_int_equal(hark_count_commit(store, partition, batch, &position, &result, &moved, &err), 0);
        assert_int_equal(result, HARK_COMMIT_DONE);
        hark_count_batch_free(batch);
    }
    assert_int_equal(ask_int("HGET %s want", "hark:total:acme"), 10); // partitions 0 and 2
    assert_int_equal(hark_read_totals(store, &arena, &totals, &n, &err), 0);
    assert_int_equal(n, 3);
    assert_true(hark_str_is(totals[0].brand, "acme") && hark_str_is(totals[0].intent, "mention") && totals[0].n == 15);
    assert_true(hark_str_is(totals[1].brand, "acme") && hark_str_is(totals[1].intent, "want") && totals[1].n == 15);
    assert_true(hark_str_is(totals[2].brand, "cola") && hark_str_is(totals[2].intent, "mention") && totals[2].n == 3);

    assert_int_equal(hark_store_meta(store, "abcdef012345", &err), 0);
    assert_int_equal(hark_read_meta(store, &arena, &meta, &err), 0);
    assert_true(hark_str_is(meta.ruleset, "abcdef012345"));
    assert_int_equal(meta.started.len, 24);
    tell("HSET hark:meta schema 2");
    assert_int_equal(hark_store_meta(store, "abcdef012345", &err), HARK_EINPUT);
    hark_arena_done(&arena);
    hark_store_close(store);
    throwaway_stop(&second);
}

static void wiping_takes_the_prefix_and_nothing_else(void **state)
{
    (void)state;
    struct hark_store *plain_store = fresh_store();
    struct hark_err err = {0};
    char first[17], second[17];
    hark_store_close(plain_store);
    struct hark_store *store =
        hark_store_open(&(struct hark_store_options){.redis = server.url, .prefix = "h*[a]?:"}, &err);
    assert_non_null(store);
    struct hark_count_batch *batch = batch_of(1, 3000, &plenty);
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    assert_int_equal(hark_store_incarnation(store, 0, HARK_STR("posts"), first, &err), 0);
    assert_true(ask_int("DBSIZE%s", "") > 3000);
    tell("MSET hxxxa1:total 1 hark:total:x 1 h*[a]?. 1");
    assert_int_equal(hark_store_wipe(store, &err), 0);
    assert_int_equal(ask_int("DBSIZE%s", ""), 4); // hark:meta says that it was on purpose
    assert_int_equal(hark_store_incarnation(store, 0, HARK_STR("posts"), second, &err), 0); // counting may begin anew
    assert_string_not_equal(first, second);
    assert_int_equal(try_commit(store, batch, &to_one, &err), HARK_COMMIT_DONE);
    hark_count_batch_free(batch);
    hark_store_close(store);
}

// A matcher that started just before must not begin in the midst of it: what it counts would be removed as well.
static void nothing_begins_while_counters_are_removed(void **state)
{
    (void)state;
    struct hark_store *store = fresh_store();
    struct hark_err err = {0};
    struct hark_buf position = {0};
    tell("HSET hark:meta wiping 2026-01-01T00:00:00.000Z");
    assert_int_equal(hark_store_position(store, 0, HARK_STR("posts"), HARK_STR("0"), &position, &err), HARK_ESERVICE);
    assert_false(err.retriable);
    assert_non_null(strstr(err.text, "are being removed"));
    assert_int_equal(ask_int("EXISTS %s", "hark:pos:posts"), 0);
    tell("HDEL hark:meta wiping");
    err = (struct hark_err){0};
    assert_int_equal(hark_store_position(store, 0, HARK_STR("posts"), HARK_STR("0"), &position, &err), 0);
    hark_buf_done(&position);
    hark_store_close(store);
}

static void says_what_it_cannot_reach(void **state)
{
    (void)state;
    static const struct {
        const char *url, *password, *says;
        int code;
        bool retriable;
    } cases[] = {
        {"redis://127.0.0.1:1", NULL, "redis://127.0.0.1:1/0", HARK_ESERVICE, true},
        {"unix:///nowhere/redis.sock", NULL, "/nowhere/redis.sock", HARK_ESERVICE, true},
        {"redis://user:sesame@127.0.0.1", NULL, "HARK_REDIS_PASSWORD", HARK_EINPUT, false},
        {"localhost:6379", NULL, "redis://", HARK_EINPUT, false},
        {"", NULL, "redis://", HARK_EINPUT, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hark_err err = {0};
        const struct hark_store_options options = {
            .redis = cases[i].url, .password = cases[i].password, .prefix = "hark:"};
        assert_null(hark_store_open(&options, &err));
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.retriable, cases[i].retriable);
        if (!strstr(err.text, cases[i].says)) fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
        assert_null(strstr(err.text, "sesame"));
    }
    struct hark_err err = {0}; // whether this build has TLS or not
    assert_null(
        hark_store_open(&(struct hark_store_options){.redis = "rediss://127.0.0.1:1", .prefix = "hark:"}, &err));
    assert_non_null(strstr(err.text, "rediss://127.0.0.1:1/0"));
}

static void a_redis_that_hangs_is_given_up(void **state)
{
    (void)state;
    struct hark_err err = {0};
    kill(server.pid, SIGSTOP);
    struct hark_store *store = hark_store_open(
        &(struct hark_store_options){.redis = server.url, .prefix = "hark:", .connect_timeout_ms = 50}, &err);
    kill(server.pid, SIGCONT);
    assert_null(store);
    assert_true(err.retriable);
    assert_non_null(strstr(err.text, "within 50 ms"));
}

static void passwords_are_asked_for_and_checked(void **state)
{
    (void)state;
    struct hark_err err = {0}, wrong = {0};
    char incarnation[17];
    hark_store_close(fresh_store());
    tell("CONFIG SET requirepass sesame");
    struct hark_store_options options = {.redis = server.url, .prefix = "hark:"};
    assert_null(hark_store_open(&options, &err));
    assert_int_equal(err.code, HARK_EINPUT);
    assert_non_null(strstr(err.text, "HARK_REDIS_PASSWORD"));
    options.password = "open";
    assert_null(hark_store_open(&options, &wrong));
    assert_int_equal(wrong.code, HARK_EINPUT);
    assert_null(strstr(wrong.text, "open"));
    options.password = "sesame";
    err = (struct hark_err){0};
    struct hark_store *with = hark_store_open(&options, &err);
    assert_non_null(with);
    assert_int_equal(hark_store_incarnation(with, 0, HARK_STR("posts"), incarnation, &err), 0);
    freeReplyObject(ask("CONFIG SET requirepass %s", ""));
    hark_store_close(with);
}

static int start(void **state)
{
    (void)state;
    return throwaway_start(&server) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    throwaway_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_equal_a_recount_through_faults),
        cmocka_unit_test(partitions_are_committed_together),
        cmocka_unit_test(one_position_that_moved_stops_all),
        cmocka_unit_test(a_wiped_redis_is_not_counted_into),
        cmocka_unit_test(a_batch_that_was_applied_by_half_is_found),
        cmocka_unit_test(a_full_redis_is_waited_for),
        cmocka_unit_test(a_replica_is_waited_for),
        cmocka_unit_test(a_redis_that_drops_keys_is_refused),
        cmocka_unit_test(positions_are_compared),
        cmocka_unit_test(lives_are_anchored_on_the_bucket),
        cmocka_unit_test(marks_live_for_hours),
        cmocka_unit_test(posts_live_as_long_as_their_source_may_be_kept),
        cmocka_unit_test(what_is_kept_by_source_is_read),
        cmocka_unit_test(a_large_batch_is_cut_into_pieces),
        cmocka_unit_test(lists_and_json_are_capped),
        cmocka_unit_test(totals_add_up_over_instances),
        cmocka_unit_test(wiping_takes_the_prefix_and_nothing_else),
        cmocka_unit_test(nothing_begins_while_counters_are_removed),
        cmocka_unit_test(says_what_it_cannot_reach),
        cmocka_unit_test(a_redis_that_hangs_is_given_up),
        cmocka_unit_test(passwords_are_asked_for_and_checked),
    };
    return cmocka_run_group_tests_name("store", tests, start, stop);
}
