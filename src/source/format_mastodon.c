// Mastodon: statuses one by one, timelines (arrays of them) and the events of its streaming API (update, status.update,
// delete).
//
// A status is public where its visibility says so; others are refused by its name. A boost has the text and the tags of
// what it boosts. What a content warning says is part of the text, before it, as a reader sees it. `in_reply_to_id` and
// the id in a delete are names that one server has for a post: a delete finds the post's own id (its uri) among those
// that were read before, and is refused ("delete") where it is not there. Content is HTML as Mastodon's sanitiser lets
// it through: attributes stand in double quotes.
#include "json_get.h"

#include <hark/clock.h>
#include <hark/text.h>

static bool is_status(const json_t *json)
{
    return json_is_string(json_object_get(json, "uri")) && json_is_string(json_object_get(json, "content")) &&
           json_is_object(json_object_get(json, "account"));
}

// Event names of the streaming API (docs.joinmastodon.org, "Streaming API events").
static const char *const other_events[] = {
    "notification",        "filters_changed",   "conversation",         "announcement", "announcement.reaction",
    "announcement.delete", "encrypted_message", "notifications_merged", NULL,
};

static const char *other_event(struct hark_str event)
{
    for (size_t i = 0; other_events[i]; i++)
        if (hark_str_is(event, other_events[i])) return other_events[i];
    return NULL;
}

static bool is(const struct hark_record *record)
{
    if (record->event.ptr && (hark_str_is(record->event, "delete") || other_event(record->event))) return true;
    return is_status(record->json) || is_status(json_array_get(record->json, 0));
}

static const char *refusal(const json_t *status)
{
    static const char *const known[] = {"unlisted", "private", "direct", "limited"};
    const char *visibility = json_string_value(json_object_get(status, "visibility"));
    if (visibility && strcmp(visibility, "public") == 0) return NULL;
    for (size_t i = 0; visibility && i < sizeof known / sizeof *known; i++)
        if (strcmp(visibility, known[i]) == 0) return known[i];
    return "not-public";
}

// HTML as text, in the arena.
static struct hark_str plain(struct hark_str html, struct hark_arena *arena)
{
    struct hark_buf buf = {0};
    if (!html.ptr) return html;
    hark_text_from_html(html, &buf);
    struct hark_str text = hark_arena_str(arena, hark_buf_str(&buf));
    hark_buf_done(&buf);
    return text;
}

static struct hark_str text_of(const json_t *status, struct hark_arena *arena)
{
    struct hark_str content = plain(hark_get_str(status, "content", arena), arena);
    struct hark_str warning = hark_get_str(status, "spoiler_text", arena);
    if (!warning.len || !content.ptr) return content;
    return hark_arena_printf(arena, HARK_STR_FMT "%s" HARK_STR_FMT, HARK_STR_ARG(warning), content.len ? "\n\n" : "",
                             HARK_STR_ARG(content));
}

static struct hark_strs names(const json_t *array, const char *key, struct hark_arena *arena)
{
    struct hark_texts texts = {.arena = arena};
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value) hark_texts_add(&texts, hark_get_str(value, key, arena));
    return json_is_array(array) ? hark_texts_list(&texts) : (struct hark_strs){0};
}

// The value of an attribute in the inside of a tag; ptr NULL where it is not there.
static struct hark_str attribute(struct hark_str tag, const char *name_is)
{
    struct hark_str name = hark_str(name_is);
    const char *at = memmem(tag.ptr, tag.len, name.ptr, name.len);
    if (!at) return (struct hark_str){0};
    at += name.len;
    size_t left = (size_t)(tag.ptr + tag.len - at);
    const char *end = memchr(at, '"', left);
    return end ? hark_strn(at, (size_t)(end - at)) : (struct hark_str){0};
}

static bool has_class(struct hark_str classes, const char *name)
{
    while (classes.ptr) {
        struct hark_str one = hark_str_cut(classes, ' ', &classes);
        if (hark_str_is(one, name)) return true;
    }
    return false;
}

// The inside of the next <a> tag; moves *html behind it. ptr NULL where there is none.
static struct hark_str next_link(struct hark_str *html)
{
    const char *at = memmem(html->ptr, html->len, "<a ", 3);
    const char *end = at ? memchr(at, '>', (size_t)(html->ptr + html->len - at)) : NULL;
    if (!end) return (struct hark_str){0};
    struct hark_str tag = hark_strn(at + 2, (size_t)(end - at) - 2);
    *html = hark_strn(end + 1, (size_t)(html->ptr + html->len - end) - 1);
    return tag;
}

// Where the content links to, apart from the links that are mentions and hashtags.
static struct hark_strs links(struct hark_str html, struct hark_arena *arena)
{
    struct hark_texts texts = {.arena = arena};
    for (struct hark_str tag; (tag = next_link(&html)).ptr;) {
        struct hark_str classes = attribute(tag, " class=\"");
        if (has_class(classes, "mention") || has_class(classes, "hashtag")) continue;
        hark_texts_add(&texts, plain(attribute(tag, " href=\""), arena));
    }
    return hark_texts_list(&texts);
}

static struct hark_str id_or_none(const json_t *object, const char *key, struct hark_arena *arena)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? HARK_STR("") : hark_get_id(object, key, arena);
}

// Mastodon 4.4: {"state","quoted_status"}; forks: the status itself.
static struct hark_str quote_of(const json_t *status, struct hark_arena *arena)
{
    const json_t *quote = json_object_get(status, "quote");
    const json_t *quoted = json_object_get(quote, "quoted_status");
    if (json_is_null(quote)) return HARK_STR("");
    return hark_get_str(json_is_object(quoted) ? quoted : quote, "uri", arena);
}

static void decode_author(const json_t *account, struct hark_post *post, struct hark_arena *arena)
{
    post->author.id = hark_get_str(account, "uri", arena);
    if (!post->author.id.ptr) post->author.id = hark_get_str(account, "url", arena);
    post->author.handle = hark_get_str(account, "acct", arena);
    post->author.name = hark_get_str(account, "display_name", arena);
    post->author.followers = hark_get_number(account, "followers_count");
    const json_t *bot = json_object_get(account, "bot");
    if (json_is_boolean(bot)) post->author.bot = json_is_true(bot);
}

static void decode_content(const json_t *status, struct hark_post *post, struct hark_arena *arena)
{
    post->text = text_of(status, arena);
    post->hashtags = names(json_object_get(status, "tags"), "name", arena);
    post->mentions = names(json_object_get(status, "mentions"), "acct", arena);
    post->links = links(hark_get_str(status, "content", arena), arena);
    post->engagement.likes = hark_get_number(status, "favourites_count");
    post->engagement.reposts = hark_get_number(status, "reblogs_count");
    post->engagement.replies = hark_get_number(status, "replies_count");
    post->engagement.quotes = hark_get_number(status, "quotes_count");
    post->reply_to = id_or_none(status, "in_reply_to_id", arena);
    post->quote_of = quote_of(status, arena);
    const json_t *media = json_object_get(status, "media_attachments");
    if (json_is_array(media)) post->media = (int)json_array_size(media);
    struct hark_str lang = hark_get_str(status, "language", arena);
    struct hark_texts langs = {.arena = arena};
    hark_texts_add(&langs, lang);
    if (lang.len) post->lang = hark_texts_list(&langs);
}

static void decode_status(const json_t *status, bool edited, struct hark_ids *ids, struct hark_arena *arena,
                          const struct hark_format_sink *sink)
{
    const json_t *reblog = json_object_get(status, "reblog");
    const char *reason = refusal(status);
    if (!reason && json_is_object(reblog)) reason = refusal(reblog);
    if (reason) {
        sink->refused(sink->arg, reason);
        return;
    }
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("mastodon");
    post.id = hark_get_str(status, "uri", arena);
    struct hark_str time = hark_get_str(status, edited ? "edited_at" : "created_at", arena);
    if (!time.ptr) time = hark_get_str(status, "created_at", arena); // a poll's new counts are no edit
    if (!time.ptr || hark_time_parse(time, &post.time_ms) < 0) post.time_ms = -1;
    if (edited) post.op = HARK_OP_UPDATE;
    decode_content(json_is_object(reblog) ? reblog : status, &post, arena);
    decode_author(json_object_get(status, "account"), &post, arena);
    post.repost_of = json_is_object(reblog) ? hark_get_str(reblog, "uri", arena) : HARK_STR("");
    post.url = hark_get_str(status, "url", arena);
    struct hark_str local = hark_get_id(status, "id", arena);
    if (local.len && post.id.len) hark_ids_put(ids, local, post.id, post.time_ms);
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static void decode_delete(const json_t *json, struct hark_ids *ids, struct hark_arena *arena,
                          const struct hark_format_sink *sink)
{
    struct hark_str local = hark_get_str_value(json, arena);
    if (json_is_integer(json)) local = hark_arena_printf(arena, "%lld", (long long)json_integer_value(json));
    struct hark_str id = local.len ? hark_ids_get(ids, local) : local;
    if (!id.len) {
        sink->refused(sink->arg, "delete");
        return;
    }
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("mastodon");
    post.op = HARK_OP_DELETE;
    post.id = hark_arena_str(arena, id);
    // The event has no time: it is that of the post before it.
    post.time_ms = ids->at_ms;
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static void decode(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink)
{
    const json_t *root = record->json;
    const char *other = record->event.ptr ? other_event(record->event) : NULL;
    if (other) {
        sink->refused(sink->arg, other);
    } else if (record->event.ptr && hark_str_is(record->event, "delete")) {
        decode_delete(root, ids, arena, sink);
    } else if (json_is_array(root)) {
        size_t i;
        json_t *status;
        json_array_foreach(root, i, status) decode_status(status, false, ids, arena, sink);
    } else {
        bool edited = record->event.ptr && hark_str_is(record->event, "status.update");
        decode_status(root, edited, ids, arena, sink);
    }
}

extern const struct hark_format hark_format_mastodon;
const struct hark_format hark_format_mastodon = {"mastodon", is, decode};
