// Where words start and end in folded text. include/hark/text.h says by which rules.
//
// Each character has a class; a word may start and end between two characters unless their classes join. ASCII without
// apostrophes goes sixteen bytes at a time: there a byte joins with the one before it where both are letters, digits or
// `_`.
#include <hark/map.h>
#include <hark/text.h>
#include <pthread.h>

#include "table.h"
#include "vec.h"
#include "view.h"

enum { BOTH = HARK_EDGE_START | HARK_EDGE_END };

struct edges {
    const char *text;
    size_t len, i;
    uint8_t *edge;
    enum cp_class cls; // of the unit before i
    bool blank;        // before i is white space, a link or nothing
    bool joiner;       // before i is ZWJ
    bool half_flag;    // before i is a regional indicator that waits for its second
    size_t hangul;     // where the run of Hangul before i starts
};

// What may stand behind a Korean noun: particles, particles on particles as they are written, and the copula.
static const char *const particles[] = {
    "가",       "과",       "나",       "는",       "도",       "랑",       "로",       "를",       "만",
    "뿐",       "야",       "에",       "엔",       "와",       "은",       "을",       "의",       "이",
    "같이",     "과는",     "과도",     "과의",     "까지",     "께서",     "나마",     "대로",     "라고",
    "라는",     "라도",     "라면",     "랑은",     "로는",     "로도",     "로만",     "로서",     "로써",
    "마다",     "마저",     "만은",     "만을",     "만의",     "만이",     "만큼",     "밖에",     "보다",
    "부터",     "에게",     "에는",     "에도",     "에만",     "에서",     "에요",     "예요",     "와는",
    "와도",     "와의",     "으로",     "이나",     "이다",     "이든",     "이라",     "이랑",     "이며",
    "이야",     "이요",     "조차",     "처럼",     "커녕",     "하고",     "한테",     "까지는",   "까지도",
    "까지만",   "까지의",   "께서는",   "라든지",   "로부터",   "로서는",   "마저도",   "만으로",   "만큼은",
    "보다는",   "보다도",   "부터는",   "부터의",   "에게는",   "에게도",   "에게서",   "에서는",   "에서도",
    "에서만",   "에서의",   "으로는",   "으로도",   "으로만",   "으로서",   "으로써",   "으로의",   "이나마",
    "이든지",   "이라고",   "이라는",   "이라도",   "이라면",   "이랑은",   "이에요",   "입니까",   "입니다",
    "조차도",   "처럼은",   "하고는",   "한테는",   "한테서",   "에게까지", "에서까지", "에서보다", "에서부터",
    "으로부터", "으로서는", "이라든지", "이야말로", "한테서는",
};
enum { MAX_SYLLABLES = 4, SYLLABLE_BYTES = 3 };

static struct hark_map particle_map;
// By the low eight bits of the last syllable: a bit for each length, in syllables, of particles that end so. Most runs
// end in none.
static uint8_t particle_lengths[256];

// `end` is behind a syllable.
static size_t low_bits(const char *end)
{
    return (size_t)(end[-2] & 3) << 6 | (end[-1] & 0x3f);
}

static void build_particles(void)
{
    for (size_t i = 0; i < sizeof(particles) / sizeof(particles[0]); i++) {
        struct hark_str particle = hark_str(particles[i]);
        hark_map_put(&particle_map, particle, NULL);
        particle_lengths[low_bits(particle.ptr + particle.len)] |= (uint8_t)(1 << particle.len / SYLLABLE_BYTES);
    }
}

// A run of Hangul ends before e->i: a word may end before each particle that the run ends in.
static void mark_particles(struct edges *e)
{
    unsigned lengths = particle_lengths[low_bits(e->text + e->i)];
    for (size_t n = 1; n <= MAX_SYLLABLES && e->i - e->hangul > n * SYLLABLE_BYTES; n++) {
        struct hark_str end = {e->text + e->i - n * SYLLABLE_BYTES, n * SYLLABLE_BYTES};
        if (lengths & 1U << n && hark_map_get(&particle_map, end)) e->edge[e->i - end.len] |= HARK_EDGE_END;
    }
}

static bool joins(enum cp_class a, enum cp_class b)
{
    if (a == CLASS_OTHER || b == CLASS_OTHER || a == CLASS_SOLO || b == CLASS_SOLO) return false;
    return a == b || a == CLASS_CONNECT || b == CLASS_CONNECT;
}

// The edge before a character of this class (not a mark, not a joiner).
static uint8_t edge_before(const struct edges *e, enum cp_class cls)
{
    bool symbol = cls == CLASS_OTHER || cls == CLASS_TONE || cls == CLASS_REGION;
    if (e->blank) return BOTH;
    if (symbol && e->cls == CLASS_OTHER && e->joiner) return 0;
    if (cls == CLASS_REGION && e->half_flag) return 0;
    // A hand is a hand in every colour: "👍" is found in "👍🏿".
    if (cls == CLASS_TONE && e->cls == CLASS_OTHER) return HARK_EDGE_END;
    return symbol || !joins(e->cls, cls) ? BOTH : 0;
}

static bool ends_word(const struct edges *e, size_t i)
{
    if (i == e->len) return true;
    enum cp_class cls = (enum cp_class)cp_get(char_next(e->text, &i))->cls;
    return cls != CLASS_WORD && cls != CLASS_CONNECT && cls != CLASS_MARK && cls != CLASS_JOINER;
}

// Whether the apostrophe at i and what follows belong to the word before: n't 'd 'll 're 've 'm.
static bool is_contraction(const struct edges *e)
{
    static const char *const ends[] = {"t", "d", "ll", "re", "ve", "m"};
    struct hark_str rest = {e->text + e->i + 1, e->len - e->i - 1};
    if (e->cls != CLASS_WORD || e->blank) return false;
    for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
        if (!hark_str_starts(rest, hark_str(ends[k])) || !ends_word(e, e->i + 1 + strlen(ends[k]))) continue;
        return k != 0 || e->text[e->i - 1] == 'n';
    }
    return false;
}

static void take(struct edges *e, uint8_t edge, size_t bytes)
{
    e->edge[e->i] = edge;
    for (size_t k = 1; k < bytes; k++) e->edge[e->i + k] = 0;
    if (edge == BOTH && e->cls == CLASS_HANGUL) mark_particles(e);
    e->i += bytes;
}

// Marks, ZWJ, ZWNJ and tags belong to what they follow; behind a blank they begin a word.
static void take_mark(struct edges *e, enum cp_class cls, size_t bytes)
{
    take(e, e->blank ? BOTH : 0, bytes);
    if (e->blank) e->cls = CLASS_WORD;
    e->blank = false;
    e->half_flag = false;
    e->joiner = cls == CLASS_JOINER;
}

static void take_other(struct edges *e, enum cp_class cls, size_t bytes)
{
    uint8_t edge = edge_before(e, cls);
    size_t at = e->i;
    enum cp_class before = e->blank || edge ? CLASS_OTHER : e->cls;
    take(e, edge, bytes);
    if (cls == CLASS_HANGUL && before != CLASS_HANGUL) e->hangul = at;
    e->half_flag = cls == CLASS_REGION && !(e->half_flag && edge == 0);
    e->cls = cls == CLASS_TONE || cls == CLASS_REGION ? CLASS_OTHER : cls;
    e->blank = bytes == 1 && (unsigned char)e->text[at] <= ' ';
    e->joiner = false;
    for (; cls == CLASS_HANGUL && is_syllable(e->text, e->len, e->i); e->i += 3) memset(e->edge + e->i, 0, 3);
}

static void take_one(struct edges *e)
{
    size_t next = e->i;
    enum cp_class cls = (enum cp_class)cp_get(char_next(e->text, &next))->cls;
    if (e->text[e->i] == '\'' && is_contraction(e)) {
        e->edge[e->i] = e->edge[e->i + 1] = 0;
        for (e->i++; !ends_word(e, e->i); e->i++) e->edge[e->i] = 0;
        return;
    }
    if (cls == CLASS_MARK || cls == CLASS_JOINER)
        take_mark(e, cls, next - e->i);
    else
        take_other(e, cls, next - e->i);
}

static vec word_bytes(vec v)
{
    return vec_between(v | 0x20, 'a', 'z') | vec_between(v, '0', '9') | vec_eq(v, '_');
}

// Blocks of ASCII; the byte before must be ASCII that a scalar step has taken. `edge` has room for a block behind its
// end.
static void take_blocks(struct edges *e)
{
    size_t i = e->i;
    while (i < e->len) {
        char last[VEC_BYTES + 1];
        const char *p = e->text + i - 1;
        if (i + VEC_BYTES > e->len) {
            memset(last, ' ', sizeof(last));
            p = memcpy(last, p, e->len - i + 1);
        }
        vec v = vec_load(p + 1);
        unsigned good = vec_first((vec)(v >= 0x80) | vec_eq(v, '\''));
        vec_store(e->edge + i, ~(word_bytes(v) & word_bytes(vec_load(p))) & BOTH);
        i += good;
        if (good < VEC_BYTES) break;
    }
    if (i > e->len) i = e->len;
    if (i == e->i) return;
    e->i = i;
    unsigned char last = (unsigned char)e->text[i - 1];
    e->cls = (enum cp_class)cp_get(last)->cls;
    e->blank = last <= ' ';
    e->joiner = e->half_flag = false;
}

void edges_make(const char *text, size_t len, uint8_t *edge)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build_particles);
    struct edges e = {.text = text, .len = len, .edge = edge, .blank = true};
    while (e.i < len) {
        if (e.i && (unsigned char)text[e.i - 1] < 0x80 && (unsigned char)text[e.i] < 0x80) take_blocks(&e);
        if (e.i < len) take_one(&e);
    }
    edge[len] = BOTH;
    if (e.cls == CLASS_HANGUL) mark_particles(&e);
}
