// What sources that speak to a server have in common: items one by one out of records, notes and gaps between them,
// waiting before the next try without holding back a commit, and giving up where nothing was ever reached.
//
// A source sets `step`, which makes one step: connects, waits for the next record, or finds that it is time to wait.
// It puts what it has into `items` (with `raw`, `where` and the positions around them) or says it with
// hark_live_note(), _gap() or _idle(). A source's own struct begins with a `struct hark_live`.
#pragma once

#include "items.h"
#include "net.h"

enum {
    HARK_LIVE_WAIT_MS = 500,   // longest time without an item: a commit may be due
    HARK_LIVE_FIRST_MS = 8000, // to reach a server for the first time; then the source gives up (exit status 2)
    HARK_LIVE_MOST_MS = 60000, // between two tries, where the platform does not say otherwise
};

struct hark_live {
    struct hark_source base;
    struct hark_wake wake;
    struct hark_net *net;
    struct hark_items items;
    struct hark_str raw; // of dead items
    uint64_t raw_len;
    struct hark_buf where, before, after; // of the items: positions before and behind their record; empty: none
    int (*step)(struct hark_live *live, struct hark_err *err);      // 1: done; 0: the end; negative: final
    void (*done)(struct hark_live *live);                           // frees what the source's own struct holds
    void (*safe)(struct hark_live *live, struct hark_str position); // see hark_source_safe(); NULL: nobody waits
    // notes, gaps and idle moments that wait to be handed out
    struct hark_source_item *queue;
    size_t queued, taken, cap;
    struct hark_arena arena; // of their texts
    int64_t stale_ms;
    int64_t step_us;              // when this step began to read; 0: not yet
    int64_t started_us, retry_us; // 0: not yet; when the next try is due
    unsigned failures;            // in a row
    bool reached;                 // a server at least once
    _Atomic int64_t at_ms;
};

extern const struct hark_source_ops hark_live_ops;

// Sets up what is common; the source then sets step and base.name. False: err is set.
bool hark_live_init(struct hark_live *live, const struct hark_format *format, const struct hark_source_options *options,
                    struct hark_err *err);
void hark_live_note(struct hark_live *live, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hark_live_gap(struct hark_live *live, int64_t from_ms, int64_t to_ms, const char *why);
void hark_live_idle(struct hark_live *live); // with the position `after`
// Takes a record apart into items; what is no JSON, or too long, becomes a dead item. `len` bytes, of which text may be
// the first.
void hark_live_record(struct hark_live *live, struct hark_str text, uint64_t len, struct hark_str event);
// A try that failed: says so and sets when to try again. Gives up, with the error, where no server was ever reached and
// the time for that is over, or where trying again cannot help. `delay_ms` -1: doubles from 1 s to a minute.
int hark_live_failed(struct hark_live *live, const struct hark_err *why, int64_t delay_ms, struct hark_err *err);
// The stream's bytes, for hark_input_from() with the live source as its argument: HARK_INPUT_QUIET where a step has
// lasted HARK_LIVE_WAIT_MS, though there may be heartbeats all the while. The end of the stream is an error.
long hark_live_read(void *live, char *to, size_t max, struct hark_err *err);
// What an answer's status other than 200 means: fills `why` and says when to try again (-1: as usual). `variable` holds
// the secret that was sent, or would help; NULL: none.
int64_t hark_live_status(struct hark_live *live, const struct hark_net *net, const char *url, const char *variable,
                         struct hark_err *why);
// Whether an answer of status 200 has this type of content ("application/json"), else `why` says what it has.
bool hark_live_is(const struct hark_net *net, const char *url, const char *type, struct hark_err *why);
// Waits until the next try is due, or for a while: true: now.
bool hark_live_due(struct hark_live *live);
void hark_live_reached(struct hark_live *live); // the server answers as it should
