// Folders are walked in the order of the bytes of their names, so that one tree gives one rule set on every machine.

#include "files.h"

#include <hark/sha256.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FOLDERS = 32 }; // one below the other; links that lead in a circle end here

static void complain(struct hark_problems *problems, struct hark_str name, const char *what, const char *right)
{
    hark_problems_add(problems, false, (struct hark_loc){name, 0, 0}, "%s: %s", what, right);
}

static bool is_rule_file(const char *name)
{
    struct hark_str s = hark_str(name);
    return hark_str_ends(s, HARK_STR(".yaml")) || hark_str_ends(s, HARK_STR(".yml"));
}

static char *read_all(int fd, size_t size, size_t *ret_len)
{
    char *bytes = hark_alloc(size + 1);
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, bytes + len, size - len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) break;
            free(bytes);
            return NULL;
        }
        len += (size_t)n;
    }
    *ret_len = len;
    return bytes;
}

struct hark_found hark_found(struct hark_str name, struct hark_str relative, struct hark_str raw)
{
    size_t mark = hark_str_starts(raw, HARK_STR("\xEF\xBB\xBF")) ? 3 : 0;
    struct hark_file file = {.name = name, .bytes = hark_strn(raw.ptr + mark, raw.len - mark)};
    return (struct hark_found){file, relative, raw};
}

static bool take(struct hark_files *files, const struct stat *st)
{
    const uint64_t id[2] = {st->st_dev, st->st_ino};
    bool fresh;
    hark_map_put(&files->seen, hark_strn(hark_arena_copy(&files->arena, id, 2, sizeof *id), sizeof id), &fresh);
    return fresh;
}

static void add_open(struct hark_files *files, int fd, const struct stat *st, struct hark_str name,
                     struct hark_str relative, struct hark_problems *problems)
{
    size_t len;
    if (!S_ISREG(st->st_mode)) {
        complain(problems, name, "this is no file", "rules are read from *.yaml files and folders of them");
        return;
    }
    if (st->st_size > HARK_RULES_MAX_FILE_BYTES) {
        complain(problems, name, "this file is larger than 256 MiB", "part the brands into several files");
        return;
    }
    if (!take(files, st)) return;
    char *bytes = read_all(fd, (size_t)st->st_size, &len);
    if (!bytes) {
        complain(problems, name, "this file cannot be read", strerror(errno));
        return;
    }
    files->v = hark_grow(files->v, files->n, &files->cap, sizeof *files->v);
    files->v[files->n++] = hark_found(name, relative, hark_strn(bytes, len));
}

// O_NONBLOCK: a pipe among the files must not hold up the start.
static void add_file(struct hark_files *files, struct hark_str name, struct hark_str relative,
                     struct hark_problems *problems)
{
    struct stat st;
    int fd = open(name.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st))
        complain(problems, name, "this file cannot be read", strerror(errno));
    else
        add_open(files, fd, &st, name, relative, problems);
    if (fd >= 0) close(fd);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_folder(struct hark_files *files, struct hark_str name, struct hark_str relative, unsigned depth,
                       struct hark_problems *problems)
{
    struct dirent **entries;
    if (depth > MAX_FOLDERS) {
        complain(problems, name, "folders are nested too deep here", "does a link lead in a circle?");
        return;
    }
    int n = scandir(name.ptr, &entries, visible, by_bytes);
    if (n < 0) {
        complain(problems, name, "this folder cannot be read", strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        struct stat st;
        struct hark_str path = hark_arena_printf(&files->arena, "%s/%s", name.ptr, entries[i]->d_name);
        struct hark_str below =
            hark_arena_printf(&files->arena, "%s%s%s", relative.ptr, relative.len ? "/" : "", entries[i]->d_name);
        if (stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode))
            add_folder(files, path, below, depth + 1, problems);
        else if (is_rule_file(entries[i]->d_name))
            add_file(files, path, below, problems);
        free(entries[i]);
    }
    free(entries);
}

// A file, and the folder of intents beside it, whose names it may use.
static void add_single(struct hark_files *files, struct hark_str path, struct hark_problems *problems)
{
    struct stat st;
    const char *slash = strrchr(path.ptr, '/');
    struct hark_str name = slash ? hark_str(slash + 1) : path;
    struct hark_str beside = slash ? hark_arena_printf(&files->arena, "%.*s/intents", (int)(slash - path.ptr), path.ptr)
                                   : HARK_STR("intents");
    add_file(files, path, name, problems);
    if (stat(beside.ptr, &st) == 0 && S_ISDIR(st.st_mode)) add_folder(files, beside, HARK_STR("intents"), 0, problems);
}

static void add_path(struct hark_files *files, const char *path, struct hark_problems *problems)
{
    struct stat st;
    struct hark_str name = hark_arena_str(&files->arena, hark_str(path));
    while (name.len > 1 && name.ptr[name.len - 1] == '/') ((char *)name.ptr)[--name.len] = 0;
    if (stat(name.ptr, &st)) {
        complain(problems, name, "there is no such file or folder",
                 "rules are read from a folder of *.yaml files or from single ones");
    } else if (S_ISDIR(st.st_mode)) {
        files->folder = true;
        add_folder(files, name, HARK_STR(""), 0, problems);
    } else {
        add_single(files, name, problems);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct hark_found *x = a, *y = b;
    int order = hark_str_cmp(x->relative, y->relative);
    return order ? order : hark_str_cmp(x->file.name, y->file.name);
}

void hark_files_find(struct hark_files *files, const char *const *paths, size_t npaths, struct hark_problems *problems)
{
    for (size_t i = 0; i < npaths; i++) add_path(files, paths[i], problems);
    if (files->n) qsort(files->v, files->n, sizeof *files->v, by_name);
}

void hark_files_done(struct hark_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        hark_file_done(&files->v[i].file);
        free((char *)files->v[i].raw.ptr);
    }
    free(files->v);
    hark_map_done(&files->seen);
    hark_arena_done(&files->arena);
    *files = (struct hark_files){0};
}

void hark_files_version(const struct hark_files *files, char out[65])
{
    struct hark_sha256 sha;
    hark_sha256_init(&sha);
    for (size_t i = 0; i < files->n; i++) {
        const struct hark_found *found = &files->v[i];
        char size[24];
        int digits = snprintf(size, sizeof size, "%zu", found->raw.len);
        hark_sha256_add(&sha, found->relative.ptr, found->relative.len);
        hark_sha256_add(&sha, "", 1);
        hark_sha256_add(&sha, size, (size_t)digits + 1);
        hark_sha256_add(&sha, found->raw.ptr, found->raw.len);
    }
    hark_sha256_hex(&sha, out);
}
