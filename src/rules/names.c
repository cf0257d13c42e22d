// Misspelt names: which valid one is near.

#include "load.h"

#include <stdlib.h>

enum { MAX_NAME = 64 }; // longer words are not compared

enum {
    MOST_NAMES = 30, // are told
    FEW_NAMES = 10,  // are told also where one is near
};

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

// Rows of the matrix of Levenshtein with Damerau's swap (optimal string alignment).
unsigned hark_distance(struct hark_str a, struct hark_str b, unsigned limit)
{
    unsigned rows[3][MAX_NAME + 1];
    size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (a.len > MAX_NAME || b.len > MAX_NAME || apart > limit) return limit + 1;
    for (size_t j = 0; j <= b.len; j++) rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = a.ptr[i - 1] == b.ptr[j - 1];
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + !same);
            bool swapped = i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1];
            if (swapped && before[j - 2] + 1 < now[j]) now[j] = before[j - 2] + 1;
        }
    }
    unsigned distance = rows[a.len % 3][b.len];
    return distance <= limit ? distance : limit + 1;
}

const char *hark_near(struct hark_str wrong, const char *const *names)
{
    unsigned best = wrong.len < 4 ? 1 : wrong.len < 8 ? 2 : 3;
    const char *found = NULL;
    for (; *names; names++) {
        unsigned distance = hark_distance(wrong, hark_str(*names), best);
        if (distance > best || (found && distance == best)) continue;
        best = distance;
        found = *names;
    }
    return found;
}

static size_t count(const char *const *names)
{
    size_t n = 0;
    while (names[n]) n++;
    return n;
}

void hark_say_names(struct hark_buf *buf, struct hark_str wrong, const char *const *names)
{
    const char *near = hark_near(wrong, names);
    size_t n = count(names), told = n < MOST_NAMES ? n : MOST_NAMES;
    hark_buf_clear(buf);
    if (near) hark_buf_printf(buf, "did you mean \"%s\"?", near);
    if (!near || n <= FEW_NAMES) {
        hark_buf_printf(buf, near ? " There are: " : "there are: ");
        for (size_t i = 0; i < told; i++) hark_buf_printf(buf, "%s%s", i ? ", " : "", names[i]);
        hark_buf_printf(buf, "%s", n == 0 ? "none yet" : n > told ? ", …" : "");
    }
    hark_buf_cstr(buf);
}
