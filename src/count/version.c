// Which hiredis is loaded.

#include <hark/versions.h>

#include <stdio.h>

#include <hiredis/hiredis.h>

void hark_count_hiredis(char *out, size_t size)
{
    snprintf(out, size, "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}
