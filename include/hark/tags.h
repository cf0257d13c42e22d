// Hashtags, mentions, cashtags and links in plain text, by the rules of each platform.
//
// Sources: X: twitter-text 3.1 (its conformance suite); Mastodon: HASHTAG_RE of app/models/tag.rb, and its mention
// rule; Bluesky: the official client's detectFacets. Everything else follows HARK_TAGS_DEFAULT (documented in
// docs/hashtags.md).
#pragma once

#include <hark/arena.h>

enum hark_tags_profile { HARK_TAGS_DEFAULT, HARK_TAGS_X, HARK_TAGS_MASTODON, HARK_TAGS_BLUESKY };

// The profile for a post's `source` ("x", "mastodon", "bluesky"; others: default).
enum hark_tags_profile hark_tags_profile_of(struct hark_str source);

enum hark_entity_kind { HARK_ENTITY_HASHTAG, HARK_ENTITY_MENTION, HARK_ENTITY_CASHTAG, HARK_ENTITY_LINK };

struct hark_entity {
    enum hark_entity_kind kind;
    struct hark_str value; // without the sign, as written; points into the text
    size_t from, to;       // bytes of the text, sign included
};

// All entities of a text in the order in which they stand; the array is in the arena. `text` is well-formed UTF-8.
size_t hark_tags_find(enum hark_tags_profile profile, struct hark_str text, struct hark_arena *arena,
                      const struct hark_entity **ret);
// The values of one kind, each surface once.
struct hark_strs hark_tags_values(const struct hark_entity *entities, size_t n, enum hark_entity_kind kind,
                                  struct hark_arena *arena);
// The name under which the platform files a tag. Mastodon: width variants to their plain forms, small letters, accented
// Latin letters to their bases (HashtagNormalizer of 4.3), so that "BLÅHAJ" is "blahaj"; its API gives these names.
// Others: hark_text_key().
void hark_tags_name(enum hark_tags_profile profile, struct hark_str value, struct hark_buf *buf);
