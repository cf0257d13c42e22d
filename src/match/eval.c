// What an intent and each of its phrases are worth on labelled posts.
//
// For each post and each piece of evidence the score without that piece tells whether the intent would still have fired
// (or, without a phrase that takes points, would have). In a group the first phrase brings `weight` and another one
// `second`, whichever comes first: without one of three nothing changes, without one of two `second` is lost.

#include <hark/eval.h>

#include <math.h>
#include <stdlib.h>

// --- figures ---

static const double z = 1.959963984540054; // 95 %

static double ratio(size_t part, size_t of)
{
    return of ? (double)part / (double)of : (double)NAN;
}

// Wilson (1927), without continuity correction.
static struct hark_figure wilson(size_t part, size_t of)
{
    struct hark_figure ret = {ratio(part, of), (double)NAN, (double)NAN};
    if (of == 0) return ret;
    double n = (double)of, p = ret.value;
    double centre = p + z * z / (2 * n), half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)), scale = 1 + z * z / n;
    ret.low = fmax(0, (centre - half) / scale);
    ret.high = fmin(1, (centre + half) / scale);
    return ret;
}

static double f1_of_j(double j)
{
    return 2 * j / (1 + j);
}

static double f1_of(const struct hark_confusion *c)
{
    return ratio(2 * c->tp, 2 * c->tp + c->fp + c->fn);
}

struct hark_figures hark_eval_figures(const struct hark_confusion *c)
{
    struct hark_figure j = wilson(c->tp, c->tp + c->fp + c->fn);
    return (struct hark_figures){
        .precision = wilson(c->tp, c->tp + c->fp),
        .recall = wilson(c->tp, c->tp + c->fn),
        .f1 = {f1_of(c), f1_of_j(j.low), f1_of_j(j.high)},
    };
}

// --- one post ---

static void count(struct hark_confusion *c, bool fired, bool positive)
{
    if (positive)
        ++*(fired ? &c->tp : &c->fn);
    else
        ++*(fired ? &c->fp : &c->tn);
}

void hark_eval_init(struct hark_eval *eval, const struct hark_intent *intent)
{
    *eval = (struct hark_eval){.intent = intent};
    eval->rows = hark_calloc(intent->nphrases + HARK_SIGNALS, sizeof *eval->rows);
    for (; eval->nrows < intent->nphrases; eval->nrows++)
        eval->rows[eval->nrows].phrase = &intent->phrases[eval->nrows];
    for (int signal = 0; signal < HARK_SIGNALS; signal++) eval->rows[eval->nrows++].signal = (enum hark_signal)signal;
}

static struct hark_eval_row *row_of(struct hark_eval *eval, const struct hark_evidence *e)
{
    size_t i = e->phrase ? (size_t)(e->phrase - eval->intent->phrases) : eval->intent->nphrases + (size_t)e->signal;
    return &eval->rows[i];
}

// What the score loses without this piece.
static int loses(const struct hark_intent *intent, const struct hark_why *why, const struct hark_evidence *e)
{
    size_t n = 0;
    if (!e->phrase || e->phrase->group < 0) return e->points;
    for (size_t i = 0; i < why->nevidence; i++)
        n += why->evidence[i].phrase && why->evidence[i].phrase->group == e->phrase->group;
    const struct hark_group *group = &intent->groups[e->phrase->group];
    return n == 1 ? group->weight : n == 2 ? group->second : 0;
}

// Until the end `without` holds only what would change.
void hark_eval_add(struct hark_eval *eval, const struct hark_why *why, bool positive)
{
    bool fired = why->score >= eval->intent->threshold;
    count(&eval->all, fired, positive);
    for (size_t i = 0; i < why->nevidence; i++) {
        const struct hark_evidence *e = &why->evidence[i];
        struct hark_eval_row *row = row_of(eval, e);
        row->hits++;
        row->positives += positive;
        bool would = (long)why->score - loses(eval->intent, why, e) >= eval->intent->threshold;
        if (would != fired) count(&row->without, would, positive);
    }
}

// --- the table ---

// `without` from what changes to all posts: each change comes out of the opposite cell of its label.
static void complete(const struct hark_confusion *all, struct hark_eval_row *row)
{
    struct hark_confusion change = row->without;
    row->without = (struct hark_confusion){
        .tp = all->tp + change.tp - change.fn,
        .fn = all->fn + change.fn - change.tp,
        .fp = all->fp + change.fp - change.tn,
        .tn = all->tn + change.tn - change.fp,
    };
    row->f1_without = f1_of(&row->without);
}

static int worst_first(const void *a, const void *b)
{
    const struct hark_eval_row *x = a, *y = b;
    if (!x->hits != !y->hits) return x->hits ? -1 : 1;
    if (x->f1_without > y->f1_without || x->f1_without < y->f1_without) return x->f1_without > y->f1_without ? -1 : 1;
    if (x->hits != y->hits) return x->hits > y->hits ? -1 : 1;
    if (!x->phrase != !y->phrase) return x->phrase ? -1 : 1;
    return x->phrase ? (x->phrase > y->phrase) - (x->phrase < y->phrase) : (int)x->signal - (int)y->signal;
}

void hark_eval_finish(struct hark_eval *eval)
{
    size_t n = 0;
    for (size_t i = 0; i < eval->nrows; i++) {
        struct hark_eval_row row = eval->rows[i];
        if (!row.phrase && eval->intent->signals[row.signal] == 0) continue;
        complete(&eval->all, &row);
        eval->rows[n++] = row;
    }
    eval->nrows = n;
    qsort(eval->rows, n, sizeof *eval->rows, worst_first);
}

void hark_eval_done(struct hark_eval *eval)
{
    free(eval->rows);
}
