// Reddit: things of the kinds t1 (comments) and t3 (submissions), one by one, in listings, and in pages of comments
// (arrays of listings) with the answers below each comment. The same objects without their kind, as archives of Reddit
// hold them, are read as well.
//
// Reddit has no hashtags of its own: those in the text count, as everywhere. What was deleted by its author or removed
// by a moderator is refused, and so is what a subreddit that is not public holds.
#include "json_get.h"

#include <hark/clock.h>
#include <hark/tags.h>

static bool is_bare(const json_t *json)
{
    return json_is_string(json_object_get(json, "subreddit")) && json_object_get(json, "created_utc") &&
           (json_is_string(json_object_get(json, "body")) || json_is_string(json_object_get(json, "title")));
}

static bool is_thing(const json_t *json)
{
    static const char *const kinds[] = {"Listing", "more", "t1", "t2", "t3", "t4", "t5", "t6"};
    if (!json_is_object(json_object_get(json, "data"))) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hark_get_is(json, "kind", kinds[i])) return true;
    return false;
}

static bool is(const struct hark_record *record)
{
    const json_t *first = json_array_get(record->json, 0);
    if (!first) first = record->json;
    return is_thing(first) || is_bare(first);
}

static const char *refusal(const json_t *data, struct hark_str body)
{
    static const char *const types[] = {"private", "restricted", "archived", "user"};
    const char *type = json_string_value(json_object_get(data, "subreddit_type"));
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0) return types[i];
    if (type && strcmp(type, "public") != 0) return "not-public";
    if (hark_str_is(body, "[deleted]")) return "deleted";
    if (hark_str_is(body, "[removed]") || json_is_string(json_object_get(data, "removed_by_category")))
        return "removed";
    return NULL;
}

static struct hark_str text_of(const json_t *data, struct hark_str body, struct hark_arena *arena)
{
    struct hark_str title = hark_get_str(data, "title", arena);
    if (title.ptr)
        body = hark_arena_printf(arena, HARK_STR_FMT "%s" HARK_STR_FMT, HARK_STR_ARG(title), body.len ? "\n\n" : "",
                                 HARK_STR_ARG(body));
    return hark_get_unescaped(body, arena);
}

static int64_t time_of(const json_t *data)
{
    const json_t *time = json_object_get(data, "created_utc");
    if (json_is_string(time)) { // in archives
        int64_t seconds;
        return hark_str_int(hark_str(json_string_value(time)), &seconds) < 0 ? -1 : seconds * 1000;
    }
    double seconds = json_number_value(time);
    return seconds > 0 && seconds < 253402300800.0 ? (int64_t)seconds * 1000 : -1; // before the year 10000
}

// Where a submission points to, and what its text links to.
static void decode_links(const json_t *data, struct hark_post *post, struct hark_arena *arena)
{
    if (!json_is_string(json_object_get(data, "url")) || hark_get_true(data, "is_self")) return;
    struct hark_texts texts = {.arena = arena};
    const struct hark_entity *entities;
    size_t n = hark_tags_find(HARK_TAGS_DEFAULT, post->text, arena, &entities);
    hark_texts_add(&texts, hark_get_unescaped(hark_get_str(data, "url", arena), arena));
    hark_texts_add_all(&texts, hark_tags_values(entities, n, HARK_ENTITY_LINK, arena));
    post->links = hark_texts_list(&texts);
}

static void decode_author(const json_t *data, struct hark_post *post, struct hark_arena *arena)
{
    struct hark_str name = hark_get_str(data, "author", arena);
    post->author.id = hark_get_str(data, "author_fullname", arena);
    if (!hark_str_is(name, "[deleted]")) post->author.handle = name;
}

static struct hark_str reddit_id(struct hark_str name, struct hark_arena *arena)
{
    return hark_arena_printf(arena, "reddit:" HARK_STR_FMT, HARK_STR_ARG(name));
}

static struct hark_str name_of(const json_t *data, bool comment, struct hark_arena *arena)
{
    struct hark_str name = hark_get_str(data, "name", arena), id = hark_get_str(data, "id", arena);
    if (!name.len && id.len)
        name = hark_arena_printf(arena, "%s" HARK_STR_FMT, comment ? "t1_" : "t3_", HARK_STR_ARG(id));
    return name.len ? reddit_id(name, arena) : (struct hark_str){0};
}

// Comments have no permalink of their own in older answers: it is the submission's with the comment's id.
static struct hark_str url_of(const json_t *data, bool comment, struct hark_arena *arena)
{
    struct hark_str path = hark_get_str(data, "permalink", arena), link = hark_get_str(data, "link_id", arena);
    struct hark_str id = hark_get_str(data, "id", arena), subreddit = hark_get_str(data, "subreddit", arena);
    if (path.len) return hark_arena_printf(arena, "https://www.reddit.com" HARK_STR_FMT, HARK_STR_ARG(path));
    if (!comment || !hark_str_starts(link, HARK_STR("t3_")) || !id.len || !subreddit.len) return (struct hark_str){0};
    return hark_arena_printf(arena, "https://www.reddit.com/r/" HARK_STR_FMT "/comments/%.*s/_/" HARK_STR_FMT "/",
                             HARK_STR_ARG(subreddit), (int)(link.len - 3), link.ptr + 3, HARK_STR_ARG(id));
}

static struct hark_str parent_of(const json_t *data, const char *key, struct hark_arena *arena)
{
    struct hark_str name = hark_get_str(data, key, arena);
    return name.len ? reddit_id(name, arena) : HARK_STR("");
}

static void decode_engagement(const json_t *data, struct hark_post *post)
{
    const json_t *score = json_object_get(data, "score");
    // Votes against count down, so that a score may be negative: then nobody's like is left.
    if (json_is_integer(score) && !hark_get_true(data, "score_hidden"))
        post->engagement.likes = json_integer_value(score) > 0 ? json_integer_value(score) : 0;
    post->engagement.replies = hark_get_number(data, "num_comments");
}

static void decode_post(const json_t *data, struct hark_arena *arena, const struct hark_format_sink *sink)
{
    bool comment = json_is_string(json_object_get(data, "body"));
    struct hark_str body = hark_get_str(data, comment ? "body" : "selftext", arena);
    const char *reason = refusal(data, body);
    if (reason) {
        sink->refused(sink->arg, reason);
        return;
    }
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("reddit");
    post.id = name_of(data, comment, arena);
    post.time_ms = time_of(data);
    post.text = text_of(data, body, arena);
    post.url = url_of(data, comment, arena);
    post.reply_to = comment ? parent_of(data, "parent_id", arena) : HARK_STR("");
    post.repost_of = HARK_STR("");
    post.quote_of = parent_of(data, "crosspost_parent", arena);
    if (post.text.ptr) decode_links(data, &post, arena);
    decode_author(data, &post, arena);
    decode_engagement(data, &post);
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static void decode_thing(const json_t *json, struct hark_arena *arena, const struct hark_format_sink *sink)
{
    const json_t *data = is_thing(json) ? json_object_get(json, "data") : json;
    if (is_bare(data) || hark_get_is(json, "kind", "t1") || hark_get_is(json, "kind", "t3"))
        decode_post(data, arena, sink);
    else
        sink->refused(sink->arg, hark_get_is(json, "kind", "more") ? "more" : "other");
}

// Goes down into the answers, which the bound on the JSON's depth bounds.
static void decode_listing(const json_t *json, struct hark_arena *arena,
                           const struct hark_format_sink *sink) // NOLINT(misc-no-recursion)
{
    size_t i;
    json_t *child;
    if (!hark_get_is(json, "kind", "Listing")) {
        decode_thing(json, arena, sink);
        return;
    }
    json_array_foreach(hark_get_path(json, "data", "children", NULL), i, child) {
        const json_t *answers = hark_get_path(child, "data", "replies", NULL);
        decode_listing(child, arena, sink);
        if (hark_get_is(answers, "kind", "Listing")) decode_listing(answers, arena, sink);
    }
}

static void decode(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink)
{
    const json_t *root = record->json;
    (void)ids;
    size_t i;
    json_t *json;
    if (json_is_array(root))
        json_array_foreach(root, i, json) decode_listing(json, arena, sink);
    else
        decode_listing(root, arena, sink);
}

extern const struct hark_format hark_format_reddit;
const struct hark_format hark_format_reddit = {"reddit", is, decode};
