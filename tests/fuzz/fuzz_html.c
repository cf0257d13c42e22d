// HTML of any kind becomes well-formed text that does not begin or end with white space of its own.
#include <hark/text.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hark_str html = {(const char *)data, size};
    struct hark_buf text = {0};
    html.len = hark_utf8_check(html);
    hark_text_from_html(html, &text);
    if (hark_utf8_check(hark_buf_str(&text)) != text.len) abort();
    if (text.len && text.ptr[text.len - 1] == '\n') abort();
    hark_buf_done(&text);
    return 0;
}
