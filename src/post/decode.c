// Canonical JSON to a post, in one pass: a table says for each key what it holds and where that goes.
//
// Writers keep the order of keys, so that the search for a key begins behind the one before it and nearly always ends
// there.
#include <hark/clock.h>
#include <hark/post.h>

#include "post_check.h"
#include <hark/json_read.h>

enum kind { SCHEMA, OP, TIME, TEXT, TEXTS, REF, NUMBER, MEDIA, BOT, OBJECT };

struct field {
    const char *name;
    unsigned char len;
    unsigned char kind;
    unsigned short at; // offset in struct hark_post; OBJECT: index into objects
};
struct object {
    const char *prefix; // of its fields' names in messages
    const struct field *fields;
    unsigned n;
};

#define FIELD(name, kind, member)                                                                                      \
    {                                                                                                                  \
        name, sizeof(name) - 1, kind, offsetof(struct hark_post, member)                                               \
    }
#define PLAIN(name, kind, at)                                                                                          \
    {                                                                                                                  \
        name, sizeof(name) - 1, kind, at                                                                               \
    }

static const struct field author_fields[] = {
    FIELD("id", TEXT, author.id),     FIELD("handle", TEXT, author.handle),
    FIELD("name", TEXT, author.name), FIELD("followers", NUMBER, author.followers),
    FIELD("bot", BOT, author.bot),
};
static const struct field engagement_fields[] = {
    FIELD("likes", NUMBER, engagement.likes),     FIELD("reposts", NUMBER, engagement.reposts),
    FIELD("replies", NUMBER, engagement.replies), FIELD("quotes", NUMBER, engagement.quotes),
    FIELD("views", NUMBER, engagement.views),
};
static const struct field post_fields[] = {
    PLAIN("schema", SCHEMA, 0),
    FIELD("id", TEXT, id),
    FIELD("source", TEXT, source),
    FIELD("op", OP, op),
    FIELD("time", TIME, time_ms),
    FIELD("text", TEXT, text),
    FIELD("lang", TEXTS, lang),
    FIELD("hashtags", TEXTS, hashtags),
    FIELD("mentions", TEXTS, mentions),
    FIELD("links", TEXTS, links),
    FIELD("url", TEXT, url),
    PLAIN("author", OBJECT, 1),
    PLAIN("engagement", OBJECT, 2),
    FIELD("reply_to", REF, reply_to),
    FIELD("repost_of", REF, repost_of),
    FIELD("quote_of", REF, quote_of),
    FIELD("media", MEDIA, media),
};
enum { SEEN_SCHEMA = 1 << 0, SEEN_OP = 1 << 3 }; // bits by place in post_fields

static const struct object objects[] = {
    {"", post_fields, sizeof post_fields / sizeof *post_fields},
    {"author.", author_fields, sizeof author_fields / sizeof *author_fields},
    {"engagement.", engagement_fields, sizeof engagement_fields / sizeof *engagement_fields},
};

struct decoder {
    struct hark_jr jr;
    struct hark_post *post;
    const char *prefix;
    const struct field *field; // that is being read
};

static bool fail(struct decoder *d, const char *what, struct hark_str got)
{
    d->jr.failed = true;
    hark_err_set(d->jr.err, HARK_EINPUT, "%s%s: expected %s, found " HARK_STR_FMT, d->prefix, d->field->name, what,
                 HARK_STR_ARG(got));
    return false;
}

// The next value is not of the type that the field has.
static bool wrong_type(struct decoder *d, const char *what)
{
    size_t at = (size_t)(d->jr.at - d->jr.start);
    d->jr.failed = true;
    hark_err_set(d->jr.err, HARK_EINPUT, "%s%s: expected %s, found %s at byte %zu", d->prefix, d->field->name, what,
                 hark_jr_type_str(hark_jr_peek(&d->jr)), at);
    return false;
}

static bool duplicate(struct decoder *d)
{
    d->jr.failed = true;
    hark_err_set(d->jr.err, HARK_EINPUT, "%s%s: a second time at byte %zu", d->prefix, d->field->name,
                 (size_t)(d->jr.at - d->jr.start));
    return false;
}

static bool read_text(struct decoder *d, struct hark_str *ret)
{
    if (hark_jr_peek(&d->jr) != '"') return wrong_type(d, "a text");
    return hark_jr_string(&d->jr, ret);
}

static bool read_schema(struct decoder *d)
{
    struct hark_str s;
    if (!read_text(d, &s)) return false;
    return hark_str_is(s, "hark.post/1") || fail(d, "hark.post/1", s);
}

static bool read_op(struct decoder *d, enum hark_op *ret)
{
    struct hark_str s;
    if (!read_text(d, &s)) return false;
    return hark_op_parse(s, ret) == 0 || fail(d, "create, update or delete", s);
}

static bool read_time(struct decoder *d, int64_t *ret)
{
    struct hark_str s;
    if (!read_text(d, &s)) return false;
    // "2026-11-21T10:00:00.123Z" is how hark writes it.
    if (s.len != HARK_TIME_STR_BYTES - 1 || s.ptr[s.len - 1] != 'Z') d->jr.loose = true;
    if (hark_time_parse(s, ret) == 0 && *ret >= 0 && *ret <= HARK_POST_MAX_TIME_MS) return true;
    return fail(d, "a time like 2026-11-21T10:00:00.123Z", s);
}

static bool read_number(struct decoder *d, int64_t max, int64_t *ret)
{
    char c = hark_jr_peek(&d->jr);
    if (c != '-' && (c < '0' || c > '9')) return wrong_type(d, "a number");
    struct hark_str s;
    int64_t number;
    if (!hark_jr_number(&d->jr, &s)) return false;
    if (hark_str_int(s, &number) < 0 || number < 0 || number > max)
        return fail(d, "a whole number that is not negative", s);
    *ret = number;
    return true;
}

static bool read_media(struct decoder *d, int *ret)
{
    int64_t number;
    if (!read_number(d, INT32_MAX, &number)) return false;
    *ret = (int)number;
    return true;
}

static bool read_bot(struct decoder *d, int *ret)
{
    char c = hark_jr_peek(&d->jr);
    if (c != 't' && c != 'f') return wrong_type(d, "true or false");
    bool yes;
    if (!hark_jr_bool(&d->jr, &yes)) return false;
    *ret = yes;
    return true;
}

// A list in the arena that doubles as it grows; lists of posts are short.
static void add_text(struct hark_arena *arena, struct hark_strs *list, size_t *cap, struct hark_str s)
{
    struct hark_str *v = (struct hark_str *)list->v;
    if (list->n == *cap) {
        *cap = *cap ? *cap * 2 : 4;
        v = hark_arena_alloc(arena, *cap * sizeof *v);
        if (list->n) memcpy(v, list->v, list->n * sizeof *v);
        list->v = v;
    }
    v[list->n++] = s;
}

static bool read_texts(struct decoder *d, struct hark_strs *ret)
{
    if (hark_jr_peek(&d->jr) != '[') return wrong_type(d, "an array of texts");
    if (!hark_jr_enter(&d->jr, '[')) return false;
    struct hark_strs list = {0};
    size_t cap = 0;
    while (hark_jr_item(&d->jr)) {
        struct hark_str s;
        if (!read_text(d, &s)) return false;
        if (s.len)
            add_text(d->jr.arena, &list, &cap, s);
        else
            d->jr.loose = true;
    }
    *ret = list.n ? list : hark_post_none;
    return !d->jr.failed;
}

static bool read_object(struct decoder *d, const struct object *object, uint32_t *seen);

static bool read_nested(struct decoder *d, const struct object *object)
{
    if (hark_jr_peek(&d->jr) != '{') return wrong_type(d, "an object");
    uint32_t seen = 0;
    if (!read_object(d, object, &seen)) return false;
    return true;
}

static bool read_value(struct decoder *d, const struct field *field)
{
    void *to = (char *)d->post + field->at;
    d->field = field;
    // Unknown is what every field is before it is read; but a post that is known to answer none says so with null.
    if (hark_jr_peek(&d->jr) == 'n' && field->kind != SCHEMA && field->kind != OP) {
        if (field->kind == REF) *(struct hark_str *)to = HARK_STR("");
        return hark_jr_null(&d->jr);
    }
    switch ((enum kind)field->kind) {
    case SCHEMA: return read_schema(d);
    case OP: return read_op(d, to);
    case TIME: return read_time(d, to);
    case TEXT:
    case REF: return read_text(d, to);
    case TEXTS: return read_texts(d, to);
    case NUMBER: return read_number(d, INT64_MAX, to);
    case MEDIA: return read_media(d, to);
    case BOT: return read_bot(d, to);
    case OBJECT: return read_nested(d, &objects[field->at]);
    }
    return false;
}

static int find_field(const struct object *object, struct hark_str key, unsigned first)
{
    for (unsigned i = 0; i < object->n; i++) {
        unsigned at = first + i < object->n ? first + i : first + i - object->n;
        const struct field *field = &object->fields[at];
        if (field->len == key.len && memcmp(field->name, key.ptr, key.len) == 0) return (int)at;
    }
    return -1;
}

static bool read_object(struct decoder *d, const struct object *object, uint32_t *seen)
{
    if (!hark_jr_enter(&d->jr, '{')) return false;
    struct hark_str key;
    unsigned next = 0;
    while (hark_jr_key(&d->jr, &key)) {
        int i = find_field(object, key, next);
        if (i < 0) {
            if (!hark_jr_skip(&d->jr)) return false;
            continue;
        }
        d->prefix = object->prefix;
        d->field = &object->fields[i];
        if (*seen & 1u << i) return duplicate(d);
        *seen |= 1u << i;
        if (!read_value(d, d->field)) return false;
        next = (unsigned)i + 1;
    }
    return !d->jr.failed;
}

int hark_post_decode(struct hark_str json, struct hark_arena *arena, struct hark_post *post, struct hark_err *err)
{
    struct decoder d = {.post = post, .prefix = ""};
    uint32_t seen = 0;
    hark_post_init(post);
    if (json.len > HARK_POST_MAX_BYTES)
        return hark_err_set(err, HARK_EINPUT, "the post has %zu bytes, more than %d", json.len, HARK_POST_MAX_BYTES);
    if (!hark_jr_init(&d.jr, json, arena, HARK_POST_MAX_DEPTH, err) || !read_object(&d, &objects[0], &seen) ||
        !hark_jr_end(&d.jr))
        return HARK_EINPUT;
    if (!(seen & SEEN_SCHEMA)) return hark_err_set(err, HARK_EINPUT, "schema is missing");
    if (!(seen & SEEN_OP)) return hark_err_set(err, HARK_EINPUT, "op is missing");
    struct hark_str text = post->text, id;
    enum hark_op op;
    bool tagged = post->hashtags.v && post->mentions.v && post->links.v;
    int rc = hark_post_complete(post, arena, err);
    post->canonical =
        !d.jr.loose && hark_post_peek(json, &id, &op) && text.ptr == post->text.ptr && (tagged || !text.ptr);
    return rc;
}
