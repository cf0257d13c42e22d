// Named character references of HTML.
#pragma once

#include <hark/str.h>

// The code point of "amp", "eacute" …, or 0. Names are those of HTML 4; case counts.
uint32_t entity_find(struct hark_str name);
