// Parameters of the API: names and values as they come from outside, parted by NUL bytes. What is taken must be within
// its limits.

#include "../../src/http/params.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct params params = {0};
    struct hark_err err = {0};
    struct hark_cursor cursor;
    struct hark_str rest = hark_strn((const char *)data, size);
    if (size < 2) return 0;
    unsigned accepted = data[0] | (unsigned)data[1] << 8;
    rest = hark_strn(rest.ptr + 2, size - 2);
    while (rest.ptr && !err.code) {
        struct hark_str name = hark_str_cut(rest, 0, &rest);
        struct hark_str value = rest.ptr ? hark_str_cut(rest, 0, &rest) : (struct hark_str){"", 0};
        (void)!params_add(&params, accepted, name, value, &err);
    }
    if (err.code || params_finish(&params, accepted, 1795255200123, &err)) return 0;
    if (params.limit < 1 || params.limit > HARK_READ_MAX_ROWS || params.nintents > PARAM_MAX_INTENTS) abort();
    if (params.brand.len > 64 || (params.given & ~accepted)) abort();
    if ((accepted & PARAM_FROM) && params.from_ms >= params.to_ms) abort();
    if ((accepted & PARAM_FROM) && (accepted & PARAM_STEP) &&
        (params.to_ms - params.from_ms) / hark_step_ms(params.step) > HARK_READ_MAX_POINTS)
        abort();
    if (params.cursor.ptr && params_cursor(params.cursor, &cursor, &err) == 0 && (cursor.time_ms < 0 || !cursor.id.len))
        abort();
    return 0;
}
