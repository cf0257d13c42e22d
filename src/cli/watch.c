// --watch: runs a command again whenever a rule file below its paths has changed, until it is told to stop.
//
// The watches stand before the command reads the files, so that no change falls between. Editors write a file in
// several steps (a new file, a rename, a mode): a pause ends a change.

#include "watch.h"

#include <hark/arena.h>
#include <hark/pipeline.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAUSE_MS = 100,   // without a change: it is over
    MAX_FOLDERS = 32, // one below the other, as when rules are read
};

static const uint32_t changes =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF;

// --- what is watched ---

static void watch_folder(int fd, const char *path, unsigned depth)
{
    struct hark_buf below = {0};
    struct stat st;
    if (inotify_add_watch(fd, path, changes | IN_ONLYDIR) < 0 || depth == MAX_FOLDERS) return;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        hark_buf_clear(&below);
        hark_buf_printf(&below, "%s/%s", path, entry->d_name);
        if (stat(hark_buf_cstr(&below), &st) == 0 && S_ISDIR(st.st_mode)) watch_folder(fd, below.ptr, depth + 1);
    }
    if (dir) closedir(dir);
    hark_buf_done(&below);
}

// A file is watched by its folder, for editors put a new file in its place; so is a path that is not there yet. The
// intents beside a file count as well.
static int watch_path(int fd, const char *path, struct hark_err *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        watch_folder(fd, path, 0);
        return 0;
    }
    const char *slash = strrchr(path, '/');
    struct hark_buf folder = {0};
    hark_buf_printf(&folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    if (inotify_add_watch(fd, hark_buf_cstr(&folder), changes | IN_ONLYDIR) < 0)
        hark_err_set(err, HARK_EINPUT, "%s cannot be watched: %s", folder.ptr, strerror(errno));
    hark_buf_printf(&folder, "/intents");
    watch_folder(fd, hark_buf_cstr(&folder), 0);
    hark_buf_done(&folder);
    return err->code;
}

static int open_watches(const struct hark_args *args, struct hark_err *err)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) {
        hark_err_set(err, HARK_ESERVICE, "changes cannot be watched: %s", strerror(errno));
        return -1;
    }
    for (size_t i = 0; i < args->n && err->code == 0; i++) (void)watch_path(fd, args->v[i], err);
    if (err->code == 0) return fd;
    close(fd);
    return -1;
}

// --- waiting ---

static bool counts(const struct inotify_event *event)
{
    struct hark_str name = hark_str(event->len ? event->name : "");
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_Q_OVERFLOW)) return true;
    if (name.len == 0 || name.ptr[0] == '.') return false;
    return (event->mask & IN_ISDIR) || hark_str_ends(name, HARK_STR(".yaml")) || hark_str_ends(name, HARK_STR(".yml"));
}

// Whether one of the events that are there counts; *changed gets the name of the first file that does.
static bool read_events(int fd, struct hark_buf *changed)
{
    union {
        struct inotify_event event;
        char bytes[16 << 10];
    } room;
    bool any = false;
    ssize_t n;
    while ((n = read(fd, &room, sizeof room)) > 0) {
        for (char *at = room.bytes; at < room.bytes + n;) {
            const struct inotify_event *event = (const void *)at;
            at += sizeof *event + event->len;
            if (!counts(event)) continue;
            any = true;
            if (changed->len == 0 && event->len) hark_buf_printf(changed, "%s", event->name);
        }
    }
    return any;
}

// Signals come through only while it waits, so that none is missed between the look and the wait. False at the time's
// end or when it is told to stop.
static bool wait_for(int fd, const struct timespec *timeout)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &before);
    int ready = hark_stopping() ? 0 : ppoll(&pollfd, 1, timeout, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ready > 0;
}

// True when something has changed and the change is over; false when it is told to stop.
static bool wait_for_change(int fd, struct hark_buf *changed)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    bool any = false;
    hark_buf_clear(changed);
    while (!any) {
        if (!wait_for(fd, NULL) && hark_stopping()) return false;
        any = read_events(fd, changed);
    }
    while (wait_for(fd, &pause)) read_events(fd, changed);
    return !hark_stopping();
}

static int run_once(const struct hark_config *cfg, const struct hark_args *args, hark_watched *once, const char *name)
{
    struct hark_err err = {0};
    int code = once(cfg, args, &err);
    fflush(stdout);
    if (err.text[0]) fprintf(stderr, "hark %s: %s\n", name, hark_err_str(&err));
    return code;
}

int hark_watch(const struct hark_config *cfg, const struct hark_args *args, hark_watched *once, const char *name,
               struct hark_err *err)
{
    struct hark_buf changed = {0};
    bool on = true;
    while (on) {
        int fd = open_watches(args, err);
        if (fd < 0) break;
        (void)run_once(cfg, args, once, name);
        on = wait_for_change(fd, &changed);
        close(fd);
        if (on) printf("\n%s changed\n", changed.len ? hark_buf_cstr(&changed) : args->v[0]);
    }
    hark_buf_done(&changed);
    return err->code;
}
