// The load of a rule set: files, documents, then what one document names in another.

#include "load.h"

#include "files.h"

#include <stdlib.h>

void hark_load_wish(struct hark_load *ld, struct hark_wish wish)
{
    ld->wishes = hark_grow(ld->wishes, ld->nwishes, &ld->wishes_cap, sizeof *ld->wishes);
    ld->wishes[ld->nwishes++] = wish;
}

// --- documents ---

static bool has_key(const struct hark_yaml *map, const char *key)
{
    for (size_t i = 0; i < map->n; i++)
        if (map->kids[2 * i].kind == HARK_YAML_SCALAR && hark_str_is(map->kids[2 * i].text, key)) return true;
    return false;
}

static void take_intent(struct hark_load *ld, const struct hark_yaml *root)
{
    bool fresh;
    struct hark_intent *intent = hark_load_intent(ld, root, false, false);
    if (!intent) return;
    struct hark_map_entry *entry = hark_map_put(&ld->intent_names, intent->name, &fresh);
    if (!fresh) {
        const struct hark_loc *first = &ld->named[entry->num]->loc;
        HARK_BAD(ld, root,
                 "the intent \"" HARK_STR_FMT "\" is there already, in " HARK_STR_FMT
                 ":%u: put both into one, or take another name",
                 HARK_STR_ARG(intent->name), HARK_STR_ARG(first->file), first->line);
        return;
    }
    entry->num = (int64_t)ld->nnamed;
    ld->named = hark_grow(ld->named, ld->nnamed, &ld->named_cap, sizeof *ld->named);
    ld->named[ld->nnamed++] = intent;
}

// What a document is by its keys, also where the one that says it is missing or misspelt.
static void load_document(void *arg, const struct hark_yaml *root)
{
    struct hark_load *ld = arg;
    if (root->kind != HARK_YAML_MAP) {
        HARK_BAD(ld, root, "a document of a rule file begins with brand: NAME or with intent: NAME");
        return;
    }
    bool brand = has_key(root, "brand") || has_key(root, "listen") || has_key(root, "team");
    bool intent = has_key(root, "intent") || has_key(root, "phrases") || has_key(root, "groups");
    if (brand && has_key(root, "intent"))
        HARK_BAD(ld, root,
                 "a brand and an intent are two documents: part them by a line with ---, or name intents in intents: "
                 "[want]");
    else if (brand)
        hark_load_brand(ld, root);
    else if (intent)
        take_intent(ld, root);
    else
        HARK_BAD(ld, root, "this is neither a brand (brand: NAME, team, listen) nor an intent (intent: NAME, phrases)");
}

// --- names ---

static void unknown_intent(struct hark_load *ld, struct hark_loc loc, const char *what, struct hark_str name,
                           const char *const *names)
{
    hark_say_names(&ld->buf, name, names);
    hark_problems_add(ld->problems, false, loc, "%s \"" HARK_STR_FMT "\": %s", what, HARK_STR_ARG(name),
                      hark_buf_cstr(&ld->buf));
}

static bool in_brand(const struct hark_brand *brand, struct hark_str name, size_t but)
{
    for (size_t i = 0; i < brand->nintents; i++)
        if (i != but && brand->intents[i] && hark_str_eq(brand->intents[i]->name, name)) return true;
    return false;
}

// The names of intents, of a brand's own (and the mention) or of all that files have; until the next call. Ends in
// NULL.
static const char *const *names_of(struct hark_load *ld, struct hark_intent *const *intents, size_t n, bool mention)
{
    hark_arena_reset(&ld->tree);
    const char **names = HARK_NEW_N(&ld->tree, const char *, n + 2);
    size_t k = 0;
    if (mention) names[k++] = "mention";
    for (size_t i = 0; i < n; i++)
        if (intents[i]) names[k++] = intents[i]->name.ptr;
    return names;
}

static void grant(struct hark_load *ld, const struct hark_wish *wish)
{
    struct hark_brand *brand = &ld->brands[wish->brand];
    const struct hark_map_entry *entry = hark_map_get(&ld->intent_names, wish->name);
    if (!entry)
        unknown_intent(ld, wish->loc, "unknown intent", wish->name, names_of(ld, ld->named, ld->nnamed, false));
    else if (in_brand(brand, wish->name, wish->slot))
        hark_problems_add(ld->problems, false, wish->loc,
                          "the brand has the intent \"" HARK_STR_FMT "\" already: leave one out",
                          HARK_STR_ARG(wish->name));
    else
        brand->intents[wish->slot] = ld->named[entry->num];
}

static void check_alerts(struct hark_load *ld, const struct hark_brand *brand)
{
    for (size_t i = 0; i < brand->nalerts; i++) {
        struct hark_str on = brand->alerts[i].on;
        if (hark_str_is(on, "mention") || in_brand(brand, on, SIZE_MAX)) continue;
        unknown_intent(ld, brand->alerts[i].loc, "an alert is on one of the brand's intents, not on", on,
                       names_of(ld, brand->intents, brand->nintents, true));
    }
}

static void check_hit(struct hark_load *ld, const struct hark_wish *wish)
{
    const struct hark_brand *brand = &ld->brands[wish->brand];
    if (in_brand(brand, wish->name, SIZE_MAX)) return;
    unknown_intent(ld, wish->loc, "a test hits the brand's intents, not", wish->name,
                   names_of(ld, brand->intents, brand->nintents, false));
}

static void compact(struct hark_brand *brand)
{
    size_t n = 0;
    for (size_t i = 0; i < brand->nintents; i++)
        if (brand->intents[i]) brand->intents[n++] = brand->intents[i];
    brand->nintents = n;
}

// Intents first: alerts and tests are checked against what the brand has then.
static void resolve(struct hark_load *ld)
{
    for (size_t i = 0; i < ld->nwishes; i++)
        if (!ld->wishes[i].hit) grant(ld, &ld->wishes[i]);
    for (size_t i = 0; i < ld->nwishes; i++)
        if (ld->wishes[i].hit) check_hit(ld, &ld->wishes[i]);
    for (size_t i = 0; i < ld->nbrands; i++) {
        compact(&ld->brands[i]);
        check_alerts(ld, &ld->brands[i]);
    }
}

// --- the whole ---

static void load_file(struct hark_load *ld, struct hark_file *file)
{
    hark_arena_reset(&ld->tree);
    file->name = hark_arena_str(ld->arena, file->name);
    ld->file = file;
    hark_yaml_parse(file, &ld->tree, ld->problems, load_document, ld);
}

static void move_in(struct hark_load *ld)
{
    struct hark_ruleset *rs = ld->rs;
    rs->brands = hark_arena_copy(&rs->arena, ld->brands, ld->nbrands, sizeof *ld->brands);
    rs->nbrands = ld->nbrands;
    rs->nnamed = ld->nnamed;
    rs->nintents = ld->nnamed + ld->ninlined;
    rs->intents = HARK_NEW_N(&rs->arena, struct hark_intent *, rs->nintents);
    if (ld->nnamed) memcpy(rs->intents, ld->named, ld->nnamed * sizeof *ld->named);
    if (ld->ninlined) memcpy(rs->intents + ld->nnamed, ld->inlined, ld->ninlined * sizeof *ld->inlined);
    for (size_t i = 0; i < rs->nintents; i++) rs->intents[i]->index = (uint32_t)i;
    rs->brand_index = ld->brand_names;
    ld->brand_names = (struct hark_map){0};
}

static void start(struct hark_load *ld, hark_regex_check *check_regex, struct hark_problems *problems)
{
    struct hark_ruleset *rs = hark_calloc(1, sizeof *rs);
    rs->refs = 1;
    *ld = (struct hark_load){.rs = rs, .arena = &rs->arena, .problems = problems};
    ld->leaf = (struct hark_leaf){.arena = &rs->arena, .problems = problems, .check_regex = check_regex};
}

// Gives back what only the load needed. The rule set, unless there is an error.
static struct hark_ruleset *finish(struct hark_load *ld, size_t errors_before)
{
    struct hark_ruleset *rs = ld->rs;
    if (ld->problems->errors == errors_before) {
        move_in(ld);
    } else {
        hark_ruleset_unref(rs);
        rs = NULL;
    }
    hark_arena_done(&ld->tree);
    free(ld->brands);
    free(ld->named);
    free(ld->inlined);
    free(ld->wishes);
    hark_map_done(&ld->brand_names);
    hark_map_done(&ld->intent_names);
    hark_buf_done(&ld->buf);
    hark_buf_done(&ld->tmp);
    hark_leaf_done(&ld->leaf);
    return rs;
}

// The lines that problems stand in are kept with them, for the files go away; those of one line share it. A line that
// is no line any more gets no caret.
static void keep_lines(struct hark_problems *problems, size_t from, struct hark_file **files, size_t n)
{
    enum { MAX_LINE = 64 << 10 };
    struct hark_map by_name = {0};
    struct hark_problem last = {0};
    for (size_t i = 0; i < n; i++) hark_map_put(&by_name, files[i]->name, NULL)->ptr = files[i];
    for (size_t i = from; i < problems->n; i++) {
        struct hark_problem *problem = &problems->v[i];
        const struct hark_map_entry *entry = hark_map_get(&by_name, problem->loc.file);
        if (!entry || problem->loc.line == 0) continue;
        if (last.loc.line == problem->loc.line && hark_str_eq(last.loc.file, problem->loc.file)) {
            problem->line = last.line;
            continue;
        }
        struct hark_str line = hark_file_line(entry->ptr, problem->loc.line);
        if (line.len <= MAX_LINE) problem->line = hark_arena_str(&problems->arena, line);
        last = *problem;
    }
    hark_map_done(&by_name);
}

struct hark_ruleset *hark_rules_load_text(struct hark_str name, struct hark_str bytes, hark_regex_check *check_regex,
                                          struct hark_problems *problems)
{
    struct hark_load ld;
    struct hark_files files = {0};
    struct hark_found found = hark_found(name, name, bytes);
    struct hark_file *file = &found.file;
    size_t before = problems->n, errors = problems->errors;
    char version[65];
    start(&ld, check_regex, problems);
    load_file(&ld, file);
    resolve(&ld);
    keep_lines(problems, before, &file, 1);
    files.v = &found;
    files.n = 1;
    hark_files_version(&files, version);
    memcpy(ld.rs->version, version, 12);
    ld.rs->files = 1;
    struct hark_ruleset *rs = finish(&ld, errors);
    hark_file_done(file);
    return rs;
}

static void check_any_brand(struct hark_load *ld, const struct hark_files *files, const char *path)
{
    if (ld->nbrands || !files->folder || ld->problems->errors) return;
    hark_problems_add(ld->problems, false, (struct hark_loc){hark_str(path), 0, 0},
                      "there is no brand in this folder: a brand is a file NAME.yaml with brand, team and listen");
}

struct hark_ruleset *hark_rules_load(const char *const *paths, size_t npaths, hark_regex_check *check_regex,
                                     struct hark_problems *problems)
{
    struct hark_load ld;
    struct hark_files files = {0};
    size_t before = problems->n, errors = problems->errors;
    char version[65];
    start(&ld, check_regex, problems);
    hark_files_find(&files, paths, npaths, problems);
    struct hark_file **pointers = hark_calloc(files.n + 1, sizeof *pointers);
    for (size_t i = 0; i < files.n; i++) load_file(&ld, pointers[i] = &files.v[i].file);
    resolve(&ld);
    check_any_brand(&ld, &files, npaths ? paths[0] : "");
    keep_lines(problems, before, pointers, files.n);
    hark_files_version(&files, version);
    memcpy(ld.rs->version, version, 12);
    ld.rs->files = files.n;
    struct hark_ruleset *rs = finish(&ld, errors);
    free(pointers);
    hark_files_done(&files);
    return rs;
}

// --- the rule set ---

struct hark_ruleset *hark_ruleset_ref(struct hark_ruleset *rs)
{
    __atomic_add_fetch(&rs->refs, 1, __ATOMIC_RELAXED);
    return rs;
}

void hark_ruleset_unref(struct hark_ruleset *rs)
{
    if (!rs || __atomic_sub_fetch(&rs->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    hark_map_done(&rs->brand_index);
    hark_arena_done(&rs->arena);
    free(rs);
}

const struct hark_brand *hark_ruleset_brand(const struct hark_ruleset *rs, struct hark_str name)
{
    const struct hark_map_entry *entry = hark_map_get(&rs->brand_index, name);
    return entry ? &rs->brands[entry->num] : NULL;
}
