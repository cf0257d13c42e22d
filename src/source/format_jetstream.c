// Bluesky: events of Jetstream, and records of the collection app.bsky.feed.post by themselves.
//
// Version 1 (/subscribe): {"did","time_us","kind":"commit","commit":{"operation","collection","rkey","record"}}.
// Version 2 (/xrpc/network.bsky.jetstream.subscribeEvents): {"$type":"network.bsky.jetstream.subscribeEvents#commit",
// "did","seq","time","operation","collection","rkey","record"}, alone or as the payload of {"$type":"message"}.
// Both give the server's time.
//
// A record by itself has no address: its id is "bluesky:record:" and the hash of its JSON, keys sorted, and its time is
// what the author's client claimed, for there is no other.
//
// Facets point into the text by bytes. They come from the author's client, and some clients make none; so the post has
// the tags of its facets, those in `tags`, and what Bluesky's own client would have found in the text. What is found
// counts only where no facet says that it is something else, for a facet knows better: the text of a link is often cut
// short, and may have a '#' in it.
#include "items.h"
#include "json_get.h"

#include <hark/clock.h>
#include <hark/tags.h>
#include <hark/text.h>

#include <stdlib.h>

#define POST_COLLECTION "app.bsky.feed.post"
#define FACET "app.bsky.richtext.facet#"
#define V2_TYPE "network.bsky.jetstream.subscribeEvents#"

struct event {
    const char *kind;     // "commit", "identity", ...; NULL: a record by itself
    const json_t *commit; // with operation, collection, rkey, record
    const json_t *record;
    struct hark_str did;
    int64_t time_ms; // -1: not said
};

static const json_t *unwrap(const json_t *json)
{
    return hark_get_is(json, "$type", "message") ? json_object_get(json, "payload") : json;
}

static const char *v2_kind(const json_t *json)
{
    const char *type = json_string_value(json_object_get(json, "$type"));
    return type && strncmp(type, V2_TYPE, strlen(V2_TYPE)) == 0 ? type + strlen(V2_TYPE) : NULL;
}

static bool is(const struct hark_record *record)
{
    const json_t *json = unwrap(record->json);
    if (v2_kind(json) || hark_get_is(json, "$type", POST_COLLECTION)) return true;
    return json_is_string(json_object_get(json, "did")) && json_is_string(json_object_get(json, "kind"));
}

static struct event read_event(const json_t *json, struct hark_arena *arena)
{
    struct event event = {.time_ms = -1, .did = hark_get_str(json, "did", arena)};
    if (hark_get_is(json, "$type", POST_COLLECTION)) {
        event.record = json;
        return event;
    }
    event.kind = v2_kind(json);
    event.commit = json;
    if (event.kind) {
        struct hark_str time = hark_get_str(json, "time", arena);
        if (!time.ptr || hark_time_parse(time, &event.time_ms) < 0) event.time_ms = -1;
    } else {
        event.kind = json_string_value(json_object_get(json, "kind"));
        event.commit = json_object_get(json, "commit");
        int64_t time_us = hark_get_number(json, "time_us");
        if (time_us >= 0) event.time_ms = time_us / 1000;
    }
    event.record = json_object_get(event.commit, "record");
    return event;
}

// The collections of others are many: those are "other".
static const char *collection_word(struct hark_str collection)
{
    static const char *const collections[][2] = {
        {"app.bsky.feed.like", "like"},
        {"app.bsky.feed.repost", "repost"},
        {"app.bsky.graph.follow", "follow"},
        {"app.bsky.graph.block", "block"},
        {"app.bsky.graph.list", "list"},
        {"app.bsky.graph.listitem", "listitem"},
        {"app.bsky.actor.profile", "profile"},
        {"app.bsky.actor.status", "status"},
        {"app.bsky.feed.threadgate", "threadgate"},
        {"app.bsky.feed.postgate", "postgate"},
    };
    for (size_t i = 0; i < sizeof collections / sizeof *collections; i++)
        if (hark_str_is(collection, collections[i][0])) return collections[i][1];
    return "other";
}

// What is not a post, in a word.
static const char *refusal(const struct event *event)
{
    static const char *const kinds[] = {"identity", "account", "sync", "info"};
    if (!event->kind) return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(event->kind, kinds[i]) == 0) return kinds[i];
    if (strcmp(event->kind, "commit") != 0) return "other";
    const char *collection = json_string_value(json_object_get(event->commit, "collection"));
    return collection && strcmp(collection, POST_COLLECTION) == 0 ? NULL : collection_word(hark_str(collection));
}

static const char *find(struct hark_str text, struct hark_str word)
{
    return memmem(text.ptr, text.len, word.ptr, word.len);
}

// Four in five events of the whole stream are likes, reposts and follows; these are known without a parse. A commit of
// a post has the collection's name in quotes, unless it is spelt with escapes; so what has neither is none, whatever
// else it may be.
const char *hark_jetstream_refusal(struct hark_str text)
{
    bool old = hark_str_starts(text, HARK_STR("{\"did\":\"did:"));
    if (!old && !hark_str_starts(text, HARK_STR("{\"$type\":\"message\",\"payload\":{"))) return NULL;
    if (!hark_str_ends(text, HARK_STR("}}")) || memchr(text.ptr, '\\', text.len)) return NULL;
    struct hark_str commit = old ? HARK_STR("\"kind\":\"commit\"") : HARK_STR("\"" V2_TYPE "commit\"");
    if (!find(text, commit) || find(text, HARK_STR("\"" POST_COLLECTION "\""))) return NULL;
    const char *at = find(text, HARK_STR("\"collection\":\"")), *from = at ? at + strlen("\"collection\":\"") : NULL;
    const char *end = from ? memchr(from, '"', (size_t)(text.ptr + text.len - from)) : NULL;
    return end ? collection_word(hark_strn(from, (size_t)(end - from))) : NULL;
}

struct lists {
    struct hark_texts tags, mentions, links;
};

struct span {
    int64_t from, to;
};

// The bytes that a facet covers, without the sign; empty where it points outside the text or into a character.
static struct hark_str facet_text(struct hark_str text, struct span span)
{
    if (span.from < 0 || span.to <= span.from || (uint64_t)span.to > text.len) return HARK_STR("");
    struct hark_str s = hark_strn(text.ptr + span.from, (size_t)(span.to - span.from));
    if (hark_utf8_check(s) < s.len) return HARK_STR("");
    return s;
}

// The handle, where the author's client marked one in the text; else the account's id.
static struct hark_str mention(const json_t *feature, struct hark_str s, struct hark_arena *arena)
{
    if (s.len > 1 && s.ptr[0] == '@') return hark_strn(s.ptr + 1, s.len - 1);
    return hark_get_str(feature, "did", arena);
}

static void add_facet(struct lists *lists, const json_t *facet, struct hark_str text, struct span span,
                      struct hark_arena *arena)
{
    size_t i;
    json_t *feature;
    json_array_foreach(json_object_get(facet, "features"), i, feature) {
        if (hark_get_is(feature, "$type", FACET "tag"))
            hark_texts_add(&lists->tags, hark_get_str(feature, "tag", arena));
        else if (hark_get_is(feature, "$type", FACET "mention"))
            hark_texts_add(&lists->mentions, mention(feature, facet_text(text, span), arena));
        else if (hark_get_is(feature, "$type", FACET "link"))
            hark_texts_add(&lists->links, hark_get_str(feature, "uri", arena));
    }
}

static struct span span_of(const json_t *facet)
{
    const json_t *index = json_object_get(facet, "index");
    return (struct span){hark_get_number(index, "byteStart"), hark_get_number(index, "byteEnd")};
}

// Whether a facet covers what was found in the text; a hashtag in a facet that is a hashtag counts all the same.
static bool covered(const json_t *facets, const struct hark_entity *entity)
{
    size_t i;
    json_t *facet;
    json_array_foreach(facets, i, facet) {
        struct span span = span_of(facet);
        bool tag = hark_get_is(json_array_get(json_object_get(facet, "features"), 0), "$type", FACET "tag");
        if (tag && entity->kind == HARK_ENTITY_HASHTAG) continue;
        if (span.from < (int64_t)entity->to && span.to > (int64_t)entity->from) return true;
    }
    return false;
}

static void add_found(struct lists *lists, const json_t *facets, struct hark_str text, struct hark_arena *arena)
{
    const struct hark_entity *entities;
    size_t n = hark_tags_find(HARK_TAGS_BLUESKY, text, arena, &entities);
    for (size_t i = 0; i < n; i++) {
        if (covered(facets, &entities[i])) continue;
        if (entities[i].kind == HARK_ENTITY_HASHTAG) hark_texts_add(&lists->tags, entities[i].value);
        if (entities[i].kind == HARK_ENTITY_MENTION) hark_texts_add(&lists->mentions, entities[i].value);
        if (entities[i].kind == HARK_ENTITY_LINK) hark_texts_add(&lists->links, entities[i].value);
    }
}

static void decode_tags(const json_t *record, struct hark_post *post, struct hark_arena *arena)
{
    struct lists lists = {{.arena = arena}, {.arena = arena}, {.arena = arena}};
    const json_t *facets = json_object_get(record, "facets");
    size_t i;
    json_t *value;
    json_array_foreach(facets, i, value) add_facet(&lists, value, post->text, span_of(value), arena);
    json_array_foreach(json_object_get(record, "tags"), i, value)
        hark_texts_add(&lists.tags, hark_get_str_value(value, arena));
    add_found(&lists, facets, post->text, arena);
    const json_t *card = hark_get_path(record, "embed", "external", NULL);
    if (!card) card = hark_get_path(record, "embed", "media", "external", NULL);
    hark_texts_add(&lists.links, hark_get_str(card, "uri", arena));
    post->hashtags = hark_texts_list(&lists.tags);
    post->mentions = hark_texts_list(&lists.mentions);
    post->links = hark_texts_list(&lists.links);
}

// The post that is quoted: feeds and lists are embedded in the same way.
static struct hark_str quoted(const json_t *embed, struct hark_arena *arena)
{
    const json_t *record = json_object_get(embed, "record");
    if (!json_is_string(json_object_get(record, "uri"))) record = json_object_get(record, "record");
    struct hark_str uri = hark_get_str(record, "uri", arena);
    bool post = uri.ptr && memmem(uri.ptr, uri.len, "/" POST_COLLECTION "/", strlen("/" POST_COLLECTION "/"));
    return post ? uri : HARK_STR("");
}

static int count_media(const json_t *embed)
{
    if (hark_get_is(embed, "$type", "app.bsky.embed.recordWithMedia")) embed = json_object_get(embed, "media");
    if (hark_get_is(embed, "$type", "app.bsky.embed.images"))
        return (int)json_array_size(json_object_get(embed, "images"));
    return hark_get_is(embed, "$type", "app.bsky.embed.video");
}

static void decode_langs(const json_t *langs, struct hark_post *post, struct hark_arena *arena)
{
    struct hark_texts texts = {.arena = arena};
    size_t i;
    json_t *lang;
    if (!json_is_array(langs)) return;
    json_array_foreach(langs, i, lang) hark_texts_add(&texts, hark_get_str_value(lang, arena));
    post->lang = hark_texts_list(&texts);
}

static void decode_record(const json_t *record, struct hark_post *post, struct hark_arena *arena)
{
    const json_t *embed = json_object_get(record, "embed"), *parent = hark_get_path(record, "reply", "parent", NULL);
    post->text = hark_get_str(record, "text", arena);
    if (post->text.ptr) decode_tags(record, post, arena);
    decode_langs(json_object_get(record, "langs"), post, arena);
    post->reply_to = hark_get_str(parent, "uri", arena);
    if (!post->reply_to.ptr) post->reply_to = HARK_STR("");
    post->repost_of = HARK_STR("");
    post->quote_of = quoted(embed, arena);
    post->media = count_media(embed);
}

static void decode_alone(const json_t *record, struct hark_post *post, struct hark_arena *arena)
{
    char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
    if (text)
        post->id =
            hark_arena_printf(arena, "bluesky:record:%016llx", (unsigned long long)hark_str_hash(hark_str(text)));
    free(text);
    struct hark_str time = hark_get_str(record, "createdAt", arena);
    if (!time.ptr || hark_time_parse(time, &post->time_ms) < 0) post->time_ms = -1;
}

static void decode_commit(const struct event *event, struct hark_post *post, struct hark_arena *arena)
{
    struct hark_str rkey = hark_get_str(event->commit, "rkey", arena);
    post->time_ms = event->time_ms;
    if (!event->did.len || !rkey.len) return;
    post->id = hark_arena_printf(arena, "at://" HARK_STR_FMT "/" POST_COLLECTION "/" HARK_STR_FMT,
                                 HARK_STR_ARG(event->did), HARK_STR_ARG(rkey));
    post->url = hark_arena_printf(arena, "https://bsky.app/profile/" HARK_STR_FMT "/post/" HARK_STR_FMT,
                                  HARK_STR_ARG(event->did), HARK_STR_ARG(rkey));
    post->author.id = event->did;
}

static void decode(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink)
{
    (void)ids;
    struct event event = read_event(unwrap(record->json), arena);
    const char *reason = refusal(&event);
    if (reason) {
        sink->refused(sink->arg, reason);
        return;
    }
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("bluesky");
    if (event.kind) {
        struct hark_str op = hark_get_str(event.commit, "operation", arena);
        if (hark_op_parse(op, &post.op) < 0) {
            sink->dead(sink->arg, "operation is none of create, update and delete");
            return;
        }
        decode_commit(&event, &post, arena);
    } else {
        decode_alone(event.record, &post, arena);
    }
    if (post.op != HARK_OP_DELETE) decode_record(event.record, &post, arena);
    sink->post(sink->arg, &post, (struct hark_str){0});
}

extern const struct hark_format hark_format_jetstream;
const struct hark_format hark_format_jetstream = {"jetstream", is, decode};
