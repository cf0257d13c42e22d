// Which jansson and zlib are loaded.

#include <hark/versions.h>

#include <jansson.h>
#include <stdio.h>
#include <zlib.h>

void hark_source_jansson(char *out, size_t size)
{
    snprintf(out, size, "%s", jansson_version_str());
}

void hark_source_zlib(char *out, size_t size)
{
    snprintf(out, size, "%s", zlibVersion());
}
