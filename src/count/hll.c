#include "hll.h"

#include <math.h>

enum { HEAD_BYTES = 16, DENSE_BYTES = HLL_REGISTERS * 6 / 8 };

static void raise(struct hll *hll, size_t at, unsigned value)
{
    if (value > hll->registers[at]) hll->registers[at] = (uint8_t)value;
}

static int merge_dense(struct hll *hll, const uint8_t *bytes, size_t len)
{
    if (len < DENSE_BYTES) return -1;
    for (size_t i = 0; i < HLL_REGISTERS; i++) {
        size_t bit = i * 6, byte = bit / 8;
        unsigned pair = bytes[byte] | (byte + 1 < DENSE_BYTES ? (unsigned)bytes[byte + 1] << 8 : 0);
        raise(hll, i, pair >> bit % 8 & 63);
    }
    return 0;
}

static int merge_sparse(struct hll *hll, const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        size_t run;
        if (bytes[i] & 0x80) {
            run = (bytes[i] & 3u) + 1;
            for (size_t k = 0; k < run && at + k < HLL_REGISTERS; k++) raise(hll, at + k, (bytes[i] >> 2 & 31u) + 1);
        } else if (bytes[i] & 0x40) {
            if (++i >= len) return -1;
            run = ((bytes[i - 1] & 63u) << 8 | bytes[i]) + 1;
        } else {
            run = (bytes[i] & 63u) + 1;
        }
        at += run;
        if (at > HLL_REGISTERS) return -1;
    }
    return at == HLL_REGISTERS ? 0 : -1;
}

int hll_merge(struct hll *hll, struct hark_str bytes)
{
    const uint8_t *b = (const uint8_t *)bytes.ptr;
    if (bytes.len < HEAD_BYTES || memcmp(b, "HYLL", 4) != 0 || b[4] > 1) return -1;
    return (b[4] ? merge_sparse : merge_dense)(hll, b + HEAD_BYTES, bytes.len - HEAD_BYTES);
}

static double sigma(double x)
{
    double y = 1, z = x, before;
    if (x == 1.) return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (before != z);
    return z;
}

static double tau(double x)
{
    double y = 1, z = 1 - x, before;
    if (x == 0. || x == 1.) return 0.;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= pow(1 - x, 2) * y;
    } while (before != z);
    return z / 3;
}

int64_t hll_count(const struct hll *hll)
{
    int histogram[64] = {0};
    const double m = HLL_REGISTERS;
    for (size_t i = 0; i < HLL_REGISTERS; i++) histogram[hll->registers[i]]++;
    double z = m * tau((m - histogram[HLL_Q + 1]) / m);
    for (int j = HLL_Q; j >= 1; j--) {
        z += histogram[j];
        z *= 0.5;
    }
    z += m * sigma(histogram[0] / m);
    return llround(0.721347520444481703680 * m * m / z);
}
