// PCRE2 with JIT; the only file that speaks to the library.
//
// PCRE2's match limit counts anew from every position that a match may start at, so a pattern with a limit of n costs
// up to n times the text's length. The limit is therefore shared out over the text. Steps that the library does not
// count (a look-ahead that runs to the end of the text, from each position) are bounded by looking at no more than the
// head of a very long text.

#define PCRE2_CODE_UNIT_WIDTH 8

#include "regex.h"

#include <hark/match.h>
#include <hark/text.h>
#include <hark/versions.h>

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    JIT_STACK_START = 32 << 10,
    JIT_STACK_MAX = 512 << 10, // a pattern that needs more is over its limit
    // A position gets at least this many steps; sensible patterns need 10 to 200.
    MIN_STEPS = 256,
    // A position of a text of n bytes gets limit * SHARE / n steps: at worst, all of them dear, 3 ms at 2 ns a step.
    SHARE = 16,
    // 0.5 s for the worst pattern known. The longest posts of the big platforms have 40,000 bytes, most of them 500.
    MAX_TEXT_BYTES = 32 << 10,
};

static const uint32_t compile_options =
    PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C;

struct hark_regex {
    pcre2_code *code;
};

static pcre2_code *compile(struct hark_str pattern, int *ret_code, size_t *ret_offset)
{
    return pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, compile_options, ret_code, ret_offset, NULL);
}

struct hark_regex *hark_regex_new(struct hark_str pattern, struct hark_err *err)
{
    int code;
    size_t offset;
    pcre2_code *compiled = compile(pattern, &code, &offset);
    if (!compiled) {
        PCRE2_UCHAR text[200];
        pcre2_get_error_message(code, text, sizeof text);
        hark_err_set(err, HARK_EINPUT, "the pattern /" HARK_STR_FMT "/ does not compile: %s at byte %zu",
                     HARK_STR_ARG(pattern), (char *)text, offset);
        return NULL;
    }
    // Where there is no JIT for this processor or pattern, the interpreter does the same, slower.
    (void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
    struct hark_regex *regex = hark_alloc(sizeof *regex);
    regex->code = compiled;
    return regex;
}

void hark_regex_free(struct hark_regex *regex)
{
    if (!regex) return;
    pcre2_code_free(regex->code);
    free(regex);
}

size_t hark_regex_bytes(const struct hark_regex *regex)
{
    size_t code = 0, jit = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &code);
    pcre2_pattern_info(regex->code, PCRE2_INFO_JITSIZE, &jit);
    return code + jit;
}

// --- matching ---

struct hark_regex_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint32_t limit;
};

struct hark_regex_scratch *hark_regex_scratch_new(uint32_t match_limit)
{
    struct hark_regex_scratch *scratch = hark_calloc(1, sizeof *scratch);
    scratch->data = pcre2_match_data_create(1, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    scratch->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
    scratch->limit = match_limit;
    if (scratch->context && scratch->stack) pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
    if (scratch->data && scratch->context && scratch->stack) return scratch;
    hark_regex_scratch_free(scratch);
    return NULL;
}

void hark_regex_scratch_free(struct hark_regex_scratch *scratch)
{
    if (!scratch) return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    pcre2_jit_stack_free(scratch->stack);
    free(scratch);
}

static uint32_t limit_for(uint32_t limit, size_t len)
{
    uint64_t steps = (uint64_t)limit * SHARE / (len > SHARE ? len : SHARE);
    return steps > MIN_STEPS ? (uint32_t)steps : MIN_STEPS;
}

// Cut in front of a character.
static struct hark_str head_of(struct hark_str text)
{
    if (text.len <= MAX_TEXT_BYTES) return text;
    text.len = MAX_TEXT_BYTES;
    while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xC0) == 0x80) text.len--;
    return text;
}

enum hark_regex_result hark_regex_find(const struct hark_regex *regex, struct hark_regex_scratch *scratch,
                                       struct hark_str text, size_t at, size_t *ret_from, size_t *ret_to)
{
    struct hark_str head = head_of(text);
    bool cut = head.len < text.len;
    uint32_t options = PCRE2_NO_UTF_CHECK | (cut ? PCRE2_NOTEOL : 0);
    pcre2_set_match_limit(scratch->context, limit_for(scratch->limit, head.len));
    int n = at > head.len ? PCRE2_ERROR_NOMATCH
                          : pcre2_match(regex->code, (PCRE2_SPTR)head.ptr, head.len, at, options, scratch->data,
                                        scratch->context);
    if (n == PCRE2_ERROR_NOMATCH) return cut ? HARK_REGEX_CUT : HARK_REGEX_NONE;
    if (n < 0) return HARK_REGEX_OVER_LIMIT;
    const size_t *place = pcre2_get_ovector_pointer(scratch->data);
    if (place[0] > place[1]) return HARK_REGEX_NONE; // \K behind the end
    *ret_from = place[0];
    *ret_to = place[1];
    return HARK_REGEX_HIT;
}

// --- what a rule may not hold ---

// Where a character class that begins at `at` ends: behind its ].
static size_t behind_class(struct hark_str p, size_t at)
{
    size_t i = at + 1;
    if (i < p.len && p.ptr[i] == '^') i++;
    if (i < p.len && p.ptr[i] == ']') i++;
    for (; i < p.len && p.ptr[i] != ']'; i++) {
        if (p.ptr[i] == '\\')
            i++;
        else if (p.ptr[i] == '[' && i + 1 < p.len && p.ptr[i + 1] == ':') {
            const char *end = memmem(p.ptr + i, p.len - i, ":]", 2);
            if (end) i = (size_t)(end - p.ptr) + 1;
        }
    }
    return i + 1;
}

static size_t behind_text(struct hark_str p, size_t at, const char *end)
{
    const char *found = at < p.len ? memmem(p.ptr + at, p.len - at, end, strlen(end)) : NULL;
    return found ? (size_t)(found - p.ptr) + strlen(end) : p.len;
}

// A pattern that calls itself or one of its groups: (?R) (?0) (?+1) (?-1) (?&name) (?P>name) \g<name> \g'name'
static bool calls_at(struct hark_str p, size_t i)
{
    struct hark_str rest = hark_strn(p.ptr + i, p.len - i);
    if (rest.len < 3) return false;
    char c = rest.ptr[2], d = rest.len > 3 ? rest.ptr[3] : 0;
    if (rest.ptr[0] == '\\') return rest.ptr[1] == 'g' && (c == '<' || c == '\'');
    if (rest.ptr[0] != '(' || rest.ptr[1] != '?') return false;
    if (c == 'R' || c == '&' || (c >= '0' && c <= '9')) return true;
    return ((c == '+' || c == '-') && d >= '0' && d <= '9') || (c == 'P' && d == '>');
}

// The offset of what may not be in a pattern, and why; or p.len.
static size_t forbidden(struct hark_str p, const char **ret_why)
{
    for (size_t i = 0; i < p.len;) {
        struct hark_str rest = hark_strn(p.ptr + i, p.len - i);
        if (calls_at(p, i)) {
            *ret_why = "a pattern may not call itself or its groups; write the part out";
            return i;
        }
        if (hark_str_starts(rest, HARK_STR("(?C"))) {
            *ret_why = "callouts, (?C), do nothing here; leave it out";
            return i;
        }
        if (hark_str_starts(rest, HARK_STR("\\C"))) {
            *ret_why = "\\C would take half a character; . takes a whole one";
            return i;
        }
        if (hark_str_starts(rest, HARK_STR("\\Q")))
            i = behind_text(p, i + 2, "\\E");
        else if (hark_str_starts(rest, HARK_STR("(?#")))
            i = behind_text(p, i, ")");
        else if (p.ptr[i] == '[')
            i = behind_class(p, i);
        else
            i += p.ptr[i] == '\\' ? 2 : 1;
    }
    return p.len;
}

static int refuse(const char *why, size_t offset, size_t *ret_offset, char *text, size_t text_size)
{
    *ret_offset = offset;
    snprintf(text, text_size, "%s", why);
    return -1;
}

int hark_match_check_regex(struct hark_str regex, size_t *ret_offset, char *text, size_t text_size)
{
    const char *why = NULL;
    if (regex.len > HARK_RULES_MAX_PATTERN_BYTES)
        return refuse("it is longer than 16 KiB; a list of phrases would be faster and easier to read", 0, ret_offset,
                      text, text_size);
    size_t bad = hark_utf8_check(regex);
    if (bad < regex.len) return refuse("it is not UTF-8", bad, ret_offset, text, text_size);
    bad = forbidden(regex, &why);
    if (why) return refuse(why, bad, ret_offset, text, text_size);
    int code;
    size_t offset;
    pcre2_code *compiled = compile(regex, &code, &offset);
    if (compiled) {
        pcre2_code_free(compiled);
        return 0;
    }
    PCRE2_UCHAR message[200];
    pcre2_get_error_message(code, message, sizeof message);
    return refuse((const char *)message, offset, ret_offset, text, text_size);
}

void hark_match_pcre2(char *out, size_t size)
{
    char version[64] = "";
    uint32_t jit = 0;
    pcre2_config(PCRE2_CONFIG_VERSION, version);
    pcre2_config(PCRE2_CONFIG_JIT, &jit);
    snprintf(out, size, "%s%s", version, jit ? "" : " without JIT");
}
