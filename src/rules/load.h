// Shared by the files of this room: the state of a load, and how YAML is read into the model.
//
// Reading never stops at a problem: what is wrong is reported, left out of the model, and the rest is read, so that one
// run shows all.
#pragma once

#include "tree.h"

#include <hark/text.h>

// An intent that a brand names; found when all files are read.
struct hark_wish {
    size_t brand; // index in the load's brands
    size_t slot;  // in the brand's intents
    struct hark_str name;
    struct hark_loc loc;
    bool hit; // the hit of a test, which has no slot
};

// How a phrase is read; the buffers live on from one to the next.
struct hark_leaf {
    struct hark_place *place;
    struct hark_arena *arena;
    struct hark_problems *problems;
    hark_regex_check *check_regex;
    bool fold;
    struct hark_buf buf;
    struct hark_view view;
};

struct hark_load {
    struct hark_ruleset *rs;
    struct hark_arena *arena; // of the rule set
    struct hark_arena tree;   // of the file that is read
    struct hark_problems *problems;
    struct hark_leaf leaf;
    struct hark_file *file; // that is read
    struct hark_brand *brands;
    size_t nbrands, brands_cap;
    struct hark_intent **named, **inlined;
    size_t nnamed, named_cap, ninlined, inlined_cap;
    struct hark_map brand_names, intent_names; // → index
    struct hark_wish *wishes;
    size_t nwishes, wishes_cap;
    struct hark_buf buf, tmp;
};

enum { HARK_LOAD_MAX_COUNT = 1000000000 }; // of followers, likes and the like

// --- what is said ---

#define HARK_BAD(ld, node, ...) hark_problems_add((ld)->problems, false, hark_yaml_loc((ld), (node)), __VA_ARGS__)
#define HARK_WARN_AT(ld, node, ...) hark_problems_add((ld)->problems, true, hark_yaml_loc((ld), (node)), __VA_ARGS__)
struct hark_loc hark_yaml_loc(const struct hark_load *ld, const struct hark_yaml *node);

// The name nearest to a misspelt one, NULL where none is near. `names` ends in NULL.
const char *hark_near(struct hark_str wrong, const char *const *names);
// Fewest insertions, deletions, changes and swaps of neighbours, by bytes, at most `limit` + 1.
unsigned hark_distance(struct hark_str a, struct hark_str b, unsigned limit);
// "did you mean x?" and the valid names in a row, into buf.
void hark_say_names(struct hark_buf *buf, struct hark_str wrong, const char *const *names);

// --- YAML to values; false where it is wrong, which was reported then ---

// Puts the value of each known key of a mapping into values[index in `keys`], NULL where it is absent; reports what is
// unknown or double. `keys` ends in NULL. Where `language` is set, keys that are language codes are no problem.
bool hark_load_keys(struct hark_load *ld, const struct hark_yaml *map, const char *what, const char *const *keys,
                    bool language, const struct hark_yaml **values);
bool hark_load_text(struct hark_load *ld, const struct hark_yaml *node, const char *what,
                    struct hark_str *ret); // not empty; not copied
bool hark_load_int(struct hark_load *ld, const struct hark_yaml *node, const char *what, int64_t min, int64_t max,
                   int64_t *ret);
bool hark_load_bool(struct hark_load *ld, const struct hark_yaml *node, const char *what, bool *ret);
bool hark_load_name(struct hark_load *ld, const struct hark_yaml *node, const char *what,
                    struct hark_str *ret);                                                     // [a-z0-9-]+, copied
bool hark_load_list(struct hark_load *ld, const struct hark_yaml *node, const char *what);     // whether it is a list
bool hark_load_lang(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret); // copied, in lower case
bool hark_is_lang(struct hark_str s);

// --- patterns and queries ---

size_t hark_quote_bytes(struct hark_str s, size_t at);
size_t hark_quote_end(struct hark_str s, size_t at);
void hark_leaf_done(struct hark_leaf *leaf);

// The pattern that stands as `written` at byte `at` of the place's text.
bool hark_leaf_pattern(struct hark_leaf *leaf, struct hark_str written, size_t at, struct hark_pattern *ret);
bool hark_load_pattern(struct hark_load *ld, const struct hark_yaml *node, const char *what, bool fold,
                       struct hark_pattern *ret);

// --- documents ---

void hark_load_wish(struct hark_load *ld, struct hark_wish wish);
void hark_load_brand(struct hark_load *ld, const struct hark_yaml *map);
// NULL where it has no name to be known by. `fold`: unless it says otherwise.
struct hark_intent *hark_load_intent(struct hark_load *ld, const struct hark_yaml *map, bool inlined, bool fold);
struct hark_node *hark_load_listen(struct hark_load *ld, const struct hark_yaml *map, bool fold);
// Tests of a brand (`intent` NULL: hits become wishes) or of an intent.
struct hark_test *hark_load_tests(struct hark_load *ld, const struct hark_yaml *list, size_t brand,
                                  const struct hark_intent *intent, size_t *ret_n);
// The texts of a list, each made by `each` (false: left out); ptr v stays NULL where the list is none.
struct hark_strs hark_load_strs(struct hark_load *ld, const struct hark_yaml *list, const char *what,
                                bool (*each)(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret));
// The key of a handle; a leading sign is dropped.
bool hark_load_handle(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret);
