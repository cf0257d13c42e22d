// Rules of other tools: what comes out is good, or said to be wrong.

#include <hark/import.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct hark_problems problems = {0}, again = {0};
    struct hark_buf yaml = {0};
    struct hark_str bytes = hark_strn((const char *)data + 1, size - 1);
    struct hark_imported done = hark_rules_import(HARK_STR("rules"), bytes, (enum hark_dialect)(data[0] % 3),
                                                  HARK_STR("team"), &yaml, &problems);
    if (done.written < done.rules && problems.errors == 0) abort();
    if (done.written) {
        struct hark_ruleset *rs = hark_rules_load_text(HARK_STR("made"), hark_buf_str(&yaml), NULL, &again);
        if (!rs || rs->nbrands != done.written) abort();
        hark_ruleset_unref(rs);
    }
    hark_problems_done(&problems);
    hark_problems_done(&again);
    hark_buf_done(&yaml);
    return 0;
}
