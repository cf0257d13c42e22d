// The instances of a store, and what it has seen of them.
#pragma once

#include "redis.h"
#include "track.h"

#include <hark/arena.h>
#include <hark/count.h>

struct hark_commit_work;

struct hark_instance {
    struct hark_redis redis;
    struct hark_map incarnations; // topic → the incarnation that was seen first, 16 hex digits
    unsigned checked;             // the connection on which it was found fit to be written to; 0: none yet
    struct hark_track *track;     // of series that were read; NULL: none yet
    char script[41];              // SHA-1 of the commit script; "": not loaded yet
};

struct hark_store {
    struct hark_instance *v;
    size_t n;
    struct hark_str prefix;
    struct hark_arena arena;       // texts of the store
    struct hark_commit_work *work; // NULL before the first commit
};

void hark_commit_work_free(struct hark_commit_work *work); // takes NULL

struct hark_instance *hark_store_instance(struct hark_store *store, int32_t partition);
// <prefix>pos:<topic>, in the buffer.
void hark_store_position_key(const struct hark_store *store, struct hark_str topic, struct hark_buf *buf);
// Appends a pattern for SCAN: the prefix, which means itself, and `rest`.
void hark_store_pattern(struct hark_str prefix, const char *rest, struct hark_buf *buf);
// The incarnation that this store saw first, made where there is none.
int hark_store_remember(struct hark_store *store, struct hark_instance *inst, struct hark_str topic, const char **ret,
                        struct hark_err *err) HARK_CHECKED;
// The value of a "name:value" line of INFO; ptr NULL where there is none.
struct hark_str hark_store_info(struct hark_str info, const char *name);
