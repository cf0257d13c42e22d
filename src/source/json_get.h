// Taking values out of platforms' payloads, where anything may be missing or of another type: then it is unknown.
#pragma once

#include <hark/arena.h>
#include <hark/source.h>

#include <jansson.h>

// The text, in the record's memory; ptr NULL where there is none. NULs, which no text of a post can have, become
// U+FFFD.
struct hark_str hark_get_str(const json_t *object, const char *key, struct hark_arena *arena);
struct hark_str hark_get_str_value(const json_t *value, struct hark_arena *arena);
// As hark_get_str, but a number is taken as its digits: ids are written both ways.
struct hark_str hark_get_id(const json_t *object, const char *key, struct hark_arena *arena);
// A number that is not negative, else -1.
int64_t hark_get_number(const json_t *object, const char *key);
// Of nested objects: "a", "b", "c", NULL. NULL where one is missing.
const json_t *hark_get_path(const json_t *object, ...) __attribute__((sentinel));
bool hark_get_is(const json_t *object, const char *key, const char *text);
bool hark_get_true(const json_t *object, const char *key);

// A list of texts that is being made, each once.
struct hark_texts {
    struct hark_arena *arena;
    struct hark_str *v;
    size_t n, cap;
};
void hark_texts_add(struct hark_texts *texts, struct hark_str s); // not where it is empty
void hark_texts_add_all(struct hark_texts *texts, struct hark_strs list);
struct hark_strs hark_texts_list(const struct hark_texts *texts); // known, though it be empty

// &amp; &lt; &gt; as characters, which is all that X and Reddit escape.
struct hark_str hark_get_unescaped(struct hark_str s, struct hark_arena *arena);
