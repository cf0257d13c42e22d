#include "json_shape.h"

#include <hark/source.h>

_Static_assert(HARK_RECORD_MAX_DEPTH == 128, "a bit for each depth");

enum { VALUE, VALUE_OR_CLOSE, KEY, KEY_OR_CLOSE, COLON, COMMA_OR_CLOSE, END };

static bool in_object(const struct hark_shape_scan *scan)
{
    unsigned i = scan->depth - 1;
    return scan->depth && scan->objects[i / 64] >> i % 64 & 1;
}

static void value_done(struct hark_shape_scan *scan)
{
    scan->state = scan->depth ? COMMA_OR_CLOSE : END;
}

static bool open_bracket(struct hark_shape_scan *scan, bool object)
{
    if (scan->state != VALUE && scan->state != VALUE_OR_CLOSE) return false;
    if (scan->depth < HARK_RECORD_MAX_DEPTH) {
        uint64_t bit = UINT64_C(1) << scan->depth % 64, *objects = &scan->objects[scan->depth / 64];
        *objects = object ? *objects | bit : *objects & ~bit;
    }
    scan->depth++;
    scan->state = object ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
    return true;
}

static bool close_bracket(struct hark_shape_scan *scan, bool object)
{
    if (!scan->depth || in_object(scan) != object) return false;
    if (scan->state != COMMA_OR_CLOSE && scan->state != (object ? KEY_OR_CLOSE : VALUE_OR_CLOSE)) return false;
    scan->depth--;
    value_done(scan);
    return true;
}

// A string begins: it is a key or a value.
static bool open_string(struct hark_shape_scan *scan)
{
    bool key = scan->state == KEY || scan->state == KEY_OR_CLOSE;
    if (!key && scan->state != VALUE && scan->state != VALUE_OR_CLOSE) return false;
    scan->string = true;
    if (key)
        scan->state = COLON;
    else
        value_done(scan);
    return true;
}

// A number or one of true, false and null; which, and how it goes on, the parser sees.
static bool open_word(struct hark_shape_scan *scan)
{
    if (scan->state != VALUE && scan->state != VALUE_OR_CLOSE) return false;
    scan->word = true;
    value_done(scan);
    return true;
}

static bool is_word(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
}

static bool token(struct hark_shape_scan *scan, unsigned char c)
{
    switch (c) {
    case '{': return open_bracket(scan, true);
    case '[': return open_bracket(scan, false);
    case '}': return close_bracket(scan, true);
    case ']': return close_bracket(scan, false);
    case '"': return open_string(scan);
    case ':':
        if (scan->state != COLON) return false;
        scan->state = VALUE;
        return true;
    case ',':
        if (scan->state != COMMA_OR_CLOSE) return false;
        scan->state = in_object(scan) ? KEY : VALUE;
        return true;
    default: return is_word(c) && open_word(scan);
    }
}

// One byte of a string; a control character cannot be in one, so that a line that ends inside a string is broken.
static bool string_byte(struct hark_shape_scan *scan, unsigned char c)
{
    if (c < 0x20) return false;
    if (scan->escape)
        scan->escape = false;
    else if (c == '\\')
        scan->escape = true;
    else if (c == '"')
        scan->string = false;
    return true;
}

enum hark_shape hark_shape_feed(struct hark_shape_scan *scan, struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (scan->string) {
            if (!string_byte(scan, c)) return HARK_SHAPE_WRONG;
            continue;
        }
        if (scan->word && is_word(c)) continue;
        scan->word = false;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
        if (!token(scan, c)) return HARK_SHAPE_WRONG;
        if (scan->depth > HARK_RECORD_MAX_DEPTH) return HARK_SHAPE_DEEP;
    }
    return scan->state == END && !scan->string ? HARK_SHAPE_WHOLE : HARK_SHAPE_PART;
}
