// Writes canonical JSON. What is unknown is left out; what is known to be none is null or an empty array.
#include <hark/clock.h>
#include <hark/post.h>

static void put_str(struct hark_json *json, const char *key, struct hark_str s)
{
    if (s.ptr) hark_json_kv(json, key, s);
}

static void put_strs(struct hark_json *json, const char *key, struct hark_strs list)
{
    if (!list.v) return;
    hark_json_key(json, key);
    hark_json_open(json, '[');
    for (size_t i = 0; i < list.n; i++) hark_json_str(json, list.v[i]);
    hark_json_close(json, ']');
}

static void put_number(struct hark_json *json, const char *key, int64_t number)
{
    if (number >= 0) hark_json_ki(json, key, number);
}

// Another post's id, or null where there is known to be none.
static void put_ref(struct hark_json *json, const char *key, struct hark_str id)
{
    if (!id.ptr) return;
    hark_json_key(json, key);
    if (id.len)
        hark_json_str(json, id);
    else
        hark_json_null(json);
}

static void put_author(struct hark_json *json, const struct hark_post *post)
{
    if (!post->author.id.ptr && !post->author.handle.ptr && !post->author.name.ptr && post->author.followers < 0 &&
        post->author.bot < 0)
        return;
    hark_json_key(json, "author");
    hark_json_open(json, '{');
    put_str(json, "id", post->author.id);
    put_str(json, "handle", post->author.handle);
    put_str(json, "name", post->author.name);
    put_number(json, "followers", post->author.followers);
    if (post->author.bot >= 0) hark_json_kb(json, "bot", post->author.bot > 0);
    hark_json_close(json, '}');
}

static void put_engagement(struct hark_json *json, const struct hark_post *post)
{
    if (post->engagement.likes < 0 && post->engagement.reposts < 0 && post->engagement.replies < 0 &&
        post->engagement.quotes < 0 && post->engagement.views < 0)
        return;
    hark_json_key(json, "engagement");
    hark_json_open(json, '{');
    put_number(json, "likes", post->engagement.likes);
    put_number(json, "reposts", post->engagement.reposts);
    put_number(json, "replies", post->engagement.replies);
    put_number(json, "quotes", post->engagement.quotes);
    put_number(json, "views", post->engagement.views);
    hark_json_close(json, '}');
}

void hark_post_encode(const struct hark_post *post, struct hark_json *json)
{
    char time[HARK_TIME_STR_BYTES];
    hark_time_str(post->time_ms, time);
    hark_json_open(json, '{');
    hark_json_kv(json, "schema", HARK_STR("hark.post/1"));
    hark_json_kv(json, "id", post->id);
    hark_json_kv(json, "source", post->source);
    hark_json_kc(json, "op", hark_op_str(post->op));
    hark_json_kc(json, "time", time);
    put_str(json, "text", post->text);
    put_strs(json, "lang", post->lang);
    put_strs(json, "hashtags", post->hashtags);
    put_strs(json, "mentions", post->mentions);
    put_strs(json, "links", post->links);
    put_str(json, "url", post->url);
    put_author(json, post);
    put_engagement(json, post);
    put_ref(json, "reply_to", post->reply_to);
    put_ref(json, "repost_of", post->repost_of);
    put_ref(json, "quote_of", post->quote_of);
    put_number(json, "media", post->media);
    hark_json_close(json, '}');
}
