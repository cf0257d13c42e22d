// Nostr: events by themselves, and what relays send (["EVENT",SUBSCRIPTION,EVENT] and others), as NIP-01 has it.
//
// Kind 1 is a post, 6 and 16 are reposts (NIP-18), 5 takes back events of the same author (NIP-09); which post is whose
// is known of those that were read before, so that a delete of another is refused ("delete"). Each event's id and
// signature are checked; what fails is dead. `t` tags are the hashtags (clients write them in lower case), `p` tags the
// mentions, as public keys in hex; which `e` tag is what NIP-10 tells: by its mark, else by its place.
//
// created_at is what the author's client claims. What a relay sends as it happens has the time at which it came; what
// it had kept has created_at, but never later than that; in a file created_at is all there is.
#include "json_get.h"
#include "nostr.h"

#include <hark/clock.h>

enum {
    POST = 1,
    DELETE = 5,
    REPOST = 6,
    GENERIC_REPOST = 16,
    MOST_TAGS = 500, // of one name: more is somebody who writes to everybody
};

static const char *const messages[][2] = {
    {"EOSE", "eose"}, {"CLOSED", "closed"}, {"NOTICE", "notice"}, {"OK", "ok"}, {"AUTH", "auth"}, {"COUNT", "count"},
};

static bool is_event(const json_t *json)
{
    return json_is_string(json_object_get(json, "id")) && json_is_string(json_object_get(json, "pubkey")) &&
           json_is_string(json_object_get(json, "sig")) && json_is_integer(json_object_get(json, "kind"));
}

// Of a message of a relay that is no event: its word for refusals; NULL where it is none.
static const char *other_message(const json_t *root)
{
    const char *word = json_string_value(json_array_get(root, 0));
    for (size_t i = 0; word && i < sizeof messages / sizeof *messages; i++)
        if (strcmp(word, messages[i][0]) == 0) return messages[i][1];
    return NULL;
}

static bool is_event_message(const json_t *root)
{
    const char *word = json_string_value(json_array_get(root, 0));
    return word && strcmp(word, "EVENT") == 0;
}

static bool is(const struct hark_record *record)
{
    const json_t *root = record->json;
    return is_event(root) || is_event(json_array_get(root, 0)) || is_event_message(root) || other_message(root);
}

// --- tags ---

static const char *tag_text(const json_t *tag, size_t i)
{
    return json_string_value(json_array_get(tag, i));
}

static bool tag_is(const json_t *tag, const char *name)
{
    const char *is = tag_text(tag, 0);
    return is && strcmp(is, name) == 0 && tag_text(tag, 1);
}

// A tag that points to an event.
static bool tag_points(const json_t *tag, const char *name)
{
    return tag_is(tag, name) && json_string_length(json_array_get(tag, 1)) == 64 &&
           strspn(tag_text(tag, 1), "0123456789abcdef") == 64;
}

// In the arena, for the event may end before the post.
static struct hark_strs values(const json_t *tags, const char *name, struct hark_arena *arena)
{
    struct hark_texts texts = {.arena = arena};
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
        if (tag_is(tag, name) && texts.n < MOST_TAGS)
            hark_texts_add(&texts, hark_arena_str(arena, hark_get_str_value(json_array_get(tag, 1), arena)));
    return hark_texts_list(&texts);
}

static struct hark_str id_of(const json_t *tag, struct hark_arena *arena)
{
    return hark_arena_printf(arena, "nostr:%s", tag_text(tag, 1));
}

static struct hark_str first_id(const json_t *tags, const char *name, struct hark_arena *arena)
{
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
        if (tag_points(tag, name)) return id_of(tag, arena);
    return HARK_STR("");
}

// What an `e` tag points to by its mark; without marks the last one is what is answered, the first the thread's root.
static void decode_e_tags(const json_t *tags, struct hark_post *post, struct hark_arena *arena)
{
    const json_t *reply = NULL, *root = NULL, *last = NULL, *mention = NULL;
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) {
        const char *mark = tag_text(tag, 3);
        if (!tag_points(tag, "e")) continue;
        if (!mark || !*mark)
            last = tag;
        else if (strcmp(mark, "reply") == 0)
            reply = tag;
        else if (strcmp(mark, "root") == 0)
            root = tag;
        else if (strcmp(mark, "mention") == 0)
            mention = tag;
    }
    if (!reply) reply = root ? root : mention ? NULL : last;
    post->reply_to = reply ? id_of(reply, arena) : HARK_STR("");
    post->quote_of = first_id(tags, "q", arena);
    if (!post->quote_of.len && mention) post->quote_of = id_of(mention, arena);
}

// NIP-32: ["l","en","ISO-639-1"].
static void decode_lang(const json_t *tags, struct hark_post *post, struct hark_arena *arena)
{
    struct hark_texts texts = {.arena = arena};
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) {
        const char *space = tag_text(tag, 2);
        if (tag_is(tag, "l") && space && strcmp(space, "ISO-639-1") == 0 && texts.n < MOST_TAGS)
            hark_texts_add(&texts, hark_arena_str(arena, hark_get_str_value(json_array_get(tag, 1), arena)));
    }
    if (texts.n) post->lang = hark_texts_list(&texts);
}

// --- events ---

static int64_t time_of(const json_t *event, const struct hark_record *record)
{
    const int64_t last_s = INT64_C(253402300799); // the end of the year 9999
    int64_t s = hark_get_number(event, "created_at");
    if (record->live && record->heard_ms) return record->heard_ms;
    if (s < 0 || s > last_s) return -1;
    return record->heard_ms && s * 1000 > record->heard_ms ? record->heard_ms : s * 1000;
}

static void begin(const json_t *event, const struct hark_record *record, struct hark_arena *arena,
                  struct hark_post *post)
{
    hark_post_init(post);
    post->source = HARK_STR("nostr");
    post->id = hark_arena_printf(arena, "nostr:%s", json_string_value(json_object_get(event, "id")));
    post->author.id = hark_get_str(event, "pubkey", arena);
    post->time_ms = time_of(event, record);
}

static void decode_content(const json_t *event, struct hark_post *post, struct hark_arena *arena)
{
    const json_t *tags = json_object_get(event, "tags");
    struct hark_strs hashtags = values(tags, "t", arena);
    post->text = hark_arena_str(arena, hark_get_str(event, "content", arena));
    if (hashtags.n) post->hashtags = hashtags; // else those in the text: some clients make no tags
    post->mentions = values(tags, "p", arena);
    decode_lang(tags, post, arena);
}

// A repost may carry what it reposts as JSON in its content, which counts only where it is what it says it is.
static void decode_reposted(const json_t *event, struct hark_post *post, struct hark_arena *arena)
{
    const json_t *content = json_object_get(event, "content");
    json_t *inner = json_loadb(json_string_value(content), json_string_length(content), 0, NULL);
    const char *id = json_string_value(json_object_get(inner, "id"));
    bool same = id && post->repost_of.len > 6 && strcmp(id, post->repost_of.ptr + strlen("nostr:")) == 0;
    post->text = HARK_STR("");
    post->reply_to = post->quote_of = HARK_STR("");
    if (same && is_event(inner) && !hark_nostr_wrong(inner)) decode_content(inner, post, arena);
    json_decref(inner);
}

// A post by the name under which only its own author can delete it.
static struct hark_str local_name(const char *id, struct hark_str author, struct hark_arena *arena)
{
    return hark_arena_printf(arena, "%s " HARK_STR_FMT, id, HARK_STR_ARG(author));
}

static void decode_deletes(const json_t *event, const struct hark_record *record, struct hark_ids *ids,
                           struct hark_arena *arena, const struct hark_format_sink *sink)
{
    size_t i;
    json_t *tag;
    json_array_foreach(json_object_get(event, "tags"), i, tag) {
        struct hark_post post;
        if (!tag_points(tag, "e")) continue;
        begin(event, record, arena, &post);
        post.op = HARK_OP_DELETE;
        post.id = hark_arena_str(arena, hark_ids_get(ids, local_name(tag_text(tag, 1), post.author.id, arena)));
        if (post.id.len)
            sink->post(sink->arg, &post, (struct hark_str){0});
        else
            sink->refused(sink->arg, "delete");
    }
}

static void decode_event(const json_t *event, const struct hark_record *record, struct hark_ids *ids,
                         struct hark_arena *arena, const struct hark_format_sink *sink)
{
    const json_t *tags = json_object_get(event, "tags");
    int64_t kind = hark_get_number(event, "kind");
    struct hark_post post;
    if (kind != POST && kind != DELETE && kind != REPOST && kind != GENERIC_REPOST) {
        sink->refused(sink->arg, "other");
        return;
    }
    const char *wrong = hark_nostr_wrong(event);
    if (wrong) {
        sink->dead(sink->arg, wrong);
        return;
    }
    if (kind == DELETE) {
        decode_deletes(event, record, ids, arena, sink);
        return;
    }
    begin(event, record, arena, &post);
    post.repost_of = HARK_STR("");
    if (kind == POST) {
        decode_content(event, &post, arena);
        decode_e_tags(tags, &post, arena);
    } else {
        post.repost_of = first_id(tags, "e", arena);
        decode_reposted(event, &post, arena);
    }
    hark_ids_put(ids, local_name(post.id.ptr + strlen("nostr:"), post.author.id, arena), post.id, post.time_ms);
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static void decode(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink)
{
    const json_t *root = record->json, *event = is_event_message(root) ? json_array_get(root, 2) : root;
    const char *other = other_message(root);
    size_t i;
    json_t *one;
    if (other)
        sink->refused(sink->arg, other);
    else if (is_event(event))
        decode_event(event, record, ids, arena, sink);
    else if (is_event_message(root))
        sink->dead(sink->arg, "a message that is no event");
    else
        json_array_foreach(root, i, one) decode_event(one, record, ids, arena, sink);
}

extern const struct hark_format hark_format_nostr;
const struct hark_format hark_format_nostr = {"nostr", is, decode};
