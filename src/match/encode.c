// A match as hark.match/1.

#include <hark/match.h>

#include <stdio.h>

enum { RULE_BYTES = 2 * HARK_RULES_MAX_NAME_BYTES + 2 }; // "<brand>/<intent>" and a NUL

static struct hark_str text_at(const struct hark_post *post, struct hark_span span)
{
    return hark_strn(post->text.ptr + span.from, span.to - span.from);
}

static void encode_span(struct hark_json *json, struct hark_span span)
{
    hark_json_open(json, '[');
    hark_json_int(json, (int64_t)span.from);
    hark_json_int(json, (int64_t)span.to);
    hark_json_close(json, ']');
}

// lang, phrase and span of a phrase; a signal has its name for a phrase.
static void encode_where(struct hark_json *json, const struct hark_evidence *evidence)
{
    if (evidence->phrase) {
        hark_json_kv(json, "lang", evidence->phrase->lang);
        hark_json_kv(json, "phrase", evidence->phrase->pattern.written);
    } else {
        hark_json_kc(json, "lang", "");
        hark_json_kc(json, "phrase", evidence->signal < HARK_SIGNALS ? hark_signal_str(evidence->signal) : "");
    }
    hark_json_key(json, "span");
    encode_span(json, evidence->span);
}

static void encode_phrases(struct hark_json *json, const struct hark_hit *hit)
{
    hark_json_key(json, "phrases");
    hark_json_open(json, '[');
    for (size_t i = 0; i < hit->nevidence; i++) {
        hark_json_open(json, '{');
        encode_where(json, &hit->evidence[i]);
        hark_json_ki(json, "points", hit->evidence[i].points);
        if (!hit->evidence[i].phrase) hark_json_kb(json, "signal", true);
        hark_json_close(json, '}');
    }
    hark_json_close(json, ']');
}

static void encode_hit(struct hark_json *json, const struct hark_match *match, const struct hark_hit *hit,
                       const struct hark_post *post)
{
    static const struct hark_evidence nothing = {.signal = HARK_SIGNALS}; // a threshold of 0 needs none
    char rule[RULE_BYTES];
    const struct hark_evidence *best = hit->nevidence ? &hit->evidence[0] : &nothing;
    snprintf(rule, sizeof rule, HARK_STR_FMT "/" HARK_STR_FMT, HARK_STR_ARG(match->brand->name),
             HARK_STR_ARG(hit->intent->name));
    hark_json_open(json, '{');
    hark_json_kc(json, "rule", rule);
    hark_json_kv(json, "intent", hit->intent->name);
    encode_where(json, best);
    hark_json_kv(json, "text", text_at(post, best->span));
    hark_json_ki(json, "score", hit->score);
    encode_phrases(json, hit);
    hark_json_close(json, '}');
}

void hark_match_encode(const struct hark_match *match, const struct hark_post *post, struct hark_str post_json,
                       const char *ruleset, struct hark_json *json)
{
    hark_json_open(json, '{');
    hark_json_kc(json, "schema", "hark.match/1");
    hark_json_kv(json, "id", post->id);
    hark_json_kc(json, "ruleset", ruleset);
    hark_json_kv(json, "brand", match->brand->name);
    hark_json_kv(json, "team", match->brand->team);
    hark_json_key(json, "hits");
    hark_json_open(json, '[');
    for (size_t i = 0; i < match->nhits; i++) encode_hit(json, match, &match->hits[i], post);
    hark_json_close(json, ']');
    hark_json_key(json, "brand_spans");
    hark_json_open(json, '[');
    for (size_t i = 0; i < match->nspans; i++) encode_span(json, match->spans[i]);
    hark_json_close(json, ']');
    hark_json_key(json, "post");
    hark_json_raw(json, post_json);
    hark_json_close(json, '}');
}
