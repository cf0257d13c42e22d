// Which files a rule set is made of: found below folders, read, in the order of their names.
#pragma once

#include "tree.h"

struct hark_found {
    struct hark_file file;
    struct hark_str relative; // to the folder that was given: what the version is made of
    struct hark_str raw;      // all its bytes, owned
};

// Passes over a byte order mark.
struct hark_found hark_found(struct hark_str name, struct hark_str relative, struct hark_str raw);

struct hark_files {
    struct hark_arena arena; // of the names
    struct hark_found *v;
    size_t n, cap;
    struct hark_map seen; // device and inode: a file that is given twice is read once
    bool folder;          // one of the paths was a folder
};

// What cannot be read is a problem.
void hark_files_find(struct hark_files *files, const char *const *paths, size_t npaths, struct hark_problems *problems);
void hark_files_done(struct hark_files *files);
// 64 hex digits and a NUL.
void hark_files_version(const struct hark_files *files, char out[65]);
