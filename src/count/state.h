// What hark knows of one post id, and what an event (a post that came) does to it. Pure: all of repeats, edits, deletes
// and overtakings is here.
//
// Three kinds of record: none; a mark (seen 0), left by a delete or an update of a post that nobody counted, so that
// the create that it overtook is not counted either; and a record of a post that counted at some time (seen > 0),
// deleted or not.
#pragma once

#include "note.h"

#include <hark/count.h>

struct hark_event {
    struct hark_str id;
    enum hark_op op;
    size_t post;                  // index of its id in the batch
    size_t prev;                  // the event before it with the same id; HARK_NO_EVENT
    const struct hark_note *note; // NULL: adds nothing
    struct hark_str added;        // the note as text; len 0: adds nothing
    struct hark_str sum;          // changes where the content does
    struct hark_str author;       // len 0: unknown
    int64_t engagement;           // likes, reposts, replies and quotes that are known; -1 where none is
    const struct hark_str *json;  // one a brand of the note
    // What prepare found out, then the caller.
    enum hark_count_kind kind;
    const struct hark_counted *before;
    size_t nbefore;
    struct hark_str alerts;
    bool has_alerts;
};

#define HARK_NO_EVENT SIZE_MAX

struct hark_state {
    bool known;
    enum hark_op op; // the last
    int64_t seen;
    const struct hark_note *note; // what it adds now; NULL: nothing
    struct hark_str added, sum;
    int64_t engagement;
    const struct hark_event *content; // whose matches it has since this batch; NULL: those it had
};

enum hark_change {
    HARK_CHANGE_NONE,   // write nothing
    HARK_CHANGE_TOUCH,  // seen, engagement
    HARK_CHANGE_RECORD, // all of it
};

// Applies one event to the state; says what the event is, and how much of the record is to be written.
enum hark_count_kind hark_state_apply(struct hark_state *state, const struct hark_event *event, enum hark_change *ret);
