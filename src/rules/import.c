// Rules of other tools as brand files: finds the rules of a file and writes one brand for each.

#include "import.h"

#include <hark/json_read.h>

#include <stdio.h>
#include <stdlib.h>

enum { MAX_JSON_DEPTH = 16 };

struct import {
    struct hark_str name, bytes, team;
    enum hark_dialect dialect;
    struct hark_buf *yaml;
    struct hark_problems *problems;
    struct hark_arena arena;
    struct hark_map names; // of brands
    struct hark_imported result;
};

void hark_in_tell(struct hark_in *in, bool error, size_t at, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct hark_loc loc = in->loc;
    if (in->in_line)
        for (size_t i = 0; i < at && i < in->s.len; i++) loc.column += ((unsigned char)in->s.ptr[i] & 0xC0) != 0x80;
    hark_problems_add(in->problems, !error, loc, "%s%s", text, error ? ": the rule is not imported" : "");
    in->problems->v[in->problems->n - 1].line = hark_arena_str(&in->problems->arena, in->line);
    in->failed |= error;
}

// --- the brand ---

// A name from the tag: small letters, digits and -; `rule-7` where nothing is left of it.
static struct hark_str name_of(struct import *im, struct hark_str tag)
{
    struct hark_buf buf = {0};
    bool fresh;
    for (size_t i = 0; i < tag.len && buf.len < HARK_RULES_MAX_NAME_BYTES - 8; i++) {
        char c = tag.ptr[i] >= 'A' && tag.ptr[i] <= 'Z' ? (char)(tag.ptr[i] | 32) : tag.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (fine)
            hark_buf_char(&buf, c);
        else if (buf.len && buf.ptr[buf.len - 1] != '-')
            hark_buf_char(&buf, '-');
    }
    while (buf.len && buf.ptr[buf.len - 1] == '-') buf.len--;
    if (buf.len == 0) hark_buf_printf(&buf, "rule-%zu", im->result.rules);
    struct hark_str name = hark_arena_str(&im->arena, hark_buf_str(&buf)), base = name;
    for (unsigned n = 2; hark_map_put(&im->names, name, &fresh), !fresh; n++)
        name = hark_arena_printf(&im->arena, HARK_STR_FMT "-%u", HARK_STR_ARG(base), n);
    hark_buf_done(&buf);
    return name;
}

static void add_quoted(struct hark_buf *yaml, struct hark_str s)
{
    hark_buf_char(yaml, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\'') hark_buf_char(yaml, '\'');
        hark_buf_char(yaml, s.ptr[i] == '\n' || s.ptr[i] == '\r' ? ' ' : s.ptr[i]);
    }
    hark_buf_char(yaml, '\'');
}

static void add_comment(struct hark_buf *yaml, struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++) hark_buf_char(yaml, (unsigned char)s.ptr[i] < 0x20 ? ' ' : s.ptr[i]);
}

static void add_brand(struct import *im, struct hark_str tag, struct hark_str rule, struct hark_str query)
{
    struct hark_buf *yaml = im->yaml;
    struct hark_str name = name_of(im, tag);
    if (yaml->len) hark_buf_printf(yaml, "---\n");
    hark_buf_printf(yaml, "# was: ");
    add_comment(yaml, rule);
    hark_buf_printf(yaml, "\nbrand: " HARK_STR_FMT "\nteam: " HARK_STR_FMT "\nlisten:\n  query: ", HARK_STR_ARG(name),
                    HARK_STR_ARG(im->team));
    add_quoted(yaml, query);
    hark_buf_printf(yaml, "\n");
    im->result.written++;
}

// hark's own reader has the last word on what was made.
static void check_query(struct hark_in *in, struct hark_str query)
{
    struct hark_problems problems = {0};
    (void)hark_query_parse(query, false, in->loc, in->arena, &problems);
    for (size_t i = 0; i < problems.n; i++)
        if (!problems.v[i].warning && !in->failed)
            hark_in_tell(in, true, 0, "as " HARK_STR_FMT " it has no equal: " HARK_STR_FMT, HARK_STR_ARG(query),
                         HARK_STR_ARG(problems.v[i].text));
    hark_problems_done(&problems);
}

// What no text of a rule has, and YAML does not take: control characters, line separators.
static bool has_control(struct hark_str s)
{
    for (size_t at = 0; at < s.len;) {
        uint32_t c = hark_utf8_next(s, &at);
        bool space = c == '\t' || c == '\n' || c == '\r';
        if ((c < 0x20 && !space) || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || (c & 0xFFFE) == 0xFFFE)
            return true;
    }
    return false;
}

static void add_rule(struct import *im, struct hark_str rule, struct hark_str tag, struct hark_loc loc,
                     struct hark_str line, bool in_line)
{
    struct hark_buf query = {0};
    struct hark_in in = {.s = rule,
                         .dialect = im->dialect,
                         .arena = &im->arena,
                         .problems = im->problems,
                         .loc = loc,
                         .line = line,
                         .in_line = in_line};
    im->result.rules++;
    if (rule.len > HARK_RULES_MAX_QUERY_BYTES) hark_in_tell(&in, true, 0, "a rule of %zu bytes", rule.len);
    if (has_control(rule)) hark_in_tell(&in, true, 0, "there is a control character in this rule");
    struct hark_in_node *root = in.failed ? NULL : hark_in_parse(&in);
    if (root && hark_in_print(&in, root, &query)) check_query(&in, hark_buf_str(&query));
    if (!in.failed) add_brand(im, tag, rule, hark_buf_str(&query));
    hark_buf_done(&query);
}

// --- JSON ---

struct place {
    struct hark_loc loc;
    struct hark_str line;
};

static struct place place_of(const struct import *im, const struct hark_jr *jr)
{
    const char *from = jr->start, *end;
    struct place place = {.loc = {im->name, 1, 1}};
    for (const char *p = jr->start; p < jr->at; p++) {
        if (*p != '\n') continue;
        place.loc.line++;
        from = p + 1;
    }
    for (const char *p = from; p < jr->at; p++) place.loc.column += ((unsigned char)*p & 0xC0) != 0x80;
    end = memchr(jr->at, '\n', (size_t)(jr->end - jr->at));
    place.line = hark_strn(from, (size_t)((end ? end : jr->end) - from));
    return place;
}

static bool is_one_of(struct hark_str s, const char *a, const char *b, const char *c)
{
    return hark_str_is(s, a) || hark_str_is(s, b) || hark_str_is(s, c);
}

static bool read_json(struct import *im, struct hark_jr *jr);

static bool read_list(struct import *im, struct hark_jr *jr)
{
    if (!hark_jr_enter(jr, '[')) return false;
    while (hark_jr_item(jr))
        if (!read_json(im, jr)) return false;
    return !jr->failed;
}

static bool read_object(struct import *im, struct hark_jr *jr)
{
    struct hark_str key, value = {0}, tag = {0};
    struct place place = {0};
    if (!hark_jr_enter(jr, '{')) return false;
    while (hark_jr_key(jr, &key)) {
        char c = hark_jr_peek(jr);
        if (c == '"' && is_one_of(key, "value", "query", "booleanQuery")) {
            place = place_of(im, jr);
            (void)hark_jr_string(jr, &value);
        } else if (c == '"' && is_one_of(key, "tag", "name", "name")) {
            (void)hark_jr_string(jr, &tag);
        } else if (c == '[' && is_one_of(key, "rules", "add", "data")) {
            (void)read_list(im, jr);
        } else {
            (void)hark_jr_skip(jr);
        }
        if (jr->failed) return false;
    }
    if (value.ptr && !jr->failed) add_rule(im, value, tag, place.loc, place.line, false);
    return !jr->failed;
}

static bool read_json(struct import *im, struct hark_jr *jr)
{
    char c = hark_jr_peek(jr);
    if (c == '[') return read_list(im, jr);
    if (c != '"') return read_object(im, jr);
    struct place place = place_of(im, jr);
    struct hark_str value;
    if (!hark_jr_string(jr, &value)) return false;
    add_rule(im, value, (struct hark_str){0}, place.loc, place.line, false);
    return true;
}

// One value, or one after the other.
static void import_json(struct import *im)
{
    struct hark_err err = {0};
    struct hark_jr jr;
    bool fine = hark_jr_init(&jr, im->bytes, &im->arena, MAX_JSON_DEPTH, &err);
    while (fine && hark_jr_peek(&jr) != '\0') fine = read_json(im, &jr);
    if (!fine) {
        struct place place = place_of(im, &jr);
        hark_problems_add(im->problems, false, place.loc, "this is no JSON of rules: %s", err.text);
    }
}

// --- lines ---

static void import_lines(struct import *im)
{
    struct hark_str rest = im->bytes;
    for (unsigned number = 1; rest.ptr; number++) {
        struct hark_str line = hark_str_cut(rest, '\n', &rest), rule = hark_str_trim(line);
        if (rule.len == 0) continue;
        struct hark_loc loc = {im->name, number, 1};
        for (const char *p = line.ptr; p < rule.ptr; p++) loc.column++;
        if (line.ptr[line.len - 1] == '\r') line.len--;
        add_rule(im, rule, (struct hark_str){0}, loc, line, true);
    }
}

static bool check_bytes(struct import *im)
{
    struct hark_loc loc = {im->name, 1, 1};
    size_t bad = hark_utf8_check(im->bytes);
    if (bad == im->bytes.len) return true;
    for (size_t i = 0; i < bad; i++) {
        loc.column = im->bytes.ptr[i] == '\n' ? 1 : loc.column + (((unsigned char)im->bytes.ptr[i] & 0xC0) != 0x80);
        loc.line += im->bytes.ptr[i] == '\n';
    }
    hark_problems_add(im->problems, false, loc, "this is not UTF-8: save the file as UTF-8");
    return false;
}

struct hark_imported hark_rules_import(struct hark_str name, struct hark_str bytes, enum hark_dialect dialect,
                                       struct hark_str team, struct hark_buf *yaml, struct hark_problems *problems)
{
    struct import im = {
        .name = name, .bytes = bytes, .team = team, .dialect = dialect, .yaml = yaml, .problems = problems};
    if (hark_str_starts(bytes, HARK_STR("\xEF\xBB\xBF"))) im.bytes = hark_strn(bytes.ptr + 3, bytes.len - 3);
    struct hark_str seen = hark_str_trim(im.bytes);
    // A rule of Brandwatch may begin with {BT}: JSON goes on with a quote.
    struct hark_str inner = seen.len ? hark_str_trim(hark_strn(seen.ptr + 1, seen.len - 1)) : seen;
    bool json = seen.len && ((seen.ptr[0] == '{' && inner.len && inner.ptr[0] == '"') || seen.ptr[0] == '[');
    if (check_bytes(&im)) (json ? import_json : import_lines)(&im);
    if (im.result.rules == 0 && problems->errors == 0)
        hark_problems_add(problems, false, (struct hark_loc){name, 0, 0}, "there are no rules in this file");
    hark_map_done(&im.names);
    hark_arena_done(&im.arena);
    return im.result;
}
