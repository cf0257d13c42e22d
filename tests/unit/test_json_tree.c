// The tree of a record is the one that jansson's own reader makes; of Jetstream's events it is that without what nobody
// asks for.
#include "../../src/source/json_tree.h"

#include <hark/str.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static json_t *tree_of(const char *text)
{
    struct hark_arena arena = {0};
    json_t *tree = hark_json_tree(hark_str(text), &arena);
    hark_arena_done(&arena);
    return tree;
}

static void as_jansson_reads_it(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        "[]",
        "1",
        "null",
        "\"a\"",
        " [ 1 , -2, 0, 9223372036854775807 ] ",
        "{\"a\":{\"b\":[true,false,null,{}]}}",
        "{\"a\":1,\"a\":2}",
        "{\"\":\"\"}",
        "[\"\\u00e9\\ud83d\\ude00\\n\\/\", \"日本\"]",
        "{\"a key that is longer than the room for short ones, which is some sixty bytes\":{\"cid\":1}}",
        "{\"cid\":1,\"root\":[],\"text\":\"t\"}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        json_t *ours = tree_of(good[i]), *theirs = json_loads(good[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(theirs);
        if (!ours || !json_equal(ours, theirs)) fail_msg("%s", good[i]);
        json_decref(ours);
        json_decref(theirs);
    }
}

static void left_to_jansson(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "{",
        "[1,]",
        "{\"a\":}",
        "{\"a\":1} 2",
        "1.5",
        "[1e3]",
        "[9223372036854775808]",
        "{\"\\u0000\":1}",
        "[\"\\ud800\"]",
        "[\"\x80\"]",
        "[{\"a\":[1.5]},2]",
        "{\"did\":\"did:plc:a\",\"cid\":[1,]}",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (tree_of(others[i])) fail_msg("%s", others[i]);
}

static void zero_is_a_character(void **state)
{
    (void)state;
    json_t *tree = tree_of("[\"a\\u0000b\"]");
    assert_string_equal(json_string_value(json_array_get(tree, 0)), "a\xEF\xBF\xBD"
                                                                    "b");
    json_decref(tree);
}

static void events_without_pictures(void **state)
{
    (void)state;
    json_t *tree =
        tree_of("{\"did\":\"did:plc:a\",\"kind\":\"commit\",\"commit\":{\"cid\":\"c\",\"rkey\":\"k\",\"record\":{"
                "\"text\":\"t\",\"embed\":{\"images\":[{\"alt\":\"a\",\"image\":{\"ref\":{}}},{}]},"
                "\"reply\":{\"root\":{\"uri\":\"r\"},\"parent\":{\"uri\":\"p\",\"cid\":\"c\"}}}}}");
    json_t *wanted =
        json_loads("{\"did\":\"did:plc:a\",\"kind\":\"commit\",\"commit\":{\"rkey\":\"k\",\"record\":{"
                   "\"text\":\"t\",\"embed\":{\"images\":[{},{}]},\"reply\":{\"parent\":{\"uri\":\"p\"}}}}}",
                   0, NULL);
    assert_non_null(wanted);
    assert_true(json_equal(tree, wanted));
    json_decref(tree);
    json_decref(wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_jansson_reads_it),
        cmocka_unit_test(left_to_jansson),
        cmocka_unit_test(zero_is_a_character),
        cmocka_unit_test(events_without_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
