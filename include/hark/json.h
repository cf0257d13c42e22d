// Writing JSON into a buffer: UTF-8 as it is, escapes only where JSON needs them, no white space.
//
// hark_json_key() and values put the commas. Bytes that are not UTF-8 become U+FFFD, so that what is written can be
// read.
#pragma once

#include <hark/str.h>

struct hark_json {
    struct hark_buf *buf;
    bool comma; // the next value or key is not the first in its object or array
};

static inline struct hark_json hark_json_to(struct hark_buf *buf)
{
    return (struct hark_json){buf, false};
}

void hark_json_open(struct hark_json *json, char bracket);  // '{' or '['
void hark_json_close(struct hark_json *json, char bracket); // '}' or ']'
void hark_json_key(struct hark_json *json, const char *key);
void hark_json_key_str(struct hark_json *json, struct hark_str key);
void hark_json_str(struct hark_json *json, struct hark_str s); // null where s.ptr is NULL
void hark_json_cstr(struct hark_json *json, const char *s);
void hark_json_int(struct hark_json *json, int64_t number);
void hark_json_double(struct hark_json *json, double number); // null where it is not finite
void hark_json_bool(struct hark_json *json, bool b);
void hark_json_null(struct hark_json *json);
void hark_json_raw(struct hark_json *json, struct hark_str s); // s is JSON already
// key and value in one
void hark_json_kv(struct hark_json *json, const char *key, struct hark_str s);
void hark_json_kc(struct hark_json *json, const char *key, const char *s);
void hark_json_ki(struct hark_json *json, const char *key, int64_t number);
void hark_json_kb(struct hark_json *json, const char *key, bool b);
