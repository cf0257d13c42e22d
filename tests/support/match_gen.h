// Random rule sets and posts for the oracle: the matcher with its prefilter must find what it finds without.
//
// Everything is made of a small alphabet of characters that have several forms (case, composed and decomposed,
// full-width, invisible, scripts without spaces), so that terms and texts meet often. Choices come from a stream of
// bytes: of a generator in the unit test, of the fuzzer in the fuzz target.
#pragma once

#include <hark/match.h>
#include <hark/text.h>

#include <stdio.h>
#include <stdlib.h>

struct gen {
    const uint8_t *bytes; // NULL: from `state`
    size_t len, at;
    uint64_t state;
};

static inline uint32_t gen_next(struct gen *gen)
{
    if (gen->bytes) {
        uint32_t value = gen->at < gen->len ? gen->bytes[gen->at] : 0;
        gen->at++;
        return value | (gen->at < gen->len ? (uint32_t)gen->bytes[gen->at] << 8 : 0);
    }
    gen->state = gen->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(gen->state >> 33);
}

static inline uint32_t gen_below(struct gen *gen, uint32_t n)
{
    return gen_next(gen) % n;
}

static inline bool gen_chance(struct gen *gen, uint32_t percent)
{
    return gen_below(gen, 100) < percent;
}

// --- text ---

static const char *const gen_letters[] = {"a",
                                          "b",
                                          "A",
                                          "B",
                                          "n",
                                          "N",
                                          "s",
                                          "S",
                                          "i",
                                          "I",
                                          "t",
                                          "1",
                                          "_",
                                          "e",
                                          "E",
                                          "k",
                                          "ß",
                                          "ss",
                                          "ẞ",
                                          "é",
                                          "e\u0301",
                                          "E\u0301",
                                          "É",
                                          "đ",
                                          "Đ",
                                          "d",
                                          "ž",
                                          "Ž",
                                          "z\u030c",
                                          "z",
                                          "ł",
                                          "ø",
                                          "o",
                                          "ｎ",
                                          "Ｎ",
                                          "１",
                                          "²",
                                          "ﬁ",
                                          "fi",
                                          "ſ",
                                          "\u212a",
                                          "İ",
                                          "ı",
                                          "i\u0307",
                                          "σ",
                                          "ς",
                                          "Σ",
                                          "ΐ",
                                          "\u03b9\u0308\u0301",
                                          "가",
                                          "\u1100\u1161",
                                          "각",
                                          "\u1100\u1161\u11a8",
                                          "나",
                                          "는",
                                          "를",
                                          "에서",
                                          "\u1102",
                                          "\u1161",
                                          "\u11a8",
                                          "ㄱ",
                                          "ㅋ",
                                          "日",
                                          "本",
                                          "カ",
                                          "ｶ",
                                          "ﾞ",
                                          "ガ",
                                          "ｶﾞ",
                                          "か\u3099",
                                          "が",
                                          "の",
                                          "ー",
                                          "㌔",
                                          "ก",
                                          "ำ",
                                          "न",
                                          "ी",
                                          "क्",
                                          "ष",
                                          "क़",
                                          "क\u093c",
                                          "\u0301",
                                          "\u0323",
                                          "\u200d",
                                          "\u200c",
                                          "\u200b",
                                          "\u00ad",
                                          "\ufe0f",
                                          "\u2060",
                                          "ё",
                                          "е\u0308",
                                          "Ё",
                                          "я",
                                          "ا",
                                          "ﻻ",
                                          "لا",
                                          "ـ",
                                          "'",
                                          "’",
                                          "＇",
                                          "n't",
                                          "'s",
                                          "&",
                                          "+",
                                          "-",
                                          ".",
                                          "\U0001f642",
                                          "\U0001f469",
                                          "\U0001f469\u200d\U0001f467",
                                          "\U0001f3fd",
                                          "\U0001f1e9\U0001f1ea",
                                          "\U00010400",
                                          "\U00010428",
                                          "\U0001d5e1"};

static const char *const gen_joints[] = {" ",  " ",  " ",      "  ",   "\u00a0", "\u3000", "\n",   "\t",   ",",
                                         ". ", "!",  "? ",     "\"",   "\\",     "/",      "#",    "＃",   "@",
                                         "＠", "$",  "(",      ") ",   "\"",     "…",      "",     "",     " #",
                                         " @", " $", "\u2003", "\r\n", "|",      ":",      "\x01", "\x02", "\x7f"};

static const char *const gen_links[] = {
    "https://ab.example/a?b=n",      "http://shop.ab.example",  "www.ab.example/#a", "ab.example",
    "https://u:p@ab.example:8080/x", "https://例え.example/ガ", "AB.example/é"};

#define GEN_PICK(gen, list) (list)[gen_below((gen), sizeof(list) / sizeof *(list))]

static inline void gen_put(struct hark_buf *buf, const char *text)
{
    hark_buf_add(buf, text, strlen(text));
}

static inline void gen_word(struct gen *gen, struct hark_buf *buf)
{
    for (uint32_t n = 1 + gen_below(gen, 4); n > 0; n--) gen_put(buf, GEN_PICK(gen, gen_letters));
}

static inline struct hark_str gen_term(struct gen *gen, struct hark_arena *arena)
{
    struct hark_buf buf = {0};
    for (uint32_t n = 1 + gen_chance(gen, 25); n > 0; n--) {
        gen_word(gen, &buf);
        if (n > 1) hark_buf_char(&buf, ' ');
    }
    struct hark_str term = hark_arena_str(arena, hark_buf_str(&buf));
    hark_buf_done(&buf);
    return term;
}

// --- rules ---

struct gen_rules {
    struct hark_ruleset *rs;
    struct hark_str terms[64]; // what texts are made of, so that rules hit
    size_t nterms;
};

static inline struct hark_str gen_known_term(struct gen *gen, struct gen_rules *rules)
{
    struct hark_str term = gen_term(gen, &rules->rs->arena);
    if (rules->nterms && gen_chance(gen, 30)) term = rules->terms[gen_below(gen, (uint32_t)rules->nterms)];
    if (rules->nterms < 64) rules->terms[rules->nterms++] = term;
    return term;
}

static inline struct hark_str gen_key(struct hark_str term, struct hark_arena *arena)
{
    struct hark_buf buf = {0};
    hark_text_key(term, &buf);
    struct hark_str key = hark_arena_str(arena, hark_buf_str(&buf));
    hark_buf_done(&buf);
    return key.len ? key : HARK_STR("a");
}

static inline struct hark_word gen_pattern_word(struct gen *gen, struct gen_rules *rules, bool fold,
                                                struct hark_str *ret_term)
{
    struct hark_buf buf = {0};
    struct hark_word word = {.open_start = gen_chance(gen, 20), .open_end = gen_chance(gen, 25)};
    *ret_term = gen_known_term(gen, rules);
    hark_view_phrase(*ret_term, fold ? HARK_VIEW_PLAIN : 0, &buf);
    word.text = buf.len ? hark_arena_str(&rules->rs->arena, hark_buf_str(&buf)) : HARK_STR("a");
    hark_buf_done(&buf);
    return word;
}

static const char *const gen_regexes[] = {"a.b", "\\bn+", "[ßé]",   "가|나", "(?-i)A", "s{2}",
                                          "^a",  "b$",    "(a+)+$", "\\d",   "not? "};

static inline void gen_pattern(struct gen *gen, struct gen_rules *rules, struct hark_pattern *pattern)
{
    struct hark_arena *arena = &rules->rs->arena;
    *pattern = (struct hark_pattern){
        .fold = gen_chance(gen, 30), .written = HARK_STR("pattern"), .distance = gen_below(gen, 3)};
    uint32_t kind = gen_below(gen, 100);
    if (kind < 4) {
        pattern->kind = HARK_PATTERN_REGEX;
        pattern->regex = hark_str(GEN_PICK(gen, gen_regexes));
        return;
    }
    pattern->kind = kind < 20 ? HARK_PATTERN_NEAR : HARK_PATTERN_WORDS;
    pattern->nwords = pattern->kind == HARK_PATTERN_NEAR ? 2 + gen_below(gen, 2) : 1;
    pattern->ordered = gen_chance(gen, 50);
    pattern->words = HARK_NEW_N(arena, struct hark_word, pattern->nwords);
    struct hark_str term;
    for (unsigned i = 0; i < pattern->nwords; i++)
        pattern->words[i] = gen_pattern_word(gen, rules, pattern->fold, &term);
    if (kind >= 90 && !pattern->fold) {
        struct hark_buf buf = {0};
        struct hark_str nfc;
        hark_text_nfc(hark_str_trim(term), &buf, &nfc);
        pattern->exact = hark_arena_str(arena, nfc);
        hark_buf_done(&buf);
    }
}

static inline struct hark_node *gen_node(struct gen *gen, struct gen_rules *rules, int depth);

static inline void gen_kids(struct gen *gen, struct gen_rules *rules, struct hark_node *node, uint32_t n, int depth)
{
    node->nkids = n;
    node->kids = HARK_NEW_N(&rules->rs->arena, struct hark_node *, n);
    for (uint32_t i = 0; i < n; i++) node->kids[i] = gen_node(gen, rules, depth + 1);
}

static inline void gen_field(struct gen *gen, struct gen_rules *rules, struct hark_node *node)
{
    node->field = (enum hark_field)gen_below(gen, HARK_FIELD_REPLIES + 1);
    node->min = gen_below(gen, 3);
    node->max = gen_chance(gen, 50) ? INT64_MAX : gen_below(gen, 5);
    if (node->field == HARK_FIELD_LANG)
        node->key = HARK_STR("en");
    else if (node->field == HARK_FIELD_SOURCE)
        node->key = HARK_STR("x");
    else
        node->key = gen_key(gen_known_term(gen, rules), &rules->rs->arena);
}

static inline struct hark_node *gen_node(struct gen *gen, struct gen_rules *rules, int depth)
{
    static const enum hark_node_kind leaves[] = {
        HARK_NODE_HASHTAG, HARK_NODE_HASHTAG, HARK_NODE_HANDLE,  HARK_NODE_CASHTAG, HARK_NODE_DOMAIN,
        HARK_NODE_URL,     HARK_NODE_PATTERN, HARK_NODE_PATTERN, HARK_NODE_PATTERN, HARK_NODE_FIELD};
    struct hark_arena *arena = &rules->rs->arena;
    struct hark_node *node = HARK_NEW(arena, struct hark_node);
    node->written = HARK_STR("leaf");
    uint32_t kind = gen_below(gen, 100);
    if (depth < 3 && kind < 45) {
        node->kind = kind < 20 ? HARK_NODE_OR : kind < 42 || depth == 0 ? HARK_NODE_AND : HARK_NODE_NOT;
        gen_kids(gen, rules, node, node->kind == HARK_NODE_NOT ? 1 : 1 + gen_below(gen, 3), depth);
        return node;
    }
    node->kind = kind == 99 && depth > 0 ? HARK_NODE_ALL : GEN_PICK(gen, leaves);
    if (node->kind == HARK_NODE_PATTERN) {
        node->pattern = HARK_NEW(arena, struct hark_pattern);
        gen_pattern(gen, rules, node->pattern);
    } else if (node->kind == HARK_NODE_FIELD) {
        gen_field(gen, rules, node);
    } else if (node->kind == HARK_NODE_DOMAIN || node->kind == HARK_NODE_URL) {
        node->key = gen_chance(gen, 60) ? HARK_STR("ab.example") : gen_key(gen_known_term(gen, rules), arena);
    } else {
        node->key = gen_key(gen_known_term(gen, rules), arena);
    }
    return node;
}

static inline void gen_intent(struct gen *gen, struct gen_rules *rules, struct hark_intent *intent, uint32_t index)
{
    struct hark_arena *arena = &rules->rs->arena;
    *intent =
        (struct hark_intent){.name = hark_arena_printf(arena, "intent%u", index), .threshold = 10, .index = index};
    intent->ngroups = 1;
    intent->groups = HARK_NEW_N(arena, struct hark_group, 1);
    intent->groups[0] = (struct hark_group){HARK_STR("g"), 6, 4};
    intent->nphrases = 2 + gen_below(gen, 3);
    intent->phrases = HARK_NEW_N(arena, struct hark_phrase, intent->nphrases);
    for (size_t i = 0; i < intent->nphrases; i++) {
        gen_pattern(gen, rules, &intent->phrases[i].pattern);
        intent->phrases[i].group = gen_chance(gen, 50) ? 0 : -1;
        intent->phrases[i].weight = gen_chance(gen, 60) ? 10 : 5;
        intent->phrases[i].lang = HARK_STR("en");
    }
    intent->nnots = gen_below(gen, 2);
    intent->nots = HARK_NEW_N(arena, struct hark_phrase, intent->nnots);
    for (size_t i = 0; i < intent->nnots; i++) gen_pattern(gen, rules, &intent->nots[i].pattern);
    for (int i = 0; i < HARK_SIGNALS; i++) intent->signals[i] = gen_chance(gen, 20) ? 4 : 0;
}

static inline void gen_brand(struct gen *gen, struct gen_rules *rules, struct hark_brand *brand, uint32_t index)
{
    struct hark_arena *arena = &rules->rs->arena;
    *brand =
        (struct hark_brand){.name = hark_arena_printf(arena, "brand%u", index), .team = HARK_STR("t"), .index = index};
    brand->listen = gen_node(gen, rules, 0);
    brand->only_reposts = gen_chance(gen, 80);
    if (gen_chance(gen, 20)) {
        brand->nignore_phrases = 1;
        brand->ignore_phrases = HARK_NEW_N(arena, struct hark_pattern *, 1);
        brand->ignore_phrases[0] = HARK_NEW(arena, struct hark_pattern);
        gen_pattern(gen, rules, brand->ignore_phrases[0]);
    }
    brand->nintents = rules->rs->nintents;
    brand->intents = rules->rs->intents;
}

enum { GEN_BRANDS = 6, GEN_INTENTS = 2 };

static inline void gen_ruleset(struct gen *gen, struct gen_rules *rules)
{
    // Freed by hark_ruleset_unref(), as one that was loaded.
    struct hark_ruleset *rs = hark_calloc(1, sizeof *rs);
    *rules = (struct gen_rules){.rs = rs};
    rs->refs = 1;
    snprintf(rs->version, sizeof rs->version, "generated");
    rs->nintents = rs->nnamed = GEN_INTENTS;
    rs->intents = HARK_NEW_N(&rs->arena, struct hark_intent *, rs->nintents);
    for (uint32_t i = 0; i < rs->nintents; i++) {
        rs->intents[i] = HARK_NEW(&rs->arena, struct hark_intent);
        gen_intent(gen, rules, rs->intents[i], i);
    }
    rs->nbrands = GEN_BRANDS;
    rs->brands = HARK_NEW_N(&rs->arena, struct hark_brand, rs->nbrands);
    for (uint32_t i = 0; i < rs->nbrands; i++) gen_brand(gen, rules, &rs->brands[i], i);
}

// --- posts, as JSON that other producers may write ---

static inline void gen_text(struct gen *gen, const struct gen_rules *rules, struct hark_buf *buf)
{
    uint32_t known = gen_below(gen, 60);
    for (uint32_t n = 1 + gen_below(gen, 8); n > 0; n--) {
        uint32_t kind = gen_below(gen, 100);
        if (kind < known && rules->nterms)
            hark_buf_str_add(buf, rules->terms[gen_below(gen, (uint32_t)rules->nterms)]);
        else if (kind < 62)
            gen_put(buf, GEN_PICK(gen, gen_links));
        else
            gen_word(gen, buf);
        gen_put(buf, GEN_PICK(gen, gen_joints));
    }
}

static inline void gen_escape(struct hark_buf *out, uint32_t c)
{
    if (c >= 0x10000) {
        c -= 0x10000;
        hark_buf_printf(out, "\\u%04x\\u%04X", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
    } else {
        hark_buf_printf(out, "\\u%04x", c);
    }
}

// As a JSON string; `share` percent of the characters escaped though they need not be. Upper-cases ASCII at times.
static inline void gen_string(struct gen *gen, struct hark_str s, uint32_t share, struct hark_buf *out)
{
    bool upper = gen_chance(gen, 10);
    hark_buf_char(out, '"');
    for (size_t i = 0; i < s.len;) {
        size_t from = i;
        uint32_t c = hark_utf8_next(s, &i);
        if (upper && c >= 'a' && c <= 'z') c &= ~0x20u;
        if (c < 0x20 || (share && gen_chance(gen, share)))
            gen_escape(out, c);
        else if (c == '"' || c == '\\')
            hark_buf_printf(out, "\\%c", (char)c);
        else if (c < 0x80)
            hark_buf_printf(out, c == '/' && share ? "\\%c" : "%c", (char)c);
        else
            hark_buf_add(out, s.ptr + from, i - from);
    }
    hark_buf_char(out, '"');
}

static inline void gen_strings(struct gen *gen, const struct gen_rules *rules, const char *name, const char *sign,
                               uint32_t share, struct hark_buf *out)
{
    struct hark_buf value = {0};
    hark_buf_printf(out, ",\"%s\":[", name);
    for (uint32_t n = gen_below(gen, 3), i = 0; i < n; i++) {
        hark_buf_clear(&value);
        gen_put(&value, gen_chance(gen, 20) ? sign : "");
        if (rules->nterms) hark_buf_str_add(&value, rules->terms[gen_below(gen, (uint32_t)rules->nterms)]);
        if (*sign == '@' && gen_chance(gen, 30)) gen_put(&value, "@ab.example");
        if (*sign == 'h') gen_put(&value, "ab.example/");
        if (i) hark_buf_char(out, ',');
        gen_string(gen, hark_buf_str(&value), share, out);
    }
    hark_buf_char(out, ']');
    hark_buf_done(&value);
}

static inline void gen_author(struct gen *gen, const struct gen_rules *rules, uint32_t share, struct hark_buf *out)
{
    if (rules->nterms == 0 || gen_chance(gen, 60)) return;
    gen_put(out, ",\"author\":{\"handle\":");
    gen_string(gen, rules->terms[gen_below(gen, (uint32_t)rules->nterms)], share, out);
    hark_buf_printf(out, ",\"followers\":%u}", gen_below(gen, 5));
}

// Those that are left out are those of the text. All of them together are how hark itself writes posts.
static inline void gen_lists(struct gen *gen, const struct gen_rules *rules, uint32_t share, struct hark_buf *out)
{
    static const char *const lists[][2] = {{"hashtags", "#"}, {"mentions", "@"}, {"links", "https://"}};
    bool all = gen_chance(gen, 40);
    for (size_t i = 0; i < 3; i++)
        if (all || gen_chance(gen, 45)) gen_strings(gen, rules, lists[i][0], lists[i][1], share, out);
}

static inline void gen_post(struct gen *gen, const struct gen_rules *rules, struct hark_buf *out)
{
    static const char *const sources[] = {"bluesky", "mastodon", "x", "rss"};
    static const uint32_t shares[] = {0, 0, 0, 10, 100};
    uint32_t share = GEN_PICK(gen, shares);
    struct hark_buf text = {0};
    hark_buf_clear(out);
    hark_buf_printf(
        out,
        "{\"schema\":\"hark.post/1\",\"id\":\"1\",\"source\":\"%s\",\"op\":\"%s\",\"time\":\"2026-11-21T10:00:00Z\"",
        GEN_PICK(gen, sources), gen_chance(gen, 90) ? "create" : "update");
    gen_text(gen, rules, &text);
    // Others may have keys in another order.
    uint32_t order = gen_below(gen, 10);
    if (order == 0) gen_author(gen, rules, share, out);
    if (order == 1) gen_lists(gen, rules, share, out);
    gen_put(out, ",\"text\":");
    gen_string(gen, hark_buf_str(&text), share, out);
    if (order != 1) gen_lists(gen, rules, share, out);
    if (order != 0) gen_author(gen, rules, share, out);
    if (gen_chance(gen, 40)) gen_put(out, ",\"lang\":[\"en-GB\"]");
    if (gen_chance(gen, 30)) gen_put(out, ",\"reply_to\":\"at://ab/1\"");
    if (gen_chance(gen, 15)) gen_put(out, ",\"repost_of\":\"2\"");
    if (gen_chance(gen, 20)) gen_put(out, ",\"engagement\":{\"likes\":2,\"reposts\":1,\"replies\":0}");
    gen_put(out, gen_chance(gen, 10) ? " }" : "}");
    hark_buf_done(&text);
}

// --- the oracle ---

struct oracle {
    uint64_t pairs, refused, named;  // posts that were compared, that do not decode, that name a brand
    uint64_t passed_over, ruled_out; // posts without a candidate; brands that were none
    struct hark_arena arena;
    struct hark_buf with, without;
};

static inline void oracle_done(struct oracle *oracle)
{
    hark_arena_done(&oracle->arena);
    hark_buf_done(&oracle->with);
    hark_buf_done(&oracle->without);
}

static inline void oracle_write(const struct hark_matches *matches, const struct hark_post *post, struct hark_buf *out)
{
    struct hark_json json = hark_json_to(out);
    hark_buf_clear(out);
    for (size_t i = 0; i < matches->n; i++) hark_match_encode(&matches->v[i], post, HARK_STR("{}"), "0", &json);
}

// Whether the message has the same hits with and without the prefilter.
static inline bool oracle_agrees(struct oracle *oracle, const struct hark_matcher *m, struct hark_scratch *ms,
                                 struct hark_str raw)
{
    struct hark_post post;
    struct hark_err err = {0};
    hark_arena_reset(&oracle->arena);
    oracle->pairs++;
    size_t candidates = hark_match_maybe(m, ms, raw);
    if (hark_post_decode(raw, &oracle->arena, &post, &err) < 0) {
        oracle->refused++;
        return true;
    }
    struct hark_matches matches = candidates ? hark_match_post(m, ms, &post, false) : (struct hark_matches){NULL, 0};
    oracle_write(&matches, &post, &oracle->with);
    oracle->passed_over += candidates == 0;
    oracle->ruled_out += hark_matcher_rules(m)->nbrands - candidates;
    matches = hark_match_post(m, ms, &post, true);
    oracle_write(&matches, &post, &oracle->without);
    oracle->named += matches.n > 0;
    return hark_str_eq(hark_buf_str(&oracle->with), hark_buf_str(&oracle->without));
}
