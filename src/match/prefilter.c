// Literals of all brands in one database, and what an occurrence of one of them means.
//
// The library does not get whole literals but pieces of them, at first of 8 bytes: that is all its own first stage
// looks at, it compiles in half the time, and "#acme" and "ilove…acme" become one. Literals that share a piece hang on
// it as a chain, and an occurrence of the piece is compared with each of them. Where many would share one
// ("…official"), their pieces grow to 16, 32, 64 bytes.
//
//   literals          piece      chain
//   river island      r island   river island, silver island
//   silver island
//   shop.acme.com     shop.acm   shop.acme.com      names with a dot give their head, for ".social" ends every handle
//
// A literal that stands there is then held against its neighbours (see literals.c) where the message is scanned as it
// came. After rewriting that would be wrong: P drops characters that part words.

#include "prefilter.h"

#include <hark/post.h>
#include <hark/text.h>

#include <stdlib.h>

enum {
    PIECE_MIN = 8,  // bytes that the first stage of Vectorscan looks at
    PIECE_MAX = 64, // whoever shares this many bytes with others stays in their chain
    CHAIN_MAX = 16, // literals of a piece before it grows; comparing that many takes about as long as finding the piece
};

static const uint32_t none = UINT32_MAX;

struct literal {
    const char *bytes;
    uint32_t len;
    uint32_t closed;         // HARK_CLOSED_… bits
    uint32_t first, nbrands; // of its brands in prefilter.postings
    uint32_t next;           // in the chain of its piece, or none
};

struct piece {
    uint32_t literal; // the chain's first
    uint32_t len;
};

// By which patterns every message comes in for a brand. Where these are in quarantine the literals are enough, which
// the brand has as well. n 0: it has none, or they are not what is to blame.
struct open_door {
    uint32_t first, n; // in prefilter.regexes
};

struct hark_prefilter {
    struct hark_arena arena;
    struct literal *literals;
    size_t nliterals;
    uint32_t *postings; // indexes of brands
    size_t npostings;
    struct piece *pieces; // by number in the database
    size_t npieces;
    struct hark_unfiltered *unfiltered;
    struct open_door *doors; // of each of them
    size_t nunfiltered;
    uint32_t *regexes; // of the doors
    size_t nregexes;
    const struct hark_healths *healths;
    bool whom; // a literal may stand in the author or in what a post answers
    struct hark_database *db;
};

// --- building: literals and their brands ---

struct posting {
    uint32_t literal, brand;
};

struct build {
    struct hark_prefilter *pf;
    struct hark_map index; // literal and its closed bits → number
    struct hark_arena temp;
    struct posting *postings;
    size_t npostings, cap_postings, cap_literals, cap_unfiltered, cap_doors, cap_regexes;
    const struct hark_map *regexes; // source → number
    struct hark_buf key;
};

static uint32_t literal_number(struct build *build, const struct hark_literal *literal)
{
    struct hark_prefilter *pf = build->pf;
    hark_buf_clear(&build->key);
    hark_buf_str_add(&build->key, literal->bytes);
    hark_buf_char(&build->key, (char)literal->closed);
    bool fresh;
    struct hark_map_entry *entry = hark_map_put(&build->index, hark_buf_str(&build->key), &fresh);
    if (!fresh) return (uint32_t)entry->num;
    struct hark_str key = entry->key = hark_arena_str(&pf->arena, entry->key);
    entry->num = (int64_t)pf->nliterals;
    pf->literals = hark_grow(pf->literals, pf->nliterals, &build->cap_literals, sizeof *pf->literals);
    pf->literals[pf->nliterals] =
        (struct literal){.bytes = key.ptr, .len = (uint32_t)key.len - 1, .closed = literal->closed, .next = none};
    return (uint32_t)pf->nliterals++;
}

static void add_regexes(struct build *build, const struct hark_node *node) // NOLINT(misc-no-recursion)
{
    struct hark_prefilter *pf = build->pf;
    for (uint32_t i = 0; i < node->nkids; i++) add_regexes(build, node->kids[i]);
    if (node->kind != HARK_NODE_PATTERN || node->pattern->kind != HARK_PATTERN_REGEX) return;
    const struct hark_map_entry *entry = hark_map_get(build->regexes, node->pattern->regex);
    pf->regexes = hark_grow(pf->regexes, pf->nregexes, &build->cap_regexes, sizeof *pf->regexes);
    pf->regexes[pf->nregexes++] = (uint32_t)entry->num;
}

// Its literals are those that are left when its patterns are in quarantine.
static void add_unfiltered(struct build *build, const struct hark_brand *brand, const struct hark_node *why,
                           struct hark_literals *literals)
{
    struct hark_prefilter *pf = build->pf;
    struct open_door door = {.first = (uint32_t)pf->nregexes};
    if (hark_literals_without_regex(brand->listen, &build->temp, literals)) add_regexes(build, brand->listen);
    door.n = (uint32_t)pf->nregexes - door.first;
    pf->unfiltered = hark_grow(pf->unfiltered, pf->nunfiltered, &build->cap_unfiltered, sizeof *pf->unfiltered);
    pf->doors = hark_grow(pf->doors, pf->nunfiltered, &build->cap_doors, sizeof *pf->doors);
    pf->doors[pf->nunfiltered] = door;
    pf->unfiltered[pf->nunfiltered++] = (struct hark_unfiltered){brand, why};
}

static void add_brand(struct build *build, const struct hark_brand *brand)
{
    struct hark_literals literals = {0};
    const struct hark_node *why = NULL;
    if (!hark_literals_of(brand->listen, &build->temp, &literals, &why)) add_unfiltered(build, brand, why, &literals);
    for (size_t i = 0; i < literals.n; i++) {
        build->pf->whom |= literals.v[i].whom;
        struct posting posting = {literal_number(build, &literals.v[i]), brand->index};
        struct posting *last = build->npostings ? &build->postings[build->npostings - 1] : NULL;
        if (last && last->literal == posting.literal && last->brand == posting.brand) continue;
        build->postings = hark_grow(build->postings, build->npostings, &build->cap_postings, sizeof posting);
        build->postings[build->npostings++] = posting;
    }
    free(literals.v);
    hark_arena_reset(&build->temp);
}

// Brands of each literal side by side.
static void sort_postings(struct build *build)
{
    struct hark_prefilter *pf = build->pf;
    for (size_t i = 0; i < build->npostings; i++) pf->literals[build->postings[i].literal].nbrands++;
    uint32_t at = 0;
    for (size_t i = 0; i < pf->nliterals; i++) {
        pf->literals[i].first = at;
        at += pf->literals[i].nbrands;
        pf->literals[i].nbrands = 0;
    }
    pf->npostings = build->npostings;
    pf->postings = hark_alloc(pf->npostings * sizeof *pf->postings);
    for (size_t i = 0; i < build->npostings; i++) {
        struct literal *literal = &pf->literals[build->postings[i].literal];
        pf->postings[literal->first + literal->nbrands++] = build->postings[i].brand;
    }
}

// --- building: pieces ---

static bool from_head(const struct literal *literal)
{
    return memchr(literal->bytes, '.', literal->len) != NULL;
}

static struct hark_str piece_of(const struct literal *literal, size_t len)
{
    if (literal->len <= len) return hark_strn(literal->bytes, literal->len);
    return hark_strn(from_head(literal) ? literal->bytes : literal->bytes + literal->len - len, len);
}

struct chain {
    uint32_t first, n;
};

// Hangs each literal of the list (linked by next) on its piece of `len` bytes; chains[i] belongs to entry i of the map.
static struct chain *make_chains(struct hark_prefilter *pf, uint32_t list, size_t len, struct hark_map *map)
{
    struct chain *chains = NULL;
    size_t cap = 0;
    for (uint32_t i = list, next; i != none; i = next) {
        next = pf->literals[i].next;
        bool fresh;
        size_t before = map->n;
        struct hark_map_entry *entry = hark_map_put(map, piece_of(&pf->literals[i], len), &fresh);
        if (fresh) {
            entry->num = (int64_t)before;
            chains = hark_grow(chains, before, &cap, sizeof *chains);
            chains[before] = (struct chain){none, 0};
        }
        struct chain *chain = &chains[entry->num];
        pf->literals[i].next = chain->first;
        *chain = (struct chain){i, chain->n + 1};
    }
    return chains;
}

struct pieces {
    struct hark_str *texts;
    size_t cap_texts, cap_pieces;
};

static void add_piece(struct hark_prefilter *pf, struct pieces *pieces, struct hark_str text, uint32_t literal)
{
    pf->pieces = hark_grow(pf->pieces, pf->npieces, &pieces->cap_pieces, sizeof *pf->pieces);
    pieces->texts = hark_grow(pieces->texts, pf->npieces, &pieces->cap_texts, sizeof *pieces->texts);
    pieces->texts[pf->npieces] = text;
    pf->pieces[pf->npieces++] = (struct piece){literal, (uint32_t)text.len};
}

// Chains that are short enough become pieces; the literals of the others are handed back as one list.
static uint32_t keep_short_chains(struct hark_prefilter *pf, const struct hark_map *map, const struct chain *chains,
                                  size_t len, struct pieces *pieces)
{
    uint32_t rest = none;
    for (size_t i = 0; i < map->n; i++) {
        if (chains[i].n <= CHAIN_MAX || len >= PIECE_MAX || map->entries[i].key.len < len) {
            add_piece(pf, pieces, map->entries[i].key, chains[i].first);
            continue;
        }
        uint32_t last = chains[i].first;
        while (pf->literals[last].next != none) last = pf->literals[last].next;
        pf->literals[last].next = rest;
        rest = chains[i].first;
    }
    return rest;
}

static struct hark_str *make_pieces(struct hark_prefilter *pf)
{
    struct pieces pieces = {0};
    uint32_t list = pf->nliterals ? 0 : none;
    for (size_t i = 0; i + 1 < pf->nliterals; i++) pf->literals[i].next = (uint32_t)i + 1;
    for (size_t len = PIECE_MIN; list != none; len *= 2) {
        struct hark_map map = {0};
        struct chain *chains = make_chains(pf, list, len, &map);
        list = keep_short_chains(pf, &map, chains, len, &pieces);
        free(chains);
        hark_map_done(&map);
    }
    return pieces.texts;
}

static void build_done(struct build *build)
{
    hark_map_done(&build->index);
    hark_arena_done(&build->temp);
    hark_buf_done(&build->key);
    free(build->postings);
}

struct hark_prefilter *hark_prefilter_new(const struct hark_ruleset *rs, const struct hark_map *regexes,
                                          const struct hark_healths *healths, const char *cache_dir,
                                          struct hark_err *err)
{
    struct hark_prefilter *pf = hark_calloc(1, sizeof *pf);
    struct build build = {.pf = pf, .regexes = regexes};
    pf->healths = healths;
    for (size_t i = 0; i < rs->nbrands; i++) add_brand(&build, &rs->brands[i]);
    sort_postings(&build);
    build_done(&build);
    struct hark_str *texts = make_pieces(pf);
    pf->db = hark_database_new(texts, pf->npieces, true, cache_dir, err);
    free(texts);
    if (pf->db) return pf;
    hark_prefilter_free(pf);
    return NULL;
}

void hark_prefilter_free(struct hark_prefilter *pf)
{
    if (!pf) return;
    hark_database_free(pf->db);
    free(pf->literals);
    free(pf->postings);
    free(pf->pieces);
    free(pf->unfiltered);
    free(pf->doors);
    free(pf->regexes);
    hark_arena_done(&pf->arena);
    free(pf);
}

const struct hark_database *hark_prefilter_database(const struct hark_prefilter *pf)
{
    return pf->db;
}

const struct hark_unfiltered *hark_prefilter_unfiltered(const struct hark_prefilter *pf, size_t *ret_n)
{
    *ret_n = pf->nunfiltered;
    return pf->unfiltered;
}

size_t hark_prefilter_bytes(const struct hark_prefilter *pf)
{
    return hark_database_bytes(pf->db) + hark_arena_bytes(&pf->arena) + pf->nliterals * sizeof *pf->literals +
           pf->npostings * sizeof *pf->postings + pf->npieces * sizeof *pf->pieces +
           pf->nunfiltered * (sizeof *pf->unfiltered + sizeof *pf->doors) + pf->nregexes * sizeof *pf->regexes;
}

// --- scanning ---

void hark_prefilter_scratch_init(struct hark_prefilter_scratch *scratch, const struct hark_prefilter *pf,
                                 size_t nbrands)
{
    *scratch = (struct hark_prefilter_scratch){
        .brand_seen = hark_calloc(nbrands + 1, sizeof(uint32_t)),
        .literal_seen = hark_calloc(pf->nliterals + 1, sizeof(uint32_t)),
        .brands = hark_alloc((nbrands + 1) * sizeof(uint32_t)),
    };
}

void hark_prefilter_scratch_done(struct hark_prefilter_scratch *scratch)
{
    hark_buf_done(&scratch->folded);
    free(scratch->brand_seen);
    free(scratch->literal_seen);
    free(scratch->brands);
}

struct scan {
    const struct hark_prefilter *pf;
    struct hark_prefilter_scratch *scratch;
    struct hark_str bytes;
    bool raw; // scanned as it came
};

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

// A link may be glued to a word: "want!" and "wanthttps://…" both end the word.
static bool is_link(struct hark_str bytes, size_t at)
{
    static const struct hark_str heads[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++)
        if (bytes.len - at >= heads[i].len && hark_str_ieq(hark_strn(bytes.ptr + at, heads[i].len), heads[i]))
            return true;
    return false;
}

static bool neighbours_allow(struct hark_str bytes, size_t from, size_t to, unsigned closed)
{
    char before = from > 0 ? bytes.ptr[from - 1] : ' ', behind = to < bytes.len ? bytes.ptr[to] : ' ';
    if ((closed & HARK_CLOSED_START) && (is_alnum(before) || before == '_')) return false;
    bool ends = !((closed & HARK_CLOSED_WORD) && (is_alnum(behind) || behind == '_')) &&
                !((closed & HARK_CLOSED_TAG) && is_alnum(behind));
    return ends || is_link(bytes, to);
}

// "likes": names a field, not a brand: in a text its quotes would have backslashes before them.
static bool is_field_name(struct hark_str bytes, size_t from, size_t to)
{
    return from >= 2 && bytes.ptr[from - 1] == '"' && bytes.ptr[from - 2] != '\\' && to + 1 < bytes.len &&
           bytes.ptr[to] == '"' && bytes.ptr[to + 1] == ':';
}

static bool stands_at(const struct scan *scan, const struct literal *literal, size_t from)
{
    if (scan->bytes.len - from < literal->len) return false;
    for (size_t i = 0; i < literal->len; i++)
        if (lower(scan->bytes.ptr[from + i]) != (unsigned char)literal->bytes[i]) return false;
    if (!scan->raw) return true;
    size_t to = from + literal->len;
    return neighbours_allow(scan->bytes, from, to, literal->closed) && !is_field_name(scan->bytes, from, to);
}

static void add_candidate(struct hark_prefilter_scratch *scratch, uint32_t brand)
{
    if (scratch->brand_seen[brand] == scratch->stamp) return;
    scratch->brand_seen[brand] = scratch->stamp;
    scratch->brands[scratch->nbrands++] = brand;
}

static void on_piece(uint32_t number, size_t end, void *arg)
{
    struct scan *scan = arg;
    const struct hark_prefilter *pf = scan->pf;
    const struct piece *piece = &pf->pieces[number];
    for (uint32_t i = piece->literal; i != none; i = pf->literals[i].next) {
        const struct literal *literal = &pf->literals[i];
        size_t back = from_head(literal) ? piece->len : literal->len;
        if (end < back || !stands_at(scan, literal, end - back)) continue;
        if (scan->scratch->literal_seen[i] == scan->scratch->stamp) continue;
        scan->scratch->literal_seen[i] = scan->scratch->stamp;
        for (uint32_t k = 0; k < literal->nbrands; k++) add_candidate(scan->scratch, pf->postings[literal->first + k]);
    }
}

static void next_stamp(struct hark_prefilter_scratch *scratch, const struct hark_prefilter *pf, size_t nbrands)
{
    scratch->nbrands = 0;
    if (++scratch->stamp != 0) return;
    memset(scratch->brand_seen, 0, nbrands * sizeof(uint32_t));
    memset(scratch->literal_seen, 0, pf->nliterals * sizeof(uint32_t));
    scratch->stamp = 1;
}

static bool is_shut(const struct hark_prefilter *pf, struct open_door door)
{
    uint32_t shut = 0;
    while (shut < door.n && hark_health_quarantined(&pf->healths->v[pf->regexes[door.first + shut]])) shut++;
    return door.n > 0 && shut == door.n;
}

static void add_unfiltered_candidates(const struct hark_prefilter *pf, struct hark_prefilter_scratch *scratch)
{
    bool any = atomic_load_explicit(&pf->healths->quarantined, memory_order_relaxed) > 0;
    for (size_t i = 0; i < pf->nunfiltered; i++)
        if (!any || !is_shut(pf, pf->doors[i])) add_candidate(scratch, pf->unfiltered[i].brand->index);
}

void hark_prefilter_all(struct hark_prefilter_scratch *scratch, size_t nbrands)
{
    for (size_t i = 0; i < nbrands; i++) scratch->brands[i] = (uint32_t)i;
    scratch->nbrands = nbrands;
}

void hark_prefilter_scan(const struct hark_prefilter *pf, struct hark_prefilter_scratch *scratch, struct hs_scratch *hs,
                         struct hark_str raw, size_t nbrands, bool *ret_folded)
{
    next_stamp(scratch, pf, nbrands);
    struct hark_str said = hark_post_said(raw, pf->whom);
    struct scan scan = {pf, scratch, said, true};
    if ((*ret_folded = hark_prefold_needed(said))) {
        if (!hark_prefold_json(said, &scratch->folded)) {
            hark_prefilter_all(scratch, nbrands);
            return;
        }
        scan.bytes = hark_buf_str(&scratch->folded);
        scan.raw = false;
    }
    add_unfiltered_candidates(pf, scratch);
    if (!hark_database_scan(pf->db, hs, scan.bytes, on_piece, &scan)) hark_prefilter_all(scratch, nbrands);
}
