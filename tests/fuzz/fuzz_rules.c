// Rule files and queries from anyone: nothing that is read from them may break the reader.
//
// The first byte chooses: a whole file, a query, or a phrase.
#include <hark/rules.h>
#include <hark/text.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int refuse_braces(struct hark_str regex, size_t *ret_offset, char *text, size_t text_size)
{
    const char *brace = memchr(regex.ptr, '{', regex.len);
    if (!brace) return 0;
    *ret_offset = (size_t)(brace - regex.ptr) * 3; // also an offset that lies
    strncpy(text, "no braces", text_size - 1);
    return -1;
}

static void print_brands(const struct hark_ruleset *rs, struct hark_buf *buf)
{
    for (size_t i = 0; i < rs->nbrands; i++) hark_node_print(rs->brands[i].listen, buf);
}

static void run_file(struct hark_str bytes, struct hark_problems *problems, struct hark_buf *buf)
{
    struct hark_ruleset *rs = hark_rules_load_text(HARK_STR("f.yaml"), bytes, refuse_braces, problems);
    if ((rs == NULL) != (problems->errors > 0)) abort();
    if (rs) print_brands(rs, buf);
    hark_ruleset_unref(rs);
}

static void run_query(struct hark_str text, struct hark_problems *problems, struct hark_buf *buf)
{
    struct hark_arena arena = {0};
    struct hark_node *root =
        hark_query_parse(text, text.len & 1, (struct hark_loc){HARK_STR("q"), 1, 1}, &arena, problems);
    if ((root == NULL) != (problems->errors > 0)) abort();
    if (root) hark_node_print(root, buf);
    hark_arena_done(&arena);
}

static void run_phrase(struct hark_str text, struct hark_problems *problems)
{
    struct hark_arena arena = {0};
    struct hark_pattern pattern;
    bool fine =
        hark_pattern_parse(text, text.len & 1, (struct hark_loc){HARK_STR("p"), 1, 1}, &arena, problems, &pattern);
    if (fine != (problems->errors == 0)) abort();
    hark_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hark_problems problems = {0};
    struct hark_buf buf = {0};
    if (size == 0) return 0;
    struct hark_str rest = hark_strn((const char *)data + 1, size - 1);
    bool text = hark_utf8_check(rest) == rest.len; // queries and phrases come out of files that are UTF-8
    if (data[0] % 3 == 0) run_file(rest, &problems, &buf);
    if (data[0] % 3 == 1 && text) run_query(rest, &problems, &buf);
    if (data[0] % 3 == 2 && text) run_phrase(rest, &problems);
    hark_problems_print(&problems, true, &buf);
    hark_buf_done(&buf);
    hark_problems_done(&problems);
    return 0;
}
