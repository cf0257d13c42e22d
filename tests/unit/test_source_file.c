// The file source: every way in which bytes come in, and where it goes on after a stop.
#include <hark/source.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char folder[] = "/tmp/hark-test-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void add_post(struct hark_buf *buf, int i)
{
    hark_buf_printf(
        buf,
        "{\"schema\":\"hark.post/1\",\"id\":\"%d\",\"source\":\"x\",\"op\":\"create\",\"time\":\"2026-11-21T10:%02d:"
        "00.000Z\",\"text\":\"post %d\",\"hashtags\":[],\"mentions\":[],\"links\":[]}\n",
        i, i % 60, i);
}

static void write_file(const char *name, struct hark_str bytes)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static void write_posts(const char *name, int from, int to)
{
    struct hark_buf buf = {0};
    for (int i = from; i < to; i++) add_post(&buf, i);
    write_file(name, hark_buf_str(&buf));
    hark_buf_done(&buf);
}

static struct hark_source *open_file(const char *name, const char *position)
{
    char spec[300];
    struct hark_err err = {0};
    struct hark_source_options options = {.resume = hark_str(position)};
    snprintf(spec, sizeof spec, "file:%s", path_of(name));
    struct hark_source *src = hark_source_open(spec, &options, &err);
    if (!src) fail_msg("%s", err.text);
    return src;
}

// Reads to the end: how many posts, refused and dead items there were.
struct tally {
    int n[3];
    char first[32], last[32], reason[128], where[300];
    uint64_t raw, raw_len; // of the last dead item
    int rc;
    struct hark_err err;
};

static void count(struct tally *tally, const struct hark_source_item *item)
{
    if (item->kind == HARK_ITEM_POST) {
        if (!tally->n[HARK_ITEM_POST])
            snprintf(tally->first, sizeof tally->first, HARK_STR_FMT, HARK_STR_ARG(item->post->id));
        snprintf(tally->last, sizeof tally->last, HARK_STR_FMT, HARK_STR_ARG(item->post->id));
    } else {
        snprintf(tally->reason, sizeof tally->reason, HARK_STR_FMT, HARK_STR_ARG(item->reason));
        snprintf(tally->where, sizeof tally->where, HARK_STR_FMT, HARK_STR_ARG(item->where));
        tally->raw = item->raw.len;
        tally->raw_len = item->raw_len;
    }
    tally->n[item->kind]++;
}

static struct tally read_all(struct hark_source *src)
{
    struct tally tally = {0};
    struct hark_source_item item;
    while ((tally.rc = hark_source_next(src, &item, &tally.err)) > 0) count(&tally, &item);
    hark_source_free(src);
    return tally;
}

static void names_are_the_same_however_written(void **state)
{
    (void)state;
    char direct[300], around[300];
    struct hark_err err = {0};
    struct hark_source_options options = {0};
    write_posts("a.ndjson", 0, 1);
    snprintf(direct, sizeof direct, "file:%s", path_of("a.ndjson"));
    snprintf(around, sizeof around, "file:%s/../%s/./a.ndjson", folder, folder + strlen("/tmp/"));
    struct hark_source *a = hark_source_open(direct, &options, &err), *b = hark_source_open(around, &options, &err);
    assert_string_equal(a->name, direct);
    assert_string_equal(b->name, direct);
    assert_true(a->kind->ends);
    hark_source_free(a);
    hark_source_free(b);
}

static void what_cannot_be_opened_says_why(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"file:/nowhere/x", "cannot open /nowhere/x: No such file or directory"},
        {"file:/tmp", "cannot open /tmp: Is a directory"},
        {"file:", "file: needs a path, or - for standard input"},
        {"posts.ndjson", "unknown source \"posts.ndjson\"; known are file:PATH or -, bluesky:[wss://HOST/…], "
                         "mastodon:HOST[/tags/NAME], x:[https://…/stream], rss:URL, hn:[https://HOST], http:ADDR:PORT, "
                         "nostr:wss://RELAY, reddit:r/NAME[+NAME…], "
                         "lemmy:HOST[/local|/c/NAME], youtube:CHANNEL_ID"},
        {"carrier-pigeon:x", "unknown source \"carrier-pigeon:x\"; known are file:PATH or -, bluesky:[wss://HOST/…], "
                             "mastodon:HOST[/tags/NAME], x:[https://…/stream], rss:URL, hn:[https://HOST], "
                             "http:ADDR:PORT, nostr:wss://RELAY, reddit:r/NAME[+NAME…], "
                             "lemmy:HOST[/local|/c/NAME], youtube:CHANNEL_ID"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hark_err err = {0};
        struct hark_source_options options = {0};
        assert_null(hark_source_open(cases[i][0], &options, &err));
        assert_int_equal(err.code, HARK_EINPUT);
        assert_string_equal(err.text, cases[i][1]);
    }
}

static void an_empty_file_ends_at_once(void **state)
{
    (void)state;
    write_file("empty", HARK_STR(""));
    struct tally tally = read_all(open_file("empty", NULL));
    assert_int_equal(tally.rc, 0);
    assert_int_equal(tally.n[HARK_ITEM_POST] + tally.n[HARK_ITEM_REFUSED] + tally.n[HARK_ITEM_DEAD], 0);
}

// The line is counted and its beginning kept; neither it nor the lines around it cost more than what is bounded.
static void a_long_line_is_dead_and_not_held(void **state)
{
    (void)state;
    enum { LONG = 64 << 20 };
    FILE *file = fopen(path_of("long"), "w");
    struct hark_buf buf = {0};
    add_post(&buf, 1);
    fwrite(buf.ptr, 1, buf.len, file);
    for (int i = 0; i < LONG / 64; i++)
        fputs("{\"id\":\"0123456789012345678901234567890123456789012345678901234,", file);
    fputc('\n', file);
    fwrite(buf.ptr, 1, buf.len, file);
    fclose(file);
    struct hark_source *src = open_file("long", NULL);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    struct tally tally = read_all(src);
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(tally.n[HARK_ITEM_POST], 2);
    assert_int_equal(tally.n[HARK_ITEM_DEAD], 1);
    assert_string_equal(tally.reason, "longer than 1 MiB");
    assert_int_equal(tally.raw, HARK_DEAD_MAX_BYTES);
    assert_int_equal(tally.raw_len, LONG / 64 * 63);
    assert_string_equal(strrchr(tally.where, ':'), ":2");
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 << 10); // kilobytes
    hark_buf_done(&buf);
}

// As long as a message may be, and one byte longer.
static void the_longest_line(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct hark_buf buf = {0};
        add_post(&buf, 1);
        size_t end = buf.len - strlen("\"}\n") - strlen(",\"hashtags\":[],\"mentions\":[],\"links\":[]") - 1;
        char *tail = hark_str_dup(hark_strn(buf.ptr + end, buf.len - end));
        size_t tail_len = buf.len - end;
        buf.len = end;
        while (buf.len + tail_len - 1 < (size_t)HARK_POST_MAX_BYTES + (size_t)more) hark_buf_char(&buf, 'x');
        hark_buf_add(&buf, tail, tail_len);
        add_post(&buf, 2);
        write_file("longest", hark_buf_str(&buf));
        struct tally tally = read_all(open_file("longest", NULL));
        assert_int_equal(tally.n[HARK_ITEM_POST], 2 - more);
        assert_int_equal(tally.n[HARK_ITEM_DEAD], more);
        assert_string_equal(tally.last, "2");
        free(tail);
        hark_buf_done(&buf);
    }
}

// A JSON text over many lines, longer than a line may be: a page that somebody kept.
static void a_long_page_over_many_lines(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    hark_buf_char(&buf, '[');
    for (int i = 0; i < 20000; i++) {
        hark_buf_printf(&buf, i ? ",\n" : "\n");
        add_post(&buf, i);
    }
    hark_buf_printf(&buf, "]\n");
    add_post(&buf, 7);
    assert_true(buf.len > HARK_POST_MAX_BYTES);
    write_file("page", hark_buf_str(&buf));
    struct tally tally = read_all(open_file("page", NULL));
    assert_int_equal(tally.n[HARK_ITEM_POST], 20001);
    assert_int_equal(tally.n[HARK_ITEM_DEAD], 0);
    assert_string_equal(tally.last, "7");
    hark_buf_done(&buf);
}

static void pack(const char *name, struct hark_str bytes, const char *mode)
{
    gzFile file = gzopen(path_of(name), mode);
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes.ptr, (unsigned)bytes.len), bytes.len);
    assert_int_equal(gzclose(file), Z_OK);
}

static void gzip_is_told_by_its_first_bytes(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    for (int i = 0; i < 20000; i++) add_post(&buf, i);
    pack("packed", hark_buf_str(&buf), "w");
    pack("packed", hark_buf_str(&buf), "a"); // a second member
    struct hark_source *src = open_file("packed", NULL);
    struct hark_source_progress progress;
    struct hark_source_item item;
    struct hark_err err = {0};
    assert_int_equal(hark_source_next(src, &item, &err), 1);
    hark_source_progress(src, &progress);
    struct stat st;
    assert_int_equal(stat(path_of("packed"), &st), 0);
    assert_int_equal(progress.all_bytes, st.st_size);
    assert_true(progress.done_bytes > 0 && progress.done_bytes <= progress.all_bytes);
    assert_true(progress.at_ms == item.post->time_ms);
    struct tally tally = read_all(src);
    assert_int_equal(tally.rc, 0);
    assert_int_equal(tally.n[HARK_ITEM_POST], 39999);
    hark_buf_done(&buf);
}

static void gzip_that_ends_early_is_an_error(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    for (int i = 0; i < 20000; i++) add_post(&buf, i);
    pack("cut", hark_buf_str(&buf), "w");
    struct stat st;
    assert_int_equal(stat(path_of("cut"), &st), 0);
    assert_int_equal(truncate(path_of("cut"), st.st_size / 2), 0);
    struct tally tally = read_all(open_file("cut", NULL));
    assert_int_equal(tally.rc, HARK_EINPUT);
    assert_non_null(strstr(tally.err.text, "ends early"));
    assert_true(tally.n[HARK_ITEM_POST] > 1000);
    hark_buf_done(&buf);
}

static void check_resume(const char *name, int posts)
{
    struct hark_source *src = open_file(name, NULL);
    struct hark_source_item item;
    struct hark_err err = {0};
    for (int i = 0; i < posts; i++) {
        char position[128];
        assert_int_equal(hark_source_next(src, &item, &err), 1);
        snprintf(position, sizeof position, HARK_STR_FMT, HARK_STR_ARG(item.position));
        if (i % 97 && i != posts - 1) continue;
        struct tally tally = read_all(open_file(name, position));
        assert_int_equal(tally.n[HARK_ITEM_POST], posts - 1 - i);
        if (i < posts - 1) assert_int_equal(atoi(tally.first), i + 1);
        assert_int_equal(tally.n[HARK_ITEM_DEAD], 0);
    }
    hark_source_free(src);
}

static void a_position_goes_on_behind_its_item(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    for (int i = 0; i < 3000; i++) add_post(&buf, i);
    write_file("plain", hark_buf_str(&buf));
    pack("plain.gz", hark_buf_str(&buf), "w");
    check_resume("plain", 3000);
    check_resume("plain.gz", 3000);
    hark_buf_done(&buf);
}

// Items of one record share the position before it, but for the last: no item is lost by a stop between them.
static void a_page_is_read_again_until_it_is_done(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    add_post(&buf, 0);
    hark_buf_char(&buf, '[');
    for (int i = 1; i < 4; i++) {
        add_post(&buf, i);
        buf.ptr[buf.len - 1] = i < 3 ? ',' : ']';
    }
    hark_buf_char(&buf, '\n');
    add_post(&buf, 4);
    write_file("pages", hark_buf_str(&buf));
    static const int left[] = {4, 4, 4, 1, 0};
    struct hark_source *src = open_file("pages", NULL);
    for (int i = 0; i < 5; i++) {
        struct hark_source_item item;
        struct hark_err err = {0};
        char position[128];
        assert_int_equal(hark_source_next(src, &item, &err), 1);
        snprintf(position, sizeof position, HARK_STR_FMT, HARK_STR_ARG(item.position));
        assert_int_equal(read_all(open_file("pages", position)).n[HARK_ITEM_POST], left[i]);
    }
    hark_source_free(src);
    hark_buf_done(&buf);
}

static void position_at(const char *name, int item_no, char *out, size_t size)
{
    struct hark_source *src = open_file(name, NULL);
    struct hark_source_item item;
    struct hark_err err = {0};
    for (int i = 0; i <= item_no; i++) assert_int_equal(hark_source_next(src, &item, &err), 1);
    snprintf(out, size, HARK_STR_FMT, HARK_STR_ARG(item.position));
    hark_source_free(src);
}

static void another_file_under_the_name_is_read_from_its_start(void **state)
{
    (void)state;
    char position[128];
    write_posts("log", 0, 100);
    position_at("log", 49, position, sizeof position);
    write_posts("log", 1000, 1100); // rotated
    struct tally tally = read_all(open_file("log", position));
    assert_int_equal(tally.n[HARK_ITEM_POST], 100);
    assert_string_equal(tally.first, "1000");
    write_posts("log", 0, 3); // cut short: what is left begins as it did, but ends before the position
    assert_int_equal(read_all(open_file("log", position)).n[HARK_ITEM_POST], 3);
}

static void a_file_that_grew_goes_on(void **state)
{
    (void)state;
    char position[128];
    for (int small = 0; small < 2; small++) { // shorter and longer than what is looked at of its beginning
        int n = small ? 2 : 200;
        write_posts("growing", 0, n);
        position_at("growing", n - 1, position, sizeof position);
        write_posts("growing", 0, n + 5);
        struct tally tally = read_all(open_file("growing", position));
        assert_int_equal(tally.n[HARK_ITEM_POST], 5);
        assert_int_equal(atoi(tally.first), n);
    }
}

static void a_position_of_something_else_is_an_error(void **state)
{
    (void)state;
    static const char *const wrong[] = {"17", "1 2 3", "2 0 0 0 0", "1 0 0 99999 0", "1 0 0 0 0 0", "x"};
    write_posts("a.ndjson", 0, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char spec[300];
        struct hark_err err = {0};
        struct hark_source_options options = {.resume = hark_str(wrong[i])};
        snprintf(spec, sizeof spec, "file:%s", path_of("a.ndjson"));
        assert_null(hark_source_open(spec, &options, &err));
        assert_non_null(strstr(err.text, "not a position in a file"));
    }
}

// --- standard input ---

struct pipe_in {
    int saved, to;
};

static struct pipe_in take_stdin(void)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct pipe_in in = {dup(STDIN_FILENO), fds[1]};
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    return in;
}

static void give_back_stdin(struct pipe_in in)
{
    dup2(in.saved, STDIN_FILENO);
    close(in.saved);
}

static struct hark_source *open_stdin(void)
{
    struct hark_err err = {0};
    struct hark_source_options options = {0};
    struct hark_source *src = hark_source_open("file:-", &options, &err);
    assert_non_null(src);
    return src;
}

static void put(int fd, const char *bytes, size_t len)
{
    assert_int_equal(write(fd, bytes, len), len);
}

static void standard_input_gives_each_line_as_it_comes(void **state)
{
    (void)state;
    struct pipe_in in = take_stdin();
    struct hark_source *src = open_stdin();
    struct hark_source_item item;
    struct hark_err err = {0};
    struct hark_buf buf = {0};
    add_post(&buf, 1);
    assert_string_equal(src->name, "file:-");
    put(in.to, buf.ptr, 20);
    put(in.to, buf.ptr + 20, buf.len - 20);
    assert_int_equal(hark_source_next(src, &item, &err), 1); // the pipe is still open
    assert_true(hark_str_is(item.where, "standard input:1"));
    assert_null(item.position.ptr);
    put(in.to, buf.ptr, buf.len - 1); // no line end
    close(in.to);
    struct tally tally = read_all(src);
    assert_int_equal(tally.n[HARK_ITEM_POST], 1);
    give_back_stdin(in);
    hark_buf_done(&buf);
}

static void *stop_later(void *src)
{
    usleep(20000);
    hark_source_stop(src);
    return NULL;
}

static void a_stop_ends_the_wait_for_bytes(void **state)
{
    (void)state;
    struct pipe_in in = take_stdin();
    struct hark_source *src = open_stdin();
    struct hark_source_item item;
    struct hark_err err = {0};
    pthread_t thread;
    put(in.to, "{\"half\":", 8);
    pthread_create(&thread, NULL, stop_later, src);
    assert_int_equal(hark_source_next(src, &item, &err), 0);
    assert_int_equal(hark_source_next(src, &item, &err), 0);
    assert_int_equal(err.code, 0);
    pthread_join(thread, NULL);
    hark_source_free(src);
    close(in.to);
    give_back_stdin(in);
}

// --- speed ---

static struct hark_source *open_at_speed(const char *name, double speed)
{
    char spec[300];
    struct hark_err err = {0};
    struct hark_source_options options = {.speed = speed};
    snprintf(spec, sizeof spec, "file:%s", path_of(name));
    struct hark_source *src = hark_source_open(spec, &options, &err);
    assert_non_null(src);
    return src;
}

// The second post is a minute after the first: only a stop ends the wait for it, and it is not handed over.
static void a_stop_ends_the_wait_for_a_posts_time(void **state)
{
    (void)state;
    struct hark_source_item item;
    struct hark_err err = {0};
    pthread_t thread;
    write_posts("minutes", 0, 2);
    struct hark_source *src = open_at_speed("minutes", 1);
    assert_int_equal(hark_source_next(src, &item, &err), 1);
    pthread_create(&thread, NULL, stop_later, src);
    assert_int_equal(hark_source_next(src, &item, &err), 0);
    pthread_join(thread, NULL);
    hark_source_free(src);
}

// At the posts' own pace these hours backwards would last for ever if they were waited for; at a great one, minutes are
// nothing.
static void times_that_go_backwards_are_not_waited_for(void **state)
{
    (void)state;
    struct hark_buf buf = {0};
    for (int i = 59; i >= 0; i--) add_post(&buf, i);
    write_file("backwards", hark_buf_str(&buf));
    assert_int_equal(read_all(open_at_speed("backwards", 1)).n[HARK_ITEM_POST], 60);
    write_posts("minutes", 0, 60);
    assert_int_equal(read_all(open_at_speed("minutes", 1e6)).n[HARK_ITEM_POST], 60);
    hark_buf_done(&buf);
}

// Line by line the same, whether posts are read at once or when asked for.
static void lazy_items_read_are_the_same(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"schema\":\"hark.post/"
        "1\",\"id\":\"1\",\"source\":\"x\",\"op\":\"create\",\"time\":\"2026-11-21T10:00:00.000Z\","
        "\"text\":\"a #tag\"}",
        "{\"schema\":\"hark.post/"
        "1\",\"id\":\"2\",\"source\":\"x\",\"op\":\"create\",\"time\":\"2026-11-21T10:00:00.000Z\"}",
        "{\"schema\":\"hark.post/"
        "1\",\"id\":\"3\",\"source\":\"x\",\"op\":\"create\",\"time\":\"2026-11-21T10:00:00.000Z\","
        "\"text\":\"b\",\"lang\":[\"en\"],\"hashtags\":[],\"mentions\":[],\"links\":[]}",
        "{\"schema\":\"hark.post/"
        "1\",\"id\":\"3\",\"source\":\"x\",\"op\":\"delete\",\"time\":\"2026-11-21T10:00:00.000Z\"}",
        "[1,2",
        "{\"schema\":\"hark.post/1\",\"id\":\"\xff\",\"source\":\"x\",\"op\":\"create\"}",
    };
    struct hark_buf buf = {0};
    struct hark_err err = {0};
    struct hark_source_options options[2] = {{.lazy = false}, {.lazy = true}};
    struct hark_source *src[2];
    struct hark_source_item item[2];
    size_t unread = 0, n = 0;
    char spec[300];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) hark_buf_printf(&buf, "%s\n", lines[i]);
    write_file("lazy", hark_buf_str(&buf));
    snprintf(spec, sizeof spec, "file:%s", path_of("lazy"));
    for (int i = 0; i < 2; i++) assert_non_null(src[i] = hark_source_open(spec, &options[i], &err));
    while (hark_source_next(src[0], &item[0], &err) == 1) {
        assert_int_equal(hark_source_next(src[1], &item[1], &err), 1);
        assert_int_equal(item[0].kind, item[1].kind);
        bool lazy = item[1].kind == HARK_ITEM_POST && !item[1].post;
        if (lazy) assert_true(hark_str_eq(item[1].json, hark_str(lines[n])));
        unread += lazy;
        hark_source_read(src[1], &item[1]);
        assert_true(hark_str_eq(item[0].json, item[1].json));
        assert_true(hark_str_eq(item[0].where, item[1].where));
        assert_true(hark_str_eq(item[0].position, item[1].position));
        assert_true(hark_str_eq(item[0].reason, item[1].reason));
        if (item[0].kind == HARK_ITEM_POST) assert_true(hark_str_eq(item[0].post->id, item[1].post->id));
        n++;
    }
    assert_int_equal(hark_source_next(src[1], &item[1], &err), 0);
    assert_int_equal(n, sizeof lines / sizeof *lines);
    assert_int_equal(unread, 2);
    for (int i = 0; i < 2; i++) hark_source_free(src[i]);
    hark_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_same_however_written),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(an_empty_file_ends_at_once),
        cmocka_unit_test(a_long_line_is_dead_and_not_held),
        cmocka_unit_test(the_longest_line),
        cmocka_unit_test(a_long_page_over_many_lines),
        cmocka_unit_test(gzip_is_told_by_its_first_bytes),
        cmocka_unit_test(gzip_that_ends_early_is_an_error),
        cmocka_unit_test(a_position_goes_on_behind_its_item),
        cmocka_unit_test(a_page_is_read_again_until_it_is_done),
        cmocka_unit_test(another_file_under_the_name_is_read_from_its_start),
        cmocka_unit_test(a_file_that_grew_goes_on),
        cmocka_unit_test(a_position_of_something_else_is_an_error),
        cmocka_unit_test(standard_input_gives_each_line_as_it_comes),
        cmocka_unit_test(a_stop_ends_the_wait_for_bytes),
        cmocka_unit_test(a_stop_ends_the_wait_for_a_posts_time),
        cmocka_unit_test(times_that_go_backwards_are_not_waited_for),
        cmocka_unit_test(lazy_items_read_are_the_same),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
