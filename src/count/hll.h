// HyperLogLogs as Redis stores them, merged and counted here: PFCOUNT cannot see several instances, and merging in
// Redis would mean writing into it.
//
// Layout and estimate follow Redis's hyperloglog.c: "HYLL", an encoding (0 dense, 1 sparse), three unused bytes, eight
// bytes of cache; then 16,384 registers of 6 bits, or opcodes: 00xxxxxx (x+1 zeros), 01xxxxxx yyyyyyyy (zeros, 14
// bits), 1vvvvvxx (value v+1, x+1 times). The estimate is Otmar Ertl's (arXiv 1702.01284), so that it equals PFCOUNT's.
#pragma once

#include <hark/str.h>

enum { HLL_REGISTERS = 16384, HLL_Q = 50 };

struct hll { // init by zeroing
    uint8_t registers[HLL_REGISTERS];
};

// 0, or -1 where the bytes are no such value.
int hll_merge(struct hll *hll, struct hark_str bytes);
int64_t hll_count(const struct hll *hll);
