// hark explain: what hit and why, what did not and why not.

#include "cli.h"

#include <hark/clock.h>
#include <hark/pipeline.h>
#include <hark/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct explain {
    const struct hark_config *cfg;
    const struct hark_matcher *m;
    struct hark_scratch *ms;
    size_t posts;
};

// --- the text with what hit underlined ---

static void mark(unsigned char *marks, struct hark_span span, unsigned char how)
{
    for (size_t i = span.from; i < span.to; i++) marks[i] |= how;
}

static bool underlines(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

// What the author wrote must not steer the terminal.
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

static void print_words(struct hark_str line, const unsigned char *marks, bool underline)
{
    bool on = false;
    for (size_t at = 0, from; (from = at) < line.len;) {
        uint32_t c = hark_utf8_next(line, &at);
        if (underline && (marks[from] != 0) != on) fputs((on = !on) ? "\033[4m" : "\033[24m", stdout);
        if (is_control(c))
            putchar(' ');
        else
            fwrite(line.ptr + from, 1, at - from, stdout);
    }
    if (on) fputs("\033[24m", stdout);
}

// One line of the text: the words, and below them = for the brand and ^ for phrases. Where the terminal can, they are
// underlined.
static void print_line(struct hark_str line, const unsigned char *marks, bool underline)
{
    printf("  ");
    print_words(line, marks, underline);
    putchar('\n');
    while (line.len && !marks[line.len - 1]) line.len--;
    if (underline || line.len == 0) return;
    printf("  ");
    for (size_t at = 0, from; (from = at) < line.len;) {
        uint32_t c = hark_utf8_next(line, &at);
        for (unsigned i = 0; i < (is_control(c) ? 1 : hark_utf8_width(c)); i++)
            putchar(marks[from] & 2 ? '^' : marks[from] & 1 ? '=' : ' ');
    }
    putchar('\n');
}

static void print_text(struct hark_str text, const unsigned char *marks)
{
    bool underline = underlines();
    while (text.ptr) {
        struct hark_str rest, line = hark_str_cut(text, '\n', &rest);
        print_line(line, marks, underline);
        marks += line.len + 1;
        text = rest;
    }
}

// --- one brand ---

static struct hark_str piece(const struct hark_post *post, struct hark_span span)
{
    return hark_strn(post->text.ptr + span.from, span.to - span.from);
}

static struct hark_str group_of(const struct hark_why *why, const struct hark_phrase *phrase)
{
    return phrase->group < 0 ? (struct hark_str){0} : why->intent->groups[phrase->group].name;
}

// A hashtag that stands in the post's list alone has no place in the text.
static void print_phrase(const struct hark_post *post, const struct hark_why *why, const struct hark_evidence *e)
{
    const struct hark_pattern *pattern = &e->phrase->pattern;
    struct hark_str group = group_of(why, e->phrase);
    printf("      %+4d  " HARK_STR_FMT "%s" HARK_STR_FMT, e->points, HARK_STR_ARG(pattern->written),
           e->phrase->lang.len ? " " : "", HARK_STR_ARG(e->phrase->lang));
    if (e->span.to > e->span.from)
        printf("  “" HARK_STR_FMT "” at %zu-%zu", HARK_STR_ARG(piece(post, e->span)), e->span.from, e->span.to);
    else
        printf("  in a hashtag");
    printf("  (");
    if (group.ptr) printf("group " HARK_STR_FMT ", ", HARK_STR_ARG(group));
    printf(HARK_STR_FMT ":%u)\n", HARK_STR_ARG(pattern->loc.file), pattern->loc.line);
}

// What a `not` took back is told with the reason where the intent did not fire.
static void print_evidence(const struct hark_post *post, const struct hark_why *why)
{
    for (size_t i = 0; i < why->nevidence; i++) {
        const struct hark_evidence *e = &why->evidence[i];
        if (e->phrase)
            print_phrase(post, why, e);
        else
            printf("      %+4d  signal %s\n", e->points, hark_signal_str(e->signal));
    }
    for (size_t i = 0; why->kind == HARK_WHY_HIT && i < why->ntaken; i++) {
        const struct hark_taken *t = &why->taken[i];
        printf("            not: " HARK_STR_FMT " at %zu-%zu took back " HARK_STR_FMT "\n",
               HARK_STR_ARG(t->by->pattern.written), t->by_span.from, t->by_span.to,
               HARK_STR_ARG(t->phrase->pattern.written));
    }
}

static void print_stopped(const struct hark_why *why)
{
    for (size_t i = 0; i < why->nstopped; i++) {
        const struct hark_pattern *pattern = why->stopped[i].pattern;
        printf("            " HARK_STR_FMT " has no hit: %s (" HARK_STR_FMT ":%u)\n", HARK_STR_ARG(pattern->written),
               why->stopped[i].quarantined ? "it is in quarantine, for it reached its match limit on too many posts"
                                           : "it reached its match limit on this post",
               HARK_STR_ARG(pattern->loc.file), pattern->loc.line);
    }
}

static void print_mention(const struct hark_why *why)
{
    printf("  %s " HARK_STR_FMT, why->kind == HARK_WHY_HIT ? "✓" : "·", HARK_STR_ARG(why->brand->name));
    if (why->named_by.ptr) printf(" is named by " HARK_STR_FMT, HARK_STR_ARG(why->named_by));
    if (why->named_span.to > why->named_span.from) printf(" at %zu-%zu", why->named_span.from, why->named_span.to);
    if (why->text[0]) printf("%s %s", why->named_by.ptr ? ", but" : ":", why->text);
    putchar('\n');
    print_stopped(why);
}

static void print_intent(const struct hark_post *post, const struct hark_why *why)
{
    printf("  %s " HARK_STR_FMT "/" HARK_STR_FMT ": ", why->kind == HARK_WHY_HIT ? "✓" : "·",
           HARK_STR_ARG(why->brand->name), HARK_STR_ARG(why->intent->name));
    if (why->kind == HARK_WHY_HIT)
        printf("%d of %d points\n", why->score, why->intent->threshold);
    else
        printf("%s\n", why->text);
    print_evidence(post, why);
    print_stopped(why);
}

static bool has_evidence(const struct hark_why *why)
{
    return why->kind == HARK_WHY_HIT || why->nevidence || why->ntaken || why->nstopped;
}

// Whether the user asked for this intent.
static bool wanted(const struct explain *explain, const struct hark_why *why)
{
    return !explain->cfg->intent || !why->intent || hark_str_is(why->intent->name, explain->cfg->intent);
}

// The mention, then the intents that have something to show, then the rest in one line. Intents of a brand that is not
// named say nothing.
static void print_brand(const struct explain *explain, const struct hark_post *post, const struct hark_why *why,
                        size_t n)
{
    size_t silent = 0;
    print_mention(&why[0]);
    if (why[0].kind != HARK_WHY_HIT) return;
    for (size_t i = 1; i < n; i++)
        if (wanted(explain, &why[i]) && (explain->cfg->intent || has_evidence(&why[i]))) print_intent(post, &why[i]);
    for (size_t i = 1; i < n && !explain->cfg->intent; i++) {
        if (has_evidence(&why[i])) continue;
        printf("%s" HARK_STR_FMT, silent++ ? ", " : "  · nothing of ", HARK_STR_ARG(why[i].intent->name));
    }
    if (silent) putchar('\n');
}

static void json_span(struct hark_json *json, const char *key, struct hark_span span)
{
    hark_json_key(json, key);
    hark_json_open(json, '[');
    hark_json_int(json, (int64_t)span.from);
    hark_json_int(json, (int64_t)span.to);
    hark_json_close(json, ']');
}

static void json_evidence(struct hark_json *json, const struct hark_post *post, const struct hark_why *why,
                          const struct hark_evidence *e)
{
    hark_json_open(json, '{');
    hark_json_ki(json, "points", e->points);
    if (e->phrase) {
        hark_json_kv(json, "phrase", e->phrase->pattern.written);
        hark_json_kv(json, "lang", e->phrase->lang);
        if (e->phrase->group >= 0) hark_json_kv(json, "group", group_of(why, e->phrase));
        json_span(json, "span", e->span);
        hark_json_kv(json, "text", piece(post, e->span));
        hark_json_kv(json, "file", e->phrase->pattern.loc.file);
        hark_json_ki(json, "line", e->phrase->pattern.loc.line);
        hark_json_ki(json, "column", e->phrase->pattern.loc.column);
    } else {
        hark_json_kc(json, "signal", hark_signal_str(e->signal));
    }
    hark_json_close(json, '}');
}

static void json_taken(struct hark_json *json, const struct hark_taken *taken)
{
    hark_json_open(json, '{');
    hark_json_kv(json, "phrase", taken->phrase->pattern.written);
    json_span(json, "span", taken->span);
    hark_json_kv(json, "by", taken->by->pattern.written);
    json_span(json, "by_span", taken->by_span);
    hark_json_close(json, '}');
}

static void json_why(struct hark_json *json, const struct hark_post *post, const struct hark_why *why)
{
    hark_json_open(json, '{');
    hark_json_kv(json, "brand", why->brand->name);
    hark_json_kv(json, "intent", why->intent ? why->intent->name : HARK_STR("mention"));
    hark_json_kb(json, "hit", why->kind == HARK_WHY_HIT);
    hark_json_kc(json, "why", why->text);
    if (why->named_by.ptr) hark_json_kv(json, "named_by", why->named_by);
    if (why->named_span.to > why->named_span.from) json_span(json, "named_span", why->named_span);
    if (why->intent) {
        hark_json_ki(json, "score", why->score);
        hark_json_ki(json, "threshold", why->intent->threshold);
    }
    hark_json_key(json, "evidence");
    hark_json_open(json, '[');
    for (size_t i = 0; i < why->nevidence; i++) json_evidence(json, post, why, &why->evidence[i]);
    hark_json_close(json, ']');
    hark_json_key(json, "taken_back");
    hark_json_open(json, '[');
    for (size_t i = 0; i < why->ntaken; i++) json_taken(json, &why->taken[i]);
    hark_json_close(json, ']');
    hark_json_close(json, '}');
}

// --- one post ---

// Calls `each` for the brand that was asked for; else for those that the post names; where it names none, for all of a
// small rule set.
static size_t brands_of(struct explain *explain, const struct hark_post *post, const struct hark_brand ***ret,
                        struct hark_err *err)
{
    enum { SMALL = 20 };
    const struct hark_ruleset *rs = hark_matcher_rules(explain->m);
    const struct hark_brand **brands = hark_alloc(sizeof *brands * (rs->nbrands + 1));
    size_t n = 0;
    *ret = brands;
    if (explain->cfg->brand) {
        brands[0] = hark_ruleset_brand(rs, hark_str(explain->cfg->brand));
        if (!brands[0])
            hark_err_set(err, HARK_EINPUT, "--brand %s: there is no such brand in %s", explain->cfg->brand,
                         explain->cfg->rules);
        return brands[0] != NULL;
    }
    struct hark_matches matches = hark_match_post(explain->m, explain->ms, post, true);
    for (size_t i = 0; i < matches.n; i++) brands[n++] = matches.v[i].brand;
    for (size_t i = 0; n == 0 && rs->nbrands <= SMALL && i < rs->nbrands; i++) brands[i] = &rs->brands[i];
    return n ? n : rs->nbrands <= SMALL ? rs->nbrands : 0;
}

static void mark_all(const struct explain *explain, unsigned char *marks, const struct hark_why *why, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!wanted(explain, &why[i])) continue;
        mark(marks, why[i].named_span, 1);
        for (size_t e = 0; why[i].kind == HARK_WHY_HIT && e < why[i].nevidence; e++)
            if (why[i].evidence[e].phrase) mark(marks, why[i].evidence[e].span, 2);
    }
}

static void explain_people(struct explain *explain, const struct hark_post *post, const struct hark_brand **brands,
                           size_t n)
{
    const struct hark_why *why;
    unsigned char *marks = hark_calloc(post->text.len + 2, 1);
    printf("%s" HARK_STR_FMT, explain->posts > 1 ? "\n" : "", HARK_STR_ARG(post->id));
    if (post->source.len) printf(" (" HARK_STR_FMT ", %s)", HARK_STR_ARG(post->source), hark_op_str(post->op));
    putchar('\n');
    for (size_t i = 0; i < n; i++) {
        size_t reasons = hark_match_explain(explain->m, explain->ms, post, brands[i], &why);
        mark_all(explain, marks, why, reasons);
    }
    print_text(post->text, marks);
    for (size_t i = 0; i < n; i++) {
        size_t reasons = hark_match_explain(explain->m, explain->ms, post, brands[i], &why);
        print_brand(explain, post, why, reasons);
    }
    if (n == 0)
        printf("  names none of the %zu brands; --brand NAME says why one is not named\n",
               hark_matcher_rules(explain->m)->nbrands);
    free(marks);
}

static void explain_tools(struct explain *explain, const struct hark_post *post, const struct hark_brand **brands,
                          size_t n)
{
    struct hark_buf buf = {0};
    struct hark_json json = hark_json_to(&buf);
    const struct hark_why *why;
    hark_json_open(&json, '{');
    hark_json_kv(&json, "id", post->id);
    hark_json_kv(&json, "text", post->text);
    hark_json_kc(&json, "ruleset", hark_matcher_rules(explain->m)->version);
    hark_json_key(&json, "rules");
    hark_json_open(&json, '[');
    for (size_t i = 0; i < n; i++) {
        size_t reasons = hark_match_explain(explain->m, explain->ms, post, brands[i], &why);
        for (size_t k = 0; k < reasons; k++)
            if (wanted(explain, &why[k])) json_why(&json, post, &why[k]);
    }
    hark_json_close(&json, ']');
    hark_json_close(&json, '}');
    puts(hark_buf_cstr(&buf));
    hark_buf_done(&buf);
}

static int explain_post(struct explain *explain, const struct hark_post *post, struct hark_err *err)
{
    const struct hark_brand **brands;
    size_t n = brands_of(explain, post, &brands, err);
    explain->posts++;
    if (err->code == 0) (explain->cfg->json ? explain_tools : explain_people)(explain, post, brands, n);
    free(brands);
    return err->code;
}

static int each(void *arg, const struct hark_source_item *item, struct hark_err *err)
{
    return explain_post(arg, item->post, err);
}

// Nothing is known of a text but itself, and `only` should not stand in the way of trying phrases: its source is
// forgotten once its tags are found, as if the platform did not say it, and its author has followers enough. With
// --source it is a post of that platform.
static int explain_text(struct explain *explain, struct hark_err *err)
{
    struct hark_arena arena = {0};
    struct hark_post post;
    hark_post_init(&post);
    post.id = HARK_STR("text");
    post.source = explain->cfg->source ? hark_str(explain->cfg->source) : HARK_STR("text");
    post.time_ms = hark_clock_ms();
    post.text = hark_str(explain->cfg->text);
    post.author.followers = INT64_MAX;
    if (hark_post_finish(&post, &arena, err) == 0) {
        if (!explain->cfg->source) post.source = HARK_STR("");
        explain_post(explain, &post, err);
    }
    hark_arena_done(&arena);
    return err->code;
}

// Whether some brand (or the one that was asked for) has the intent that was asked for.
static int check_intent(const struct hark_config *cfg, const struct hark_ruleset *rs, struct hark_err *err)
{
    struct hark_buf names = {0};
    bool found = !cfg->intent;
    char near[64];
    for (size_t i = 0; i < rs->nbrands && !found; i++) {
        const struct hark_brand *brand = &rs->brands[i];
        if (cfg->brand && !hark_str_is(brand->name, cfg->brand)) continue;
        for (size_t k = 0; k < brand->nintents && !found; k++) {
            found = hark_str_is(brand->intents[k]->name, cfg->intent);
            hark_buf_printf(&names, HARK_STR_FMT " ", HARK_STR_ARG(brand->intents[k]->name));
        }
    }
    bool nearest = !found && hark_nearest(hark_str(cfg->intent), hark_buf_cstr(&names), near, sizeof near);
    if (!found)
        hark_err_set(err, HARK_EINPUT, "--intent %s: %s has no such intent%s%s%s", cfg->intent,
                     cfg->brand ? cfg->brand : "no brand", nearest ? "; did you mean '" : "", nearest ? near : "",
                     nearest ? "'?" : "");
    hark_buf_done(&names);
    return err->code;
}

static int run_on(struct explain *explain, const struct hark_args *args, struct hark_err *err)
{
    if (check_intent(explain->cfg, hark_matcher_rules(explain->m), err) < 0) return err->code;
    if (explain->cfg->text) return explain_text(explain, err);
    return hark_pipeline_each(explain->cfg, args->v, args->n, each, explain, err);
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    if ((cfg->text != NULL) == (args->n > 0))
        return hark_err_set(err, HARK_EINPUT, "give either --text or a source: hark explain --rules DIR --text '…'");
    if (cfg->source && !cfg->text)
        return hark_err_set(err, HARK_EINPUT, "--source goes with --text: posts know where they come from");
    struct hark_matcher *m = hark_pipeline_matcher(cfg, err);
    struct explain explain = {.cfg = cfg, .m = m, .ms = m ? hark_scratch_new(m, err) : NULL};
    int code = explain.ms ? run_on(&explain, args, err) : err->code;
    hark_scratch_free(explain.ms);
    hark_matcher_unref(m);
    return code;
}

const struct hark_command hark_command_explain = {
    .name = "explain",
    .arguments = "[SOURCE…]",
    .about = "says for a text or for posts which rules hit and why, and which did not and why not",
    .more =
        "Below the text stand = for what names the brand and ^ for phrases; a terminal underlines both. A text alone "
        "is "
        "taken as a post that `only` lets pass; with --source it is one of that platform, with its rules for hashtags "
        "and mentions.",
    .most = 64,
    .run = run,
};
