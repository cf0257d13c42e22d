// A ring of hashes; each slot is also in a chain that begins at its hash, and leaves it when the ring comes round.
#include "seen.h"

#include <stdlib.h>

enum { LATEST = 1 << 16 }; // the five seconds that a stream is taken back hold some hundreds of posts

struct hark_seen_table {
    uint64_t hashes[LATEST];
    uint32_t heads[LATEST], next[LATEST]; // index plus 1, 0 at the end
    bool used[LATEST];
    uint32_t at;
};

static uint32_t *find(struct hark_seen_table *table, uint64_t hash)
{
    uint32_t *link = &table->heads[hash % LATEST];
    while (*link && table->hashes[*link - 1] != hash) link = &table->next[*link - 1];
    return link;
}

bool hark_seen_before(struct hark_seen *seen, uint64_t hash)
{
    if (!seen->table) seen->table = hark_calloc(1, sizeof *seen->table);
    struct hark_seen_table *table = seen->table;
    if (*find(table, hash)) return true;
    uint32_t at = table->at;
    if (table->used[at]) *find(table, table->hashes[at]) = table->next[at];
    table->used[at] = true;
    table->hashes[at] = hash;
    table->next[at] = table->heads[hash % LATEST];
    table->heads[hash % LATEST] = at + 1;
    table->at = (at + 1) % LATEST;
    return false;
}

void hark_seen_done(struct hark_seen *seen)
{
    free(seen->table);
    seen->table = NULL;
}
