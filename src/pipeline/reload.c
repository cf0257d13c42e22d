// Rules that change while they are used. A thread of its own waits for SIGHUP or for a change in the rules' folders,
// loads and compiles them, runs their tests, and only then puts the new set in the place of the old one, which workers
// leave between two batches. What is wrong with a set is logged, and the old one stays.

#include "pipeline.h"

#include <hark/clock.h>

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
    AGAIN_MS = 5000,   // a set that is good waits for Kafka
    MAX_FOLDERS = 32,  // one below the other, as for the loader
    MAX_LOGGED = 20,   // of problems, and of tests
};

struct rules {
    const struct hark_config *cfg;
    int (*adopt)(void *arg, const struct hark_matcher *m, struct hark_err *err);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    struct hark_matcher *m;        // under the lock
    _Atomic(const void *) current; // m, to compare with
    atomic_bool ending;
    int changes; // inotify
    bool again, had_terminal;
};

static int wake_fd = -1;
static atomic_bool hung_up; // set before the wake-up, taken behind it, so that none is lost

static void on_hangup(int number)
{
    (void)number;
    int saved = errno;
    uint64_t one = 1;
    atomic_store(&hung_up, true);
    (void)!write(wake_fd, &one, sizeof one); // where that fails it is readable already
    errno = saved;
}

// --- what to wait for ---

static void watch_folder(struct rules *rules, const char *path, unsigned depth) // NOLINT(misc-no-recursion)
{
    enum { CHANGES = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE };
    DIR *dir = depth <= MAX_FOLDERS ? opendir(path) : NULL;
    if (!dir) return; // the loader says what is wrong with it
    (void)inotify_add_watch(rules->changes, path, CHANGES);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct hark_buf below = {0};
        struct stat st;
        if (entry->d_name[0] == '.') continue;
        hark_buf_printf(&below, "%s/%s", path, entry->d_name);
        if (stat(hark_buf_cstr(&below), &st) == 0 && S_ISDIR(st.st_mode)) watch_folder(rules, below.ptr, depth + 1);
        hark_buf_done(&below);
    }
    closedir(dir);
}

// Again before each load: folders come and go. A folder is watched once, however often that is asked for.
static void watch_folders(struct rules *rules)
{
    struct stat st;
    const char *path = rules->cfg->rules, *slash = strrchr(path, '/');
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) { // a file: what lies beside it
        struct hark_buf folder = {0};
        hark_buf_printf(&folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
        watch_folder(rules, hark_buf_cstr(&folder), MAX_FOLDERS);
        hark_buf_done(&folder);
    } else {
        watch_folder(rules, path, 0);
    }
}

static bool forget_changes(struct rules *rules)
{
    char events[4096];
    bool any = false;
    while (read(rules->changes, events, sizeof events) > 0) any = true;
    return any;
}

// Waits until the folders rest.
static void settle(struct rules *rules)
{
    for (int i = 0; i < SETTLE_TIMES && !atomic_load(&rules->ending); i++) {
        struct pollfd fds[] = {{.fd = rules->changes, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
        if (poll(fds, 2, SETTLE_MS) <= 0 || fds[1].revents) return;
        forget_changes(rules);
    }
}

// A terminal that has gone sends the same signal as somebody who wants the rules read: then this is the end.
static bool lost_terminal(const struct rules *rules)
{
    int fd = rules->had_terminal ? open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    if (fd >= 0) close(fd);
    return rules->had_terminal && fd < 0;
}

// False: it is over.
static bool wait_for_change(struct rules *rules, bool *ret_asked)
{
    uint64_t count;
    struct pollfd fds[] = {{.fd = rules->changes, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    while (poll(fds, 2, rules->again ? AGAIN_MS : -1) < 0 && errno == EINTR) continue;
    if (atomic_load(&rules->ending)) return false;
    if (fds[1].revents) (void)!read(wake_fd, &count, sizeof count);
    *ret_asked = atomic_exchange(&hung_up, false);
    if (*ret_asked && lost_terminal(rules)) {
        stop_request();
        return false;
    }
    if (forget_changes(rules) && !*ret_asked) settle(rules);
    return !atomic_load(&rules->ending);
}

// --- a new set ---

static void log_problems(const struct hark_problems *problems)
{
    size_t logged = 0;
    for (size_t i = 0; i < problems->n && logged < MAX_LOGGED; i++) {
        const struct hark_problem *problem = &problems->v[i];
        if (problem->warning && problems->errors) continue;
        hark_log(problem->warning ? HARK_WARN : HARK_ERROR, "rule", "file=%s line=%u column=%u problem=%s",
                 hark_log_q(problem->loc.file), problem->loc.line, problem->loc.column, hark_log_q(problem->text));
        logged++;
    }
}

static void log_test(const struct hark_test_result *result, void *arg)
{
    size_t *failed = arg;
    if (result->passed || ++*failed > MAX_LOGGED) return;
    const struct hark_test *test = result->test;
    hark_log(HARK_ERROR, "test failed", "file=%s line=%u rule=%s post=%s", hark_log_q(test->loc.file), test->loc.line,
             hark_log_q(result->brand ? result->brand->name : result->intent->name), hark_log_q(test->post.text));
}

static bool passes_tests(const struct hark_matcher *m, struct hark_err *err)
{
    size_t failed = 0;
    struct hark_scratch *ms = hark_scratch_new(m, err);
    if (!ms) return false;
    hark_match_run_tests(m, ms, log_test, &failed);
    hark_scratch_free(ms);
    if (failed) hark_err_set(err, HARK_EINPUT, "%zu of the rules' own tests failed", failed);
    return failed == 0;
}

static void put(struct rules *rules, struct hark_matcher *m)
{
    pthread_mutex_lock(&rules->lock);
    struct hark_matcher *old = rules->m;
    rules->m = m;
    atomic_store(&rules->current, m);
    pthread_mutex_unlock(&rules->lock);
    hark_matcher_unref(old);
}

static struct hark_matcher *build(struct rules *rules, bool asked, struct hark_err *err)
{
    struct hark_problems problems = {0};
    struct hark_matcher *m = NULL;
    const char *old = hark_matcher_rules(rules->m)->version; // only this thread changes it
    struct hark_ruleset *rs = hark_rules_load(&rules->cfg->rules, 1, hark_match_check_regex, &problems);
    bool same = rs && strcmp(rs->version, old) == 0;
    if (same && asked) hark_log(HARK_INFO, "rules unchanged", "version=%s", old);
    if (!same) log_problems(&problems);
    if (!rs)
        hark_err_set(err, HARK_EINPUT, "%zu error%s in the rules", problems.errors, problems.errors == 1 ? "" : "s");
    else if (!same)
        m = rules_compile(rules->cfg, rs, err);
    hark_ruleset_unref(rs);
    hark_problems_done(&problems);
    return m;
}

static void reload(struct rules *rules, bool asked)
{
    struct hark_err err = {0};
    char old[sizeof hark_matcher_rules(rules->m)->version];
    int64_t started_us = hark_clock_mono_us();
    memcpy(old, hark_matcher_rules(rules->m)->version, sizeof old);
    struct hark_matcher *m = build(rules, asked, &err);
    const struct hark_ruleset *rs = m ? hark_matcher_rules(m) : NULL;
    bool good = m && passes_tests(m, &err) && (!rules->adopt || rules->adopt(rules->arg, m, &err) == 0);
    rules->again = err.code && err.retriable;
    if (good) {
        hark_log(HARK_INFO, "rules taken", "version=%s instead_of=%s brands=%zu intents=%zu files=%zu seconds=%.3f",
                 rs->version, old, rs->nbrands, rs->nintents, rs->files,
                 (double)(hark_clock_mono_us() - started_us) / 1e6);
        metrics_rules(rs, old);
        put(rules, m);
        return;
    }
    if (err.code)
        hark_log(HARK_ERROR, "rules not taken", "version=%s in_force=%s error=%s", rs ? rs->version : "none", old,
                 hark_log_q(hark_str(err.text)));
    hark_matcher_unref(m);
}

static void *watch(void *arg)
{
    struct rules *rules = arg;
    bool asked;
    while (wait_for_change(rules, &asked)) {
        watch_folders(rules);
        reload(rules, asked);
    }
    return NULL;
}

// --- for workers ---

bool rules_changed(const struct rules *rules, const struct hark_matcher *m)
{
    return atomic_load_explicit(&rules->current, memory_order_relaxed) != m;
}

int rules_use(struct rules *rules, struct lane_env *env, struct hark_err *err)
{
    pthread_mutex_lock(&rules->lock);
    struct hark_matcher *m = hark_matcher_ref(rules->m);
    pthread_mutex_unlock(&rules->lock);
    struct hark_scratch *ms = hark_scratch_new(m, err);
    hark_matcher_unref(m); // the scratch holds it
    if (!ms) return err->code;
    rules_leave(env->ms);
    env->told = (struct hark_match_stats){0};
    env->m = m;
    env->ms = ms;
    return 0;
}

void store_rules(struct hark_store *store, const struct hark_matcher *m)
{
    struct hark_err err = {0};
    const char *version = hark_matcher_rules(m)->version;
    if (hark_store_meta(store, version, &err))
        hark_log(HARK_WARN, "the rules' version is not stored", "version=%s error=%s", version,
                 hark_log_q(hark_str(err.text)));
}

// --- start and end ---

static int open_fds(struct rules *rules, struct hark_err *err)
{
    rules->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (rules->changes >= 0 && wake_fd >= 0) return 0;
    return hark_err_set(err, HARK_ESERVICE, "the rules cannot be watched: %s", strerror(errno));
}

struct rules *rules_watch(const struct hark_config *cfg, struct hark_matcher *m,
                          int (*adopt)(void *arg, const struct hark_matcher *m, struct hark_err *err), void *arg,
                          struct hark_err *err)
{
    struct rules *rules = hark_calloc(1, sizeof *rules);
    struct sigaction action = {.sa_handler = on_hangup};
    *rules = (struct rules){.cfg = cfg, .adopt = adopt, .arg = arg, .m = hark_matcher_ref(m), .changes = -1};
    atomic_init(&rules->current, m);
    pthread_mutex_init(&rules->lock, NULL);
    int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    rules->had_terminal = terminal >= 0;
    if (terminal >= 0) close(terminal);
    if (open_fds(rules, err) == 0) {
        watch_folders(rules);
        int code = pthread_create(&rules->thread, NULL, watch, rules);
        if (code == 0) {
            sigemptyset(&action.sa_mask);
            sigaction(SIGHUP, &action, NULL);
            return rules;
        }
        hark_err_set(err, HARK_ESERVICE, "no thread: %s", strerror(code));
    }
    atomic_store(&rules->ending, true); // there is no thread to wait for
    rules_unwatch(rules);
    return NULL;
}

void rules_unwatch(struct rules *rules)
{
    uint64_t one = 1;
    if (!rules) return;
    if (!atomic_exchange(&rules->ending, true)) {
        signal(SIGHUP, SIG_IGN); // it is ending: there is nothing left to read rules for
        if (write(wake_fd, &one, sizeof one) == (ssize_t)sizeof one) pthread_join(rules->thread, NULL);
    }
    if (rules->changes >= 0) close(rules->changes);
    if (wake_fd >= 0) close(wake_fd);
    wake_fd = -1;
    pthread_mutex_destroy(&rules->lock);
    hark_matcher_unref(rules->m);
    free(rules);
}
