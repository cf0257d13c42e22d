// The canonical post: what is decoded, what is refused and with which words, and that encoding and decoding are each
// other's inverse.
//
// tests/data/post/good.ndjson: what decodes; its encoding is the line behind it in good.out.ndjson.
// tests/data/post/bad.txt: pairs of lines, a message that is refused and the whole error text.
#include <hark/clock.h>
#include <hark/post.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <jansson.h>

#define HEAD                                                                                                           \
    "{\"schema\":\"hark.post/"                                                                                         \
    "1\",\"id\":\"a\",\"source\":\"x\",\"op\":\"create\",\"time\":\"2026-11-21T10:00:00.123Z\",\"text\":\"t\""

static FILE *open_data(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/post/%s", HARK_TEST_DATA, name);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("cannot open %s", path);
    return file;
}

static struct hark_str read_line(FILE *file, char **line, size_t *cap)
{
    ssize_t n = getline(line, cap, file);
    if (n <= 0) return (struct hark_str){0};
    if ((*line)[n - 1] == '\n') n--;
    return hark_strn(*line, (size_t)n);
}

static const char *encode(const struct hark_post *post, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    struct hark_json json = hark_json_to(buf);
    hark_post_encode(post, &json);
    return hark_buf_cstr(buf);
}

static void good_posts_decode_and_encode(void **state)
{
    (void)state;
    FILE *in = open_data("good.ndjson"), *out = open_data("good.out.ndjson");
    char *a = NULL, *b = NULL;
    size_t acap = 0, bcap = 0, n = 0;
    struct hark_arena arena = {0};
    struct hark_buf buf = {0};
    for (struct hark_str line; (line = read_line(in, &a, &acap)).ptr; n++) {
        struct hark_post post;
        struct hark_err err = {0};
        hark_arena_reset(&arena);
        if (hark_post_decode(line, &arena, &post, &err) < 0) fail_msg("line %zu: %s", n + 1, err.text);
        struct hark_str expected = read_line(out, &b, &bcap);
        assert_string_equal(encode(&post, &buf), expected.ptr ? hark_arena_str(&arena, expected).ptr : "nothing");
        // What was written decodes to what writes the same.
        if (hark_post_decode(expected, &arena, &post, &err) < 0) fail_msg("line %zu again: %s", n + 1, err.text);
        assert_string_equal(encode(&post, &buf), hark_arena_str(&arena, expected).ptr);
    }
    assert_true(n >= 10);
    hark_buf_done(&buf);
    hark_arena_done(&arena);
    free(a);
    free(b);
    fclose(in);
    fclose(out);
}

static void bad_posts_are_refused_with_these_words(void **state)
{
    (void)state;
    FILE *in = open_data("bad.txt");
    char *a = NULL, *b = NULL;
    size_t acap = 0, bcap = 0, n = 0;
    struct hark_arena arena = {0};
    for (struct hark_str line; (line = read_line(in, &a, &acap)).ptr; n++) {
        struct hark_str words = read_line(in, &b, &bcap);
        struct hark_post post;
        struct hark_err err = {0};
        hark_arena_reset(&arena);
        int rc = hark_post_decode(line, &arena, &post, &err);
        if (rc == 0) fail_msg("accepted: %s", line.ptr);
        assert_int_equal(rc, HARK_EINPUT);
        assert_string_equal(err.text, hark_arena_str(&arena, words).ptr);
    }
    assert_true(n >= 30);
    hark_arena_done(&arena);
    free(a);
    free(b);
    fclose(in);
}

static void a_peek_sees_id_and_op(void **state)
{
    (void)state;
    struct hark_str id;
    enum hark_op op;
    assert_true(hark_post_peek(HARK_STR(HEAD "}"), &id, &op));
    assert_true(hark_str_is(id, "a"));
    assert_int_equal(op, HARK_OP_CREATE);
    assert_true(hark_post_peek(HARK_STR("{\"schema\":\"hark.post/1\",\"id\":\"b\",\"source\":\"x\",\"op\":\"delete\","),
                               &id, &op));
    assert_int_equal(op, HARK_OP_DELETE);
    assert_false(hark_post_peek(HARK_STR("{\"schema\":\"hark.post/1\",\"id\":\"b\",\"source\":\"x\",\"op\":\"undo\""),
                                &id, &op));
    assert_false(hark_post_peek(
        HARK_STR("{\"schema\":\"hark.post/1\",\"id\":\"b\\\"\",\"source\":\"x\",\"op\":\"create\""), &id, &op));
    assert_false(hark_post_peek(HARK_STR("{ \"schema\":\"hark.post/1\",\"id\":\"b\""), &id, &op));
    assert_false(hark_post_peek(HARK_STR("{\"schema\":\"hark.post/1\",\"id\":\"b"), &id, &op));
    assert_false(hark_post_peek(HARK_STR(""), &id, &op));
}

static void what_may_change_is_not_missed(void **state)
{
    (void)state;
    assert_false(hark_post_may_change(HARK_STR(HEAD "}")));
    assert_true(hark_post_may_change(HARK_STR("{\"op\":\"update\"}")));
    assert_true(hark_post_may_change(HARK_STR("{\"op\":\"delete\"}")));
    assert_true(hark_post_may_change(HARK_STR("{\"op\":\"\\u0064elete\"}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_posts_decode_and_encode),
        cmocka_unit_test(bad_posts_are_refused_with_these_words),
        cmocka_unit_test(a_peek_sees_id_and_op),
        cmocka_unit_test(what_may_change_is_not_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
