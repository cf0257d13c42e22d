// Places: lines of a file, and the way from a byte of a YAML scalar's text back to its line and column.
//
// The way back walks the scalar as it stands in the file beside its text. Where both have the same byte, both move on;
// else what the file has is what YAML takes away or writes otherwise: a doubled quote, an escape, a line end and the
// indentation behind it.

#include "tree.h"

#include <hark/text.h>

#include <stdlib.h>

// Bytes of the line end at s[at], as libyaml counts lines: CR LF, CR, LF, NEL, LS, PS; 0 where none is.
static size_t line_end(struct hark_str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    size_t left = s.len - at;
    if (left == 0) return 0;
    if (*p == '\n') return 1;
    if (*p == '\r') return left > 1 && p[1] == '\n' ? 2 : 1;
    if (left > 1 && p[0] == 0xC2 && p[1] == 0x85) return 2;
    if (left > 2 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9)) return 3;
    return 0;
}

static void find_lines(struct hark_file *file)
{
    size_t cap = 0, at = 0;
    file->lines = hark_grow(NULL, 0, &cap, sizeof *file->lines);
    file->lines[file->nlines++] = 0;
    while (at < file->bytes.len) {
        size_t end = line_end(file->bytes, at);
        at += end ? end : 1;
        if (end == 0) continue;
        file->lines = hark_grow(file->lines, file->nlines, &cap, sizeof *file->lines);
        file->lines[file->nlines++] = at;
    }
}

void hark_file_done(struct hark_file *file)
{
    free(file->lines);
    file->lines = NULL;
    file->nlines = 0;
}

// Bytes of the line end right before `to`.
static size_t end_bytes(struct hark_str s, size_t from, size_t to)
{
    for (size_t n = 3; n > 0; n--)
        if (to - from >= n && line_end(s, to - n) == n) return n;
    return 0;
}

struct hark_str hark_file_line(struct hark_file *file, unsigned line)
{
    if (!file->lines) find_lines(file);
    if (line == 0 || line > file->nlines) return (struct hark_str){NULL, 0};
    size_t from = file->lines[line - 1], to = line < file->nlines ? file->lines[line] : file->bytes.len;
    return hark_strn(file->bytes.ptr + from, to - from - end_bytes(file->bytes, from, to));
}

// Characters in `len` bytes; a byte that is not UTF-8 counts as one.
static unsigned characters(const char *ptr, size_t len)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i++) n += ((unsigned char)ptr[i] & 0xC0) != 0x80;
    return n;
}

struct hark_loc hark_file_loc(struct hark_file *file, size_t offset)
{
    if (!file->lines) find_lines(file);
    size_t low = 0, high = file->nlines;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (file->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    size_t from = file->lines[low];
    return (struct hark_loc){file->name, (unsigned)low + 1, characters(file->bytes.ptr + from, offset - from) + 1};
}

// --- from a text to its file ---

static const char *file_end(const struct hark_place *place)
{
    return place->file->bytes.ptr + place->file->bytes.len;
}

// Moves on by `n` bytes of the file.
static void skip(struct hark_place *place, size_t n)
{
    const char *end = file_end(place);
    while (n > 0 && place->raw < end) {
        size_t at = (size_t)(place->raw - place->file->bytes.ptr), eol = line_end(place->file->bytes, at);
        size_t step = eol ? eol : 1;
        if (eol) {
            place->now.line++;
            place->now.column = 1;
        } else {
            place->now.column += ((unsigned char)*place->raw & 0xC0) != 0x80;
        }
        place->raw += step;
        n -= step < n ? step : n;
    }
    // stand at the first byte of a character
    while (place->raw < end && ((unsigned char)*place->raw & 0xC0) == 0x80) place->raw++;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct hark_place *place)
{
    while (place->raw < file_end(place) && is_blank(*place->raw)) skip(place, 1);
}

// To the first character of the text: behind the quote, or below the | and its line.
static void enter(struct hark_place *place)
{
    enum hark_yaml_style style = place->node->style;
    if (style == HARK_YAML_SINGLE || style == HARK_YAML_DOUBLE) skip(place, 1);
    if (style != HARK_YAML_LITERAL && style != HARK_YAML_FOLDED) return;
    while (place->raw < file_end(place) && *place->raw != '\n' && *place->raw != '\r') skip(place, 1);
    if (place->text.len && !is_blank(place->text.ptr[0])) skip_blanks(place);
}

static void restart(struct hark_place *place)
{
    place->now = place->base;
    place->at = 0;
    if (!place->file) return;
    struct hark_str line = hark_file_line(place->file, place->base.line);
    size_t at = 0;
    for (unsigned column = 1; column < place->base.column && at < line.len; column++) hark_utf8_next(line, &at);
    place->raw = line.ptr ? line.ptr + at : file_end(place);
    enter(place);
}

// Bytes in the file of the escape in double quotes that begins here.
static size_t escape_bytes(const struct hark_place *place)
{
    if (file_end(place) - place->raw < 2) return 1;
    switch (place->raw[1]) {
    case 'x': return 4;
    case 'u': return 6;
    case 'U': return 10;
    default: return 2;
    }
}

// One character of the text, and what stands for it in the file.
static void step(struct hark_place *place)
{
    char c = place->text.ptr[place->at];
    size_t next = place->at;
    hark_utf8_next(place->text, &next);
    if (!place->file) {
        place->now.column++;
    } else if (place->node->style == HARK_YAML_DOUBLE && place->raw < file_end(place) && *place->raw == '\\') {
        skip(place, escape_bytes(place));
    } else if (is_blank(c)) {
        if (place->raw < file_end(place) && is_blank(*place->raw)) skip(place, 1);
        // what else is blank there was folded away or is indentation
        if (next == place->text.len || !is_blank(place->text.ptr[next])) skip_blanks(place);
    } else {
        skip(place, c == '\'' && place->node->style == HARK_YAML_SINGLE ? 2 : next - place->at);
    }
    place->at = next;
}

void hark_place_text(struct hark_place *place, struct hark_str text, struct hark_loc loc)
{
    *place = (struct hark_place){.text = text, .base = loc, .now = loc};
}

void hark_place_node(struct hark_place *place, struct hark_file *file, const struct hark_yaml *node)
{
    *place = (struct hark_place){
        .file = file, .node = node, .text = node->text, .base = {file->name, node->line, node->column}};
    place->now = place->base;
}

struct hark_loc hark_place_at(struct hark_place *place, size_t offset)
{
    if (offset == 0 && (!place->file || place->node->style == HARK_YAML_PLAIN)) return place->base;
    if (offset < place->at || (place->file && !place->raw)) restart(place);
    while (place->at < offset && place->at < place->text.len) step(place);
    return place->now;
}
