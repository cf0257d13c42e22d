#include "params.h"

#include <hark/clock.h>
#include <hark/text.h>

enum {
    MAX_NAME_BYTES = 64,     // of brands, intents and teams, as in rule files
    MAX_CURSOR_BYTES = 2200, // a time and a post's id, which is at most 2,048 bytes
    DEFAULT_LIMIT = 50,
    HOUR_MS = 3600 * 1000,
};
static const int64_t day_ms = 24 * (int64_t)HOUR_MS;

static int bad(struct hark_err *err, const char *name, struct hark_str value, const char *right)
{
    struct hark_str shown = hark_strn(value.ptr, value.len < 80 ? value.len : 80);
    return hark_err_set(err, HARK_EINPUT, "%s: '" HARK_STR_FMT "' is not %s", name, HARK_STR_ARG(shown), right);
}

// Names become parts of keys: what rule files allow, and nothing else.
static bool is_name(struct hark_str s)
{
    if (s.len == 0 || s.len > MAX_NAME_BYTES) return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.')) return false;
    }
    return true;
}

static int set_name(struct hark_str *at, const char *name, struct hark_str value, struct hark_err *err)
{
    if (!is_name(value)) return bad(err, name, value, "a name: small letters, digits, - _ .");
    *at = value;
    return 0;
}

static int set_intents(struct params *params, struct hark_str value, struct hark_err *err)
{
    struct hark_str rest = value;
    params->nintents = 0;
    do {
        struct hark_str name = hark_str_cut(rest, ',', &rest);
        if (params->nintents == PARAM_MAX_INTENTS)
            return hark_err_set(err, HARK_EINPUT, "intent: more than %d names", (int)PARAM_MAX_INTENTS);
        if (set_name(&params->intents[params->nintents++], "intent", name, err)) return err->code;
    } while (rest.ptr);
    return 0;
}

// A time, or a day, which is its beginning.
static int set_time(int64_t *at, const char *name, struct hark_str value, struct hark_err *err)
{
    char whole[32];
    if (value.len == 10) {
        struct hark_buf buf = {0};
        hark_buf_printf(&buf, HARK_STR_FMT "T00:00:00Z", HARK_STR_ARG(value));
        size_t n = buf.len < sizeof whole ? buf.len : sizeof whole;
        memcpy(whole, buf.ptr, n);
        hark_buf_done(&buf);
        value = hark_strn(whole, n);
    }
    if (hark_time_parse(value, at)) return bad(err, name, value, "a time such as 2026-11-21T10:00:00Z or 2026-11-21");
    return 0;
}

static int set_limit(size_t *at, struct hark_str value, struct hark_err *err)
{
    int64_t n;
    if (hark_str_int(value, &n) || n < 1 || n > HARK_READ_MAX_ROWS)
        return bad(err, "limit", value, "a whole number from 1 to 1000");
    *at = (size_t)n;
    return 0;
}

// The place of a word in a list that ends with NULL, or -1.
static int word_of(struct hark_str value, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (hark_str_is(value, words[i])) return i;
    return -1;
}

static int set_step(enum hark_step *at, struct hark_str value, struct hark_err *err)
{
    static const char *const words[] = {"minute", "hour", "day", NULL};
    int i = word_of(value, words);
    if (i < 0) return bad(err, "step", value, "minute, hour or day");
    *at = (enum hark_step)i;
    return 0;
}

static int set_by(enum hark_dimension *at, struct hark_str value, struct hark_err *err)
{
    static const char *const words[] = {"source", "lang", "phrase", NULL};
    int i = word_of(value, words);
    if (i < 0) return bad(err, "by", value, "source, lang or phrase");
    *at = (enum hark_dimension)i;
    return 0;
}

static int set_cursor(struct hark_str *at, struct hark_str value, struct hark_err *err)
{
    if (value.len == 0 || value.len > MAX_CURSOR_BYTES || hark_utf8_check(value) != value.len)
        return bad(err, "cursor", value, "what an earlier answer gave as next");
    *at = value;
    return 0;
}

// A part of a name may be a whole one, and may be nothing.
static int set_find(struct hark_str *at, struct hark_str value, struct hark_err *err)
{
    return value.len ? set_name(at, "find", value, err) : 0;
}

static const struct {
    const char *name;
    enum param bit;
} names[] = {
    {"brand", PARAM_BRAND}, {"intent", PARAM_INTENT}, {"from", PARAM_FROM},     {"to", PARAM_TO}, {"step", PARAM_STEP},
    {"by", PARAM_BY},       {"limit", PARAM_LIMIT},   {"cursor", PARAM_CURSOR}, {"at", PARAM_AT}, {"find", PARAM_FIND},
};
enum { NAMES = sizeof names / sizeof *names };

static int unknown(unsigned accepted, struct hark_str name, struct hark_err *err)
{
    struct hark_buf words = {0};
    for (size_t i = 0; i < NAMES; i++)
        if (accepted & names[i].bit) hark_buf_printf(&words, "%s%s", words.len ? ", " : "", names[i].name);
    struct hark_str shown = hark_strn(name.ptr, name.len < 40 ? name.len : 40);
    hark_err_set(err, HARK_EINPUT, "'" HARK_STR_FMT "' is no parameter here%s%s", HARK_STR_ARG(shown),
                 words.len ? "; there are " : ": there are none", hark_buf_cstr(&words));
    hark_buf_done(&words);
    return err->code;
}

int params_add(struct params *params, unsigned accepted, struct hark_str name, struct hark_str value,
               struct hark_err *err)
{
    size_t i = 0;
    while (i < NAMES && !((accepted & names[i].bit) && hark_str_is(name, names[i].name))) i++;
    if (i == NAMES) return unknown(accepted, name, err);
    if (params->given & names[i].bit) return hark_err_set(err, HARK_EINPUT, "%s is given twice", names[i].name);
    params->given |= names[i].bit;
    switch (names[i].bit) {
    case PARAM_BRAND: return set_name(&params->brand, "brand", value, err);
    case PARAM_INTENT: return set_intents(params, value, err);
    case PARAM_FROM: return set_time(&params->from_ms, "from", value, err);
    case PARAM_TO: return set_time(&params->to_ms, "to", value, err);
    case PARAM_AT: return set_time(&params->at_ms, "at", value, err);
    case PARAM_STEP: return set_step(&params->step, value, err);
    case PARAM_BY: return set_by(&params->by, value, err);
    case PARAM_LIMIT: return set_limit(&params->limit, value, err);
    case PARAM_CURSOR: return set_cursor(&params->cursor, value, err);
    case PARAM_FIND: return set_find(&params->find, value, err);
    case PARAM_RANGE: break;
    }
    return 0;
}

// The finest step with which the range makes a chart that can be read.
static enum hark_step fitting(int64_t length_ms)
{
    return length_ms <= 6 * (int64_t)HOUR_MS ? HARK_STEP_MINUTE
           : length_ms <= 8 * day_ms         ? HARK_STEP_HOUR
                                             : HARK_STEP_DAY;
}

int params_finish(struct params *params, unsigned accepted, int64_t now_ms, struct hark_err *err)
{
    if (!(params->given & PARAM_LIMIT)) params->limit = DEFAULT_LIMIT;
    if (!(params->given & PARAM_AT)) params->at_ms = now_ms;
    if (!(accepted & PARAM_FROM)) return 0;
    if (!(params->given & PARAM_TO)) params->to_ms = now_ms;
    if (!(params->given & PARAM_FROM)) params->from_ms = params->to_ms > day_ms ? params->to_ms - day_ms : 0;
    if (params->from_ms >= params->to_ms) return hark_err_set(err, HARK_EINPUT, "from must be before to");
    int64_t length_ms = params->to_ms - params->from_ms;
    if (!(params->given & PARAM_STEP)) params->step = fitting(length_ms);
    if ((accepted & PARAM_STEP) && length_ms / hark_step_ms(params->step) + 2 > HARK_READ_MAX_POINTS)
        return hark_err_set(err, HARK_EINPUT, "the range has more than %d steps; take a longer step",
                            (int)HARK_READ_MAX_POINTS - 2);
    if (!(accepted & PARAM_STEP) && length_ms > (HARK_READ_MAX_DAYS - 1) * day_ms)
        return hark_err_set(err, HARK_EINPUT, "the range is longer than %d days", (int)HARK_READ_MAX_DAYS - 1);
    return 0;
}

bool params_found(const struct params *params, struct hark_str name)
{
    return params->find.len == 0 || memmem(name.ptr, name.len, params->find.ptr, params->find.len) != NULL;
}

int params_cursor(struct hark_str text, struct hark_cursor *ret, struct hark_err *err)
{
    struct hark_str id, ms = hark_str_cut(text, '_', &id);
    if (hark_str_int(ms, &ret->time_ms) || ret->time_ms < 0 || !id.len)
        return bad(err, "cursor", text, "what an earlier answer gave as next");
    ret->id = id;
    return 0;
}
