// Whether some bytes are the beginning of a JSON text, a whole one, or none: brackets, commas, colons and quotes only.
//
// This tells a JSON text that goes on over many lines from a line that is broken, without holding more than the next
// line or two: a line that was cut is followed by one that cannot follow it. It also bounds the depth before jansson,
// which goes down by itself, sees the text.
#pragma once

#include <hark/str.h>

enum hark_shape {
    HARK_SHAPE_PART,  // what was fed may be the beginning of a JSON text
    HARK_SHAPE_WHOLE, // it is one, as far as the brackets go
    HARK_SHAPE_WRONG, // nothing that follows can make it one
    HARK_SHAPE_DEEP,  // too deep
};

struct hark_shape_scan {
    uint64_t objects[2]; // bit i: the bracket at depth i is '{'
    unsigned depth;
    unsigned char state; // what may come next
    bool string, escape, word;
};

// Init the scan by zeroing. After anything but PART, feed no more.
enum hark_shape hark_shape_feed(struct hark_shape_scan *scan, struct hark_str s);
