// SHA-256 as FIPS 180-4 writes it down, section 6.2; names are those of the standard.

#include <hark/sha256.h>

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void schedule(const uint8_t *block, uint32_t W[64])
{
    for (unsigned t = 0; t < 16; t++)
        W[t] = (uint32_t)block[t * 4] << 24 | (uint32_t)block[t * 4 + 1] << 16 | (uint32_t)block[t * 4 + 2] << 8 |
               block[t * 4 + 3];
    for (unsigned t = 16; t < 64; t++) {
        uint32_t s0 = rotr(W[t - 15], 7) ^ rotr(W[t - 15], 18) ^ W[t - 15] >> 3;
        uint32_t s1 = rotr(W[t - 2], 17) ^ rotr(W[t - 2], 19) ^ W[t - 2] >> 10;
        W[t] = s1 + W[t - 7] + s0 + W[t - 16];
    }
}

// One step, which changes d and h. The standard hands each letter on to the next after a step; here the next call names
// them one further instead, so that nothing moves.
static inline void step(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f, uint32_t g,
                        uint32_t *h, uint32_t add)
{
    uint32_t S1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25), ch = (e & f) ^ (~e & g);
    uint32_t S0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22), maj = (a & b) ^ (a & c) ^ (b & c);
    uint32_t T1 = *h + S1 + ch + add;
    *d += T1;
    *h = T1 + S0 + maj;
}

static void take_block(uint32_t H[8], const uint8_t *block)
{
    uint32_t W[64];
    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    schedule(block, W);
    for (unsigned t = 0; t < 64; t += 8) {
        step(a, b, c, &d, e, f, g, &h, K[t] + W[t]);
        step(h, a, b, &c, d, e, f, &g, K[t + 1] + W[t + 1]);
        step(g, h, a, &b, c, d, e, &f, K[t + 2] + W[t + 2]);
        step(f, g, h, &a, b, c, d, &e, K[t + 3] + W[t + 3]);
        step(e, f, g, &h, a, b, c, &d, K[t + 4] + W[t + 4]);
        step(d, e, f, &g, h, a, b, &c, K[t + 5] + W[t + 5]);
        step(c, d, e, &f, g, h, a, &b, K[t + 6] + W[t + 6]);
        step(b, c, d, &e, f, g, h, &a, K[t + 7] + W[t + 7]);
    }
    const uint32_t v[8] = {a, b, c, d, e, f, g, h};
    for (unsigned i = 0; i < 8; i++) H[i] += v[i];
}

void hark_sha256_init(struct hark_sha256 *sha)
{
    *sha = (struct hark_sha256){
        .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void hark_sha256_add(struct hark_sha256 *sha, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        size_t used = sha->bytes % 64, n = 64 - used < len ? 64 - used : len;
        memcpy(sha->block + used, from, n);
        sha->bytes += n;
        from += n;
        len -= n;
        if (used + n == 64) take_block(sha->state, sha->block);
    }
}

void hark_sha256_hex(struct hark_sha256 *sha, char out[65])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t bits = sha->bytes * 8;
    uint8_t length[8];
    for (unsigned i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    hark_sha256_add(sha, "\x80", 1);
    while (sha->bytes % 64 != 56) hark_sha256_add(sha, "", 1);
    hark_sha256_add(sha, length, 8);
    for (unsigned i = 0; i < 32; i++) {
        uint8_t byte = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    out[64] = 0;
}
