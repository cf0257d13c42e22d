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

#include <hark/json_read.h>

#include "../support/said.h"

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

// --- the reader beside jansson ---

static uint64_t seed = 20261121;

static uint32_t draw(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

static bool reader_accepts(struct hark_str json, struct hark_err *err)
{
    struct hark_arena arena = {0};
    struct hark_jr jr;
    bool ok = hark_jr_init(&jr, json, &arena, 64, err) && hark_jr_skip(&jr) && hark_jr_end(&jr);
    hark_arena_done(&arena);
    return ok;
}

static void check_beside_jansson(struct hark_str json)
{
    struct hark_err err = {0};
    json_error_t why;
    json_t *tree = json_loadb(json.ptr, json.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    bool ours = reader_accepts(json, &err);
    // The one exception: the reader does not look at the value of numbers.
    if (!tree && json_error_code(&why) == json_error_numeric_overflow) return;
    if (ours != (tree != NULL))
        fail_msg(HARK_STR_FMT "\n%s, jansson: %s", HARK_STR_ARG(json), ours ? "accepted" : err.text,
                 tree ? "accepted" : why.text);
    json_decref(tree);
}

// Pieces of JSON and of what is nearly JSON, in any order: most of what comes out is wrong somewhere, some of it is
// not.
static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\"a\"",
    "\"\"",
    "\"b\":",
    "0",
    "-1",
    "1.5",
    "2e3",
    "1E-2",
    "01",
    "-",
    "1.",
    ".5",
    "true",
    "false",
    "null",
    "nul",
    "\"\\n\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\x\"",
    "\"\t\"",
    "\"é\"",
    "\"\xff\"",
    "\"\\u0000\"",
    "{\"\\u0000\":1}",
    "[1,2]",
    "{\"k\":[]}",
    "\"",
    "\\",
    "\xef\xbb\xbf",
    "\"\xed\xa0\x80\"",
    "+1",
    "1e",
    "\"\\",
};

static void the_reader_accepts_what_jansson_accepts(void **state)
{
    (void)state;
    char text[512];
    for (int round = 0; round < 200000; round++) {
        size_t len = 0;
        uint32_t n = 1 + draw(7);
        for (uint32_t i = 0; i < n; i++) {
            const char *piece = pieces[draw(sizeof pieces / sizeof *pieces)];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
        }
        check_beside_jansson(hark_strn(text, len));
    }
}

// Good posts with some bytes changed, taken out or doubled.
static void the_reader_fails_where_jansson_fails(void **state)
{
    (void)state;
    FILE *in = open_data("good.ndjson");
    char *line = NULL, text[4096];
    size_t cap = 0;
    for (struct hark_str s; (s = read_line(in, &line, &cap)).ptr;)
        for (int round = 0; round < 20000; round++) {
            size_t len = s.len;
            memcpy(text, s.ptr, len);
            for (uint32_t i = 1 + draw(3); i > 0; i--) {
                uint32_t at = draw((uint32_t)len);
                if (draw(2))
                    memmove(text + at, text + at + 1, --len - at);
                else
                    text[at] = text[draw((uint32_t)len)];
            }
            check_beside_jansson(hark_strn(text, len));
        }
    free(line);
    fclose(in);
}

// What jansson refuses and the reader does not: numbers that fit no type, where nobody asks for their value.
static void numbers_of_any_size_are_passed_over(void **state)
{
    (void)state;
    struct hark_err err = {0};
    assert_true(reader_accepts(HARK_STR("[1e999,-123456789012345678901234567890]"), &err));
}

// --- encode and decode ---

static struct hark_str random_text(struct hark_arena *arena)
{
    static const char *const parts[] = {"a",    "é",    "한",    "😀",     "\"", "\\",    "\n",
                                        "\x1f", "\x7f", "#tag ", " @me ", "/",  "\u2028"};
    struct hark_str s = HARK_STR("");
    for (uint32_t n = draw(12); n > 0; n--)
        s = hark_arena_printf(arena, HARK_STR_FMT "%s", HARK_STR_ARG(s), parts[draw(sizeof parts / sizeof *parts)]);
    return s;
}

static struct hark_str maybe_text(struct hark_arena *arena)
{
    return draw(3) ? random_text(arena) : (struct hark_str){0};
}

static struct hark_strs maybe_texts(struct hark_arena *arena)
{
    uint32_t n = draw(6);
    struct hark_str *v = HARK_NEW_N(arena, struct hark_str, n + 1);
    if (n == 5) return (struct hark_strs){0};
    for (uint32_t i = 0; i < n; i++) {
        struct hark_str s = random_text(arena);
        v[i] = hark_arena_printf(arena, "%u" HARK_STR_FMT, i, HARK_STR_ARG(s));
    }
    return (struct hark_strs){v, n};
}

static int64_t maybe_number(void)
{
    return draw(3) ? (int64_t)draw(1u << 31) << draw(33) : -1;
}

static void random_post(struct hark_post *post, struct hark_arena *arena)
{
    hark_post_init(post);
    struct hark_str id = random_text(arena);
    post->id = hark_arena_printf(arena, "id" HARK_STR_FMT, HARK_STR_ARG(id));
    post->source = HARK_STR("x");
    post->op = (enum hark_op)draw(3);
    post->time_ms = (int64_t)draw(1u << 31) * 1000 + draw(1000);
    post->text = post->op == HARK_OP_DELETE ? maybe_text(arena) : random_text(arena);
    post->lang = maybe_texts(arena);
    post->hashtags = maybe_texts(arena);
    post->mentions = maybe_texts(arena);
    post->links = maybe_texts(arena);
    post->url = maybe_text(arena);
    post->author.id = maybe_text(arena);
    post->author.handle = maybe_text(arena);
    post->author.name = maybe_text(arena);
    post->author.followers = maybe_number();
    post->author.bot = (int)draw(3) - 1;
    post->engagement.likes = maybe_number();
    post->engagement.reposts = maybe_number();
    post->engagement.replies = maybe_number();
    post->engagement.quotes = maybe_number();
    post->engagement.views = maybe_number();
    post->reply_to = maybe_text(arena);
    post->repost_of = maybe_text(arena);
    post->quote_of = maybe_text(arena);
    post->media = draw(2) ? (int)draw(9) : -1;
}

static void assert_same_text(struct hark_str a, struct hark_str b)
{
    assert_true(hark_str_eq(a, b));
    assert_int_equal(a.ptr == NULL, b.ptr == NULL);
}

static void assert_same_texts(struct hark_strs a, struct hark_strs b)
{
    assert_int_equal(a.n, b.n);
    assert_int_equal(a.v == NULL, b.v == NULL);
    for (size_t i = 0; i < a.n; i++) assert_same_text(a.v[i], b.v[i]);
}

static void assert_same(const struct hark_post *a, const struct hark_post *b)
{
    assert_same_text(a->id, b->id);
    assert_same_text(a->source, b->source);
    assert_same_text(a->text, b->text);
    assert_same_text(a->url, b->url);
    assert_int_equal(a->op, b->op);
    assert_true(a->time_ms == b->time_ms);
    assert_same_texts(a->lang, b->lang);
    assert_same_texts(a->hashtags, b->hashtags);
    assert_same_texts(a->mentions, b->mentions);
    assert_same_texts(a->links, b->links);
    assert_same_text(a->author.id, b->author.id);
    assert_same_text(a->author.handle, b->author.handle);
    assert_same_text(a->author.name, b->author.name);
    assert_true(a->author.followers == b->author.followers);
    assert_int_equal(a->author.bot, b->author.bot);
    assert_memory_equal(&a->engagement, &b->engagement, sizeof a->engagement);
    assert_same_text(a->reply_to, b->reply_to);
    assert_same_text(a->repost_of, b->repost_of);
    assert_same_text(a->quote_of, b->quote_of);
    assert_int_equal(a->media, b->media);
}

static void decoding_undoes_encoding(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    struct hark_buf buf = {0};
    for (int round = 0; round < 50000; round++) {
        struct hark_post post, again;
        struct hark_err err = {0};
        hark_arena_reset(&arena);
        random_post(&post, &arena);
        if (hark_post_finish(&post, &arena, &err) < 0) fail_msg("finish: %s", err.text);
        encode(&post, &buf);
        if (hark_post_decode(hark_buf_str(&buf), &arena, &again, &err) < 0) fail_msg("%s: %s", buf.ptr, err.text);
        assert_same(&post, &again);
    }
    hark_buf_done(&buf);
    hark_arena_done(&arena);
}

// A post made by hand: what finish() refuses and what it adds.
static void finish_checks_and_completes(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    struct hark_post post;
    struct hark_err err = {0};
    hark_post_init(&post);
    post.id = HARK_STR("a");
    post.source = HARK_STR("x");
    post.time_ms = 0;
    post.text = HARK_STR("cafe\u0301 #Tag");
    assert_int_equal(hark_post_finish(&post, &arena, &err), 0);
    assert_true(hark_str_is(post.text, "café #Tag"));
    assert_int_equal(post.hashtags.n, 1);
    assert_true(hark_str_is(post.hashtags.v[0], "Tag"));
    assert_non_null(post.links.v);
    post.author.name = HARK_STR("caf\xe9");
    assert_int_equal(hark_post_finish(&post, &arena, &err), HARK_EINPUT);
    assert_string_equal(err.text, "author.name is not UTF-8 at byte 3");
    post.author.name = hark_strn("a\0b", 3);
    err = (struct hark_err){0};
    assert_int_equal(hark_post_finish(&post, &arena, &err), HARK_EINPUT);
    assert_string_equal(err.text, "author.name has a NUL");
    hark_arena_done(&arena);
}

// Only what is as the encoder writes it need not be encoded again.
static void canonical_is_told(void **state)
{
    (void)state;
    static const char *const tails[][2] = {
        {",\"hashtags\":[],\"mentions\":[],\"links\":[]}", "yes"},
        {"}", NULL},
        {",\"hashtags\":[],\"mentions\":[],\"links\": []}", NULL},
        {",\"hashtags\":[],\"mentions\":[],\"links\":[]} ", NULL},
        {",\"hashtags\":[\"\\u0061\"],\"mentions\":[],\"links\":[]}", NULL},
        {",\"hashtags\":[],\"mentions\":[],\"links\":[\"http:\\/\\/a\"]}", NULL},
        {",\"hashtags\":[\"\\\"\\n\"],\"mentions\":[],\"links\":[]}", "yes"},
        {",\"hashtags\":[],\"mentions\":[],\"links\":null}", NULL},
        {",\"hashtags\":[\"\"],\"mentions\":[],\"links\":[]}", NULL},
    };
    struct hark_arena arena = {0};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct hark_post post;
        struct hark_err err = {0};
        struct hark_str json = hark_arena_printf(&arena, "%s%s", HEAD, tails[i][0]);
        assert_int_equal(hark_post_decode(json, &arena, &post, &err), 0);
        assert_int_equal(post.canonical, tails[i][1] != NULL);
    }
    hark_arena_done(&arena);
}

// After the first posts nothing more is taken from the system.
static void decoding_takes_no_memory_after_a_while(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    struct hark_str json = HARK_STR(HEAD ",\"url\":\"a\\/b\",\"hashtags\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]}");
    size_t bytes = 0;
    for (int i = 0; i < 1000; i++) {
        struct hark_post post;
        struct hark_err err = {0};
        hark_arena_reset(&arena);
        assert_int_equal(hark_post_decode(json, &arena, &post, &err), 0);
        if (i == 0) bytes = hark_arena_bytes(&arena);
    }
    assert_int_equal(hark_arena_bytes(&arena), bytes);
    hark_arena_done(&arena);
}

static void a_message_has_a_greatest_size(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    struct hark_post post;
    struct hark_err err = {0};
    char *bytes = calloc(1, HARK_POST_MAX_BYTES + 1);
    assert_int_equal(hark_post_decode(hark_strn(bytes, HARK_POST_MAX_BYTES + 1), &arena, &post, &err), HARK_EINPUT);
    assert_string_equal(err.text, "the post has 1048577 bytes, more than 1048576");
    free(bytes);
    hark_arena_done(&arena);
}

#define BEFORE                                                                                                         \
    "{\"schema\":\"hark.post/"                                                                                         \
    "1\",\"id\":\"1\",\"source\":\"x\",\"op\":\"create\",\"time\":\"2026-11-21T10:00:00.000Z\""
#define INNER "a \\\"b\",\"lang\":[\"en\"]"
#define WORDS ",\"text\":\"" INNER
#define TAGS ",\"hashtags\":[\"c\",\"d\"]"
#define NONE ",\"mentions\":[],\"links\":[]"
#define WHOM ",\"url\":\"u\",\"author\":{\"handle\":\"h\"},\"reply_to\":\"r\"}"

static void what_a_post_says(void **state)
{
    (void)state;
    static const struct {
        const char *json, *words, *all;
    } cases[] = {
        {BEFORE WORDS TAGS NONE WHOM, INNER TAGS, WORDS TAGS NONE WHOM},
        {BEFORE WORDS TAGS NONE "}", INNER TAGS, WORDS TAGS NONE "}"},
        {BEFORE WORDS ",\"hashtags\":[]" NONE WHOM, "a \\\"b", WORDS ",\"hashtags\":[]" NONE WHOM},
        {BEFORE WORDS TAGS ",\"mentions\":[],\"links\":[\"l\"]" WHOM, INNER TAGS ",\"mentions\":[],\"links\":[\"l\"]",
         WORDS TAGS ",\"mentions\":[],\"links\":[\"l\"]" WHOM},
        // A list that is not there may come later.
        {BEFORE ",\"text\":\"a\",\"hashtags\":[]" WHOM, ",\"text\":\"a\",\"hashtags\":[]" WHOM, NULL},
        {BEFORE ",\"text\":\"a\",\"mentions\":[],\"hashtags\":[],\"links\":[]}",
         ",\"text\":\"a\",\"mentions\":[],\"hashtags\":[],\"links\":[]}", NULL},
        {BEFORE ",\"text\":\"\\u0061\",\"hashtags\":[],\"mentions\":[],\"links\":[]}",
         ",\"text\":\"\\u0061\",\"hashtags\":[],\"mentions\":[],\"links\":[]}", NULL},
        // Another layout, and what is no post.
        {"{\"text\":\"a\"" WHOM, "{\"text\":\"a\"" WHOM, NULL},
        {BEFORE, "", NULL},
        {"", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hark_str json = hark_str(cases[i].json);
        struct hark_str words = hark_post_said(json, false), all = hark_post_said(json, true);
        if (!hark_str_is(words, cases[i].words)) fail_msg("case %zu: " HARK_STR_FMT, i, HARK_STR_ARG(words));
        if (!hark_str_is(all, cases[i].all ? cases[i].all : cases[i].words))
            fail_msg("case %zu, all: " HARK_STR_FMT, i, HARK_STR_ARG(all));
    }
}

// What is skimmed decodes, to the same time; how many of the messages were skimmed.
static size_t skim_of_changed(struct hark_str line, struct hark_arena *arena)
{
    static const char others[] = "\"\\,:{}[]0-9nt u/\n\x80\xc3";
    char *copy = calloc(1, line.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < line.len; i++) {
        for (size_t k = 0; k < sizeof others + 2; k++) {
            size_t len = k == sizeof others ? i : k == sizeof others + 1 ? line.len - 1 : line.len;
            memcpy(copy, line.ptr, line.len);
            if (k < sizeof others) copy[i] = others[k];
            if (k == sizeof others + 1) memmove(copy + i, copy + i + 1, line.len - i - 1);
            struct hark_str json = hark_strn(copy, len);
            struct hark_post post;
            struct hark_err err = {0};
            int64_t time_ms = -1;
            hark_arena_reset(arena);
            int rc = hark_post_decode(json, arena, &post, &err);
            if (rc == 0 && !said_is_enough(json, &post)) fail_msg("said too little: " HARK_STR_FMT, HARK_STR_ARG(json));
            if (!hark_post_skim(json, &time_ms)) continue;
            if (rc < 0) fail_msg("%s: " HARK_STR_FMT, err.text, HARK_STR_ARG(json));
            assert_int_equal(post.time_ms, time_ms);
            assert_int_equal(post.op, HARK_OP_CREATE);
            n++;
        }
    }
    free(copy);
    return n;
}

static void what_is_skimmed_decodes(void **state)
{
    (void)state;
    FILE *in = open_data("good.out.ndjson");
    char *line = NULL;
    size_t cap = 0, skimmed = 0, creates = 0, changed = 0;
    struct hark_arena arena = {0};
    for (struct hark_str s; (s = read_line(in, &line, &cap)).ptr;) {
        int64_t time_ms;
        creates += memmem(s.ptr, s.len, "\"op\":\"create\"", 13) != NULL;
        skimmed += hark_post_skim(s, &time_ms);
        changed += skim_of_changed(s, &arena);
    }
    assert_true(creates >= 8);
    // All but those with numbers beyond nine digits and escapes of more than a letter.
    if (skimmed + 3 < creates) fail_msg("%zu of %zu", skimmed, creates);
    assert_true(changed > 1000);
    hark_arena_done(&arena);
    free(line);
    fclose(in);
}

static void bad_posts_are_not_skimmed(void **state)
{
    (void)state;
    FILE *in = open_data("bad.txt");
    char *a = NULL, *b = NULL;
    size_t acap = 0, bcap = 0;
    int64_t time_ms;
    for (struct hark_str line; (line = read_line(in, &a, &acap)).ptr; read_line(in, &b, &bcap))
        if (hark_post_skim(line, &time_ms)) fail_msg("skimmed: %s", line.ptr);
    free(a);
    free(b);
    fclose(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_posts_decode_and_encode),
        cmocka_unit_test(bad_posts_are_refused_with_these_words),
        cmocka_unit_test(a_peek_sees_id_and_op),
        cmocka_unit_test(what_may_change_is_not_missed),
        cmocka_unit_test(what_a_post_says),
        cmocka_unit_test(what_is_skimmed_decodes),
        cmocka_unit_test(bad_posts_are_not_skimmed),
        cmocka_unit_test(the_reader_accepts_what_jansson_accepts),
        cmocka_unit_test(the_reader_fails_where_jansson_fails),
        cmocka_unit_test(numbers_of_any_size_are_passed_over),
        cmocka_unit_test(decoding_undoes_encoding),
        cmocka_unit_test(finish_checks_and_completes),
        cmocka_unit_test(canonical_is_told),
        cmocka_unit_test(decoding_takes_no_memory_after_a_while),
        cmocka_unit_test(a_message_has_a_greatest_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
