// The matcher finds the same with and without its prefilter: on random rules and posts, and on real posts where they
// are at hand.
//
// HARK_ORACLE_PAIRS=n compares n random pairs instead of 200,000; HARK_ORACLE_SEED=n begins elsewhere. Real posts are
// read from the folder in HARK_SHARED (default: `shared` beside the source tree); where it is absent that part is
// skipped.
#include <hark/source.h>

#include "../support/match_gen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>

enum { PAIRS = 200000, POSTS_A_RULESET = 150 };

static uint64_t setting(const char *name, uint64_t fallback)
{
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 10) : fallback;
}

static void fail_with(const struct oracle *oracle, const char *what, struct hark_str raw)
{
    fail_msg("%s\nmessage: " HARK_STR_FMT "\nwith prefilter:    " HARK_STR_FMT "\nwithout prefilter: " HARK_STR_FMT,
             what, HARK_STR_ARG(raw), HARK_STR_ARG(hark_buf_str(&oracle->with)),
             HARK_STR_ARG(hark_buf_str(&oracle->without)));
}

static void one_ruleset(struct gen *gen, struct oracle *oracle, uint64_t seed)
{
    struct gen_rules rules;
    struct hark_err err = {0};
    struct hark_match_options options = {0};
    struct hark_buf raw = {0};
    gen_ruleset(gen, &rules);
    struct hark_matcher *m = hark_matcher_new(rules.rs, &options, &err);
    if (!m) fail_msg("%s", hark_err_str(&err));
    struct hark_scratch *ms = hark_scratch_new(m, &err);
    assert_non_null(ms);
    for (int i = 0; i < POSTS_A_RULESET; i++) {
        char what[100];
        gen_post(gen, &rules, &raw);
        snprintf(what, sizeof what, "seed %llu, post %d", (unsigned long long)seed, i);
        if (!oracle_agrees(oracle, m, ms, hark_buf_str(&raw))) fail_with(oracle, what, hark_buf_str(&raw));
    }
    hark_buf_done(&raw);
    hark_scratch_free(ms);
    hark_matcher_unref(m);
    hark_ruleset_unref(rules.rs);
}

static void random_rules_and_posts(void **state)
{
    (void)state;
    uint64_t pairs = setting("HARK_ORACLE_PAIRS", PAIRS), seed = setting("HARK_ORACLE_SEED", 1);
    struct oracle oracle = {0};
    for (; oracle.pairs < pairs; seed++) {
        struct gen gen = {.state = seed * 0x9e3779b97f4a7c15u};
        one_ruleset(&gen, &oracle, seed);
    }
    print_message("%llu pairs: %llu name a brand, %llu were passed over, of %llu brands %llu were ruled out\n",
                  (unsigned long long)oracle.pairs, (unsigned long long)oracle.named,
                  (unsigned long long)oracle.passed_over, (unsigned long long)oracle.pairs * GEN_BRANDS,
                  (unsigned long long)oracle.ruled_out);
    // Of use only if all of it happens.
    assert_true(oracle.named > oracle.pairs / 10);
    assert_true(oracle.passed_over > oracle.pairs / 50);
    assert_true(oracle.ruled_out > oracle.pairs * GEN_BRANDS / 4);
    assert_true(oracle.refused < oracle.pairs / 10);
    oracle_done(&oracle);
}

// --- real posts ---

static const char *shared_folder(void)
{
    const char *folder = getenv("HARK_SHARED");
    return folder ? folder : HARK_SOURCE_DIR "/../shared";
}

struct corpus {
    struct hark_arena arena;
    struct hark_str *raw; // canonical JSON
    size_t n, cap;
};

static void corpus_add(struct corpus *corpus, struct hark_str json)
{
    corpus->raw = hark_grow(corpus->raw, corpus->n, &corpus->cap, sizeof *corpus->raw);
    corpus->raw[corpus->n++] = hark_arena_str(&corpus->arena, json);
}

static void read_payloads(struct corpus *corpus, const char *path)
{
    char spec[1100];
    struct hark_err err = {0};
    struct hark_source_options options = {0};
    struct hark_source_item item;
    snprintf(spec, sizeof spec, "file:%s", path);
    struct hark_source *src = hark_source_open(spec, &options, &err);
    if (!src) fail_msg("%s", hark_err_str(&err));
    while (hark_source_next(src, &item, &err) == 1)
        if (item.kind == HARK_ITEM_POST) corpus_add(corpus, item.json);
    hark_source_free(src);
}

// Lines with a "text": as posts. The JSON string is taken as it stands, with its escapes.
static void read_texts(struct corpus *corpus, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    struct hark_buf post = {0};
    assert_non_null(file);
    while (getline(&line, &cap, file) > 0) {
        char *text = strstr(line, "\"text\":");
        if (!text) continue;
        text += strlen("\"text\":");
        text += strspn(text, " ");
        char *end = text + 1;
        while (*end && *end != '"') end += *end == '\\' ? 2 : 1;
        hark_buf_clear(&post);
        hark_buf_printf(&post,
                        "{\"schema\":\"hark.post/"
                        "1\",\"id\":\"1\",\"source\":\"x\",\"op\":\"create\",\"time\":\"2026-11-21T10:00:00Z\","
                        "\"text\":%.*s}",
                        (int)(end + 1 - text), text);
        corpus_add(corpus, hark_buf_str(&post));
    }
    hark_buf_done(&post);
    free(line);
    fclose(file);
}

static void read_folder(struct corpus *corpus, const char *name, void (*read)(struct corpus *corpus, const char *path))
{
    char folder[512], path[1024];
    snprintf(folder, sizeof folder, "%s/data/%s", shared_folder(), name);
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        read(corpus, path);
    }
    closedir(dir);
}

static void add_term(struct gen_rules *rules, struct hark_str term)
{
    if (rules->nterms < 64 && term.len) rules->terms[rules->nterms++] = hark_arena_str(&rules->rs->arena, term);
}

// Terms of a brand: words, pairs of words and hashtags of a few posts.
static struct hark_node *listen_to(struct gen *gen, struct corpus *corpus, struct hark_ruleset *rs)
{
    struct hark_buf buf = {0};
    struct hark_arena arena = {0};
    struct hark_node *any = HARK_NEW(&rs->arena, struct hark_node);
    any->kind = HARK_NODE_OR;
    any->kids = HARK_NEW_N(&rs->arena, struct hark_node *, 4);
    while (any->nkids < 4) {
        struct hark_post post;
        struct hark_err err = {0};
        hark_arena_reset(&arena);
        if (hark_post_decode(corpus->raw[gen_below(gen, (uint32_t)corpus->n)], &arena, &post, &err) < 0 ||
            post.text.len == 0)
            continue;
        struct hark_node *node = HARK_NEW(&rs->arena, struct hark_node);
        if (post.hashtags.n && gen_chance(gen, 60)) {
            node->kind = HARK_NODE_HASHTAG;
            hark_text_key(post.hashtags.v[0], &buf);
            node->key = hark_arena_str(&rs->arena, hark_buf_str(&buf));
        } else {
            bool fold = gen_chance(gen, 30);
            hark_view_phrase(post.text, fold ? HARK_VIEW_PLAIN : 0, &buf);
            struct hark_str text = hark_buf_str(&buf), word = {0};
            for (uint32_t skip = gen_below(gen, 12) + 1; skip && text.ptr; skip--)
                word = hark_str_cut(text, ' ', &text);
            if (text.len && gen_chance(gen, 30)) { // two words
                struct hark_str rest, next = hark_str_cut(text, ' ', &rest);
                word = hark_strn(word.ptr, (size_t)(next.ptr + next.len - word.ptr));
            }
            if (word.len == 0) continue;
            node->kind = HARK_NODE_PATTERN;
            node->pattern = HARK_NEW(&rs->arena, struct hark_pattern);
            node->pattern->fold = fold;
            node->pattern->nwords = 1;
            node->pattern->words = HARK_NEW(&rs->arena, struct hark_word);
            node->pattern->words->text = hark_arena_str(&rs->arena, word);
            node->pattern->words->open_end = gen_chance(gen, 20);
        }
        any->kids[any->nkids++] = node;
    }
    hark_buf_done(&buf);
    hark_arena_done(&arena);
    return any;
}

static void real_posts(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    static const char *const payloads[] = {"payloads/bluesky", "payloads/mastodon", "payloads/x", "payloads/reddit"};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) read_folder(&corpus, payloads[i], read_payloads);
    read_folder(&corpus, "intent", read_texts);
    read_folder(&corpus, "posts", read_texts);
    read_folder(&corpus, "hashtags", read_texts);
    if (corpus.n == 0) {
        print_message("no real posts in %s: skipped\n", shared_folder());
        skip();
    }
    struct oracle oracle = {0};
    struct gen gen = {.state = setting("HARK_ORACLE_SEED", 1)};
    for (int round = 0; round < 3; round++) {
        struct gen_rules rules;
        struct hark_err err = {0};
        struct hark_match_options options = {0};
        gen_ruleset(&gen, &rules);
        rules.nterms = 0;
        add_term(&rules, HARK_STR("a"));
        for (size_t i = 0; i < rules.rs->nbrands; i++) rules.rs->brands[i].listen = listen_to(&gen, &corpus, rules.rs);
        struct hark_matcher *m = hark_matcher_new(rules.rs, &options, &err);
        if (!m) fail_msg("%s", hark_err_str(&err));
        struct hark_scratch *ms = hark_scratch_new(m, &err);
        for (size_t i = 0; i < corpus.n; i++)
            if (!oracle_agrees(&oracle, m, ms, corpus.raw[i])) fail_with(&oracle, "real post", corpus.raw[i]);
        hark_scratch_free(ms);
        hark_matcher_unref(m);
        hark_ruleset_unref(rules.rs);
    }
    print_message("%zu real posts: %llu pairs, %llu name a brand, %llu were passed over\n", corpus.n,
                  (unsigned long long)oracle.pairs, (unsigned long long)oracle.named,
                  (unsigned long long)oracle.passed_over);
    assert_true(oracle.named > 0);
    oracle_done(&oracle);
    hark_arena_done(&corpus.arena);
    free(corpus.raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_rules_and_posts),
        cmocka_unit_test(real_posts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
