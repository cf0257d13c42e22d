// The parameters of our API, by one table: from the names and texts of a query to checked values. Pure.
#pragma once

#include <hark/read.h>

enum param { // bits
    PARAM_BRAND = 1,
    PARAM_INTENT = 2,
    PARAM_FROM = 4,
    PARAM_TO = 8,
    PARAM_STEP = 16,
    PARAM_BY = 32,
    PARAM_LIMIT = 64,
    PARAM_CURSOR = 128,
    PARAM_AT = 256,
    PARAM_FIND = 512,
    PARAM_RANGE = PARAM_FROM | PARAM_TO,
};

enum { PARAM_MAX_INTENTS = 32 };

struct params {
    unsigned given; // bits
    struct hark_str brand;
    struct hark_str intents[PARAM_MAX_INTENTS];
    size_t nintents;
    int64_t from_ms, to_ms, at_ms;
    enum hark_step step;
    enum hark_dimension by;
    size_t limit;
    struct hark_str cursor; // as text; ptr NULL: none
    struct hark_str find;   // a part of names; empty: all
};

// Takes one parameter of a query. `accepted`: bits of those that the resource has. Texts stay where they are. err says
// what is wrong and what would be right.
int params_add(struct params *params, unsigned accepted, struct hark_str name, struct hark_str value,
               struct hark_err *err) HARK_CHECKED;
// What belongs together: from before to, a range that is not too long for the step. Fills what was not given: `to` is
// now, `from` a day before, the step what fits.
int params_finish(struct params *params, unsigned accepted, int64_t now_ms, struct hark_err *err) HARK_CHECKED;
bool params_found(const struct params *params, struct hark_str name); // has `find` in it
// "1795255200123_at://…" to a place in a list of posts.
int params_cursor(struct hark_str text, struct hark_cursor *ret, struct hark_err *err) HARK_CHECKED;
