// The tests that rule files carry: a post, and the intents that it must hit.

#include "load.h"

#include <hark/clock.h>

static const char *const author_keys[] = {"id", "handle", "name", "followers", "bot", NULL};
static const char *const engagement_keys[] = {"likes", "reposts", "replies", "quotes", "views", NULL};

static void text_field(struct hark_load *ld, const struct hark_yaml *node, const char *what, struct hark_str *field)
{
    struct hark_str s;
    if (node && hark_load_text(ld, node, what, &s)) *field = hark_arena_str(ld->arena, node->text);
}

// null, ~ and "" say that there is none, which is not the same as to say nothing.
static void ref_field(struct hark_load *ld, const struct hark_yaml *node, const char *what, struct hark_str *field)
{
    if (!node) return;
    bool none = node->kind == HARK_YAML_SCALAR &&
                (node->text.len == 0 ||
                 (node->style == HARK_YAML_PLAIN && (hark_str_is(node->text, "null") || hark_str_is(node->text, "~"))));
    if (none)
        *field = HARK_STR("");
    else
        text_field(ld, node, what, field);
}

static void int_field(struct hark_load *ld, const struct hark_yaml *node, const char *what, int64_t *field)
{
    if (node) (void)hark_load_int(ld, node, what, 0, HARK_LOAD_MAX_COUNT, field);
}

static bool load_entry(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret)
{
    struct hark_str s;
    if (!hark_load_text(ld, node, "an entry", &s)) return false;
    *ret = hark_arena_str(ld->arena, s);
    return true;
}

static void list_field(struct hark_load *ld, const struct hark_yaml *node, const char *what, struct hark_strs *field)
{
    if (node) *field = hark_load_strs(ld, node, what, load_entry);
}

static void author_field(struct hark_load *ld, const struct hark_yaml *node, struct hark_post *post)
{
    const struct hark_yaml *v[5];
    bool bot;
    if (!node || !hark_load_keys(ld, node, "an author", author_keys, false, v)) return;
    text_field(ld, v[0], "id", &post->author.id);
    text_field(ld, v[1], "handle", &post->author.handle);
    text_field(ld, v[2], "name", &post->author.name);
    int_field(ld, v[3], "followers", &post->author.followers);
    if (v[4] && hark_load_bool(ld, v[4], "bot", &bot)) post->author.bot = bot;
}

static void engagement_field(struct hark_load *ld, const struct hark_yaml *node, struct hark_post *post)
{
    const struct hark_yaml *v[5];
    int64_t *fields[] = {&post->engagement.likes, &post->engagement.reposts, &post->engagement.replies,
                         &post->engagement.quotes, &post->engagement.views};
    if (!node || !hark_load_keys(ld, node, "engagement", engagement_keys, false, v)) return;
    for (int i = 0; i < 5; i++) int_field(ld, v[i], engagement_keys[i], fields[i]);
}

static void time_field(struct hark_load *ld, const struct hark_yaml *node, struct hark_post *post)
{
    struct hark_str s;
    if (!node || !hark_load_text(ld, node, "time", &s)) return;
    if (hark_time_parse(s, &post->time_ms)) HARK_BAD(ld, node, "a time is as 2026-11-21T10:00:00Z");
}

enum {
    POST_TEXT,
    POST_ID,
    POST_SOURCE,
    POST_TIME,
    POST_URL,
    POST_LANG,
    POST_HASHTAGS,
    POST_MENTIONS,
    POST_LINKS,
    POST_AUTHOR,
    POST_ENGAGEMENT,
    POST_REPLY_TO,
    POST_REPOST_OF,
    POST_QUOTE_OF,
    POST_MEDIA,
    POST_KEYS
};
static const char *const post_keys[] = {"text",      "id",       "source", "time",   "url",        "lang",
                                        "hashtags",  "mentions", "links",  "author", "engagement", "reply_to",
                                        "repost_of", "quote_of", "media",  NULL};

static void lang_field(struct hark_load *ld, const struct hark_yaml *node, struct hark_post *post)
{
    if (!node) return;
    struct hark_yaml one = {
        .kind = HARK_YAML_SEQ, .line = node->line, .column = node->column, .kids = (struct hark_yaml *)node, .n = 1};
    list_field(ld, node->kind == HARK_YAML_SCALAR ? &one : node, "lang", &post->lang);
}

static void load_post_fields(struct hark_load *ld, const struct hark_yaml *node, struct hark_post *post)
{
    const struct hark_yaml *v[POST_KEYS];
    int64_t media;
    if (!hark_load_keys(ld, node, "a post", post_keys, false, v)) return;
    if (!v[POST_TEXT]) HARK_BAD(ld, node, "the post has no text: text: \"I want this coat\"");
    text_field(ld, v[POST_TEXT], "text", &post->text);
    text_field(ld, v[POST_ID], "id", &post->id);
    text_field(ld, v[POST_SOURCE], "source", &post->source);
    time_field(ld, v[POST_TIME], post);
    text_field(ld, v[POST_URL], "url", &post->url);
    lang_field(ld, v[POST_LANG], post);
    list_field(ld, v[POST_HASHTAGS], "hashtags", &post->hashtags);
    list_field(ld, v[POST_MENTIONS], "mentions", &post->mentions);
    list_field(ld, v[POST_LINKS], "links", &post->links);
    author_field(ld, v[POST_AUTHOR], post);
    engagement_field(ld, v[POST_ENGAGEMENT], post);
    ref_field(ld, v[POST_REPLY_TO], "reply_to", &post->reply_to);
    ref_field(ld, v[POST_REPOST_OF], "repost_of", &post->repost_of);
    ref_field(ld, v[POST_QUOTE_OF], "quote_of", &post->quote_of);
    if (v[POST_MEDIA] && hark_load_int(ld, v[POST_MEDIA], "media", 0, 1000, &media)) post->media = (int)media;
}

static void load_post(struct hark_load *ld, const struct hark_yaml *node, struct hark_post *post)
{
    hark_post_init(post);
    post->id = HARK_STR("test");
    post->source = HARK_STR("bluesky");
    post->time_ms = 0;
    if (node->kind == HARK_YAML_MAP)
        load_post_fields(ld, node, post);
    else
        text_field(ld, node, "post", &post->text);
}

// --- hits ---

struct asked {
    size_t brand;
    const struct hark_intent *intent;
};

// `mention` only says what every list of hits says: that the brand is named.
static bool load_hit(struct hark_load *ld, const struct hark_yaml *node, const struct asked *of, struct hark_str *ret)
{
    struct hark_str name;
    if (!hark_load_text(ld, node, "a hit", &name)) return false;
    if (of->intent && !hark_str_eq(name, of->intent->name)) {
        HARK_BAD(ld, node, "the hits of an intent's tests are [" HARK_STR_FMT "] or []",
                 HARK_STR_ARG(of->intent->name));
        return false;
    }
    if (!of->intent && hark_str_is(name, "mention")) return false;
    *ret = hark_arena_str(ld->arena, name);
    if (!of->intent) hark_load_wish(ld, (struct hark_wish){of->brand, 0, *ret, hark_yaml_loc(ld, node), true});
    return true;
}

static void load_hits(struct hark_load *ld, const struct hark_yaml *node, const struct asked *of,
                      struct hark_test *test)
{
    if (node->kind == HARK_YAML_SCALAR && hark_str_is(node->text, "none") && !of->intent) {
        test->ignored = true;
        return;
    }
    if (node->kind != HARK_YAML_SEQ && of->intent)
        HARK_BAD(ld, node, "hits is a list: [" HARK_STR_FMT "], or [] where it must not fire",
                 HARK_STR_ARG(of->intent->name));
    else if (node->kind != HARK_YAML_SEQ)
        HARK_BAD(ld, node,
                 "hits is a list of intents, [want]; [] where the brand is only named, none where it is not named");
    if (node->kind != HARK_YAML_SEQ) return;
    struct hark_str *v = HARK_NEW_N(ld->arena, struct hark_str, node->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < node->n; i++) n += load_hit(ld, &node->kids[i], of, &v[n]);
    test->hits = (struct hark_strs){v, n};
    test->named = true;
}

static const char *const test_keys[] = {"post", "hits", NULL};

static bool load_test(struct hark_load *ld, const struct hark_yaml *node, const struct asked *of, struct hark_test *ret)
{
    const struct hark_yaml *v[2];
    if (!hark_load_keys(ld, node, "a test", test_keys, false, v)) return false;
    ret->loc = hark_yaml_loc(ld, node);
    if (!v[0]) HARK_BAD(ld, node, "the test has no post: post: \"I want this coat\"");
    if (!v[1]) HARK_BAD(ld, node, "the test does not say what it hits: hits: [want], or [] where nothing fires");
    if (v[0]) load_post(ld, v[0], &ret->post);
    if (v[1]) load_hits(ld, v[1], of, ret);
    return v[0] && v[1];
}

struct hark_test *hark_load_tests(struct hark_load *ld, const struct hark_yaml *list, size_t brand,
                                  const struct hark_intent *intent, size_t *ret_n)
{
    const struct asked of = {brand, intent};
    *ret_n = 0;
    if (!hark_load_list(ld, list, "tests")) return NULL;
    struct hark_test *tests = HARK_NEW_N(ld->arena, struct hark_test, list->n);
    for (size_t i = 0; i < list->n; i++) *ret_n += load_test(ld, &list->kids[i], &of, &tests[*ret_n]);
    return tests;
}
