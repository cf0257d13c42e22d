// Patterns between slashes, in PCRE2.
#pragma once

#include <hark/err.h>

struct hark_regex; // immutable, shared by threads

// NULL on error. The pattern has passed hark_match_check_regex().
struct hark_regex *hark_regex_new(struct hark_str pattern, struct hark_err *err);
void hark_regex_free(struct hark_regex *regex); // takes NULL
size_t hark_regex_bytes(const struct hark_regex *regex);

// What a thread needs for matching.
struct hark_regex_scratch;
struct hark_regex_scratch *hark_regex_scratch_new(uint32_t match_limit);
void hark_regex_scratch_free(struct hark_regex_scratch *scratch); // takes NULL

enum hark_regex_result {
    HARK_REGEX_NONE,
    HARK_REGEX_HIT,
    HARK_REGEX_OVER_LIMIT, // a match limit was reached
    HARK_REGEX_CUT,        // nothing in the head of a very long text, which is all that was looked at
};
// The first place at or behind `at` (text is well-formed UTF-8). A pattern that reaches its limit has no hit.
enum hark_regex_result hark_regex_find(const struct hark_regex *regex, struct hark_regex_scratch *scratch,
                                       struct hark_str text, size_t at, size_t *ret_from, size_t *ret_to);
