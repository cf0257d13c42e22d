// The pure parts of counting: URLs, notes, keys, and what an event does to what is known of a post.

#include "../../src/count/bucket.h"
#include "../../src/count/delta.h"
#include "../../src/count/state.h"
#include "../../src/count/url.h"

#include <hark/clock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// --- URLs ---

static void urls_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *user, *path, *text;
        int port, db;
        bool tls;
    } cases[] = {
        {"redis://localhost", "localhost", "", "", "redis://localhost:6379/0", 6379, 0, false},
        {"redis://localhost/", "localhost", "", "", "redis://localhost:6379/0", 6379, 0, false},
        {"redis://me@10.0.0.1:7000/12", "10.0.0.1", "me", "", "redis://10.0.0.1:7000/12", 7000, 12, false},
        {"redis://a%40b@h", "h", "a@b", "", "redis://h:6379/0", 6379, 0, false},
        {"rediss://r.example:6380", "r.example", "", "", "rediss://r.example:6380/0", 6380, 0, true},
        {"redis://[::1]", "::1", "", "", "redis://[::1]:6379/0", 6379, 0, false},
        {"redis://[fe80::1]:7/1", "fe80::1", "", "", "redis://[fe80::1]:7/1", 7, 1, false},
        {"unix:///run/redis.sock", "", "", "/run/redis.sock", "unix:///run/redis.sock", 0, 0, false},
        {"unix:///a%2Cb%25", "", "", "/a,b%", "unix:///a,b%", 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hark_redis_url url;
        struct hark_err err = {0};
        if (hark_redis_url_parse(hark_str(cases[i].url), &url, &err)) fail_msg("%s: %s", cases[i].url, err.text);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.user, cases[i].user);
        assert_string_equal(url.path, cases[i].path);
        assert_string_equal(url.text, cases[i].text);
        assert_int_equal(url.port, cases[i].port);
        assert_int_equal(url.db, cases[i].db);
        assert_int_equal(url.tls, cases[i].tls);
    }
}

static void bad_urls_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *url, *says;
    } cases[] = {
        {"", "redis://127.0.0.1:6379"},
        {"localhost", "starts with redis://"},
        {"http://x", "starts with redis://"},
        {"redis://", "no host"},
        {"redis://:6379", "no host"},
        {"redis://a host", "no host"},
        {"redis://h:", "no host"},
        {"redis://h:0", "no host"},
        {"redis://h:65536", "no host"},
        {"redis://h:6379x", "no host"},
        {"redis://[::1", "no host"},
        {"redis://[::1]x", "no host"},
        {"redis://h/one", "'one' is no number of a database"},
        {"redis://h/-1", "'-1' is no number of a database"},
        {"redis://u:secret@h", "HARK_REDIS_PASSWORD"},
        {"redis://:secret@h", "HARK_REDIS_PASSWORD"},
        {"unix://redis.sock", "absolute path"},
        {"unix:///a%00b", "at most 107 bytes"},
        {"unix:///"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaa",
         "this one has"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hark_redis_url url;
        struct hark_err err = {0};
        assert_int_equal(hark_redis_url_parse(hark_str(cases[i].url), &url, &err), HARK_EINPUT);
        if (!strstr(err.text, cases[i].says))
            fail_msg("%s: '%s' does not say '%s'", cases[i].url, err.text, cases[i].says);
        assert_null(strstr(err.text, "secret"));
    }
}

static void a_path_comes_back_from_its_url(void **state)
{
    (void)state;
    static const char *const paths[] = {"/run/x.sock", "/a,b/100%/x", "/%2C", "/with space/ü"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct hark_buf buf = {0};
        struct hark_redis_url url;
        struct hark_err err = {0};
        hark_redis_url_of_path(paths[i], &buf);
        assert_null(memchr(buf.ptr, ',', buf.len));
        assert_int_equal(hark_redis_url_parse(hark_buf_str(&buf), &url, &err), 0);
        assert_string_equal(url.path, paths[i]);
        hark_buf_done(&buf);
    }
}

// --- notes ---

#define S(text)                                                                                                        \
    {                                                                                                                  \
        (text), sizeof(text) - 1                                                                                       \
    }

static struct hark_str two_langs[] = {S("en"), S("ko")}, two_tags[] = {S("coats"), S("a\\nb")};
static struct hark_str odd_phrases[] = {S("i'd love"), S("tab\tline\nreturn\rback\\slash"), S(""), S(" 갖고 싶* ")};
static struct hark_note_intent two_intents[] = {{S("mention"), {NULL, 0}}, {S("want"), {odd_phrases, 4}}};
static struct hark_note_brand two_brands[] = {{S("river-island"), {two_tags, 2}, two_intents, 2},
                                              {S("b"), {NULL, 0}, two_intents, 1}};
static const struct hark_note sample = {1795255200123, S("bluesky"), {two_langs, 2}, two_brands, 2};
static const char sample_text[] =
    "t 1795255200123\ns bluesky\nl en\nl ko\nb river-island\ng coats\ng a\\\\nb\ni mention\ni want\np i'd love\n"
    "p tab\\tline\\nreturn\\rback\\\\slash\np \np  갖고 싶* \nb b\ni mention\n";

static void a_note_is_text_and_comes_back(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    struct hark_buf first = {0}, second = {0};
    hark_note_encode(&sample, &first);
    assert_string_equal(hark_buf_cstr(&first), sample_text);
    struct hark_note *note = hark_note_decode(hark_buf_str(&first), &arena);
    assert_non_null(note);
    assert_int_equal(note->time_ms, sample.time_ms);
    assert_int_equal(note->nbrands, 2);
    assert_int_equal(note->brands[0].intents[1].phrases.n, 4);
    assert_true(hark_str_eq(note->brands[0].intents[1].phrases.v[1], odd_phrases[1]));
    assert_int_equal(note->brands[1].nintents, 1);
    hark_note_encode(note, &second);
    assert_string_equal(hark_buf_cstr(&second), sample_text);
    hark_buf_done(&first);
    hark_buf_done(&second);
    hark_arena_done(&arena);
}

static void what_is_no_note_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "t 1\n",
                                        "s x\n",
                                        "t x\ns x\n",
                                        "t 1\ns x",
                                        "t 1\ns x\nz y\n",
                                        "t 1\ns x\ng tag\n",
                                        "t 1\ns x\nb b\np phrase\n",
                                        "t 1\ns x\ni want\n",
                                        "t 1\n\ns x\n",
                                        "t 1\ns x\nl\n",
                                        "t -5\ns x\n"};
    struct hark_arena arena = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (hark_note_decode(hark_str(texts[i]), &arena)) fail_msg("taken for a note: %s", texts[i]);
    hark_arena_done(&arena);
}

static void a_note_holds_what_a_post_adds(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    struct hark_buf text = {0};
    struct hark_str langs[] = {S("en"), S("en"), S(""), S("an-impossibly-long-language-tag-that-nobody-needs"),
                               S("ko")};
    struct hark_str tags[] = {S("RiverIsland"), S("Coats"), S("COATS"), S("never"), S("Sale")};
    struct hark_node own = {.kind = HARK_NODE_HASHTAG, .key = S("riverisland")},
                     never = {.kind = HARK_NODE_HASHTAG, .key = S("never")};
    struct hark_node *under[] = {&never}, no = {.kind = HARK_NODE_NOT, .nkids = 1, .kids = under};
    struct hark_node *kids[] = {&own, &no}, listen = {.kind = HARK_NODE_AND, .nkids = 2, .kids = kids};
    struct hark_brand brand = {.name = S("river-island"), .listen = &listen};
    struct hark_phrase want = {.pattern.written = S("want*")}, love = {.pattern.written = S("i'd love")};
    struct hark_evidence evidence[] = {
        {.phrase = &want}, {.phrase = NULL, .signal = HARK_SIGNAL_LINK}, {.phrase = &love}, {.phrase = &want}};
    struct hark_intent intent = {.name = S("want")};
    struct hark_hit hit = {.intent = &intent, .evidence = evidence, .nevidence = 4};
    struct hark_match match = {.brand = &brand, .hits = &hit, .nhits = 1};
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("mastodon");
    post.time_ms = 1000000;
    post.lang = (struct hark_strs){langs, 5};
    post.hashtags = (struct hark_strs){tags, 5};
    hark_note_encode(hark_note_make(&post, &(struct hark_matches){&match, 1}, 1000000 - 300000, &arena), &text);
    assert_string_equal(
        hark_buf_cstr(&text),
        "t 1000000\ns mastodon\nl en\nl ko\nb river-island\ng coats\ng never\ng sale\ni mention\ni want\n"
        "p want*\np i'd love\n");
    post.lang = (struct hark_strs){0};
    post.hashtags = (struct hark_strs){0};
    match.nhits = 0;
    hark_buf_clear(&text); // a clock more than five minutes ahead of arrival
    hark_note_encode(hark_note_make(&post, &(struct hark_matches){&match, 1}, 1000000 - 300001, &arena), &text);
    assert_string_equal(hark_buf_cstr(&text), "t 699999\ns mastodon\nl und\nb river-island\ni mention\n");
    hark_buf_done(&text);
    hark_arena_done(&arena);
}

// --- keys ---

static void keys_are_those_of_the_manual(void **state)
{
    (void)state;
    static const struct {
        enum hark_bucket_kind kind;
        const char *key, *ends;
    } cases[] = {
        {HARK_BUCKET_TOTAL, "h:total:b", NULL},
        {HARK_BUCKET_MINUTE, "h:count:b:want:minute:2027-12-31", "2028-01-03T00:00:00Z"},
        {HARK_BUCKET_HOUR, "h:count:b:want:hour:2027-12", "2029-02-04T00:00:00Z"},
        {HARK_BUCKET_DAY, "h:count:b:want:day:2027", NULL},
        {HARK_BUCKET_SOURCE, "h:by:source:b:want:2027-12-31", "2029-02-04T00:00:00Z"},
        {HARK_BUCKET_LANG, "h:by:lang:b:want:2027-12-31", "2029-02-04T00:00:00Z"},
        {HARK_BUCKET_PHRASE, "h:by:phrase:b:want:2027-12-31", "2029-02-04T00:00:00Z"},
        {HARK_BUCKET_AUTHORS, "h:authors:b:want:2027-12-31", "2029-02-04T00:00:00Z"},
        {HARK_BUCKET_TAGS, "h:tags:b:2027-12-31", "2028-03-31T00:00:00Z"},
        {HARK_BUCKET_TOP, "h:top:b:want:2027-12-31", "2028-03-31T00:00:00Z"},
        {HARK_BUCKET_POSTS, "h:posts:b:want:2027-12-31", "2028-01-08T00:00:00Z"},
    };
    struct hark_bucket_time time;
    struct hark_buf key = {0};
    int64_t ms, ends;
    assert_int_equal(hark_time_parse(HARK_STR("2027-12-31T23:59:59.999Z"), &ms), 0);
    hark_bucket_time(ms, &time);
    assert_string_equal(time.minute_field, "23:59");
    assert_string_equal(time.hour_field, "31T23");
    assert_string_equal(time.day_field, "12-31");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hark_buf_clear(&key);
        int64_t end_s = hark_bucket_key(cases[i].kind, &time, HARK_STR("h:"), HARK_STR("b"), HARK_STR("want"), 7, &key);
        assert_string_equal(hark_buf_cstr(&key), cases[i].key);
        if (!cases[i].ends) {
            assert_int_equal(end_s, 0);
            continue;
        }
        assert_int_equal(hark_time_parse(hark_str(cases[i].ends), &ends), 0);
        if (end_s != ends / 1000) fail_msg("%s ends at %lld, not at %s", cases[i].key, (long long)end_s, cases[i].ends);
    }
    hark_buf_done(&key);
}

// --- deltas ---

static void what_is_taken_back_and_added_again_is_nothing(void **state)
{
    (void)state;
    struct hark_arena arena = {0};
    struct hark_deltas deltas = {.arena = &arena};
    const struct hark_delta_options options = {HARK_STR("hark:"), 7};
    size_t written = 0;
    for (int round = 0; round < 2; round++) {
        hark_deltas_clear(&deltas);
        hark_deltas_note(&deltas, &options, HARK_STR("id"), &sample, 5, -1);
        hark_deltas_note(&deltas, &options, HARK_STR("id"), &sample, round ? 6 : 5, 1);
        written = 0;
        for (size_t i = 0; i < deltas.keys.n; i++) {
            const struct hark_delta_key *key = deltas.keys.entries[i].ptr;
            for (const struct hark_delta *delta = key->first; delta; delta = delta->next)
                written += hark_delta_counts(key, delta);
        }
        if (round == 0) assert_int_equal(written, 0);
    }
    assert_int_equal(written, 3); // hark:top of three brand and intent pairs
    hark_deltas_done(&deltas);
    hark_arena_done(&arena);
}

// --- states ---

// A post's story, one letter an event: c, u, d: create, update, delete that match; C, U: that match nothing; v: an
// update in other words. What is said of each: N new, r repeat, e edit, d delete, - nothing. Then what is left: seen,
// and whether it counts.
static void stories_of_posts(void **state)
{
    (void)state;
    static const struct {
        const char *events, *kinds;
        int seen;
        bool counts;
    } cases[] = {
        {"c", "N", 1, true},      {"cc", "Nr", 2, true},    {"cd", "Nd", 1, false},   {"cdc", "Nd-", 1, false},
        {"cdu", "Nd-", 1, false}, {"cdd", "Nd-", 1, false}, {"C", "-", 0, false},     {"Cc", "-N", 1, true},
        {"u", "N", 1, true},      {"uc", "Nr", 2, true},    {"U", "-", 0, false},     {"Uc", "--", 0, false},
        {"Uu", "-N", 1, true},    {"Ucu", "--N", 1, true},  {"Ud", "--", 0, false},   {"Udc", "---", 0, false},
        {"d", "-", 0, false},     {"dc", "--", 0, false},   {"du", "--", 0, false},   {"dd", "--", 0, false},
        {"cv", "Ne", 2, true},    {"cu", "Nr", 2, true},    {"cU", "Ne", 2, false},   {"cUU", "Ner", 3, false},
        {"cUu", "Nee", 3, true},  {"cUc", "Ner", 3, false}, {"cUd", "Ne-", 2, false}, {"cUdu", "Ne--", 2, false},
        {"cvc", "Ner", 3, true},  {"cvu", "Nee", 3, true},  {"uvd", "Ned", 2, false}, {"cC", "Nr", 2, true},
    };
    static const char letters[] = "Nred-";
    static const struct hark_note note = {.time_ms = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hark_state post = {.engagement = -1};
        for (const char *c = cases[i].events, *kind = cases[i].kinds; *c; c++, kind++) {
            bool adds = *c == 'c' || *c == 'u' || *c == 'v';
            struct hark_event event = {.op = *c == 'd'                ? HARK_OP_DELETE
                                             : *c == 'c' || *c == 'C' ? HARK_OP_CREATE
                                                                      : HARK_OP_UPDATE,
                                       .note = adds ? &note : NULL,
                                       .added = adds ? HARK_STR("note") : HARK_STR(""),
                                       .sum = *c == 'v' ? HARK_STR("2")
                                              : adds    ? HARK_STR("1")
                                                        : HARK_STR("0"),
                                       .engagement = -1};
            struct hark_state before = post;
            enum hark_change change;
            enum hark_count_kind got = hark_state_apply(&post, &event, &change);
            if (letters[got] != *kind)
                fail_msg("%s: event %zu is %c, not %c", cases[i].events, (size_t)(c - cases[i].events), letters[got],
                         *kind);
            if (change == HARK_CHANGE_NONE) assert_memory_equal(&before, &post, sizeof post);
        }
        if (post.seen != cases[i].seen || (post.note != NULL) != cases[i].counts)
            fail_msg("%s: seen %d, counts %d", cases[i].events, (int)post.seen, post.note != NULL);
    }
}

static void the_highest_engagement_of_copies_and_the_latest_of_edits(void **state)
{
    (void)state;
    static const struct hark_note note = {.time_ms = 1};
    static const struct {
        enum hark_op op;
        const char *sum;
        int64_t engagement, after;
    } steps[] = {{HARK_OP_CREATE, "1", 5, 5},  {HARK_OP_CREATE, "1", 3, 5},   {HARK_OP_CREATE, "1", -1, 5},
                 {HARK_OP_CREATE, "1", 9, 9},  {HARK_OP_UPDATE, "1", 10, 10}, {HARK_OP_UPDATE, "2", 2, 2},
                 {HARK_OP_UPDATE, "3", -1, 2}, {HARK_OP_DELETE, "", -1, -1}};
    struct hark_state post = {.engagement = -1};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct hark_event event = {.op = steps[i].op,
                                   .note = &note,
                                   .added = HARK_STR("note"),
                                   .sum = hark_str(steps[i].sum),
                                   .engagement = steps[i].engagement};
        enum hark_change change;
        hark_state_apply(&post, &event, &change);
        assert_int_equal(post.engagement, steps[i].after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(bad_urls_are_refused),
        cmocka_unit_test(a_path_comes_back_from_its_url),
        cmocka_unit_test(a_note_is_text_and_comes_back),
        cmocka_unit_test(what_is_no_note_is_refused),
        cmocka_unit_test(a_note_holds_what_a_post_adds),
        cmocka_unit_test(keys_are_those_of_the_manual),
        cmocka_unit_test(what_is_taken_back_and_added_again_is_nothing),
        cmocka_unit_test(stories_of_posts),
        cmocka_unit_test(the_highest_engagement_of_copies_and_the_latest_of_edits),
    };
    return cmocka_run_group_tests_name("count", tests, NULL, NULL);
}
