// How X asks to be tried again.
#pragma once

#include <stdint.h>

enum hark_x_failure { HARK_X_TCP, HARK_X_HTTP, HARK_X_LIMIT }; // the network; an HTTP error; 429

// How long to wait before the nth try in a row (from 0) of one kind.
int64_t hark_x_backoff_ms(enum hark_x_failure failure, unsigned nth);
