// A feed: RSS 2.0, RSS 1.0 (RDF) or Atom, fetched again and again with a conditional GET.
//
// An entry is known by its guid or id, else by its link; one whose words changed is an update. What leaves the feed is
// no delete: feeds hold the latest only. Where a feed has moved on so far that nothing in it is known, what was between
// is a gap.
//
// A position is "1 TIME_MS ID:WORDS,…": the time of the latest entry, and two hashes for each entry of the feed as it
// was last.
#include "live.h"

#include <hark/clock.h>
#include <hark/text.h>
#include <hark/versions.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    POLL_MS = 300000, // where the feed does not say
    LEAST_MS = 60000,
    MOST_MS = 3600000,
    FEED_BYTES = 8 << 20,
    MOST_ENTRIES = 1000, // of one feed
    STALE_MS = 30000,
};

struct entry {
    uint64_t id, words;
};

struct rss {
    struct hark_live live;
    char *url, *etag, *modified; // of the latest answer; "" none
    struct entry *known, *next;  // of the feed as it was, and as it is now
    size_t nknown, nnext, known_cap, next_cap;
    int64_t latest_ms, oldest_ms; // of entries; oldest of this feed
    struct hark_buf body;
};

// --- XML ---

static bool is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *child(const xmlNode *node, const char *name)
{
    for (const xmlNode *kid = node ? node->children : NULL; kid; kid = kid->next)
        if (is_named(kid, name)) return kid;
    return NULL;
}

static struct hark_str content(const xmlNode *node, struct hark_arena *arena)
{
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    struct hark_str s = text ? hark_arena_str(arena, hark_str_trim(hark_str((const char *)text))) : HARK_STR("");
    xmlFree(text);
    return s;
}

static struct hark_str attribute(const xmlNode *node, const char *name, struct hark_arena *arena)
{
    xmlChar *text = node ? xmlGetProp(node, (const xmlChar *)name) : NULL;
    struct hark_str s = text ? hark_arena_str(arena, hark_str((const char *)text)) : HARK_STR("");
    xmlFree(text);
    return s;
}

// The content of the first of these that is there and not empty.
static struct hark_str first_of(const xmlNode *node, const char *const *names, struct hark_arena *arena)
{
    for (; *names; names++) {
        struct hark_str s = content(child(node, *names), arena);
        if (s.len) return s;
    }
    return HARK_STR("");
}

// Atom: the link that is the entry itself; RSS: the text of <link>.
static struct hark_str link_of(const xmlNode *entry, struct hark_arena *arena)
{
    for (const xmlNode *kid = entry->children; kid; kid = kid->next) {
        if (!is_named(kid, "link")) continue;
        struct hark_str href = attribute(kid, "href", arena), rel = attribute(kid, "rel", arena);
        if (!href.len) return content(kid, arena);
        if (!rel.len || hark_str_is(rel, "alternate")) return href;
    }
    return HARK_STR("");
}

static struct hark_str plain(struct hark_str html, struct hark_arena *arena)
{
    struct hark_buf buf = {0};
    hark_text_from_html(html, &buf);
    struct hark_str text = hark_arena_str(arena, hark_str_trim(hark_buf_str(&buf)));
    hark_buf_done(&buf);
    return text;
}

static int64_t time_of(const xmlNode *entry, struct hark_arena *arena)
{
    static const char *const names[] = {"pubDate", "published", "date", "updated", NULL};
    int64_t ms, now_ms = hark_clock_ms();
    struct hark_str text = first_of(entry, names, arena);
    if (!text.len) return now_ms;
    if (hark_time_parse(text, &ms) < 0) ms = hark_net_date_ms(text); // RFC 822
    return ms > 0 && ms < now_ms ? ms : now_ms;                      // none is from the future
}

// --- entries ---

static struct hark_str id_of(const struct rss *src, const xmlNode *entry, struct hark_str link,
                             struct hark_arena *arena)
{
    static const char *const names[] = {"guid", "id", NULL};
    static const char *const global[] = {"https://", "http://", "tag:", "urn:"};
    struct hark_str id = first_of(entry, names, arena);
    if (!id.len) id = link;
    for (size_t i = 0; i < sizeof global / sizeof *global; i++)
        if (hark_str_starts(id, hark_str(global[i]))) return id;
    return id.len ? hark_arena_printf(arena, "rss:%s#" HARK_STR_FMT, src->url, HARK_STR_ARG(id)) : id;
}

static struct hark_str author_of(const xmlNode *entry, struct hark_arena *arena)
{
    static const char *const names[] = {"creator", "author", NULL};
    struct hark_str name = content(child(child(entry, "author"), "name"), arena); // Atom
    return name.len ? name : first_of(entry, names, arena);
}

static struct hark_str text_of(const xmlNode *entry, struct hark_arena *arena)
{
    static const char *const names[] = {"encoded", "content", "description", "summary", NULL};
    struct hark_str title = plain(content(child(entry, "title"), arena), arena);
    struct hark_str body = plain(first_of(entry, names, arena), arena);
    if (!body.len || hark_str_eq(title, body)) return title;
    return title.len
               ? hark_arena_printf(arena, HARK_STR_FMT "\n\n" HARK_STR_FMT, HARK_STR_ARG(title), HARK_STR_ARG(body))
               : body;
}

static const struct entry *find_known(const struct rss *src, uint64_t id)
{
    for (size_t i = 0; i < src->nknown; i++)
        if (src->known[i].id == id) return &src->known[i];
    return NULL;
}

// One entry: true where it was known.
static bool take_entry(struct rss *src, const xmlNode *node, struct hark_str lang)
{
    struct hark_items *items = &src->live.items;
    struct hark_arena *arena = &items->arena;
    struct hark_post post;
    hark_post_init(&post);
    post.source = HARK_STR("rss");
    post.url = link_of(node, arena);
    post.id = id_of(src, node, post.url, arena);
    post.time_ms = time_of(node, arena);
    post.text = text_of(node, arena);
    if (!post.url.len) post.url = (struct hark_str){0};
    struct hark_str author = author_of(node, arena);
    if (author.len) post.author.name = author;
    if (lang.len) post.lang = (struct hark_strs){hark_arena_copy(arena, &lang, 1, sizeof lang), 1};
    const struct entry now = {hark_str_hash(post.id), hark_str_hash(post.text)}, *was = find_known(src, now.id);
    if (src->nnext < MOST_ENTRIES) {
        src->next = hark_grow(src->next, src->nnext, &src->next_cap, sizeof *src->next);
        src->next[src->nnext++] = now;
    }
    if (!src->oldest_ms || post.time_ms < src->oldest_ms) src->oldest_ms = post.time_ms;
    if (was && was->words != now.words) post.op = HARK_OP_UPDATE;
    if (!was || was->words != now.words) hark_items_add(items, &post);
    return was != NULL;
}

static void write_position(struct rss *src)
{
    struct hark_buf *after = &src->live.after;
    hark_buf_clear(after);
    hark_buf_printf(after, "1 %lld ", (long long)src->latest_ms);
    for (size_t i = 0; i < src->nknown; i++)
        hark_buf_printf(after, "%s%016llx:%016llx", i ? "," : "", (unsigned long long)src->known[i].id,
                        (unsigned long long)src->known[i].words);
}

static void end_of_feed(struct rss *src, size_t repeats)
{
    struct hark_items *items = &src->live.items;
    if (src->nknown && src->nnext && !repeats && src->oldest_ms > src->latest_ms)
        hark_live_gap(&src->live, src->latest_ms, src->oldest_ms, "the feed moved on");
    for (size_t i = 0; i < items->n; i++)
        if (items->v[i].kind == HARK_ITEM_POST && items->v[i].post->time_ms > src->latest_ms)
            src->latest_ms = items->v[i].post->time_ms;
    struct entry *swap = src->known;
    size_t cap = src->known_cap;
    src->known = src->next;
    src->nknown = src->nnext;
    src->known_cap = src->next_cap;
    src->next = swap;
    src->next_cap = cap;
    struct hark_buf *before = &src->live.before, *after = &src->live.after;
    hark_buf_clear(before);
    hark_buf_str_add(before, hark_buf_str(after));
    write_position(src);
    if (items->n == 0) hark_items_refuse(items, "empty");
}

// False: it is no feed.
static bool take_feed(struct rss *src, const xmlNode *root)
{
    struct hark_arena *arena = &src->live.items.arena;
    const xmlNode *channel = child(root, "channel"), *list = root;
    bool atom = is_named(root, "feed"), rdf = is_named(root, "RDF");
    size_t repeats = 0;
    if (!atom && !rdf && !is_named(root, "rss")) return false;
    if (!atom && !rdf) list = channel;
    struct hark_str lang = atom ? attribute(root, "lang", arena) : content(child(channel, "language"), arena);
    src->nnext = 0;
    src->oldest_ms = 0;
    for (const xmlNode *node = list ? list->last : NULL; node; node = node->prev) // feeds have the latest first
        if (is_named(node, atom ? "entry" : "item")) repeats += take_entry(src, node, lang);
    end_of_feed(src, repeats);
    return true;
}

// --- fetching ---

static void set(char **text, struct hark_str s)
{
    free(*text);
    *text = hark_str_dup(s);
}

static int64_t next_ms(const struct hark_net *net)
{
    struct hark_str cache = hark_net_header(net, "Cache-Control");
    const char *age = cache.len ? memmem(cache.ptr, cache.len, "max-age=", 8) : NULL;
    int64_t ms = age ? strtol(age + 8, NULL, 10) * 1000 : POLL_MS;
    return ms < LEAST_MS ? LEAST_MS : ms > MOST_MS ? MOST_MS : ms;
}

static void parse(struct rss *src)
{
    struct hark_live *live = &src->live;
    hark_items_clear(&live->items);
    // No network, no substitution of entities: a feed is data.
    xmlDoc *doc = xmlReadMemory(src->body.ptr ? src->body.ptr : "", (int)src->body.len, src->url, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    live->raw = hark_buf_str(&src->body);
    live->raw_len = live->raw.len;
    if (live->raw.len > HARK_DEAD_MAX_BYTES) live->raw.len = HARK_DEAD_MAX_BYTES;
    if (!root)
        hark_items_dead(&live->items, "not XML");
    else if (!take_feed(src, root))
        hark_items_dead(&live->items, "XML that is no feed of RSS or Atom");
    xmlFreeDoc(doc);
}

static int fetched(struct rss *src, struct hark_err *why)
{
    struct hark_net *net = src->live.net;
    if (hark_net_status(net) == 304) {
        hark_live_idle(&src->live);
        return 0;
    }
    struct hark_str type = hark_net_header(net, "Content-Type");
    if (hark_str_starts(type, HARK_STR("text/html")))
        return hark_err_retry(why, HARK_ESERVICE, "%s: the answer is \"" HARK_STR_FMT "\", not a feed", src->url,
                              HARK_STR_ARG(type));
    if (hark_net_body(net, FEED_BYTES, &src->body, why) < 0) return why->code;
    set(&src->etag, hark_net_header(net, "ETag"));
    set(&src->modified, hark_net_header(net, "Last-Modified"));
    parse(src);
    return 0;
}

static int step(struct hark_live *live, struct hark_err *err)
{
    struct rss *src = (struct rss *)live;
    struct hark_err why = {0};
    char etag[600], modified[200];
    const char *headers[4] = {"Accept: application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"};
    size_t n = 1;
    int64_t delay_ms = -1;
    if (!hark_live_due(live)) return 1;
    if (*src->etag && snprintf(etag, sizeof etag, "If-None-Match: %s", src->etag) < (int)sizeof etag)
        headers[n++] = etag;
    if (*src->modified &&
        snprintf(modified, sizeof modified, "If-Modified-Since: %s", src->modified) < (int)sizeof modified)
        headers[n++] = modified;
    const struct hark_net_request request = {
        .url = src->url, .headers = headers, .redirects = true, .stale_ms = STALE_MS};
    if (hark_net_open(live->net, &request, &why) == 0) {
        long status = hark_net_status(live->net);
        if (status == 200 || status == 304)
            (void)!fetched(src, &why);
        else
            delay_ms = hark_live_status(live, live->net, src->url, NULL, &why);
    }
    if (why.code) return hark_live_failed(live, &why, delay_ms, err);
    hark_live_reached(live);
    live->failures = 0;
    live->retry_us = hark_clock_mono_us() + next_ms(live->net) * 1000;
    return 1;
}

static void done(struct hark_live *live)
{
    struct rss *src = (struct rss *)live;
    free(src->url);
    free(src->etag);
    free(src->modified);
    free(src->known);
    free(src->next);
    hark_buf_done(&src->body);
}

static bool parse_position(struct rss *src, struct hark_str position, struct hark_err *err)
{
    struct hark_str rest, kind = hark_str_cut(position, ' ', &rest), time = hark_str_cut(rest, ' ', &rest);
    bool good = hark_str_is(kind, "1") && rest.ptr && hark_str_int(time, &src->latest_ms) == 0;
    while (good && rest.ptr && rest.len) {
        struct hark_str one = hark_str_cut(rest, ',', &rest);
        unsigned long long id, words;
        char text[40];
        good = one.len == 33;
        if (!good) break;
        memcpy(text, one.ptr, one.len);
        text[one.len] = 0;
        good = sscanf(text, "%16llx:%16llx", &id, &words) == 2;
        src->known = hark_grow(src->known, src->nknown, &src->known_cap, sizeof *src->known);
        src->known[src->nknown++] = (struct entry){id, words};
    }
    if (!good) hark_err_set(err, HARK_EINPUT, "not a position in a feed");
    return good;
}

static struct hark_source *rss_open(struct hark_str argument, const struct hark_source_options *options,
                                    struct hark_err *err)
{
    struct rss *src = hark_calloc(1, sizeof *src);
    struct hark_buf name = {0};
    src->live.step = step;
    src->live.done = done;
    src->url = hark_str_dup(argument);
    src->etag = hark_str_dup(HARK_STR(""));
    src->modified = hark_str_dup(HARK_STR(""));
    hark_buf_printf(&name, "rss:%s", src->url);
    src->live.base.name = hark_str_dup(hark_buf_str(&name));
    hark_buf_done(&name);
    if (hark_live_init(&src->live, NULL, options, err) && hark_net_check(src->url, "https http", err) == 0 &&
        (!options->resume.len || parse_position(src, options->resume, err))) {
        if (options->resume.len) hark_buf_str_add(&src->live.after, options->resume);
        return &src->live.base;
    }
    hark_source_free(&src->live.base);
    return NULL;
}

void hark_source_xml(char *out, size_t size)
{
    snprintf(out, size, "%s", xmlParserVersion);
}

extern const struct hark_source_kind hark_source_rss;
const struct hark_source_kind hark_source_rss = {
    .name = "rss",
    .argument = "URL",
    .about = "the entries of a feed, RSS or Atom",
    .terms = "a feed is fetched at most once a minute, and as seldom as it asks; what may be done with its entries its "
             "publisher says",
    .open = rss_open,
};
