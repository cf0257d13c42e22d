// Alerts of single posts: made from a match, taken back when the post goes or no longer says it.
//
// What stands of a post's alerts is kept with the post as a note, a line each: "id team severity rule". None of the
// four has a space in it.

#include <hark/alert.h>
#include <hark/clock.h>
#include <hark/sha256.h>

#include <stdio.h>

// --- the message ---

struct message {
    const struct hark_alert *alert;
    const char *state;
    int64_t time_ms;
    struct hark_str match; // JSON; ptr NULL: none
};

static void encode(const struct message *message, struct hark_buf *buf)
{
    const struct hark_alert *alert = message->alert;
    struct hark_json json = hark_json_to(buf);
    struct hark_str intent, brand = hark_str_cut(alert->rule, '/', &intent);
    char time[HARK_TIME_STR_BYTES];
    hark_time_str(message->time_ms, time);
    hark_json_open(&json, '{');
    hark_json_kc(&json, "schema", "hark.alert/1");
    hark_json_kc(&json, "id", alert->id);
    hark_json_kv(&json, "team", alert->team);
    hark_json_kc(&json, "kind", "match");
    hark_json_kc(&json, "state", message->state);
    hark_json_kv(&json, "rule", alert->rule);
    hark_json_kv(&json, "brand", brand);
    hark_json_kv(&json, "intent", intent);
    hark_json_kc(&json, "severity", hark_severity_str(alert->severity));
    hark_json_kc(&json, "time", time);
    hark_json_kv(&json, "window", (struct hark_str){0});
    hark_json_ki(&json, "value", 1);
    hark_json_kv(&json, "baseline", (struct hark_str){0});
    hark_json_key(&json, "match");
    hark_json_raw(&json, message->match.ptr ? message->match : HARK_STR("null"));
    hark_json_close(&json, '}');
}

static void finish(struct hark_alert *alert, const char *state, int64_t time_ms, struct hark_str match,
                   struct hark_arena *arena)
{
    struct hark_buf buf = {0};
    const struct message message = {alert, state, time_ms, match};
    encode(&message, &buf);
    alert->json = hark_arena_str(arena, hark_buf_str(&buf));
    hark_buf_done(&buf);
}

// --- from a match ---

static void make_id(const struct hark_post *post, struct hark_str rule, char out[33])
{
    struct hark_buf cause = {0};
    struct hark_sha256 sha;
    char hex[65];
    hark_buf_printf(&cause, "hark.alert/1 match\n" HARK_STR_FMT "\n" HARK_STR_FMT "\n", HARK_STR_ARG(post->id),
                    HARK_STR_ARG(rule));
    if (post->op != HARK_OP_CREATE) hark_buf_int(&cause, post->time_ms);
    hark_sha256_init(&sha);
    hark_sha256_add(&sha, cause.ptr, cause.len);
    hark_sha256_hex(&sha, hex);
    snprintf(out, 33, "%.32s", hex);
    hark_buf_done(&cause);
}

static bool fires(const struct hark_match *match, struct hark_str intent)
{
    if (hark_str_is(intent, "mention")) return true;
    for (size_t i = 0; i < match->nhits; i++)
        if (hark_str_eq(match->hits[i].intent->name, intent)) return true;
    return false;
}

size_t hark_alert_of_match(const struct hark_match *match, const struct hark_post *post, struct hark_str match_json,
                           struct hark_arena *arena, const struct hark_alert **ret)
{
    const struct hark_brand *brand = match->brand;
    struct hark_alert *alerts = HARK_NEW_N(arena, struct hark_alert, brand->nalerts);
    size_t n = 0;
    for (size_t i = 0; i < brand->nalerts; i++) {
        if (!fires(match, brand->alerts[i].on)) continue;
        struct hark_alert *alert = &alerts[n++];
        alert->team = hark_arena_str(arena, brand->team);
        alert->rule = hark_arena_printf(arena, HARK_STR_FMT "/" HARK_STR_FMT, HARK_STR_ARG(brand->name),
                                        HARK_STR_ARG(brand->alerts[i].on));
        alert->severity = brand->alerts[i].severity;
        make_id(post, alert->rule, alert->id);
        finish(alert, "once", post->time_ms, match_json, arena);
    }
    *ret = alerts;
    return n;
}

// --- when a post changes ---

static void note_add(struct hark_buf *note, const struct hark_alert *alert)
{
    hark_buf_printf(note, "%s " HARK_STR_FMT " %d " HARK_STR_FMT "\n", alert->id, HARK_STR_ARG(alert->team),
                    (int)alert->severity, HARK_STR_ARG(alert->rule));
}

// One line off the note; false at its end.
static bool note_next(struct hark_str *note, struct hark_alert *ret)
{
    struct hark_str rest, line = hark_str_cut(*note, '\n', note);
    struct hark_str id = hark_str_cut(line, ' ', &rest), team = hark_str_cut(rest, ' ', &rest),
                    severity = hark_str_cut(rest, ' ', &rest);
    int64_t number;
    if (id.len != sizeof ret->id - 1 || !rest.ptr || hark_str_int(severity, &number) || number < HARK_SEVERITY_LOW ||
        number > HARK_SEVERITY_HIGH)
        return false;
    *ret = (struct hark_alert){.team = team, .severity = (enum hark_severity)number, .rule = rest};
    memcpy(ret->id, id.ptr, id.len);
    return true;
}

static const struct hark_alert *with_rule(const struct hark_alert *alerts, size_t n, struct hark_str rule)
{
    for (size_t i = 0; i < n; i++)
        if (hark_str_eq(alerts[i].rule, rule)) return &alerts[i];
    return NULL;
}

static size_t count_lines(struct hark_str note)
{
    size_t n = 0;
    for (size_t i = 0; i < note.len; i++) n += note.ptr[i] == '\n';
    return n;
}

size_t hark_alert_change(struct hark_str note, const struct hark_alert *now, size_t n, int64_t time_ms,
                         struct hark_arena *arena, const struct hark_alert **ret, struct hark_buf *ret_note)
{
    size_t before = 0, sent = 0, lines = count_lines(note);
    struct hark_alert *stood = HARK_NEW_N(arena, struct hark_alert, lines),
                      *out = HARK_NEW_N(arena, struct hark_alert, lines + n);
    note = hark_arena_str(arena, note); // ret_note may be where it came from
    while (before < lines && note_next(&note, &stood[before])) before++;
    hark_buf_clear(ret_note);
    for (size_t i = 0; i < before; i++) {
        if (with_rule(now, n, stood[i].rule)) {
            note_add(ret_note, &stood[i]);
            continue;
        }
        out[sent] = stood[i];
        finish(&out[sent++], "close", time_ms, (struct hark_str){0}, arena);
    }
    for (size_t i = 0; i < n; i++) {
        if (with_rule(stood, before, now[i].rule)) continue;
        out[sent++] = now[i];
        note_add(ret_note, &now[i]);
    }
    *ret = out;
    return sent;
}
