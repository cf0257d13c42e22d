// X's filtered stream (API v2): posts that match the rules that X holds for the token; `hark x-rules` keeps those in
// step with our brands.
//
// A line is a post; an empty line every 20 s says that the stream is alive. How to come back is as X documents it
// (docs.x.com, "Handling disconnections"): at once after a stream that worked, then 250 ms more each time up to 16 s
// where the network fails, 5 s doubling to 320 s on HTTP errors, and from 60 s doubling on 429. X gives what was missed
// only where the URL asks for it (backfill_minutes, up to 5, not on every plan); the rest is a gap.
//
// A position is "1 TIME_MS": when the stream was last heard.
#include "x.h"
#include "json_get.h"
#include "live.h"
#include "records.h"
#include "seen.h"

#include <hark/clock.h>

#include <stdlib.h>

extern const struct hark_format hark_format_x;

#define TOKEN "HARK_X_TOKEN"
#define STREAM "https://api.x.com/2/tweets/search/stream"
#define FIELDS                                                                                                         \
    "tweet.fields=created_at,lang,entities,public_metrics,referenced_tweets,author_id,attachments,note_tweet,"         \
    "edit_history_tweet_ids&expansions=author_id&user.fields=username,name,public_metrics,protected"

enum {
    STALE_MS = 21000,  // the keep-alive of 20 s, and a second for its way
    MOST_BACKFILL = 5, // minutes
    MARK_MS = 10000,   // how often a silent stream moves its position on
};

struct x {
    struct hark_live live;
    struct hark_input *in;
    struct hark_records records;
    char *url, *auth;
    int64_t backfill_ms;
    int64_t heard_ms;            // when the stream was last heard, by our clock; 0: never
    int64_t marked_ms;           // the position that was handed out
    enum hark_x_failure failure; // of the tries in a row
    unsigned failures;
    bool connected, fresh; // fresh: nothing came yet on this connection
    struct hark_seen seen;
};

int64_t hark_x_backoff_ms(enum hark_x_failure failure, unsigned nth)
{
    enum { TCP_STEP_MS = 250, TCP_MOST_MS = 16000, HTTP_MS = 5000, HTTP_MOST_MS = 320000, LIMIT_MS = 60000 };
    enum { LIMIT_MOST_MS = 16 * LIMIT_MS }; // the window that X limits by is 15 minutes
    int64_t ms = failure == HARK_X_HTTP ? HTTP_MS : LIMIT_MS,
            most_ms = failure == HARK_X_HTTP ? HTTP_MOST_MS : LIMIT_MOST_MS;
    if (failure == HARK_X_TCP) {
        ms = (int64_t)TCP_STEP_MS * nth;
        return ms < TCP_MOST_MS ? ms : TCP_MOST_MS;
    }
    for (; nth > 0 && ms < most_ms; nth--) ms *= 2;
    return ms < most_ms ? ms : most_ms;
}

static int failed(struct x *src, const struct hark_err *why, enum hark_x_failure failure, int64_t least_ms,
                  struct hark_err *err)
{
    src->connected = false;
    hark_net_close(src->live.net);
    if (failure != src->failure) src->failures = 0;
    src->failure = failure;
    // A stream that worked is taken up again at once: the 0th wait of its kind.
    int64_t delay_ms = hark_x_backoff_ms(failure, src->failures++);
    return hark_live_failed(&src->live, why, delay_ms > least_ms ? delay_ms : least_ms, err);
}

static void write_position(struct x *src)
{
    struct hark_buf *after = &src->live.after;
    hark_buf_clear(after);
    hark_buf_printf(after, "1 %lld", (long long)src->heard_ms);
    src->marked_ms = src->heard_ms;
}

// What lies between the stream that ended and this one, apart from what X gives again.
static void note_gap(struct x *src)
{
    int64_t now_ms = hark_clock_ms(), from_ms = src->heard_ms, to_ms = now_ms - src->backfill_ms;
    if (from_ms && to_ms > from_ms) hark_live_gap(&src->live, from_ms, to_ms, "not connected");
    src->heard_ms = now_ms;
}

static int connect_stream(struct x *src, struct hark_err *err)
{
    struct hark_live *live = &src->live;
    struct hark_buf url = {0};
    struct hark_err why = {0};
    const char *headers[] = {src->auth, NULL};
    enum hark_x_failure failure = HARK_X_TCP;
    int64_t least_ms = 0;
    if (!hark_live_due(live)) return 1;
    hark_buf_printf(&url, "%s%c" FIELDS, src->url, strchr(src->url, '?') ? '&' : '?');
    const struct hark_net_request request = {
        .url = hark_buf_cstr(&url), .headers = headers, .stale_ms = live->stale_ms ? live->stale_ms : STALE_MS};
    if (hark_net_open(live->net, &request, &why) == 0 && hark_net_status(live->net) != 200) {
        failure = hark_net_status(live->net) == 429 ? HARK_X_LIMIT : HARK_X_HTTP;
        least_ms = hark_net_retry_ms(live->net);
        (void)hark_live_status(live, live->net, url.ptr, TOKEN, &why);
    } else if (!why.code) {
        failure = HARK_X_HTTP;
        (void)hark_live_is(live->net, url.ptr, "application/json", &why);
    }
    hark_buf_done(&url);
    if (why.code) return failed(src, &why, failure, least_ms, err);
    hark_live_reached(live);
    hark_records_done(&src->records);
    hark_records_init(&src->records, src->in);
    src->connected = src->fresh = true;
    note_gap(src);
    return 1;
}

static long read_stream(void *arg, char *to, size_t max, struct hark_err *err)
{
    struct x *src = arg;
    long n = hark_live_read(&src->live, to, max, err);
    if (n <= 0) return n;
    src->heard_ms = hark_clock_ms();
    if (src->fresh) src->failures = src->live.failures = 0; // it works
    src->fresh = false;
    return n;
}

// {"errors":[{"title":"operational-disconnect",…}]}: the server is about to close.
static bool is_disconnect(const json_t *root, struct hark_err *why)
{
    const json_t *error = json_array_get(json_object_get(root, "errors"), 0);
    const char *title = json_string_value(json_object_get(error, "title"));
    if (json_object_get(root, "data")) return false;
    if (!json_object_get(error, "disconnect_type") && !(title && strcmp(title, "operational-disconnect") == 0))
        return false;
    hark_err_retry(why, HARK_ESERVICE, "X ends the stream: %s", title ? title : "disconnect");
    return true;
}

static void pass_over_repeats(struct x *src)
{
    struct hark_items *items = &src->live.items;
    if (items->n == 1 && items->v[0].kind == HARK_ITEM_POST &&
        hark_seen_before(&src->seen, hark_str_hash(items->v[0].post->id)))
        hark_items_refuse(items, "repeat");
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct x *src = (struct x *)live;
    struct hark_raw raw;
    struct hark_err why = {0};
    if (!src->connected) return connect_stream(src, err);
    int rc = hark_records_next(&src->records, &raw, &why);
    if (rc == HARK_INPUT_QUIET) {
        if (src->heard_ms - src->marked_ms >= MARK_MS) write_position(src);
        hark_live_idle(live);
        return 1;
    }
    if (rc < 0) return failed(src, &why, HARK_X_TCP, 0, err);
    hark_live_record(live, raw.text, raw.len, (struct hark_str){0});
    pass_over_repeats(src);
    write_position(src);
    if (is_disconnect(live->items.root, &why)) return failed(src, &why, HARK_X_TCP, 0, err);
    return 1;
}

static void done(struct hark_live *live)
{
    struct x *src = (struct x *)live;
    hark_records_done(&src->records);
    hark_input_free(src->in);
    hark_seen_done(&src->seen);
    free(src->url);
    free(src->auth);
}

static bool choose(struct x *src, struct hark_str argument, const struct hark_source_options *options,
                   struct hark_err *err)
{
    struct hark_buf auth = {0}, name = {0};
    struct hark_str resume = options->resume, rest;
    src->url = hark_str_dup(argument.len ? argument : HARK_STR(STREAM));
    hark_buf_printf(&name, "x:" HARK_STR_FMT, HARK_STR_ARG(argument));
    src->live.base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_printf(&auth, "Authorization: Bearer %s", options->x_token ? options->x_token : "");
    src->auth = hark_str_dup(hark_buf_str(&auth));
    hark_buf_done(&auth);
    hark_buf_done(&name);
    const char *backfill = strstr(src->url, "backfill_minutes=");
    long minutes = backfill ? strtol(backfill + strlen("backfill_minutes="), NULL, 10) : 0;
    src->backfill_ms = minutes * 60000;
    if (hark_net_check(src->url, "https http", err) < 0) return false;
    if (!options->x_token)
        hark_err_set(err, HARK_EINPUT, "x: needs a bearer token of X's API: set " TOKEN " or " TOKEN "_FILE");
    if (minutes < 0 || minutes > MOST_BACKFILL)
        hark_err_set(err, HARK_EINPUT, "x: backfill_minutes is from 1 to %d", MOST_BACKFILL);
    if (resume.len &&
        (!hark_str_is(hark_str_cut(resume, ' ', &rest), "1") || !rest.ptr || hark_str_int(rest, &src->heard_ms) < 0))
        hark_err_set(err, HARK_EINPUT, "not a position on X: \"" HARK_STR_FMT "\"", HARK_STR_ARG(resume));
    return err->code == 0;
}

static struct hark_source *x_open(struct hark_str argument, const struct hark_source_options *options,
                                  struct hark_err *err)
{
    struct x *src = hark_calloc(1, sizeof *src);
    src->live.step = step;
    src->live.done = done;
    src->in = hark_input_from(read_stream, src);
    hark_records_init(&src->records, src->in);
    if (hark_live_init(&src->live, &hark_format_x, options, err) && choose(src, argument, options, err))
        return &src->live.base;
    hark_source_free(&src->live.base);
    return NULL;
}

extern const struct hark_source_kind hark_source_x;
const struct hark_source_kind hark_source_x = {
    .name = "x",
    .argument = "[https://…/stream]",
    .about = "posts on X that match the rules of the token's filtered stream (" TOKEN ")",
    .terms =
        "X asks that posts which are deleted there be deleted within 24 hours (--format x-compliance takes its lists "
        "of them; set retain to x=1, and topics' retention as short), that posts be shown as X shows them, and that X "
        "itself not be measured",
    .open = x_open,
};
