// A ring of (account, key), each slot also in a chain that begins at the account's hash. Accounts are known by 64 bits
// of their hash.
#include "taken.h"

#include <stdlib.h>

enum { LATEST = 1 << 20 }; // posts: about six hours of all of Bluesky, 40 MB when it is full

struct slot {
    uint64_t account;
    char key[HARK_TAKEN_KEY_BYTES + 1]; // "": empty
    uint32_t next;                      // index plus 1, 0 at the end
};
struct hark_taken_table {
    uint32_t heads[LATEST];
    struct slot slots[LATEST];
    uint32_t at;
};

static void unlink_slot(struct hark_taken_table *table, uint32_t at)
{
    uint32_t *link = &table->heads[table->slots[at].account % LATEST];
    while (*link && *link != at + 1) link = &table->slots[*link - 1].next;
    *link = table->slots[at].next;
}

void hark_taken_put(struct hark_taken *taken, struct hark_str account, struct hark_str key)
{
    if (key.len != HARK_TAKEN_KEY_BYTES) return;
    if (!taken->table) taken->table = hark_calloc(1, sizeof *taken->table);
    struct hark_taken_table *table = taken->table;
    struct slot *slot = &table->slots[table->at];
    if (slot->key[0]) unlink_slot(table, table->at);
    slot->account = hark_str_hash(account);
    memcpy(slot->key, key.ptr, HARK_TAKEN_KEY_BYTES);
    slot->next = table->heads[slot->account % LATEST];
    table->heads[slot->account % LATEST] = table->at + 1;
    table->at = (table->at + 1) % LATEST;
}

void hark_taken_all(struct hark_taken *taken, struct hark_str account, void (*each)(void *arg, struct hark_str key),
                    void *arg)
{
    uint64_t hash = hark_str_hash(account);
    if (!taken->table) return;
    uint32_t *link = &taken->table->heads[hash % LATEST];
    while (*link) {
        struct slot *slot = &taken->table->slots[*link - 1];
        if (slot->account != hash) {
            link = &slot->next;
            continue;
        }
        each(arg, hark_strn(slot->key, HARK_TAKEN_KEY_BYTES));
        *link = slot->next;
        slot->key[0] = 0;
    }
}

void hark_taken_done(struct hark_taken *taken)
{
    free(taken->table);
    taken->table = NULL;
}
