// A Vectorscan database of literals, compiled or taken from a cache file.
#pragma once

#include <hark/err.h>

struct hs_scratch;

struct hark_database; // immutable, shared by threads

// `literals` are numbered as they stand; each has at least one byte. With `caseless`, ASCII letters match in either
// case. `cache_dir` may be NULL; a cache that cannot be read or written only costs time. NULL on error.
struct hark_database *hark_database_new(const struct hark_str *literals, size_t n, bool caseless, const char *cache_dir,
                                        struct hark_err *err);
void hark_database_free(struct hark_database *db); // takes NULL
size_t hark_database_bytes(const struct hark_database *db);
// Whether it came from the cache.
bool hark_database_cached(const struct hark_database *db);

// Makes *hs large enough for db; one scratch may serve several databases, one scan at a time.
int hark_database_scratch(const struct hark_database *db, struct hs_scratch **hs, struct hark_err *err) HARK_CHECKED;
void hark_database_scratch_free(struct hs_scratch *hs); // takes NULL

// Calls found(literal, end, arg) for each occurrence, in the order of the ends; overlapping ones too. False where not
// all was scanned.
bool hark_database_scan(const struct hark_database *db, struct hs_scratch *hs, struct hark_str bytes,
                        void (*found)(uint32_t literal, size_t end, void *arg), void *arg);
