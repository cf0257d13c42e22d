// Views of text: compare, cut, number, hash.

#include <hark/str.h>

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

int hark_str_cmp(struct hark_str a, struct hark_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool hark_str_ieq(struct hark_str a, struct hark_str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct hark_str hark_str_trim(struct hark_str s)
{
    while (s.len > 0 && is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1])) s.len--;
    return s;
}

struct hark_str hark_str_cut(struct hark_str s, char sep, struct hark_str *rest)
{
    const char *at = s.len ? memchr(s.ptr, sep, s.len) : NULL;
    if (!at) {
        *rest = (struct hark_str){0};
        return s;
    }
    size_t before = (size_t)(at - s.ptr);
    *rest = hark_strn(at + 1, s.len - before - 1);
    return hark_strn(s.ptr, before);
}

int hark_str_int(struct hark_str s, int64_t *ret)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, number = 0;
    if (s.len == (size_t)negative) return -1;
    for (size_t i = negative; i < s.len; i++) {
        unsigned digit = (unsigned char)s.ptr[i] - '0';
        if (digit > 9 || number > (limit - digit) / 10) return -1;
        number = number * 10 + digit;
    }
    *ret = negative ? (int64_t)(0 - number) : (int64_t)number;
    return 0;
}

uint64_t hark_str_hash(struct hark_str s)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.len; i++) hash = (hash ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
    hash = (hash ^ (hash >> 33)) *
           0xff51afd7ed558ccdu; // the final mix of MurmurHash3: FNV-1a alone leaves the low bits weak
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 33);
}

char *hark_str_dup(struct hark_str s)
{
    char *copy = hark_alloc(s.len + 1);
    if (s.len) memcpy(copy, s.ptr, s.len);
    copy[s.len] = 0;
    return copy;
}
