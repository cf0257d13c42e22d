// Rules: what social teams write, read into a model that the matcher compiles.
//
// A `struct hark_ruleset` is immutable once loaded and counted: ref/unref from any thread. All texts in it live in its
// arena. The words of the model are those of design and docs: brand, intent, phrase, group, signal, alert.
#pragma once

#include <hark/arena.h>
#include <hark/err.h>
#include <hark/map.h>
#include <hark/post.h>

enum {
    HARK_RULES_MAX_FILE_BYTES = 256 << 20, // a file; 100,000 brands take about 20 MB
    HARK_RULES_MAX_PATTERN_BYTES = 16384,  // one phrase; a longer one is a list that wants to be several phrases
    HARK_RULES_MAX_QUERY_BYTES = 1 << 18,  // one query; the longest that other tools take are 64 KiB
    HARK_RULES_MAX_NAME_BYTES = 64,        // brands, intents, teams, groups: they become keys and topics
    HARK_RULES_MAX_WEIGHT = 1000,          // of a phrase, group or signal, either sign; and of a threshold
    HARK_RULES_MAX_DEPTH = 64,             // parentheses in a query
    HARK_RULES_MAX_DISTANCE = 100,         // of "a b"~n
};

struct hark_loc {
    struct hark_str file;
    unsigned line, column; // from 1, in characters
};

// --- problems, all of them in one run ---

struct hark_problem {
    bool warning;
    struct hark_loc loc;
    struct hark_str text; // what is wrong and what would be right
    struct hark_str line; // the line of the file, for a caret
};

struct hark_problems {
    struct hark_arena arena;
    struct hark_problem *v;
    size_t n, cap, errors;
};

void hark_problems_add(struct hark_problems *problems, bool warning, struct hark_loc loc, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void hark_problems_done(struct hark_problems *problems);
// "file:line:column: error: text", one a line; with the line and a caret under the place where `caret` is set. Sorted
// by file and place.
void hark_problems_print(struct hark_problems *problems, bool caret, struct hark_buf *buf);

// --- patterns: what is looked for in a text ---

enum hark_pattern_kind {
    HARK_PATTERN_WORDS, // one or more words in a row
    HARK_PATTERN_NEAR,  // "a b"~5, "a b"~>5; "hart* de": in this order, none between
    HARK_PATTERN_REGEX, // /…/ (PCRE2, caseless unless it says (?-i))
};

struct hark_word {
    struct hark_str text; // folded (hark_view_phrase, with the pattern's fold)
    bool open_start, open_end;
};

struct hark_pattern {
    enum hark_pattern_kind kind;
    struct hark_str written; // as in the file: what people see and what `phrase` is in matches and in Redis
    struct hark_word *words; // WORDS: one element, spaces inside it; NEAR: one an element
    unsigned nwords;
    unsigned distance;     // NEAR: other words between, at most
    bool ordered;          // NEAR: in this order
    bool fold;             // marks do not count
    struct hark_str exact; // {BT}: the bytes as they must stand in the text (NFC); ptr NULL otherwise
    struct hark_str regex; // REGEX: between the slashes
    struct hark_loc loc;
};

// --- queries ---

enum hark_node_kind {
    HARK_NODE_ALL, // every post
    HARK_NODE_AND,
    HARK_NODE_OR,
    HARK_NODE_NOT,
    HARK_NODE_HASHTAG, // key
    HARK_NODE_HANDLE,  // @handle in mentions; key. A handle without a domain matches any ("@nike" also
                       // "nike@mastodon.social", "nike.bsky.social" only whole)
    HARK_NODE_CASHTAG, // key
    HARK_NODE_DOMAIN,  // key; a link's host is it or ends in "." and it
    HARK_NODE_URL,     // url:, a part of any link; key
    HARK_NODE_PATTERN,
    HARK_NODE_FIELD, // from:, lang:, is:reply, min_followers:, …
};

enum hark_field {
    HARK_FIELD_FROM,
    HARK_FIELD_TO,
    HARK_FIELD_LANG,
    HARK_FIELD_SOURCE, // key
    HARK_FIELD_IS_REPLY,
    HARK_FIELD_IS_REPOST,
    HARK_FIELD_IS_QUOTE, // nothing
    HARK_FIELD_HAS_LINKS,
    HARK_FIELD_HAS_MENTIONS,
    HARK_FIELD_HAS_HASHTAGS,
    HARK_FIELD_HAS_MEDIA, // nothing
    HARK_FIELD_FOLLOWERS,
    HARK_FIELD_LIKES,
    HARK_FIELD_REPOSTS,
    HARK_FIELD_REPLIES, // min and max
};

struct hark_node {
    enum hark_node_kind kind;
    enum hark_field field;
    uint32_t nkids;
    struct hark_node **kids;
    struct hark_str key;     // hark_text_key
    struct hark_str written; // as in the file, sign included
    struct hark_pattern *pattern;
    int64_t min, max; // INT64_MIN, INT64_MAX where open
    struct hark_loc loc;
};

// --- intents ---

enum hark_signal {
    HARK_SIGNAL_QUESTION, // a question mark anywhere (? ？ ؟)
    HARK_SIGNAL_QUESTION_END,
    HARK_SIGNAL_EXCLAIM,
    HARK_SIGNAL_MENTION,
    HARK_SIGNAL_REPLY,
    HARK_SIGNAL_REPOST,
    HARK_SIGNAL_LINK,
    HARK_SIGNAL_DIGITS,
    HARK_SIGNAL_SHORT, // fewer than six words
    HARK_SIGNALS,
};
const char *hark_signal_str(enum hark_signal signal);

struct hark_phrase {
    struct hark_pattern pattern;
    struct hark_str lang; // "en"; "" where the file gives none
    int weight;           // what it adds; of a grouped phrase the group decides
    int group;            // index, or -1
};

struct hark_group {
    struct hark_str name;
    int weight;
    int second; // added once where another phrase of the group hits as well
};

struct hark_test {
    struct hark_post post; // unknown but for what the test gives; id "test", source "bluesky" by default; not yet
                           // through hark_post_finish()
    struct hark_strs hits; // intents that must fire and no other
    bool named;            // hits is a list: the brand must be named
    bool ignored;          // `hits: none`: the brand is not named at all
    struct hark_loc loc;
};

struct hark_intent {
    struct hark_str name, about;
    int threshold; // 10 by default
    struct hark_phrase *phrases;
    size_t nphrases;
    struct hark_group *groups;
    size_t ngroups;
    struct hark_phrase *nots; // weight unused
    size_t nnots;
    int signals[HARK_SIGNALS];
    struct hark_test *tests;
    size_t ntests;
    bool inlined;   // belongs to one brand
    uint32_t index; // in the rule set's intents
    struct hark_loc loc;
};

// --- brands ---

enum hark_severity { HARK_SEVERITY_LOW, HARK_SEVERITY_NORMAL, HARK_SEVERITY_HIGH };
const char *hark_severity_str(enum hark_severity severity);

struct hark_alert_rule {
    struct hark_str on; // an intent of the brand, or "mention"
    enum hark_severity severity;
    struct hark_loc loc;
};

struct hark_brand {
    struct hark_str name, team;
    struct hark_node *listen; // lists become one OR
    struct hark_pattern **ignore_phrases;
    size_t nignore_phrases;
    struct hark_strs ignore_handles;           // keys
    struct hark_strs only_langs, only_sources; // v NULL: any; languages in small letters
    bool only_reposts;                         // a repost counts
    int64_t only_min_followers;                // 0: any
    struct hark_intent **intents;
    size_t nintents;
    struct hark_alert_rule *alerts;
    size_t nalerts;
    struct hark_test *tests;
    size_t ntests;
    bool fold;
    uint32_t index; // in the rule set's brands
    struct hark_loc loc;
};

struct hark_ruleset {
    char version[13]; // first 12 hex digits of SHA-256 over names and bytes in sorted order
    struct hark_brand *brands;
    size_t nbrands;
    struct hark_intent **intents; // named ones first, each inlined one once
    size_t nintents, nnamed;
    struct hark_map brand_index; // name → index
    struct hark_arena arena;
    size_t files;
    int refs; // atomic
};

// Compiles a pattern and says what is wrong with it: 0, or not 0 with the byte in `regex` where it fails and why. The
// matcher has one; it is given to the loader so that a pattern's error stands at its line and column with all the
// others.
typedef int hark_regex_check(struct hark_str regex, size_t *ret_offset, char *text, size_t text_size);

// Reads all *.yaml and *.yml below the paths (folders, recursively, hidden names passed over; or single files: then
// intents/ beside the file is read too, so that names resolve). NULL where a problem is an error; problems hold all
// errors and warnings then as well. A folder that does not exist, cannot be read or holds no brand is a problem too.
// `check_regex` may be NULL: patterns are not compiled then.
//
// The version is SHA-256 over, for each file in the order of names: its name relative to the given folder, a NUL, its
// size in decimal digits, a NUL, its bytes.
struct hark_ruleset *hark_rules_load(const char *const *paths, size_t npaths, hark_regex_check *check_regex,
                                     struct hark_problems *problems);
// One file from memory, under this name.
struct hark_ruleset *hark_rules_load_text(struct hark_str name, struct hark_str bytes, hark_regex_check *check_regex,
                                          struct hark_problems *problems);
struct hark_ruleset *hark_ruleset_ref(struct hark_ruleset *rs);
void hark_ruleset_unref(struct hark_ruleset *rs); // takes NULL
const struct hark_brand *hark_ruleset_brand(const struct hark_ruleset *rs, struct hark_str name);

// A phrase as files write it (`want*`, `"a b"~5`, `/…/`, `{BT}`, bare words) to a pattern; problems get what is wrong.
bool hark_pattern_parse(struct hark_str written, bool fold, struct hark_loc loc, struct hark_arena *arena,
                        struct hark_problems *problems, struct hark_pattern *ret);
// A query (docs/query.md) to a tree, NULL where it is wrong; what the linter has to say is a warning.
struct hark_node *hark_query_parse(struct hark_str query, bool fold, struct hark_loc loc, struct hark_arena *arena,
                                   struct hark_problems *problems);
// The tree as text in which every group has its parentheses: (or #tag (and "a b" (not is:repost))).
void hark_node_print(const struct hark_node *node, struct hark_buf *buf);
