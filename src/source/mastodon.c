// A Mastodon server: its public timeline, its own posts only, or a hashtag.
//
// With a token the posts stream in as server-sent events. Whatever a stream is opened for, the REST timeline is paged
// first from the latest post that is known (min_id), so that nothing is missed between two connections; without a token
// that paging, again and again, is all there is. Posts come over both ways, so that what was seen is passed over.
//
// Local ids hold the time of a post, in ms above 16 bits, and a server gives a post of another server the id of the
// time at which it was written. Late ones would be missed, so paging begins a minute before the latest post.
//
// Edits and deletes happen on the stream only. After one was lost the latest posts that were handed out are looked at
// again while the new one is read, some at a time: an edit that is new becomes an update, a post that is no longer
// there a delete.
//
// A position is "1 ID TIME_MS" of the latest post.
#include "again.h"
#include "json_get.h"
#include "live.h"
#include "records.h"
#include "seen.h"

#include <hark/clock.h>

#include <stdlib.h>

extern const struct hark_format hark_format_mastodon;

#define TOKEN "HARK_MASTODON_TOKEN"

enum {
    STALE_MS = 60000, // the server says ":thump" every 15 s
    POLL_MS = 5000,   // 60 in 5 minutes, of the 300 that a server allows
    BACK_MS = 60000,
    PAGE = 40,         // the most that the API gives
    MOST_PAGES = 1500, // of one catching up: 60,000 posts, 25 minutes at the usual rate limit
    PAGE_BYTES = 16 << 20,
    AGAIN = 20,             // posts to look at again in one request: more the API refuses
    AGAIN_MS = 2000,        // between two such requests: half of what a server allows, for paging needs the other
    AGAIN_LATER_MS = 60000, // where one failed
};

enum state { FIND, CONNECT, CATCH_UP, STREAM };

struct mastodon {
    struct hark_live live; // its net: the stream
    struct hark_net *rest;
    struct hark_input *in;
    struct hark_records records;
    char *origin;            // https://HOST
    char *timeline, *stream; // paths with a query, or with "?" at the end
    char *streaming;         // origin of the streaming API
    char *auth;              // the header; NULL: no token
    enum state state;
    unsigned pages;  // of this catching up
    char *last;      // id of the latest post; "" none
    char *floor;     // where we began, for the first time: nothing before it is wanted
    char *page_from; // where the next page begins; "" from `last`
    int64_t last_ms; // its time
    int64_t poll_ms;
    struct hark_seen seen;
    struct hark_buf body;
    struct hark_again again;
    json_t *looked;     // the answer that is gone through; NULL: none
    uint64_t looked_to; // the number behind the last post that it was asked for
    int64_t again_us;   // when the next request is due
    bool streamed;      // there was a stream before this one
    bool cannot_look;   // the server does not let posts be looked at so
};

static const char *const *headers(const struct mastodon *src, const char **two)
{
    two[0] = src->auth;
    two[1] = NULL;
    return src->auth ? two : NULL;
}

// Ids are numbers of any length, or texts that sort: a longer one is later.
static int id_cmp(struct hark_str a, struct hark_str b)
{
    return a.len != b.len ? (a.len < b.len ? -1 : 1) : hark_str_cmp(a, b);
}

static void set(char **text, struct hark_str s)
{
    char *copy = hark_str_dup(s);
    free(*text);
    *text = copy;
}

static int failed(struct mastodon *src, enum state state, const struct hark_err *why, int64_t delay_ms,
                  struct hark_err *err)
{
    src->state = state;
    if (state != CATCH_UP) hark_net_close(src->live.net);
    return hark_live_failed(&src->live, why, delay_ms, err);
}

// A GET of the REST API into `body`: 0, or an error with when to try again.
static int get(struct mastodon *src, const char *url, int64_t *ret_delay_ms, struct hark_err *why)
{
    const char *two[2];
    const struct hark_net_request request = {.url = url, .headers = headers(src, two), .stale_ms = STALE_MS};
    *ret_delay_ms = -1;
    if (hark_net_open(src->rest, &request, why) < 0) return why->code;
    if (hark_net_status(src->rest) != 200) {
        *ret_delay_ms = hark_live_status(&src->live, src->rest, url, TOKEN, why);
        return why->code;
    }
    if (!hark_live_is(src->rest, url, "application/json", why)) return why->code;
    return hark_net_body(src->rest, PAGE_BYTES, &src->body, why);
}

// --- where the stream is ---

static int find_stream(struct mastodon *src, struct hark_err *err)
{
    struct hark_buf url = {0};
    struct hark_err why = {0};
    int64_t delay_ms;
    hark_buf_printf(&url, "%s/api/v2/instance", src->origin);
    int rc = get(src, hark_buf_cstr(&url), &delay_ms, &why);
    long status = hark_net_status(src->rest);
    hark_buf_done(&url);
    if (rc < 0 && why.code != HARK_ESTOP && (status == 404 || status == 410))
        rc = 0; // before 4.0: the same host
    else if (rc < 0)
        return failed(src, FIND, &why, delay_ms, err);
    json_t *root = status == 200 ? json_loadb(src->body.ptr, src->body.len, 0, NULL) : NULL;
    const char *found = json_string_value(hark_get_path(root, "configuration", "urls", "streaming", NULL));
    set(&src->streaming, hark_str(src->origin));
    if (found && strncmp(found, "ws", 2) == 0 && hark_net_check(found, "wss ws", &why) == 0) {
        struct hark_buf origin = {0};
        hark_buf_printf(&origin, "http" HARK_STR_FMT, HARK_STR_ARG(hark_net_origin(found + 2))); // wss → https
        set(&src->streaming, hark_buf_str(&origin));
        hark_buf_done(&origin);
    }
    json_decref(root);
    src->state = CONNECT;
    return 1;
}

static void new_records(struct mastodon *src)
{
    hark_records_done(&src->records);
    hark_records_init(&src->records, src->in);
}

static int connect_stream(struct mastodon *src, struct hark_err *err)
{
    struct hark_live *live = &src->live;
    struct hark_buf url = {0};
    struct hark_err why = {0};
    const char *two[2];
    int64_t delay_ms = -1;
    hark_buf_printf(&url, "%s%s", src->streaming, src->stream);
    const struct hark_net_request request = {.url = hark_buf_cstr(&url),
                                             .headers = headers(src, two),
                                             .stale_ms = live->stale_ms ? live->stale_ms : STALE_MS};
    if (hark_net_open(live->net, &request, &why) == 0) {
        if (hark_net_status(live->net) != 200)
            delay_ms = hark_live_status(live, live->net, url.ptr, TOKEN, &why);
        else
            (void)hark_live_is(live->net, url.ptr, "text/event-stream", &why);
    }
    hark_buf_done(&url);
    if (why.code) return failed(src, CONNECT, &why, delay_ms, err);
    hark_live_reached(live);
    new_records(src);
    src->state = CATCH_UP;
    src->pages = 0;
    return 1;
}

// --- items ---

static void write_position(const struct mastodon *src, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    if (*src->last) hark_buf_printf(buf, "1 %s %lld", src->last, (long long)src->last_ms);
}

static uint64_t state_of(const json_t *status)
{
    const char *edited = json_string_value(json_object_get(status, "edited_at"));
    return hark_str_hash(hark_str(edited ? edited : ""));
}

// The same post, each time that it is edited, and deleted, is another event. Pages have it as it is now.
static uint64_t identity_of(const json_t *status, const struct hark_post *post)
{
    struct hark_buf buf = {0};
    hark_buf_printf(&buf, HARK_STR_FMT "\n%d %llx", HARK_STR_ARG(post->id), post->op,
                    post->op == HARK_OP_UPDATE ? (unsigned long long)state_of(status) : 0);
    uint64_t hash = hark_str_hash(hark_buf_str(&buf));
    hark_buf_done(&buf);
    return hash;
}

static void refuse(struct hark_source_item *item, const char *reason)
{
    *item = (struct hark_source_item){.kind = HARK_ITEM_REFUSED, .reason = hark_str(reason)};
}

// One item is one status: what its author does not want found is refused, what was seen is a repeat.
static void look_at(struct mastodon *src, const json_t *status, struct hark_source_item *item)
{
    struct hark_str id = hark_get_id(status, "id", &src->live.items.arena);
    if (item->kind == HARK_ITEM_POST) {
        bool later = item->post->op == HARK_OP_CREATE && id.len && id_cmp(id, hark_str(src->last)) > 0;
        if (later) {
            set(&src->last, id);
            src->last_ms = item->post->time_ms;
        }
        if (hark_get_true(json_object_get(status, "account"), "noindex"))
            refuse(item, "noindex");
        else if (hark_seen_before(&src->seen, identity_of(status, item->post)))
            refuse(item, "repeat");
        else if (src->auth && item->post->op == HARK_OP_CREATE && id.len)
            hark_again_put(&src->again, id, state_of(status));
    } else if (id.len && id_cmp(id, hark_str(src->last)) > 0) {
        set(&src->last, id); // refused for its visibility: paging need not begin before it
    }
}

static void take_record(struct mastodon *src, struct hark_str text, uint64_t len, struct hark_str event)
{
    struct hark_live *live = &src->live;
    struct hark_items *items = &live->items;
    write_position(src, &live->before);
    hark_live_record(live, text, len, event);
    bool page = json_is_array(items->root);
    for (size_t i = 0; items->root && i < items->n; i++)
        look_at(src, page ? json_array_get(items->root, i) : items->root, &items->v[i]);
    for (size_t i = 0; page && i < items->n / 2; i++) { // pages have the latest first
        struct hark_source_item swap = items->v[i];
        items->v[i] = items->v[items->n - 1 - i];
        items->v[items->n - 1 - i] = swap;
    }
    write_position(src, &live->after);
}

// --- paging ---

static void set_page_from(struct mastodon *src)
{
    int64_t number;
    struct hark_buf from = {0};
    if (hark_str_int(hark_str(src->last), &number) == 0 && number > ((int64_t)BACK_MS << 16))
        hark_buf_int(&from, number - ((int64_t)BACK_MS << 16));
    else
        hark_buf_str_add(&from, hark_str(src->last));
    if (id_cmp(hark_buf_str(&from), hark_str(src->floor)) < 0) {
        hark_buf_clear(&from);
        hark_buf_str_add(&from, hark_str(src->floor));
    }
    set(&src->page_from, hark_buf_str(&from));
    hark_buf_done(&from);
}

static void end_of_pages(struct mastodon *src)
{
    set(&src->page_from, HARK_STR(""));
    src->pages = 0;
    src->live.failures = 0;
    src->live.retry_us = src->auth ? 0 : hark_clock_mono_us() + src->poll_ms * 1000;
    if (!src->auth) return;
    src->state = STREAM;
    if (src->streamed) {
        hark_again_begin(&src->again);
        src->looked_to = 0;
    }
    src->streamed = true;
}

// The id at which the next page begins: the latest of this one. Empty: there was nothing in it.
static struct hark_str latest_of(json_t *page, struct hark_arena *arena)
{
    size_t i;
    json_t *status;
    struct hark_str latest = HARK_STR("");
    json_array_foreach(page, i, status) {
        struct hark_str id = hark_get_id(status, "id", arena);
        if (id.len && id_cmp(id, latest) > 0) latest = id;
    }
    return latest;
}

static struct hark_str oldest_of(json_t *page, struct hark_arena *arena)
{
    return hark_get_id(json_array_get(page, json_array_size(page) ? json_array_size(page) - 1 : 0), "id", arena);
}

// The server does not let us see what was missed; or it is more than can be caught up with.
static void give_up_pages(struct mastodon *src, const char *why)
{
    hark_live_gap(&src->live, src->last_ms, hark_clock_ms(), why);
    end_of_pages(src);
}

// With a stream the first page only says where we begin: what came since is in the stream.
static void begin_at(struct mastodon *src)
{
    struct hark_items *items = &src->live.items;
    hark_live_record(&src->live, hark_buf_str(&src->body), src->body.len, (struct hark_str){0});
    set(&src->last, latest_of(items->root, &items->arena));
    set(&src->floor, hark_str(src->last));
    src->last_ms = hark_clock_ms();
    hark_items_refuse(items, "before");
    write_position(src, &src->live.after);
    end_of_pages(src);
}

static void take_page(struct mastodon *src, bool first)
{
    struct hark_items *items = &src->live.items;
    take_record(src, hark_buf_str(&src->body), src->body.len, (struct hark_str){0});
    set(&src->page_from, latest_of(items->root, &items->arena));
    if (first) set(&src->floor, oldest_of(items->root, &items->arena));
    if (first || json_array_size(items->root) < PAGE)
        end_of_pages(src);
    else if (++src->pages >= MOST_PAGES)
        give_up_pages(src, "too many to catch up with");
}

static int page(struct mastodon *src, struct hark_err *err)
{
    struct hark_buf url = {0};
    struct hark_err why = {0};
    int64_t delay_ms;
    bool first = !*src->last;
    if (!first && !*src->page_from) set_page_from(src);
    hark_buf_printf(&url, "%s%slimit=%d", src->origin, src->timeline, PAGE);
    if (!first) hark_buf_printf(&url, "&min_id=%s", src->page_from);
    int rc = get(src, hark_buf_cstr(&url), &delay_ms, &why);
    hark_buf_done(&url);
    if (rc < 0 && src->auth && !why.retriable && why.code != HARK_ESTOP) {
        hark_live_note(&src->live, "%s", why.text);
        if (!first)
            give_up_pages(src, "the server does not let its timeline be paged");
        else
            end_of_pages(src);
        return 1;
    }
    if (rc < 0) return failed(src, CATCH_UP, &why, delay_ms, err);
    hark_live_reached(&src->live);
    if (first && src->auth)
        begin_at(src);
    else
        take_page(src, first);
    return 1;
}

// --- looking at posts again ---

static void look_later(struct mastodon *src, int64_t ms)
{
    src->again_us = hark_clock_mono_us() + ms * 1000;
}

// A GET for the posts that are next: 0; or an error, after which it is tried later or never. A stop is an error too.
static int ask_again(struct mastodon *src, const char *url, struct hark_err *why)
{
    int64_t delay_ms;
    int rc = get(src, url, &delay_ms, why);
    look_later(src, rc == 0 ? AGAIN_MS : delay_ms > AGAIN_LATER_MS ? delay_ms : AGAIN_LATER_MS);
    return rc;
}

static bool ask_for_some(struct mastodon *src)
{
    struct hark_buf url = {0};
    struct hark_err why = {0};
    const struct hark_again_post *post;
    size_t n = 0;
    hark_buf_printf(&url, "%s/api/v1/statuses", src->origin);
    for (; n < AGAIN && (post = hark_again_peek(&src->again, n)); n++)
        hark_buf_printf(&url, "%cid[]=%s", n ? '&' : '?', post->id ? post->id : "");
    int rc = ask_again(src, hark_buf_cstr(&url), &why);
    hark_buf_done(&url);
    if (rc == 0) {
        json_decref(src->looked);
        src->looked = json_loadb(src->body.ptr, src->body.len, 0, NULL);
        src->looked_to = json_is_array(src->looked) ? src->again.next + n : 0;
    } else if (!why.retriable && why.code != HARK_ESTOP) { // servers before 4.3
        src->cannot_look = true;
        hark_live_note(&src->live, "edits and deletes that happened meanwhile cannot be asked for: %s", why.text);
    }
    return rc == 0;
}

// That a post is not in the answer is not enough to take it back. 1: it is gone; 0: it is not; -1: not known yet.
static int is_gone(struct mastodon *src, const char *id)
{
    struct hark_buf url = {0};
    struct hark_err why = {0};
    hark_buf_printf(&url, "%s/api/v1/statuses/%s", src->origin, id);
    int rc = ask_again(src, hark_buf_cstr(&url), &why);
    hark_buf_done(&url);
    long status = hark_net_status(src->rest);
    if (rc < 0 && !why.retriable && why.code != HARK_ESTOP) {
        look_later(src, AGAIN_MS);
        return status == 404 || status == 410;
    }
    return rc == 0 ? 0 : -1;
}

static const json_t *looked_up(const struct mastodon *src, const char *id)
{
    size_t i;
    json_t *status;
    json_array_foreach(src->looked, i, status)
        if (hark_get_is(status, "id", id)) return status;
    return NULL;
}

// As if the stream had told it. The text stays until the next request.
static void take_event(struct mastodon *src, const char *text, struct hark_str event)
{
    hark_buf_clear(&src->body);
    hark_buf_str_add(&src->body, hark_str(text));
    take_record(src, hark_buf_str(&src->body), src->body.len, event);
}

static void take_edit(struct mastodon *src, const json_t *status, struct hark_again_post *post)
{
    if (state_of(status) == post->state) return;
    post->state = state_of(status);
    char *text = json_dumps(status, JSON_COMPACT);
    if (text) take_event(src, text, HARK_STR("status.update"));
    free(text);
}

static void take_gone(struct mastodon *src, struct hark_again_post *post)
{
    take_event(src, post->id, HARK_STR("delete"));
    free(post->id);
    post->id = NULL;
}

// One post of those that were asked for; true: it made an item, or a request.
static bool look_at_next(struct mastodon *src)
{
    struct hark_again_post *post = hark_again_peek(&src->again, 0);
    const json_t *status = post ? looked_up(src, post->id) : NULL;
    hark_items_clear(&src->live.items);
    if (post && !status) {
        int gone = is_gone(src, post->id);
        if (gone < 0) return true;
        if (gone) take_gone(src, post);
    } else if (post) {
        take_edit(src, status, post);
    }
    hark_again_pass(&src->again);
    return (post && !status) || src->live.items.n;
}

// Whether there was something to look at.
static bool look_again(struct mastodon *src)
{
    if (src->cannot_look || !hark_again_peek(&src->again, 0)) return false;
    if (hark_clock_mono_us() < src->again_us) return false;
    while (hark_again_peek(&src->again, 0) && src->again.next < src->looked_to)
        if (look_at_next(src)) return true;
    return hark_again_peek(&src->again, 0) && ask_for_some(src);
}

// --- the source ---

static int read_record(struct mastodon *src, struct hark_err *err)
{
    struct hark_err why = {0};
    struct hark_raw raw;
    int rc = hark_records_next(&src->records, &raw, &why);
    if (rc == HARK_INPUT_QUIET) {
        hark_live_idle(&src->live);
        return 1;
    }
    if (rc < 0) return failed(src, CONNECT, &why, -1, err);
    src->live.failures = 0;
    take_record(src, raw.text, raw.len, raw.event);
    return 1;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct mastodon *src = (struct mastodon *)live;
    if (src->state != STREAM && !hark_live_due(live)) return 1;
    switch (src->state) {
    case FIND: return find_stream(src, err);
    case CONNECT: return connect_stream(src, err);
    case CATCH_UP: return page(src, err);
    case STREAM: break;
    }
    return look_again(src) ? 1 : read_record(src, err);
}

static void done(struct hark_live *live)
{
    struct mastodon *src = (struct mastodon *)live;
    hark_records_done(&src->records);
    hark_input_free(src->in);
    hark_net_free(src->rest);
    hark_seen_done(&src->seen);
    hark_again_done(&src->again);
    json_decref(src->looked);
    hark_buf_done(&src->body);
    free(src->origin);
    free(src->timeline);
    free(src->stream);
    free(src->streaming);
    free(src->auth);
    free(src->last);
    free(src->page_from);
    free(src->floor);
}

// --- opening ---

// The token for this host: "TOKEN", or "HOST=TOKEN" among others, parted by commas or lines.
static struct hark_str token_for(const char *tokens, struct hark_str host)
{
    struct hark_str one, value, line, lines = hark_str(tokens);
    while (lines.ptr) {
        line = hark_str_cut(lines, '\n', &lines);
        while (line.ptr) {
            one = hark_str_trim(hark_str_cut(line, ',', &line));
            struct hark_str name = hark_str_cut(one, '=', &value);
            if (!value.ptr && one.len) return one;
            if (value.ptr && hark_str_eq(name, host)) return value;
        }
    }
    return (struct hark_str){0};
}

static bool choose_timeline(struct mastodon *src, struct hark_str path, struct hark_err *err)
{
    struct hark_buf timeline = {0}, stream = {0};
    bool good = true;
    while (path.len && path.ptr[path.len - 1] == '/') path.len--;
    if (!path.len || hark_str_is(path, "/public")) {
        hark_buf_printf(&timeline, "/api/v1/timelines/public?");
        hark_buf_printf(&stream, "/api/v1/streaming/public");
    } else if (hark_str_is(path, "/public/local")) {
        hark_buf_printf(&timeline, "/api/v1/timelines/public?local=true&");
        hark_buf_printf(&stream, "/api/v1/streaming/public/local");
    } else if (hark_str_starts(path, HARK_STR("/tags/")) && path.len > 6 && !memchr(path.ptr + 6, '/', path.len - 6)) {
        hark_buf_printf(&timeline, "/api/v1/timelines/tag/%.*s?", (int)path.len - 6, path.ptr + 6);
        hark_buf_printf(&stream, "/api/v1/streaming/hashtag?tag=%.*s", (int)path.len - 6, path.ptr + 6);
    } else {
        good = hark_err_set(err, HARK_EINPUT,
                            "mastodon: \"" HARK_STR_FMT "\" is none of /public, /public/local and /tags/NAME",
                            HARK_STR_ARG(path)) == 0;
    }
    set(&src->timeline, hark_buf_str(&timeline));
    set(&src->stream, hark_buf_str(&stream));
    hark_buf_done(&timeline);
    hark_buf_done(&stream);
    return good;
}

static bool choose_server(struct mastodon *src, struct hark_str argument, const char *tokens, struct hark_err *err)
{
    struct hark_buf url = {0}, name = {0};
    bool has_scheme = memmem(argument.ptr, argument.len, "://", 3) != NULL;
    hark_buf_printf(&url, "%s" HARK_STR_FMT, has_scheme ? "" : "https://", HARK_STR_ARG(argument));
    bool good = hark_net_check(hark_buf_cstr(&url), "https http", err) == 0;
    if (good) {
        struct hark_str origin = hark_net_origin(url.ptr), token = {0};
        set(&src->origin, origin);
        good = choose_timeline(src, hark_str(url.ptr + origin.len), err);
        if (tokens) token = token_for(tokens, hark_net_host(url.ptr));
        if (token.len) {
            struct hark_buf auth = {0};
            hark_buf_printf(&auth, "Authorization: Bearer " HARK_STR_FMT, HARK_STR_ARG(token));
            set(&src->auth, hark_buf_str(&auth));
            hark_buf_done(&auth);
        }
    }
    hark_buf_printf(&name, "mastodon:%s", url.ptr);
    src->live.base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&url);
    hark_buf_done(&name);
    return good;
}

static bool parse_position(struct mastodon *src, struct hark_str position, struct hark_err *err)
{
    struct hark_str rest, kind = hark_str_cut(position, ' ', &rest), id = hark_str_cut(rest, ' ', &rest);
    bool good = hark_str_is(kind, "1") && id.len && rest.ptr && hark_str_int(rest, &src->last_ms) == 0;
    for (size_t i = 0; good && i < id.len; i++)
        good = (id.ptr[i] >= '0' && id.ptr[i] <= '9') || ((id.ptr[i] | 32) >= 'a' && (id.ptr[i] | 32) <= 'z');
    if (!good)
        return hark_err_set(err, HARK_EINPUT, "not a position on Mastodon: \"" HARK_STR_FMT "\"",
                            HARK_STR_ARG(position)) == 0;
    set(&src->last, id);
    return true;
}

static struct hark_source *mastodon_open(struct hark_str argument, const struct hark_source_options *options,
                                         struct hark_err *err)
{
    if (!argument.len) {
        hark_err_set(err, HARK_EINPUT, "mastodon: needs a server, such as mastodon:mastodon.social");
        return NULL;
    }
    struct mastodon *src = hark_calloc(1, sizeof *src);
    src->live.step = step;
    src->poll_ms = options->poll_ms ? options->poll_ms : POLL_MS;
    src->live.done = done;
    src->last = hark_str_dup(HARK_STR(""));
    src->page_from = hark_str_dup(HARK_STR(""));
    src->floor = hark_str_dup(HARK_STR(""));
    src->in = hark_input_from(hark_live_read, src);
    hark_records_init(&src->records, src->in);
    bool good = hark_live_init(&src->live, &hark_format_mastodon, options, err) &&
                choose_server(src, argument, options->mastodon_token, err) &&
                (!options->resume.len || parse_position(src, options->resume, err));
    src->rest = good ? hark_net_new(&src->live.wake, options->ca_file) : NULL;
    src->state = src->auth ? FIND : CATCH_UP;
    if (good) return &src->live.base;
    hark_source_free(&src->live.base);
    return NULL;
}

extern const struct hark_source_kind hark_source_mastodon;
const struct hark_source_kind hark_source_mastodon = {
    .name = "mastodon",
    .argument = "HOST[/tags/NAME]",
    .about = "public posts that a Mastodon server knows, or those with a hashtag (" TOKEN ": streamed)",
    .terms = "each server has rules of its own, which may forbid reading on a large scale; what is not public or whose "
             "author asks not to be indexed is refused",
    .open = mastodon_open,
};
