// A Nostr relay over WebSocket (NIP-01): a subscription gives what the relay has kept since a time, latest first, then
// EOSE, then what happens.
//
// Relays cap how much they give of what they kept, each as it likes, and do not say where. So after each connection the
// time before the oldest event that came is asked for as well (until), page by page, until a page is empty; only then
// does the position move on. What a relay has of a time is by created_at, which authors claim, so that a stream is
// taken up OVERLAP_S back, and what was seen is passed over: what was published later than that after it was written,
// while nobody was connected, is not seen.
//
// Relays forget at their will. The latest event that was seen is always asked for again: where nothing as old comes,
// the time from there to the oldest that does is a gap.
//
// A position is "1 HEARD_S LATEST_S": our clock when the relay was last heard with nothing left to catch up with, and
// created_at of the latest event by then.
#include "json_get.h"
#include "live.h"
#include "seen.h"

#include <hark/clock.h>

#include <stdio.h>
#include <stdlib.h>

extern const struct hark_format hark_format_nostr;

#define KINDS "\"kinds\":[1,5,6,16]"
#define LIVE "hark-live"
#define PAGE "hark-page-%u"

enum {
    OVERLAP_S = 600,
    PAGE_EVENTS = 500, // what most relays give at most
    MOST_PAGES = 400,  // of one catching up
    STALE_MS = 60000,  // of silence, though a third of that time before the relay was asked for a sign of life
    EOSE_MS = 30000,   // for a relay to say that it has given what it kept
    LIMITED_MS = 60000,
};

enum state { CONNECT, KEPT, PAGES, CAUGHT_UP };

struct nostr {
    struct hark_live live;
    char *url;
    enum state state;
    int64_t heard_s, known_s; // of the position; 0: never
    int64_t latest_s;         // created_at of the latest event
    int64_t base_s;           // what this connection asks from
    int64_t oldest_s;         // created_at of the oldest event that was kept since then; 0: none came
    int64_t last_s;           // and of the last one of the page that comes
    int64_t until_s;          // of the page that was asked for; 0: none was
    int64_t full_s;           // the second that was all of the last page; 0: there was more in it
    unsigned pages, in_page;  // pages so far; events of the one that comes
    int64_t asked_us;         // when it last went on with what was asked for
    int64_t spoke_us;         // when either side last said something
    struct hark_seen seen;
};

// --- what is said to the relay ---

// Each page is a subscription of its own, for what happens comes in the open ones too, behind their EOSE.
static int subscribe(struct nostr *src, struct hark_err *err)
{
    struct hark_buf text = {0};
    hark_buf_printf(&text, src->pages ? "[\"REQ\",\"" PAGE "\"" : "[\"REQ\",\"" LIVE "\"", src->pages);
    hark_buf_printf(&text, ",{" KINDS ",\"since\":%lld", (long long)src->base_s);
    if (src->pages) hark_buf_printf(&text, ",\"until\":%lld,\"limit\":%d", (long long)src->until_s, PAGE_EVENTS);
    hark_buf_printf(&text, "}]");
    src->asked_us = hark_clock_mono_us();
    src->in_page = 0;
    src->last_s = 0;
    int rc = hark_net_ws_send(src->live.net, hark_buf_str(&text), err);
    hark_buf_done(&text);
    return rc;
}

static int close_page(struct nostr *src, struct hark_err *err)
{
    char text[64];
    if (!src->pages) return 0;
    snprintf(text, sizeof text, "[\"CLOSE\",\"" PAGE "\"]", src->pages);
    return hark_net_ws_send(src->live.net, hark_str(text), err);
}

static int lost(struct nostr *src, const struct hark_err *why, int64_t delay_ms, struct hark_err *err)
{
    src->state = CONNECT;
    hark_net_close(src->live.net);
    return hark_live_failed(&src->live, why, delay_ms, err);
}

static void choose_base(struct nostr *src)
{
    src->base_s = (src->heard_s ? src->heard_s : hark_clock_ms() / 1000) - OVERLAP_S;
    if (src->known_s && src->known_s < src->base_s) src->base_s = src->known_s;
    src->oldest_s = src->until_s = src->full_s = 0;
    src->pages = 0;
}

static int connect_to(struct nostr *src, struct hark_err *err)
{
    struct hark_live *live = &src->live;
    struct hark_err why = {0};
    if (!hark_live_due(live)) return 1;
    const struct hark_net_request request = {.url = src->url, .stale_ms = src->live.stale_ms};
    choose_base(src);
    if (hark_net_ws_open(live->net, &request, &why) || subscribe(src, &why)) return lost(src, &why, -1, err);
    hark_live_reached(live);
    src->spoke_us = hark_clock_mono_us();
    src->state = KEPT;
    return 1;
}

// --- positions ---

static void write_position(const struct nostr *src, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    if (src->heard_s) hark_buf_printf(buf, "1 %lld %lld", (long long)src->heard_s, (long long)src->known_s);
}

// Only where there is nothing left to catch up with.
static void advance(struct nostr *src)
{
    src->heard_s = hark_clock_ms() / 1000;
    src->known_s = src->latest_s;
    write_position(src, &src->live.after);
}

// --- catching up ---

static void look_for_hole(struct nostr *src)
{
    bool hole = src->known_s && (!src->oldest_s || src->oldest_s > src->known_s);
    int64_t to_ms = src->oldest_s ? src->oldest_s * 1000 : hark_clock_ms();
    const char *why = src->pages == MOST_PAGES ? "too many to catch up with" : "the relay has nothing as old";
    if (hole) hark_live_gap(&src->live, src->known_s * 1000, to_ms, why);
}

// Where what was kept, or a page of it, ends: asks for what is older. 1: asked; 0: there is no more; or an error.
static int ask_older(struct nostr *src, struct hark_err *err)
{
    bool moved = src->last_s && (!src->until_s || src->last_s < src->until_s);
    int64_t next_s = moved ? src->last_s : src->until_s - 1;
    if (!src->in_page) return 0;
    // There is more behind it, so that the page did not end for want of posts.
    if (src->full_s) hark_live_gap(&src->live, src->full_s * 1000, src->full_s * 1000 + 999, "too many in a second");
    src->full_s = moved ? 0 : src->until_s;
    if (next_s < src->base_s) return 0;
    if (src->pages == MOST_PAGES) return 0;
    src->pages++;
    src->until_s = next_s;
    src->state = PAGES;
    return subscribe(src, err) ? err->code : 1;
}

static int end_of_kept(struct nostr *src, struct hark_err *err)
{
    if (close_page(src, err)) return err->code;
    int rc = ask_older(src, err);
    if (rc) return rc;
    look_for_hole(src);
    src->state = CAUGHT_UP;
    src->live.failures = 0;
    advance(src);
    return 1;
}

// --- messages ---

static void take_event(struct nostr *src, const json_t *event, bool kept)
{
    struct hark_items *items = &src->live.items;
    const char *id = json_string_value(json_object_get(event, "id"));
    int64_t created_s = hark_get_number(event, "created_at");
    if (kept) {
        src->in_page++;
        src->asked_us = src->spoke_us;
    }
    // What could not be read, or was forged, says nothing of the relay either.
    if (!id || items->v[0].kind == HARK_ITEM_DEAD) return;
    if (kept && created_s < src->base_s) {
        hark_items_refuse(items, "before");
        return;
    }
    src->live.failures = 0;
    if (kept) src->last_s = created_s; // a page has the latest first
    if (kept && (!src->oldest_s || created_s < src->oldest_s)) src->oldest_s = created_s;
    if (hark_seen_before(&src->seen, hark_str_hash(hark_str(id)))) hark_items_refuse(items, "repeat");
    if (created_s > src->latest_s && created_s <= hark_clock_ms() / 1000) src->latest_s = created_s;
    if (src->state == CAUGHT_UP) advance(src);
}

// ["CLOSED",SUBSCRIPTION,"word: text"]: the relay does not give what was asked for.
static int closed(const struct nostr *src, const char *text, int64_t *ret_delay_ms, struct hark_err *why)
{
    static const char *const final[] = {"auth-required:", "restricted:", "blocked:", "invalid:", "unsupported:"};
    if (!text) text = "";
    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        if (strncmp(text, final[i], strlen(final[i])) == 0)
            return hark_err_set(why, HARK_EINPUT,
                                "%s: the relay does not give its posts to everybody: %s; name another", src->url, text);
    if (strncmp(text, "rate-limited:", strlen("rate-limited:")) == 0) *ret_delay_ms = LIMITED_MS;
    return hark_err_retry(why, HARK_ESERVICE, "%s: the relay ended the subscription: %s", src->url, text);
}

// 0, or an error that ends the connection.
static int take_message(struct nostr *src, bool page, int64_t *ret_delay_ms, struct hark_err *why)
{
    const json_t *root = src->live.items.root;
    const char *word = json_string_value(json_array_get(root, 0));
    if (!word) return 0;
    if (strcmp(word, "EVENT") == 0) take_event(src, json_array_get(root, 2), page || src->state == KEPT);
    if (strcmp(word, "NOTICE") == 0 && json_is_string(json_array_get(root, 1)))
        hark_live_note(&src->live, "the relay says: %.500s", json_string_value(json_array_get(root, 1)));
    if (strcmp(word, "CLOSED") == 0) return closed(src, json_string_value(json_array_get(root, 2)), ret_delay_ms, why);
    bool end = strcmp(word, "EOSE") == 0 && src->state == (page ? PAGES : KEPT);
    return end && end_of_kept(src, why) < 0 ? why->code : 0;
}

// Whether it belongs to the page that was asked for: a subscription's name is the second of a message's parts.
static bool is_of_page(const struct nostr *src, struct hark_str text)
{
    enum { HEAD = 64 };
    char name[32];
    snprintf(name, sizeof name, "\"" PAGE "\"", src->pages);
    return src->state == PAGES && memmem(text.ptr, text.len < HEAD ? text.len : HEAD, name, strlen(name));
}

// Nothing came for a while: the relay is asked whether it is there, and given up where it does not go on with what it
// was asked for.
static int look_after(struct nostr *src, struct hark_err *why)
{
    int64_t now_us = hark_clock_mono_us();
    if (src->state != CAUGHT_UP && now_us - src->asked_us > EOSE_MS * INT64_C(1000))
        return hark_err_retry(why, HARK_ESERVICE, "%s: the relay did not say within %d s that it gave what it has",
                              src->url, EOSE_MS / 1000);
    if (now_us - src->spoke_us < src->live.stale_ms * 1000 / 3) return 0;
    src->spoke_us = now_us;
    return hark_net_ws_send(src->live.net, (struct hark_str){0}, why);
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct nostr *src = (struct nostr *)live;
    struct hark_net_message message;
    struct hark_err why = {0};
    int64_t delay_ms = -1;
    if (src->state == CONNECT) return connect_to(src, err);
    int rc = hark_net_ws_read(live->net, HARK_POST_MAX_BYTES, HARK_DEAD_MAX_BYTES, HARK_LIVE_WAIT_MS, &message, &why);
    if (rc == HARK_NET_QUIET) {
        hark_live_idle(live);
        return look_after(src, &why) ? lost(src, &why, -1, err) : 1;
    }
    if (rc < 0) return lost(src, &why, -1, err);
    bool page = is_of_page(src, message.text);
    src->spoke_us = hark_clock_mono_us();
    live->items.heard_ms = hark_clock_ms();
    live->items.live = !page && src->state != KEPT;
    write_position(src, &live->before);
    hark_live_record(live, message.text, message.len, (struct hark_str){0});
    if (take_message(src, page, &delay_ms, &why)) return lost(src, &why, delay_ms, err);
    return look_after(src, &why) ? lost(src, &why, -1, err) : 1;
}

static void done(struct hark_live *live)
{
    struct nostr *src = (struct nostr *)live;
    hark_seen_done(&src->seen);
    free(src->url);
}

// --- opening ---

static bool parse_position(struct nostr *src, struct hark_str position, struct hark_err *err)
{
    struct hark_str rest, kind = hark_str_cut(position, ' ', &rest), heard = hark_str_cut(rest, ' ', &rest);
    if (!hark_str_is(kind, "1") || !rest.ptr || hark_str_int(heard, &src->heard_s) ||
        hark_str_int(rest, &src->known_s) || src->heard_s < 0 || src->known_s < 0)
        return hark_err_set(err, HARK_EINPUT, "not a position on a Nostr relay: \"" HARK_STR_FMT "\"",
                            HARK_STR_ARG(position)) == 0;
    src->latest_s = src->known_s;
    write_position(src, &src->live.after);
    return true;
}

static struct hark_source *nostr_open(struct hark_str argument, const struct hark_source_options *options,
                                      struct hark_err *err)
{
    struct nostr *src = hark_calloc(1, sizeof *src);
    struct hark_buf name = {0};
    src->live.step = step;
    src->live.done = done;
    src->url = hark_str_dup(argument);
    hark_buf_printf(&name, "nostr:%s", src->url);
    src->live.base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    bool good = hark_live_init(&src->live, &hark_format_nostr, options, err);
    if (!src->live.stale_ms) src->live.stale_ms = STALE_MS;
    if (good && !argument.len)
        good = hark_err_set(err, HARK_EINPUT, "nostr: needs a relay, such as nostr:wss://relay.example") == 0;
    if (good && hark_net_check(src->url, "wss ws", err) == 0 &&
        (!options->resume.len || parse_position(src, options->resume, err)))
        return &src->live.base;
    hark_source_free(&src->live.base);
    return NULL;
}

extern const struct hark_source_kind hark_source_nostr;
const struct hark_source_kind hark_source_nostr = {
    .name = "nostr",
    .argument = "wss://RELAY",
    .about = "posts on Nostr that a relay has; name it several times for several relays",
    .terms = "each relay has rules of its own (its NIP-11 document says where); a delete asks every reader to delete, "
             "which hark does for what it counted",
    .needs = "wss",
    .open = nostr_open,
};
