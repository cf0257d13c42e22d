// The latest posts that a source handed out, to be looked at again after a time in which edits and deletes went unseen.
// Init by zeroing.
#pragma once

#include <hark/str.h>

enum { HARK_AGAIN_POSTS = 1000 };

struct hark_again_post {
    char *id;       // NULL: it is gone
    uint64_t state; // a hash of what tells one edit from another
};

struct hark_again {
    struct hark_again_post *ring;
    uint64_t n;        // posts ever put
    uint64_t next, to; // numbers of those to look at; as many as `next` are done with
};

void hark_again_put(struct hark_again *again, struct hark_str id, uint64_t state);
void hark_again_begin(struct hark_again *again); // all that are there now are to be looked at
// The next one to look at, `ahead` behind the first; NULL: there is none.
struct hark_again_post *hark_again_peek(struct hark_again *again, size_t ahead);
void hark_again_pass(struct hark_again *again); // the first was looked at
void hark_again_done(struct hark_again *again);
