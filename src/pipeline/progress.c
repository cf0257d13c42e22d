// Progress on a terminal: done, rate, share and time left where they are known.

#include "pipeline.h"

#include <hark/clock.h>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 500 };

static const struct tally *shown;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static bool running;

static void print(int64_t started_us, bool last)
{
    uint64_t posts = atomic_load(&shown->posts), done = atomic_load(&shown->done_bytes),
             all = atomic_load(&shown->all_bytes);
    uint64_t log_all = atomic_load(&shown->all), lag = atomic_load(&shown->lag);
    double seconds = (double)(hark_clock_mono_us() - started_us) / 1e6;
    double share = all ? (double)done / (double)all : log_all > lag ? (double)(log_all - lag) / (double)log_all : 0;
    char left[64] = "";
    if (share > 0.001 && share < 1)
        snprintf(left, sizeof left, "  %3.0f %%  %.0f s left", share * 100, seconds / share - seconds);
    fprintf(stderr, "\r\033[K%llu posts  %.0f/s  %llu matches%s%s", (unsigned long long)posts,
            seconds > 0 ? (double)posts / seconds : 0, (unsigned long long)atomic_load(&shown->matches), left,
            last ? "\r\033[K" : "");
    fflush(stderr);
}

static void *show(void *arg)
{
    int64_t started_us = hark_clock_mono_us();
    (void)arg;
    pthread_mutex_lock(&lock);
    while (running) {
        struct timespec until = hark_clock_deadline(CLOCK_REALTIME, EVERY_MS);
        pthread_cond_timedwait(&ended, &lock, &until);
        print(started_us, !running);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

void progress_start(const struct tally *tally)
{
    if (!isatty(STDERR_FILENO)) return;
    shown = tally;
    running = true;
    running = pthread_create(&thread, NULL, show, NULL) == 0;
}

void progress_stop(void)
{
    pthread_mutex_lock(&lock);
    bool was = running;
    running = false;
    pthread_cond_signal(&ended);
    pthread_mutex_unlock(&lock);
    if (was) pthread_join(thread, NULL);
}

void tally_log(const struct tally *tally, const char *command, int64_t started_us)
{
    double seconds = (double)(hark_clock_mono_us() - started_us) / 1e6;
    unsigned long long posts = atomic_load(&tally->posts);
    hark_log(HARK_INFO, "done",
             "command=%s posts=%llu refused=%llu dead=%llu candidates=%llu matches=%llu alerts=%llu repeats=%llu "
             "edits=%llu deletes=%llu over_limit=%llu skipped=%llu "
             "seconds=%.3f posts_per_s=%.0f",
             command, posts, (unsigned long long)atomic_load(&tally->refused),
             (unsigned long long)atomic_load(&tally->dead), (unsigned long long)atomic_load(&tally->candidates),
             (unsigned long long)atomic_load(&tally->matches), (unsigned long long)atomic_load(&tally->alerts),
             (unsigned long long)atomic_load(&tally->repeats), (unsigned long long)atomic_load(&tally->edits),
             (unsigned long long)atomic_load(&tally->deletes), (unsigned long long)atomic_load(&tally->over_limit),
             (unsigned long long)atomic_load(&tally->skipped), seconds, seconds > 0 ? (double)posts / seconds : 0);
}
