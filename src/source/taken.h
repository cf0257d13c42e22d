// The record keys of the latest posts of each account, to take them back when the account is taken down: Jetstream says
// only whose account it is. Init by zeroing.
#pragma once

#include <hark/str.h>

enum { HARK_TAKEN_KEY_BYTES = 13 }; // of a TID, which the key of a post is

struct hark_taken {
    struct hark_taken_table *table;
};

void hark_taken_put(struct hark_taken *taken, struct hark_str account, struct hark_str key);
// Calls `each` for each key of the account, latest first, and forgets them.
void hark_taken_all(struct hark_taken *taken, struct hark_str account, void (*each)(void *arg, struct hark_str key),
                    void *arg);
void hark_taken_done(struct hark_taken *taken);
