// Stands between a client and a unix socket and cuts the connection where a test wants it: before a request has arrived
// whole, or after it was executed and before its reply gets back.
#pragma once

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum proxy_mode { PROXY_PASS, PROXY_CUT_REQUEST, PROXY_CUT_REPLY };

struct proxy {
    char path[96], target[96];
    int listener, wake[2];
    _Atomic int mode; // goes back to PROXY_PASS once it has cut
    _Atomic int cuts;
    pthread_t thread;
};

static inline int proxy_dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.95s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static inline bool proxy_send(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

// Moves what is there from one end to the other; false where the connection is to be closed.
static inline bool proxy_move(struct proxy *proxy, int from, int to, bool reply)
{
    static _Thread_local char bytes[65536];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    int mode = atomic_load(&proxy->mode);
    bool cut = mode == (reply ? PROXY_CUT_REPLY : PROXY_CUT_REQUEST);
    if (cut) {
        atomic_store(&proxy->mode, PROXY_PASS);
        atomic_fetch_add(&proxy->cuts, 1);
        if (!reply) (void)proxy_send(to, bytes, (size_t)n / 2);
        return false;
    }
    return proxy_send(to, bytes, (size_t)n);
}

// One client at a time.
static inline void proxy_serve(struct proxy *proxy, int client)
{
    int server = proxy_dial(proxy->target);
    struct pollfd fds[3] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {proxy->wake[0], POLLIN, 0}};
    bool open = server >= 0;
    while (open && poll(fds, 3, -1) > 0 && !fds[2].revents) {
        if (fds[0].revents) open = proxy_move(proxy, client, server, false);
        if (open && fds[1].revents) open = proxy_move(proxy, server, client, true);
    }
    if (server >= 0) close(server);
    close(client);
}

static inline void *proxy_main(void *arg)
{
    struct proxy *proxy = arg;
    struct pollfd fds[2] = {{proxy->listener, POLLIN, 0}, {proxy->wake[0], POLLIN, 0}};
    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        int client = accept(proxy->listener, NULL, NULL);
        if (client >= 0) proxy_serve(proxy, client);
    }
    return NULL;
}

static inline bool proxy_start(struct proxy *proxy, const char *path, const char *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(proxy->path, sizeof proxy->path, "%.95s", path);
    snprintf(proxy->target, sizeof proxy->target, "%.95s", target);
    snprintf(address.sun_path, sizeof address.sun_path, "%.95s", path);
    proxy->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return pipe(proxy->wake) == 0 && bind(proxy->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(proxy->listener, 4) == 0 && pthread_create(&proxy->thread, NULL, proxy_main, proxy) == 0;
}

static inline void proxy_stop(struct proxy *proxy)
{
    close(proxy->wake[1]);
    pthread_join(proxy->thread, NULL);
    close(proxy->wake[0]);
    close(proxy->listener);
    unlink(proxy->path);
}
