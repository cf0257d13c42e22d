// A redis-server of hark's own in a folder, shared by all commands that use the folder at a time.
//
// Three files in the folder are locked with flock(), which the system gives back when a process ends, however it ends:
//
//   users.lock   shared, by each user while it has the server open: who gets it exclusively was the last
//   start.lock   exclusive, while somebody starts or stops the server
//   server.lock  exclusive, by the redis-server itself (it inherits the descriptor): as long as it lives, no second one
//   may be
//                started on the same append-only file, whether it answers, loads, is stopping or hangs
//
// The server is nobody's child, so that it outlives who started it. Its last user stops it; where that one was killed,
// the server stays for the next.

#include "redis.h"

#include <hark/clock.h>
#include <hark/count.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    START_MS = 10 * 1000,     // from exec to the first answer of a server
    LOAD_MS = 15 * 60 * 1000, // reading a large append-only file: some 100 MB/s
    STOP_MS = 30 * 1000,      // writing what is left of it
    NAP_MS = 5,
};

struct hark_private_redis {
    char *folder;
    struct hark_buf url;
    struct hark_redis redis;
    int users; // descriptor of users.lock
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
}

// --- locks ---

static int open_lock(const char *folder, const char *name, struct hark_err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) hark_err_set(err, HARK_EINPUT, "%s: %s", path, strerror(errno));
    return fd;
}

static int lock(int fd, int how)
{
    int rc;
    do rc = flock(fd, how);
    while (rc && errno == EINTR);
    return rc;
}

// The lock that says that no server runs in the folder; -1 where one does (err untouched) or on error (err set).
static int lock_server(const struct hark_private_redis *redis, struct hark_err *err)
{
    int fd = open_lock(redis->folder, "server.lock", err);
    if (fd >= 0 && lock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

// --- where it listens ---

// A folder of our own for short names of long folders; others must not be able to put theirs in its place.
static int make_short_folder(char *out, size_t size, struct hark_err *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat st;
    if (runtime && runtime[0] == '/' && strlen(runtime) < 60)
        snprintf(out, size, "%s/hark", runtime);
    else
        snprintf(out, size, "/tmp/hark-%u", (unsigned)getuid());
    if (mkdir(out, 0700) && errno != EEXIST) return hark_err_set(err, HARK_EINPUT, "%s: %s", out, strerror(errno));
    if (lstat(out, &st) || !S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077))
        return hark_err_set(err, HARK_EINPUT,
                            "%s must be a folder that is yours alone (mode 0700); the state folder's path is too long "
                            "for a socket without it",
                            out);
    return 0;
}

// A path of the socket that fits into a socket's address: through a symbolic link where the folder's own path does not.
static int find_socket(const char *folder, char *out, size_t size, struct hark_err *err)
{
    char base[80], link[PATH_MAX], target[PATH_MAX];
    if ((size_t)snprintf(out, size, "%s/redis.sock", folder) < size) return 0;
    if (make_short_folder(base, sizeof base, err)) return err->code;
    snprintf(link, sizeof link, "%s/%012llx", base,
             (unsigned long long)hark_str_hash(hark_str(folder)) & 0xFFFFFFFFFFFF);
    if (symlink(folder, link) && errno != EEXIST)
        return hark_err_set(err, HARK_EINPUT, "%s: %s", link, strerror(errno));
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n < 0 || (target[n] = 0, strcmp(target, folder) != 0))
        return hark_err_set(err, HARK_EINPUT,
                            "%s does not lead to %s; remove it, or use a state folder with a shorter path", link,
                            folder);
    if ((size_t)snprintf(out, size, "%s/redis.sock", link) < size) return 0;
    return hark_err_set(err, HARK_EINPUT, "the path of the state folder %s is too long for a socket", folder);
}

// --- starting ---

enum answer { ANSWER_NONE, ANSWER_LOADING, ANSWER_READY };

static enum answer ping(struct hark_redis *redis)
{
    struct hark_err ignored = {0};
    redisReply *reply;
    if (hark_redis_connect(redis, &ignored) || hark_redis_send(redis, &ignored, "PING") ||
        hark_redis_reply(redis, "LOADING", &reply, &ignored))
        return ANSWER_NONE;
    enum answer answer = reply->type == REDIS_REPLY_ERROR ? ANSWER_LOADING : ANSWER_READY;
    freeReplyObject(reply);
    return answer;
}

// The server's descriptors: 0 to 2 are /dev/null, 3 is its lock, 4 the pipe that closes when redis-server has started,
// nothing else is open. Only calls that are safe after a fork in a process with threads.
static int set_descriptors(int lock_fd, int *failed_fd)
{
    int null = open("/dev/null", O_RDWR), high_lock = fcntl(lock_fd, F_DUPFD, 10),
        high_failed = fcntl(*failed_fd, F_DUPFD, 10);
    if (null < 0 || high_lock < 0 || high_failed < 0) return -1;
    *failed_fd = high_failed;
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(null, fd) < 0) return -1;
    if (dup2(high_lock, 3) < 0 || dup3(high_failed, 4, O_CLOEXEC) < 0) return -1;
    *failed_fd = 4;
    return close_range(5, ~0U, 0);
}

// Returns only where it cannot.
static void become_server(const char *folder, int lock_fd, int *failed_fd)
{
    // clang-format off
    static char *const argv[] = {
        "redis-server", "--daemonize", "no", "--dir", ".", "--logfile", "redis.log",
        "--port", "0", "--unixsocket", "redis.sock", "--unixsocketperm", "700",
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
        "--hash-max-listpack-value", "4096", // a hark:post with its JSON in one piece: takes an eighth less memory
        NULL};
    // clang-format on
    sigset_t none;
    sigemptyset(&none);
    umask(077);
    if (chdir(folder) || set_descriptors(lock_fd, failed_fd) || sigprocmask(SIG_SETMASK, &none, NULL)) return;
    execvp(argv[0], argv);
}

// The first child ends at once, so that the server is nobody's child.
static void spawn_child(const char *folder, int lock_fd, int failed_fd)
{
    setsid();
    pid_t pid = fork();
    if (pid > 0) _exit(0);
    if (pid == 0) become_server(folder, lock_fd, &failed_fd);
    int code = errno;
    _exit(write(failed_fd, &code, sizeof code) < 0 ? 2 : 1);
}

// The errno with which starting failed; 0: it runs.
static int spawn(const char *folder, int lock_fd)
{
    int ends[2], code = 0;
    if (pipe2(ends, O_CLOEXEC)) return errno;
    pid_t pid = fork();
    if (pid == 0) spawn_child(folder, lock_fd, ends[1]);
    int failed = pid < 0 ? errno : 0;
    close(ends[1]);
    if (pid > 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
        if (read(ends[0], &code, sizeof code) == sizeof code) failed = code;
    }
    close(ends[0]);
    return failed;
}

static int start_server(struct hark_private_redis *redis, int lock_fd, struct hark_err *err)
{
    int failed = spawn(redis->folder, lock_fd);
    if (failed == ENOENT)
        return hark_err_set(
            err, HARK_ESERVICE,
            "redis-server is not installed; install the package redis-server, or name a Redis that runs with --redis");
    if (failed)
        return hark_err_set(err, HARK_ESERVICE, "cannot start redis-server in %s: %s", redis->folder, strerror(failed));
    return 0;
}

// Waits for a server that lives to answer. 1 where it died instead.
static int await_server(struct hark_private_redis *redis, struct hark_err *err)
{
    int64_t started = hark_clock_mono_us() / 1000;
    for (;;) {
        enum answer answer = ping(&redis->redis);
        if (answer == ANSWER_READY) return 0;
        int fd = answer == ANSWER_NONE ? lock_server(redis, err) : -1;
        if (fd >= 0) close(fd);
        if (fd >= 0 || err->code) return err->code ? err->code : 1;
        if (hark_clock_mono_us() / 1000 - started > (answer == ANSWER_LOADING ? LOAD_MS : START_MS))
            return hark_err_retry(err, HARK_ESERVICE, "the redis-server in %s does not answer; see redis.log there",
                                  redis->folder);
        nap();
    }
}

// Makes sure that a server answers; the caller holds start.lock.
static int ensure_server(struct hark_private_redis *redis, struct hark_err *err)
{
    int rc = 1;
    int fd = lock_server(redis, err);
    if (err->code) return err->code;
    if (fd < 0) rc = await_server(redis, err); // one lives, unless it is just stopping
    if (rc <= 0) return rc;
    if (fd < 0) fd = lock_server(redis, err);
    rc = fd < 0 ? hark_err_retry(err, HARK_ESERVICE, "somebody else starts a redis-server in %s", redis->folder)
                : start_server(redis, fd, err);
    if (fd >= 0) close(fd); // the server has its own
    if (!rc) rc = await_server(redis, err);
    return rc <= 0
               ? rc
               : hark_err_set(err, HARK_ESERVICE, "redis-server ended at once; %s/redis.log says why", redis->folder);
}

// --- opening and closing ---

static int open_folder(struct hark_private_redis *redis, const char *folder, struct hark_err *err)
{
    if (mkdir(folder, 0700) && errno != EEXIST)
        return hark_err_set(err, HARK_EINPUT, "%s: %s", folder, strerror(errno));
    redis->folder = realpath(folder, NULL);
    if (!redis->folder) return hark_err_set(err, HARK_EINPUT, "%s: %s", folder, strerror(errno));
    if (find_socket(redis->folder, redis->redis.url.path, sizeof redis->redis.url.path, err)) return err->code;
    snprintf(redis->redis.url.text, sizeof redis->redis.url.text, "unix://%s", redis->redis.url.path);
    hark_redis_url_of_path(redis->redis.url.path, &redis->url);
    (void)hark_buf_cstr(&redis->url);
    return 0;
}

static int join(struct hark_private_redis *redis, struct hark_err *err)
{
    int start = open_lock(redis->folder, "start.lock", err);
    if (start < 0) return err->code;
    redis->users = open_lock(redis->folder, "users.lock", err);
    if (redis->users >= 0) {
        if (lock(start, LOCK_EX) || lock(redis->users, LOCK_SH))
            hark_err_set(err, HARK_ESERVICE, "cannot lock %s: %s", redis->folder, strerror(errno));
        else
            (void)ensure_server(redis, err);
    }
    close(start);
    return err->code;
}

static void free_private(struct hark_private_redis *redis)
{
    hark_redis_done(&redis->redis);
    if (redis->users >= 0) close(redis->users);
    hark_buf_done(&redis->url);
    free(redis->folder);
    free(redis);
}

struct hark_private_redis *hark_private_redis_open(const char *folder, struct hark_err *err)
{
    struct hark_private_redis *redis = hark_calloc(1, sizeof *redis);
    redis->users = -1;
    redis->redis.connect_timeout_ms = redis->redis.timeout_ms = START_MS;
    if (open_folder(redis, folder, err) == 0 && join(redis, err) == 0) return redis;
    free_private(redis);
    return NULL;
}

const char *hark_private_redis_url(const struct hark_private_redis *redis)
{
    return redis->url.ptr;
}

// SHUTDOWN writes what is left of the append-only file; the lock says when the process has gone.
static void stop_server(struct hark_private_redis *redis)
{
    struct hark_err ignored = {0};
    redisReply *reply;
    int64_t started = hark_clock_mono_us() / 1000;
    int fd;
    if (hark_redis_connect(&redis->redis, &ignored) == 0 && hark_redis_send(&redis->redis, &ignored, "SHUTDOWN") == 0 &&
        hark_redis_reply(&redis->redis, NULL, &reply, &ignored) == 0)
        freeReplyObject(reply);
    while ((fd = lock_server(redis, &ignored)) < 0 && hark_clock_mono_us() / 1000 - started < STOP_MS) nap();
    if (fd >= 0) close(fd);
}

void hark_private_redis_close(struct hark_private_redis *redis)
{
    struct hark_err ignored = {0};
    if (!redis) return;
    int start = open_lock(redis->folder, "start.lock", &ignored);
    if (start >= 0 && lock(start, LOCK_EX) == 0 && lock(redis->users, LOCK_EX | LOCK_NB) == 0) stop_server(redis);
    if (start >= 0) close(start);
    free_private(redis);
}
