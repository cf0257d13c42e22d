// A list of commands, sent to every instance of a store in a row, and what to do with each reply.
#pragma once

#include "bucket.h"
#include "store.h"

#include <hark/read.h>

struct ask {
    struct hark_str *words;
    size_t n, cap;
    void *about; // the caller's: which thing the reply is about
};
struct asks { // init with the arena that words are kept in
    struct hark_arena *arena;
    struct ask *v; // on the heap until asks_done()
    size_t n, cap;
};
// A command; words end with one whose ptr is NULL.
void asks_add(struct asks *asks, void *about, ...);
// One more word for the command that was added last.
void asks_word(struct asks *asks, struct hark_str word);
void asks_done(struct asks *asks);

typedef int asks_take(void *arg, const struct ask *ask, size_t instance, const redisReply *reply, struct hark_err *err);
int asks_run(struct hark_store *store, const struct asks *asks, asks_take *take, void *arg,
             struct hark_err *err) HARK_CHECKED;
// The same for one instance only.
int asks_run_at(struct hark_store *store, size_t instance, const struct asks *asks, asks_take *take, void *arg,
                struct hark_err *err) HARK_CHECKED;

// The key of a kind on the day (month, year) of the time, in the arena; *ret_end_s as hark_bucket_key() says.
struct hark_str ask_key(const struct hark_store *store, struct hark_arena *arena, enum hark_bucket_kind kind,
                        const struct hark_bucket_time *time, struct hark_str brand, struct hark_str intent,
                        int64_t *ret_end_s);
// The start of each day of a range, at most HARK_READ_MAX_DAYS of them; in the arena.
size_t ask_days(struct hark_range range, struct hark_arena *arena, struct hark_bucket_time **ret);
// A reply's text as a number; -1 where it is none.
int64_t ask_number(const redisReply *reply);
