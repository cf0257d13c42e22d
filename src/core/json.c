// The JSON writer. Text goes through in runs: bytes up to the next one that needs care are copied at once.

#include "utf8.h"

#include <hark/json.h>

#include <math.h>
#include <stdio.h>

static void separate(struct hark_json *json)
{
    if (json->comma) hark_buf_char(json->buf, ',');
    json->comma = true;
}

void hark_json_open(struct hark_json *json, char bracket)
{
    separate(json);
    hark_buf_char(json->buf, bracket);
    json->comma = false;
}

void hark_json_close(struct hark_json *json, char bracket)
{
    hark_buf_char(json->buf, bracket);
    json->comma = true;
}

static void escape(struct hark_buf *buf, unsigned char c)
{
    static const char letters[] = "btn\0fr"; // 8, 9, 10, 12, 13
    if (c == '"' || c == '\\') {
        hark_buf_char(buf, '\\');
        hark_buf_char(buf, (char)c);
    } else if (c >= 8 && c <= 13 && letters[c - 8]) {
        hark_buf_char(buf, '\\');
        hark_buf_char(buf, letters[c - 8]);
    } else {
        hark_buf_printf(buf, "\\u%04x", c);
    }
}

static void quoted(struct hark_buf *buf, struct hark_str s)
{
    const unsigned char *bytes = (const unsigned char *)s.ptr;
    size_t start = 0, i = 0;
    hark_buf_char(buf, '"');
    while (i < s.len) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x80 && bytes[i] != '"' && bytes[i] != '\\') {
            i++;
            continue;
        }
        size_t n = bytes[i] >= 0x80 ? utf8_character(bytes + i, s.len - i) : 0;
        if (n) {
            i += n;
            continue;
        }
        hark_buf_add(buf, s.ptr + start, i - start);
        if (bytes[i] < 0x80)
            escape(buf, bytes[i]);
        else
            hark_buf_add(buf, "\xEF\xBF\xBD", 3);
        start = ++i;
    }
    hark_buf_add(buf, s.ptr + start, s.len - start);
    hark_buf_char(buf, '"');
}

void hark_json_key_str(struct hark_json *json, struct hark_str key)
{
    separate(json);
    quoted(json->buf, key);
    hark_buf_char(json->buf, ':');
    json->comma = false;
}

void hark_json_key(struct hark_json *json, const char *key)
{
    hark_json_key_str(json, hark_str(key));
}

void hark_json_str(struct hark_json *json, struct hark_str s)
{
    if (!s.ptr) {
        hark_json_null(json);
        return;
    }
    separate(json);
    quoted(json->buf, s);
}

void hark_json_cstr(struct hark_json *json, const char *s)
{
    hark_json_str(json, hark_str(s));
}

void hark_json_int(struct hark_json *json, int64_t number)
{
    separate(json);
    hark_buf_int(json->buf, number);
}

void hark_json_double(struct hark_json *json, double number)
{
    if (!isfinite(number)) {
        hark_json_null(json);
        return;
    }
    separate(json);
    hark_buf_printf(json->buf, "%.12g", number);
}

void hark_json_bool(struct hark_json *json, bool b)
{
    hark_json_raw(json, b ? HARK_STR("true") : HARK_STR("false"));
}

void hark_json_null(struct hark_json *json)
{
    hark_json_raw(json, HARK_STR("null"));
}

void hark_json_raw(struct hark_json *json, struct hark_str s)
{
    separate(json);
    hark_buf_str_add(json->buf, s);
}

void hark_json_kv(struct hark_json *json, const char *key, struct hark_str s)
{
    hark_json_key(json, key);
    hark_json_str(json, s);
}

void hark_json_kc(struct hark_json *json, const char *key, const char *s)
{
    hark_json_kv(json, key, hark_str(s));
}

void hark_json_ki(struct hark_json *json, const char *key, int64_t number)
{
    hark_json_key(json, key);
    hark_json_int(json, number);
}

void hark_json_kb(struct hark_json *json, const char *key, bool b)
{
    hark_json_key(json, key);
    hark_json_bool(json, b);
}
