// Alerts: what a team is told, hark.alert/1. Ids are a hash of what caused the alert, so a consumer can drop a repeat.
#pragma once

#include <hark/match.h>

struct hark_alert {
    char id[33];          // 32 hex digits
    struct hark_str team; // the topic is alerts.<team>
    struct hark_str rule; // "<brand>/<intent>", in the caller's arena
    struct hark_str json; // the message
};

// The alerts of kind "match" that a match causes (state "once"); one for each alert rule of the brand whose intent
// fired. In the arena. `op` and `time` of the post take part in the id: an edit that fires again is another alert.
size_t hark_alert_of_match(const struct hark_match *match, const struct hark_post *post, struct hark_str match_json,
                           struct hark_arena *arena, const struct hark_alert **ret);

// What the store keeps with a post of the alerts sent for it: text for hark_count_alerts(), and the retractions made
// from that text (kind "match", state "close", the same id as the alert that it takes back) when the post is deleted or
// edited so that the rule no longer fires (`still`: rules that still fire).
void hark_alert_note(const struct hark_alert *alerts, size_t n, struct hark_buf *note);
size_t hark_alert_retract(struct hark_str note, int64_t time_ms, const struct hark_alert *still, size_t nstill,
                          struct hark_arena *arena, const struct hark_alert **ret);
