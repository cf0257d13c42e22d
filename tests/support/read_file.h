// A whole file in memory, for tests that compare with one; the test fails where it cannot be read.
#pragma once

#include <hark/str.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

// Ends in a NUL that does not count.
static inline void read_file(const char *path, struct hark_buf *buf)
{
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("cannot read %s", path);
    hark_buf_clear(buf);
    for (size_t n = 1; n > 0; buf->len += n) n = fread(hark_buf_reserve(buf, 65536), 1, 65536, file);
    fclose(file);
    hark_buf_cstr(buf);
}
