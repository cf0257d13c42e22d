// X's answer to a batch compliance job of type "tweets" (docs.x.com, "Batch compliance"): of the posts whose ids were
// sent, those that may be kept no longer, a line each: {"id","action":"delete","reason","created_at","redacted_at"}.
//
// Whatever the reason ("deleted", "protected", "suspended", …), the post is to go; but for "scrub_geo", which asks only
// that its place be forgotten: hark holds none, so that this is refused. A job of type "users" looks the same and names
// accounts; whoever reads one deletes nothing, for no post has such an id.
#include "json_get.h"

#include <hark/clock.h>

static bool is_digits(struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

static bool is_line(const json_t *json)
{
    return json_is_string(json_object_get(json, "action")) && json_is_string(json_object_get(json, "reason")) &&
           json_object_get(json, "id") && !json_object_get(json, "text");
}

static bool is(const struct hark_record *record)
{
    return is_line(record->json) || is_line(json_array_get(record->json, 0));
}

// When it was taken away, where X says so; else when it was written.
static int64_t time_of(const json_t *json, struct hark_arena *arena)
{
    int64_t ms;
    struct hark_str time = hark_get_str(json, "redacted_at", arena);
    if (!time.ptr) time = hark_get_str(json, "created_at", arena);
    return time.ptr && hark_time_parse(time, &ms) == 0 ? ms : -1;
}

static void decode_line(const json_t *json, struct hark_arena *arena, const struct hark_format_sink *sink)
{
    struct hark_str id = hark_get_id(json, "id", arena);
    struct hark_post post;
    if (hark_get_is(json, "reason", "scrub_geo")) {
        sink->refused(sink->arg, "scrub_geo");
        return;
    }
    if (!hark_get_is(json, "action", "delete")) {
        sink->dead(sink->arg, "action is not delete");
        return;
    }
    if (!is_digits(id)) {
        sink->dead(sink->arg, "id is no number");
        return;
    }
    hark_post_init(&post);
    post.source = HARK_STR("x");
    post.op = HARK_OP_DELETE;
    post.id = hark_arena_printf(arena, "x:" HARK_STR_FMT, HARK_STR_ARG(id));
    post.time_ms = time_of(json, arena);
    sink->post(sink->arg, &post, (struct hark_str){0});
}

static void decode(const struct hark_record *record, struct hark_ids *ids, struct hark_arena *arena,
                   const struct hark_format_sink *sink)
{
    const json_t *root = record->json;
    size_t i;
    json_t *json;
    (void)ids;
    if (!json_is_array(root)) decode_line(root, arena, sink);
    json_array_foreach(root, i, json) decode_line(json, arena, sink);
}

extern const struct hark_format hark_format_x_compliance;
const struct hark_format hark_format_x_compliance = {"x-compliance", is, decode};
