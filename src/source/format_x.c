// X: posts of API v2, flat or in `data` of a response or a stream's envelope (only `data` are posts; `includes` lends
// authors), and statuses and delete notices of API v1.1.
//
// The text is the long one where there is one (note_tweet, extended_tweet), with the entities that belong to it; a
// repost keeps the text that the API gives it ("RT @name: ..."). X escapes & < > in its texts. A post without
// created_at has its time in its id: ids since November 2010 count milliseconds from an epoch of X's own (Snowflake).
#include "json_get.h"

#include <hark/clock.h>

#define SNOWFLAKE_EPOCH_MS INT64_C(1288834974657)
#define SNOWFLAKE_FIRST (INT64_C(1) << 40) // ids before are plain numbers

// X renames tweets to posts, field by field: either spelling.
static const json_t *either(const json_t *json, const char *old, const char *renamed)
{
    const json_t *value = json_object_get(json, old);
    return value ? value : json_object_get(json, renamed);
}

static bool is_v2(const json_t *json)
{
    return json_is_string(json_object_get(json, "id")) && json_is_string(json_object_get(json, "text")) &&
           (json_object_get(json, "author_id") || either(json, "edit_history_tweet_ids", "edit_history_post_ids") ||
            json_object_get(json, "public_metrics") || json_object_get(json, "conversation_id"));
}

static bool is_v1(const json_t *json)
{
    return json_is_string(json_object_get(json, "id_str")) &&
           (json_is_string(json_object_get(json, "text")) || json_is_string(json_object_get(json, "full_text")));
}

static const json_t *deleted_v1(const json_t *json)
{
    return hark_get_path(json, "delete", "status", NULL);
}

// "errors" or "meta" alone: a page without posts.
static bool is_empty_page(const json_t *json)
{
    return json_is_array(json_object_get(json, "errors")) ||
           json_object_get(hark_get_path(json, "meta", NULL), "result_count");
}

static bool is_bare_id(const json_t *json) // a post of which only the default fields were asked for
{
    return json_is_string(json_object_get(json, "id")) && json_is_string(json_object_get(json, "text"));
}

static bool is_one(const json_t *json)
{
    return is_v2(json) || is_v1(json) || deleted_v1(json);
}

static bool is(const struct hark_record *record)
{
    const json_t *json = record->json, *data = json_object_get(json, "data");
    if (is_one(json) || is_one(json_array_get(json, 0))) return true;
    if (data)
        return is_bare_id(data) || is_bare_id(json_array_get(data, 0)) || (json_is_array(data) && is_empty_page(json));
    return is_empty_page(json);
}

static int64_t snowflake_ms(struct hark_str id)
{
    int64_t number;
    if (hark_str_int(id, &number) < 0 || number < SNOWFLAKE_FIRST) return -1;
    return (number >> 22) + SNOWFLAKE_EPOCH_MS;
}

static struct hark_str x_id(struct hark_str id, struct hark_arena *arena)
{
    return id.len ? hark_arena_printf(arena, "x:" HARK_STR_FMT, HARK_STR_ARG(id)) : (struct hark_str){0};
}

// Of each object in the array the first of two keys that it has.
static struct hark_strs values(const json_t *array, const char *key, const char *other, struct hark_arena *arena)
{
    struct hark_texts texts = {.arena = arena};
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value) {
        struct hark_str s = hark_get_str(value, key, arena);
        hark_texts_add(&texts, s.ptr ? s : hark_get_str(value, other, arena));
    }
    return hark_texts_list(&texts);
}

// Pictures are in the urls of v2 as well, with a media_key: they are no links.
static struct hark_strs urls(const json_t *array, struct hark_arena *arena)
{
    struct hark_texts texts = {.arena = arena};
    size_t i;
    json_t *url;
    json_array_foreach(array, i, url) {
        if (json_object_get(url, "media_key")) continue;
        struct hark_str s = hark_get_str(url, "expanded_url", arena);
        hark_texts_add(&texts, s.len ? s : hark_get_str(url, "url", arena));
    }
    return hark_texts_list(&texts);
}

// Without entities in the payload the tags are found in the text.
static void decode_entities(const json_t *entities, struct hark_post *post, struct hark_arena *arena)
{
    const json_t *mentions = json_object_get(entities, "mentions");
    if (!json_is_object(entities)) return;
    if (!mentions) mentions = json_object_get(entities, "user_mentions");
    post->hashtags = values(json_object_get(entities, "hashtags"), "tag", "text", arena);
    post->mentions = values(mentions, "username", "screen_name", arena);
    post->links = urls(json_object_get(entities, "urls"), arena);
}

// "und" and the codes from qaa to qzz, art and zxx are X's ways to say that it knows no language.
static void decode_lang(const json_t *json, struct hark_post *post, struct hark_arena *arena)
{
    struct hark_texts langs = {.arena = arena};
    struct hark_str lang = hark_get_str(json, "lang", arena);
    if (!lang.len || (lang.len == 3 && lang.ptr[0] == 'q') || hark_str_is(lang, "und") || hark_str_is(lang, "art") ||
        hark_str_is(lang, "zxx"))
        return;
    hark_texts_add(&langs, lang);
    post->lang = hark_texts_list(&langs);
}

static void decode_references(const json_t *array, struct hark_post *post, struct hark_arena *arena)
{
    size_t i;
    json_t *value;
    post->reply_to = post->quote_of = post->repost_of = HARK_STR("");
    json_array_foreach(array, i, value) {
        struct hark_str id = x_id(hark_get_id(value, "id", arena), arena);
        if (hark_get_is(value, "type", "replied_to")) post->reply_to = id;
        if (hark_get_is(value, "type", "quoted")) post->quote_of = id;
        if (hark_get_is(value, "type", "retweeted") || hark_get_is(value, "type", "reposted")) post->repost_of = id;
    }
}

static const json_t *find_user(const json_t *users, const json_t *author_id)
{
    size_t i;
    json_t *user;
    json_array_foreach(users, i, user)
        if (json_equal(json_object_get(user, "id"), author_id)) return user;
    return NULL;
}

static void decode_url(struct hark_post *post, struct hark_str id, struct hark_arena *arena)
{
    struct hark_str handle = post->author.handle.len ? post->author.handle : HARK_STR("i");
    post->url = hark_arena_printf(arena, "https://x.com/" HARK_STR_FMT "/status/" HARK_STR_FMT, HARK_STR_ARG(handle),
                                  HARK_STR_ARG(id));
}

static void init(struct hark_post *post, struct hark_str id, struct hark_arena *arena)
{
    hark_post_init(post);
    post->source = HARK_STR("x");
    post->id = x_id(id, arena);
}

static void decode_v2_author(const json_t *json, const json_t *user, struct hark_post *post, struct hark_arena *arena)
{
    post->author.id = hark_get_id(json, "author_id", arena);
    post->author.handle = hark_get_str(user, "username", arena);
    post->author.name = hark_get_str(user, "name", arena);
    post->author.followers = hark_get_number(json_object_get(user, "public_metrics"), "followers_count");
}

static void decode_v2_metrics(const json_t *metrics, struct hark_post *post)
{
    post->engagement.likes = hark_get_number(metrics, "like_count");
    post->engagement.reposts = hark_get_number(metrics, "retweet_count");
    if (post->engagement.reposts < 0) post->engagement.reposts = hark_get_number(metrics, "repost_count");
    post->engagement.replies = hark_get_number(metrics, "reply_count");
    post->engagement.quotes = hark_get_number(metrics, "quote_count");
    post->engagement.views = hark_get_number(metrics, "impression_count");
}

static void decode_v2(const json_t *json, const json_t *users, struct hark_arena *arena,
                      const struct hark_format_sink *sink)
{
    const json_t *user = json_object_get(json, "author"), *note = either(json, "note_tweet", "note_post");
    if (!user) user = find_user(users, json_object_get(json, "author_id"));
    if (hark_get_true(user, "protected")) {
        sink->refused(sink->arg, "protected");
        return;
    }
    struct hark_post post;
    struct hark_str id = hark_get_id(json, "id", arena), time = hark_get_str(json, "created_at", arena);
    init(&post, id, arena);
    if (!time.ptr || hark_time_parse(time, &post.time_ms) < 0) post.time_ms = snowflake_ms(id);
    const json_t *body = json_is_string(json_object_get(note, "text")) ? note : json;
    post.text = hark_get_unescaped(hark_get_str(body, "text", arena), arena);
    decode_entities(json_object_get(body, "entities"), &post, arena);
    decode_lang(json, &post, arena);
    decode_references(either(json, "referenced_tweets", "referenced_posts"), &post, arena);
    decode_v2_author(json, user, &post, arena);
    decode_v2_metrics(json_object_get(json, "public_metrics"), &post);
    const json_t *media = hark_get_path(json, "attachments", "media_keys", NULL);
    if (json_is_array(media)) post.media = (int)json_array_size(media);
    decode_url(&post, id, arena);
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static struct hark_str v1_ref(const json_t *json, const char *key, struct hark_arena *arena)
{
    struct hark_str id = hark_get_str(json, key, arena);
    return id.len ? x_id(id, arena) : HARK_STR("");
}

static void decode_v1_author(const json_t *user, struct hark_post *post, struct hark_arena *arena)
{
    post->author.id = hark_get_str(user, "id_str", arena);
    post->author.handle = hark_get_str(user, "screen_name", arena);
    post->author.name = hark_get_str(user, "name", arena);
    post->author.followers = hark_get_number(user, "followers_count");
}

// Streams send a short text, and the whole one in extended_tweet; other answers have it in full_text.
static void decode_v1_body(const json_t *json, struct hark_post *post, struct hark_arena *arena)
{
    const json_t *extended = json_object_get(json, "extended_tweet");
    const json_t *body = json_is_string(json_object_get(extended, "full_text")) ? extended : json;
    struct hark_str text = hark_get_str(body, "full_text", arena);
    if (!text.ptr) text = hark_get_str(body, "text", arena);
    post->text = hark_get_unescaped(text, arena);
    decode_entities(json_object_get(body, "entities"), post, arena);
    const json_t *media = hark_get_path(body, "extended_entities", "media", NULL);
    if (!media) media = hark_get_path(body, "entities", "media", NULL);
    if (json_is_object(json_object_get(body, "entities"))) post->media = (int)json_array_size(media);
}

static void decode_v1(const json_t *json, struct hark_arena *arena, const struct hark_format_sink *sink)
{
    const json_t *user = json_object_get(json, "user"), *original = json_object_get(json, "retweeted_status");
    if (hark_get_true(user, "protected")) {
        sink->refused(sink->arg, "protected");
        return;
    }
    struct hark_post post;
    struct hark_str id = hark_get_str(json, "id_str", arena), time = hark_get_str(json, "created_at", arena);
    init(&post, id, arena);
    if (!time.ptr || hark_time_parse_ctime(time, &post.time_ms) < 0) post.time_ms = snowflake_ms(id);
    decode_v1_body(json, &post, arena);
    decode_lang(json, &post, arena);
    decode_v1_author(user, &post, arena);
    post.reply_to = v1_ref(json, "in_reply_to_status_id_str", arena);
    post.quote_of = v1_ref(json, "quoted_status_id_str", arena);
    post.repost_of = v1_ref(original, "id_str", arena);
    post.engagement.likes = hark_get_number(json, "favorite_count");
    post.engagement.reposts = hark_get_number(json, "retweet_count");
    post.engagement.replies = hark_get_number(json, "reply_count");
    post.engagement.quotes = hark_get_number(json, "quote_count");
    decode_url(&post, id, arena);
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static void decode_deleted_v1(const json_t *json, struct hark_arena *arena, const struct hark_format_sink *sink)
{
    const json_t *status = deleted_v1(json);
    struct hark_post post;
    struct hark_str time = hark_get_id(json_object_get(json, "delete"), "timestamp_ms", arena);
    init(&post, hark_get_id(status, "id_str", arena), arena);
    post.op = HARK_OP_DELETE;
    post.author.id = hark_get_id(status, "user_id_str", arena);
    if (!time.ptr || hark_str_int(time, &post.time_ms) < 0)
        post.time_ms = snowflake_ms(hark_get_id(status, "id_str", arena));
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static void decode_one(const json_t *json, const json_t *users, struct hark_arena *arena,
                       const struct hark_format_sink *sink)
{
    if (deleted_v1(json))
        decode_deleted_v1(json, arena, sink);
    else if (is_v1(json))
        decode_v1(json, arena, sink);
    else
        decode_v2(json, users, arena, sink);
}

static void decode(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink)
{
    (void)ids;
    const json_t *json = record->json, *users = hark_get_path(json, "includes", "users", NULL);
    const json_t *data = json_object_get(json, "data");
    if (!data && !is_one(json) && !json_is_array(json)) {
        sink->refused(sink->arg, json_object_get(json, "errors") ? "error" : "empty");
        return;
    }
    if (!data) data = json;
    if (!json_is_array(data)) {
        decode_one(data, users, arena, sink);
        return;
    }
    size_t i;
    json_t *one;
    json_array_foreach(data, i, one) decode_one(one, users, arena, sink);
}

extern const struct hark_format hark_format_x;
const struct hark_format hark_format_x = {"x", is, decode};
