// Intents: phrases with weights, groups, signals, and what takes phrases back.

#include "load.h"

#include <stdlib.h>

enum { DEFAULT_THRESHOLD = 10 };

static const char *const signal_names[HARK_SIGNALS + 1] = {"question", "question_end", "exclaim", "mention", "reply",
                                                           "repost",   "link",         "digits",  "short",   NULL};

const char *hark_signal_str(enum hark_signal signal)
{
    return signal_names[signal];
}

enum {
    KEY_INTENT,
    KEY_NAME,
    KEY_ABOUT,
    KEY_FOLD,
    KEY_THRESHOLD,
    KEY_GROUPS,
    KEY_PHRASES,
    KEY_SIGNALS,
    KEY_NOT,
    KEY_TESTS,
    KEYS
};
// A file's intent has its name in `intent`, an inline one in `name`.
static const char *const file_keys[] = {"intent",  "name",    "about", "fold",  "threshold", "groups",
                                        "phrases", "signals", "not",   "tests", NULL};

// What grows while an intent is read.
struct reading {
    struct hark_load *ld;
    struct hark_intent *intent;
    bool fold;
    size_t errors; // before it was read
    struct hark_phrase *phrases, *nots;
    size_t nphrases, phrases_cap, nnots, nots_cap;
    struct hark_map seen; // what a phrase looks for → its line
    struct hark_str lang; // of the list that is read
    int group, weight;
};

// Two phrases are one if they look for the same, however they are written.
static struct hark_str look_of(struct hark_load *ld, const struct hark_pattern *pattern)
{
    struct hark_buf *buf = &ld->buf;
    hark_buf_clear(buf);
    hark_buf_printf(buf, "%d %d %d %u ", pattern->kind, pattern->fold, pattern->ordered, pattern->distance);
    for (unsigned i = 0; i < pattern->nwords; i++) {
        const struct hark_word *word = &pattern->words[i];
        hark_buf_printf(buf, "%d%d" HARK_STR_FMT "\n", word->open_start, word->open_end, HARK_STR_ARG(word->text));
    }
    hark_buf_str_add(buf, pattern->exact.ptr ? pattern->exact : pattern->regex);
    return hark_buf_str(buf);
}

static void warn_double(struct reading *rd, const struct hark_yaml *node, const struct hark_pattern *pattern)
{
    struct hark_map_entry *entry = hark_map_get(&rd->seen, look_of(rd->ld, pattern));
    if (entry)
        HARK_WARN_AT(
            rd->ld, node,
            "this phrase stands in line %lld already, and all languages are tried on every post: leave one of them out",
            (long long)entry->num);
    else
        hark_map_put(&rd->seen, hark_arena_str(&rd->ld->tree, hark_buf_str(&rd->ld->buf)), NULL)->num = node->line;
}

static void add_phrase(struct reading *rd, const struct hark_yaml *node, int weight)
{
    struct hark_phrase phrase = {.lang = rd->lang, .weight = weight, .group = rd->group};
    if (!hark_load_pattern(rd->ld, node, "a phrase", rd->fold, &phrase.pattern)) return;
    warn_double(rd, node, &phrase.pattern);
    rd->phrases = hark_grow(rd->phrases, rd->nphrases, &rd->phrases_cap, sizeof *rd->phrases);
    rd->phrases[rd->nphrases++] = phrase;
}

static bool load_weight(struct reading *rd, const struct hark_yaml *node, const char *what, int *ret)
{
    int64_t weight;
    if (!hark_load_int(rd->ld, node, what, -HARK_RULES_MAX_WEIGHT, HARK_RULES_MAX_WEIGHT, &weight)) return false;
    *ret = (int)weight;
    return true;
}

// A bare phrase, or {phrase: weight}.
static void load_phrase(struct reading *rd, const struct hark_yaml *node)
{
    if (node->kind != HARK_YAML_MAP) {
        add_phrase(rd, node, rd->weight);
        return;
    }
    for (size_t i = 0; i < node->n; i++) {
        const struct hark_yaml *key = &node->kids[2 * i], *value = &node->kids[2 * i + 1];
        int weight;
        if (key->kind != HARK_YAML_SCALAR ||
            (value->kind == HARK_YAML_SCALAR && value->style == HARK_YAML_PLAIN && value->text.len == 0))
            HARK_BAD(rd->ld, node,
                     "a phrase is a text, or {text: weight}; one that begins with { needs quotes, as in '{BT}'");
        else if (load_weight(rd, value, "the weight of a phrase", &weight))
            add_phrase(rd, key, weight);
    }
}

static void load_grouped(struct reading *rd, const struct hark_yaml *node)
{
    if (node->kind == HARK_YAML_MAP)
        HARK_BAD(rd->ld, node,
                 "in a group the group gives the weight: write the phrase alone; one that begins with { needs quotes");
    else
        add_phrase(rd, node, rd->weight);
}

static void load_not(struct reading *rd, const struct hark_yaml *node)
{
    struct hark_phrase phrase = {.lang = rd->lang, .group = -1};
    if (!hark_load_pattern(rd->ld, node, "a phrase", rd->fold, &phrase.pattern)) return;
    rd->nots = hark_grow(rd->nots, rd->nnots, &rd->nots_cap, sizeof *rd->nots);
    rd->nots[rd->nnots++] = phrase;
}

static void load_list(struct reading *rd, const struct hark_yaml *list, const char *what,
                      void (*each)(struct reading *rd, const struct hark_yaml *))
{
    if (!hark_load_list(rd->ld, list, what)) return;
    if (list->n == 0) HARK_WARN_AT(rd->ld, list, "%s is an empty list", what);
    for (size_t i = 0; i < list->n; i++) each(rd, &list->kids[i]);
}

// A plain list, or a list for each language.
static void load_by_lang(struct reading *rd, const struct hark_yaml *node, const char *what,
                         void (*each)(struct reading *rd, const struct hark_yaml *))
{
    rd->lang = HARK_STR("");
    if (node->kind == HARK_YAML_SEQ) {
        load_list(rd, node, what, each);
        return;
    }
    if (node->kind != HARK_YAML_MAP) {
        HARK_BAD(rd->ld, node, "%s is a list of phrases, or one for each language: en: [one, two]", what);
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        if (hark_load_lang(rd->ld, &node->kids[2 * i], &rd->lang)) load_list(rd, &node->kids[2 * i + 1], what, each);
}

static const char *const group_keys[] = {"weight", "second", NULL};

static void load_group(struct reading *rd, const struct hark_yaml *node, struct hark_group *group)
{
    const struct hark_yaml *values[2];
    size_t before = rd->nphrases;
    if (!hark_load_keys(rd->ld, node, "a group", group_keys, true, values)) return;
    if (!values[0])
        HARK_BAD(rd->ld, node, "the group has no weight: weight: 6");
    else
        (void)load_weight(rd, values[0], "the weight of a group", &group->weight);
    if (values[1]) (void)load_weight(rd, values[1], "second", &group->second);
    rd->weight = group->weight;
    for (size_t i = 0; i < node->n; i++) {
        const struct hark_yaml *key = &node->kids[2 * i];
        bool other =
            key->kind != HARK_YAML_SCALAR || hark_str_is(key->text, "weight") || hark_str_is(key->text, "second");
        if (other || !hark_is_lang(key->text) || !hark_load_lang(rd->ld, key, &rd->lang)) continue;
        load_list(rd, &node->kids[2 * i + 1], "a group's phrases", load_grouped);
    }
    if (rd->nphrases == before) HARK_WARN_AT(rd->ld, node, "the group has no phrases: en: [one, two]");
}

static void load_groups(struct reading *rd, const struct hark_yaml *node)
{
    if (node->kind != HARK_YAML_MAP) {
        HARK_BAD(rd->ld, node, "groups are written as NAME: {weight: 6, en: [one, two]}");
        return;
    }
    rd->intent->groups = HARK_NEW_N(rd->ld->arena, struct hark_group, node->n);
    for (size_t i = 0; i < node->n; i++) {
        struct hark_group *group = &rd->intent->groups[rd->intent->ngroups];
        struct hark_str name;
        if (!hark_load_text(rd->ld, &node->kids[2 * i], "the name of a group", &name)) continue;
        group->name = hark_arena_str(rd->ld->arena, name);
        rd->group = (int)rd->intent->ngroups++;
        load_group(rd, &node->kids[2 * i + 1], group);
    }
}

static void load_signals(struct reading *rd, const struct hark_yaml *node)
{
    const struct hark_yaml *values[HARK_SIGNALS];
    if (!hark_load_keys(rd->ld, node, "signals", signal_names, false, values)) return;
    for (int i = 0; i < HARK_SIGNALS; i++)
        if (values[i]) (void)load_weight(rd, values[i], "the weight of a signal", &rd->intent->signals[i]);
}

// --- whether it can fire ---

static long most_points(const struct hark_intent *intent)
{
    long most = 0;
    for (size_t i = 0; i < intent->nphrases; i++)
        if (intent->phrases[i].group < 0 && intent->phrases[i].weight > 0) most += intent->phrases[i].weight;
    for (size_t i = 0; i < intent->ngroups; i++) {
        const struct hark_group *group = &intent->groups[i];
        if (group->weight > 0) most += group->weight;
        if (group->second > 0) most += group->second;
    }
    for (int i = 0; i < HARK_SIGNALS; i++)
        if (intent->signals[i] > 0) most += intent->signals[i];
    return most;
}

static void check_points(struct reading *rd, const struct hark_yaml *map, const struct hark_yaml *values[KEYS])
{
    const struct hark_intent *intent = rd->intent;
    if (!values[KEY_PHRASES] && !values[KEY_GROUPS] && !values[KEY_SIGNALS]) {
        HARK_BAD(rd->ld, map, "this intent looks for nothing: give it phrases: {en: [one, two]}");
        return;
    }
    if (rd->ld->problems->errors > rd->errors) return; // what is left out may make up for it
    long most = most_points(intent);
    if (most < intent->threshold)
        HARK_WARN_AT(rd->ld, map, "this intent can never fire: all its points together are %ld, the threshold is %d",
                     most, intent->threshold);
    for (size_t i = 0; i < intent->nphrases; i++)
        if (intent->phrases[i].group < 0 && intent->phrases[i].weight == 0)
            hark_problems_add(rd->ld->problems, true, intent->phrases[i].pattern.loc,
                              "a phrase that weighs 0 never counts: leave it out");
}

// --- the whole ---

static void read_keys(struct reading *rd, const struct hark_yaml *values[KEYS])
{
    struct hark_load *ld = rd->ld;
    struct hark_intent *intent = rd->intent;
    struct hark_str about;
    int64_t threshold;
    if (values[KEY_ABOUT] && hark_load_text(ld, values[KEY_ABOUT], "about", &about))
        intent->about = hark_arena_str(ld->arena, about);
    if (values[KEY_FOLD]) (void)hark_load_bool(ld, values[KEY_FOLD], "fold", &rd->fold);
    if (values[KEY_THRESHOLD] &&
        hark_load_int(ld, values[KEY_THRESHOLD], "the threshold", 1, HARK_RULES_MAX_WEIGHT, &threshold))
        intent->threshold = (int)threshold;
    if (values[KEY_GROUPS]) load_groups(rd, values[KEY_GROUPS]);
    rd->group = -1;
    rd->weight = intent->threshold;
    if (values[KEY_PHRASES]) load_by_lang(rd, values[KEY_PHRASES], "phrases", load_phrase);
    if (values[KEY_SIGNALS]) load_signals(rd, values[KEY_SIGNALS]);
    if (values[KEY_NOT]) load_by_lang(rd, values[KEY_NOT], "not", load_not);
}

static void finish(struct reading *rd)
{
    struct hark_arena *arena = rd->ld->arena;
    rd->intent->phrases = hark_arena_copy(arena, rd->phrases, rd->nphrases, sizeof *rd->phrases);
    rd->intent->nphrases = rd->nphrases;
    rd->intent->nots = hark_arena_copy(arena, rd->nots, rd->nnots, sizeof *rd->nots);
    rd->intent->nnots = rd->nnots;
    free(rd->phrases);
    free(rd->nots);
    hark_map_done(&rd->seen);
}

static bool load_intent_name(struct hark_load *ld, const struct hark_yaml *map, const struct hark_yaml *const *values,
                             bool inlined, struct hark_str *ret)
{
    const struct hark_yaml *name = values[inlined ? KEY_NAME : KEY_INTENT],
                           *other = values[inlined ? KEY_INTENT : KEY_NAME];
    if (other)
        HARK_BAD(ld, other,
                 inlined ? "an intent inside a brand has its name in name: NAME"
                         : "an intent file has its name in intent: NAME");
    if (!name) {
        if (!other) HARK_BAD(ld, map, "the intent has no name: %s: want", inlined ? "name" : "intent");
        return false;
    }
    if (!hark_load_name(ld, name, "the name of an intent", ret)) return false;
    bool taken = hark_str_is(*ret, "mention") || hark_str_is(*ret, "none");
    if (taken)
        HARK_BAD(ld, name, "\"" HARK_STR_FMT "\" has a meaning of its own: take another name", HARK_STR_ARG(*ret));
    return !taken;
}

struct hark_intent *hark_load_intent(struct hark_load *ld, const struct hark_yaml *map, bool inlined, bool fold)
{
    const struct hark_yaml *values[KEYS];
    struct reading rd = {
        .ld = ld, .intent = HARK_NEW(ld->arena, struct hark_intent), .fold = fold, .errors = ld->problems->errors};
    if (!hark_load_keys(ld, map, "an intent", file_keys, false, values)) return NULL;
    bool named = load_intent_name(ld, map, values, inlined, &rd.intent->name);
    rd.intent->threshold = DEFAULT_THRESHOLD;
    rd.intent->inlined = inlined;
    rd.intent->loc = hark_yaml_loc(ld, map);
    read_keys(&rd, values);
    finish(&rd);
    check_points(&rd, map, values);
    if (values[KEY_TESTS]) rd.intent->tests = hark_load_tests(ld, values[KEY_TESTS], 0, rd.intent, &rd.intent->ntests);
    return named ? rd.intent : NULL;
}
