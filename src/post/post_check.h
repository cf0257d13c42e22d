// What decoding a post and finishing one made by hand share.
#pragma once

#include <hark/post.h>

#define HARK_POST_MAX_TIME_MS INT64_C(253402300799999) // the end of 9999, where RFC 3339 ends

// A list that is known to be empty: `v` is not NULL.
extern const struct hark_strs hark_post_none;

// Required fields and limits, NFC, tags where unknown; the texts are UTF-8.
int hark_post_complete(struct hark_post *post, struct hark_arena *arena, struct hark_err *err) HARK_CHECKED;
