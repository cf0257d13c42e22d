// What a long command tells about itself, in Prometheus's text format: counters, gauges and histograms of the process.
//
// A metric is a constant that whoever measures declares; its values appear with the first measurement. Any thread may
// measure; it costs a lock, so that things that happen for every post are counted elsewhere and brought in by a
// collector, which is called before the text is written.
#pragma once

#include <hark/str.h>

enum hark_metric_type { HARK_COUNTER, HARK_GAUGE, HARK_HISTOGRAM };

struct hark_metric {
    const char *name; // "hark_posts_total"
    const char *help; // one sentence
    enum hark_metric_type type;
    const char *label; // its one label's name; NULL: none
};

enum {
    HARK_METRIC_MAX_VALUES = 2000, // of all metrics and labels together; more are counted as the label "other"
};

// `label` is the label's value, {0} where the metric has none.
void hark_metric_add(const struct hark_metric *metric, struct hark_str label, double by);
void hark_metric_set(const struct hark_metric *metric, struct hark_str label, double value);
// Of a histogram, in seconds: buckets from 0.5 ms to 60 s.
void hark_metric_observe(const struct hark_metric *metric, struct hark_str label, double seconds);

// One at a time; NULL takes it away and waits until it does not run.
void hark_metrics_collector(void (*collect)(void *arg), void *arg);
// Appends all metrics, and those of the process (memory, CPU, descriptors, start).
void hark_metrics_write(struct hark_buf *out);
