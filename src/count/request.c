#include "request.h"

enum { SLOT_DIGITS = 8 };
#define SLOT "$8\r\n00000000\r\n"
#define SLOT_HEAD 4 // bytes of it before the digits

void hark_request_clear(struct hark_request *request)
{
    hark_buf_clear(&request->text);
    request->nargs = 0;
}

void hark_request_done(struct hark_request *request)
{
    hark_buf_done(&request->text);
}

// Digits of the number, written to end before `end`; where they begin.
static char *digits(char *end, uint64_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return end;
}

// Room for an argument of `len` bytes, its head and end written.
static char *begin(struct hark_request *request, size_t len)
{
    enum { HEAD = 24 };
    char head[HEAD], *end = head + HEAD, *at;
    *--end = '\n';
    *--end = '\r';
    at = digits(end, len);
    *--at = '$';
    size_t nhead = (size_t)(head + HEAD - at), all = nhead + len + 2;
    char *out = hark_buf_reserve(&request->text, all);
    memcpy(out, at, nhead);
    memcpy(out + nhead + len, "\r\n", 2);
    request->text.len += all;
    request->nargs++;
    return out + nhead;
}

void hark_request_arg(struct hark_request *request, struct hark_str arg)
{
    char *out = begin(request, arg.len);
    if (arg.len) memcpy(out, arg.ptr, arg.len);
}

void hark_request_arg2(struct hark_request *request, struct hark_str a, struct hark_str b)
{
    char *out = begin(request, a.len + b.len);
    if (a.len) memcpy(out, a.ptr, a.len);
    if (b.len) memcpy(out + a.len, b.ptr, b.len);
}

void hark_request_int(struct hark_request *request, int64_t number)
{
    char text[24], *end = text + sizeof text, *at;
    at = digits(end, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
    if (number < 0) *--at = '-';
    hark_request_arg(request, hark_strn(at, (size_t)(end - at)));
}

size_t hark_request_slot(struct hark_request *request)
{
    size_t at = request->text.len;
    hark_buf_add(&request->text, SLOT, sizeof SLOT - 1);
    request->nargs++;
    return at;
}

void hark_request_fill(struct hark_request *request, size_t slot, size_t number)
{
    char *end = request->text.ptr + slot + SLOT_HEAD + SLOT_DIGITS;
    for (int i = 0; i < SLOT_DIGITS; i++, number /= 10) *--end = (char)('0' + number % 10);
}
