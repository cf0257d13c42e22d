// See hark/json_read.h.
//
// Strings are scanned eight bytes at a time: a byte that ends the scan (a quote, a backslash, a control character) is
// found with the arithmetic of "Determine if a word has a zero byte" (Sean Anderson, Bit Twiddling Hacks). Bytes from
// 0x80 never end it, and the UTF-8 of the input was checked before, so that they need no look of their own.
#include <hark/json_read.h>

#include <hark/text.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static bool refuse(struct hark_jr *jr, const char *at, const char *what)
{
    jr->failed = true;
    hark_err_set(jr->err, HARK_EINPUT, "at byte %zu of the JSON: %s", (size_t)(at - jr->start), what);
    return false;
}

static bool fail(struct hark_jr *jr, const char *at, const char *what)
{
    jr->failed = true;
    if (at >= jr->end)
        hark_err_set(jr->err, HARK_EINPUT, "the JSON ends at byte %zu: expected %s", (size_t)(jr->end - jr->start),
                     what);
    else
        hark_err_set(jr->err, HARK_EINPUT, "at byte %zu of the JSON: expected %s", (size_t)(at - jr->start), what);
    return false;
}

bool hark_jr_init(struct hark_jr *jr, struct hark_str json, struct hark_arena *arena, unsigned max_depth,
                  struct hark_err *err)
{
    const char *start = json.ptr ? json.ptr : "";
    *jr = (struct hark_jr){start, start, start + json.len, arena, err, 0, max_depth, false, false, false};
    size_t good = hark_utf8_check(json);
    return good == json.len || refuse(jr, jr->start + good, "not UTF-8");
}

static inline const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
    return p;
}

char hark_jr_peek(struct hark_jr *jr)
{
    const char *at = jr->at;
    if (at < jr->end && (unsigned char)*at <= ' ') {
        jr->at = skip_space(at, jr->end);
        jr->loose |= jr->at != at;
    }
    return jr->at < jr->end ? *jr->at : '\0';
}

bool hark_jr_enter(struct hark_jr *jr, char bracket)
{
    if (hark_jr_peek(jr) != bracket) return fail(jr, jr->at, bracket == '{' ? "'{'" : "'['");
    if (jr->depth == jr->max_depth) return refuse(jr, jr->at, "nested too deeply");
    jr->depth++;
    jr->at++;
    jr->fresh = true;
    return true;
}

// Moves to the next member of an object or array: false at its end and on error.
static bool next(struct hark_jr *jr, char close, const char *first, const char *later)
{
    bool fresh = jr->fresh;
    char c = hark_jr_peek(jr);
    jr->fresh = false;
    if (c == close) {
        jr->at++;
        jr->depth--;
        return false;
    }
    if (fresh) return c ? true : fail(jr, jr->at, first);
    if (c != ',') return fail(jr, jr->at, later);
    jr->at++;
    return true;
}

bool hark_jr_item(struct hark_jr *jr)
{
    return next(jr, ']', "a value or ']'", "',' or ']'");
}

// The first byte from p on that a string cannot hold as it is.
static inline const char *plain_end(const char *p, const char *end)
{
    for (; end - p >= 8; p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        uint64_t quote = w ^ (ONES * '"'), slash = w ^ (ONES * '\\');
        // A byte under 0x20 borrows when 0x20 is taken from it; ~w keeps bytes from 0x80 out of all three.
        uint64_t hit = ((w - ONES * 0x20) | (quote - ONES) | (slash - ONES)) & ~w & HIGHS;
        if (hit) break;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
    return p;
}

static int hex4(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

// Reads the four digits behind "\u" at *at, and the second half of a pair where there is one.
static bool read_unicode(struct hark_jr *jr, const char **at, uint32_t *ret)
{
    const char *p = *at + 2;
    int high = jr->end - p >= 4 ? hex4(p) : -1;
    if (high < 0) return fail(jr, p, "four hexadecimal digits");
    p += 4;
    if (high >= 0xDC00 && high <= 0xDFFF) return refuse(jr, *at, "a second half of a surrogate pair without a first");
    *ret = (uint32_t)high;
    if (high >= 0xD800 && high <= 0xDBFF) {
        int low = jr->end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return fail(jr, p, "the second half of a surrogate pair");
        *ret = 0x10000 + (((uint32_t)high - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        p += 6;
    }
    *at = p;
    return true;
}

// Reads the escape at *at and writes what it stands for at *out, where there is an `out`.
static bool read_escape(struct hark_jr *jr, const char **at, char **out, bool key)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char c = jr->end - *at >= 2 ? (*at)[1] : '\0';
    const char *name = c ? strchr(names, c) : NULL;
    jr->loose |= c == '/' || c == 'u';
    if (name) {
        *at += 2;
        if (*out) *(*out)++ = values[name - names];
        return true;
    }
    if (c != 'u') return fail(jr, *at + 1, "one of \" \\ / b f n r t u after a backslash");
    const char *from = *at;
    uint32_t code;
    if (!read_unicode(jr, at, &code)) return false;
    if (code == 0 && key) return refuse(jr, from, "\\u0000 in a key");
    if (*out) *out += hark_utf8_put(code ? code : 0xFFFD, *out);
    return true;
}

// Reads on from the first escape to the closing quote. An escape is never shorter than what it stands for, so that the
// bytes up to the quote are room enough; where that quote stands is not known yet, and the rest of the input would be
// too much to take for each text: so the string is read twice, first without an `out`.
static bool read_escaped(struct hark_jr *jr, const char *at, char *out, bool key, const char **ret_end, char **ret_out)
{
    for (;;) {
        const char *stop = plain_end(at, jr->end);
        if (out && stop > at) memcpy(out, at, (size_t)(stop - at));
        if (out) out += stop - at;
        at = stop;
        if (at == jr->end || (unsigned char)*at < 0x20)
            return fail(jr, at, "a character that is not a control character, or '\"'");
        if (*at == '"') break;
        if (!read_escape(jr, &at, &out, key)) return false;
    }
    *ret_end = at;
    if (ret_out) *ret_out = out;
    return true;
}

// A string from its opening quote on. Takes no memory where `ret` is NULL.
static bool read_string(struct hark_jr *jr, struct hark_str *ret, bool key)
{
    const char *from = jr->at + 1, *end = plain_end(from, jr->end);
    if (end < jr->end && *end == '"') {
        if (ret) *ret = hark_strn(from, (size_t)(end - from));
        jr->at = end + 1;
        return true;
    }
    if (!read_escaped(jr, from, NULL, key, &end, NULL)) return false;
    if (ret) {
        char *out = hark_arena_alloc(jr->arena, (size_t)(end - from)), *out_end = out;
        if (!read_escaped(jr, from, out, key, &end, &out_end)) return false;
        *ret = hark_strn(out, (size_t)(out_end - out));
    }
    jr->at = end + 1;
    return true;
}

bool hark_jr_key(struct hark_jr *jr, struct hark_str *ret)
{
    bool fresh = jr->fresh;
    if (!next(jr, '}', "a key or '}'", "',' or '}'")) return false;
    if (hark_jr_peek(jr) != '"') return fail(jr, jr->at, fresh ? "a key or '}'" : "a key");
    struct hark_str key;
    if (!read_string(jr, &key, true)) return false;
    if (hark_jr_peek(jr) != ':') return fail(jr, jr->at, "':'");
    jr->at++;
    *ret = key;
    return true;
}

bool hark_jr_string(struct hark_jr *jr, struct hark_str *ret)
{
    if (hark_jr_peek(jr) != '"') return fail(jr, jr->at, "'\"'");
    return read_string(jr, ret, false);
}

static inline bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

bool hark_jr_number(struct hark_jr *jr, struct hark_str *ret)
{
    hark_jr_peek(jr);
    const char *from = jr->at, *p = from, *end = jr->end;
    if (p < end && *p == '-') p++;
    if (!is_digit(p, end)) return fail(jr, p, p == from ? "a value" : "a digit");
    if (*p == '0')
        p++;
    else
        while (is_digit(p, end)) p++;
    if (p < end && *p == '.') {
        if (!is_digit(++p, end)) return fail(jr, p, "a digit");
        while (is_digit(p, end)) p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        if (!is_digit(p, end)) return fail(jr, p, "a digit");
        while (is_digit(p, end)) p++;
    }
    jr->at = p;
    if (ret) *ret = hark_strn(from, (size_t)(p - from));
    return true;
}

static bool read_word(struct hark_jr *jr, const char *word, const char *expected)
{
    size_t len = strlen(word);
    if ((size_t)(jr->end - jr->at) < len || memcmp(jr->at, word, len) != 0) return fail(jr, jr->at, expected);
    jr->at += len;
    return true;
}

bool hark_jr_bool(struct hark_jr *jr, bool *ret)
{
    bool yes = hark_jr_peek(jr) == 't';
    if (!read_word(jr, yes ? "true" : "false", "true or false")) return false;
    if (ret) *ret = yes;
    return true;
}

bool hark_jr_null(struct hark_jr *jr)
{
    hark_jr_peek(jr);
    return read_word(jr, "null", "null");
}

static bool skip_scalar(struct hark_jr *jr, char c)
{
    switch (c) {
    case '"': return read_string(jr, NULL, false);
    case 't':
    case 'f': return hark_jr_bool(jr, NULL);
    case 'n': return hark_jr_null(jr);
    default: return hark_jr_number(jr, NULL);
    }
}

// Calls itself no deeper than max_depth.
bool hark_jr_skip(struct hark_jr *jr) // NOLINT(misc-no-recursion)
{
    char c = hark_jr_peek(jr);
    if (c != '{' && c != '[') return skip_scalar(jr, c);
    if (!hark_jr_enter(jr, c)) return false;
    struct hark_str key;
    while (c == '{' ? hark_jr_key(jr, &key) : hark_jr_item(jr))
        if (!hark_jr_skip(jr)) return false;
    return !jr->failed;
}

bool hark_jr_end(struct hark_jr *jr)
{
    hark_jr_peek(jr);
    return jr->at == jr->end || refuse(jr, jr->at, "something behind the end");
}

const char *hark_jr_type_str(char c)
{
    switch (c) {
    case '{': return "an object";
    case '[': return "an array";
    case '"': return "a text";
    case 't':
    case 'f': return "true or false";
    case 'n': return "null";
    case '\0': return "the end";
    default: return c == '-' || (c >= '0' && c <= '9') ? "a number" : "no value";
    }
}
