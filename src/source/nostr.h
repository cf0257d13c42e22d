// What makes a Nostr event its author's: the id, which is a hash of what it says, and the signature of that id.
#pragma once

#include <jansson.h>
#include <stdbool.h>

// NULL: the event is what it says it is; else what is wrong.
const char *hark_nostr_wrong(const json_t *event);
