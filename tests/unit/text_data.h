// Cases as data for the tests of src/text: tables of fields parted by tabs, and the platforms' own vectors where they
// are at hand.
#pragma once

#include <hark/text.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_FIELDS = 8, MAX_LINE = 1 << 16 };

// Resolves \n \t \r \\ \s (space) \uXXXX and \UXXXXXXXX in place.
static inline struct hark_str unescape(char *s)
{
    char *to = s;
    struct hark_str ret = {s, 0};
    for (; *s; s++) {
        if (*s != '\\') {
            *to++ = *s;
            continue;
        }
        s++;
        if (*s == 'u' || *s == 'U') {
            size_t digits = *s == 'u' ? 4 : 8;
            char hex[9] = "";
            memcpy(hex, s + 1, digits);
            to += hark_utf8_put((uint32_t)strtoul(hex, NULL, 16), to);
            s += digits;
        } else {
            *to++ = *s == 'n' ? '\n' : *s == 't' ? '\t' : *s == 'r' ? '\r' : *s == 's' ? ' ' : *s;
        }
    }
    ret.len = (size_t)(to - ret.ptr);
    return ret;
}

// Calls `each` for each line of a table that is no comment; returns the lines.
static inline int each_case(const char *path, int nfields, void (*each)(struct hark_str *fields, int line, void *arg),
                            void *arg)
{
    static char line[MAX_LINE];
    FILE *file = fopen(path, "r");
    int n = 0, cases = 0;
    if (!file) {
        print_error("%s cannot be opened\n", path);
        fail();
    }
    while (fgets(line, sizeof(line), file)) {
        struct hark_str fields[MAX_FIELDS];
        n++;
        line[strcspn(line, "\n")] = 0;
        if (line[0] == 0 || strncmp(line, "# ", 2) == 0) continue;
        char *rest = line, *field;
        int count = 0;
        while (count < MAX_FIELDS && (field = strsep(&rest, "\t"))) fields[count++] = unescape(field);
        if (count != nfields) {
            print_error("%s:%d: %d fields, not %d\n", path, n, count, nfields);
            fail();
        }
        each(fields, n, arg);
        cases++;
    }
    fclose(file);
    return cases;
}

// A file of ../shared/data, or NULL where it is absent: the test skips and says so.
static inline FILE *open_shared(const char *name)
{
    const char *folder = getenv("HARK_SHARED_DATA");
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder ? folder : HARK_SOURCE_DIR "/../shared/data", name);
    FILE *file = fopen(path, "r");
    if (!file) print_message("[  SKIPPED ] %s is not here\n", path);
    return file;
}

// A generator of random numbers that is the same everywhere (xorshift).
static inline uint32_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}
