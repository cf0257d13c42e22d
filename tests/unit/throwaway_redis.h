// A redis-server of a test's own: a folder under /tmp, a unix socket, nothing on disk that outlives the test.
#pragma once

#include <hiredis/hiredis.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct throwaway {
    char folder[64], socket[96], url[112];
    pid_t pid;
    redisContext *ctx; // for looking in and for faults
};

static inline void throwaway_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);
}

static inline bool throwaway_start(struct throwaway *server)
{
    signal(SIGPIPE, SIG_IGN);
    snprintf(server->folder, sizeof server->folder, "/tmp/hark-test-XXXXXX");
    if (!mkdtemp(server->folder)) return false;
    snprintf(server->socket, sizeof server->socket, "%s/redis.sock", server->folder);
    snprintf(server->url, sizeof server->url, "unix://%s", server->socket);
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen("/dev/null", "w", stdout)) _exit(126);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket, "--dir", server->folder,
               "--save", "", "--appendonly", "no", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 2000 && waitpid(server->pid, NULL, WNOHANG) == 0; i++) {
        server->ctx = redisConnectUnix(server->socket);
        if (server->ctx && !server->ctx->err) return true;
        if (server->ctx) redisFree(server->ctx);
        throwaway_nap();
    }
    rmdir(server->folder);
    server->pid = 0;
    server->ctx = NULL;
    return false;
}

static inline void throwaway_stop(struct throwaway *server)
{
    if (server->ctx) redisFree(server->ctx);
    if (server->pid) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    unlink(server->socket);
    rmdir(server->folder);
}
