// Which names are top-level domains.
#pragma once

#include <hark/str.h>

enum { TLD_MAX_BYTES = 63 }; // a label of the DNS has no more

// ASCII letters in any case.
bool tld_is(struct hark_str name);
