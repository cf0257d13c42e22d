// Messages of any bytes: the JSON reader accepts what jansson accepts; what is decoded and encoded decodes to the same
// again; what a skim lets pass decodes; what a post says is where it is said to be.
#include <hark/post.h>

#include <jansson.h>
#include <stdlib.h>

#include <hark/json_read.h>

#include "../support/said.h"

static void require(bool ok)
{
    if (!ok) abort();
}

// Apart from numbers too large for jansson, from depth, where the bounds differ, and from NUL bytes between values,
// which jansson passes over.
static void beside_jansson(struct hark_str json, struct hark_arena *arena)
{
    struct hark_err err = {0};
    struct hark_jr jr;
    json_error_t why;
    json_t *tree = json_loadb(json.ptr, json.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
    bool ours = hark_jr_init(&jr, json, arena, 1000, &err) && hark_jr_skip(&jr) && hark_jr_end(&jr);
    bool excused = !tree && (json_error_code(&why) == json_error_numeric_overflow ||
                             json_error_code(&why) == json_error_stack_overflow);
    excused |= json.len && memchr(json.ptr, 0, json.len);
    if (!excused && !strstr(err.text, "nested")) require(ours == (tree != NULL));
    json_decref(tree);
}

static struct hark_str encode(const struct hark_post *post, struct hark_buf *buf)
{
    hark_buf_clear(buf);
    struct hark_json json = hark_json_to(buf);
    hark_post_encode(post, &json);
    return hark_buf_str(buf);
}

static void there_and_back(struct hark_str json, struct hark_arena *arena)
{
    static struct hark_buf first, second;
    struct hark_post post;
    struct hark_err err = {0};
    if (hark_post_decode(json, arena, &post, &err) < 0) {
        require(err.text[0]);
        return;
    }
    struct hark_str once = encode(&post, &first);
    if (once.len > HARK_POST_MAX_BYTES) return;
    require(hark_post_decode(once, arena, &post, &err) == 0);
    require(hark_str_eq(encode(&post, &second), once));
}

static void skimmed_is_decoded(struct hark_str json, struct hark_arena *arena)
{
    int64_t time_ms;
    struct hark_post post;
    struct hark_err err = {0};
    if (!hark_post_skim(json, &time_ms)) return;
    require(hark_post_decode(json, arena, &post, &err) == 0);
    require(post.op == HARK_OP_CREATE && post.time_ms == time_ms);
}

static void said_is_all(struct hark_str json, struct hark_arena *arena)
{
    struct hark_post post;
    struct hark_err err = {0};
    if (hark_post_decode(json, arena, &post, &err) == 0) require(said_is_enough(json, &post));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hark_arena arena;
    // A copy of its own size, so that a read behind its end is seen.
    char *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, data, size);
    hark_arena_reset(&arena);
    beside_jansson(hark_strn(copy, size), &arena);
    there_and_back(hark_strn(copy, size), &arena);
    skimmed_is_decoded(hark_strn(copy, size), &arena);
    said_is_all(hark_strn(copy, size), &arena);
    free(copy);
    return 0;
}
