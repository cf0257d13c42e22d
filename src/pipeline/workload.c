// See workload.h. Posts have the size and the mix of scripts of real ones: words of some languages, half of the posts
// with characters beyond ASCII, one in five in Hangul, now and then a quote or a line break.

#include "workload.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { NAMED = 100, BRANDS_A_FILE = 1000 };

static const char *const words[] = {
    "the",    "a",       "to",      "and",    "of",     "in",       "is",      "it",       "you",    "that",
    "was",    "for",     "on",      "are",    "with",   "as",       "they",    "be",       "at",     "one",
    "have",   "this",    "from",    "had",    "by",     "hot",      "word",    "but",      "what",   "some",
    "we",     "can",     "out",     "other",  "were",   "all",      "there",   "when",     "up",     "use",
    "your",   "how",     "said",    "an",     "each",   "she",      "which",   "do",       "their",  "time",
    "if",     "will",    "way",     "about",  "many",   "then",     "them",    "write",    "would",  "like",
    "so",     "these",   "her",     "long",   "make",   "thing",    "see",     "him",      "two",    "has",
    "look",   "more",    "day",     "could",  "go",     "come",     "did",     "number",   "sound",  "no",
    "most",   "people",  "my",      "over",   "know",   "water",    "than",    "call",     "first",  "who",
    "coffee", "morning", "weather", "train",  "garden", "football", "music",   "album",    "ticket", "window",
    "update", "release", "battery", "camera", "ticket", "museum",   "holiday", "election", "river",  "mountain",
};
static const char *const wide[] = {"café", "it’s", "don’t", "über", "mañana", "“so”", "🎉", "❤️", "—", "日本"};
static const char *const hangul[] = {"오늘",   "정말",   "좋은",   "날씨",   "그리고",
                                     "우리는", "사람들", "커피를", "마시고", "있어요"};
static const char *const fired[] = {"I want this", "wish I had one",  "I need this",
                                    "must have",   "so disappointed", "still waiting"};
static const char *const syllables[] = {"ba",  "de",  "fi",  "go",  "ku",  "la",  "me",  "ni",  "po",  "ru",
                                        "sa",  "te",  "vi",  "zo",  "dal", "ber", "mon", "kis", "tur", "vax",
                                        "pel", "gor", "nim", "sun", "rax", "bol", "den", "mir", "kol", "tas"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

// SplitMix64 (Steele, Lea, Flood).
static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned n)
{
    return (unsigned)(mix(state) % n);
}

// Two made words of the brand, alike for nobody: the second ends in the number, written in syllables.
static void brand_words(size_t brand, char first[32], char second[32])
{
    uint64_t state = brand * 7919 + 1;
    snprintf(first, 32, "%s%s%s", syllables[below(&state, COUNT(syllables))],
             syllables[below(&state, COUNT(syllables))], syllables[below(&state, COUNT(syllables))]);
    size_t at = 0, left = brand;
    do {
        at += (size_t)snprintf(second + at, 32 - at, "%s", syllables[left % COUNT(syllables)]);
        left /= COUNT(syllables);
    } while (left || at < 4);
}

// --- rules ---

static FILE *create(const char *folder, const char *name, struct hark_err *err)
{
    struct hark_buf path = {0};
    hark_buf_printf(&path, "%s/%s", folder, name);
    FILE *file = fopen(hark_buf_cstr(&path), "w");
    if (!file) hark_err_set(err, HARK_EINPUT, "cannot write %s: %s", path.ptr, strerror(errno));
    hark_buf_done(&path);
    return file;
}

static int write_intents(const char *folder, struct hark_err *err)
{
    static const char *const intents[][2] = {
        {"want", "i want, i really want, want this, want one, wanna, wish i had, \"i'd love\", dying for, wish list"},
        {"need", "i need, need this, need to get, needed, must have, have to have, \"can't live without\", in need of"},
        {"complaint",
         "broken, refund, worst, terrible, disappointed, still waiting, never again, \"doesn't work\", awful"},
    };
    struct hark_buf inner = {0};
    hark_buf_printf(&inner, "%s/intents", folder);
    (void)mkdir(hark_buf_cstr(&inner), 0777);
    for (size_t i = 0; i < COUNT(intents) && err->code == 0; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.yaml", intents[i][0]);
        FILE *file = create(inner.ptr, name, err);
        if (!file) break;
        fprintf(file, "intent: %s\nabout: For measuring.\nphrases: {en: [%s]}\n", intents[i][0], intents[i][1]);
        fclose(file);
    }
    hark_buf_done(&inner);
    return err->code;
}

static void write_brand(FILE *file, size_t brand, bool pattern)
{
    char first[32], second[32];
    brand_words(brand, first, second);
    fprintf(file, "---\nbrand: b%zu\nteam: bench\nlisten:\n", brand);
    if (pattern)
        fprintf(file, "  keywords: ['/\\b(?:#%s%s|#ilove%s|%s\\s+%s)\\b/']\n", first, second, second, first, second);
    else
        fprintf(file, "  hashtags: [%s%s, ilove%s]\n  keywords: [%s %s]\n", first, second, second, first, second);
    fprintf(file, "intents: [want, need, complaint]\n");
}

int workload_rules(const char *folder, size_t brands, bool patterns, struct hark_err *err)
{
    if (write_intents(folder, err)) return err->code;
    for (size_t from = 0; from < brands; from += BRANDS_A_FILE) {
        char name[40];
        snprintf(name, sizeof name, "brands-%06zu.yaml", from);
        FILE *file = create(folder, name, err);
        if (!file) return err->code;
        for (size_t i = from; i < brands && i < from + BRANDS_A_FILE; i++) write_brand(file, i, patterns);
        if (fclose(file) != 0) return hark_err_set(err, HARK_EINPUT, "cannot write %s/%s", folder, name);
    }
    return 0;
}

int workload_bad_rule(const char *folder, struct hark_err *err)
{
    FILE *file = create(folder, "bad.yaml", err);
    if (!file) return err->code;
    fprintf(file, "brand: bad\nteam: bench\nlisten: {keywords: ['/(a+)+$/']}\nintents: [want, need, complaint]\n");
    return fclose(file) == 0 ? 0 : hark_err_set(err, HARK_EINPUT, "cannot write %s/bad.yaml", folder);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void workload_remove(const char *folder)
{
    struct hark_buf cache = {0};
    hark_buf_printf(&cache, "%s.cache", folder);
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)nftw(hark_buf_cstr(&cache), remove_one, 16, FTW_DEPTH | FTW_PHYS);
    hark_buf_done(&cache);
}

// --- posts ---

static void add_word(struct hark_buf *buf, uint64_t *state, unsigned script)
{
    if (script == 2)
        hark_buf_printf(buf, "%s ", hangul[below(state, COUNT(hangul))]);
    else if (script == 1 && below(state, 6) == 0)
        hark_buf_printf(buf, "%s ", wide[below(state, COUNT(wide))]);
    else if (below(state, 200) == 0)
        hark_buf_printf(buf, below(state, 2) ? "\\n" : "\\\"yes\\\" ");
    else
        hark_buf_printf(buf, "%s ", words[below(state, COUNT(words))]);
}

static void add_name(struct hark_buf *buf, uint64_t *state, char tag[72])
{
    char first[32], second[32];
    unsigned form = below(state, 3);
    brand_words(below(state, NAMED), first, second);
    if (form == 0) snprintf(tag, 72, "%s%s", first, second);
    if (form == 1) snprintf(tag, 72, "ilove%s", second);
    if (form < 2)
        hark_buf_printf(buf, "#%s ", tag);
    else
        hark_buf_printf(buf, "%s %s ", first, second);
    if (below(state, 5) < 2) hark_buf_printf(buf, "%s ", fired[below(state, COUNT(fired))]);
}

static void add_hostile(struct hark_buf *buf)
{
    enum { RUN = 200 };
    memset(hark_buf_reserve(buf, RUN), 'a', RUN);
    buf->len += RUN;
    hark_buf_char(buf, '!');
}

static void add_post(struct hark_buf *buf, uint64_t *state, size_t i, bool named, bool hostile)
{
    char tag[72] = "";
    unsigned author = below(state, 40000), n = 8 + below(state, 40), at = below(state, n);
    unsigned script = below(state, 10) < 5 ? 0 : below(state, 10) < 6 ? 1 : 2;
    hark_buf_printf(
        buf,
        "{\"schema\":\"hark.post/1\",\"id\":\"at://did:plc:%016llx%08x/app.bsky.feed.post/%013zu\",\"source\":"
        "\"bluesky\",\"op\":\"create\",\"time\":\"2026-11-20T%02zu:%02zu:%02zu.%03zuZ\",\"text\":\"",
        (unsigned long long)mix(state), below(state, UINT32_MAX), i, i / 3600000 % 24, i / 60000 % 60, i / 1000 % 60,
        i % 1000);
    for (unsigned k = 0; k < n; k++) {
        if (named && k == at) add_name(buf, state, tag);
        add_word(buf, state, script);
    }
    if (hostile) add_hostile(buf);
    hark_buf_printf(
        buf,
        "\",\"lang\":[\"%s\"],\"hashtags\":[%s%s%s],\"mentions\":[],\"links\":[],\"url\":\"https://"
        "bsky.app/profile/user%u.bsky.social/post/%013zu\",\"author\":{\"id\":\"did:plc:%024x\",\"handle\":"
        "\"user%u.bsky.social\",\"followers\":%u},\"engagement\":{\"likes\":%u,\"reposts\":%u,\"replies\":%u}}",
        script == 2 ? "ko" : "en", tag[0] ? "\"" : "", tag, tag[0] ? "\"" : "", author, i, author, author,
        author % 5000, below(state, 50), below(state, 9), below(state, 9));
}

static void add_cid(struct hark_buf *buf, uint64_t *state)
{
    hark_buf_printf(buf, "bafyrei%016llx%016llx%016llxabcd", (unsigned long long)mix(state),
                    (unsigned long long)mix(state), (unsigned long long)mix(state));
}

// A facet of the first `bytes` bytes of the text, as clients mark a hashtag.
static void add_facet(struct hark_buf *buf, size_t bytes, const char *tag)
{
    hark_buf_printf(buf,
                    "\"facets\":[{\"$type\":\"app.bsky.richtext.facet\",\"features\":[{\"$type\":"
                    "\"app.bsky.richtext.facet#tag\",\"tag\":\"%s\"}],\"index\":{\"byteEnd\":%zu,\"byteStart\":0}}],",
                    tag, bytes);
}

static void add_picture(struct hark_buf *buf, uint64_t *state)
{
    hark_buf_printf(buf,
                    "\"embed\":{\"$type\":\"app.bsky.embed.images\",\"images\":[{\"alt\":\"a window\",\"aspectRatio\":{"
                    "\"height\":1500,\"width\":2000},\"image\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"");
    add_cid(buf, state);
    hark_buf_printf(buf, "\"},\"mimeType\":\"image/jpeg\",\"size\":%u}}]},", below(state, 900000));
}

static void add_answered(struct hark_buf *buf, uint64_t *state)
{
    static const char *const whom[] = {"parent", "root"};
    hark_buf_printf(buf, "\"reply\":{");
    for (unsigned i = 0; i < 2; i++) {
        hark_buf_printf(buf, "%s\"%s\":{\"cid\":\"", i ? "," : "", whom[i]);
        add_cid(buf, state);
        hark_buf_printf(buf, "\",\"uri\":\"at://did:plc:%024x/app.bsky.feed.post/%013x\"}", below(state, 40000),
                        below(state, UINT32_MAX));
    }
    hark_buf_printf(buf, "},");
}

// Half of the posts on Bluesky answer one, a fifth have pictures, some have hashtags.
static void add_event(struct hark_buf *buf, uint64_t *state, size_t i)
{
    unsigned n = 4 + below(state, 30), script = below(state, 10) < 5 ? 0 : below(state, 10) < 6 ? 1 : 2;
    bool tagged = below(state, 10) == 0;
    hark_buf_printf(
        buf,
        "{\"did\":\"did:plc:%024x\",\"time_us\":%zu,\"kind\":\"commit\",\"commit\":{\"rev\":\"3mptbypluud2a\","
        "\"operation\":\"create\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"%013zu\",\"record\":{"
        "\"$type\":\"app.bsky.feed.post\",\"createdAt\":\"2026-11-20T10:00:00.000Z\",",
        below(state, 40000), (size_t)UINT64_C(1783175888000000) + i * 1000, i);
    if (below(state, 5) == 0) add_picture(buf, state);
    if (tagged) add_facet(buf, strlen("#window"), "window");
    hark_buf_printf(buf, "\"langs\":[\"en\"],");
    if (below(state, 2) == 0) add_answered(buf, state);
    hark_buf_printf(buf, "\"text\":\"%s", tagged ? "#window " : "");
    for (unsigned k = 0; k < n; k++) add_word(buf, state, script);
    hark_buf_printf(buf, "\"},\"cid\":\"");
    add_cid(buf, state);
    hark_buf_printf(buf, "\"}}");
}

// Messages stand behind each other in `bytes`, which moves while it grows.
static void cut(struct workload *workload, const size_t *ends, size_t n)
{
    workload->posts = hark_calloc(n, sizeof *workload->posts);
    workload->nposts = n;
    for (size_t i = 0; i < n; i++) workload->posts[i] = hark_strn(workload->bytes.ptr + ends[i], ends[i + 1] - ends[i]);
}

void workload_posts(struct workload *workload, size_t n, unsigned share)
{
    size_t *ends = hark_calloc(n + 1, sizeof *ends);
    workload->random = 20261121 + share;
    for (size_t i = 0; i < n; i++) {
        bool named = below(&workload->random, 100) < share;
        add_post(&workload->bytes, &workload->random, i, named, workload->hostile);
        ends[i + 1] = workload->bytes.len;
    }
    cut(workload, ends, n);
    free(ends);
}

void workload_events(struct workload *workload, size_t n)
{
    size_t *ends = hark_calloc(n + 1, sizeof *ends);
    workload->random = 20261121;
    for (size_t i = 0; i < n; i++) {
        add_event(&workload->bytes, &workload->random, i);
        ends[i + 1] = workload->bytes.len;
    }
    cut(workload, ends, n);
    free(ends);
}

int workload_write(const struct workload *workload, const char *path, struct hark_err *err)
{
    FILE *file = fopen(path, "w");
    bool good = file != NULL;
    for (size_t i = 0; good && i < workload->nposts; i++)
        good = fprintf(file, HARK_STR_FMT "\n", HARK_STR_ARG(workload->posts[i])) > 0;
    if (file && fclose(file) != 0) good = false;
    return good ? 0 : hark_err_set(err, HARK_ESERVICE, "cannot write %s: %s", path, strerror(errno));
}

void workload_done(struct workload *workload)
{
    free(workload->posts);
    hark_buf_done(&workload->bytes);
}
