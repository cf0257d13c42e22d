// How good an intent is on labelled posts: precision, recall and F1 with their intervals, and what each phrase brings.
//
// Intervals are Wilson's, of 95 %. That of F1 comes from the one of J = TP / (TP + FP + FN), for F1 = 2J / (1 + J).
#pragma once

#include <hark/match.h>

struct hark_figure {
    double value, low, high; // NaN where there is nothing to tell it from
};

struct hark_confusion {
    size_t tp, fp, fn, tn;
};

struct hark_figures {
    struct hark_figure precision, recall, f1;
};
struct hark_figures hark_eval_figures(const struct hark_confusion *c);

// A phrase or signal of the intent.
struct hark_eval_row {
    const struct hark_phrase *phrase; // NULL: a signal
    enum hark_signal signal;
    size_t hits;      // posts in which it counted
    size_t positives; // of those
    struct hark_confusion without;
    double f1_without;
};

struct hark_eval {
    const struct hark_intent *intent;
    struct hark_confusion all;
    struct hark_eval_row *rows; // phrases in the order of the file, then the signals that the intent weighs
    size_t nrows;
};

void hark_eval_init(struct hark_eval *eval, const struct hark_intent *intent);
// `why` is hark_match_intent()'s answer for a post.
void hark_eval_add(struct hark_eval *eval, const struct hark_why *why, bool positive);
// All posts were added: computes what is left and puts the rows in order, those without which F1 would be highest
// first.
void hark_eval_finish(struct hark_eval *eval);
void hark_eval_done(struct hark_eval *eval);
