// hark eval: how good an intent is on labelled posts, and which of its phrases earn their place.

#include "cli.h"

#include <hark/eval.h>
#include <hark/labelled.h>
#include <hark/pipeline.h>

#include <math.h>
#include <stdio.h>

struct eval {
    const struct hark_config *cfg;
    const struct hark_matcher *m;
    struct hark_scratch *ms;
    const char *set;
    struct hark_eval result;
    struct hark_map labels; // → how many posts have it
    size_t n, positives;
};

// --- what is measured ---

// A named intent, or BRAND/NAME of a brand's own ones.
static const struct hark_intent *find_intent(const struct hark_ruleset *rs, struct hark_str name)
{
    struct hark_str of, head = hark_str_cut(name, '/', &of);
    const struct hark_brand *brand = of.ptr ? hark_ruleset_brand(rs, head) : NULL;
    for (size_t i = 0; !of.ptr && i < rs->nnamed; i++)
        if (hark_str_eq(rs->intents[i]->name, name)) return rs->intents[i];
    for (size_t i = 0; brand && i < brand->nintents; i++)
        if (hark_str_eq(brand->intents[i]->name, of)) return brand->intents[i];
    return NULL;
}

static const struct hark_intent *intent_of(const struct hark_config *cfg, const struct hark_ruleset *rs,
                                           struct hark_err *err)
{
    struct hark_buf names = {0};
    const struct hark_intent *intent = cfg->intent ? find_intent(rs, hark_str(cfg->intent)) : NULL;
    for (size_t i = 0; i < rs->nnamed; i++)
        hark_buf_printf(&names, "%s" HARK_STR_FMT, i ? ", " : "", HARK_STR_ARG(rs->intents[i]->name));
    if (!cfg->intent)
        hark_err_set(err, HARK_EINPUT, "--intent is missing: one of %s", hark_buf_cstr(&names));
    else if (!intent)
        hark_err_set(err, HARK_EINPUT, "--intent %s: there is no such intent in %s; there are %s", cfg->intent,
                     cfg->rules, hark_buf_cstr(&names));
    hark_buf_done(&names);
    return intent;
}

static bool is_positive(const struct hark_config *cfg, const struct hark_labelled *post)
{
    for (size_t i = 0; i < post->labels.n; i++) {
        struct hark_str label = post->labels.v[i];
        if (cfg->positive ? hark_str_is(label, cfg->positive) : hark_str_is(label, "1") || hark_str_is(label, "true"))
            return true;
    }
    return false;
}

// From `x`, where a plain @handle is a mention: labelled sets do not say where their posts come from.
static int eval_post(struct eval *eval, const struct hark_labelled *labelled, struct hark_arena *arena,
                     struct hark_err *err)
{
    struct hark_why why;
    struct hark_post post;
    struct hark_err refused = {0};
    hark_post_init(&post);
    post.id = HARK_STR("labelled");
    post.source = HARK_STR("x");
    post.time_ms = 0;
    post.text = labelled->text;
    if (hark_post_finish(&post, arena, &refused) < 0)
        return hark_err_at(err, HARK_EINPUT, eval->set, labelled->line, 0, "%s", refused.text);
    bool positive = is_positive(eval->cfg, labelled);
    hark_match_intent(eval->m, eval->ms, &post, eval->result.intent, &why);
    hark_eval_add(&eval->result, &why, positive);
    for (size_t i = 0; i < labelled->labels.n; i++) hark_map_put(&eval->labels, labelled->labels.v[i], NULL)->num++;
    eval->n++;
    eval->positives += positive;
    return 0;
}

// One class measures nothing; most likely --positive is not what the file has.
static int check_classes(const struct eval *eval, struct hark_err *err)
{
    enum { SHOWN = 12 };
    if (eval->n == 0) return hark_err_at(err, HARK_EINPUT, eval->set, 0, 0, "the file has no posts");
    if (eval->positives > 0 && eval->positives < eval->n) return 0;
    struct hark_buf names = {0};
    for (size_t i = 0; i < eval->labels.n && i < SHOWN; i++)
        hark_buf_printf(&names, "%s" HARK_STR_FMT " (%lld)", i ? ", " : "", HARK_STR_ARG(eval->labels.entries[i].key),
                        (long long)eval->labels.entries[i].num);
    hark_err_at(err, HARK_EINPUT, eval->set, 0, 0,
                "all %zu posts are %s: there is nothing to tell apart. Labels: %s%s; --positive VALUE says which one "
                "the intent should find",
                eval->n, eval->positives ? "positive" : "negative", hark_buf_cstr(&names),
                eval->labels.n > SHOWN ? ", …" : "");
    hark_buf_done(&names);
    return err->code;
}

static int eval_file(struct eval *eval, struct hark_labelled_file *file, struct hark_err *err)
{
    struct hark_labelled labelled;
    struct hark_arena arena = {0};
    int rc;
    while (!hark_stopping() && (rc = hark_labelled_next(file, &labelled, err)) > 0) {
        hark_arena_reset(&arena);
        if (eval_post(eval, &labelled, &arena, err) < 0) break;
    }
    hark_arena_done(&arena);
    if (hark_stopping()) return hark_err_set(err, HARK_ESTOP, "stopped");
    if (err->code == 0 && check_classes(eval, err) == 0) hark_eval_finish(&eval->result);
    return err->code;
}

// --- for people ---

static void print_figure(const char *name, const struct hark_figure *figure)
{
    if (isnan(figure->value))
        printf("%-10s     –   (no post to tell it from)\n", name);
    else
        printf("%-10s  %.3f   95 %% interval %.3f to %.3f\n", name, figure->value, figure->low, figure->high);
}

static void print_row(const struct hark_eval_row *row, double f1, const struct hark_intent *intent)
{
    printf("%6zu      %.3f       %.3f  %+.3f  ", row->hits, (double)row->positives / (double)row->hits, row->f1_without,
           row->f1_without - f1);
    if (!row->phrase) {
        printf("%+5d  signal %s\n", intent->signals[row->signal], hark_signal_str(row->signal));
        return;
    }
    int group = row->phrase->group;
    printf("%+5d  " HARK_STR_FMT "%s" HARK_STR_FMT, group < 0 ? row->phrase->weight : intent->groups[group].weight,
           HARK_STR_ARG(row->phrase->pattern.written), row->phrase->lang.len ? " " : "",
           HARK_STR_ARG(row->phrase->lang));
    if (group >= 0) printf("  group " HARK_STR_FMT, HARK_STR_ARG(intent->groups[group].name));
    printf("  (" HARK_STR_FMT ":%u)\n", HARK_STR_ARG(row->phrase->pattern.loc.file), row->phrase->pattern.loc.line);
}

static void print_people(const struct eval *eval)
{
    const struct hark_eval *result = &eval->result;
    const struct hark_confusion *all = &result->all;
    struct hark_figures figures = hark_eval_figures(all);
    size_t silent = 0;
    printf("%s: %zu posts, %zu positive (%.1f %%); intent " HARK_STR_FMT ", rules %s\n", eval->set, eval->n,
           eval->positives, 100.0 * (double)eval->positives / (double)eval->n, HARK_STR_ARG(result->intent->name),
           hark_matcher_rules(eval->m)->version);
    printf("found %zu of %zu, and %zu that are none\n\n", all->tp, eval->positives, all->fp);
    print_figure("precision", &figures.precision);
    print_figure("recall", &figures.recall);
    print_figure("F1", &figures.f1);
    printf("\n  hits  precision  F1 without  change  points  phrase\n");
    for (size_t i = 0; i < result->nrows; i++) {
        if (result->rows[i].hits)
            print_row(&result->rows[i], figures.f1.value, result->intent);
        else
            silent++;
    }
    if (silent) printf("and %zu without a hit\n", silent);
}

// --- for tools ---

static void json_figure(struct hark_json *json, const char *key, const struct hark_figure *figure)
{
    hark_json_key(json, key);
    hark_json_open(json, '{');
    hark_json_key(json, "value");
    hark_json_double(json, figure->value);
    hark_json_key(json, "low");
    hark_json_double(json, figure->low);
    hark_json_key(json, "high");
    hark_json_double(json, figure->high);
    hark_json_close(json, '}');
}

static void json_confusion(struct hark_json *json, const struct hark_confusion *c)
{
    hark_json_ki(json, "tp", (int64_t)c->tp);
    hark_json_ki(json, "fp", (int64_t)c->fp);
    hark_json_ki(json, "fn", (int64_t)c->fn);
    hark_json_ki(json, "tn", (int64_t)c->tn);
}

static void json_phrase(struct hark_json *json, const struct hark_phrase *phrase, const struct hark_intent *intent)
{
    hark_json_kv(json, "phrase", phrase->pattern.written);
    hark_json_kv(json, "lang", phrase->lang);
    hark_json_kv(json, "group", phrase->group < 0 ? (struct hark_str){0} : intent->groups[phrase->group].name);
    hark_json_ki(json, "points", phrase->group < 0 ? phrase->weight : intent->groups[phrase->group].weight);
    hark_json_kv(json, "file", phrase->pattern.loc.file);
    hark_json_ki(json, "line", phrase->pattern.loc.line);
    hark_json_ki(json, "column", phrase->pattern.loc.column);
}

static void json_row(struct hark_json *json, const struct hark_eval_row *row, const struct hark_intent *intent)
{
    hark_json_open(json, '{');
    if (row->phrase) {
        json_phrase(json, row->phrase, intent);
    } else {
        hark_json_kc(json, "signal", hark_signal_str(row->signal));
        hark_json_ki(json, "points", intent->signals[row->signal]);
    }
    hark_json_ki(json, "hits", (int64_t)row->hits);
    hark_json_ki(json, "positives", (int64_t)row->positives);
    hark_json_key(json, "precision");
    hark_json_double(json, row->hits ? (double)row->positives / (double)row->hits : (double)NAN);
    hark_json_key(json, "without");
    hark_json_open(json, '{');
    json_confusion(json, &row->without);
    hark_json_key(json, "f1");
    hark_json_double(json, row->f1_without);
    hark_json_close(json, '}');
    hark_json_close(json, '}');
}

static void print_tools(const struct eval *eval)
{
    struct hark_buf buf = {0};
    struct hark_json json = hark_json_to(&buf);
    struct hark_figures figures = hark_eval_figures(&eval->result.all);
    hark_json_open(&json, '{');
    hark_json_kc(&json, "set", eval->set);
    hark_json_kv(&json, "intent", eval->result.intent->name);
    hark_json_kc(&json, "ruleset", hark_matcher_rules(eval->m)->version);
    hark_json_ki(&json, "n", (int64_t)eval->n);
    hark_json_ki(&json, "positives", (int64_t)eval->positives);
    json_confusion(&json, &eval->result.all);
    json_figure(&json, "precision", &figures.precision);
    json_figure(&json, "recall", &figures.recall);
    json_figure(&json, "f1", &figures.f1);
    hark_json_key(&json, "phrases");
    hark_json_open(&json, '[');
    for (size_t i = 0; i < eval->result.nrows; i++) json_row(&json, &eval->result.rows[i], eval->result.intent);
    hark_json_close(&json, ']');
    hark_json_close(&json, '}');
    puts(hark_buf_cstr(&buf));
    hark_buf_done(&buf);
}

static int run_on(struct eval *eval, struct hark_err *err)
{
    const struct hark_intent *intent = intent_of(eval->cfg, hark_matcher_rules(eval->m), err);
    struct hark_labelled_file *file = intent ? hark_labelled_open(eval->set, err) : NULL;
    if (!file) return err->code;
    hark_eval_init(&eval->result, intent);
    if (eval_file(eval, file, err) == 0) (eval->cfg->json ? print_tools : print_people)(eval);
    hark_eval_done(&eval->result);
    hark_map_done(&eval->labels);
    hark_labelled_free(file);
    return err->code;
}

static int run(const struct hark_config *cfg, const struct hark_args *args, struct hark_err *err)
{
    struct hark_matcher *m = hark_pipeline_matcher(cfg, err);
    struct eval eval = {.cfg = cfg, .m = m, .ms = m ? hark_scratch_new(m, err) : NULL, .set = args->v[0]};
    int code = eval.ms ? run_on(&eval, err) : err->code;
    hark_scratch_free(eval.ms);
    hark_matcher_unref(m);
    return code;
}

const struct hark_command hark_command_eval = {
    .name = "eval",
    .arguments = "LABELLED",
    .about = "measures an intent on labelled posts: precision, recall, F1, and what each phrase is worth",
    .more =
        "LABELLED holds {\"text\":…,\"label\":…} or {\"text\":…,\"labels\":[…]} lines, or CSV with a header that has "
        "text and label. The brand is taken as named. Phrases come worst first: those without which F1 would be "
        "highest.",
    .least = 1,
    .most = 1,
    .run = run,
};
