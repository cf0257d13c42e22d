// What rules look at in a post stands in the part of its message that hark_post_said() names.
#pragma once

#include <hark/post.h>

// Texts with escapes were copied; of those nothing can be said.
static inline bool said_holds(struct hark_str json, struct hark_str said, struct hark_str text)
{
    bool in_json = text.ptr && text.ptr >= json.ptr && text.ptr < json.ptr + json.len;
    return !in_json || (text.ptr >= said.ptr && text.ptr + text.len <= said.ptr + said.len);
}

static inline bool said_holds_all(struct hark_str json, struct hark_str said, struct hark_strs list)
{
    for (size_t i = 0; i < list.n; i++)
        if (!said_holds(json, said, list.v[i])) return false;
    return true;
}

// `post` was decoded from `json`.
static inline bool said_is_enough(struct hark_str json, const struct hark_post *post)
{
    struct hark_str words = hark_post_said(json, false), all = hark_post_said(json, true);
    return said_holds(json, words, post->text) && said_holds_all(json, words, post->hashtags) &&
           said_holds_all(json, words, post->mentions) && said_holds_all(json, words, post->links) &&
           said_holds(json, all, words) && said_holds(json, all, post->author.id) &&
           said_holds(json, all, post->author.handle) && said_holds(json, all, post->reply_to);
}
