// The text that Prometheus reads.

#include <hark/metrics.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct hark_metric posts = {"t_posts_total", "Posts.", HARK_COUNTER, NULL};
static const struct hark_metric reasons = {"t_dead_total", "Dead letters.", HARK_COUNTER, "reason"};
static const struct hark_metric took = {"t_seconds", "Time.", HARK_HISTOGRAM, "step"};

static void has(const char *text)
{
    struct hark_buf buf = {0};
    hark_metrics_write(&buf);
    if (!strstr(hark_buf_cstr(&buf), text)) fail_msg("no '%s' in\n%s", text, buf.ptr);
    hark_buf_done(&buf);
}

static void test_text(void **state)
{
    (void)state;
    hark_metric_add(&posts, (struct hark_str){0}, 2);
    hark_metric_add(&posts, (struct hark_str){0}, 3);
    hark_metric_add(&reasons, HARK_STR("a \"b\"\\\n"), 1);
    has("# HELP t_posts_total Posts.\n# TYPE t_posts_total counter\nt_posts_total 5\n");
    has("t_dead_total{reason=\"a \\\"b\\\"\\\\\\n\"} 1\n");
    has("# TYPE process_resident_memory_bytes gauge\n");
}

static void test_histogram(void **state)
{
    (void)state;
    hark_metric_observe(&took, HARK_STR("read"), 0.0005); // a bound belongs to its bucket
    hark_metric_observe(&took, HARK_STR("read"), 0.02);
    hark_metric_observe(&took, HARK_STR("read"), 100);
    has("t_seconds_bucket{step=\"read\",le=\"0.0005\"} 1\nt_seconds_bucket{step=\"read\",le=\"0.001\"} 1\n");
    has("t_seconds_bucket{step=\"read\",le=\"0.025\"} 2\n");
    has("t_seconds_bucket{step=\"read\",le=\"60\"} 2\nt_seconds_bucket{step=\"read\",le=\"+Inf\"} 3\n"
        "t_seconds_sum{step=\"read\"} 100.0205\nt_seconds_count{step=\"read\"} 3\n");
}

static void collect(void *arg)
{
    hark_metric_set(&posts, (struct hark_str){0}, *(int *)arg);
}

static void test_collector(void **state)
{
    (void)state;
    int n = 42;
    hark_metrics_collector(collect, &n);
    has("t_posts_total 42\n");
    hark_metrics_collector(NULL, NULL);
    n = 43;
    has("t_posts_total 42\n");
}

// Labels come from outside: their number is bounded.
static void test_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * HARK_METRIC_MAX_VALUES; i++) {
        char label[16];
        int n = snprintf(label, sizeof label, "%d", i);
        hark_metric_add(&reasons, hark_strn(label, (size_t)n), 1);
    }
    struct hark_buf buf = {0};
    size_t lines = 0;
    hark_metrics_write(&buf);
    for (const char *at = hark_buf_cstr(&buf); (at = strstr(at, "\nt_dead_total{")); at++) lines++;
    assert_true(lines <= HARK_METRIC_MAX_VALUES + 1);
    assert_non_null(strstr(buf.ptr, "t_dead_total{reason=\"other\"} 4"));
    hark_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_histogram),
                                       cmocka_unit_test(test_collector), cmocka_unit_test(test_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
