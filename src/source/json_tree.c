// A record's JSON as jansson's tree, read by hark's own reader: that reads a text at a time where jansson's looks at
// each character, and takes a third of the time.
//
// Jetstream's events are half pictures and references that nobody here asks for. They are read, for what is not JSON
// must be a dead letter, but they do not come into the tree.
#include "json_tree.h"

#include <hark/json_read.h>
#include <hark/source.h>

struct tree {
    struct hark_jr jr;
    bool event; // of Jetstream
};

static json_t *value_of(struct tree *tree);

static bool is_wanted(const struct tree *tree, struct hark_str key)
{
    static const struct hark_str unread[] = {
        {"alt", 3}, {"aspectRatio", 11}, {"cid", 3},  {"description", 11}, {"image", 5}, {"labels", 6}, {"mimeType", 8},
        {"ref", 3}, {"root", 4},         {"size", 4}, {"thumb", 5},        {"title", 5}, {"video", 5},
    };
    for (size_t i = 0; tree->event && i < sizeof unread / sizeof *unread; i++)
        if (hark_str_eq(key, unread[i])) return false;
    return true;
}

// jansson wants keys that end in NUL.
static const char *key_text(struct tree *tree, struct hark_str key, char *buf, size_t size)
{
    if (key.len >= size) return hark_arena_str(tree->jr.arena, key).ptr;
    memcpy(buf, key.ptr, key.len);
    buf[key.len] = 0;
    return buf;
}

static json_t *object(struct tree *tree) // NOLINT(misc-no-recursion): no deeper than HARK_RECORD_MAX_DEPTH
{
    struct hark_str key;
    char text[64];
    json_t *object = json_object();
    if (!hark_jr_enter(&tree->jr, '{')) return object;
    while (hark_jr_key(&tree->jr, &key)) {
        if (!is_wanted(tree, key)) {
            if (!hark_jr_skip(&tree->jr)) break;
            continue;
        }
        const char *name = key_text(tree, key, text, sizeof text);
        if (json_object_set_new_nocheck(object, name, value_of(tree)) < 0) tree->jr.failed = true;
        if (tree->jr.failed) break;
    }
    return object;
}

static json_t *array(struct tree *tree) // NOLINT(misc-no-recursion): as above
{
    json_t *array = json_array();
    if (!hark_jr_enter(&tree->jr, '[')) return array;
    while (hark_jr_item(&tree->jr)) {
        if (json_array_append_new(array, value_of(tree)) < 0) tree->jr.failed = true;
        if (tree->jr.failed) break;
    }
    return array;
}

// Whole numbers; those with a fraction or too large are left to jansson.
static json_t *number(struct tree *tree)
{
    struct hark_str digits;
    int64_t number;
    if (!hark_jr_number(&tree->jr, &digits)) return NULL;
    if (hark_str_int(digits, &number) == 0) return json_integer(number);
    tree->jr.failed = true;
    return NULL;
}

static json_t *value_of(struct tree *tree) // NOLINT(misc-no-recursion): as above
{
    struct hark_str s;
    bool yes;
    switch (hark_jr_peek(&tree->jr)) {
    case '{': return object(tree);
    case '[': return array(tree);
    case '"': return hark_jr_string(&tree->jr, &s) ? json_stringn_nocheck(s.ptr, s.len) : NULL;
    case 't':
    case 'f': return hark_jr_bool(&tree->jr, &yes) ? json_boolean(yes) : NULL;
    case 'n': return hark_jr_null(&tree->jr) ? json_null() : NULL;
    default: return number(tree);
    }
}

json_t *hark_json_tree(struct hark_str text, struct hark_arena *arena)
{
    struct hark_err err = {0};
    struct tree tree = {.event = hark_str_starts(text, HARK_STR("{\"did\":\"did:")) ||
                                 hark_str_starts(text, HARK_STR("{\"$type\":\"message\",\"payload\":{"))};
    if (!hark_jr_init(&tree.jr, text, arena, HARK_RECORD_MAX_DEPTH, &err)) return NULL;
    json_t *root = value_of(&tree);
    if (root && !tree.jr.failed && hark_jr_end(&tree.jr)) return root;
    json_decref(root);
    return NULL;
}
