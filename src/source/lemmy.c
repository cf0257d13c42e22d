// A Lemmy server: the posts and comments that it knows, its own only, or those of one community, through API v3.
//
// Two lists, each the latest first but for pinned posts, which stand on top whatever their age. Each look walks from
// the top to what is known (polled.h). Servers limit how many pages they give; what is further down is a gap.
//
// The id is the one that ActivityPub knows the thing by, so that what several servers give counts once. Things are as
// old as their authors' servers say, and come from there minutes later: a walk goes ten minutes back.
//
// A position is "1 MS MS": the times of the latest post and the latest comment that are known.
#include "polled.h"

#include <hark/clock.h>

#include <stdlib.h>

enum {
    POLL_MS = 30000, // some four requests each time, of the 180 a minute that a server allows by default
    BACK_MS = 600000,
    PAGE = 50,         // the most that the API gives
    MOST_PAGES = 1000, // of one walk; new versions of Lemmy stop at 100
    LIMITED_MS = 60000,
};

struct lemmy {
    struct hark_poll poll;
    char *origin, *filter; // "type_=All"
    struct hark_walk walks[2];
    size_t at;
};

static const struct {
    const char *path, *things, *thing;
} lists[] = {{"post", "posts", "post"}, {"comment", "comments", "comment"}};

// --- things ---

// Before version 0.19 times have no zone: they are in UTC.
static int64_t time_of(const json_t *thing, const char *key)
{
    const char *text = json_string_value(json_object_get(thing, key));
    char with_zone[48];
    int64_t ms;
    if (!text) return -1;
    if (hark_time_parse(hark_str(text), &ms) == 0) return ms;
    int len = snprintf(with_zone, sizeof with_zone, "%sZ", text);
    return len < (int)sizeof with_zone && hark_time_parse(hark_str(with_zone), &ms) == 0 ? ms : -1;
}

// "https://one.example/u/ana" is ana@one.example.
static struct hark_str handle_of(const json_t *creator, struct hark_arena *arena)
{
    struct hark_str name = hark_get_str(creator, "name", arena), actor = hark_get_str(creator, "actor_id", arena);
    if (!name.len || !actor.len) return name;
    return hark_arena_printf(arena, HARK_STR_FMT "@" HARK_STR_FMT, HARK_STR_ARG(name),
                             HARK_STR_ARG(hark_net_host(hark_arena_str(arena, actor).ptr)));
}

static void decode_author(const json_t *creator, struct hark_post *post, struct hark_arena *arena)
{
    post->author.id = hark_get_str(creator, "actor_id", arena);
    post->author.handle = handle_of(creator, arena);
    post->author.name = hark_get_str(creator, "display_name", arena);
    const json_t *bot = json_object_get(creator, "bot_account");
    if (json_is_boolean(bot)) post->author.bot = json_is_true(bot);
}

static struct hark_str local_name(long long id, struct hark_arena *arena)
{
    return hark_arena_printf(arena, "%lld", id);
}

// What a comment answers: the last but one of its path "0.1.2", which is another comment, known by its number on this
// server, or (0) the post. ptr NULL where that comment is not known.
static struct hark_str parent_of(const struct hark_items *items, const json_t *view, const json_t *comment,
                                 struct hark_arena *arena)
{
    struct hark_str path = hark_get_str(comment, "path", arena);
    while (path.len && path.ptr[path.len - 1] != '.') path.len--;
    if (path.len) path.len--;
    size_t from = path.len;
    while (from && path.ptr[from - 1] != '.') from--;
    struct hark_str parent = hark_strn(path.ptr ? path.ptr + from : NULL, path.len - from);
    if (parent.len && !hark_str_is(parent, "0")) return hark_arena_str(arena, hark_ids_get(&items->ids, parent));
    return hark_get_str(json_object_get(view, "post"), "ap_id", arena);
}

static struct hark_str text_of(const json_t *thing, bool comment, struct hark_arena *arena)
{
    if (comment) return hark_get_str(thing, "content", arena);
    struct hark_str name = hark_get_str(thing, "name", arena), body = hark_get_str(thing, "body", arena);
    if (!body.len) return name;
    return hark_arena_printf(arena, HARK_STR_FMT "\n\n" HARK_STR_FMT, HARK_STR_ARG(name), HARK_STR_ARG(body));
}

static void decode_links(const json_t *thing, struct hark_post *post, struct hark_arena *arena)
{
    struct hark_str url = hark_get_str(thing, "url", arena);
    if (url.len) post->links = (struct hark_strs){hark_arena_copy(arena, &url, 1, sizeof url), 1};
}

static void take_thing(struct lemmy *src, const json_t *view, const json_t *thing, bool comment)
{
    struct hark_items *items = &src->poll.live.items;
    struct hark_arena *arena = &items->arena;
    const json_t *counts = json_object_get(view, "counts");
    struct hark_post post;
    const char *visible = json_string_value(hark_get_path(view, "community", "visibility", NULL));
    if (visible && strcmp(visible, "Public") != 0 && strcmp(visible, "Unlisted") != 0) {
        hark_items_add_refused(items, "not-public");
        return;
    }
    hark_post_init(&post);
    post.source = HARK_STR("lemmy");
    post.id = post.url = hark_get_str(thing, "ap_id", arena);
    post.time_ms = time_of(thing, "published");
    if (time_of(thing, "updated") > post.time_ms) post.op = HARK_OP_UPDATE;
    if (hark_get_true(thing, "deleted") || hark_get_true(thing, "removed")) post.op = HARK_OP_DELETE;
    post.reply_to = comment ? parent_of(items, view, thing, arena) : HARK_STR("");
    post.repost_of = post.quote_of = HARK_STR("");
    if (post.op != HARK_OP_DELETE) {
        post.text = text_of(thing, comment, arena);
        decode_links(thing, &post, arena);
        decode_author(json_object_get(view, "creator"), &post, arena);
        post.engagement.likes = hark_get_number(counts, "upvotes");
        post.engagement.replies = hark_get_number(counts, comment ? "child_count" : "comments");
    }
    hark_poll_add(&src->poll, &post);
}

// --- lists ---

static bool is_pinned(const json_t *thing)
{
    return hark_get_true(thing, "featured_local") || hark_get_true(thing, "featured_community");
}

static bool is_known(const struct hark_walk *walk, const json_t *thing)
{
    int64_t made_ms = time_of(thing, "published"), changed_ms = time_of(thing, "updated");
    return walk->known_ms && (changed_ms > made_ms ? changed_ms : made_ms) <= walk->known_ms - walk->back_ms;
}

static void look_at(struct lemmy *src, const json_t *view)
{
    struct hark_items *items = &src->poll.live.items;
    struct hark_walk *walk = &src->walks[src->at];
    const json_t *thing = json_object_get(view, lists[src->at].thing);
    bool comment = src->at == 1;
    struct hark_str id = hark_get_str(thing, "ap_id", &items->arena);
    if (!is_pinned(thing)) hark_walk_saw(walk, time_of(thing, "published"));
    if (comment && id.len)
        hark_ids_put(&items->ids, local_name((long long)hark_get_number(thing, "id"), &items->arena), id, 0);
    if (!is_known(walk, thing)) take_thing(src, view, thing, comment);
}

static void end_of_items(struct lemmy *src)
{
    hark_poll_end(&src->poll, "1 %lld %lld", (long long)src->walks[0].known_ms, (long long)src->walks[1].known_ms);
}

static void end_of_walk(struct lemmy *src, const char *gap)
{
    hark_walk_end(&src->walks[src->at], &src->poll, gap);
    if (src->at == 1) hark_poll_pause(&src->poll);
    src->at = !src->at;
}

static void take_page(struct lemmy *src, const json_t *things)
{
    struct hark_walk *walk = &src->walks[src->at];
    char next[16];
    hark_poll_begin(&src->poll);
    for (size_t i = json_array_size(things); i > 0; i--) look_at(src, json_array_get(things, i - 1));
    bool any = json_array_size(things) > 0, most = walk->pages + 1 == MOST_PAGES;
    snprintf(next, sizeof next, "%u", walk->pages + 2);
    if (!hark_walk_goes_on(walk, any && !most ? hark_str(next) : (struct hark_str){0})) {
        const char *gap = any ? "too many to catch up with" : "the list ends before what was known";
        end_of_walk(src, walk->things ? gap : NULL);
    }
    end_of_items(src);
}

// An answer that is none. A page that the server does not give ends the walk.
static int refused(struct lemmy *src, const char *url, struct hark_err *err)
{
    struct hark_live *live = &src->poll.live;
    struct hark_err why = {0};
    long status = hark_net_status(live->net);
    const char *error = json_string_value(json_object_get(live->items.root, "error"));
    if (error && strcmp(error, "rate_limit_error") == 0) { // with status 400 before version 0.19
        hark_live_reached(live);
        hark_err_retry(&why, HARK_ESERVICE, "%s: asked too often", src->origin);
        int64_t ms = hark_net_retry_ms(live->net);
        return hark_live_failed(live, &why, ms > 0 ? ms : LIMITED_MS, err);
    }
    if (status == 400 && src->walks[src->at].next.len) {
        hark_poll_begin(&src->poll);
        end_of_walk(src, "the server gives no more pages");
        end_of_items(src);
        return 1;
    }
    int64_t delay_ms = hark_live_status(live, live->net, url, NULL, &why);
    if (error && !why.retriable) {
        why = (struct hark_err){0};
        hark_err_set(&why, HARK_EINPUT, "%.*s: status %ld: %s", (int)strcspn(url, "?"), url, status, error);
    }
    return hark_live_failed(live, &why, delay_ms, err);
}

static int page(struct lemmy *src, const char *url, struct hark_err *err)
{
    struct hark_live *live = &src->poll.live;
    struct hark_err why = {0};
    const struct hark_net_request request = {.url = url};
    if (hark_poll_get(&src->poll, &request, &why) < 0) return hark_live_failed(live, &why, -1, err);
    if (hark_net_status(live->net) != 200) return refused(src, url, err);
    const json_t *things = json_object_get(live->items.root, lists[src->at].things);
    if (json_is_array(things))
        take_page(src, things);
    else
        hark_poll_dead(&src->poll, "JSON that is no list of Lemmy");
    return 1;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct lemmy *src = (struct lemmy *)live;
    struct hark_walk *walk = &src->walks[src->at];
    struct hark_buf url = {0};
    if (!hark_live_due(live)) return 1;
    hark_buf_printf(&url, "%s/api/v3/%s/list?%s&sort=New&limit=%d&page=" HARK_STR_FMT, src->origin, lists[src->at].path,
                    src->filter, PAGE, HARK_STR_ARG(walk->next.len ? hark_buf_str(&walk->next) : HARK_STR("1")));
    int rc = page(src, hark_buf_cstr(&url), err);
    hark_buf_done(&url);
    return rc;
}

static void done(struct hark_live *live)
{
    struct lemmy *src = (struct lemmy *)live;
    hark_poll_done(&src->poll);
    for (size_t i = 0; i < 2; i++) hark_walk_done(&src->walks[i]);
    free(src->origin);
    free(src->filter);
}

// --- opening ---

// A community's name, with its server where that is another one.
static bool is_name(struct hark_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-@:", name.ptr[i]) || !name.ptr[i])
            return false;
    return name.len > 0;
}

static bool choose_list(struct lemmy *src, struct hark_str path, struct hark_err *err)
{
    struct hark_buf filter = {0};
    bool good = true;
    while (path.len && path.ptr[path.len - 1] == '/') path.len--;
    if (!path.len)
        hark_buf_printf(&filter, "type_=All");
    else if (hark_str_is(path, "/local"))
        hark_buf_printf(&filter, "type_=Local");
    else if (hark_str_starts(path, HARK_STR("/c/")) && is_name(hark_strn(path.ptr + 3, path.len - 3)))
        hark_buf_printf(&filter, "type_=All&community_name=%.*s", (int)path.len - 3, path.ptr + 3);
    else
        good = hark_err_set(err, HARK_EINPUT, "lemmy: \"" HARK_STR_FMT "\" is neither /local nor /c/COMMUNITY",
                            HARK_STR_ARG(path)) == 0;
    src->filter = hark_str_dup(hark_buf_str(&filter));
    hark_buf_done(&filter);
    return good;
}

static bool choose(struct lemmy *src, struct hark_str argument, struct hark_err *err)
{
    struct hark_buf url = {0}, name = {0};
    bool has_scheme = memmem(argument.ptr, argument.len, "://", 3) != NULL;
    hark_buf_printf(&url, "%s" HARK_STR_FMT, has_scheme ? "" : "https://", HARK_STR_ARG(argument));
    hark_buf_printf(&name, "lemmy:%s", hark_buf_cstr(&url));
    src->poll.live.base.name = hark_str_dup(hark_buf_str(&name));
    bool good = hark_net_check(url.ptr, "https http", err) == 0;
    if (good) {
        struct hark_str origin = hark_net_origin(url.ptr);
        src->origin = hark_str_dup(origin);
        good = choose_list(src, hark_str(url.ptr + origin.len), err);
    }
    hark_buf_done(&url);
    hark_buf_done(&name);
    return good;
}

static struct hark_source *lemmy_open(struct hark_str argument, const struct hark_source_options *options,
                                      struct hark_err *err)
{
    if (!argument.len) {
        hark_err_set(err, HARK_EINPUT, "lemmy: needs a server, such as lemmy:lemmy.world");
        return NULL;
    }
    struct lemmy *src = hark_calloc(1, sizeof *src);
    struct hark_live *live = &src->poll.live;
    int64_t known[2] = {0};
    live->step = step;
    live->done = done;
    bool good = hark_poll_init(&src->poll, POLL_MS, options, err) && choose(src, argument, err) &&
                (!options->resume.len || hark_poll_numbers(options->resume, known, 2, "Lemmy", err));
    for (size_t i = 0; i < 2; i++) src->walks[i] = (struct hark_walk){.known_ms = known[i], .back_ms = BACK_MS};
    if (good && options->resume.len) hark_buf_str_add(&live->after, options->resume);
    if (good) return &live->base;
    hark_source_free(&live->base);
    return NULL;
}

extern const struct hark_source_kind hark_source_lemmy;
const struct hark_source_kind hark_source_lemmy = {
    .name = "lemmy",
    .argument = "HOST[/local|/c/NAME]",
    .about = "posts and comments that a Lemmy server knows, its own, or a community's",
    .terms = "each server has rules of its own, which may forbid reading on a large scale; what is deleted or removed "
             "there is deleted here while the lists show it",
    .open = lemmy_open,
};
