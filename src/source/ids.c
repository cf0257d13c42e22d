// A ring of the latest ids, each also in a hash chain. The slot that is taken again leaves its old chain first.
#include <hark/source.h>

#include <stdlib.h>

enum { IDS = 1 << 16 }; // posts: some hours of a large Mastodon server; about 8 MB

struct slot {
    char *id; // NULL: empty
    uint64_t hash;
    uint32_t next; // in the chain: index plus 1, 0 at its end
};
struct hark_ids_table {
    uint32_t heads[IDS]; // index plus 1
    struct slot slots[IDS];
    uint32_t at; // the slot to take next
};

// Where the chain points to the slot of this hash, or its end.
static uint32_t *find(struct hark_ids_table *table, uint64_t hash)
{
    uint32_t *at = &table->heads[hash % IDS];
    while (*at && table->slots[*at - 1].hash != hash) at = &table->slots[*at - 1].next;
    return at;
}

void hark_ids_put(struct hark_ids *ids, struct hark_str local, struct hark_str id, int64_t time_ms)
{
    if (!ids->table) ids->table = hark_calloc(1, sizeof *ids->table);
    struct hark_ids_table *table = ids->table;
    uint64_t hash = hark_str_hash(local);
    ids->at_ms = time_ms;
    if (*find(table, hash)) return;
    struct slot *slot = &table->slots[table->at];
    if (slot->id) *find(table, slot->hash) = slot->next;
    free(slot->id);
    *slot = (struct slot){.id = hark_str_dup(id), .hash = hash};
    slot->next = table->heads[hash % IDS];
    table->heads[hash % IDS] = ++table->at;
    table->at %= IDS;
}

struct hark_str hark_ids_get(const struct hark_ids *ids, struct hark_str local)
{
    uint32_t at = ids->table ? *find(ids->table, hark_str_hash(local)) : 0;
    return at ? hark_str(ids->table->slots[at - 1].id) : (struct hark_str){0};
}

void hark_ids_done(struct hark_ids *ids)
{
    if (!ids->table) return;
    for (size_t i = 0; i < IDS; i++) free(ids->table->slots[i].id);
    free(ids->table);
    ids->table = NULL;
}
