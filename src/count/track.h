// What was read of an instance and still holds there. Redis remembers for a connection which keys it read and tells of
// the first change of each (CLIENT TRACKING) on a second connection. Before anything kept is used that one is asked for
// an answer, behind which nothing older can be under way: what is left then is what Redis holds at that time, to the
// last post.
//
// A Redis that does not do this, or a user that may not, is read as if there were nothing here. One thread, as a store.
#pragma once

#include "redis.h"

struct hark_track;

struct hark_track *hark_track_new(const struct hark_redis *redis); // of which the settings are taken
void hark_track_free(struct hark_track *track);                    // takes NULL
// Begins a run of reads through `redis`, which is connected: lets go what has changed. Whether keys can be kept.
bool hark_track_begin(struct hark_track *track, struct hark_redis *redis);
// What is kept of a key, valid until the next put or begin; NULL: nothing.
const int32_t *hark_track_get(struct hark_track *track, struct hark_str key, size_t n);
// Keeps the n numbers of a key that was read since the begin, by a command that had CLIENT CACHING YES before it.
void hark_track_put(struct hark_track *track, struct hark_str key, const int32_t *v, size_t n);
