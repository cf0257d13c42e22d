// Stopping: the first signal asks, the second insists.

#include "pipeline.h"

#include <hark/clock.h>

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { WATCHED = 64 };

static _Atomic(struct hark_source *) watched[WATCHED];
static atomic_bool stopping;

static void on_signal(int number)
{
    if (stopping) _exit(128 + number);
    stop_request();
}

// Called from the handler: only async-signal-safe things here.
void stop_request(void)
{
    atomic_store(&stopping, true);
    for (int i = 0; i < WATCHED; i++) {
        struct hark_source *src = atomic_load(&watched[i]);
        if (src) hark_source_stop(src);
    }
}

void hark_stop_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool hark_stopping(void)
{
    return stopping;
}

// The signals may go to any thread; who waits looks again and again.
void hark_stop_wait(void)
{
    enum { LONG_MS = 60000 };
    while (stop_sleep(LONG_MS)) continue;
}

bool stop_sleep(int ms)
{
    enum { PIECE_MS = 50 };
    for (; ms > 0 && !stopping; ms -= PIECE_MS) {
        struct timespec piece = {.tv_nsec = (ms < PIECE_MS ? ms : PIECE_MS) * 1000000L};
        nanosleep(&piece, NULL);
    }
    return !stopping;
}

void stop_watch(struct hark_source *src)
{
    for (int i = 0; i < WATCHED; i++) {
        struct hark_source *none = NULL;
        if (atomic_compare_exchange_strong(&watched[i], &none, src)) break;
    }
    if (stopping) hark_source_stop(src); // the signal may have come before it stood in the list
}

void stop_unwatch(struct hark_source *src)
{
    for (int i = 0; i < WATCHED; i++) {
        struct hark_source *expected = src;
        if (atomic_compare_exchange_strong(&watched[i], &expected, NULL)) break;
    }
}
