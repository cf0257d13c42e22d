// hark explain: what hit and why, what did not and why not.

#include "cli.h"

#include <hark/clock.h>
#include <hark/pipeline.h>

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

// One line of the text: the words, and below them = for the brand and ^ for phrases. Where the terminal can, they are
// underlined.
static void print_line(struct hark_str line, const unsigned char *marks, bool colour)
{
    bool any = false, on = false;
    printf("  ");
    for (size_t i = 0; i < line.len; i++) {
        any |= marks[i] != 0;
        if (colour && (marks[i] != 0) != on) fputs((on = !on) ? "\033[4m" : "\033[24m", stdout);
        putchar((unsigned char)line.ptr[i] < 0x20 ? ' ' : line.ptr[i]);
    }
    if (on) fputs("\033[24m", stdout);
    putchar('\n');
    if (colour || !any) return;
    while (!marks[line.len - 1]) line.len--;
    printf("  ");
    for (size_t i = 0; i < line.len; i++)
        if (((unsigned char)line.ptr[i] & 0xC0) != 0x80) putchar(marks[i] & 2 ? '^' : marks[i] & 1 ? '=' : ' ');
    putchar('\n');
}

static void print_text(struct hark_str text, const unsigned char *marks)
{
    bool colour = isatty(STDOUT_FILENO);
    while (text.ptr) {
        struct hark_str rest, line = hark_str_cut(text, '\n', &rest);
        print_line(line, marks, colour);
        marks += line.len + 1;
        text = rest;
    }
}

// --- one brand ---

static struct hark_str piece(const struct hark_post *post, struct hark_span span)
{
    return hark_strn(post->text.ptr + span.from, span.to - span.from);
}

static void print_evidence(const struct hark_post *post, const struct hark_why *why)
{
    for (size_t i = 0; i < why->nevidence; i++) {
        const struct hark_evidence *e = &why->evidence[i];
        if (!e->phrase) {
            printf("      %+4d  signal %s\n", e->points, hark_signal_str(e->signal));
            continue;
        }
        const struct hark_loc *loc = &e->phrase->pattern.loc;
        printf("      %+4d  " HARK_STR_FMT "%s" HARK_STR_FMT "  “" HARK_STR_FMT "” at %zu-%zu  (" HARK_STR_FMT ":%u)\n",
               e->points, HARK_STR_ARG(e->phrase->pattern.written), e->phrase->lang.len ? " " : "",
               HARK_STR_ARG(e->phrase->lang), HARK_STR_ARG(piece(post, e->span)), e->span.from, e->span.to,
               HARK_STR_ARG(loc->file), loc->line);
    }
    for (size_t i = 0; i < why->ntaken; i++) {
        const struct hark_taken *t = &why->taken[i];
        printf("            not: " HARK_STR_FMT " at %zu-%zu took back " HARK_STR_FMT "\n",
               HARK_STR_ARG(t->by->pattern.written), t->by_span.from, t->by_span.to,
               HARK_STR_ARG(t->phrase->pattern.written));
    }
}

static void print_mention(const struct hark_why *why)
{
    printf("  %s " HARK_STR_FMT, why->kind == HARK_WHY_HIT ? "✓" : "·", HARK_STR_ARG(why->brand->name));
    if (why->named_by.ptr) printf(" is named by " HARK_STR_FMT, HARK_STR_ARG(why->named_by));
    if (why->named_span.to > why->named_span.from) printf(" at %zu-%zu", why->named_span.from, why->named_span.to);
    if (why->text[0]) printf("%s %s", why->named_by.ptr ? ", but" : ":", why->text);
    putchar('\n');
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
}

static bool has_evidence(const struct hark_why *why)
{
    return why->kind == HARK_WHY_HIT || why->nevidence || why->ntaken;
}

// The mention, then the intents that have something to show, then the rest in one line. Intents of a brand that is not
// named say nothing.
static void print_brand(const struct hark_post *post, const struct hark_why *why, size_t n)
{
    size_t silent = 0;
    print_mention(&why[0]);
    if (why[0].kind != HARK_WHY_HIT) return;
    for (size_t i = 1; i < n; i++)
        if (has_evidence(&why[i])) print_intent(post, &why[i]);
    for (size_t i = 1; i < n; i++) {
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

static void json_evidence(struct hark_json *json, const struct hark_post *post, const struct hark_evidence *e)
{
    hark_json_open(json, '{');
    hark_json_ki(json, "points", e->points);
    if (e->phrase) {
        hark_json_kv(json, "phrase", e->phrase->pattern.written);
        hark_json_kv(json, "lang", e->phrase->lang);
        json_span(json, "span", e->span);
        hark_json_kv(json, "text", piece(post, e->span));
        hark_json_kv(json, "file", e->phrase->pattern.loc.file);
        hark_json_ki(json, "line", e->phrase->pattern.loc.line);
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
    for (size_t i = 0; i < why->nevidence; i++) json_evidence(json, post, &why->evidence[i]);
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

static void mark_all(unsigned char *marks, const struct hark_why *why, size_t n)
{
    for (size_t i = 0; i < n; i++) {
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
    printf("%s" HARK_STR_FMT " (" HARK_STR_FMT ", %s)\n", explain->posts > 1 ? "\n" : "", HARK_STR_ARG(post->id),
           HARK_STR_ARG(post->source), hark_op_str(post->op));
    for (size_t i = 0; i < n; i++) {
        size_t reasons = hark_match_explain(explain->m, explain->ms, post, brands[i], &why);
        mark_all(marks, why, reasons);
    }
    print_text(post->text, marks);
    for (size_t i = 0; i < n; i++) {
        size_t reasons = hark_match_explain(explain->m, explain->ms, post, brands[i], &why);
        print_brand(post, why, reasons);
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
        for (size_t k = 0; k < reasons; k++) json_why(&json, post, &why[k]);
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

static int explain_text(struct explain *explain, struct hark_err *err)
{
    struct hark_arena arena = {0};
    struct hark_post post;
    hark_post_init(&post);
    post.id = HARK_STR("text");
    post.source = HARK_STR("text");
    post.time_ms = hark_clock_ms();
    post.text = hark_str(explain->cfg->text);
    if (hark_post_finish(&post, &arena, err) == 0) explain_post(explain, &post, err);
    hark_arena_done(&arena);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    if ((cfg->text != NULL) == (args->n > 0))
        return hark_err_set(err, HARK_EINPUT, "give either --text or a source: hark explain --rules DIR --text '…'");
    struct hark_matcher *m = hark_pipeline_matcher(cfg, err);
    struct explain explain = {.cfg = cfg, .m = m, .ms = m ? hark_scratch_new(m, err) : NULL};
    int code = err->code;
    if (explain.ms)
        code = cfg->text ? explain_text(&explain, err) : hark_pipeline_each(cfg, args->v, args->n, each, &explain, err);
    hark_scratch_free(explain.ms);
    hark_matcher_unref(m);
    return code;
}

const struct hark_command hark_command_explain = {
    .name = "explain",
    .arguments = "[SOURCE…]",
    .about = "says for a text or for posts which rules hit and why, and which did not and why not",
    .most = 64,
    .run = run,
};
