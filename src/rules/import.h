// Inside the import: a rule of another tool as a tree, whose leaves are hark's already.
#pragma once

#include "query.h"

#include <hark/import.h>

enum hark_in_kind { HARK_IN_LEAF, HARK_IN_LEFT_OUT, HARK_IN_AND, HARK_IN_OR, HARK_IN_NOT, HARK_IN_NEAR };

struct hark_in_node {
    enum hark_in_kind kind;
    struct hark_str text;    // LEAF: as hark writes it
    struct hark_str words;   // LEAF that is words: these, without quotes; ptr NULL otherwise
    const char *why;         // LEFT_OUT
    struct hark_str written; // as in the rule
    size_t at;               // byte in the rule
    unsigned distance;       // NEAR
    bool ordered;
    struct hark_in_node **kids;
    size_t n;
};

struct hark_in {
    struct hark_str s; // the rule
    size_t at;
    enum hark_dialect dialect;
    struct hark_arena *arena;
    struct hark_problems *problems;
    struct hark_loc loc; // where the rule begins
    bool in_line;        // the rule stands as it is in its line, so that columns can be told
    struct hark_str line;
    unsigned depth;
    bool failed;
};

// Tells something of byte `at` of the rule. An error fails the rule.
void hark_in_tell(struct hark_in *in, bool error, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// import_parse.c: NULL where it cannot be read, which was told.
struct hark_in_node *hark_in_parse(struct hark_in *in);
// import_print.c: the tree in hark's language; false where nothing is left of it, which was told.
bool hark_in_print(struct hark_in *in, struct hark_in_node *root, struct hark_buf *buf);

// import_words.c: the leaf of an operator with its value, or of words, quoted or not.
struct hark_in_node *hark_in_operator(struct hark_in *in, size_t at, struct hark_str written, struct hark_str name,
                                      struct hark_str value);
struct hark_in_node *hark_in_words(struct hark_in *in, size_t at, struct hark_str written, struct hark_str words,
                                   struct hark_str behind);
struct hark_in_node *hark_in_leaf(struct hark_in *in, size_t at, struct hark_str written, struct hark_str text);
