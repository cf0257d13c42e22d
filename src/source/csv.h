// One record of a CSV file after the other (RFC 4180; a line may end in LF alone).
#pragma once

#include <hark/arena.h>
#include <hark/err.h>

struct hark_csv {
    struct hark_str text;     // all of the file, UTF-8
    const char *name;         // for messages
    struct hark_arena *arena; // fields that had a "" in them
    size_t at;
    unsigned line;      // of `at`, from 1
    struct hark_str *v; // fields of the latest record
    size_t n, cap;
};

// 1: a record, and *ret_line where it begins; 0: the end; negative: an error with its place. Empty lines are passed
// over.
int hark_csv_next(struct hark_csv *csv, unsigned *ret_line, struct hark_err *err) HARK_CHECKED;
void hark_csv_done(struct hark_csv *csv);
