// A hash map from text to a number or a pointer (open addressing, insertion order kept).
//
// Init by zeroing, done with hark_map_done(). Keys are not copied: they must live as long as the map. Reading from
// several threads is safe while nobody writes.
#pragma once

#include <hark/str.h>

struct hark_map_entry {
    struct hark_str key;
    uint64_t hash;
    union {
        void *ptr;
        int64_t num;
    };
};

struct hark_map {
    struct hark_map_entry *entries; // in the order in which they came
    size_t n, cap;
    uint32_t *slots; // index into entries plus 1; 0 is empty
    size_t nslots;   // a power of two
};

// NULL where the key is not in the map.
struct hark_map_entry *hark_map_get(const struct hark_map *map, struct hark_str key);
// The entry of the key, made with value 0 where there was none (*ret_new says so; may be NULL). Valid until the next
// put.
struct hark_map_entry *hark_map_put(struct hark_map *map, struct hark_str key, bool *ret_new);
void hark_map_clear(struct hark_map *map); // keeps the memory
void hark_map_done(struct hark_map *map);
