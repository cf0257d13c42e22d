// Bluesky's Jetstream over WebSocket, in both protocols, which the path tells apart.
//
// Version 1 (/subscribe): a cursor is a time in µs; events of one time may come in any order, so that a stream is taken
// up five seconds back, and what was seen is passed over. Older than the server keeps (36 h) it begins later and says
// nothing: a hole between the cursor and the first event tells. Version 2 (…/network.bsky.jetstream.subscribeEvents): a
// cursor is a seq of this one instance, inclusive. What it no longer has it refuses (CursorTooOld), and on another
// instance the seq means nothing: then the cursor is a time as in version 1, which the server may move forward. The
// server closes the connection on any data that a client sends, so none is sent.
//
// A position is "1 TIME_US" or "2 SEQ TIME_US HOST".
#include "json_get.h"
#include "live.h"
#include "seen.h"
#include "taken.h"

#include <hark/clock.h>
#include <hark/text.h>

#include <stdio.h>
#include <stdlib.h>

extern const struct hark_format hark_format_jetstream;

#define V2_PATH "/xrpc/network.bsky.jetstream.subscribeEvents"
#define BACK_US INT64_C(5000000)   // how far a stream is taken back: what Jetstream's manual calls a few seconds
#define HOLE_US INT64_C(600000000) // the network is never silent for ten minutes: what lies there was not given
#define KEPT_US (36 * INT64_C(3600000000))          // how far back an instance goes; beyond it every hole counts
#define STALE_MS 30000                              // somebody on the network posts every few ms
#define FIRST_TIME_CURSOR INT64_C(1000000000000000) // a cursor from here on is a time, below it a seq

static const char *const public_instances[] = {
    "wss://jetstream2.us-east.bsky.network/subscribe",
    "wss://jetstream1.us-east.bsky.network/subscribe",
    "wss://jetstream2.us-west.bsky.network/subscribe",
    "wss://jetstream1.us-west.bsky.network/subscribe",
};

struct bluesky {
    struct hark_live live;
    const char *const *urls;
    char *own_url;
    const char *own_urls[1];
    size_t nurls, at_url;
    bool v2, connected, first; // first: no event came yet on this connection
    bool by_time;              // v2: the seq is of no use
    int64_t time_us, seq;      // of the latest event; 0: none
    char *seq_host;            // whose seq it is
    int64_t asked_us;          // the time that this connection was to begin at; 0: now
    int64_t from_us;           // and the time of the latest event before it
    struct hark_seen seen;
    struct hark_taken taken;
};

static bool is_v2(const char *url)
{
    return strstr(url, V2_PATH) != NULL;
}

static const char *url_now(const struct bluesky *src)
{
    return src->urls[src->at_url % src->nurls];
}

// The URL with the collections and the cursor.
static void make_url(struct bluesky *src, struct hark_buf *url)
{
    struct hark_str host = hark_net_host(url_now(src));
    hark_buf_printf(url, "%s%c", url_now(src), strchr(url_now(src), '?') ? '&' : '?');
    hark_buf_printf(url, src->v2 ? "collections=app.bsky.feed.post&kinds=commit&kinds=account"
                                 : "wantedCollections=app.bsky.feed.post");
    src->asked_us = 0;
    src->from_us = src->time_us;
    if (!src->time_us) return;
    src->asked_us = src->time_us - BACK_US;
    bool by_seq = src->v2 && !src->by_time && src->seq && hark_str_is(host, src->seq_host);
    hark_buf_printf(url, "&cursor=%lld", (long long)(by_seq ? src->seq : src->asked_us));
}

// A refusal's body says why; the handshake that failed did not keep it.
static bool says_too_old(struct bluesky *src, const char *ws_url)
{
    struct hark_buf url = {0}, body = {0};
    struct hark_err err = {0};
    enum { MOST_BYTES = 64 << 10 };
    hark_buf_printf(&url, "http%s", ws_url + 2); // ws → http, wss → https
    const struct hark_net_request request = {.url = hark_buf_cstr(&url), .stale_ms = HARK_NET_CONNECT_MS};
    bool too_old = hark_net_open(src->live.net, &request, &err) == 0 && hark_net_status(src->live.net) == 400 &&
                   hark_net_body(src->live.net, MOST_BYTES, &body, &err) == 0 &&
                   memmem(body.ptr, body.len, "CursorTooOld", strlen("CursorTooOld"));
    hark_net_close(src->live.net);
    hark_buf_done(&url);
    hark_buf_done(&body);
    return too_old;
}

static int lost(struct bluesky *src, const struct hark_err *why, struct hark_err *err)
{
    struct hark_live *live = &src->live;
    // One instance after the other, and only then a pause.
    bool again = !src->connected && ++src->at_url % src->nurls != 0;
    src->connected = false;
    hark_net_close(live->net);
    return hark_live_failed(live, why, again && why->retriable ? 0 : -1, err);
}

static int connect_to(struct bluesky *src, struct hark_err *err)
{
    static const char *const v2_headers[] = {"Sec-WebSocket-Protocol: xrpc.v1.json", NULL};
    struct hark_live *live = &src->live;
    struct hark_buf url = {0};
    struct hark_err why = {0};
    int rc = 1;
    if (!hark_live_due(live)) return 1;
    src->v2 = is_v2(url_now(src));
    make_url(src, &url);
    const struct hark_net_request request = {
        .url = hark_buf_cstr(&url),
        .headers = src->v2 ? v2_headers : NULL,
        .stale_ms = live->stale_ms ? live->stale_ms : STALE_MS,
    };
    if (hark_net_ws_open(live->net, &request, &why) == 0) {
        src->connected = src->first = true;
        hark_live_reached(live);
    } else if (hark_net_status(live->net) == 400 && src->v2 && !src->by_time && says_too_old(src, url.ptr)) {
        src->by_time = true; // and the hole that this leaves shows with the first event
    } else {
        rc = lost(src, &why, err);
    }
    hark_buf_done(&url);
    return rc;
}

// --- events ---

struct event {
    const json_t *body;   // of v2's payload, or the event of v1
    const json_t *commit; // with collection, rkey, rev, operation
    int64_t time_us, seq; // 0: not said
};

static int64_t parse_time_us(const char *text)
{
    int64_t ms;
    const char *dot = text ? strchr(text, '.') : NULL;
    if (!text || hark_time_parse(hark_str(text), &ms) < 0) return 0;
    int64_t us = 0;
    for (int i = 0; dot && i < 6; i++) us = us * 10 + (dot[1] >= '0' && dot[1] <= '9' ? *++dot - '0' : 0);
    return ms / 1000 * 1000000 + us;
}

static struct event read_event(const struct bluesky *src)
{
    const json_t *root = src->live.items.root;
    struct event event = {.body = root, .commit = json_object_get(root, "commit")};
    if (src->v2) {
        event.body = event.commit = json_object_get(root, "payload");
        event.seq = json_integer_value(json_object_get(event.body, "seq"));
        event.time_us = parse_time_us(json_string_value(json_object_get(event.body, "time")));
    } else {
        event.time_us = json_integer_value(json_object_get(root, "time_us"));
    }
    return event;
}

static uint64_t identity_of(const struct event *event)
{
    static const char *const keys[] = {"rev", "collection", "rkey", "operation"};
    struct hark_buf buf = {0};
    const char *did = json_string_value(json_object_get(event->body, "did"));
    hark_buf_printf(&buf, "%s", did ? did : "");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = json_string_value(json_object_get(event->commit, keys[i]));
        hark_buf_printf(&buf, "\n%s", value ? value : "");
    }
    uint64_t hash = hark_str_hash(hark_buf_str(&buf));
    hark_buf_done(&buf);
    return hash;
}

struct takedown {
    struct bluesky *src;
    struct hark_str did;
    int64_t time_ms;
};

static void take_down(void *arg, struct hark_str key)
{
    const struct takedown *down = arg;
    struct hark_items *items = &down->src->live.items;
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("bluesky");
    post.op = HARK_OP_DELETE;
    post.id = hark_arena_printf(&items->arena, "at://" HARK_STR_FMT "/app.bsky.feed.post/" HARK_STR_FMT,
                                HARK_STR_ARG(down->did), HARK_STR_ARG(key));
    post.author.id = down->did;
    post.time_ms = down->time_ms;
    hark_items_add(items, &post);
}

// An account that is gone takes its posts along: those that were seen lately become deletes. "throttled" and
// "desynchronized" say something of a server, not of the account.
static void account_event(struct bluesky *src, const struct event *event)
{
    static const char *const gone[] = {"takendown", "suspended", "deleted", "deactivated"};
    const json_t *account = json_object_get(event->body, "account");
    const char *status = json_string_value(json_object_get(account, "status"));
    struct takedown down = {src, hark_get_str(event->body, "did", &src->live.items.arena), event->time_us / 1000};
    if (!json_is_false(json_object_get(account, "active")) || !status) return;
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        if (strcmp(status, gone[i]) == 0) hark_taken_all(&src->taken, down.did, take_down, &down);
}

static void remember(struct bluesky *src, const struct hark_source_item *item, const struct event *event)
{
    const char *key = json_string_value(json_object_get(event->commit, "rkey"));
    if (item->kind == HARK_ITEM_POST && item->post->op == HARK_OP_CREATE && key)
        hark_taken_put(&src->taken, item->post->author.id, hark_str(key));
}

// The first event after a cursor: whether the server began where it was asked to.
static void look_for_hole(struct bluesky *src, int64_t time_us)
{
    int64_t hole_us = time_us - src->from_us, age_us = hark_clock_ms() * 1000 - src->from_us;
    src->first = false;
    if (!src->asked_us || hole_us < BACK_US) return;
    if (hole_us < HOLE_US && age_us < KEPT_US && !src->by_time) return;
    hark_live_gap(&src->live, src->from_us / 1000, time_us / 1000, "cursor too old");
}

static void write_position(const struct bluesky *src, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    if (src->v2)
        hark_buf_printf(buf, "2 %lld %lld %s", (long long)src->seq, (long long)src->time_us, src->seq_host);
    else
        hark_buf_printf(buf, "1 %lld", (long long)src->time_us);
}

static void advance(struct bluesky *src, const struct event *event)
{
    struct hark_buf *before = &src->live.before, *after = &src->live.after;
    if (event->time_us > src->time_us) src->time_us = event->time_us;
    if (event->seq) {
        struct hark_str host = hark_net_host(url_now(src));
        if (!hark_str_is(host, src->seq_host)) {
            free(src->seq_host);
            src->seq_host = hark_str_dup(host);
        }
        src->seq = event->seq;
        src->by_time = false;
    }
    struct hark_buf swap = *before;
    *before = *after;
    *after = swap;
    write_position(src, after);
}

static void take_event(struct bluesky *src)
{
    struct hark_items *items = &src->live.items;
    struct event event = read_event(src);
    bool commit = json_is_string(json_object_get(event.commit, "rkey"));
    if (!event.time_us) return; // an #info, or no event: refused or dead already
    src->live.failures = 0;
    if (src->first) look_for_hole(src, event.time_us);
    if (src->v2 && event.seq && event.seq <= src->seq && hark_str_is(hark_net_host(url_now(src)), src->seq_host)) {
        hark_items_refuse(items, "repeat");
        return;
    }
    if (commit && hark_seen_before(&src->seen, identity_of(&event)))
        hark_items_refuse(items, "repeat");
    else if (commit)
        remember(src, items->v, &event);
    else
        account_event(src, &event);
    advance(src, &event);
}

// {"$type":"error"} ends a stream of version 2.
static bool is_error(const struct bluesky *src, struct hark_err *why)
{
    const json_t *root = src->live.items.root;
    const char *name = json_string_value(json_object_get(root, "error"));
    if (!src->v2 || !hark_get_is(root, "$type", "error")) return false;
    hark_err_retry(why, HARK_ESERVICE, "%s: the server ends the stream: %s", url_now(src), name ? name : "error");
    return true;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct bluesky *src = (struct bluesky *)live;
    struct hark_net_message message;
    struct hark_err why = {0};
    if (!src->connected) return connect_to(src, err);
    int rc = hark_net_ws_read(live->net, HARK_POST_MAX_BYTES, HARK_DEAD_MAX_BYTES, HARK_LIVE_WAIT_MS, &message, &why);
    if (rc == HARK_NET_QUIET) {
        hark_live_idle(live);
        return 1;
    }
    if (rc < 0) return lost(src, &why, err);
    hark_live_record(live, message.text, message.len, (struct hark_str){0});
    if (is_error(src, &why)) {
        hark_items_refuse(&live->items, "error");
        return lost(src, &why, err);
    }
    if (live->items.root) take_event(src);
    return 1;
}

static void done(struct hark_live *live)
{
    struct bluesky *src = (struct bluesky *)live;
    hark_seen_done(&src->seen);
    hark_taken_done(&src->taken);
    free(src->own_url);
    free(src->seq_host);
}

// --- opening ---

static bool parse_position(struct bluesky *src, struct hark_str position, struct hark_err *err)
{
    struct hark_str rest, kind = hark_str_cut(position, ' ', &rest), seq = HARK_STR("0"), time = {0}, host = {0};
    if (hark_str_is(kind, "2")) {
        seq = hark_str_cut(rest, ' ', &rest);
        time = hark_str_cut(rest, ' ', &host);
    } else if (hark_str_is(kind, "1")) {
        time = rest;
    }
    if (!time.ptr || hark_str_int(time, &src->time_us) < 0 || hark_str_int(seq, &src->seq) < 0 ||
        src->time_us < FIRST_TIME_CURSOR || src->seq < 0)
        return hark_err_set(err, HARK_EINPUT, "not a position in Bluesky's stream: \"" HARK_STR_FMT "\"",
                            HARK_STR_ARG(position)) == 0;
    free(src->seq_host);
    src->seq_host = hark_str_dup(host.ptr ? host : HARK_STR(""));
    return true;
}

static bool choose_urls(struct bluesky *src, struct hark_str argument, struct hark_err *err)
{
    src->urls = public_instances;
    src->nurls = sizeof public_instances / sizeof *public_instances;
    if (!argument.len) return true;
    src->own_url = hark_str_dup(argument);
    src->own_urls[0] = src->own_url;
    src->urls = src->own_urls;
    src->nurls = 1;
    if (hark_net_check(src->own_url, "wss ws", err) < 0) return false;
    if (is_v2(src->own_url) || strstr(src->own_url, "/subscribe")) return true;
    return hark_err_set(err, HARK_EINPUT, "bluesky:%s: the path is neither /subscribe nor " V2_PATH, src->own_url) == 0;
}

static struct hark_source *bluesky_open(struct hark_str argument, const struct hark_source_options *options,
                                        struct hark_err *err)
{
    struct bluesky *src = hark_calloc(1, sizeof *src);
    struct hark_buf name = {0};
    src->live.step = step;
    src->live.done = done;
    src->seq_host = hark_str_dup(HARK_STR(""));
    hark_buf_printf(&name, "bluesky:" HARK_STR_FMT, HARK_STR_ARG(argument));
    src->live.base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    if (hark_live_init(&src->live, &hark_format_jetstream, options, err) && choose_urls(src, argument, err) &&
        (!options->resume.len || parse_position(src, options->resume, err))) {
        src->v2 = is_v2(url_now(src));
        if (src->time_us) write_position(src, &src->live.after);
        return &src->live.base;
    }
    hark_source_free(&src->live.base);
    return NULL;
}

extern const struct hark_source_kind hark_source_bluesky;
const struct hark_source_kind hark_source_bluesky = {
    .name = "bluesky",
    .argument = "[wss://HOST/…]",
    .about = "all posts on Bluesky, from a Jetstream server (default: the public ones in turn)",
    .terms = "Bluesky's public stream needs no account; deletes and take-downs that it tells are to be followed, which "
             "hark does for what it counted",
    .needs = "wss",
    .open = bluesky_open,
};
