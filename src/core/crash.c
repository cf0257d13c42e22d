// Crash points of test builds.

#include <hark/crash.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char armed[64]; // "": none
static _Atomic long left;

static void read_environment(void)
{
    const char *text = getenv("HARK_CRASH");
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!colon || (size_t)(colon - text) >= sizeof armed) return;
    memcpy(armed, text, (size_t)(colon - text));
    left = strtol(colon + 1, NULL, 10);
}

bool hark_crash_armed(const char *name)
{
    pthread_once(&once, read_environment);
    return strcmp(armed, name) == 0;
}

void hark_crash_point(const char *name)
{
    if (!hark_crash_armed(name) || atomic_fetch_sub(&left, 1) != 1) return;
    fprintf(stderr, "crash point %s\n", name);
    kill(getpid(), SIGKILL);
}
