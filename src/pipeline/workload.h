// A made workload for `hark bench`: brands, their rule files, and posts of which a share names one of the first hundred
// brands. The same numbers give the same bytes on every machine.
#pragma once

#include <hark/err.h>
#include <hark/str.h>

struct workload {
    struct hark_str *posts; // canonical, in `bytes`
    size_t nposts;
    bool hostile; // set before they are made: each text ends in what makes (a+)+$ try everything
    struct hark_buf bytes;
    uint64_t random;
};

// Writes rule files for the first `brands` brands into a folder: three intents, 1,000 brands a file. `patterns`: each
// brand listens to one pattern in slashes, with the same meaning.
int workload_rules(const char *folder, size_t brands, bool patterns, struct hark_err *err) HARK_CHECKED;
// Writes a brand that listens to /(a+)+$/.
int workload_bad_rule(const char *folder, struct hark_err *err) HARK_CHECKED;
// Removes the folder, and the one of the same name with ".cache".
void workload_remove(const char *folder);
// `n` posts of some 570 bytes; `share` of 100 name a brand.
void workload_posts(struct workload *workload, size_t n, unsigned share);
// `n` events of Jetstream, each a post; in `posts` as well.
void workload_events(struct workload *workload, size_t n);
// One a line.
int workload_write(const struct workload *workload, const char *path, struct hark_err *err) HARK_CHECKED;
void workload_done(struct workload *workload);
