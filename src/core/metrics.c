#include <hark/clock.h>
#include <hark/map.h>
#include <hark/metrics.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const double bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
enum { BOUNDS = sizeof bounds / sizeof *bounds };

struct value {
    const struct hark_metric *metric;
    struct hark_str label;
    double number; // of a histogram: the sum
    uint64_t count, buckets[BOUNDS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t collecting = PTHREAD_MUTEX_INITIALIZER;
static struct hark_map values; // name, NUL, label → struct value
static void (*collector)(void *arg);
static void *collector_arg;

// The value, made where it is new; the lock is held.
static struct value *value_of(const struct hark_metric *metric, struct hark_str label)
{
    struct hark_buf key = {0};
    bool fresh;
    hark_buf_printf(&key, "%s", metric->name);
    hark_buf_char(&key, 0);
    hark_buf_str_add(&key, label);
    struct hark_map_entry *entry = hark_map_get(&values, hark_buf_str(&key));
    if (!entry && label.len && values.n >= HARK_METRIC_MAX_VALUES && !hark_str_is(label, "other")) {
        hark_buf_done(&key);
        return value_of(metric, HARK_STR("other"));
    }
    if (!entry) {
        entry = hark_map_put(&values, hark_buf_str(&key), &fresh);
        struct value *value = hark_calloc(1, sizeof *value);
        *value = (struct value){.metric = metric, .label = label.len ? hark_str(hark_str_dup(label)) : label};
        entry->key = hark_strn(hark_str_dup(entry->key), key.len);
        entry->ptr = value;
    }
    hark_buf_done(&key);
    return entry->ptr;
}

void hark_metric_add(const struct hark_metric *metric, struct hark_str label, double by)
{
    pthread_mutex_lock(&lock);
    value_of(metric, label)->number += by;
    pthread_mutex_unlock(&lock);
}

void hark_metric_set(const struct hark_metric *metric, struct hark_str label, double number)
{
    pthread_mutex_lock(&lock);
    value_of(metric, label)->number = number;
    pthread_mutex_unlock(&lock);
}

void hark_metric_observe(const struct hark_metric *metric, struct hark_str label, double seconds)
{
    pthread_mutex_lock(&lock);
    struct value *value = value_of(metric, label);
    size_t i = 0;
    while (i < BOUNDS && seconds > bounds[i]) i++;
    if (i < BOUNDS) value->buckets[i]++;
    value->count++;
    value->number += seconds;
    pthread_mutex_unlock(&lock);
}

void hark_metrics_collector(void (*collect)(void *arg), void *arg)
{
    pthread_mutex_lock(&collecting);
    collector = collect;
    collector_arg = arg;
    pthread_mutex_unlock(&collecting);
}

// --- text ---

static void write_labels(const struct value *value, const char *le, struct hark_buf *out)
{
    bool label = value->metric->label != NULL;
    if (!label && !le) return;
    hark_buf_char(out, '{');
    if (label) {
        hark_buf_printf(out, "%s=\"", value->metric->label);
        for (size_t i = 0; i < value->label.len; i++) {
            char c = value->label.ptr[i];
            if (c == '"' || c == '\\' || c == '\n') hark_buf_char(out, '\\');
            hark_buf_char(out, c == '\n' ? 'n' : c);
        }
        hark_buf_char(out, '"');
    }
    if (le) hark_buf_printf(out, "%sle=\"%s\"", label ? "," : "", le);
    hark_buf_char(out, '}');
}

static void write_sample(const struct value *value, const char *suffix, const char *le, double number,
                         struct hark_buf *out)
{
    hark_buf_printf(out, "%s%s", value->metric->name, suffix);
    write_labels(value, le, out);
    hark_buf_printf(out, " %.15g\n", number);
}

static void write_histogram(const struct value *value, struct hark_buf *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BOUNDS; i++) {
        char le[32];
        sum += value->buckets[i];
        snprintf(le, sizeof le, "%g", bounds[i]);
        write_sample(value, "_bucket", le, (double)sum, out);
    }
    write_sample(value, "_bucket", "+Inf", (double)value->count, out);
    write_sample(value, "_sum", NULL, value->number, out);
    write_sample(value, "_count", NULL, (double)value->count, out);
}

static void write_head(const struct hark_metric *metric, struct hark_buf *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    hark_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, types[metric->type]);
}

static int by_key(const void *a, const void *b)
{
    return hark_str_cmp((*(const struct hark_map_entry *const *)a)->key,
                        (*(const struct hark_map_entry *const *)b)->key);
}

static void write_values(struct hark_buf *out)
{
    const struct hark_metric *last = NULL;
    const struct hark_map_entry **sorted = hark_alloc((values.n + 1) * sizeof *sorted);
    for (size_t i = 0; i < values.n; i++) sorted[i] = &values.entries[i];
    qsort(sorted, values.n, sizeof *sorted, by_key);
    for (size_t i = 0; i < values.n; i++) {
        const struct value *value = sorted[i]->ptr;
        if (!last || strcmp(last->name, value->metric->name) != 0) write_head(value->metric, out);
        last = value->metric;
        if (value->metric->type == HARK_HISTOGRAM)
            write_histogram(value, out);
        else
            write_sample(value, "", NULL, value->number, out);
    }
    free(sorted);
}

// --- the process ---

static void write_one(const char *name, const char *help, enum hark_metric_type type, double number,
                      struct hark_buf *out)
{
    const struct hark_metric metric = {name, help, type, NULL};
    const struct value value = {.metric = &metric};
    write_head(&metric, out);
    write_sample(&value, "", NULL, number, out);
}

static double resident_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double open_files(void)
{
    double n = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return 0;
    while (readdir(folder)) n++;
    closedir(folder);
    return n > 3 ? n - 3 : 0; // ".", ".." and the folder itself
}

// When the process began: field 22 of its stat, in ticks since the system's start.
static double started_s(void)
{
    char text[1024];
    double uptime = 0, ticks = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[n] = 0;
    const char *at = strrchr(text, ')'); // the name before it may hold anything
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    if (at) ticks = strtod(at + 1, NULL);
    file = fopen("/proc/uptime", "re");
    if (file && fscanf(file, "%lf", &uptime) != 1) uptime = 0;
    if (file) fclose(file);
    return (double)hark_clock_ms() / 1000 - uptime + ticks / (double)sysconf(_SC_CLK_TCK);
}

void hark_metrics_write(struct hark_buf *out)
{
    pthread_mutex_lock(&collecting);
    if (collector) collector(collector_arg);
    pthread_mutex_lock(&lock);
    write_values(out);
    pthread_mutex_unlock(&lock);
    write_one("process_resident_memory_bytes", "Resident memory.", HARK_GAUGE, resident_bytes(), out);
    write_one("process_cpu_seconds_total", "CPU time, user and system.", HARK_COUNTER,
              (double)hark_clock_cpu_us() / 1e6, out);
    write_one("process_open_fds", "Open file descriptors.", HARK_GAUGE, open_files(), out);
    write_one("process_start_time_seconds", "When the process began, since 1970.", HARK_GAUGE, started_s(), out);
    pthread_mutex_unlock(&collecting);
}
