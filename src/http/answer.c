#include "http.h"

#include <stdio.h>
#include <zlib.h>

enum { WORTH_BYTES = 1000 }; // below this, gzip saves no packet

static bool client_has(struct hark_str list, const char *etag)
{
    while (list.ptr) {
        struct hark_str one = hark_str_trim(hark_str_cut(list, ',', &list));
        if (hark_str_starts(one, HARK_STR("W/"))) one = hark_strn(one.ptr + 2, one.len - 2);
        if (hark_str_is(one, etag) || hark_str_is(one, "*")) return true;
    }
    return false;
}

static void compress_body(struct http_answer *answer)
{
    z_stream z = {0};
    struct hark_buf out = {0};
    if (deflateInit2(&z, Z_BEST_SPEED + 3, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return;
    hark_buf_reserve(&out, deflateBound(&z, answer->body.len));
    z.next_in = (unsigned char *)answer->body.ptr;
    z.avail_in = (unsigned)answer->body.len;
    z.next_out = (unsigned char *)out.ptr;
    z.avail_out = (unsigned)out.cap;
    answer->gzipped = deflate(&z, Z_FINISH) == Z_STREAM_END;
    out.len = z.total_out;
    deflateEnd(&z);
    if (answer->gzipped) {
        hark_buf_done(&answer->body);
        answer->body = out;
    } else {
        hark_buf_done(&out);
    }
}

void http_answer_finish(const struct http_request *request, struct http_answer *answer)
{
    if (answer->live) return;
    if (answer->status == 200) {
        snprintf(answer->etag, sizeof answer->etag, "\"%016llx\"",
                 (unsigned long long)hark_str_hash(hark_buf_str(&answer->body)));
        if (client_has(request->if_none_match, answer->etag)) {
            answer->status = 304;
            hark_buf_clear(&answer->body);
        }
    }
    if (request->gzip && answer->body.len >= WORTH_BYTES) compress_body(answer);
}

void http_answer_done(struct http_answer *answer)
{
    hark_buf_done(&answer->body);
}
