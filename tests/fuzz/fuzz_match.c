// The oracle under the fuzzer: the bytes choose rules and a few posts; the matcher must find the same with and without
// its prefilter.
#include "../support/match_gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POSTS = 8 };

static void one_ruleset(struct gen *gen, struct oracle *oracle)
{
    struct gen_rules rules;
    struct hark_err err = {0};
    struct hark_match_options options = {0};
    struct hark_buf raw = {0};
    gen_ruleset(gen, &rules);
    struct hark_matcher *m = hark_matcher_new(rules.rs, &options, &err);
    struct hark_scratch *ms = m ? hark_scratch_new(m, &err) : NULL;
    if (!ms) abort();
    for (int i = 0; i < POSTS; i++) {
        gen_post(gen, &rules, &raw);
        if (oracle_agrees(oracle, m, ms, hark_buf_str(&raw))) continue;
        fprintf(stderr, "message: %s\nwith prefilter:    %s\n", hark_buf_cstr(&raw), hark_buf_cstr(&oracle->with));
        fprintf(stderr, "without prefilter: %s\n", hark_buf_cstr(&oracle->without));
        abort();
    }
    hark_buf_done(&raw);
    hark_scratch_free(ms);
    hark_matcher_unref(m);
    hark_ruleset_unref(rules.rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gen gen = {.bytes = data, .len = size};
    struct oracle oracle = {0};
    if (size < 8) return 0;
    one_ruleset(&gen, &oracle);
    oracle_done(&oracle);
    return 0;
}
