// Which texts a message must hold so that a `listen` tree can be true of it.
#pragma once

#include <hark/rules.h>

enum {
    HARK_CLOSED_START = 1, // the engine finds it only where no ASCII letter, digit or _ stands before it
    HARK_CLOSED_WORD = 2,  // … nor behind it
    HARK_CLOSED_TAG = 4,   // as CLOSED_WORD, but a _ may follow (Bluesky cuts it off a hashtag)
};

struct hark_literal {
    struct hark_str bytes; // P of the term, at least one byte
    unsigned closed;       // HARK_CLOSED_… bits
    bool whom;             // stands in the author or in what the post answers, not in what it says
};

// One of these literals is in every message that the tree can be true of.
struct hark_literals {
    struct hark_literal *v;
    size_t n, cap;
    bool no_regex; // patterns in slashes have no hits
};

// True, and the literals added to *ret, where such a set exists; else false, *ret as it was, and *ret_why the node that
// has none.
bool hark_literals_of(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret,
                      const struct hark_node **ret_why);
// The same where no pattern in slashes has a hit any more. The set may be empty: then the tree is never true.
bool hark_literals_without_regex(const struct hark_node *node, struct hark_arena *arena, struct hark_literals *ret);
