// Alerts: what a team is told, hark.alert/1. Ids are a hash of what caused the alert, so a consumer can drop a repeat.
//
// All that these functions return is in the caller's arena.
#pragma once

#include <hark/match.h>

struct hark_alert {
    char id[33];          // 32 hex digits
    struct hark_str team; // the topic is alerts.<team>
    struct hark_str rule; // "<brand>/<intent>"
    enum hark_severity severity;
    struct hark_str json; // the message
};

// The alerts of kind "match" that a match causes (state "once"): one for each alert rule of the brand whose intent
// fired, or that is on "mention". The id is made of the post's id and the rule, and of the time of an edit, so that an
// alert that was taken back can come again.
size_t hark_alert_of_match(const struct hark_match *match, const struct hark_post *post, struct hark_str match_json,
                           struct hark_arena *arena, const struct hark_alert **ret);

// What has to be sent when a post changes: `note` is what stands of earlier alerts (ptr NULL or empty: none), `now` are
// the alerts that the post causes now (none when it was deleted). Sent are the retractions of those whose rule no
// longer fires (state "close", the id of the alert that they take back, no match) and the alerts whose rule did not
// fire before. ret_note is what stands from now on.
size_t hark_alert_change(struct hark_str note, const struct hark_alert *now, size_t n, int64_t time_ms,
                         struct hark_arena *arena, const struct hark_alert **ret, struct hark_buf *ret_note);
