// The rules that X's filtered stream holds for a token, kept in step with ours. Ours carry a tag that begins with
// "hark/"; others are left alone.
#pragma once

#include <hark/err.h>

#define HARK_X_RULE_TAG "hark/"
enum { HARK_X_RULE_BYTES = 512 }; // what every plan allows

struct hark_x_rule {
    struct hark_str value, tag;
};

struct hark_x_rules_options {
    const char *url; // of the stream; NULL: X's
    const char *token, *ca_file;
    bool apply; // false: only says what it would do, and lets X check what is new (dry_run)
    // '+' new, '-' no longer ours, '=' as it is
    void (*each)(void *arg, char sign, const struct hark_x_rule *rule);
    void *arg;
};
int hark_x_rules_sync(const struct hark_x_rule *rules, size_t n, const struct hark_x_rules_options *options,
                      struct hark_err *err) HARK_CHECKED;
