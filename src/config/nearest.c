// The valid word that somebody probably meant: Levenshtein distance, at most a third of the word's length.

#include <hark/config.h>

enum { LONGEST = 63 };

static size_t distance(struct hark_str a, struct hark_str b)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b.len; j++) row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            diagonal = row[j];
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < least ? change : least;
        }
    }
    return row[b.len];
}

bool hark_nearest(struct hark_str word, const char *words, char *out, size_t size)
{
    struct hark_str best = {0};
    size_t least = word.len / 3 + 2;
    while (word.len <= LONGEST && *words) {
        size_t n = strcspn(words, " |");
        size_t far = n && n <= LONGEST ? distance(word, hark_strn(words, n)) : least;
        if (far < least) {
            least = far;
            best = hark_strn(words, n);
        }
        words += n + (words[n] != 0);
    }
    if (!best.ptr || best.len >= size) return false;
    memcpy(out, best.ptr, best.len);
    out[best.len] = 0;
    return true;
}
