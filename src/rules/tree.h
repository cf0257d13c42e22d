// A YAML file as a tree that knows where everything stands.
//
// Scalars are texts whatever YAML 1.1 makes of `no`, `off` or `20`. Anchors, aliases and tags are refused: no rule
// needs them, `*berry` and
// `&co` without quotes are far more often meant as text, and without them no small file unfolds into a large one.
#pragma once

#include <hark/rules.h>

enum hark_yaml_kind { HARK_YAML_SCALAR, HARK_YAML_SEQ, HARK_YAML_MAP };
enum hark_yaml_style { HARK_YAML_PLAIN, HARK_YAML_SINGLE, HARK_YAML_DOUBLE, HARK_YAML_LITERAL, HARK_YAML_FOLDED };

struct hark_yaml {
    enum hark_yaml_kind kind;
    enum hark_yaml_style style; // of a scalar
    unsigned line, column;      // from 1, in characters
    struct hark_str text;       // of a scalar
    struct hark_yaml *kids;     // elements of a sequence; keys and values by turns of a mapping
    size_t n;                   // elements; of a mapping pairs
};

enum { HARK_YAML_MAX_DEPTH = 32 }; // a rule file needs 7

// A file of rules: its name as messages say it, and its bytes without a byte order mark. Lines are found when a message
// needs them.
struct hark_file {
    struct hark_str name, bytes;
    size_t *lines; // where each line begins
    size_t nlines;
};

void hark_file_done(struct hark_file *file);
// A line without its end, counted from 1; ptr NULL where there is none.
struct hark_str hark_file_line(struct hark_file *file, unsigned line);
struct hark_loc hark_file_loc(struct hark_file *file, size_t offset);

// Parses the documents of a file; `each` gets one root after the other (empty documents are passed over), which live in
// the arena. What is no YAML is a problem; the documents before it have been given out by then.
void hark_yaml_parse(struct hark_file *file, struct hark_arena *arena, struct hark_problems *problems,
                     void (*each)(void *arg, const struct hark_yaml *root), void *arg);

// Where the bytes of a text stand in its file: a scalar's quotes, escapes and indentation are not in its text. Going
// forward is cheap.
struct hark_place {
    struct hark_file *file; // NULL: the text stands as it is at `base`
    const struct hark_yaml *node;
    struct hark_str text;
    struct hark_loc base, now;
    size_t at;       // byte of the text at `now`
    const char *raw; // the same place in the file
};

void hark_place_text(struct hark_place *place, struct hark_str text, struct hark_loc loc);
void hark_place_node(struct hark_place *place, struct hark_file *file, const struct hark_yaml *node);
struct hark_loc hark_place_at(struct hark_place *place, size_t offset);
