// Rule files: what a good one becomes, and what is said about a bad one.
#include <hark/rules.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/read_file.h"

// A stand-in for the matcher's: patterns whose parentheses do not close.
static int check_regex(struct hark_str regex, size_t *ret_offset, char *text, size_t text_size)
{
    int open = 0;
    for (size_t i = 0; i < regex.len; i++) open += regex.ptr[i] == '(' ? 1 : regex.ptr[i] == ')' ? -1 : 0;
    if (open == 0) return 0;
    *ret_offset = regex.len;
    snprintf(text, text_size, "missing closing parenthesis");
    return -1;
}

struct load {
    struct hark_problems problems;
    struct hark_ruleset *rs;
    struct hark_buf said;
};

static void take(struct load *l)
{
    hark_problems_print(&l->problems, false, &l->said);
    hark_buf_cstr(&l->said);
}

static struct load load(const char *path)
{
    struct load l = {0};
    l.rs = hark_rules_load(&path, 1, check_regex, &l.problems);
    take(&l);
    return l;
}

static struct load load_text(struct hark_str text)
{
    struct load l = {0};
    l.rs = hark_rules_load_text(HARK_STR("x.yaml"), text, check_regex, &l.problems);
    take(&l);
    return l;
}

static void done(struct load *l)
{
    hark_ruleset_unref(l->rs);
    hark_problems_done(&l->problems);
    hark_buf_done(&l->said);
}

static void assert_str(struct hark_str s, const char *expected)
{
    char *copy = hark_str_dup(s);
    assert_string_equal(copy, expected);
    free(copy);
}

static void assert_tree(const struct hark_node *node, const char *expected)
{
    struct hark_buf buf = {0};
    hark_node_print(node, &buf);
    assert_string_equal(hark_buf_cstr(&buf), expected);
    hark_buf_done(&buf);
}

static struct load load_good(void)
{
    struct load l = load("good");
    assert_string_equal(l.said.ptr, "");
    assert_non_null(l.rs);
    return l;
}

// --- good files ---

static void test_brand_lists(void **state)
{
    (void)state;
    struct load l = load_good();
    const struct hark_brand *brand = hark_ruleset_brand(l.rs, HARK_STR("harbour-goods"));
    assert_non_null(brand);
    assert_str(brand->team, "homeware");
    assert_tree(brand->listen, "(or #harbourgoods #hghome @harbourgoods @harbour@social.example \"harbour goods\" "
                               "\"harbour-good\"* {HG} domain:harbourgoods.example)");
    assert_str(brand->listen->kids[1]->written, "#HGhome");
    assert_int_equal(brand->listen->kids[4]->loc.line, 7);
    assert_int_equal(brand->listen->kids[4]->loc.column, 14);
    assert_str(brand->listen->kids[4]->loc.file, "good/brands.yaml");
    assert_int_equal(brand->nignore_phrases, 1);
    assert_str(brand->ignore_phrases[0]->words[0].text, "pearl harbour goods train");
    assert_int_equal(brand->ignore_handles.n, 1);
    assert_str(brand->ignore_handles.v[0], "harbourgoods_jobs");
    assert_int_equal(brand->only_langs.n, 2);
    assert_str(brand->only_langs.v[1], "pt-br");
    assert_str(brand->only_sources.v[1], "mastodon");
    assert_true(brand->only_reposts);
    assert_int_equal(brand->only_min_followers, 20);
    assert_false(brand->fold);
    done(&l);
}

static void test_brand_defaults(void **state)
{
    (void)state;
    struct load l = load_good();
    const struct hark_brand *brand = hark_ruleset_brand(l.rs, HARK_STR("everything"));
    assert_tree(brand->listen, "all");
    assert_null(brand->only_langs.v);
    assert_null(brand->only_sources.v);
    assert_false(brand->only_reposts);
    assert_int_equal(brand->nintents + brand->nalerts + brand->ntests, 0);
    assert_null(hark_ruleset_brand(l.rs, HARK_STR("tern")));
    done(&l);
}

static void test_brand_query(void **state)
{
    (void)state;
    struct load l = load_good();
    const struct hark_brand *brand = hark_ruleset_brand(l.rs, HARK_STR("tern-shoes"));
    assert_tree(brand->listen, "(and (or #tern (near 3 \"tern\" \"shoes\")) (not is:repost))");
    assert_true(brand->listen->kids[0]->kids[1]->pattern->fold);
    // in a folded scalar, whose text begins a line below its sign
    assert_int_equal(brand->listen->kids[1]->loc.line, 45);
    assert_int_equal(brand->listen->kids[1]->loc.column, 5);
    done(&l);
}

static void test_brand_intents(void **state)
{
    (void)state;
    struct load l = load_good();
    const struct hark_brand *brand = hark_ruleset_brand(l.rs, HARK_STR("harbour-goods"));
    assert_int_equal(l.rs->nintents, 3);
    assert_int_equal(l.rs->nnamed, 2);
    assert_int_equal(brand->nintents, 3);
    assert_str(brand->intents[0]->name, "want");
    assert_str(brand->intents[1]->name, "leak");
    assert_str(brand->intents[2]->name, "trouble");
    assert_true(brand->intents[1]->inlined);
    assert_int_equal(brand->intents[1]->index, 2);
    assert_ptr_equal(l.rs->intents[2], brand->intents[1]);
    assert_int_equal(brand->intents[1]->phrases[0].weight, 4);
    assert_int_equal(brand->intents[1]->phrases[1].weight, 2);
    assert_int_equal(brand->nalerts, 3);
    assert_str(brand->alerts[0].on, "mention");
    assert_int_equal(brand->alerts[0].severity, HARK_SEVERITY_LOW);
    assert_int_equal(brand->alerts[1].severity, HARK_SEVERITY_HIGH);
    assert_int_equal(brand->alerts[2].severity, HARK_SEVERITY_NORMAL);
    done(&l);
}

static void test_brand_tests(void **state)
{
    (void)state;
    struct load l = load_good();
    const struct hark_brand *brand = hark_ruleset_brand(l.rs, HARK_STR("harbour-goods"));
    assert_int_equal(brand->ntests, 3);
    const struct hark_test *test = &brand->tests[0];
    assert_str(test->post.text, "I want this #HarbourGoods kettle");
    assert_str(test->post.id, "test");
    assert_str(test->post.source, "bluesky");
    assert_null(test->post.reply_to.ptr);
    assert_null(test->post.lang.v);
    assert_int_equal(test->hits.n, 1);
    assert_true(test->named && !test->ignored);
    test = &brand->tests[1];
    assert_str(test->post.source, "mastodon");
    assert_str(test->post.lang.v[0], "en");
    assert_non_null(test->post.reply_to.ptr); // known to be none
    assert_int_equal(test->post.reply_to.len, 0);
    assert_str(test->post.author.handle, "ann");
    assert_int_equal(test->post.author.followers, 12);
    assert_int_equal(test->post.author.bot, 1);
    assert_int_equal(test->post.engagement.likes, 3);
    assert_int_equal(test->post.engagement.views, -1);
    assert_int_equal(test->post.time_ms, 1795255200000);
    assert_int_equal(test->hits.n, 0);
    assert_true(test->named);
    assert_true(brand->tests[2].ignored);
    assert_false(brand->tests[2].named);
    done(&l);
}

static const struct hark_intent *intent_of(const struct load *l, const char *name)
{
    for (size_t i = 0; i < l->rs->nintents; i++)
        if (hark_str_is(l->rs->intents[i]->name, name)) return l->rs->intents[i];
    fail_msg("no intent %s", name);
    return NULL;
}

static void test_intent_plain(void **state)
{
    (void)state;
    struct load l = load_good();
    const struct hark_intent *want = intent_of(&l, "want");
    assert_int_equal(want->threshold, 10);
    assert_str(want->about, "The author says that they want a thing.");
    assert_int_equal(want->nphrases, 8);
    // what YAML 1.1 takes for false and a number
    assert_str(want->phrases[2].pattern.words[0].text, "no");
    assert_str(want->phrases[3].pattern.written, "off");
    assert_str(want->phrases[4].pattern.written, "20");
    assert_int_equal(want->phrases[5].pattern.kind, HARK_PATTERN_REGEX);
    assert_str(want->phrases[5].pattern.regex, "\\bdying for\\b");
    assert_int_equal(want->phrases[0].weight, 10);
    assert_int_equal(want->phrases[0].group, -1);
    assert_str(want->phrases[6].lang, "ko");
    assert_true(want->phrases[6].pattern.words[0].open_end);
    assert_true(want->phrases[7].pattern.words[0].open_start);
    assert_int_equal(want->phrases[7].pattern.loc.line, 5);
    assert_int_equal(want->phrases[7].pattern.loc.column, 18); // behind the quote
    assert_int_equal(want->nnots, 1);
    assert_int_equal(want->ntests, 2);
    assert_int_equal(want->tests[1].hits.n, 0);
    done(&l);
}

static void test_intent_scored(void **state)
{
    (void)state;
    struct load l = load_good();
    const struct hark_intent *trouble = intent_of(&l, "trouble");
    assert_int_equal(trouble->threshold, 12);
    assert_int_equal(trouble->ngroups, 2);
    assert_str(trouble->groups[0].name, "broken");
    assert_int_equal(trouble->groups[0].weight, 6);
    assert_int_equal(trouble->groups[0].second, 4);
    assert_int_equal(trouble->groups[1].weight, -8);
    assert_int_equal(trouble->groups[1].second, 0);
    assert_int_equal(trouble->nphrases, 9);
    assert_int_equal(trouble->phrases[3].group, 0);
    assert_int_equal(trouble->phrases[3].weight, 6);
    assert_int_equal(trouble->phrases[4].group, 1);
    assert_int_equal(trouble->phrases[5].weight, 12);
    assert_str(trouble->phrases[5].lang, "");
    assert_int_equal(trouble->phrases[6].weight, 5);
    assert_int_equal(trouble->phrases[7].weight, 3);
    assert_true(trouble->phrases[8].pattern.ordered);
    assert_int_equal(trouble->signals[HARK_SIGNAL_MENTION], 4);
    assert_int_equal(trouble->signals[HARK_SIGNAL_QUESTION_END], 1);
    assert_int_equal(trouble->signals[HARK_SIGNAL_QUESTION], 0);
    assert_int_equal(trouble->signals[HARK_SIGNAL_LINK], -3);
    assert_str(trouble->nots[0].pattern.written, "giveaway");
    done(&l);
}

// --- files and folders ---

// Computed with Python's hashlib from the same files.
static void test_version(void **state)
{
    (void)state;
    struct load l = load_good(), again = load("../rules/good/");
    assert_string_equal(l.rs->version, "a1e1f4289e43");
    assert_string_equal(again.rs->version, l.rs->version);
    assert_int_equal(l.rs->files, 3);
    done(&l);
    done(&again);
}

static void test_folder(void **state)
{
    (void)state;
    struct load l = load("folder");
    assert_string_equal(l.said.ptr, "");
    assert_int_equal(l.rs->files, 2); // neither hidden ones nor notes.txt
    assert_string_equal(l.rs->version, "95b5641b9294");
    done(&l);
}

static void test_single_file(void **state)
{
    (void)state;
    struct load l = load("good/brands.yaml");
    assert_string_equal(l.said.ptr, "");
    assert_int_equal(l.rs->files, 3); // with the intents beside it
    done(&l);
    l = load("good/intents/want.yaml");
    assert_string_equal(l.said.ptr, "");
    assert_int_equal(l.rs->nbrands, 0);
    done(&l);
}

static void test_given_twice(void **state)
{
    (void)state;
    const char *paths[] = {"good", "good/brands.yaml", "../rules/good/intents"};
    struct load l = {0};
    l.rs = hark_rules_load(paths, 3, NULL, &l.problems);
    take(&l);
    assert_string_equal(l.said.ptr, "");
    assert_int_equal(l.rs->files, 3);
    done(&l);
}

static void test_no_folder(void **state)
{
    (void)state;
    struct load l = load("nowhere");
    assert_null(l.rs);
    assert_string_equal(l.said.ptr,
                        "nowhere: error: there is no such file or folder: rules are read from a folder of *.yaml "
                        "files or from single ones\n");
    done(&l);
    l = load("good/intents/");
    assert_null(l.rs);
    assert_string_equal(l.said.ptr,
                        "good/intents/: error: there is no brand in this folder: a brand is a file NAME.yaml with "
                        "brand, team and listen\n");
    done(&l);
}

static void test_references(void **state)
{
    (void)state;
    struct load l = load_good();
    struct hark_ruleset *other = hark_ruleset_ref(l.rs);
    done(&l);
    assert_int_equal(other->nbrands, 3); // under the address sanitizer: still there
    hark_ruleset_unref(other);
    hark_ruleset_unref(NULL);
}

// --- what is wrong ---

// wrong/X.yaml says wrong/X.expected, to the last letter.
static void check_wrong(const char *name)
{
    struct hark_problems problems = {0};
    struct hark_buf said = {0};
    char path[300], expected_path[310];
    const char *paths[] = {path};
    snprintf(path, sizeof path, "wrong/%s", name);
    snprintf(expected_path, sizeof expected_path, "%.*s.expected", (int)strlen(path) - 5, path);
    struct hark_ruleset *rs = hark_rules_load(paths, 1, check_regex, &problems);
    struct hark_buf expected = {0};
    read_file(expected_path, &expected);
    assert_null(rs);
    hark_problems_print(&problems, true, &said);
    assert_string_equal(hark_buf_cstr(&said), expected.ptr);
    hark_buf_done(&said);
    hark_buf_done(&expected);
    hark_problems_done(&problems);
}

static void test_wrong(void **state)
{
    (void)state;
    size_t n = 0;
    DIR *folder = opendir("wrong");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct hark_str name = hark_str(entry->d_name);
        if (!hark_str_ends(name, HARK_STR(".yaml"))) continue;
        check_wrong(entry->d_name);
        n++;
    }
    closedir(folder);
    assert_true(n > 15);
}

static void test_twelve(void **state)
{
    (void)state;
    struct load l = load("wrong/twelve.yaml");
    assert_int_equal(l.problems.errors, 12);
    assert_int_equal(l.problems.n, 12);
    done(&l);
}

static void test_sorted(void **state)
{
    (void)state;
    struct hark_problems problems = {0};
    struct hark_buf buf = {0};
    hark_problems_add(&problems, false, (struct hark_loc){HARK_STR("b"), 1, 1}, "four");
    hark_problems_add(&problems, true, (struct hark_loc){HARK_STR("a"), 10, 2}, "two");
    hark_problems_add(&problems, false, (struct hark_loc){HARK_STR("a"), 9, 3}, "one");
    hark_problems_add(&problems, false, (struct hark_loc){HARK_STR("a"), 10, 2}, "three");
    hark_problems_print(&problems, true, &buf);
    assert_string_equal(hark_buf_cstr(&buf),
                        "a:9:3: error: one\na:10:2: warning: two\na:10:2: error: three\nb:1:1: error: four\n");
    assert_int_equal(problems.errors, 3);
    hark_buf_done(&buf);
    hark_problems_done(&problems);
}

// The caret stands under the place as a terminal shows it, and long lines are cut around it.
static void test_caret(void **state)
{
    (void)state;
    struct load l = load_text(HARK_STR("\xEF\xBB\xBF"
                                       "brand: a\r\nteam: t\r\nlisten: {keywords: [\"갖고 싶*x\", 'e\u0301*e']}\r\n"));
    struct hark_buf buf = {0};
    hark_problems_print(&l.problems, true, &buf);
    assert_non_null(strstr(hark_buf_cstr(&buf), "\n  listen: {keywords: [\"갖고 싶*x\", 'e\u0301*e']}\n"
                                                "                              ^\n"));
    assert_non_null(strstr(buf.ptr, "\n                                     ^\n"));
    hark_buf_done(&buf);
    done(&l);
}

static void test_long_line(void **state)
{
    (void)state;
    struct hark_buf text = {0}, said = {0};
    hark_buf_printf(&text, "brand: a\nteam: t\nlisten: {keywords: [");
    for (int i = 0; i < 6000; i++) hark_buf_printf(&text, "word%d, ", i);
    hark_buf_printf(&text, "a*b]}\n");
    struct load l = load_text(hark_buf_str(&text));
    hark_problems_print(&l.problems, true, &said);
    assert_true(said.len < 500);
    assert_non_null(strstr(hark_buf_cstr(&said), "  … ord5995, word5996, word5997, word5998, word5999, a*b]}\n"));
    hark_buf_done(&text);
    hark_buf_done(&said);
    done(&l);
}

// What a file says must not steer the terminal of who reads the message.
static void test_control(void **state)
{
    (void)state;
    struct load l = load_text(HARK_STR("brand: \"a\\e[31m\\u009b\"\nteam: t\nlisten: {all: true}\n\"x\\ny\": 1\n"));
    assert_non_null(strstr(l.said.ptr, "x.yaml:4:1: error: unknown key \"x?y\" in a brand: "));
    for (size_t i = 0; i < l.said.len; i++) assert_true((unsigned char)l.said.ptr[i] >= ' ' || l.said.ptr[i] == '\n');
    done(&l);
    l = load_text(HARK_STR("brand: a\007\n"));
    struct hark_buf buf = {0};
    hark_problems_print(&l.problems, true, &buf);
    assert_non_null(strstr(hark_buf_cstr(&buf), "\n  brand: a?\n          ^\n"));
    hark_buf_done(&buf);
    done(&l);
}

static void test_huge_key(void **state)
{
    (void)state;
    struct hark_buf text = {0};
    hark_buf_printf(&text, "brand: a\n? ");
    for (int i = 0; i < 100000; i++) hark_buf_printf(&text, "é");
    hark_buf_printf(&text, "\n: x\n");
    struct load l = load_text(hark_buf_str(&text));
    assert_true(l.said.len < 4000);
    assert_non_null(strstr(l.said.ptr, "é …\n"));
    hark_buf_done(&text);
    done(&l);
}

// Lines as editors on different systems end them, and a query full of mistakes.
static void test_line_ends(void **state)
{
    (void)state;
    struct load l = load_text(HARK_STR("brand: a\rteam: t\r\n\nlisten: {}\xC2\x85\xE2\x80\xA8x: 1\n"));
    assert_string_equal(
        l.said.ptr, "x.yaml:4:9: error: listen is empty: the brand needs one of hashtags, handles, keywords, "
                    "domains, query or all\nx.yaml:6:1: error: unknown key \"x\" in a brand: there are: brand, team, "
                    "listen, ignore, only, fold, intents, alerts, tests\n");
    assert_true(hark_str_is(l.problems.v[0].line, "listen: {}"));
    done(&l);
}

static void test_many_mistakes(void **state)
{
    (void)state;
    struct hark_buf text = {0};
    hark_buf_printf(&text, "brand: a\nteam: t\nlisten: {query: '");
    for (int i = 0; i < 50000; i++) hark_buf_printf(&text, "a: ");
    hark_buf_printf(&text, "'}\n");
    struct load l = load_text(hark_buf_str(&text));
    assert_int_equal(l.problems.errors, 20);
    hark_buf_done(&text);
    done(&l);
}

static void test_huge_phrase(void **state)
{
    (void)state;
    struct hark_buf text = {0};
    hark_buf_printf(&text, "intent: a\nphrases: [/");
    for (int i = 0; i < 1 << 20; i++) hark_buf_char(&text, 'a');
    hark_buf_printf(&text, "/]\n");
    struct load l = load_text(hark_buf_str(&text));
    assert_null(l.rs);
    assert_string_equal(
        l.said.ptr, "x.yaml:2:11: error: this phrase has 1048578 bytes: at most 16384; part it into several phrases\n");
    hark_buf_done(&text);
    done(&l);
}

static void test_many_brands(void **state)
{
    (void)state;
    struct hark_buf text = {0};
    for (int i = 0; i < 5000; i++)
        hark_buf_printf(&text, "---\nbrand: b%d\nteam: t\nlisten: {keywords: [word%d]}\n", i, i);
    struct load l = load_text(hark_buf_str(&text));
    assert_string_equal(l.said.ptr, "");
    assert_int_equal(l.rs->nbrands, 5000);
    assert_int_equal(hark_ruleset_brand(l.rs, HARK_STR("b4999"))->index, 4999);
    hark_buf_done(&text);
    done(&l);
}

static int enter_data(void **state)
{
    (void)state;
    return chdir(HARK_TEST_DATA "/rules");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brand_lists),   cmocka_unit_test(test_brand_defaults),
        cmocka_unit_test(test_brand_query),   cmocka_unit_test(test_brand_intents),
        cmocka_unit_test(test_brand_tests),   cmocka_unit_test(test_intent_plain),
        cmocka_unit_test(test_intent_scored), cmocka_unit_test(test_version),
        cmocka_unit_test(test_folder),        cmocka_unit_test(test_single_file),
        cmocka_unit_test(test_given_twice),   cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_references),    cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_twelve),        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_caret),         cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_huge_phrase),   cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_many_mistakes), cmocka_unit_test(test_control),
        cmocka_unit_test(test_huge_key),      cmocka_unit_test(test_many_brands),
    };
    return cmocka_run_group_tests(tests, enter_data, NULL);
}
