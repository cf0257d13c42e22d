// A batch between add, prepare and commit.
#pragma once

#include "delta.h"
#include "request.h"
#include "state.h"
#include "store.h"

// Whether posts are remembered and positions compared. Off only in a build that measures what that costs (tests/bench).
#ifdef HARK_INEXACT
enum { HARK_EXACT = 0 };
#else
enum { HARK_EXACT = 1 };
#endif

// One post id of the batch.
struct hark_batch_post {
    struct hark_str id, key; // key: of hark:post
    size_t last;             // event
    struct hark_state was, is;
    struct hark_str rev;    // as read; "": there is no record
    struct hark_str alerts; // as read; ptr NULL: none
    enum hark_change change;
    const struct hark_str *json; // one a brand of is.note; ptr NULL where the day's share is used up
};

// How many posts a brand has on a day, which the cap on JSON goes by: what Redis said, and what this batch object added
// since.
struct hark_batch_share {
    struct hark_str key, field;
    int64_t posts, added;
    bool asked;
};

struct hark_count_batch {
    struct hark_count_options options;
    struct hark_arena arena; // what was added
    struct hark_event *events;
    size_t nevents, cap_events;
    struct hark_batch_post *posts; // one an id
    size_t nposts, cap_posts;
    struct hark_map ids; // → index in posts

    struct hark_arena work; // what prepare made of it
    struct hark_str *news;  // alerts for hark:alerts
    size_t nnews, cap_news;
    bool prepared;
    int64_t gap_from, gap_to; // equal: there is none

    // Kept from batch to batch, for a brand's day is asked for again only after many posts.
    struct hark_arena share_arena;
    struct hark_map shares; // key, '\n', field → struct hark_batch_share
    struct hark_buf tmp;
    struct hark_request request;
};

// The alerts noted with the post once the event was applied; HARK_NO_EVENT: before the first.
struct hark_str hark_batch_alerts(const struct hark_count_batch *batch, const struct hark_batch_post *post,
                                  size_t event);
