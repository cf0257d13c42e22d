// Rules of other tools as brand files: X's filtered stream, PowerTrack, Brandwatch.
//
// A file holds one rule a line, or JSON: objects with value and tag (also query or booleanQuery, and name), a list of
// them, such a list under rules, add or data, or one object a line. Each rule becomes a brand with a query. What has no
// equal here is left out where the rest still means something, and told with its place and what that does to the rule;
// what cannot be read at all is an error and the rule is not written.
#pragma once

#include <hark/rules.h>

enum hark_dialect { HARK_DIALECT_X, HARK_DIALECT_POWERTRACK, HARK_DIALECT_BRANDWATCH };

struct hark_imported {
    size_t rules, written;
};

// Writes the brands, of this team, as YAML documents. `name` is the file's, for messages.
struct hark_imported hark_rules_import(struct hark_str name, struct hark_str bytes, enum hark_dialect dialect,
                                       struct hark_str team, struct hark_buf *yaml, struct hark_problems *problems);
