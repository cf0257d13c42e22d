// The hashes of the latest things that were seen, to know a repeat: after a reconnect the last of what came before
// comes again. Init by zeroing.
#pragma once

#include <hark/str.h>

struct hark_seen {
    struct hark_seen_table *table;
};

// True where it is among the latest 65,536; else it is put there.
bool hark_seen_before(struct hark_seen *seen, uint64_t hash);
void hark_seen_done(struct hark_seen *seen);
