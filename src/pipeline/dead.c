// Dead letters: what could not be read, with the reason and the place, so that nothing is lost.

#include "pipeline.h"

#include <hark/clock.h>
#include <hark/text.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct dead_file {
    FILE *file; // NULL: the log
    const char *path;
    pthread_mutex_t lock;
    struct hark_buf buf;
};

static void base64(struct hark_str s, struct hark_buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = (const unsigned char *)s.ptr;
    for (size_t i = 0; i < s.len; i += 3) {
        size_t n = s.len - i < 3 ? s.len - i : 3;
        unsigned group =
            (unsigned)bytes[i] << 16 | (n > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (n > 2 ? bytes[i + 2] : 0);
        for (size_t k = 0; k < 4; k++) hark_buf_char(out, k <= n ? digits[group >> (18 - 6 * k) & 63] : '=');
    }
}

void dead_encode(const struct dead_letter *letter, struct hark_buf *buf)
{
    char time[HARK_TIME_STR_BYTES];
    struct hark_json json = hark_json_to(buf);
    hark_time_str(hark_clock_ms(), time);
    hark_json_open(&json, '{');
    hark_json_kc(&json, "schema", "hark.deadletter/1");
    hark_json_kv(&json, "reason", letter->reason);
    hark_json_kv(&json, "source", letter->source);
    hark_json_kv(&json, "where", letter->where);
    hark_json_kc(&json, "time", time);
    hark_json_ki(&json, "bytes", (int64_t)letter->raw_len);
    if (hark_utf8_check(letter->raw) == letter->raw.len) {
        hark_json_kv(&json, "raw", letter->raw);
    } else {
        struct hark_buf text = {0};
        base64(letter->raw, &text);
        hark_json_kv(&json, "raw_base64", hark_buf_str(&text));
        hark_buf_done(&text);
    }
    hark_json_close(&json, '}');
}

struct dead_file *dead_file_open(const char *path, struct hark_err *err)
{
    FILE *file = path ? fopen(path, "ae") : NULL;
    if (path && !file) {
        hark_err_set(err, HARK_EINPUT, "--dead-letters %s: %s", path, strerror(errno));
        return NULL;
    }
    struct dead_file *dead = hark_calloc(1, sizeof *dead);
    dead->file = file;
    dead->path = path;
    pthread_mutex_init(&dead->lock, NULL);
    return dead;
}

static int append(struct dead_file *dead, const struct dead_letter *letter, struct hark_err *err)
{
    hark_buf_clear(&dead->buf);
    dead_encode(letter, &dead->buf);
    hark_buf_char(&dead->buf, '\n');
    if (fwrite(dead->buf.ptr, 1, dead->buf.len, dead->file) != dead->buf.len || fflush(dead->file))
        return hark_err_set(err, HARK_ESERVICE, "%s: %s", dead->path, strerror(errno));
    return 0;
}

int dead_file_add(struct dead_file *dead, const struct dead_letter *letter, struct hark_err *err)
{
    enum { SHOWN = 120 };
    if (!dead->file) {
        struct hark_str start = hark_strn(letter->raw.ptr, letter->raw.len < SHOWN ? letter->raw.len : SHOWN);
        hark_log(HARK_WARN, "cannot be read", "where=%s reason=%s bytes=%llu raw=%s", hark_log_q(letter->where),
                 hark_log_q(letter->reason), (unsigned long long)letter->raw_len, hark_log_q(start));
        return 0;
    }
    pthread_mutex_lock(&dead->lock);
    int code = append(dead, letter, err);
    pthread_mutex_unlock(&dead->lock);
    return code;
}

void dead_file_close(struct dead_file *dead)
{
    if (!dead) return;
    if (dead->file) fclose(dead->file);
    hark_buf_done(&dead->buf);
    pthread_mutex_destroy(&dead->lock);
    free(dead);
}
