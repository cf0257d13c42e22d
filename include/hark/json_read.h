// Reading JSON in a single pass, one value after the other, without building a tree.
//
// The decoder pulls: it asks for the next key of an object or the next item of an array and then either takes the value
// in the form that it wants or passes over it. Texts are views into the input where they have no escape and copies in
// the arena where they have. The first error stays in `err`, with the byte (counted from 0) and what was expected
// there; functions then return false, and nothing more may be asked of the reader. Measured: a canonical post read into
// a tree by jansson takes several times as long as everything else that is done to a post, the matching included; this
// reader takes a small part of it.
//
// What is accepted is RFC 8259 and nothing else, with these bounds: nesting as deep as `max_depth`; UTF-8 without
// surrogates or overlong forms; escapes that name half a surrogate pair are errors; \u0000 is U+FFFD in a value and an
// error in a key. Numbers may be of any size where they are passed over.
#pragma once

#include <hark/arena.h>
#include <hark/err.h>

struct hark_jr {
    const char *start, *at, *end;
    struct hark_arena *arena;
    struct hark_err *err;
    unsigned depth, max_depth;
    bool fresh;  // the object or array was just opened
    bool failed; // err is set
    bool loose;  // what was read is not as hark writes it: white space, an escape that need not be
};

// Checks the UTF-8 of the whole input once.
bool hark_jr_init(struct hark_jr *jr, struct hark_str json, struct hark_arena *arena, unsigned max_depth,
                  struct hark_err *err);
// The first character of the next value, white space passed; '\0' where the input ends.
char hark_jr_peek(struct hark_jr *jr);
// Goes into an object or array; `bracket` is its opening one.
bool hark_jr_enter(struct hark_jr *jr, char bracket);
// The next key, its value to be taken by the following call. False at the object's end and on error.
bool hark_jr_key(struct hark_jr *jr, struct hark_str *ret);
// Whether there is a next item, to be taken by the following call. False at the array's end and on error.
bool hark_jr_item(struct hark_jr *jr);
bool hark_jr_string(struct hark_jr *jr, struct hark_str *ret);
// A number as written; its grammar was checked.
bool hark_jr_number(struct hark_jr *jr, struct hark_str *ret);
bool hark_jr_bool(struct hark_jr *jr, bool *ret);
bool hark_jr_null(struct hark_jr *jr);
// Passes over a value of any type and checks it all the same.
bool hark_jr_skip(struct hark_jr *jr);
// Nothing but white space may follow.
bool hark_jr_end(struct hark_jr *jr);
// "an object", "a text", ... of the value that begins with `c`.
const char *hark_jr_type_str(char c);
