// The private redis-server: shared, kept from command to command, and stopped by its last user however the others
// ended.

#include <hark/count.h>

#include <hiredis/hiredis.h>

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[512];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    snprintf(folder, sizeof folder, "/tmp/hark-private-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct hark_private_redis *open_private(const char *where)
{
    struct hark_err err = {0};
    struct hark_private_redis *redis = hark_private_redis_open(where, &err);
    if (!redis) fail_msg("%s", err.text);
    return redis;
}

static long long command(const struct hark_private_redis *redis, const char *text)
{
    redisContext *ctx = redisConnectUnix(hark_private_redis_url(redis) + strlen("unix://"));
    assert_true(ctx && !ctx->err);
    redisReply *reply = redisCommand(ctx, text);
    assert_non_null(reply);
    long long n = reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : reply->integer;
    freeReplyObject(reply);
    redisFree(ctx);
    return n;
}

// Whether a server process lives in the folder.
static bool runs(void)
{
    char path[600];
    snprintf(path, sizeof path, "%s/server.lock", folder);
    FILE *file = fopen(path, "r+");
    if (!file) return false;
    bool locked = flock(fileno(file), LOCK_EX | LOCK_NB) != 0;
    fclose(file);
    return locked;
}

static void await_end(void)
{
    while (runs()) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void kill_server(const struct hark_private_redis *redis)
{
    redisContext *ctx = redisConnectUnix(hark_private_redis_url(redis) + strlen("unix://"));
    redisReply *reply = redisCommand(ctx, "INFO server");
    pid_t pid = atoi(strstr(reply->str, "process_id:") + strlen("process_id:"));
    freeReplyObject(reply);
    assert_true(pid > 1);
    kill(pid, SIGKILL);
    redisFree(ctx);
    await_end();
}

static void is_shared_and_keeps_its_data(void **state)
{
    (void)state;
    struct hark_private_redis *first = open_private(folder), *second = open_private(folder);
    assert_int_equal(command(first, "INCR n"), 1);
    hark_private_redis_close(first);
    assert_true(runs());
    assert_int_equal(command(second, "INCR n"), 2);
    hark_private_redis_close(second);
    assert_false(runs());
    first = open_private(folder);
    assert_int_equal(command(first, "GET n"), 2);
    hark_private_redis_close(first);
    hark_private_redis_close(NULL);
}

static void is_nobodys_but_the_owners(void **state)
{
    (void)state;
    char path[600];
    struct stat st;
    struct hark_private_redis *redis = open_private(folder);
    snprintf(path, sizeof path, "%s/redis.sock", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/redis.log", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
    hark_private_redis_close(redis);
}

static void starts_again_after_it_was_killed(void **state)
{
    (void)state;
    struct hark_private_redis *redis = open_private(folder), *again;
    for (int i = 0; i < 100; i++) command(redis, "INCR n");
    command(redis, "BGREWRITEAOF");
    kill_server(redis);
    again = open_private(folder); // its socket is still there
    assert_int_equal(command(again, "GET n"), 100);
    hark_private_redis_close(redis);
    assert_true(runs());
    hark_private_redis_close(again);
    assert_false(runs());
}

static void a_killed_user_does_not_count(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct hark_err err = {0};
        if (!hark_private_redis_open(folder, &err) || write(ends[1], "x", 1) != 1) _exit(1);
        pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_true(runs()); // it outlives who started it
    struct hark_private_redis *redis = open_private(folder);
    hark_private_redis_close(redis);
    assert_false(runs());
}

static void many_come_and_go_at_once(void **state)
{
    (void)state;
    enum { USERS = 6, TURNS = 5 };
    for (int i = 0; i < USERS; i++) {
        if (fork()) continue;
        for (int k = 0; k < TURNS; k++) {
            struct hark_err err = {0};
            struct hark_private_redis *redis = hark_private_redis_open(folder, &err);
            if (!redis) _exit(1);
            if (command(redis, "INCR n") < 1) _exit(2);
            hark_private_redis_close(redis);
        }
        _exit(0);
    }
    int status;
    while (wait(&status) > 0) assert_int_equal(status, 0);
    assert_false(runs());
    struct hark_private_redis *redis = open_private(folder);
    assert_int_equal(command(redis, "GET n"), USERS * TURNS);
    hark_private_redis_close(redis);
}

static void works_in_a_folder_with_a_long_name(void **state)
{
    (void)state;
    char runtime[600], deep[700], name[121], shorts[620];
    memset(name, 'd', sizeof name);
    name[sizeof name - 1] = 0;
    snprintf(runtime, sizeof runtime, "%s/run", folder);
    snprintf(deep, sizeof deep, "%s/%s, 100%% long", folder, name);
    assert_int_equal(mkdir(runtime, 0700), 0);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    struct hark_private_redis *redis = open_private(deep);
    struct hark_err err = {0};
    struct hark_store *store =
        hark_store_open(&(struct hark_store_options){.redis = hark_private_redis_url(redis), .prefix = "hark:"}, &err);
    if (!store) fail_msg("%s", err.text);
    hark_store_close(store);
    hark_private_redis_close(redis);
    snprintf(shorts, sizeof shorts, "%s/hark", runtime);
    assert_int_equal(chmod(shorts, 0755), 0); // somebody else could put a link there
    assert_null(hark_private_redis_open(deep, &err));
    assert_int_equal(err.code, HARK_EINPUT);
    assert_non_null(strstr(err.text, "yours alone"));
    unsetenv("XDG_RUNTIME_DIR");
}

static void a_url_with_a_comma_is_one_url(void **state)
{
    (void)state;
    char odd[600];
    struct hark_err err = {0};
    snprintf(odd, sizeof odd, "%s/a, b 5%%20 c", folder);
    struct hark_private_redis *redis = open_private(odd);
    struct hark_store *store =
        hark_store_open(&(struct hark_store_options){.redis = hark_private_redis_url(redis), .prefix = "hark:"}, &err);
    if (!store) fail_msg("%s", err.text);
    hark_store_close(store);
    hark_private_redis_close(redis);
}

static void says_what_is_missing(void **state)
{
    (void)state;
    struct hark_err err = {0};
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    struct hark_private_redis *redis = hark_private_redis_open(folder, &err);
    setenv("PATH", path, 1);
    free(path);
    assert_null(redis);
    assert_int_equal(err.code, HARK_ESERVICE);
    assert_non_null(strstr(err.text, "package redis-server"));
    await_end();
}

static void says_where_to_look_when_it_ends_at_once(void **state)
{
    (void)state;
    char path[600];
    struct hark_err err = {0};
    snprintf(path, sizeof path, "%s/appendonlydir", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/appendonlydir/appendonly.aof.manifest", folder);
    FILE *file = fopen(path, "w");
    fputs("this is no manifest\n", file);
    fclose(file);
    assert_null(hark_private_redis_open(folder, &err));
    assert_int_equal(err.code, HARK_ESERVICE);
    assert_non_null(strstr(err.text, "redis.log"));
}

static void says_what_is_wrong_with_the_folder(void **state)
{
    (void)state;
    struct hark_err err = {0};
    assert_null(hark_private_redis_open("/proc/nowhere", &err));
    assert_int_equal(err.code, HARK_EINPUT);
    assert_non_null(strstr(err.text, "/proc/nowhere"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_shared_and_keeps_its_data),
        TEST(is_nobodys_but_the_owners),
        TEST(starts_again_after_it_was_killed),
        TEST(a_killed_user_does_not_count),
        TEST(many_come_and_go_at_once),
        TEST(works_in_a_folder_with_a_long_name),
        TEST(a_url_with_a_comma_is_one_url),
        TEST(says_what_is_missing),
        TEST(says_where_to_look_when_it_ends_at_once),
        TEST(says_what_is_wrong_with_the_folder),
    };
    return cmocka_run_group_tests_name("private redis", tests, NULL, NULL);
}
