// The posts behind a number. Each instance lists a brand's and day's posts by time; a page takes from all of them what
// comes behind the cursor, newest first, until it is full.

#include "ask.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 200 }; // members asked for at a time

static int newest_first(const void *a, const void *b)
{
    const struct hark_read_post *x = a, *y = b;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? 1 : -1;
    int rc = hark_str_cmp(y->id, x->id);
    return rc ? rc : hark_str_cmp(x->brand, y->brand);
}

static int most_first(const void *a, const void *b)
{
    const struct hark_read_post *x = a, *y = b;
    if (x->engagement != y->engagement) return x->engagement < y->engagement ? 1 : -1;
    return hark_str_cmp(x->id, y->id);
}

// --- collecting ids ---

// One sorted set of one brand and day, read piece by piece.
struct list {
    struct hark_str key, brand;
    size_t instance, got; // members of the last piece
    int64_t oldest_ms;    // of the last piece
    bool done;
};
struct page {
    struct hark_store *store;
    struct hark_arena *arena;
    struct hark_cursor cursor;
    struct hark_range range;
    struct hark_read_post *v;
    size_t n, cap, limit; // limit: one more than a page, and room for the other brands that its last post names
    struct list *lists;
    size_t nlists;
    size_t offset; // members of each list that were read
};

static bool behind(const struct hark_cursor *cursor, int64_t time_ms, struct hark_str id)
{
    if (time_ms != cursor->time_ms) return time_ms < cursor->time_ms;
    return cursor->id.ptr && hark_str_cmp(id, cursor->id) < 0;
}

static void add_post(struct page *page, const struct list *list, struct hark_str id, int64_t time_ms)
{
    page->v = hark_grow(page->v, page->n, &page->cap, sizeof *page->v);
    page->v[page->n++] = (struct hark_read_post){
        .id = hark_arena_str(page->arena, id), .brand = list->brand, .time_ms = time_ms, .engagement = -1};
}

static int take_members(void *arg, const struct ask *ask, size_t instance, const redisReply *reply,
                        struct hark_err *err)
{
    struct page *page = arg;
    struct list *list = ask->about;
    (void)instance, (void)err;
    list->got = reply->elements / 2;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        struct hark_str id = hark_reply_str(reply->element[i]);
        list->oldest_ms = ask_number(reply->element[i + 1]);
        if (behind(&page->cursor, list->oldest_ms, id)) add_post(page, list, id, list->oldest_ms);
    }
    list->done = list->got < PIECE;
    return 0;
}

static int read_pieces(struct page *page, size_t instance, struct hark_err *err)
{
    struct asks asks = {.arena = page->arena};
    int64_t newest = page->cursor.time_ms < page->range.to_ms - 1 ? page->cursor.time_ms : page->range.to_ms - 1;
    struct hark_str max = hark_arena_printf(page->arena, "%lld", (long long)newest);
    struct hark_str min = hark_arena_printf(page->arena, "%lld", (long long)page->range.from_ms);
    struct hark_str offset = hark_arena_printf(page->arena, "%zu", page->offset);
    struct hark_str count = hark_arena_printf(page->arena, "%d", (int)PIECE);
    for (size_t i = 0; i < page->nlists; i++)
        if (page->lists[i].instance == instance && !page->lists[i].done)
            asks_add(&asks, &page->lists[i], HARK_STR("ZREVRANGEBYSCORE"), page->lists[i].key, max, min,
                     HARK_STR("WITHSCORES"), HARK_STR("LIMIT"), offset, count, (struct hark_str){0});
    int rc = asks_run_at(page->store, instance, &asks, take_members, page, err);
    asks_done(&asks);
    return rc;
}

// Keeps the first of them and says whether a list may still hold something that belongs among them.
static bool settle(struct page *page)
{
    if (page->n) qsort(page->v, page->n, sizeof *page->v, newest_first);
    if (page->n > page->limit) page->n = page->limit;
    bool full = page->n == page->limit, open = false;
    for (size_t i = 0; i < page->nlists; i++) {
        struct list *list = &page->lists[i];
        if (full && list->oldest_ms < page->v[page->n - 1].time_ms) list->done = true;
        open |= !list->done;
    }
    return open;
}

static int collect(struct page *page, struct hark_err *err)
{
    do {
        for (size_t i = 0; i < page->store->n; i++)
            if (read_pieces(page, i, err)) return err->code;
        page->offset += PIECE;
    } while (settle(page));
    return 0;
}

// Days newest first: a page of a long range seldom needs more than the last ones.
static int collect_days(struct page *page, struct hark_strs brands, struct hark_str intent, struct hark_err *err)
{
    struct hark_bucket_time *days;
    size_t ndays = ask_days(page->range, page->arena, &days);
    page->lists = HARK_NEW_N(page->arena, struct list, brands.n * page->store->n);
    for (size_t d = ndays; d-- > 0 && page->n < page->limit;) {
        if (days[d].ms > page->cursor.time_ms) continue;
        page->nlists = page->offset = 0;
        for (size_t b = 0; b < brands.n; b++)
            for (size_t i = 0; i < page->store->n; i++)
                page->lists[page->nlists++] = (struct list){
                    .key = ask_key(page->store, page->arena, HARK_BUCKET_POSTS, &days[d], brands.v[b], intent, NULL),
                    .brand = brands.v[b],
                    .instance = i};
        if (collect(page, err)) return err->code;
    }
    return 0;
}

// --- what the posts say ---

static int take_post(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    struct hark_arena *arena = arg;
    struct hark_read_post *post = ask->about;
    (void)instance, (void)err;
    if (reply->elements != 2) return 0;
    struct hark_str match = hark_reply_str(reply->element[0]);
    if (match.len) post->match = hark_arena_str(arena, match);
    if (hark_reply_str(reply->element[1]).len) post->engagement = ask_number(reply->element[1]);
    return 0;
}

static int read_matches(struct hark_store *store, struct hark_arena *arena, struct hark_read_post *posts, size_t n,
                        struct hark_err *err)
{
    struct asks asks = {.arena = arena};
    for (size_t i = 0; i < n; i++)
        asks_add(&asks, &posts[i], HARK_STR("HMGET"),
                 hark_arena_printf(arena, HARK_STR_FMT "post:" HARK_STR_FMT, HARK_STR_ARG(store->prefix),
                                   HARK_STR_ARG(posts[i].id)),
                 hark_arena_printf(arena, "match:" HARK_STR_FMT, HARK_STR_ARG(posts[i].brand)), HARK_STR("engagement"),
                 (struct hark_str){0});
    int rc = asks_run(store, &asks, take_post, arena, err);
    asks_done(&asks);
    return rc;
}

// A page does not end between two brands that one post names: the next one begins behind the post.
static size_t page_end(const struct page *page, size_t limit)
{
    size_t n = page->n < limit ? page->n : limit;
    while (n > 0 && n < page->n && hark_str_eq(page->v[n].id, page->v[n - 1].id)) n++;
    return n;
}

int hark_read_posts(struct hark_store *store, struct hark_arena *arena, struct hark_strs brands, struct hark_str intent,
                    struct hark_range range, struct hark_cursor cursor, size_t limit, const struct hark_read_post **ret,
                    size_t *ret_n, bool *ret_more, struct hark_err *err)
{
    struct page page = {.store = store, .arena = arena, .cursor = cursor, .range = range};
    page.limit = limit + (brands.n ? brands.n : 1);
    int rc = collect_days(&page, brands, intent, err);
    if (!rc) {
        *ret_n = page_end(&page, limit);
        *ret_more = page.n > *ret_n;
        struct hark_read_post *posts = hark_arena_copy(arena, page.v, *ret_n, sizeof *posts);
        rc = read_matches(store, arena, posts, *ret_n, err);
        *ret = posts;
    }
    free(page.v);
    return rc;
}

// --- by engagement ---

static int take_top(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err)
{
    struct page *page = arg;
    (void)instance, (void)err;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        add_post(page, ask->about, hark_reply_str(reply->element[i]), -1);
        page->v[page->n - 1].engagement = ask_number(reply->element[i + 1]);
    }
    return 0;
}

int hark_read_top(struct hark_store *store, struct hark_arena *arena, struct hark_str brand, struct hark_str intent,
                  struct hark_range range, size_t limit, const struct hark_read_post **ret, size_t *ret_n,
                  struct hark_err *err)
{
    struct page page = {.store = store, .arena = arena};
    struct asks asks = {.arena = arena};
    struct hark_bucket_time *days;
    size_t n = ask_days(range, arena, &days);
    struct list *list = HARK_NEW(arena, struct list);
    struct hark_str last = hark_arena_printf(arena, "%zu", limit - 1);
    list->brand = brand;
    for (size_t i = 0; i < n; i++)
        asks_add(&asks, list, HARK_STR("ZREVRANGE"),
                 ask_key(store, arena, HARK_BUCKET_TOP, &days[i], brand, intent, NULL), HARK_STR("0"), last,
                 HARK_STR("WITHSCORES"), (struct hark_str){0});
    int rc = asks_run(store, &asks, take_top, &page, err);
    asks_done(&asks);
    if (!rc) {
        if (page.n) qsort(page.v, page.n, sizeof *page.v, most_first);
        *ret_n = page.n < limit ? page.n : limit;
        struct hark_read_post *posts = hark_arena_copy(arena, page.v, *ret_n, sizeof *posts);
        rc = read_matches(store, arena, posts, *ret_n, err);
        *ret = posts;
    }
    free(page.v);
    return rc;
}
