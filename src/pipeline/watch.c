// Rule files that change. A thread of its own waits for SIGHUP or for a change in the folders, lets them come to rest
// and says so. It is one for the process, as the signal is.

#include "pipeline.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SETTLE_MS = 300,   // without another change: editors and `git pull` write many files
    SETTLE_TIMES = 20, // a folder that never rests is read all the same
    AGAIN_MS = 5000,   // where it is to be called again though nothing changes
    MAX_FOLDERS = 32,  // one below the other, as for the loader
};

struct hark_watch {
    char *path;
    bool (*changed)(void *arg, bool asked);
    void *arg;
    pthread_t thread;
    atomic_bool ending;
    int changes; // inotify
    bool again, had_terminal;
};

static int wake_fd = -1;
static volatile sig_atomic_t hung_up;

static void on_hangup(int number)
{
    (void)number;
    int saved = errno;
    uint64_t one = 1;
    hung_up = 1;
    if (write(wake_fd, &one, sizeof one) < 0) errno = saved; // it is readable already
}

// --- what to wait for ---

static void watch_folder(struct hark_watch *watch, const char *path, unsigned depth) // NOLINT(misc-no-recursion)
{
    enum { CHANGES = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE };
    DIR *dir = depth <= MAX_FOLDERS ? opendir(path) : NULL;
    if (!dir) return; // the loader says what is wrong with it
    (void)inotify_add_watch(watch->changes, path, CHANGES);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct hark_buf below = {0};
        struct stat st;
        if (entry->d_name[0] == '.') continue;
        hark_buf_printf(&below, "%s/%s", path, entry->d_name);
        if (stat(hark_buf_cstr(&below), &st) == 0 && S_ISDIR(st.st_mode)) watch_folder(watch, below.ptr, depth + 1);
        hark_buf_done(&below);
    }
    closedir(dir);
}

// Again before each load: folders come and go. A folder is watched once, however often that is asked for.
static void watch_folders(struct hark_watch *watch)
{
    struct stat st;
    const char *path = watch->path, *slash = strrchr(path, '/');
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) { // a file: what lies beside it
        struct hark_buf folder = {0};
        hark_buf_printf(&folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
        watch_folder(watch, hark_buf_cstr(&folder), MAX_FOLDERS);
        hark_buf_done(&folder);
    } else {
        watch_folder(watch, path, 0);
    }
}

static bool forget_changes(struct hark_watch *watch)
{
    char events[4096];
    bool any = false;
    while (read(watch->changes, events, sizeof events) > 0) any = true;
    return any;
}

// Waits until the folders rest.
static void settle(struct hark_watch *watch)
{
    for (int i = 0; i < SETTLE_TIMES && !atomic_load(&watch->ending); i++) {
        struct pollfd fds[] = {{.fd = watch->changes, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
        if (poll(fds, 2, SETTLE_MS) <= 0 || fds[1].revents) return;
        forget_changes(watch);
    }
}

// A terminal that has gone sends the same signal as somebody who wants the rules read: then this is the end.
static bool lost_terminal(const struct hark_watch *watch)
{
    int fd = watch->had_terminal ? open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    if (fd >= 0) close(fd);
    return watch->had_terminal && fd < 0;
}

// False: it is over.
static bool wait_for_change(struct hark_watch *watch, bool *ret_asked)
{
    uint64_t count;
    struct pollfd fds[] = {{.fd = watch->changes, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    while (poll(fds, 2, watch->again ? AGAIN_MS : -1) < 0 && errno == EINTR) continue;
    if (atomic_load(&watch->ending)) return false;
    if (fds[1].revents && read(wake_fd, &count, sizeof count) < 0) hung_up = 0;
    *ret_asked = hung_up;
    hung_up = 0;
    if (*ret_asked && lost_terminal(watch)) {
        stop_request();
        return false;
    }
    if (forget_changes(watch) && !*ret_asked) settle(watch);
    return !atomic_load(&watch->ending);
}

static void *run(void *arg)
{
    struct hark_watch *watch = arg;
    bool asked;
    while (wait_for_change(watch, &asked)) {
        watch_folders(watch);
        watch->again = watch->changed(watch->arg, asked);
    }
    return NULL;
}

// --- start and end ---

static int open_fds(struct hark_watch *watch, struct hark_err *err)
{
    watch->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watch->changes >= 0 && wake_fd >= 0) return 0;
    return hark_err_set(err, HARK_ESERVICE, "the rules cannot be watched: %s", strerror(errno));
}

struct hark_watch *hark_watch_start(const char *path, bool (*changed)(void *arg, bool asked), void *arg,
                                    struct hark_err *err)
{
    struct hark_watch *watch = hark_calloc(1, sizeof *watch);
    struct sigaction action = {.sa_handler = on_hangup};
    *watch = (struct hark_watch){.path = hark_str_dup(hark_str(path)), .changed = changed, .arg = arg, .changes = -1};
    int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    watch->had_terminal = terminal >= 0;
    if (terminal >= 0) close(terminal);
    if (open_fds(watch, err) == 0) {
        watch_folders(watch);
        int code = pthread_create(&watch->thread, NULL, run, watch);
        if (code == 0) {
            sigemptyset(&action.sa_mask);
            sigaction(SIGHUP, &action, NULL);
            return watch;
        }
        hark_err_set(err, HARK_ESERVICE, "no thread: %s", strerror(code));
    }
    atomic_store(&watch->ending, true); // there is no thread to wait for
    hark_watch_stop(watch);
    return NULL;
}

void hark_watch_stop(struct hark_watch *watch)
{
    uint64_t one = 1;
    if (!watch) return;
    if (!atomic_exchange(&watch->ending, true)) {
        signal(SIGHUP, SIG_IGN); // it is ending: there is nothing left to read rules for
        if (write(wake_fd, &one, sizeof one) == (ssize_t)sizeof one) pthread_join(watch->thread, NULL);
    }
    if (watch->changes >= 0) close(watch->changes);
    if (wake_fd >= 0) close(wake_fd);
    wake_fd = -1;
    free(watch->path);
    free(watch);
}
