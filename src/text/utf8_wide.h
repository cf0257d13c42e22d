// Checking UTF-8 thirty-two bytes at a time, where the processor can.
//
// The method is that of "Validating UTF-8 In Less Than One Instruction Per Byte" (Keiser and Lemire, 2021): what is
// wrong with two bytes side by side follows from three of their half bytes, each of which is looked up in a table of
// bits; what all three agree on is an error. Third and fourth bytes are found from the lead byte before them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

// clang-format off
enum {
    U8_TOO_SHORT = 1, U8_TOO_LONG = 2, U8_OVERLONG_3 = 4, U8_TOO_LARGE = 8, U8_SURROGATE = 16, U8_OVERLONG_2 = 32,
    U8_TOO_LARGE_1000 = 64, U8_OVERLONG_4 = 64, U8_TWO_CONTS = 128,
    U8_CARRY = U8_TOO_SHORT | U8_TOO_LONG | U8_TWO_CONTS,
    U8_LARGE = U8_CARRY | U8_TOO_LARGE | U8_TOO_LARGE_1000,
    U8_SECOND = U8_TOO_LONG | U8_OVERLONG_2 | U8_TWO_CONTS,
};
#define U8_TABLE(...) { __VA_ARGS__, __VA_ARGS__ }
static const unsigned char u8_first_high[32] = U8_TABLE(
    U8_TOO_LONG, U8_TOO_LONG, U8_TOO_LONG, U8_TOO_LONG, U8_TOO_LONG, U8_TOO_LONG, U8_TOO_LONG, U8_TOO_LONG,
    U8_TWO_CONTS, U8_TWO_CONTS, U8_TWO_CONTS, U8_TWO_CONTS, U8_TOO_SHORT | U8_OVERLONG_2, U8_TOO_SHORT,
    U8_TOO_SHORT | U8_OVERLONG_3 | U8_SURROGATE, U8_TOO_SHORT | U8_TOO_LARGE | U8_TOO_LARGE_1000 | U8_OVERLONG_4);
static const unsigned char u8_first_low[32] = U8_TABLE(
    U8_CARRY | U8_OVERLONG_3 | U8_OVERLONG_2 | U8_OVERLONG_4, U8_CARRY | U8_OVERLONG_2, U8_CARRY, U8_CARRY,
    U8_CARRY | U8_TOO_LARGE, U8_LARGE, U8_LARGE, U8_LARGE, U8_LARGE, U8_LARGE, U8_LARGE, U8_LARGE, U8_LARGE,
    U8_LARGE | U8_SURROGATE, U8_LARGE, U8_LARGE);
static const unsigned char u8_second_high[32] = U8_TABLE(
    U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT,
    U8_SECOND | U8_OVERLONG_3 | U8_TOO_LARGE_1000 | U8_OVERLONG_4, U8_SECOND | U8_OVERLONG_3 | U8_TOO_LARGE,
    U8_SECOND | U8_SURROGATE | U8_TOO_LARGE, U8_SECOND | U8_SURROGATE | U8_TOO_LARGE,
    U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT, U8_TOO_SHORT);
// clang-format on

#define U8_AVX2 __attribute__((target("avx2")))

static inline U8_AVX2 __m256i u8_look_up(const unsigned char *table, __m256i halves)
{
    return _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(const void *)table), halves);
}

// Not 0 where a byte of `now` is wrong behind those before it; `before` are the 32 bytes before.
static inline U8_AVX2 __m256i u8_errors(__m256i now, __m256i before)
{
    const __m256i low = _mm256_set1_epi8(0x0f), high = _mm256_set1_epi8((char)0x80);
    __m256i seam = _mm256_permute2x128_si256(before, now, 0x21);
    __m256i one = _mm256_alignr_epi8(now, seam, 15), two = _mm256_alignr_epi8(now, seam, 14),
            three = _mm256_alignr_epi8(now, seam, 13);
    __m256i pair =
        _mm256_and_si256(_mm256_and_si256(u8_look_up(u8_first_high, _mm256_and_si256(_mm256_srli_epi16(one, 4), low)),
                                          u8_look_up(u8_first_low, _mm256_and_si256(one, low))),
                         u8_look_up(u8_second_high, _mm256_and_si256(_mm256_srli_epi16(now, 4), low)));
    __m256i goes_on = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0xe0 - 0x80)),
                                      _mm256_subs_epu8(three, _mm256_set1_epi8(0xf0 - 0x80)));
    return _mm256_xor_si256(_mm256_and_si256(goes_on, high), pair);
}

static inline bool u8_wide_can(void)
{
    return __builtin_cpu_supports("avx2");
}

// Whether all of it is UTF-8.
static U8_AVX2 bool u8_wide_good(const char *p, size_t len)
{
    __m256i before = _mm256_setzero_si256(), wrong = before;
    bool wide = false; // there are bytes from 0x80 in `before`
    size_t i = 0;
    for (; i + 32 <= len; i += 32) {
        __m256i now = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        bool is_wide = _mm256_movemask_epi8(now) != 0;
        if (wide || is_wide) wrong = _mm256_or_si256(wrong, u8_errors(now, before));
        wide = is_wide;
        before = now;
    }
    char rest[32] = {0}; // the zero bytes end what the text left open
    if (len > i) memcpy(rest, p + i, len - i);
    __m256i now = _mm256_loadu_si256((const __m256i *)(const void *)rest);
    wrong = _mm256_or_si256(wrong, u8_errors(now, before));
    if (len - i > 28) wrong = _mm256_or_si256(wrong, u8_errors(_mm256_setzero_si256(), now));
    return _mm256_testz_si256(wrong, wrong);
}

#else

static inline bool u8_wide_can(void)
{
    return false;
}
static inline bool u8_wide_good(const char *p, size_t len)
{
    return p == NULL && len == 0;
}

#endif
