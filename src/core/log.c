// logfmt on stderr.

#include "utf8.h"

#include <hark/clock.h>
#include <hark/log.h>

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Atomic int lowest = HARK_INFO;
static const char *const names[] = {"debug", "info", "warn", "error"};

void hark_log_level(enum hark_level level)
{
    atomic_store(&lowest, (int)level);
}

int hark_log_level_parse(struct hark_str s, enum hark_level *ret)
{
    for (int i = HARK_DEBUG; i <= HARK_ERROR; i++) {
        if (hark_str_is(s, names[i])) {
            *ret = (enum hark_level)i;
            return 0;
        }
    }
    return -1;
}

static bool needs_quotes(struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == '"' || s.ptr[i] == '=' || s.ptr[i] == '\\' ||
            s.ptr[i] == 0x7f)
            return true;
    return s.len == 0;
}

const char *hark_log_q(struct hark_str s)
{
    enum { CUT = 1000, RING = 8 };
    static _Thread_local char ring[RING][CUT * 4 + 3];
    static _Thread_local unsigned turn;
    char *out = ring[turn++ % RING], *end = out;
    if (s.len > CUT) s.len = CUT;
    bool quotes = needs_quotes(s);
    if (quotes) *end++ = '"';
    for (size_t i = 0; i < s.len;) {
        const unsigned char *c = (const unsigned char *)s.ptr + i;
        size_t n = utf8_character(c, s.len - i);
        bool control =
            *c < 0x20 || *c == 0x7f || (*c == 0xC2 && n == 2 && c[1] < 0xA0); // these would reach the terminal
        if (*c == '"' || *c == '\\') *end++ = '\\';
        if (n == 0 || control) {
            end += snprintf(end, 5, "\\x%02x", *c);
            n = 1;
        } else {
            memcpy(end, c, n);
            end += n;
        }
        i += n;
    }
    if (quotes) *end++ = '"';
    *end = 0;
    return out;
}

void hark_log(enum hark_level level, const char *msg, const char *fields, ...)
{
    if ((int)level < atomic_load(&lowest)) return;
    char line[8192], ts[HARK_TIME_STR_BYTES];
    hark_time_str(hark_clock_ms(), ts);
    size_t room = sizeof line - 1; // for the line end
    size_t n = (size_t)snprintf(line, room, "ts=%s level=%s msg=%s ", ts, names[level], hark_log_q(hark_str(msg)));
    if (n >= room) n = room - 1;
    va_list args;
    va_start(args, fields);
    int more = vsnprintf(line + n, room - n, fields, args);
    va_end(args);
    n += more < 0 ? 0 : (size_t)more;
    if (n >= room) n = room - 1;
    while (n > 0 && line[n - 1] == ' ') n--;
    line[n++] = '\n';
    for (size_t done = 0; done < n;) {
        ssize_t wrote = write(STDERR_FILENO, line + done, n - done);
        if (wrote <= 0) return;
        done += (size_t)wrote;
    }
}
