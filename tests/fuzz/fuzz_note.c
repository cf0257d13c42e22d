// A note that can be read can be written, and reads the same then; a URL that is taken has somewhere to connect to.

#include "../../src/count/note.h"
#include "../../src/count/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool fact)
{
    if (!fact) abort();
}

static void try_note(struct hark_str text)
{
    struct hark_arena arena = {0};
    struct hark_buf first = {0}, second = {0};
    const struct hark_note *note = hark_note_decode(text, &arena);
    if (note) {
        hark_note_encode(note, &first);
        note = hark_note_decode(hark_buf_str(&first), &arena);
        expect(note != NULL);
        hark_note_encode(note, &second);
        expect(hark_str_eq(hark_buf_str(&first), hark_buf_str(&second)));
    }
    hark_buf_done(&first);
    hark_buf_done(&second);
    hark_arena_done(&arena);
}

static void try_url(struct hark_str text)
{
    struct hark_redis_url url;
    struct hark_err err = {0};
    if (hark_redis_url_parse(text, &url, &err))
        expect(err.code == HARK_EINPUT && err.text[0]);
    else
        expect(url.host[0] ? url.port > 0 : url.path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hark_str text = hark_strn((const char *)data, size);
    try_note(text);
    try_url(text);
    return 0;
}
