// SHA-256 (FIPS 180-4): the version of a rule set, and names for things that must be the same on every machine.
//
// Not for secrets: nothing here hides its timing.
#pragma once

#include <hark/str.h>

struct hark_sha256 {
    uint32_t state[8];
    uint64_t bytes; // taken so far
    uint8_t block[64];
};

void hark_sha256_init(struct hark_sha256 *sha);
void hark_sha256_add(struct hark_sha256 *sha, const void *bytes, size_t len);
// 64 hex digits and a NUL; the state is used up.
void hark_sha256_hex(struct hark_sha256 *sha, char out[65]);
