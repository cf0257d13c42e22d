// What a post adds to the counters, as a model and as the text kept in hark:post:<id> (field `added`).
//
// The text is what makes taking back exact: whatever rules and code are in force by then, the same numbers go down that
// went up. One line a thing: a letter, a space, a value ('\', line ends and tabs escaped); what stands under a brand or
// an intent follows it:
//
//   t 1795255200123      time in ms, clamped
//   s bluesky            source
//   l en                 language, any number
//   b river-island       brand
//   g coats              another hashtag beside the brand, by its key
//   i mention            intent
//   i want
//   p i'd love           phrase that fired
//
// Pure. Everything a note points to lives in the arena it was made in.
#pragma once

#include <hark/match.h>

enum {
    // What one post may add, so that nobody can fill Redis with one: more than any platform lets a person write by
    // hand.
    HARK_NOTE_LANGS = 8,
    HARK_NOTE_LANG_BYTES = 35, // the longest language tag that BCP 47 tells one to expect
    HARK_NOTE_TAGS = 32,
    HARK_NOTE_TAG_BYTES = 256,
    HARK_EARLY_MS = 5 * 60 * 1000, // a clock may run ahead by this much
};

struct hark_note_intent {
    struct hark_str name;
    struct hark_strs phrases;
};

struct hark_note_brand {
    struct hark_str name;
    struct hark_strs tags;
    struct hark_note_intent *intents; // "mention" first
    size_t nintents;
};

struct hark_note {
    int64_t time_ms;
    struct hark_str source;
    struct hark_strs langs; // "und" where unknown
    struct hark_note_brand *brands;
    size_t nbrands;
};

struct hark_note *hark_note_make(const struct hark_post *post, const struct hark_matches *matches, int64_t arrival_ms,
                                 struct hark_arena *arena);
void hark_note_encode(const struct hark_note *note, struct hark_buf *buf);
// NULL where the text is no note.
struct hark_note *hark_note_decode(struct hark_str text, struct hark_arena *arena);
