// The error on the caller's stack.

#include <hark/err.h>

#include <stdio.h>

// snprintf may have cut a character of several bytes in two: the half is dropped.
static void trim_half_character(char *text, size_t size)
{
    size_t n = strlen(text);
    if (n + 1 < size) return;
    size_t start = n;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) start--;
    if (start == 0) return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (start - 1) < need) text[start - 1] = 0;
}

static int set(struct hark_err *err, int code, bool retriable, const char *format, va_list args)
{
    if (err->code) return err->code;
    err->code = code;
    err->retriable = retriable;
    vsnprintf(err->text, sizeof err->text, format, args);
    trim_half_character(err->text, sizeof err->text);
    return code;
}

int hark_err_set(struct hark_err *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    code = set(err, code, false, format, args);
    va_end(args);
    return code;
}

int hark_err_retry(struct hark_err *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    code = set(err, code, true, format, args);
    va_end(args);
    return code;
}

int hark_err_at(struct hark_err *err, int code, const char *file, unsigned line, unsigned column, const char *format,
                ...)
{
    bool first = err->code == 0;
    va_list args;
    va_start(args, format);
    code = set(err, code, false, format, args);
    va_end(args);
    if (first) {
        snprintf(err->file, sizeof err->file, "%s", file);
        err->line = line;
        err->column = column;
    }
    return code;
}

const char *hark_err_str(const struct hark_err *err)
{
    static _Thread_local char out[sizeof err->file + sizeof err->text + 64];
    size_t n = 0;
    if (err->file[0]) n += (size_t)snprintf(out, sizeof out, "%s:", err->file);
    if (err->line) n += (size_t)snprintf(out + n, sizeof out - n, "%u:", err->line);
    if (err->line && err->column) n += (size_t)snprintf(out + n, sizeof out - n, "%u:", err->column);
    if (n) n += (size_t)snprintf(out + n, sizeof out - n, " error: ");
    snprintf(out + n, sizeof out - n, "%s", err->text);
    return out;
}

int hark_err_exit(const struct hark_err *err)
{
    switch (err->code) {
    case HARK_OK:
    case HARK_ESTOP: return 0;
    case HARK_EINPUT: return 1;
    case HARK_ESERVICE: return 2;
    default: return 3;
    }
}
