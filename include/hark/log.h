// logfmt on stderr: ts=… level=… msg="…" key=value. Only cli and pipeline log. Safe from several threads; a line is one
// write.
#pragma once

#include <hark/str.h>

enum hark_level { HARK_DEBUG, HARK_INFO, HARK_WARN, HARK_ERROR };

void hark_log_level(enum hark_level level);
int hark_log_level_parse(struct hark_str s, enum hark_level *ret); // 0, or -1: not debug, info, warn or error
// `fields` is a format that gives "key=value key=value"; texts in it go through hark_log_q().
void hark_log(enum hark_level level, const char *msg, const char *fields, ...) __attribute__((format(printf, 3, 4)));
// The text quoted for logfmt where it needs it; cut at 1,000 bytes; lives until the eighth next call in this thread.
const char *hark_log_q(struct hark_str s);
