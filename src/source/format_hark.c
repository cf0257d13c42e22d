// Canonical posts as they are, one a record or several in an array.
#include "json_get.h"

#include <stdlib.h>

static bool is_post(const json_t *json)
{
    const char *schema = json_string_value(json_object_get(json, "schema"));
    return schema && strncmp(schema, "hark.post/", 10) == 0;
}

static bool is(const struct hark_record *record)
{
    return is_post(record->json) || is_post(json_array_get(record->json, 0));
}

static void decode_text(struct hark_str text, struct hark_arena *arena, const struct hark_format_sink *sink)
{
    struct hark_post post;
    struct hark_err err = {0};
    if (hark_post_decode(text, arena, &post, &err) < 0)
        sink->dead(sink->arg, err.text);
    else
        sink->post(sink->arg, &post, post.canonical ? text : (struct hark_str){0});
}

static void decode(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink)
{
    const json_t *root = record->json;
    (void)ids;
    if (!json_is_array(root)) {
        decode_text(record->text, arena, sink);
        return;
    }
    size_t i;
    json_t *json;
    json_array_foreach(root, i, json) {
        char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
        decode_text(hark_arena_str(arena, hark_str(text)), arena, sink);
        free(text);
    }
}

extern const struct hark_format hark_format_hark;
const struct hark_format hark_format_hark = {"hark", is, decode};
