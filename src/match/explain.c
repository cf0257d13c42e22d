// Why a rule fired or did not, in words.

#include "matcher.h"

#include <hark/text.h>

#include <stdio.h>
#include <stdlib.h>

enum { MAX_LISTED = 6 }; // terms of an OR that are named before "and 12 more"

// --- why not named ---

static void describe_leaf(const struct hark_node *node, struct hark_buf *buf)
{
    if (node->written.len)
        hark_buf_str_add(buf, node->written);
    else if (node->kind == HARK_NODE_PATTERN)
        hark_buf_str_add(buf, node->pattern->written);
    else
        hark_buf_str_add(buf, node->key);
}

static void list_leaves(const struct hark_node *node, struct hark_buf *buf, size_t *n)
{
    if (node->kind == HARK_NODE_AND || node->kind == HARK_NODE_OR || node->kind == HARK_NODE_NOT) {
        for (uint32_t i = 0; i < node->nkids; i++) list_leaves(node->kids[i], buf, n);
        return;
    }
    if (++*n > MAX_LISTED) return;
    if (*n > 1) hark_buf_printf(buf, ", ");
    describe_leaf(node, buf);
}

// The first condition of the tree that fails.
static void why_not(struct hark_scratch *ms, const struct hark_node *node, struct hark_buf *buf)
{
    if (node->kind == HARK_NODE_AND) {
        for (uint32_t i = 0; i < node->nkids; i++) {
            if (hark_verify_node(ms, node->kids[i])) continue;
            why_not(ms, node->kids[i], buf);
            return;
        }
    }
    size_t n = 0;
    hark_buf_printf(buf, node->kind == HARK_NODE_NOT  ? "it has what the query excludes: "
                         : node->kind == HARK_NODE_OR ? "it has none of "
                                                      : "it has no ");
    list_leaves(node, buf, &n);
    if (n > MAX_LISTED) hark_buf_printf(buf, " and %zu more", n - MAX_LISTED);
}

// --- text of a fixed size ---

// Cut in front of a character that does not fit.
static void set_text(struct hark_why *why, struct hark_str text)
{
    if (text.len >= sizeof why->text) text.len = sizeof why->text - 1;
    text.len = hark_utf8_check(text);
    memcpy(why->text, text.ptr, text.len);
    why->text[text.len] = 0;
}

// --- one brand ---

// A place in the text before one elsewhere, a term before a field.
static void set_named_by(struct hark_scratch *ms, struct hark_why *why, struct hark_buf *buf)
{
    const struct hark_named_by *best = NULL;
    for (size_t i = 0; i < ms->named_by.n; i++) {
        const struct hark_named_by *by = &ms->named_by.v[i];
        bool better = !best || (best->span.from == best->span.to && by->span.from < by->span.to) ||
                      (best->node->kind == HARK_NODE_FIELD && by->node->kind != HARK_NODE_FIELD);
        if (better) best = by;
    }
    if (!best) { // nothing but what is excluded: -is:repost
        why->named_by = HARK_STR("all");
        return;
    }
    hark_buf_clear(buf);
    if (best->node->kind == HARK_NODE_ALL)
        hark_buf_printf(buf, "all");
    else
        describe_leaf(best->node, buf);
    why->named_by = hark_arena_str(&ms->arena, hark_buf_str(buf));
    why->named_span = best->span;
}

// Patterns that were stopped since the explanation of this part began.
static void add_stopped(struct hark_scratch *ms, struct hark_why *why)
{
    struct hark_budget *budget = &ms->finder.budget;
    why->stopped = hark_arena_copy(&ms->arena, budget->stopped, budget->nstopped, sizeof *budget->stopped);
    why->nstopped = budget->nstopped;
    budget->nstopped = 0;
}

static void explain_mention(struct hark_scratch *ms, const struct hark_brand *brand, struct hark_why *why,
                            struct hark_buf *buf)
{
    char text[sizeof why->text] = "";
    if (ms->facts.post->op == HARK_OP_DELETE) {
        why->kind = HARK_WHY_DELETED;
        set_text(why, HARK_STR("it is a delete: there is no text"));
        return;
    }
    if (!hark_verify_named(ms, brand)) {
        why->kind = HARK_WHY_NOT_NAMED;
        hark_buf_clear(buf);
        hark_buf_printf(buf, "it does not name the brand: ");
        why_not(ms, brand->listen, buf);
        set_text(why, hark_buf_str(buf));
        return;
    }
    set_named_by(ms, why, buf);
    why->kind = hark_verify_only(ms, brand, text, sizeof text);
    set_text(why, hark_str(text));
}

static void add_taken(const struct hark_verdict *verdict, struct hark_buf *buf)
{
    for (size_t i = 0; i < verdict->ntaken; i++) {
        const struct hark_taken *taken = &verdict->taken[i];
        hark_buf_printf(buf, "; not: `" HARK_STR_FMT "` at %zu-%zu took back `" HARK_STR_FMT "`",
                        HARK_STR_ARG(taken->by->pattern.written), taken->by_span.from, taken->by_span.to,
                        HARK_STR_ARG(taken->phrase->pattern.written));
    }
}

static void explain_intent(struct hark_scratch *ms, const struct hark_intent *intent, const struct hark_why *mention,
                           struct hark_why *why, struct hark_buf *buf)
{
    *why = *mention;
    why->intent = intent;
    if (mention->kind == HARK_WHY_DELETED) return;
    const struct hark_verdict *verdict = hark_verdict_of(ms, intent, true);
    why->evidence = verdict->evidence;
    why->nevidence = verdict->nevidence;
    why->taken = verdict->taken;
    why->ntaken = verdict->ntaken;
    why->score = verdict->score;
    if (mention->kind != HARK_WHY_HIT) return;
    why->kind = verdict->fired ? HARK_WHY_HIT : HARK_WHY_SCORE;
    hark_buf_clear(buf);
    if (!verdict->fired) {
        hark_buf_printf(buf, "%d of %d points", verdict->score, intent->threshold);
        add_taken(verdict, buf);
    }
    set_text(why, hark_buf_str(buf));
}

size_t hark_match_explain(const struct hark_matcher *m, struct hark_scratch *ms, const struct hark_post *post,
                          const struct hark_brand *brand, const struct hark_why **ret)
{
    (void)m;
    hark_scratch_start(ms, post);
    struct hark_buf buf = {0};
    size_t n = 1 + brand->nintents;
    struct hark_why *why = HARK_NEW_N(&ms->arena, struct hark_why, n);
    why[0].brand = brand;
    hark_budget_start(&ms->finder.budget);
    explain_mention(ms, brand, &why[0], &buf);
    add_stopped(ms, &why[0]);
    for (size_t i = 0; i < brand->nintents; i++) {
        explain_intent(ms, brand->intents[i], &why[0], &why[i + 1], &buf);
        add_stopped(ms, &why[i + 1]);
    }
    hark_budget_end(&ms->finder.budget);
    hark_buf_done(&buf);
    *ret = why;
    return n;
}

void hark_match_intent(const struct hark_matcher *m, struct hark_scratch *ms, const struct hark_post *post,
                       const struct hark_intent *intent, struct hark_why *ret)
{
    (void)m;
    hark_scratch_start(ms, post);
    struct hark_buf buf = {0};
    bool deleted = post->op == HARK_OP_DELETE;
    const struct hark_why mention = {.kind = deleted ? HARK_WHY_DELETED : HARK_WHY_HIT};
    explain_intent(ms, intent, &mention, ret, &buf);
    hark_buf_done(&buf);
}
