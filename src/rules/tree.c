// libyaml's events to a tree, and its complaints to words that help.
//
// A tree is built from the bottom: the nodes of a collection are pushed on a stack while it is read and move to the
// arena as one array when it closes.

#include "tree.h"

#include <hark/text.h>

#include <stdlib.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct hark_file *file;
    struct hark_arena *arena;
    struct hark_problems *problems;
    struct hark_yaml *stack;
    size_t n, cap;
};

static struct hark_loc loc_of(const struct reader *r, yaml_mark_t mark)
{
    return (struct hark_loc){r->file->name, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

// What libyaml says, and what a person does about it. The first line whose parts are found counts.
static const struct saying {
    const char *problem, *context; // parts of libyaml's words
    bool opened;                   // the place is where the thing begins that does not end
    const char *text;
} sayings[] = {
    {"found a tab character", "", false, "a tab cannot indent: use spaces"},
    {"expected ',' or ']'", "", true,
     "the list that begins here is not closed: write [one, two]; a # behind a space begins a comment, so a text with "
     "it needs quotes"},
    {"expected ',' or '}'", "", true,
     "the { that stands here is not closed: write {name: value}; a text that begins with { needs quotes around it"},
    {"unexpected end of stream", "quoted", true, "the quote that begins here is not closed"},
    {"unexpected document indicator", "quoted", true, "the quote that begins here is not closed"},
    {"mapping values are not allowed", "", false,
     "a colon cannot stand here: the line is indented wrongly, or the text needs quotes because \": \" is in it"},
    {"expected key", "", false, "this line does not fit those above: indent it as the keys that it belongs to"},
    {"expected '-' indicator", "", false,
     "this line does not fit the list above: begin it with \"- \" below the other ones, or indent it as the key that "
     "it is"},
    {"alphabetic or numeric", "alias", true, "a text that begins with * needs quotes around it, as in '*berry'"},
    {"alphabetic or numeric", "anchor", true, "a text that begins with & needs quotes around it, as in '&co'"},
    {"unknown escape", "", false,
     "this escape is not known in double quotes: use single quotes, in which \\ is itself"},
    {"block sequence entries", "", false, "a list cannot begin on the line of its key: put \"- \" on the next line"},
    {"expected <document start>", "", false,
     "this line does not fit those above: begin it in the same column, or part two documents by a line with ---"},
    {"expected node content", "", false,
     "a value is wanted here: a text that begins with , ] or } needs quotes around it"},
    {"could not find expected ':'", "", true, "this is no \"key: value\": the colon is missing"},
    {"expected comment or line break", "", false,
     "nothing may follow the | or > of a text in several lines: put the text below it"},
};

static const struct saying *saying_of(const yaml_parser_t *parser)
{
    const char *context = parser->context ? parser->context : "";
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++)
        if (strstr(parser->problem, sayings[i].problem) && strstr(context, sayings[i].context)) return &sayings[i];
    return NULL;
}

// The bytes at a mark, up to the end of the line; `before` takes the character in front of it, 0 where there is none.
static struct hark_str at_mark(struct reader *r, yaml_mark_t mark, char *before)
{
    struct hark_str line = hark_file_line(r->file, (unsigned)mark.line + 1);
    size_t at = 0, column = 0;
    *before = 0;
    if (!line.ptr) return HARK_STR("");
    while (at < line.len && column < mark.column) {
        *before = line.ptr[at];
        hark_utf8_next(line, &at);
        column++;
    }
    return hark_strn(line.ptr + at, line.len - at);
}

// Characters that YAML keeps for itself and a text that goes on behind its quote are told by what stands there.
static bool say_by_character(struct reader *r)
{
    char before;
    struct hark_loc loc = loc_of(r, r->parser.problem_mark);
    struct hark_str rest = at_mark(r, r->parser.problem_mark, &before);
    if (strstr(r->parser.problem, "cannot start any token")) {
        if (rest.len && rest.ptr[0] == '\t')
            hark_problems_add(r->problems, false, loc, "a tab cannot indent: use spaces");
        else
            hark_problems_add(r->problems, false, loc, "a text that begins with %c needs quotes around it",
                              rest.len ? rest.ptr[0] : ' ');
        return true;
    }
    bool follows = before == '"' || before == '\'' || before == ']' || before == '}';
    if (rest.len == 0 || !follows || r->parser.error != YAML_PARSER_ERROR) return false;
    hark_problems_add(r->problems, false, loc,
                      "text stands behind a closing %c: put all of it in single quotes, as in '\"two words\"~5'",
                      before);
    return true;
}

static void say(struct reader *r)
{
    yaml_parser_t *p = &r->parser;
    if (p->error == YAML_READER_ERROR) {
        hark_problems_add(r->problems, false, hark_file_loc(r->file, p->problem_offset),
                          "the control character U+%04X cannot stand in a rule file", (unsigned)p->problem_value);
        return;
    }
    if (!p->problem) { // YAML_MEMORY_ERROR
        hark_problems_add(r->problems, false, loc_of(r, p->mark), "memory ran out while this file was read");
        return;
    }
    if (say_by_character(r)) return;
    const struct saying *saying = saying_of(p);
    if (saying)
        hark_problems_add(r->problems, false, loc_of(r, saying->opened ? p->context_mark : p->problem_mark), "%s",
                          saying->text);
    else
        hark_problems_add(r->problems, false, loc_of(r, p->problem_mark), "this is no YAML: %s %s", p->problem,
                          p->context ? p->context : "");
}

static bool next(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event)) return true;
    say(r);
    return false;
}

static enum hark_yaml_style style_of(const yaml_event_t *event)
{
    switch (event->data.scalar.style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: return HARK_YAML_SINGLE;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return HARK_YAML_DOUBLE;
    case YAML_LITERAL_SCALAR_STYLE: return HARK_YAML_LITERAL;
    case YAML_FOLDED_SCALAR_STYLE: return HARK_YAML_FOLDED;
    default: return HARK_YAML_PLAIN;
    }
}

static void refuse_extras(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
                          const yaml_char_t *tag)
{
    struct hark_loc loc = loc_of(r, event->start_mark);
    if (anchor)
        hark_problems_add(
            r->problems, false, loc,
            "anchors have no use in rule files; a text that begins with & needs quotes around it, as in '&%s'", anchor);
    if (tag)
        hark_problems_add(
            r->problems, false, loc,
            "YAML tags have no use in rule files; a text that begins with ! needs quotes around it, as in '%s'", tag);
}

static struct hark_yaml *push(struct reader *r, const yaml_event_t *event, enum hark_yaml_kind kind)
{
    r->stack = hark_grow(r->stack, r->n, &r->cap, sizeof *r->stack);
    struct hark_yaml *node = &r->stack[r->n++];
    *node = (struct hark_yaml){
        .kind = kind, .line = (unsigned)event->start_mark.line + 1, .column = (unsigned)event->start_mark.column + 1};
    return node;
}

static void push_scalar(struct reader *r, const yaml_event_t *event)
{
    const yaml_char_t *anchor = event->data.scalar.anchor, *tag = event->data.scalar.tag;
    bool extra = anchor || (tag && tag[0]);
    if (extra) refuse_extras(r, event, anchor, tag);
    struct hark_yaml *node = push(r, event, HARK_YAML_SCALAR);
    node->style = style_of(event);
    node->text = hark_arena_str(r->arena, hark_strn((const char *)event->data.scalar.value, event->data.scalar.length));
    if (extra && node->text.len == 0)
        node->text = hark_arena_str(r->arena, hark_str((const char *)(anchor ? anchor : tag)));
}

static void push_alias(struct reader *r, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    hark_problems_add(r->problems, false, loc_of(r, event->start_mark),
                      "a text that begins with * needs quotes around it: '*%s' (aliases have no use in rule files)",
                      name);
    push(r, event, HARK_YAML_SCALAR)->text = hark_arena_printf(r->arena, "*%s", name);
}

static bool push_node(struct reader *r, yaml_event_t *event, unsigned depth);

// Reads the nodes of a collection up to its end and moves them from the stack to the arena.
static bool push_collection(struct reader *r, yaml_event_t *event, enum hark_yaml_kind kind, unsigned depth)
{
    size_t self = r->n;
    yaml_event_type_t end = kind == HARK_YAML_SEQ ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;
    if (kind == HARK_YAML_SEQ)
        refuse_extras(r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    else
        refuse_extras(r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    push(r, event, kind);
    if (depth == HARK_YAML_MAX_DEPTH) {
        hark_problems_add(r->problems, false, loc_of(r, event->start_mark), "more than %d levels: no rule needs them",
                          HARK_YAML_MAX_DEPTH);
        return false;
    }
    for (;;) {
        yaml_event_t kid;
        if (!next(r, &kid)) return false;
        bool done = kid.type == end;
        bool fine = done || push_node(r, &kid, depth + 1);
        yaml_event_delete(&kid);
        if (!fine) return false;
        if (done) break;
    }
    size_t kids = r->n - self - 1;
    struct hark_yaml *node = &r->stack[self];
    node->kids = hark_arena_copy(r->arena, node + 1, kids, sizeof *node);
    node->n = kind == HARK_YAML_MAP ? kids / 2 : kids;
    r->n = self + 1;
    return true;
}

static bool push_node(struct reader *r, yaml_event_t *event, unsigned depth)
{
    switch (event->type) {
    case YAML_SEQUENCE_START_EVENT: return push_collection(r, event, HARK_YAML_SEQ, depth);
    case YAML_MAPPING_START_EVENT: return push_collection(r, event, HARK_YAML_MAP, depth);
    case YAML_ALIAS_EVENT: push_alias(r, event); return true;
    case YAML_SCALAR_EVENT: push_scalar(r, event); return true;
    default: return true; // the start and end of a document
    }
}

static bool is_empty(const struct hark_yaml *node)
{
    return node->kind == HARK_YAML_SCALAR && node->style == HARK_YAML_PLAIN && node->text.len == 0;
}

static void read_documents(struct reader *r, void (*each)(void *arg, const struct hark_yaml *root), void *arg)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!next(r, &event)) return;
        r->n = 0;
        more = push_node(r, &event, 0) && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (more && r->n == 1 && !is_empty(r->stack)) each(arg, r->stack);
    }
}

static bool check_utf8(struct hark_file *file, struct hark_problems *problems)
{
    size_t bad = hark_utf8_check(file->bytes);
    if (bad == file->bytes.len) return true;
    hark_problems_add(problems, false, hark_file_loc(file, bad),
                      "the byte 0x%02X here is not UTF-8: save the file as UTF-8", (unsigned char)file->bytes.ptr[bad]);
    return false;
}

void hark_yaml_parse(struct hark_file *file, struct hark_arena *arena, struct hark_problems *problems,
                     void (*each)(void *arg, const struct hark_yaml *root), void *arg)
{
    struct reader r = {.file = file, .arena = arena, .problems = problems};
    if (!check_utf8(file, problems)) return;
    if (!yaml_parser_initialize(&r.parser)) {
        hark_problems_add(problems, false, hark_file_loc(file, 0), "memory ran out before this file was read");
        return;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)file->bytes.ptr, file->bytes.len);
    read_documents(&r, each, arg);
    yaml_parser_delete(&r.parser);
    free(r.stack);
}
