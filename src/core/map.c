// Entries stand in an array in the order in which they came; a table of indexes finds them by linear probing.

#include <hark/map.h>

#include <stdlib.h>

static size_t slot_of(const struct hark_map *map, struct hark_str key, uint64_t hash)
{
    size_t mask = map->nslots - 1, at = (size_t)hash & mask;
    while (map->slots[at]) {
        const struct hark_map_entry *entry = &map->entries[map->slots[at] - 1];
        if (entry->hash == hash && hark_str_eq(entry->key, key)) break;
        at = (at + 1) & mask;
    }
    return at;
}

struct hark_map_entry *hark_map_get(const struct hark_map *map, struct hark_str key)
{
    if (map->n == 0) return NULL;
    uint32_t index = map->slots[slot_of(map, key, hark_str_hash(key))];
    return index ? &map->entries[index - 1] : NULL;
}

// At most half of the slots are taken.
static void widen(struct hark_map *map)
{
    map->nslots = map->nslots ? map->nslots * 2 : 16;
    free(map->slots);
    map->slots = hark_calloc(map->nslots, sizeof *map->slots);
    for (size_t i = 0; i < map->n; i++)
        map->slots[slot_of(map, map->entries[i].key, map->entries[i].hash)] = (uint32_t)i + 1;
}

struct hark_map_entry *hark_map_put(struct hark_map *map, struct hark_str key, bool *ret_new)
{
    if ((map->n + 1) * 2 > map->nslots) widen(map);
    uint64_t hash = hark_str_hash(key);
    size_t at = slot_of(map, key, hash);
    bool fresh = map->slots[at] == 0;
    if (fresh) {
        map->entries = hark_grow(map->entries, map->n, &map->cap, sizeof *map->entries);
        map->entries[map->n] = (struct hark_map_entry){.key = key, .hash = hash};
        map->slots[at] = (uint32_t)++map->n;
    }
    if (ret_new) *ret_new = fresh;
    return &map->entries[map->slots[at] - 1];
}

void hark_map_clear(struct hark_map *map)
{
    map->n = 0;
    if (map->slots) memset(map->slots, 0, map->nslots * sizeof *map->slots);
}

void hark_map_done(struct hark_map *map)
{
    free(map->entries);
    free(map->slots);
    *map = (struct hark_map){0};
}
