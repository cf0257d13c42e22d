// How a source that waits, for bytes or for the time of the next post, is told to stop.
#pragma once

#include <hark/err.h>

#include <stdatomic.h>

struct hark_wake {
    int fd; // an eventfd, readable from the stop on
    atomic_bool stopped;
};

int hark_wake_init(struct hark_wake *wake, struct hark_err *err) HARK_CHECKED;
void hark_wake_done(struct hark_wake *wake);
void hark_wake_stop(struct hark_wake *wake); // async-signal-safe
// Waits until `fd` can be read (-1: nothing to read), `timeout_ms` are over (-1: never) or it is stopped; false when it
// is stopped.
bool hark_wake_wait(struct hark_wake *wake, int fd, int timeout_ms);
