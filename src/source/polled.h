// What sources have in common that ask for lists again and again: a request for JSON, each thing taken once, and the
// walk through a list that has the latest first.
//
// Each look begins at the top and goes on, page by page, to what is known from the look before. Only then does the
// position move, so that a crash in between brings some things again and loses none. Things may turn up late, below
// ones that are newer: a walk goes on a while behind the latest that is known.
#pragma once

#include "json_get.h"
#include "live.h"
#include "seen.h"

struct hark_poll {
    struct hark_live live;
    struct hark_seen seen;
    struct hark_buf body;
    int64_t every_ms; // between two looks
};

// As hark_live_init(), for things that the source decodes by itself.
bool hark_poll_init(struct hark_poll *poll, int64_t every_ms, const struct hark_source_options *options,
                    struct hark_err *err);
void hark_poll_done(struct hark_poll *poll);
// Sends the request and reads the answer into live.items.root, whatever its status is: 0. An answer of status 200 is
// JSON, else that is an error; the root of another one may be NULL.
int hark_poll_get(struct hark_poll *poll, const struct hark_net_request *request, struct hark_err *why) HARK_CHECKED;
// Adds text to a URL or a form, whatever is in it.
void hark_poll_escape(struct hark_buf *url, struct hark_str text);
// The next look is due in a while.
void hark_poll_pause(struct hark_poll *poll);

// Adds the post, unless just this was added before: what has other words or another op is another thing.
void hark_poll_add(struct hark_poll *poll, struct hark_post *post);
// An answer that is not what it should be, to the dead letters; it is asked for again after a while.
void hark_poll_dead(struct hark_poll *poll, const char *reason);
// Between these two the items of an answer are made; after the second one the position is the printed one.
void hark_poll_begin(struct hark_poll *poll);
void hark_poll_end(struct hark_poll *poll, const char *position, ...) __attribute__((format(printf, 2, 3)));

// Reads "1 NUMBER NUMBER…"; `of` names the platform.
bool hark_poll_numbers(struct hark_str position, int64_t *ret, size_t n, const char *of, struct hark_err *err);

// --- walks ---

struct hark_walk {
    int64_t known_ms; // of the latest thing, after the walk before; 0: there was none
    int64_t back_ms;  // how far behind that the walk goes
    // of this walk; things from the future count as of now
    int64_t latest_ms, oldest_ms;
    unsigned things, pages;
    bool met;             // something that is not newer than what was known
    bool reached;         // the end
    struct hark_buf next; // where the next page begins; empty: at the top
};

void hark_walk_saw(struct hark_walk *walk, int64_t ms);
// A page is done: true where the walk goes on at `next` (empty: the list ends).
bool hark_walk_goes_on(struct hark_walk *walk, struct hark_str next);
// All pages are done: what was seen is known. Where the walk did not come to what was known, what is between is a gap
// with this reason (NULL: none).
void hark_walk_end(struct hark_walk *walk, struct hark_poll *poll, const char *gap);
void hark_walk_restart(struct hark_walk *walk); // at the top
void hark_walk_done(struct hark_walk *walk);
