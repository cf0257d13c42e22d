// A thread that does one thing when told to, and is waited for. What a batch needs of Redis and Kafka is done here
// while its worker reads and matches the next one.

#include "pipeline.h"

#include <hark/clock.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct job {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool busy, ending;
    int (*body)(void *arg, struct hark_err *err);
    void *arg;
    struct hark_err err; // of the first body that failed
};

static void *serve(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    while (!job->ending) {
        if (!job->busy) {
            pthread_cond_wait(&job->changed, &job->lock);
            continue;
        }
        struct hark_err err = {0};
        pthread_mutex_unlock(&job->lock);
        job->body(job->arg, &err);
        pthread_mutex_lock(&job->lock);
        if (job->err.code == 0) job->err = err;
        job->busy = false;
        pthread_cond_broadcast(&job->changed);
    }
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

struct job *job_new(int (*body)(void *arg, struct hark_err *err), void *arg, struct hark_err *err)
{
    struct job *job = hark_calloc(1, sizeof *job);
    job->body = body;
    job->arg = arg;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    int code = pthread_create(&job->thread, NULL, serve, job);
    if (code == 0) return job;
    hark_err_set(err, HARK_ESERVICE, "no thread: %s", strerror(code));
    free(job);
    return NULL;
}

void job_start(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    job->busy = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

bool job_idle(struct job *job, int wait_ms)
{
    struct timespec until = hark_clock_deadline(CLOCK_REALTIME, wait_ms);
    pthread_mutex_lock(&job->lock);
    while (job->busy && wait_ms > 0)
        if (pthread_cond_timedwait(&job->changed, &job->lock, &until) == ETIMEDOUT) break;
    bool idle = !job->busy;
    pthread_mutex_unlock(&job->lock);
    return idle;
}

int job_result(struct job *job, struct hark_err *err)
{
    pthread_mutex_lock(&job->lock);
    if (job->err.code && err->code == 0) *err = job->err;
    pthread_mutex_unlock(&job->lock);
    return err->code;
}

void job_free(struct job *job)
{
    if (!job) return;
    pthread_mutex_lock(&job->lock);
    job->ending = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    pthread_join(job->thread, NULL);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
    free(job);
}
