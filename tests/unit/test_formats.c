// Platforms' payloads to posts.
//
// tests/data/source/<case>/in.*: a file as a platform or a program writes it; out.ndjson: the posts that come out of
// it; dead.txt: what else does, a line each: line in the file, "refused" or "dead", reason. Every folder is a case.
//
// The other tests read real payloads, which are not part of the project, from HARK_SHARED_DATA or ../shared/data, and
// are skipped where there are none. What the platform itself says of each post is taken out of the payload again here,
// in its own words, and compared; how many there are was counted with another program.
#include <hark/source.h>

#include <dirent.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/read_file.h"

#include <jansson.h>

// --- cases ---

static void note(struct hark_buf *out, struct hark_buf *dead, const struct hark_source_item *item)
{
    if (item->kind == HARK_ITEM_POST) {
        hark_buf_str_add(out, item->json);
        hark_buf_char(out, '\n');
        return;
    }
    const char *colon = memrchr(item->where.ptr, ':', item->where.len);
    size_t at = (size_t)(colon - item->where.ptr) + 1;
    hark_buf_add(dead, item->where.ptr + at, item->where.len - at);
    hark_buf_printf(dead, " %s " HARK_STR_FMT "\n", item->kind == HARK_ITEM_DEAD ? "dead" : "refused",
                    HARK_STR_ARG(item->reason));
}

static void check_case(const char *name)
{
    char path[512], spec[600];
    glob_t found;
    snprintf(path, sizeof path, HARK_TEST_DATA "/source/%.99s/in.*", name);
    assert_int_equal(glob(path, 0, NULL, &found), 0);
    snprintf(spec, sizeof spec, "file:%s", found.gl_pathv[0]);
    globfree(&found);
    struct hark_err err = {0};
    struct hark_source_options options = {0};
    struct hark_source *src = hark_source_open(spec, &options, &err);
    if (!src) fail_msg("%s: %s", name, err.text);
    struct hark_buf out = {0}, dead = {0}, expected = {0};
    struct hark_source_item item;
    int rc;
    while ((rc = hark_source_next(src, &item, &err)) > 0) note(&out, &dead, &item);
    assert_int_equal(rc, 0);
    snprintf(path, sizeof path, HARK_TEST_DATA "/source/%.99s/out.ndjson", name);
    read_file(path, &expected);
    assert_string_equal(hark_buf_cstr(&out), hark_buf_cstr(&expected));
    snprintf(path, sizeof path, HARK_TEST_DATA "/source/%.99s/dead.txt", name);
    read_file(path, &expected);
    assert_string_equal(hark_buf_cstr(&dead), hark_buf_cstr(&expected));
    hark_source_free(src);
    hark_buf_done(&out);
    hark_buf_done(&dead);
    hark_buf_done(&expected);
}

static void cases_give_what_is_written(void **state)
{
    (void)state;
    DIR *dir = opendir(HARK_TEST_DATA "/source");
    assert_non_null(dir);
    int n = 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        check_case(entry->d_name);
        n++;
    }
    closedir(dir);
    assert_true(n >= 11);
}

// --- real payloads ---

static bool shared_path(const char *name, char *path, size_t size)
{
    const char *dir = getenv("HARK_SHARED_DATA");
    snprintf(path, size, "%s/payloads/%s", dir ? dir : HARK_SOURCE_DIR "/../shared/data", name);
    FILE *file = fopen(path, "r");
    if (!file) print_message("no %s: skipped\n", path);
    if (file) fclose(file);
    return file;
}

// The platform's own words for the post of `json`: an array of texts.
typedef json_t *own_fn(const json_t *json);

static bool has(const json_t *array, const char *text)
{
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value)
        if (strcmp(json_string_value(value), text) == 0) return true;
    return false;
}

static void add(json_t *array, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text && *text && !has(array, text)) json_array_append_new(array, json_string(text));
}

static json_t *own_bluesky(const json_t *json)
{
    json_t *tags = json_array(), *facet, *feature;
    const json_t *commit = json_object_get(json, "commit");
    const json_t *record = commit ? json_object_get(commit, "record") : json;
    size_t i, k;
    json_array_foreach(json_object_get(record, "facets"), i, facet)
        json_array_foreach(json_object_get(facet, "features"), k, feature) add(tags, json_object_get(feature, "tag"));
    return tags;
}

static json_t *own_mastodon(const json_t *json)
{
    json_t *tags = json_array(), *tag;
    const json_t *reblog = json_object_get(json, "reblog");
    size_t i;
    json_array_foreach(json_object_get(json_is_object(reblog) ? reblog : json, "tags"), i, tag)
        add(tags, json_object_get(tag, "name"));
    return tags;
}

static json_t *own_x(const json_t *json)
{
    json_t *tags = json_array(), *tag;
    const json_t *data = json_object_get(json, "data");
    size_t i;
    json_array_foreach(json_object_get(json_object_get(data ? data : json, "entities"), "hashtags"), i, tag)
        add(tags, json_object_get(tag, "tag"));
    return tags;
}

static json_t *own_none(const json_t *json)
{
    (void)json;
    return json_array();
}

struct payload {
    const char *name;
    own_fn *own;
    bool all; // the platform computes its tags: the post has these and no others
    unsigned posts, refused, dead, tags;
};

// Counted with another program (see the head).
static const struct payload payloads[] = {
    {"bluesky/jetstream_v1.ndjson", own_bluesky, false, 18, 134, 0, 4},
    {"bluesky/jetstream_v1_golden.ndjson", own_bluesky, false, 1, 9, 0, 0},
    {"bluesky/post_records.ndjson", own_bluesky, false, 99, 0, 0, 108},
    {"mastodon/statuses.ndjson", own_mastodon, true, 99, 17, 0, 51},
    {"mastodon/timeline_hashtag.json", own_mastodon, true, 5, 0, 0, 9},
    {"mastodon/timeline_public.json", own_mastodon, true, 20, 0, 0, 21},
    {"mastodon/stream_local.sse", NULL, true, 1, 0, 0, 0},
    {"x/v2_flat.ndjson", own_x, true, 100, 0, 0, 10},
    {"x/v2_stream_with_bad_line.ndjson", own_x, true, 7, 0, 1, 2},
    {"reddit/things.ndjson", own_none, false, 200, 0, 0, 0},
};

static void check_tags(const struct payload *payload, const json_t *json, const struct hark_post *post)
{
    json_t *own = payload->own(json), *made = json_array(), *tag;
    size_t i;
    for (i = 0; i < post->hashtags.n; i++)
        json_array_append_new(made, json_stringn(post->hashtags.v[i].ptr, post->hashtags.v[i].len));
    json_array_foreach(own, i, tag)
        if (!has(made, json_string_value(tag)))
            fail_msg("%s: " HARK_STR_FMT " lacks #%s", payload->name, HARK_STR_ARG(post->id), json_string_value(tag));
    if (payload->all) assert_int_equal(json_array_size(made), json_array_size(own));
    json_decref(own);
    json_decref(made);
}

// The payload of the item that was just read: a line, or an element of an array.
struct walk {
    json_t *page; // NULL: lines
    size_t at;
    FILE *lines;
    char *line;
    size_t cap;
};

static json_t *next_payload(struct walk *walk)
{
    if (walk->page) return json_incref(json_array_get(walk->page, walk->at++));
    if (getline(&walk->line, &walk->cap, walk->lines) <= 0) return NULL;
    return json_loads(walk->line, 0, NULL);
}

static void check_items(const struct payload *payload, const char *path, struct hark_source *src)
{
    struct walk walk = {.page = json_load_file(path, 0, NULL), .lines = fopen(path, "r")};
    if (!json_is_array(walk.page)) {
        json_decref(walk.page);
        walk.page = NULL;
    }
    unsigned n[3] = {0}, tags = 0;
    struct hark_source_item item;
    struct hark_err err = {0};
    json_t *ids = json_object();
    while (hark_source_next(src, &item, &err) > 0) {
        json_t *json = payload->own ? next_payload(&walk) : NULL;
        n[item.kind]++;
        if (item.kind == HARK_ITEM_DEAD && payload->own) assert_null(json);
        if (item.kind == HARK_ITEM_POST) {
            json_t *own = payload->own ? payload->own(json) : json_array();
            tags += (unsigned)json_array_size(own);
            json_decref(own);
            if (payload->own) check_tags(payload, json, item.post);
            char *id = hark_str_dup(item.post->id);
            json_object_set_new(ids, id, json_true());
            free(id);
        }
        json_decref(json);
    }
    assert_int_equal(err.code, 0);
    assert_int_equal(n[HARK_ITEM_POST], payload->posts);
    assert_int_equal(n[HARK_ITEM_REFUSED], payload->refused);
    assert_int_equal(n[HARK_ITEM_DEAD], payload->dead);
    assert_int_equal(tags, payload->tags);
    assert_int_equal(json_object_size(ids), payload->posts); // each once
    json_decref(ids);
    json_decref(walk.page);
    fclose(walk.lines);
    free(walk.line);
}

static void real_payloads_come_out_whole(void **state)
{
    (void)state;
    unsigned skipped = 0;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        char path[512], spec[600];
        if (!shared_path(payloads[i].name, path, sizeof path)) {
            skipped++;
            continue;
        }
        snprintf(spec, sizeof spec, "file:%s", path);
        struct hark_err err = {0};
        struct hark_source_options options = {0};
        struct hark_source *src = hark_source_open(spec, &options, &err);
        if (!src) fail_msg("%s", err.text);
        check_items(&payloads[i], path, src);
        hark_source_free(src);
    }
    if (skipped) skip();
}

// What comes out is read again by the decoder, and is as the encoder writes it.
static void what_comes_out_is_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        char path[512], spec[600];
        if (!shared_path(payloads[i].name, path, sizeof path)) skip();
        snprintf(spec, sizeof spec, "file:%s", path);
        struct hark_err err = {0};
        struct hark_source_options options = {0};
        struct hark_source *src = hark_source_open(spec, &options, &err);
        struct hark_source_item item;
        struct hark_arena arena = {0};
        while (hark_source_next(src, &item, &err) > 0) {
            struct hark_post post;
            if (item.kind != HARK_ITEM_POST) continue;
            hark_arena_reset(&arena);
            if (hark_post_decode(item.json, &arena, &post, &err) < 0) fail_msg("%s: %s", path, err.text);
            if (post.op != HARK_OP_DELETE) assert_true(post.canonical);
        }
        hark_arena_done(&arena);
        hark_source_free(src);
    }
}

static void formats_are_told_by_name(void **state)
{
    (void)state;
    struct hark_source_options options = {.format = HARK_STR("mastodon")};
    struct hark_source_item item;
    struct hark_err err = {0};
    struct hark_source *src = hark_source_open("file:" HARK_TEST_DATA "/source/x_v1/in.ndjson", &options, &err);
    assert_non_null(src);
    assert_int_equal(hark_source_next(src, &item, &err), 1);
    assert_int_equal(item.kind, HARK_ITEM_DEAD);
    assert_true(hark_str_is(item.reason, "JSON that is not in the format mastodon"));
    hark_source_free(src);
    options.format = HARK_STR("myspace");
    assert_null(hark_source_open("file:-", &options, &err));
    assert_string_equal(
        err.text, "unknown format \"myspace\"; known are hark, jetstream, mastodon, x, reddit, x-compliance, nostr");
}

// A Mastodon server that is read for long has more posts than are remembered.
static void ids_are_forgotten_in_turn(void **state)
{
    (void)state;
    struct hark_ids ids = {0};
    char name[32];
    assert_null(hark_ids_get(&ids, HARK_STR("0")).ptr);
    for (int i = 0; i < 200000; i++) {
        snprintf(name, sizeof name, "%d", i);
        hark_ids_put(&ids, hark_str(name), hark_str(name), i);
        hark_ids_put(&ids, hark_str(name), HARK_STR("again"), i);
    }
    for (int i = 200000 - 65536; i < 200000; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_true(hark_str_is(hark_ids_get(&ids, hark_str(name)), name));
    }
    assert_null(hark_ids_get(&ids, HARK_STR("0")).ptr);
    assert_null(hark_ids_get(&ids, HARK_STR("134463")).ptr);
    assert_int_equal(ids.at_ms, 199999);
    hark_ids_done(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_give_what_is_written),  cmocka_unit_test(real_payloads_come_out_whole),
        cmocka_unit_test(what_comes_out_is_canonical), cmocka_unit_test(formats_are_told_by_name),
        cmocka_unit_test(ids_are_forgotten_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
