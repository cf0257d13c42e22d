// The prefilter: one scan of a message's raw bytes says which brands it may name.
#pragma once

#include "budget.h"
#include "database.h"
#include "literals.h"

#include <hark/match.h>

struct hark_prefilter;

// Finds the literals of every brand's tree and compiles them.
// `regexes`: source → number in `healths`; both outlive it.
struct hark_prefilter *hark_prefilter_new(const struct hark_ruleset *rs, const struct hark_map *regexes,
                                          const struct hark_healths *healths, const char *cache_dir,
                                          struct hark_err *err);
void hark_prefilter_free(struct hark_prefilter *pf); // takes NULL
const struct hark_database *hark_prefilter_database(const struct hark_prefilter *pf);
const struct hark_unfiltered *hark_prefilter_unfiltered(const struct hark_prefilter *pf, size_t *ret_n);
size_t hark_prefilter_bytes(const struct hark_prefilter *pf);

// What a thread needs for scanning. Brands are named by index.
struct hark_prefilter_scratch {
    struct hark_buf folded;
    uint32_t *brand_seen, *literal_seen; // the stamp of the scan that saw it last
    uint32_t stamp;
    uint32_t *brands; // candidates of the last scan, each once
    size_t nbrands;
};
void hark_prefilter_scratch_init(struct hark_prefilter_scratch *scratch, const struct hark_prefilter *pf,
                                 size_t nbrands);
void hark_prefilter_scratch_done(struct hark_prefilter_scratch *scratch);

// The brands that the raw message may name go to scratch->brands, those that are always candidates among them: where
// that is for patterns alone, only until all of these are in quarantine.
// *ret_folded tells whether the message had to be rewritten for the scan.
void hark_prefilter_scan(const struct hark_prefilter *pf, struct hark_prefilter_scratch *scratch, struct hs_scratch *hs,
                         struct hark_str raw, size_t nbrands, bool *ret_folded);
// Makes every brand a candidate.
void hark_prefilter_all(struct hark_prefilter_scratch *scratch, size_t nbrands);
