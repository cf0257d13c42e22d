// A stream of bytes in records: lines of NDJSON, events of an SSE recording, or JSON texts that go on over many lines;
// told by content, record by record.
//
// A line that begins like a field of SSE (`event:`, `data:`, `id:`, `retry:` or a comment's `:`) begins an event, which
// goes on to an empty line (or to one that is JSON: then that is the next record, so that nothing is lost to a missing
// empty line). Any other line is a record. Whoever finds that it is not JSON may ask with hark_records_extend() whether
// it is the beginning of one.
#pragma once

#include "input.h"

#include <hark/source.h>

enum {
    HARK_RECORD_MAX_TEXT_BYTES = 64 << 20
}; // of a JSON text over many lines: it is held in memory with all that it says

struct hark_raw {
    struct hark_str text;  // until the following call; of what is too long only the first HARK_DEAD_MAX_BYTES
    struct hark_str event; // name of the SSE event; ptr NULL where it has none
    uint64_t len;          // bytes of it
    uint64_t line;         // its first, from 1
    bool too_long;
    bool sse;
};

// Where a record begins: unpacked bytes and lines before it.
struct hark_mark {
    uint64_t offset, lines;
};

struct hark_records {
    struct hark_input *in;
    char *bytes; // of the input: what is not yet used is from `at` to `end`
    size_t at, end, cap;
    struct hark_mark mark; // of the byte at `at`: behind the latest record
    size_t record_len;     // of the latest record, which stands before `at`
    struct hark_mark record_mark;
    struct hark_buf data, event; // of an SSE event
};

void hark_records_init(struct hark_records *r, struct hark_input *in);
// 1: a record; 0: the end; negative: an error (HARK_ESTOP: stopped).
int hark_records_next(struct hark_records *r, struct hark_raw *ret, struct hark_err *err) HARK_CHECKED;
// Makes the record that next() gave, a line that is not JSON, longer by the lines behind it, where these make it a
// whole JSON text. 1: done; 0: they do not; negative: an error.
int hark_records_extend(struct hark_records *r, struct hark_raw *record, struct hark_err *err) HARK_CHECKED;
// The first bytes of the input, at most `max` of them. Before the first record only.
int hark_records_head(struct hark_records *r, size_t max, struct hark_str *ret, struct hark_err *err) HARK_CHECKED;
// Goes on there: true where the input has it.
bool hark_records_seek(struct hark_records *r, struct hark_mark mark, struct hark_err *err) HARK_CHECKED;
void hark_records_done(struct hark_records *r);
