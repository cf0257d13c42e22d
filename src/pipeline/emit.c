// What goes out. Two ways, one interface: lines on stdout for `hark run`, topics for `hark match`.

#include "pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t stdout_lock = PTHREAD_MUTEX_INITIALIZER;

static int stdout_failed(struct hark_err *err)
{
    if (errno == EPIPE) { // as with `| head`: the reader has what it wanted
        stop_request();
        return hark_err_set(err, HARK_ESTOP, "stdout was closed");
    }
    return hark_err_set(err, HARK_ESERVICE, "stdout: %s", strerror(errno));
}

int stdout_line(struct hark_str line, struct hark_err *err)
{
    pthread_mutex_lock(&stdout_lock);
    bool ok = fwrite(line.ptr, 1, line.len, stdout) == line.len && putc('\n', stdout) != EOF;
    pthread_mutex_unlock(&stdout_lock);
    return ok ? 0 : stdout_failed(err);
}

int stdout_flush(struct hark_err *err)
{
    return fflush(stdout) == 0 ? 0 : stdout_failed(err);
}

struct to_stdout {
    struct emit emit;
    bool matches, alerts;
    struct dead_file *dead;
};

static int stdout_match(struct emit *emit, struct hark_str key, struct hark_str json, struct hark_err *err)
{
    (void)key;
    return ((struct to_stdout *)emit)->matches ? stdout_line(json, err) : 0;
}

static int stdout_alert(struct emit *emit, const struct hark_alert *alert, struct hark_err *err)
{
    return ((struct to_stdout *)emit)->alerts ? stdout_line(alert->json, err) : 0;
}

static int stdout_dead(struct emit *emit, const struct dead_letter *letter, struct hark_err *err)
{
    return dead_file_add(((struct to_stdout *)emit)->dead, letter, err);
}

static int stdout_sync(struct emit *emit, struct hark_err *err)
{
    (void)emit;
    return stdout_flush(err);
}

static void free_emit(struct emit *emit)
{
    free(emit);
}

struct emit *emit_stdout(const char *what, struct dead_file *dead)
{
    struct to_stdout *out = hark_calloc(1, sizeof *out);
    out->emit = (struct emit){stdout_match, stdout_alert, stdout_dead, stdout_sync, free_emit};
    out->matches = what && strcmp(what, "matches") == 0;
    out->alerts = what && strcmp(what, "alerts") == 0;
    out->dead = dead;
    return &out->emit;
}

struct to_kafka {
    struct emit emit;
    struct hark_producer *producer;
    struct hark_buf buf;
};

static int kafka_match(struct emit *emit, struct hark_str key, struct hark_str json, struct hark_err *err)
{
    return hark_producer_send(((struct to_kafka *)emit)->producer, "matches", key, json, (struct hark_str){0},
                              (struct hark_str){0}, err);
}

static int kafka_alert(struct emit *emit, const struct hark_alert *alert, struct hark_err *err)
{
    struct to_kafka *out = (struct to_kafka *)emit;
    hark_buf_clear(&out->buf);
    hark_buf_printf(&out->buf, "alerts." HARK_STR_FMT, HARK_STR_ARG(alert->team));
    return hark_producer_send(out->producer, hark_buf_cstr(&out->buf), hark_str(alert->id), alert->json,
                              (struct hark_str){0}, (struct hark_str){0}, err);
}

static int kafka_dead(struct emit *emit, const struct dead_letter *letter, struct hark_err *err)
{
    struct to_kafka *out = (struct to_kafka *)emit;
    hark_buf_clear(&out->buf);
    dead_encode(letter, &out->buf);
    return hark_producer_send(out->producer, "deadletter", letter->where, hark_buf_str(&out->buf), (struct hark_str){0},
                              (struct hark_str){0}, err);
}

static bool still_waiting(void *arg, int seconds)
{
    const int *stop_s = arg;
    if (seconds % 10 == 5) hark_log(HARK_WARN, "waiting for Kafka to acknowledge", "seconds=%d", seconds);
    return !hark_stopping() || seconds < *stop_s; // a stop drains what it can without keeping anybody waiting
}

int producer_flush(struct hark_producer *producer, int stop_s, struct hark_err *err)
{
    return hark_producer_flush(producer, still_waiting, &stop_s, err);
}

static bool kafka_room(void *arg, int seconds)
{
    (void)arg;
    if (seconds % 10 == 5) hark_log(HARK_WARN, "waiting for Kafka to take more", "seconds=%d", seconds);
    return !hark_stopping();
}

struct hark_producer *producer_open(const struct hark_stream_options *options, struct hark_err *err)
{
    struct hark_producer *producer = hark_producer_new(options, err);
    if (producer) hark_producer_waiting(producer, kafka_room, NULL);
    return producer;
}

static int kafka_flush(struct emit *emit, struct hark_err *err)
{
    enum { STOP_S = 3 }; // the script comes after it
    return producer_flush(((struct to_kafka *)emit)->producer, STOP_S, err);
}

static void kafka_free(struct emit *emit)
{
    hark_buf_done(&((struct to_kafka *)emit)->buf);
    free(emit);
}

struct emit *emit_kafka(struct hark_producer *producer)
{
    struct to_kafka *out = hark_calloc(1, sizeof *out);
    out->emit = (struct emit){kafka_match, kafka_alert, kafka_dead, kafka_flush, kafka_free};
    out->producer = producer;
    return &out->emit;
}
