// Subreddits: their new submissions and comments, through Reddit's API with OAuth.
//
// Two lists, /new and /comments, each the latest first and no longer than 1,000 things. Each look walks from the top to
// what is known (polled.h); a list that ends before that has a gap. Pages are named by the fullname of the thing that
// they come after: what is asked for before a fullname comes back empty once that thing is deleted.
//
// What is deleted leaves the lists without a word. So the things of the latest two days are asked for again by their
// names, a hundred at a time; those that are deleted or removed by then become deletes.
//
// A position is "1 MS MS": the times of the latest submission and the latest comment that are known.
#include "polled.h"

#include <hark/clock.h>
#include <hark/versions.h>

#include <stdio.h>
#include <stdlib.h>

extern const struct hark_format hark_format_reddit;

#define APP "HARK_REDDIT_APP"
#define LOGIN "HARK_REDDIT_LOGIN"
#define USER "HARK_REDDIT_USER"

enum {
    POLL_MS = 30000, // three requests each time, of the 100 a minute that Reddit allows; its pages are that old anyway
    BACK_MS = 60000, // what a filter held back and a moderator let through has an older time
    PAGE = 100,      // the most that the API gives, also by names
    LIST = 1000,     // of which Reddit leaves out what it removed
    NAMED = 1 << 16, // things that are looked at again
    NAME_BYTES = 16, // "t3_" and base 36
    AGAIN = 5,       // looks between two times that a thing is asked for by its name
    AGAIN_MS = 48 * 3600 * 1000,
};

struct named {
    char name[NAME_BYTES]; // "": none
    unsigned look;         // in which it was asked for last
    int64_t seen_ms;
};

struct reddit {
    struct hark_poll poll;
    char *login, *api; // origins
    char *path;        // "/r/NAME+NAME"
    char *agent, *app; // the header; "ID:SECRET"
    char *form;        // what asks for a token
    char *auth;        // the header; NULL: ask for a token
    int64_t auth_until_us;
    bool refused; // the token, and nothing was given since
    struct hark_walk walks[2];
    size_t at;           // the walk under way; 2: things by their names
    struct named *named; // a ring
    size_t named_at, again_at;
    unsigned look;
};

static const char *const lists[] = {"new", "comments"};

static void set(char **text, struct hark_str s)
{
    char *copy = hark_str_dup(s);
    free(*text);
    *text = copy;
}

// --- the token ---

static void take_token(struct reddit *src, const json_t *root, struct hark_err *why)
{
    const char *token = json_string_value(json_object_get(root, "access_token"));
    const char *error = json_string_value(json_object_get(root, "error"));
    int64_t seconds = hark_get_number(root, "expires_in");
    if (!token && error && strcmp(error, "invalid_grant") == 0) // with status 200
        hark_err_set(why, HARK_EINPUT, "%s: Reddit does not know the account: %s is wrong", src->login, LOGIN);
    else if (!token)
        hark_err_retry(why, HARK_ESERVICE, "%s: no token in the answer%s%s", src->login, error ? ": " : "",
                       error ? error : "");
    if (!token) return;
    struct hark_buf auth = {0};
    hark_buf_printf(&auth, "Authorization: Bearer %s", token);
    set(&src->auth, hark_buf_str(&auth));
    hark_buf_done(&auth);
    // A tenth before it ends, so that none ends on its way.
    src->auth_until_us = hark_clock_mono_us() + (seconds > 0 ? seconds : 3600) * 900000;
}

static int ask_for_token(struct reddit *src, struct hark_err *err)
{
    struct hark_live *live = &src->poll.live;
    struct hark_buf url = {0};
    struct hark_err why = {0};
    int64_t delay_ms = -1;
    const char *headers[] = {src->agent, NULL};
    hark_buf_printf(&url, "%s/api/v1/access_token", src->login);
    const struct hark_net_request request = {.url = hark_buf_cstr(&url),
                                             .headers = headers,
                                             .body = hark_str(src->form),
                                             .type = "application/x-www-form-urlencoded",
                                             .user = src->app};
    if (hark_poll_get(&src->poll, &request, &why) == 0) {
        if (hark_net_status(live->net) == 200)
            take_token(src, live->items.root, &why);
        else
            delay_ms = hark_live_status(live, live->net, url.ptr, APP, &why);
    }
    hark_items_clear(&live->items);
    hark_buf_done(&url);
    return why.code ? hark_live_failed(live, &why, delay_ms, err) : 1;
}

// --- things ---

struct thing {
    struct reddit *src;
    const json_t *data;
    bool comment;
};

static int64_t seconds_ms(const json_t *data, const char *key)
{
    double seconds = json_number_value(json_object_get(data, key));
    return seconds > 0 && seconds < 253402300800.0 ? (int64_t)seconds * 1000 : 0;
}

static void on_post(void *arg, struct hark_post *post, struct hark_str json)
{
    const struct thing *thing = arg;
    (void)json;
    if (seconds_ms(thing->data, "edited")) post->op = HARK_OP_UPDATE;
    hark_poll_add(&thing->src->poll, post);
}

// What is deleted or removed by now may have been counted before.
static void on_refused(void *arg, const char *reason)
{
    const struct thing *thing = arg;
    struct hark_items *items = &thing->src->poll.live.items;
    struct hark_str name = hark_get_str(thing->data, "name", &items->arena);
    struct hark_post post;
    if ((strcmp(reason, "deleted") != 0 && strcmp(reason, "removed") != 0) || !name.len) {
        hark_items_add_refused(items, reason);
        return;
    }
    hark_post_init(&post);
    post.source = HARK_STR("reddit");
    post.op = HARK_OP_DELETE;
    post.id = hark_arena_printf(&items->arena, "reddit:" HARK_STR_FMT, HARK_STR_ARG(name));
    post.time_ms = seconds_ms(thing->data, "created_utc");
    hark_poll_add(&thing->src->poll, &post);
}

static void on_dead(void *arg, const char *reason)
{
    const struct thing *thing = arg;
    hark_items_add_dead(&thing->src->poll.live.items, reason);
}

static void take_thing(struct reddit *src, json_t *json)
{
    struct thing thing = {.src = src, .data = json_object_get(json, "data")};
    const struct hark_record record = {.json = json};
    const struct hark_format_sink sink = {on_post, on_refused, on_dead, &thing};
    struct hark_items *items = &src->poll.live.items;
    hark_format_reddit.decode(&record, &items->ids, &items->arena, &sink);
}

static void remember(struct reddit *src, const json_t *data)
{
    const char *name = json_string_value(json_object_get(data, "name"));
    if (!name || strlen(name) >= NAME_BYTES || hark_seen_before(&src->poll.seen, hark_str_hash(hark_str(name)))) return;
    struct named *named = &src->named[src->named_at++ % NAMED];
    *named = (struct named){.look = src->look, .seen_ms = hark_clock_ms()};
    memcpy(named->name, name, strlen(name));
}

static bool is_known(const struct hark_walk *walk, const json_t *data)
{
    int64_t made_ms = seconds_ms(data, "created_utc"), edited_ms = seconds_ms(data, "edited");
    return walk->known_ms && (edited_ms > made_ms ? edited_ms : made_ms) <= walk->known_ms - walk->back_ms;
}

// --- lists ---

// Reddit says how often it may still be asked, and in how many seconds it counts anew.
static void obey_limit(struct reddit *src)
{
    struct hark_live *live = &src->poll.live;
    char text[32] = "";
    struct hark_str left = hark_net_header(live->net, "X-Ratelimit-Remaining");
    if (!left.len || left.len >= sizeof text) return;
    memcpy(text, left.ptr, left.len);
    int64_t wait_ms = hark_net_retry_ms(live->net);
    if (strtod(text, NULL) >= 1 || wait_ms <= 0) return;
    live->retry_us = hark_clock_mono_us() + wait_ms * 1000;
    hark_live_note(live, "%s: asked as often as Reddit allows; going on in %.1f s", src->api, (double)wait_ms / 1000);
}

// An answer that is none: what it means, and when to try again.
static int refused(struct reddit *src, const char *url, struct hark_err *err)
{
    struct hark_live *live = &src->poll.live;
    struct hark_err why = {0};
    int64_t delay_ms = -1;
    long status = hark_net_status(live->net);
    const char *reason = json_string_value(json_object_get(live->items.root, "reason"));
    int shown = (int)strcspn(url, "?");
    if (status == 401 && !src->refused) {
        src->refused = true;
        free(src->auth);
        src->auth = NULL;
        return 1;
    }
    if (status == 403)
        hark_err_set(&why, HARK_EINPUT,
                     "%.*s: status 403: Reddit does not show this (%s); " LOGIN " may name an account that sees it",
                     shown, url, reason ? reason : "no reason given");
    else if (status == 404)
        hark_err_set(&why, HARK_EINPUT, "%.*s: status 404: there is no such subreddit%s%s", shown, url,
                     reason ? ", or no more: " : "", reason ? reason : "");
    else
        delay_ms = hark_live_status(live, live->net, url, status == 401 ? APP : NULL, &why);
    return hark_live_failed(live, &why, delay_ms, err);
}

// 1: the answer is in items; 0: that was all for this step; negative: final.
static int get(struct reddit *src, const char *url, struct hark_err *err)
{
    struct hark_live *live = &src->poll.live;
    struct hark_err why = {0};
    const char *headers[] = {src->agent, src->auth, NULL};
    const struct hark_net_request request = {.url = url, .headers = headers};
    int rc = 1;
    if (hark_poll_get(&src->poll, &request, &why) < 0)
        rc = hark_live_failed(live, &why, -1, err);
    else if (hark_net_status(live->net) != 200)
        rc = refused(src, url, err);
    else if (json_is_array(hark_get_path(live->items.root, "data", "children", NULL)))
        return 1;
    else
        hark_poll_dead(&src->poll, "JSON that is no listing of Reddit");
    return rc < 0 ? rc : 0;
}

static void end_of_items(struct reddit *src)
{
    hark_poll_end(&src->poll, "1 %lld %lld", (long long)src->walks[0].known_ms, (long long)src->walks[1].known_ms);
}

static void take_page(struct reddit *src)
{
    struct hark_items *items = &src->poll.live.items;
    struct hark_walk *walk = &src->walks[src->at];
    const json_t *page = hark_get_path(items->root, "data", NULL), *things = json_object_get(page, "children");
    hark_poll_begin(&src->poll);
    for (size_t i = json_array_size(things); i > 0; i--) { // lists have the latest first
        json_t *thing = json_array_get(things, i - 1);
        const json_t *data = json_object_get(thing, "data");
        hark_walk_saw(walk, seconds_ms(data, "created_utc"));
        if (is_known(walk, data)) continue;
        take_thing(src, thing);
        remember(src, data);
    }
    unsigned n = walk->things;
    if (!hark_walk_goes_on(walk, hark_str(json_string_value(json_object_get(page, "after"))))) {
        // A short list is whole: there is nothing older in the subreddit.
        hark_walk_end(walk, &src->poll, n >= LIST / 2 ? "Reddit lists the latest 1,000 only" : NULL);
        src->at++;
    }
    end_of_items(src);
}

static int page(struct reddit *src, struct hark_err *err)
{
    struct hark_buf url = {0};
    struct hark_walk *walk = &src->walks[src->at];
    hark_buf_printf(&url, "%s%s/%s?limit=%d", src->api, src->path, lists[src->at], PAGE);
    if (walk->next.len) {
        hark_buf_printf(&url, "&after=");
        hark_poll_escape(&url, hark_buf_str(&walk->next));
    }
    int rc = get(src, hark_buf_cstr(&url), err);
    hark_buf_done(&url);
    if (rc <= 0) return rc < 0 ? rc : 1;
    src->refused = false;
    take_page(src);
    obey_limit(src);
    return 1;
}

// --- what became of them ---

// The names of things that are due, behind the URL; how many.
static size_t add_names(struct reddit *src, struct hark_buf *url)
{
    size_t n = 0, most = src->named_at < NAMED ? src->named_at : NAMED;
    int64_t since_ms = hark_clock_ms() - AGAIN_MS;
    for (size_t i = 0; i < most && n < PAGE; i++, src->again_at++) {
        if (src->again_at >= most) src->again_at = 0;
        struct named *named = &src->named[src->again_at];
        if (src->look - named->look < AGAIN || named->seen_ms < since_ms) continue;
        named->look = src->look;
        if (n++) hark_buf_char(url, ',');
        hark_poll_escape(url, hark_str(named->name));
    }
    return n;
}

static int ask_again(struct reddit *src, struct hark_err *err)
{
    struct hark_buf url = {0};
    int rc = 0;
    hark_buf_printf(&url, "%s/api/info?id=", src->api);
    src->look++;
    src->at = 0;
    hark_poll_pause(&src->poll);
    if (add_names(src, &url)) rc = get(src, hark_buf_cstr(&url), err);
    hark_buf_done(&url);
    if (rc <= 0) return rc < 0 ? rc : 1;
    const json_t *things = hark_get_path(src->poll.live.items.root, "data", "children", NULL);
    hark_poll_begin(&src->poll);
    for (size_t i = 0; i < json_array_size(things); i++) take_thing(src, json_array_get(things, i));
    end_of_items(src);
    obey_limit(src);
    return 1;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct reddit *src = (struct reddit *)live;
    if (!hark_live_due(live)) return 1;
    if (!src->auth || hark_clock_mono_us() > src->auth_until_us) return ask_for_token(src, err);
    return src->at < 2 ? page(src, err) : ask_again(src, err);
}

static void done(struct hark_live *live)
{
    struct reddit *src = (struct reddit *)live;
    hark_poll_done(&src->poll);
    for (size_t i = 0; i < 2; i++) hark_walk_done(&src->walks[i]);
    free(src->login);
    free(src->api);
    free(src->path);
    free(src->agent);
    free(src->app);
    free(src->form);
    free(src->auth);
    free(src->named);
}

// --- opening ---

static bool is_name(struct hark_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i] | 32;
        if (!(c >= 'a' && c <= 'z') && !(name.ptr[i] >= '0' && name.ptr[i] <= '9') && name.ptr[i] != '_') return false;
    }
    return name.len > 0;
}

static bool choose_path(struct reddit *src, struct hark_str path, struct hark_err *err)
{
    while (path.len && path.ptr[0] == '/') path = hark_strn(path.ptr + 1, path.len - 1);
    while (path.len && path.ptr[path.len - 1] == '/') path.len--;
    bool good = hark_str_starts(path, HARK_STR("r/"));
    struct hark_str names = good ? hark_strn(path.ptr + 2, path.len - 2) : (struct hark_str){0}, rest = names;
    while (good && rest.ptr) good = is_name(hark_str_cut(rest, '+', &rest));
    if (!good)
        return hark_err_set(err, HARK_EINPUT,
                            "reddit: \"" HARK_STR_FMT "\" names no subreddits; right is r/NAME or r/NAME+NAME",
                            HARK_STR_ARG(path)) == 0;
    struct hark_buf buf = {0};
    hark_buf_printf(&buf, "/r/" HARK_STR_FMT, HARK_STR_ARG(names));
    set(&src->path, hark_buf_str(&buf));
    hark_buf_done(&buf);
    return true;
}

static bool choose(struct reddit *src, struct hark_str argument, struct hark_err *err)
{
    bool named = memmem(argument.ptr, argument.len, "://", 3) != NULL;
    set(&src->login, HARK_STR("https://www.reddit.com"));
    set(&src->api, HARK_STR("https://oauth.reddit.com"));
    if (!named) return choose_path(src, argument, err);
    char *url = hark_str_dup(argument);
    bool good = hark_net_check(url, "https http", err) == 0;
    if (good) {
        struct hark_str origin = hark_net_origin(url);
        set(&src->login, origin);
        set(&src->api, origin);
        good = choose_path(src, hark_str(url + origin.len), err);
    }
    free(url);
    return good;
}

// A script app reads as its owner, another one for itself.
static bool sign_in(struct reddit *src, const struct hark_source_options *options, struct hark_err *err)
{
    struct hark_buf form = {0}, agent = {0};
    struct hark_str password = {0}, user = {0};
    if (options->reddit_login) user = hark_str_cut(hark_str(options->reddit_login), ':', &password);
    if (!options->reddit_app || !strchr(options->reddit_app, ':'))
        hark_err_set(err, HARK_EINPUT,
                     "reddit: needs an app of Reddit's API: set " APP " or " APP "_FILE to ID:SECRET");
    if (options->reddit_login && !password.ptr) hark_err_set(err, HARK_EINPUT, "reddit: " LOGIN " is USER:PASSWORD");
    struct hark_str owner = options->reddit_user ? hark_str(options->reddit_user) : user;
    if (!owner.len && !err->code)
        hark_err_set(err, HARK_EINPUT,
                     "reddit: Reddit asks whose app it is: set --reddit-user (" USER
                     ") to the name of your account there");
    if (err->code) return false;
    hark_buf_printf(&agent, "User-Agent: linux:hark:v" HARK_VERSION " (by /u/" HARK_STR_FMT ")", HARK_STR_ARG(owner));
    hark_buf_printf(&form, "grant_type=%s", user.ptr ? "password&username=" : "client_credentials");
    hark_poll_escape(&form, user);
    if (user.ptr) hark_buf_printf(&form, "&password=");
    hark_poll_escape(&form, password);
    set(&src->agent, hark_buf_str(&agent));
    set(&src->form, hark_buf_str(&form));
    set(&src->app, hark_str(options->reddit_app));
    hark_buf_done(&agent);
    hark_buf_done(&form);
    return true;
}

static struct hark_source *reddit_open(struct hark_str argument, const struct hark_source_options *options,
                                       struct hark_err *err)
{
    struct reddit *src = hark_calloc(1, sizeof *src);
    struct hark_live *live = &src->poll.live;
    struct hark_buf name = {0};
    int64_t known[2] = {0};
    live->step = step;
    live->done = done;
    src->named = hark_calloc(NAMED, sizeof *src->named);
    hark_buf_printf(&name, "reddit:" HARK_STR_FMT, HARK_STR_ARG(argument));
    live->base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    bool good = hark_poll_init(&src->poll, POLL_MS, options, err) && choose(src, argument, err) &&
                sign_in(src, options, err) &&
                (!options->resume.len || hark_poll_numbers(options->resume, known, 2, "Reddit", err));
    for (size_t i = 0; i < 2; i++) src->walks[i] = (struct hark_walk){.known_ms = known[i], .back_ms = BACK_MS};
    if (good && options->resume.len) hark_buf_str_add(&live->after, options->resume);
    if (good) return &live->base;
    hark_source_free(&live->base);
    return NULL;
}

extern const struct hark_source_kind hark_source_reddit;
const struct hark_source_kind hark_source_reddit = {
    .name = "reddit",
    .argument = "r/NAME[+NAME…]",
    .about = "submissions and comments in subreddits (" APP ")",
    .terms =
        "Reddit asks that what is deleted there be deleted everywhere, within 48 hours (the setting retain keeps to "
        "it in Redis; keep topics' retention as short), and that nobody be identified or profiled; commercial use "
        "needs its permission",
    .open = reddit_open,
};
