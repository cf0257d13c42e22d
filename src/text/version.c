// Which utf8proc is loaded.

#include <hark/versions.h>

#include <stdio.h>

#include <utf8proc.h>

void hark_text_utf8proc(char *out, size_t size)
{
    snprintf(out, size, "%s", utf8proc_version());
}
