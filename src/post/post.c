// What holds for every post, wherever it came from: names of operations, limits, normal form, tags found in the text.
#include <hark/post.h>

#include <hark/tags.h>
#include <hark/text.h>

#include "post_check.h"

static const char *const op_names[] = {"create", "update", "delete"};

const char *hark_op_str(enum hark_op op)
{
    return op_names[op];
}

int hark_op_parse(struct hark_str s, enum hark_op *ret)
{
    for (int i = HARK_OP_CREATE; i <= HARK_OP_DELETE; i++)
        if (hark_str_is(s, op_names[i])) {
            *ret = (enum hark_op)i;
            return 0;
        }
    return -1;
}

void hark_post_init(struct hark_post *post)
{
    *post = (struct hark_post){.time_ms = -1, .media = -1};
    post->author.followers = -1;
    post->author.bot = -1;
    post->engagement.likes = post->engagement.reposts = post->engagement.replies = -1;
    post->engagement.quotes = post->engagement.views = -1;
}

static void fill_tags(struct hark_post *post, struct hark_arena *arena)
{
    if (post->hashtags.v && post->mentions.v && post->links.v) return;
    const struct hark_entity *entities = NULL;
    size_t n = hark_tags_find(hark_tags_profile_of(post->source), post->text, arena, &entities);
    struct {
        struct hark_strs *to;
        enum hark_entity_kind kind;
    } parts[] = {{&post->hashtags, HARK_ENTITY_HASHTAG},
                 {&post->mentions, HARK_ENTITY_MENTION},
                 {&post->links, HARK_ENTITY_LINK}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!parts[i].to->v) {
            *parts[i].to = hark_tags_values(entities, n, parts[i].kind, arena);
            if (!parts[i].to->v) *parts[i].to = hark_post_none;
        }
}

static const struct hark_str no_str;
const struct hark_strs hark_post_none = {&no_str, 0};

static int check_required(const struct hark_post *post, struct hark_err *err)
{
    if (!post->id.len) return hark_err_set(err, HARK_EINPUT, "id is missing");
    if (post->id.len > HARK_POST_MAX_ID_BYTES)
        return hark_err_set(err, HARK_EINPUT, "id has %zu bytes, more than %d", post->id.len, HARK_POST_MAX_ID_BYTES);
    if (!post->source.len) return hark_err_set(err, HARK_EINPUT, "source is missing");
    if (post->time_ms < 0) return hark_err_set(err, HARK_EINPUT, "time is missing");
    if (!post->text.ptr && post->op != HARK_OP_DELETE) return hark_err_set(err, HARK_EINPUT, "text is missing");
    return 0;
}

int hark_post_complete(struct hark_post *post, struct hark_arena *arena, struct hark_err *err)
{
    int rc = check_required(post, err);
    if (rc < 0) return rc;
    if (!post->text.ptr) return 0;
    hark_text_nfc_in(post->text, arena, &post->text);
    fill_tags(post, arena);
    return 0;
}

static int check_utf8(const char *name, struct hark_str s, struct hark_err *err)
{
    size_t good = hark_utf8_check(s);
    if (good == s.len)
        return s.len && memchr(s.ptr, 0, s.len) ? hark_err_set(err, HARK_EINPUT, "%s has a NUL", name) : 0;
    return hark_err_set(err, HARK_EINPUT, "%s is not UTF-8 at byte %zu", name, good);
}

static int check_utf8_all(const char *name, struct hark_strs list, struct hark_err *err)
{
    for (size_t i = 0; i < list.n; i++)
        if (check_utf8(name, list.v[i], err) < 0) return HARK_EINPUT;
    return 0;
}

int hark_post_finish(struct hark_post *post, struct hark_arena *arena, struct hark_err *err)
{
    const struct {
        const char *name;
        struct hark_str s;
    } texts[] = {
        {"id", post->id},
        {"source", post->source},
        {"text", post->text},
        {"url", post->url},
        {"author.id", post->author.id},
        {"author.handle", post->author.handle},
        {"author.name", post->author.name},
        {"reply_to", post->reply_to},
        {"repost_of", post->repost_of},
        {"quote_of", post->quote_of},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (check_utf8(texts[i].name, texts[i].s, err) < 0) return HARK_EINPUT;
    if (check_utf8_all("lang", post->lang, err) < 0 || check_utf8_all("hashtags", post->hashtags, err) < 0 ||
        check_utf8_all("mentions", post->mentions, err) < 0 || check_utf8_all("links", post->links, err) < 0)
        return HARK_EINPUT;
    return hark_post_complete(post, arena, err);
}
