// The matcher: prefilter over raw bytes, then verify, then hits.
//
// A `struct hark_matcher` is a compiled rule set: immutable, counted, shared by all threads. A `struct hark_scratch`
// belongs to one thread and one matcher. What a call returns lives in the scratch until its next call.
//
// For each message: hark_match_maybe() says which brands it may name, by the raw bytes alone; where it says none, the
// message is not parsed. hark_match_post() decides, on the decoded post. The prefilter may only ever be too generous.
#pragma once

#include <hark/rules.h>

struct hark_matcher;
struct hark_scratch;

struct hark_match_options {
    bool no_prefilter;     // every post is a candidate for every brand (the oracle of tests)
    uint32_t match_limit;  // of PCRE2, a pattern and post; 0: 100,000 (3 ms at worst in a post of 300 bytes)
    const char *cache_dir; // where compiled prefilters are kept; NULL: nowhere
};

struct hark_matcher *hark_matcher_new(struct hark_ruleset *rs, const struct hark_match_options *options,
                                      struct hark_err *err);
struct hark_matcher *hark_matcher_ref(struct hark_matcher *m);
void hark_matcher_unref(struct hark_matcher *m); // takes NULL
const struct hark_ruleset *hark_matcher_rules(const struct hark_matcher *m);
// Brands that the prefilter cannot help with: no text is sure to be in every message that names them, so each message
// is parsed for their sake. `because` is the part of the tree that has no such text.
struct hark_unfiltered {
    const struct hark_brand *brand;
    const struct hark_node *because;
};
const struct hark_unfiltered *hark_matcher_unfiltered(const struct hark_matcher *m, size_t *ret_n);
size_t hark_matcher_bytes(const struct hark_matcher *m); // memory of databases and patterns, about

// For hark_rules_load(): 0, or not 0 with the byte in `regex` that is wrong and why. Besides what PCRE2 refuses: \C,
// callouts, patterns that call themselves, more than 16 KiB.
int hark_match_check_regex(struct hark_str regex, size_t *ret_offset, char *text, size_t text_size);

struct hark_scratch *hark_scratch_new(const struct hark_matcher *m, struct hark_err *err);
void hark_scratch_free(struct hark_scratch *ms); // takes NULL

struct hark_span {
    size_t from, to; // bytes of the post's text as it stands in the post
};

// A phrase that counted, or a signal.
struct hark_evidence {
    const struct hark_phrase *phrase; // NULL: a signal
    enum hark_signal signal;
    int points; // what it added to the score (0: a further hit of a group that has counted twice)
    struct hark_span span;
};

// An intent that fired.
struct hark_hit {
    const struct hark_intent *intent;
    const struct hark_evidence *evidence; // the phrase that added most first, then by place
    size_t nevidence;
    int score;
};

struct hark_match {
    const struct hark_brand *brand;
    const struct hark_hit *hits;
    size_t nhits;
    const struct hark_span *spans; // where the text names the brand; none where it is named outside the text
    size_t nspans;
};

struct hark_matches {
    const struct hark_match *v; // in the order of the rule set's brands
    size_t n;
};

// `raw` is a canonical post as JSON (hark.post/1). How many brands the raw message may name (0: it names none for
// sure). The candidates stay in the scratch for hark_match_post().
size_t hark_match_maybe(const struct hark_matcher *m, struct hark_scratch *ms, struct hark_str raw);
// Matches a post against the candidates of the last hark_match_maybe(), or against all brands. Allocates nothing after
// warm-up. A delete, having no text, matches nothing. A post that does not say its languages passes `only.langs`.
struct hark_matches hark_match_post(const struct hark_matcher *m, struct hark_scratch *ms, const struct hark_post *post,
                                    bool all);

// Writes a match as hark.match/1. `post_json` is the post's canonical JSON.
void hark_match_encode(const struct hark_match *match, const struct hark_post *post, struct hark_str post_json,
                       const char *ruleset, struct hark_json *json);

// --- patterns in slashes that cost too much ---

// A pattern that reaches its match limit in so many of so many posts, in one thread, is put in quarantine for all: it
// is not tried again and has no hit, until the rules are read anew. Each post over the limit costs up to 3 ms, so that
// a pattern that stays costs at most 12 us a post in the mean.
enum { HARK_QUARANTINE_OVER = 5, HARK_QUARANTINE_TRIES = 1000, HARK_STOPPED_MAX = 16 };

struct hark_pattern_cost {
    const struct hark_pattern *pattern; // as the first rule that has it writes it
    double share;                       // of the time of hark_match_post(): ns / of_ns; one post in 64 is timed
    int64_t ns, of_ns;
    uint64_t over, skipped; // posts on which it reached its limit; tries that quarantine spared
    bool quarantined;
};
// What this thread's scratch has spent on each pattern that it tried, the dearest first; valid until the next call.
size_t hark_scratch_costs(struct hark_scratch *ms, const struct hark_pattern_cost **ret);
// A pattern that came into quarantine, by whichever thread, each told once and to one caller; NULL: no news.
const struct hark_pattern *hark_scratch_quarantined(struct hark_scratch *ms);

struct hark_match_stats {
    uint64_t scanned, folded, candidates, named; // messages prefiltered, through the folded path, maybe, yes
    uint64_t over_limit;                         // patterns that hit a PCRE2 limit
    uint64_t skipped;                            // tries of patterns in quarantine
};
const struct hark_match_stats *hark_scratch_stats(const struct hark_scratch *ms);

// --- why ---

enum hark_why_kind {
    HARK_WHY_HIT,       // fired
    HARK_WHY_NOT_NAMED, // the post does not name the brand
    HARK_WHY_IGNORED,   // `ignore`
    HARK_WHY_ONLY,      // `only`
    HARK_WHY_SCORE,     // points are lacking
    HARK_WHY_DELETED,   // the post is a delete
};

struct hark_taken { // a phrase that a `not` took back
    const struct hark_phrase *phrase, *by;
    struct hark_span span, by_span;
};

struct hark_stopped { // a pattern that has no hit because it costs too much
    const struct hark_pattern *pattern;
    bool quarantined; // else: on this post
};

struct hark_why {
    const struct hark_brand *brand;
    const struct hark_intent *intent; // NULL: the mention
    enum hark_why_kind kind;
    char text[256];              // the condition that failed, in words
    struct hark_str named_by;    // "#RiverIsland"; ptr NULL where it is not named
    struct hark_span named_span; // from == to where outside the text
    const struct hark_evidence *evidence;
    size_t nevidence;
    const struct hark_taken *taken;
    size_t ntaken;
    const struct hark_stopped *stopped;
    size_t nstopped;
    int score;
};

// Why each intent of one brand (and the mention, first) fired or did not; an array in the scratch.
size_t hark_match_explain(const struct hark_matcher *m, struct hark_scratch *ms, const struct hark_post *post,
                          const struct hark_brand *brand, const struct hark_why **ret);

// The same of one intent alone, for a post of whatever brand: HARK_WHY_HIT, _SCORE or _DELETED. `ret` points into the
// scratch.
void hark_match_intent(const struct hark_matcher *m, struct hark_scratch *ms, const struct hark_post *post,
                       const struct hark_intent *intent, struct hark_why *ret);

// Runs the tests that the rule files carry; `each` is called for each test. Returns how many failed.
struct hark_test_result {
    const struct hark_test *test;
    const struct hark_brand *brand;   // NULL: a test of an intent file
    const struct hark_intent *intent; // NULL: a test of a brand file
    bool passed, named;
    struct hark_strs actual; // intents that fired
};
size_t hark_match_run_tests(const struct hark_matcher *m, struct hark_scratch *ms,
                            void (*each)(const struct hark_test_result *result, void *arg), void *arg);
