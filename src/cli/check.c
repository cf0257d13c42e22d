// hark check: compiles rule files and says all that is wrong with them, and with --cost what they cost.

#include "cli.h"
#include "watch.h"

#include <hark/clock.h>
#include <hark/match.h>

#include <stdio.h>
#include <stdlib.h>

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

// --- cost: what is known from compiling alone ---

// What has to be tried for a brand on a post that names it.
struct load {
    const struct hark_intent *intent; // NULL: of a brand
    const struct hark_brand *brand;
    size_t brands, phrases, regexes, nears;
};

static void add_pattern(struct load *load, const struct hark_pattern *pattern)
{
    load->phrases++;
    load->regexes += pattern->kind == HARK_PATTERN_REGEX;
    load->nears += pattern->kind == HARK_PATTERN_NEAR;
}

static void add_tree(struct load *load, const struct hark_node *node)
{
    if (node->kind == HARK_NODE_PATTERN) add_pattern(load, node->pattern);
    for (uint32_t i = 0; i < node->nkids; i++) add_tree(load, node->kids[i]);
}

static struct load load_of_intent(const struct hark_intent *intent)
{
    struct load load = {.intent = intent};
    for (size_t i = 0; i < intent->nphrases; i++) add_pattern(&load, &intent->phrases[i].pattern);
    for (size_t i = 0; i < intent->nnots; i++) add_pattern(&load, &intent->nots[i].pattern);
    return load;
}

static struct load load_of_brand(const struct hark_brand *brand)
{
    struct load load = {.brand = brand, .brands = 1};
    add_tree(&load, brand->listen);
    for (size_t i = 0; i < brand->nignore_phrases; i++) add_pattern(&load, brand->ignore_phrases[i]);
    return load;
}

// A pattern in slashes is tried by itself on each post, a distance after its words were found; words are all found in
// one go.
static int dearest_first(const void *a, const void *b)
{
    const struct load *x = a, *y = b;
    if (x->regexes != y->regexes) return x->regexes > y->regexes ? -1 : 1;
    if (x->nears != y->nears) return x->nears > y->nears ? -1 : 1;
    if (x->phrases != y->phrases) return x->phrases > y->phrases ? -1 : 1;
    return 0;
}

static void print_load(const struct load *load)
{
    struct hark_loc loc = load->intent ? load->intent->loc : load->brand->loc;
    struct hark_str name = load->intent ? load->intent->name : load->brand->name;
    printf("  %s " HARK_STR_FMT ": %zu phrase%s, of these %zu in slashes and %zu with a distance",
           load->intent ? "intent" : "brand", HARK_STR_ARG(name), load->phrases, plural(load->phrases), load->regexes,
           load->nears);
    if (load->intent) printf("; for %zu brand%s", load->brands, plural(load->brands));
    printf(" (" HARK_STR_FMT ":%u)\n", HARK_STR_ARG(loc.file), loc.line);
}

static void print_loads(const struct hark_ruleset *rs)
{
    enum { SHOWN = 10 };
    struct load *loads = hark_calloc(rs->nintents + rs->nbrands + 1, sizeof *loads);
    size_t n = 0, first = 0;
    for (size_t i = 0; i < rs->nintents; i++) loads[rs->intents[i]->index] = load_of_intent(rs->intents[i]);
    for (size_t i = 0; i < rs->nbrands; i++)
        for (size_t k = 0; k < rs->brands[i].nintents; k++) loads[rs->brands[i].intents[k]->index].brands++;
    for (n = rs->nintents; n < rs->nintents + rs->nbrands; n++) loads[n] = load_of_brand(&rs->brands[n - rs->nintents]);
    qsort(loads, n, sizeof *loads, dearest_first);
    printf("dearest, on a post that names the brand:\n");
    for (; first < n && first < SHOWN && loads[first].phrases; first++) print_load(&loads[first]);
    if (first < n) printf("  and %zu more that cost less\n", n - first);
    free(loads);
}

static void print_unfiltered(const struct hark_matcher *m)
{
    size_t n;
    const struct hark_unfiltered *v = hark_matcher_unfiltered(m, &n);
    if (n == 0) {
        printf("every brand is found by the prefilter: posts that name none are not even decoded\n");
        return;
    }
    printf("not found by the prefilter, so that every post is decoded and tried for their sake:\n");
    for (size_t i = 0; i < n; i++) {
        const struct hark_node *because = v[i].because;
        struct hark_loc loc = because->loc.line ? because->loc : v[i].brand->loc;
        printf("  brand " HARK_STR_FMT ": ", HARK_STR_ARG(v[i].brand->name));
        if (because->kind == HARK_NODE_ALL)
            printf("listen: {all: true} takes every post");
        else
            printf("no text is sure to be in every post that has " HARK_STR_FMT, HARK_STR_ARG(because->written));
        printf(" (" HARK_STR_FMT ":%u:%u)\n", HARK_STR_ARG(loc.file), loc.line, loc.column);
    }
}

static int print_cost(struct hark_ruleset *rs, int64_t load_us, struct hark_err *err)
{
    const struct hark_match_options options = {0};
    int64_t started_us = hark_clock_mono_us();
    struct hark_matcher *m = hark_matcher_new(rs, &options, err);
    if (!m) return err->code;
    printf("read in %.3f s, compiled in %.3f s, %.1f MiB in memory\n", (double)load_us / 1e6,
           (double)(hark_clock_mono_us() - started_us) / 1e6,
           (double)(hark_matcher_bytes(m) + hark_arena_bytes(&rs->arena)) / (1 << 20));
    print_unfiltered(m);
    print_loads(rs);
    hark_matcher_unref(m);
    return 0;
}

// --- the command ---

// The same as --cost says of it, without a compilation.
static void print_alls(const struct hark_ruleset *rs)
{
    for (size_t i = 0; i < rs->nbrands; i++) {
        const struct hark_brand *brand = &rs->brands[i];
        if (brand->listen->kind == HARK_NODE_ALL)
            printf(HARK_STR_FMT " takes every post: each is decoded and its %zu intent%s tried, whatever it says\n",
                   HARK_STR_ARG(brand->name), brand->nintents, plural(brand->nintents));
    }
}

static int check(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_problems problems = {0};
    int64_t started_us = hark_clock_mono_us();
    struct hark_ruleset *rs = hark_load_rules(args, &problems);
    int64_t load_us = hark_clock_mono_us() - started_us;
    if (!rs) {
        hark_err_set(err, HARK_EINPUT, "%zu error%s", problems.errors, plural(problems.errors));
    } else {
        size_t warnings = problems.n - problems.errors;
        printf("%zu brand%s, %zu intent%s in %zu file%s: good, version %s", rs->nbrands, plural(rs->nbrands),
               rs->nintents, plural(rs->nintents), rs->files, plural(rs->files), rs->version);
        if (warnings) printf(", %zu warning%s", warnings, plural(warnings));
        putchar('\n');
        if (cfg->cost)
            (void)print_cost(rs, load_us, err);
        else
            print_alls(rs);
    }
    hark_ruleset_unref(rs);
    hark_problems_done(&problems);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    return cfg->watch ? hark_watch(cfg, args, check, "check", err) : check(cfg, args, err);
}

const struct hark_command hark_command_check = {
    .name = "check",
    .arguments = "RULES…",
    .about = "compiles rule files; every error with file, line, column and what would be right",
    .least = 1,
    .most = -1,
    .run = run,
};
