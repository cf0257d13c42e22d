// A lane from the inside: for lane.c, which fills it, and commit.c, which empties it.
#pragma once

#include "pipeline.h"

struct outgoing { // what one counted post sends if it turns out to be new
    struct hark_str id;
    int64_t time_ms;
    const struct hark_str *matches; // hark.match/1
    size_t nmatches, nhits;
    const struct hark_alert *alerts;
    size_t nalerts;
};

struct load { // posts between two commits
    struct hark_count_batch *batch;
    struct outgoing *out; // one for each post of the batch, by its index
    size_t nout, out_cap;
    struct hark_arena arena; // of what `out` holds
    struct hark_buf next;    // where the input stands behind it
    bool dirty;
};

struct lane {
    struct lane_env *env;
    int32_t partition;
    char *field;
    struct load loads[2];
    struct load *open, *sealed; // sealed NULL: nothing waits for a commit
    struct hark_buf expected;   // the position that is stored
    struct hark_buf moved;      // another one that was found instead
    struct hark_buf json, note; // of taking; of committing
    struct hark_arena post;     // of one post that is taken
    enum hark_commit result;    // of the last script
    bool has_moved;
    int64_t offset; // behind the last message taken; -1: the open load's `next` says it
};

void load_clear(struct load *load);
