// What the matcher needs to know of one post, each found when it is first asked for.
#pragma once

#include <hark/map.h>
#include <hark/post.h>
#include <hark/tags.h>
#include <hark/text.h>

// A place in the words of a post: bytes of the joined text (see facts.c), of which those from post->text.len on are in
// hashtags that the text does not hold.
struct hark_place {
    uint32_t from, to;
};

// A hashtag, mention or link that the post lists, or one that its text holds, cashtags as well.
struct hark_named {
    struct hark_str key;   // of a link: of its host
    struct hark_str value; // as written
    enum hark_entity_kind kind;
    struct hark_place place; // in the text; from == to: listed
    bool in_text;            // listed, and in the text as well
};

struct hark_named_list {
    struct hark_named *v;
    size_t n, cap;
};

struct hark_facts {
    const struct hark_post *post;
    struct hark_arena *arena;
    bool have_named, have_joined, have_view[2], have_words[2];
    const struct hark_entity *entities;
    size_t nentities;
    struct hark_named_list named;
    struct hark_map index;
    struct hark_str author; // key of the author's handle; ptr NULL unknown
    struct hark_str joined;
    struct hark_view view[2]; // as folded; without marks
    uint32_t *words[2];       // words[i]: words that begin before byte i of the view
    size_t cap_words[2];
    struct hark_buf buf, key;
};

void hark_facts_start(struct hark_facts *facts, const struct hark_post *post, struct hark_arena *arena);
void hark_facts_done(struct hark_facts *facts);

// The text's words, folded; with `plain`, without marks. Its `orig` counts in the joined text.
const struct hark_view *hark_facts_view(struct hark_facts *facts, bool plain);
// How many words begin before each byte of the view.
const uint32_t *hark_facts_words(struct hark_facts *facts, bool plain);
// All hashtags, mentions, links and cashtags: of each kind those that the post lists, then the places in the text.
const struct hark_named_list *hark_facts_named(struct hark_facts *facts);
// The key of a whole link, until the next call of any of these.
struct hark_str hark_facts_link_key(struct hark_facts *facts, const struct hark_named *link);
struct hark_str hark_facts_author(struct hark_facts *facts);

// Whether a place is in the text itself.
static inline bool hark_facts_in_text(const struct hark_facts *facts, struct hark_place place)
{
    return place.to <= facts->post->text.len;
}
