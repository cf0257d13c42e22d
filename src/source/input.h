// The bytes of a file or of standard input, unpacked where they are gzip.
#pragma once

#include "wake.h"

struct hark_input;

enum {
    HARK_INPUT_STOPPED = HARK_ESTOP,
    HARK_INPUT_QUIET = -100, // nothing came for a while, err is untouched: ask again
};

// `path` "-" is standard input. `wake` must outlive it.
struct hark_input *hark_input_open(const char *path, struct hark_wake *wake, struct hark_err *err);
// What `read` gives, as hark_input_read() does; it never ends but by an error, so that nothing that was cut short
// counts as whole.
struct hark_input *hark_input_from(long (*read)(void *arg, char *to, size_t max, struct hark_err *err), void *arg);
// Up to `max` unpacked bytes: how many, 0 at the end, negative on error (HARK_ESTOP: stopped).
long hark_input_read(struct hark_input *in, char *to, size_t max, struct hark_err *err) HARK_CHECKED;
// Moves to this many unpacked bytes from the start; the input must be a file. False where it has fewer.
bool hark_input_seek(struct hark_input *in, uint64_t offset, struct hark_err *err) HARK_CHECKED;
// A plain file that others add to: at its end HARK_INPUT_QUIET, and no end ever. An error where it is packed.
int hark_input_follow(struct hark_input *in, struct hark_err *err) HARK_CHECKED;
// Whether another file is at the path by now, or the file was cut shorter than what was read of it.
bool hark_input_replaced(const struct hark_input *in);
bool hark_input_is_file(const struct hark_input *in); // and not a pipe or a terminal
// Stored bytes read so far, and how many there were at the start (0 where that is not known).
void hark_input_progress(const struct hark_input *in, uint64_t *ret_done, uint64_t *ret_all);
void hark_input_free(struct hark_input *in); // takes NULL
