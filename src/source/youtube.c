// The comments on a channel and its videos, through YouTube's Data API v3.
//
// Comments come in threads, a list with the latest thread first; a thread brings some of its answers along, the others
// are a list of their own. A look walks from the top to what is known (polled.h). New answers and edits do not move a
// thread to the top: every tenth look goes two days further back to find them.
//
// What may be asked in a day is counted in units, a request each; the day begins at midnight in California. All
// channels of a process share the quota. When it is spent nothing is asked until the next day, and the walk then goes
// on where it was.
//
// A position is "1 MS MS DAY UNITS": the time of the latest thread that is known; when a look that went further back
// was begun, by YouTube's clock; the latest day, and the units that were spent in it.
#include "youtube.h"
#include "polled.h"

#include <hark/clock.h>

#include <pthread.h>
#include <stdlib.h>

#define KEY "HARK_YOUTUBE_KEY"

enum {
    POLL_MS = 60000, // 1,440 of the 10,000 units of a day
    BACK_MS = 600000,
    FURTHER = 10, // every how many looks go further back
    FURTHER_MS = 48 * 3600 * 1000,
    FURTHER_PAGES = 20,
    PAGE = 100,       // the most that the API gives
    MOST_PAGES = 500, // of one walk: 50,000 threads
    LIMITED_MS = 60000,
    CHANNEL_BYTES = 24,
    QUOTA = 10000, // what Google gives everybody
    HOUR_MS = 3600 * 1000,
};

// A thread whose answers did not all come along.
struct thread {
    char *id, *video; // the video's id; "": on the channel itself
    bool fresh;
};

struct youtube {
    struct hark_poll poll;
    char *origin, *channel;
    const char *key;
    struct hark_walk walk;
    unsigned look;          // the number of the walk under way
    bool further;           // it goes further back
    int64_t further_ms;     // when the latest of those was begun that came to its end; 0: none yet
    int64_t begun_ms;       // when this one was
    struct thread *threads; // whose answers are to be asked for
    size_t nthreads, threads_cap;
    struct hark_buf answers_next; // of the last of them; empty: from the top
    // the quota
    int64_t quota, day, units; // units: this source's in that day
    bool counted;              // these are among those of all
    int64_t told;              // the day for which it was said that they are spent
};

// --- the quota ---

// The first day of a month that is a Sunday, or the second one: daylight saving time begins on the second Sunday of
// March and ends on the first one of November.
static int64_t sunday_ms(int year, int month, int nth)
{
    int64_t first_ms = hark_date_ms((struct hark_date){.year = year, .month = month, .day = 1});
    int64_t day = first_ms / (24 * (int64_t)HOUR_MS); // 1970-01-01 was a Thursday
    int64_t until_sunday = (7 - (day + 4) % 7) % 7;
    return first_ms + (until_sunday + 7 * (nth - 1)) * 24 * HOUR_MS;
}

// California's clock, as ms since 1970 on it. It changes at two by the clock that is left: at 10 and at 9 in UTC.
static int64_t california_ms(int64_t ms)
{
    int year = hark_time_date(ms).year;
    int64_t begin_ms = sunday_ms(year, 3, 2) + 10 * HOUR_MS, end_ms = sunday_ms(year, 11, 1) + 9 * HOUR_MS;
    return ms - (ms >= begin_ms && ms < end_ms ? 7 : 8) * (int64_t)HOUR_MS;
}

int64_t hark_youtube_midnight_ms(int64_t ms)
{
    int64_t clock_ms = california_ms(ms), midnight_ms = ms - clock_ms % (24 * (int64_t)HOUR_MS);
    // On the two days on which the clock changes the night was an hour nearer or further.
    return midnight_ms + clock_ms - clock_ms % (24 * (int64_t)HOUR_MS) - california_ms(midnight_ms);
}

// Of all channels in this process: adds units to the day's and gives their sum.
static int64_t spend(int64_t day, int64_t units)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t latest, sum;
    pthread_mutex_lock(&lock);
    if (day > latest) {
        latest = day;
        sum = 0;
    }
    sum += units;
    int64_t all = sum;
    pthread_mutex_unlock(&lock);
    return all;
}

static void start_day(struct youtube *src, int64_t now_ms)
{
    int64_t day = california_ms(now_ms) / (24 * (int64_t)HOUR_MS);
    if (day > src->day) {
        src->day = day;
        src->units = 0;
    }
    if (!src->counted) spend(src->day, src->units); // from the position
    src->counted = true;
}

static void pay(struct youtube *src, int64_t units)
{
    src->units += units;
    spend(src->day, units);
}

static void write_position(struct youtube *src)
{
    hark_poll_end(&src->poll, "1 %lld %lld %lld %lld", (long long)src->walk.known_ms, (long long)src->further_ms,
                  (long long)src->day, (long long)src->units);
}

// True where there is nothing left for today. Then it is looked again in a minute at most, for clocks jump.
static bool is_spent(struct youtube *src)
{
    enum { MINUTE_MS = 60000 };
    struct hark_live *live = &src->poll.live;
    int64_t now_ms = hark_clock_ms();
    start_day(src, now_ms);
    if (spend(src->day, 0) < src->quota) return false;
    // A day has 23 to 25 hours.
    int64_t left_ms = hark_youtube_midnight_ms(hark_youtube_midnight_ms(now_ms) + 26 * (int64_t)HOUR_MS) - now_ms;
    live->retry_us = hark_clock_mono_us() + (left_ms < MINUTE_MS ? left_ms : MINUTE_MS) * 1000;
    if (src->told == src->day) return true;
    src->told = src->day;
    hark_live_note(live,
                   "%s: the quota of %lld units is spent (--youtube-quota); going on at midnight in California, in "
                   "%.1f h",
                   live->base.name, (long long)src->quota, (double)left_ms / HOUR_MS);
    return true;
}

// --- comments ---

static struct hark_str youtube_id(const json_t *object, const char *key, struct hark_arena *arena)
{
    struct hark_str id = hark_get_str(object, key, arena);
    return id.len ? hark_arena_printf(arena, "youtube:" HARK_STR_FMT, HARK_STR_ARG(id)) : id;
}

static int64_t time_of(const json_t *snippet, const char *key)
{
    const char *text = json_string_value(json_object_get(snippet, key));
    int64_t ms;
    return text && hark_time_parse(hark_str(text), &ms) == 0 ? ms : -1;
}

static void decode_author(const json_t *snippet, struct hark_post *post, struct hark_arena *arena)
{
    struct hark_str name = hark_get_str(snippet, "authorDisplayName", arena);
    post->author.id = hark_get_str_value(hark_get_path(snippet, "authorChannelId", "value", NULL), arena);
    if (name.len && name.ptr[0] == '@')
        post->author.handle = hark_strn(name.ptr + 1, name.len - 1);
    else
        post->author.name = name;
}

// Whether a thread is new. Its answers are new with it; those of others, and what was edited, were seen by the latest
// look that went further back.
static bool is_fresh(const struct youtube *src, int64_t made_ms)
{
    return !src->walk.known_ms || made_ms > src->walk.known_ms - BACK_MS;
}

static bool is_known(const struct youtube *src, int64_t made_ms, int64_t changed_ms)
{
    return (changed_ms > made_ms ? changed_ms : made_ms) <= src->further_ms - BACK_MS;
}

static void take_comment(struct youtube *src, const json_t *comment, const struct thread *of, int64_t replies)
{
    struct hark_arena *arena = &src->poll.live.items.arena;
    const json_t *snippet = json_object_get(comment, "snippet");
    int64_t changed_ms = time_of(snippet, "updatedAt");
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("youtube");
    post.id = youtube_id(comment, "id", arena);
    post.time_ms = time_of(snippet, "publishedAt");
    post.reply_to = youtube_id(snippet, "parentId", arena);
    if (!of->fresh && is_known(src, post.time_ms, changed_ms)) return;
    if (changed_ms > post.time_ms) post.op = HARK_OP_UPDATE;
    post.text = hark_get_str(snippet, "textDisplay", arena); // plain, as was asked for
    if (!post.reply_to.len) post.reply_to = youtube_id(snippet, "videoId", arena);
    if (!post.reply_to.len) post.reply_to = HARK_STR(""); // on the channel
    post.repost_of = post.quote_of = HARK_STR("");
    struct hark_str id = hark_get_str(comment, "id", arena);
    if (*of->video)
        post.url = hark_arena_printf(arena, "https://www.youtube.com/watch?v=%s&lc=" HARK_STR_FMT, of->video,
                                     HARK_STR_ARG(id));
    decode_author(snippet, &post, arena);
    post.engagement.likes = hark_get_number(snippet, "likeCount");
    post.engagement.replies = replies;
    hark_poll_add(&src->poll, &post);
}

// Answers that did not come along are asked for where there are others than the last time: of new threads at once, of
// others by the looks that go further back, for each of them is a request.
static void want_answers(struct youtube *src, const json_t *thread, const struct thread *of, int64_t answers)
{
    struct hark_arena *arena = &src->poll.live.items.arena;
    struct hark_str id = hark_get_str(thread, "id", arena);
    struct hark_str now = hark_arena_printf(arena, HARK_STR_FMT "\n%lld", HARK_STR_ARG(id), (long long)answers);
    if (!id.len || !(of->fresh || src->further) || hark_seen_before(&src->poll.seen, hark_str_hash(now))) return;
    src->threads = hark_grow(src->threads, src->nthreads, &src->threads_cap, sizeof *src->threads);
    src->threads[src->nthreads++] = (struct thread){hark_str_dup(id), hark_str_dup(hark_str(of->video)), of->fresh};
}

static void take_thread(struct youtube *src, const json_t *thread)
{
    const json_t *snippet = json_object_get(thread, "snippet"), *top = json_object_get(snippet, "topLevelComment");
    const json_t *answers = hark_get_path(thread, "replies", "comments", NULL);
    int64_t n = hark_get_number(snippet, "totalReplyCount");
    int64_t made_ms = time_of(json_object_get(top, "snippet"), "publishedAt");
    struct hark_arena *arena = &src->poll.live.items.arena;
    struct hark_str video =
        hark_arena_printf(arena, HARK_STR_FMT, HARK_STR_ARG(hark_get_str(snippet, "videoId", arena)));
    const struct thread of = {.video = (char *)video.ptr, .fresh = is_fresh(src, made_ms)};
    hark_walk_saw(&src->walk, made_ms);
    if (json_is_false(json_object_get(snippet, "isPublic"))) {
        hark_items_add_refused(&src->poll.live.items, "not-public");
        return;
    }
    take_comment(src, top, &of, n);
    for (size_t i = json_array_size(answers); i > 0; i--) take_comment(src, json_array_get(answers, i - 1), &of, -1);
    if (n > (int64_t)json_array_size(answers)) want_answers(src, thread, &of, n);
}

// --- asking ---

static void forget_thread(struct youtube *src)
{
    src->nthreads--;
    free(src->threads[src->nthreads].id);
    free(src->threads[src->nthreads].video);
    hark_buf_clear(&src->answers_next);
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; word && *words; words++)
        if (strcmp(word, *words) == 0) return true;
    return false;
}

// What helps by itself: true where the next step does it.
static bool is_passing(struct youtube *src, long status, const char *reason)
{
    if (is_one_of(reason, (const char *const[]){"quotaExceeded", "dailyLimitExceeded", NULL})) {
        hark_live_reached(&src->poll.live);
        pay(src, src->quota - spend(src->day, 0)); // somebody else has the same key
        return true;
    }
    if (status == 404 && src->nthreads) { // deleted in between
        forget_thread(src);
        return true;
    }
    if (status != 400 || !(src->walk.next.len || src->answers_next.len)) return false;
    if (src->nthreads) // the name of the page is too old
        hark_buf_clear(&src->answers_next);
    else
        hark_walk_restart(&src->walk);
    return true;
}

// An answer that is none: what it means, and when to try again.
static int refused(struct youtube *src, const char *url, struct hark_err *err)
{
    struct hark_live *live = &src->poll.live;
    struct hark_err why = {0};
    long status = hark_net_status(live->net);
    const json_t *error = json_object_get(live->items.root, "error");
    const char *says = json_string_value(json_object_get(error, "message"));
    const char *reason =
        json_string_value(json_object_get(json_array_get(json_object_get(error, "errors"), 0), "reason"));
    int shown = (int)strcspn(url, "?");
    bool key = is_one_of(reason, (const char *const[]){"keyInvalid", "keyExpired", "accessNotConfigured", NULL}) ||
               (says && status == 400 && strstr(says, "API key"));
    if (!key && is_passing(src, status, reason)) return 1;
    int64_t delay_ms = hark_live_status(live, live->net, url, NULL, &why);
    if (is_one_of(reason, (const char *const[]){"rateLimitExceeded", "userRateLimitExceeded", NULL})) {
        hark_live_reached(live);
        why = (struct hark_err){0};
        hark_err_retry(&why, HARK_ESERVICE, "%.*s: asked too often", shown, url);
        delay_ms = LIMITED_MS;
    } else if (!why.retriable) {
        why = (struct hark_err){0};
        hark_err_set(&why, HARK_EINPUT, "%.*s: status %ld: %s%s (%s)", shown, url, status,
                     key || status == 401 ? KEY " is wrong or may not use the API: " : "",
                     says ? says : "the server does not give this", reason ? reason : src->channel);
    }
    return hark_live_failed(live, &why, delay_ms, err);
}

// 1: the answer is in items, with a list called "items"; 0: that was all for this step; negative: final.
static int get(struct youtube *src, const char *url, struct hark_err *err)
{
    struct hark_live *live = &src->poll.live;
    struct hark_err why = {0};
    const struct hark_net_request request = {.url = url};
    int rc = 1;
    pay(src, 1); // also what fails may have been counted
    if (hark_poll_get(&src->poll, &request, &why) < 0)
        rc = hark_live_failed(live, &why, -1, err);
    else if (hark_net_status(live->net) != 200)
        rc = refused(src, url, err);
    else if (json_is_array(json_object_get(live->items.root, "items")))
        return 1;
    else
        hark_poll_dead(&src->poll, "JSON that is no list of YouTube");
    return rc < 0 ? rc : 0;
}

static void begin_walk(struct youtube *src)
{
    if (src->walk.pages || src->walk.next.len) return;
    // The first one begins where we are; the first one after a start looks for what came meanwhile.
    src->further = src->walk.known_ms && src->look % FURTHER == 0;
    src->walk.back_ms = src->further ? FURTHER_MS : BACK_MS;
    src->begun_ms = 0;
}

static void end_of_walk(struct youtube *src, const char *gap)
{
    if (src->further || !src->further_ms) src->further_ms = src->begun_ms;
    hark_walk_end(&src->walk, &src->poll, gap);
    src->look++;
    hark_poll_pause(&src->poll);
}

static void take_threads(struct youtube *src)
{
    struct hark_live *live = &src->poll.live;
    struct hark_walk *walk = &src->walk;
    const json_t *threads = json_object_get(live->items.root, "items");
    struct hark_str next = hark_get_str(live->items.root, "nextPageToken", &live->items.arena);
    int64_t now_ms = hark_net_date_ms(hark_net_header(live->net, "Date")); // comments' times are by YouTube's clock
    if (!src->begun_ms) src->begun_ms = now_ms > 0 ? now_ms : hark_clock_ms();
    for (size_t i = json_array_size(threads); i > 0; i--) take_thread(src, json_array_get(threads, i - 1));
    if (src->further && walk->met && walk->pages + 1 >= FURTHER_PAGES) walk->reached = true;
    if (walk->pages + 1 >= MOST_PAGES) next = (struct hark_str){0};
    (void)hark_walk_goes_on(walk, next); // it ends once the answers to its threads are there as well
}

static void add_key(const struct youtube *src, struct hark_buf *url, const struct hark_buf *next)
{
    hark_buf_printf(url, "&maxResults=%d&textFormat=plainText&key=%s", PAGE, src->key);
    if (!next->len) return;
    hark_buf_printf(url, "&pageToken=");
    hark_poll_escape(url, hark_buf_str(next));
}

static int ask_threads(struct youtube *src, struct hark_buf *url, struct hark_err *err)
{
    begin_walk(src);
    hark_buf_printf(url, "%s/youtube/v3/commentThreads?part=snippet,replies&order=time&allThreadsRelatedToChannelId=%s",
                    src->origin, src->channel);
    add_key(src, url, &src->walk.next);
    int rc = get(src, hark_buf_cstr(url), err);
    if (rc <= 0) return rc;
    hark_poll_begin(&src->poll);
    take_threads(src);
    return 1;
}

static int ask_answers(struct youtube *src, struct hark_buf *url, struct hark_err *err)
{
    struct hark_items *items = &src->poll.live.items;
    const struct thread *of = &src->threads[src->nthreads - 1];
    hark_buf_printf(url, "%s/youtube/v3/comments?part=snippet&parentId=", src->origin);
    hark_poll_escape(url, hark_str(of->id));
    add_key(src, url, &src->answers_next);
    int rc = get(src, hark_buf_cstr(url), err);
    if (rc <= 0) return rc;
    hark_poll_begin(&src->poll);
    const json_t *answers = json_object_get(items->root, "items");
    struct hark_str next = hark_get_str(items->root, "nextPageToken", &items->arena);
    for (size_t i = json_array_size(answers); i > 0; i--) take_comment(src, json_array_get(answers, i - 1), of, -1);
    hark_buf_clear(&src->answers_next);
    if (next.len)
        hark_buf_str_add(&src->answers_next, next);
    else
        forget_thread(src);
    return 1;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct youtube *src = (struct youtube *)live;
    struct hark_buf url = {0};
    if (!hark_live_due(live) || is_spent(src)) return 1;
    int rc = src->nthreads ? ask_answers(src, &url, err) : ask_threads(src, &url, err);
    hark_buf_done(&url);
    if (rc <= 0) return rc < 0 ? rc : 1;
    if (src->walk.pages && !src->walk.next.len && !src->nthreads)
        end_of_walk(src, !src->walk.things               ? NULL
                         : src->walk.pages >= MOST_PAGES ? "too many to catch up with"
                                                         : "the list ends before what was known");
    write_position(src);
    return 1;
}

static void done(struct hark_live *live)
{
    struct youtube *src = (struct youtube *)live;
    hark_poll_done(&src->poll);
    hark_walk_done(&src->walk);
    while (src->nthreads) forget_thread(src);
    hark_buf_done(&src->answers_next);
    free(src->threads);
    free(src->origin);
    free(src->channel);
}

// --- opening ---

static bool is_channel(struct hark_str id)
{
    if (id.len != CHANNEL_BYTES || !hark_str_starts(id, HARK_STR("UC"))) return false;
    for (size_t i = 0; i < id.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", id.ptr[i]) || !id.ptr[i])
            return false;
    return true;
}

static bool choose(struct youtube *src, struct hark_str argument, const struct hark_source_options *options,
                   struct hark_err *err)
{
    char *url = hark_str_dup(argument);
    struct hark_str channel = argument, origin = HARK_STR("https://www.googleapis.com");
    bool good = true;
    if (strstr(url, "://")) {
        good = hark_net_check(url, "https http", err) == 0;
        origin = good ? hark_net_origin(url) : origin;
        channel = hark_str(good ? url + origin.len + (url[origin.len] == '/') : "");
    }
    if (good && !is_channel(channel))
        good = hark_err_set(err, HARK_EINPUT,
                            "youtube: \"" HARK_STR_FMT
                            "\" is no id of a channel: UC and 22 letters, digits, - or _ (on the "
                            "channel's page: Share, Copy channel ID)",
                            HARK_STR_ARG(channel)) == 0;
    if (good && (!options->youtube_key || !*options->youtube_key))
        good = hark_err_set(err, HARK_EINPUT,
                            "youtube: needs a key of YouTube's Data API: set " KEY " or " KEY "_FILE") == 0;
    for (const char *c = good ? options->youtube_key : ""; *c && good; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *c))
            good = hark_err_set(err, HARK_EINPUT, "youtube: " KEY " is no key: letters, digits, - and _ only") == 0;
    src->origin = hark_str_dup(origin);
    src->channel = hark_str_dup(channel);
    src->key = options->youtube_key;
    src->quota = options->youtube_quota ? options->youtube_quota : QUOTA;
    free(url);
    return good;
}

static struct hark_source *youtube_open(struct hark_str argument, const struct hark_source_options *options,
                                        struct hark_err *err)
{
    struct youtube *src = hark_calloc(1, sizeof *src);
    struct hark_live *live = &src->poll.live;
    struct hark_buf name = {0};
    int64_t numbers[4] = {0};
    live->step = step;
    live->done = done;
    hark_buf_printf(&name, "youtube:" HARK_STR_FMT, HARK_STR_ARG(argument));
    live->base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    bool good = hark_poll_init(&src->poll, POLL_MS, options, err) && choose(src, argument, options, err) &&
                (!options->resume.len || hark_poll_numbers(options->resume, numbers, 4, "YouTube", err));
    src->walk.known_ms = numbers[0];
    src->further_ms = numbers[1];
    src->day = numbers[2];
    src->units = numbers[3];
    if (good && options->resume.len) hark_buf_str_add(&live->after, options->resume);
    if (good) return &live->base;
    hark_source_free(&live->base);
    return NULL;
}

extern const struct hark_source_kind hark_source_youtube;
const struct hark_source_kind hark_source_youtube = {
    .name = "youtube",
    .argument = "CHANNEL_ID",
    .about = "comments on a channel and its videos (" KEY ")",
    .terms =
        "YouTube asks that what its API gave be asked for again or deleted after 30 days (the setting retain keeps to "
        "it in Redis; keep topics' retention as short), and that comments be shown with their authors unchanged",
    .open = youtube_open,
};
