// Queries inside the room: the tree, and what is odd about it.
#pragma once

#include "load.h"

// The query that is the text of `place`; NULL where it is wrong, which was reported then.
struct hark_node *hark_query_read(struct hark_place *place, bool fold, struct hark_arena *arena,
                                  hark_regex_check *check_regex, struct hark_problems *problems);
// Warns of what would match everything, can never match, or adds nothing.
void hark_query_lint(const struct hark_node *root, struct hark_problems *problems);

// The keys of tags and handles without their sign, ASCII or full-width; whether the word can be one.
struct hark_str hark_without_sign(struct hark_str s, char sign);
bool hark_is_hashtag(struct hark_str s);
bool hark_is_handle(struct hark_str s);
bool hark_is_domain(struct hark_str s);
extern const char hark_say_hashtag[], hark_say_handle[], hark_say_domain[];
