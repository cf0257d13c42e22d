// Labelled posts, for measuring an intent: a text and what people said that it is.
//
// A file is NDJSON, {"text":…,"label":…} or {"text":…,"labels":[…]} a line (a label is a text, a number, true or false;
// other keys are passed over), or CSV with a header that has the columns text and label (RFC 4180: quotes, commas and
// line ends inside quotes, "" for a quote); told by its first character. Packed with gzip it is unpacked. All of it is
// held in memory; what next() gives lives as long as the file.
#pragma once

#include <hark/err.h>

struct hark_labelled {
    struct hark_str text;
    struct hark_strs labels; // as written: `1`, `true`, `QUE`
    unsigned line;           // where it begins
};

enum { HARK_LABELLED_MAX_BYTES = 1 << 30 }; // unpacked; the largest public sets are a tenth of it

struct hark_labelled_file;

// `path` "-" is standard input.
struct hark_labelled_file *hark_labelled_open(const char *path, struct hark_err *err);
// 1: a post; 0: the end; negative: an error, with its place.
int hark_labelled_next(struct hark_labelled_file *file, struct hark_labelled *ret, struct hark_err *err) HARK_CHECKED;
void hark_labelled_free(struct hark_labelled_file *file); // takes NULL
