// Hashtags, mentions, cashtags and links: the table of docs/hashtags.md, cases of our own, the platforms' own vectors,
// and what platforms computed for real posts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <hark/tags.h>
#include <jansson.h>

#include "text_data.h"

static const char *const profiles[] = {"default", "x", "mastodon", "bluesky"};

static enum hark_tags_profile profile_named(struct hark_str name)
{
    for (unsigned i = 0; i < 4; i++)
        if (hark_str_is(name, profiles[i])) return (enum hark_tags_profile)i;
    fail_msg("no profile %.*s", (int)name.len, name.ptr);
    return HARK_TAGS_DEFAULT;
}

static enum hark_entity_kind kind_named(struct hark_str name)
{
    static const char *const kinds[] = {"hashtag", "mention", "cashtag", "link"};
    for (unsigned i = 0; i < 4; i++)
        if (hark_str_is(name, kinds[i])) return (enum hark_entity_kind)i;
    fail_msg("no kind %.*s", (int)name.len, name.ptr);
    return HARK_ENTITY_HASHTAG;
}

// The values of one kind, each in one line.
static void found(enum hark_tags_profile profile, enum hark_entity_kind kind, struct hark_str text, const char *sep,
                  struct hark_buf *buf)
{
    struct hark_arena arena = {0};
    const struct hark_entity *v;
    size_t n = hark_tags_find(profile, text, &arena, &v);
    hark_buf_clear(buf);
    for (size_t i = 0; i < n; i++) {
        assert_true(v[i].from < v[i].to && v[i].to <= text.len);
        assert_true(i == 0 || v[i - 1].from <= v[i].from);
        assert_ptr_equal(v[i].value.ptr + v[i].value.len, text.ptr + v[i].to);
        if (v[i].kind != kind) continue;
        if (buf->len) hark_buf_str_add(buf, hark_str(sep));
        hark_buf_str_add(buf, v[i].value);
    }
    hark_arena_done(&arena);
}

static bool is_found(const char *where, enum hark_tags_profile profile, enum hark_entity_kind kind,
                     struct hark_str text, const char *sep, struct hark_str expected)
{
    struct hark_buf buf = {0};
    found(profile, kind, text, sep, &buf);
    bool same = hark_str_eq(hark_buf_str(&buf), expected);
    if (!same)
        print_error("%s: %s finds in\n  %.*s\n  %.*s\nnot\n  %.*s\n", where, profiles[profile], HARK_STR_ARG(text),
                    HARK_STR_ARG(hark_buf_str(&buf)), HARK_STR_ARG(expected));
    hark_buf_done(&buf);
    return same;
}

// --- our own cases ---

static void check_case(struct hark_str *fields, int line, void *arg)
{
    char where[64];
    snprintf(where, sizeof(where), "tags.tsv:%d", line);
    if (!is_found(where, profile_named(fields[0]), kind_named(fields[1]), fields[2], " ", fields[3])) ++*(int *)arg;
}

static void own_cases(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(each_case(HARK_TEST_DATA "/text/tags.tsv", 4, check_case, &wrong) > 50);
    assert_int_equal(wrong, 0);
}

// A cell of the table in Markdown: `code` or nothing.
static struct hark_str cell(char **rest)
{
    char *field = strsep(rest, "|");
    assert_non_null(field);
    char *from = strchr(field, '`'), *to = from ? strrchr(field, '`') : NULL;
    if (!from) return HARK_STR("");
    *to = 0;
    return unescape(from + 1);
}

// A row is: | input | X | Mastodon | Bluesky | default |
static bool check_row(char *line, int n, bool *ret_differs)
{
    static const enum hark_tags_profile order[] = {HARK_TAGS_X, HARK_TAGS_MASTODON, HARK_TAGS_BLUESKY,
                                                   HARK_TAGS_DEFAULT};
    char where[64], *rest = line + 1;
    struct hark_str text = cell(&rest), first = {0};
    bool right = true;
    snprintf(where, sizeof(where), "hashtags.md:%d", n);
    for (int i = 0; i < 4; i++) {
        struct hark_str expected = cell(&rest);
        right &= is_found(where, order[i], HARK_ENTITY_HASHTAG, text, " ", expected);
        if (i == 0) first = expected;
        *ret_differs |= !hark_str_eq(first, expected);
    }
    return right;
}

static void documented_table(void **state)
{
    (void)state;
    static char line[MAX_LINE];
    FILE *file = fopen(HARK_SOURCE_DIR "/docs/hashtags.md", "r");
    int n = 0, rows = 0, divergent = 0, wrong = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        n++;
        if (strncmp(line, "| `", 3) != 0) continue;
        bool differs = false;
        rows++;
        if (!check_row(line, n, &differs)) wrong++;
        divergent += differs;
    }
    fclose(file);
    assert_int_equal(wrong, 0);
    assert_true(rows >= divergent);
    assert_true(divergent >= 27);
}

static void profiles_of_sources(void **state)
{
    (void)state;
    assert_int_equal(hark_tags_profile_of(HARK_STR("x")), HARK_TAGS_X);
    assert_int_equal(hark_tags_profile_of(HARK_STR("mastodon")), HARK_TAGS_MASTODON);
    assert_int_equal(hark_tags_profile_of(HARK_STR("bluesky")), HARK_TAGS_BLUESKY);
    assert_int_equal(hark_tags_profile_of(HARK_STR("reddit")), HARK_TAGS_DEFAULT);
    assert_int_equal(hark_tags_profile_of(HARK_STR("")), HARK_TAGS_DEFAULT);
}

static void values_once(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    const struct hark_entity *v;
    size_t n = hark_tags_find(HARK_TAGS_X, HARK_STR("#b #a @u #b #B"), &arena, &v);
    struct hark_strs tags = hark_tags_values(v, n, HARK_ENTITY_HASHTAG, &arena);
    assert_int_equal(tags.n, 3);
    assert_true(hark_str_is(tags.v[0], "b") && hark_str_is(tags.v[1], "a") && hark_str_is(tags.v[2], "B"));
    tags = hark_tags_values(v, n, HARK_ENTITY_LINK, &arena);
    assert_int_equal(tags.n, 0);
    assert_non_null(tags.v);
    hark_arena_done(&arena);
}

static void check_name(struct hark_str *fields, int line, void *arg)
{
    struct hark_buf name = {0};
    hark_tags_name(profile_named(fields[0]), fields[1], &name);
    if (!hark_str_eq(hark_buf_str(&name), fields[2])) {
        print_error("tag_names.tsv:%d: %.*s\n", line, HARK_STR_ARG(hark_buf_str(&name)));
        ++*(int *)arg;
    }
    hark_buf_done(&name);
}

static void names(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(each_case(HARK_TEST_DATA "/text/tag_names.tsv", 3, check_name, &wrong) > 5);
    assert_int_equal(wrong, 0);
}

// Hostile texts whose cost would be the square of their length if anything looked ahead without a limit; they take
// seconds then.
static void long_texts(void **state)
{
    (void)state;
    static const char *const units[] = {
        "a.", "あ",      "あ.",         "#a", "@a",  "@a.", "http://", "_.com", "あ_.com", "(", "http://a.com/((",
        "$a", "a_b.com", "https://a.)", "RT", "www."};
    struct hark_buf text = {0};
    for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
        hark_buf_clear(&text);
        while (text.len < 300000) hark_buf_str_add(&text, hark_str(units[k]));
        for (unsigned profile = 0; profile < 4; profile++) {
            struct hark_arena arena = {0};
            const struct hark_entity *v;
            size_t n = hark_tags_find((enum hark_tags_profile)profile, hark_buf_str(&text), &arena, &v);
            for (size_t i = 0; i < n; i++) assert_true(v[i].to <= text.len);
            hark_arena_done(&arena);
        }
    }
    hark_buf_done(&text);
}

// --- the platforms' own vectors ---

static struct hark_str member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct hark_str){json_string_value(value), json_string_length(value)};
}

static bool is_text(const json_t *object, const char *key, const char *value)
{
    return hark_str_is(member(object, key), value);
}

// Strings of an array, one a line; objects give their member `key`.
static void joined(const json_t *array, const char *key, struct hark_buf *buf)
{
    size_t i;
    json_t *value;
    hark_buf_clear(buf);
    json_array_foreach(array, i, value)
    {
        const json_t *text = json_is_object(value) ? json_object_get(value, key) : value;
        if (i) hark_buf_char(buf, '\n');
        hark_buf_add(buf, json_string_value(text), json_string_length(text));
    }
}

// Calls `each` for each line of a file of shared data; it returns 1 for a right case, 0 for a wrong one, -1 for one
// that is not its own.
static void each_line(const char *name, int expected, int (*each)(const json_t *line, const char *where))
{
    static char line[MAX_LINE];
    int n = 0, right = 0, wrong = 0;
    FILE *file = open_shared(name);
    if (!file) skip();
    while (fgets(line, sizeof(line), file)) {
        char where[128];
        snprintf(where, sizeof(where), "%s:%d", name, ++n);
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        int result = each(object, where);
        right += result == 1;
        wrong += result == 0;
        json_decref(object);
    }
    fclose(file);
    print_message("%s: %d right, %d wrong\n", name, right, wrong);
    assert_int_equal(wrong, 0);
    assert_int_equal(right, expected);
}

// Indices of twitter-text count UTF-16 units.
static size_t utf16_units(struct hark_str s, size_t to)
{
    size_t units = 0;
    for (size_t i = 0; i < to;) units += hark_utf8_next(s, &i) > 0xffff ? 2 : 1;
    return units;
}

static bool same_places(const json_t *expected, enum hark_entity_kind kind, struct hark_str text)
{
    struct hark_arena arena = {0};
    const struct hark_entity *v;
    size_t n = hark_tags_find(HARK_TAGS_X, text, &arena, &v), k = 0;
    bool same = true;
    for (size_t i = 0; i < n; i++) {
        if (v[i].kind != kind) continue;
        const json_t *places = json_object_get(json_array_get(expected, k++), "indices");
        same &= (size_t)json_integer_value(json_array_get(places, 0)) == utf16_units(text, v[i].from);
        same &= (size_t)json_integer_value(json_array_get(places, 1)) == utf16_units(text, v[i].to);
    }
    hark_arena_done(&arena);
    return same && k == json_array_size(expected);
}

static int check_x(const json_t *line, const char *where)
{
    static const struct {
        const char *group, *key;
        enum hark_entity_kind kind;
        bool places;
    } groups[] = {{"hashtags", NULL, HARK_ENTITY_HASHTAG, false},
                  {"hashtags_from_astral", NULL, HARK_ENTITY_HASHTAG, false},
                  {"hashtags_with_indices", "hashtag", HARK_ENTITY_HASHTAG, true},
                  {"mentions", NULL, HARK_ENTITY_MENTION, false},
                  {"mentions_with_indices", "screen_name", HARK_ENTITY_MENTION, true},
                  {"cashtags", NULL, HARK_ENTITY_CASHTAG, false},
                  {"urls", NULL, HARK_ENTITY_LINK, false}};
    const json_t *expected = json_object_get(line, "expected");
    if (is_text(line, "group", "hashtags") && json_is_boolean(expected)) { // "validate"
        struct hark_str text = member(line, "text"), name = {text.ptr + 1, text.len - 1};
        return is_found(where, HARK_TAGS_X, HARK_ENTITY_HASHTAG, text, "\n",
                        json_is_true(expected) ? name : HARK_STR(""));
    }
    for (size_t k = 0; k < sizeof(groups) / sizeof(groups[0]); k++) {
        struct hark_buf values = {0};
        if (!is_text(line, "group", groups[k].group)) continue;
        joined(expected, groups[k].key, &values);
        struct hark_str text = member(line, "text");
        bool right = is_found(where, HARK_TAGS_X, groups[k].kind, text, "\n", hark_buf_str(&values)) &&
                     (!groups[k].places || same_places(expected, groups[k].kind, text));
        hark_buf_done(&values);
        return right;
    }
    return -1;
}

static void twitter_text(void **state)
{
    (void)state;
    // Hashtags: 65 to extract and 7 to validate, 3 beyond the BMP, 8 with places; then mentions 23 and 3, cashtags 8,
    // links 91.
    each_line("hashtags/vectors_twitter_text.jsonl", 208, check_x);
}

static int check_bluesky(const json_t *line, const char *where)
{
    struct hark_buf values = {0};
    bool cash = is_text(line, "suite", "bluesky/detectFacets cashtags");
    if (!cash && !is_text(line, "suite", "bluesky/detectFacets tags")) return -1;
    joined(json_object_get(line, "tags"), NULL, &values);
    struct hark_buf actual = {0};
    struct hark_str text = member(line, "text");
    found(HARK_TAGS_BLUESKY, cash ? HARK_ENTITY_CASHTAG : HARK_ENTITY_HASHTAG, text, cash ? "\n$" : "\n", &actual);
    struct hark_str got = hark_buf_str(&actual), want = hark_buf_str(&values);
    // Bluesky files a cash tag as a tag with its sign, in capitals.
    if (cash && want.len) want = (struct hark_str){want.ptr + 1, want.len - 1};
    bool right = cash ? hark_str_ieq(got, want) : hark_str_eq(got, want);
    if (!right) print_error("%s: %.*s: %.*s\n", where, HARK_STR_ARG(text), HARK_STR_ARG(got));
    hark_buf_done(&values);
    hark_buf_done(&actual);
    return right;
}

static void bluesky(void **state)
{
    (void)state;
    each_line("hashtags/vectors_bluesky.jsonl", 39 + 18, check_bluesky);
}

static int check_bluesky_segments(const json_t *line, const char *where)
{
    struct hark_arena arena = {0};
    const struct hark_entity *v;
    size_t i, k = 0;
    json_t *segment;
    bool right = true;
    if (!is_text(line, "suite", "bluesky/detectFacets segments")) return -1;
    size_t n = hark_tags_find(HARK_TAGS_BLUESKY, member(line, "text"), &arena, &v), places = 0;
    for (size_t at = 0; at < n; at++) places += v[at].kind == HARK_ENTITY_MENTION || v[at].kind == HARK_ENTITY_LINK;
    json_array_foreach(json_object_get(line, "segments"), i, segment)
    {
        if (json_array_size(segment) < 2) continue;
        while (k < n && v[k].kind != HARK_ENTITY_MENTION && v[k].kind != HARK_ENTITY_LINK) k++;
        struct hark_str surface = {json_string_value(json_array_get(segment, 0)),
                                   json_string_length(json_array_get(segment, 0))};
        struct hark_str text = member(line, "text");
        right &= k < n && hark_str_eq((struct hark_str){text.ptr + v[k].from, v[k].to - v[k].from}, surface);
        k++;
        places--;
    }
    right &= places == 0;
    if (!right) print_error("%s: %.*s\n", where, HARK_STR_ARG(member(line, "text")));
    hark_arena_done(&arena);
    return right;
}

static void bluesky_segments(void **state)
{
    (void)state;
    each_line("hashtags/vectors_bluesky.jsonl", 40, check_bluesky_segments);
}

static int check_mastodon(const json_t *line, const char *where)
{
    struct hark_buf buf = {0};
    bool right;
    if (json_object_get(line, "input")) {
        hark_tags_name(HARK_TAGS_MASTODON, member(line, "input"), &buf);
        right = hark_str_eq(hark_buf_str(&buf), member(line, "expected"));
    } else {
        struct hark_str first = member(line, "expected_first_match");
        found(HARK_TAGS_MASTODON, HARK_ENTITY_HASHTAG, member(line, "text"), " ", &buf);
        size_t sign = 0;
        if (first.ptr) hark_utf8_next(first, &sign);
        struct hark_str name = first.ptr ? (struct hark_str){first.ptr + sign, first.len - sign} : HARK_STR("");
        right = hark_str_eq(hark_buf_str(&buf), name);
    }
    if (!right) print_error("%s: %.*s\n", where, HARK_STR_ARG(hark_buf_str(&buf)));
    hark_buf_done(&buf);
    return right;
}

static void mastodon(void **state)
{
    (void)state;
    each_line("hashtags/vectors_mastodon.jsonl", 28, check_mastodon);
}

// --- what platforms computed for real posts ---

// Mentions are not compared: X lists those of accounts that exist, as the account writes itself.
static int check_truth_x(const json_t *line, const char *where)
{
    struct hark_buf tags = {0};
    if (member(line, "src").ptr[0] != 'x') return -1;
    joined(json_object_get(line, "hashtags"), NULL, &tags);
    bool right = is_found(where, HARK_TAGS_X, HARK_ENTITY_HASHTAG, member(line, "text"), "\n", hark_buf_str(&tags));
    hark_buf_done(&tags);
    return right;
}

static void truth_x(void **state)
{
    (void)state;
    each_line("hashtags/platform_truth.ndjson", 1761, check_truth_x);
}

// Bluesky keeps tags as they are written.
static void name_of(enum hark_tags_profile profile, struct hark_str value, struct hark_buf *name)
{
    if (profile == HARK_TAGS_MASTODON) {
        hark_tags_name(profile, value, name);
        return;
    }
    hark_buf_clear(name);
    hark_buf_str_add(name, value);
}

// The platform's names as a set, against the names of what is found; `extra` allows more to be found.
static bool same_names(const json_t *names_, enum hark_tags_profile profile, struct hark_str text, bool extra)
{
    struct hark_arena arena = {0};
    const struct hark_entity *v;
    size_t n = hark_tags_find(profile, text, &arena, &v), i;
    struct hark_buf name = {0};
    json_t *wanted = json_object(), *value;
    bool same = true;
    json_array_foreach(names_, i, value)
    {
        // Servers show a name in the capitals that its moderators gave it.
        name_of(profile, hark_str(json_string_value(value)), &name);
        json_object_set_new(wanted, hark_buf_cstr(&name), json_false());
    }
    for (size_t k = 0; k < n; k++) {
        if (v[k].kind != HARK_ENTITY_HASHTAG && v[k].kind != HARK_ENTITY_CASHTAG) continue;
        name_of(profile, v[k].value, &name);
        bool known = json_object_get(wanted, hark_buf_cstr(&name));
        if (known) json_object_set_new(wanted, hark_buf_cstr(&name), json_true());
        same &= known || extra;
    }
    const char *key;
    json_object_foreach(wanted, key, value) same &= json_is_true(value);
    json_decref(wanted);
    hark_buf_done(&name);
    hark_arena_done(&arena);
    return same;
}

static int check_truth_mastodon(const json_t *line, const char *where)
{
    struct hark_buf text = {0};
    if (!is_text(line, "src", "mastodon")) return -1;
    hark_text_from_html(member(line, "html"), &text);
    bool right = same_names(json_object_get(line, "hashtags"), HARK_TAGS_MASTODON, hark_buf_str(&text), false);
    if (!right) print_error("%s: %.*s\n", where, HARK_STR_ARG(hark_buf_str(&text)));
    hark_buf_done(&text);
    return right;
}

static void truth_mastodon(void **state)
{
    (void)state;
    each_line("hashtags/platform_truth.ndjson", 114, check_truth_mastodon);
}

static int check_truth_bluesky(const json_t *line, const char *where)
{
    if (!is_text(line, "src", "bsky_api")) return -1;
    struct hark_str text = member(line, "text");
    bool right = same_names(json_object_get(line, "hashtags"), HARK_TAGS_BLUESKY, text, true);
    if (!right) print_error("%s: %.*s\n", where, HARK_STR_ARG(text));
    return right;
}

static void truth_bluesky(void **state)
{
    (void)state;
    each_line("hashtags/platform_truth.ndjson", 198, check_truth_bluesky);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_cases),
        cmocka_unit_test(documented_table),
        cmocka_unit_test(profiles_of_sources),
        cmocka_unit_test(values_once),
        cmocka_unit_test(names),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(twitter_text),
        cmocka_unit_test(bluesky),
        cmocka_unit_test(bluesky_segments),
        cmocka_unit_test(mastodon),
        cmocka_unit_test(truth_x),
        cmocka_unit_test(truth_mastodon),
        cmocka_unit_test(truth_bluesky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
