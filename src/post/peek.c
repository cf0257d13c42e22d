// Which post a message is about and what it does, without a parse.
//
// Canonical posts begin {"schema":"hark.post/1","id":"…","source":"…","op":"…" when hark wrote them. Where a message
// begins so and those texts hold no escape, they are what a parse would find: a key that counts may not come twice.

#include <hark/post.h>

static bool take(struct hark_str *s, struct hark_str what)
{
    if (!hark_str_starts(*s, what)) return false;
    *s = hark_strn(s->ptr + what.len, s->len - what.len);
    return true;
}

// The text up to the quote that ends it, which is taken too; no escapes.
static bool take_text(struct hark_str *s, struct hark_str *ret)
{
    struct hark_str rest;
    *ret = hark_str_cut(*s, '"', &rest);
    if (!rest.ptr || (ret->len && memchr(ret->ptr, '\\', ret->len))) return false;
    *s = rest;
    return true;
}

bool hark_post_peek(struct hark_str json, struct hark_str *ret_id, enum hark_op *ret_op)
{
    struct hark_str source, op;
    return take(&json, HARK_STR("{\"schema\":\"hark.post/1\",\"id\":\"")) && take_text(&json, ret_id) &&
           ret_id->len > 0 && take(&json, HARK_STR(",\"source\":\"")) && take_text(&json, &source) &&
           take(&json, HARK_STR(",\"op\":\"")) && take_text(&json, &op) && hark_op_parse(op, ret_op) == 0;
}

bool hark_post_may_change(struct hark_str json)
{
    return memmem(json.ptr, json.len, "\"update\"", 8) || memmem(json.ptr, json.len, "\"delete\"", 8) ||
           memmem(json.ptr, json.len, "\\u", 2);
}
