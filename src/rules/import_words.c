// The leaves of other tools' rules in hark's language: one table a dialect. An operator is a line in it.
//
// Sources: X, "Build a rule" (filtered stream) and "PowerTrack operators"; Brandwatch, "Query operators" and "Advanced
// query operators".

#include "import.h"

#include <stdio.h>

enum way {
    SAME,     // name:value under hark's name
    FIXED,    // all of it stands in `to`
    LEFT_OUT, // `to` says why
    TAG,      // #value, @value
    HANDLE,
    PART,     // value anywhere in the text: *value*
    PHRASE,   // value as words
    EXACT,    // {value}
    LINK,     // domain:value, or url:value where it has a path
    PLATFORM, // where a mention stands
    RANGE,    // [100 TO 1000]
};

enum {
    ON_X = 1 << HARK_DIALECT_X | 1 << HARK_DIALECT_POWERTRACK,
    ON_BRANDWATCH = 1 << HARK_DIALECT_BRANDWATCH,
    ON_ALL = ON_X | ON_BRANDWATCH,
};

static const char no_place[] = "posts here do not say where they were written";
static const char no_profile[] = "of authors hark knows the name and how many follow, nothing else";
static const char no_thread[] = "posts of one thread or one original cannot be asked for";
static const char no_topics[] = "hark has no topics or models: write the words that you mean";
static const char no_number[] = "this number is not in posts here";

static const struct word {
    unsigned dialects;
    const char *name, *value; // value NULL: any
    enum way way;
    const char *to;
    const char *note; // what differs; NULL where nothing does
} table[] = {
    {ON_ALL, "from", NULL, SAME, "from", NULL},
    {ON_X, "to", NULL, SAME, "to", NULL},
    {ON_X, "url", NULL, SAME, "url", NULL},
    {ON_X, "url_contains", NULL, SAME, "url", NULL},
    {ON_ALL, "lang", NULL, SAME, "lang", NULL},
    {ON_X, "twitter_lang", NULL, SAME, "lang", NULL},
    {ON_X, "contains", NULL, PART, NULL, NULL},
    {ON_X, "followers_count", NULL, SAME, "followers_count", NULL},
    {ON_X, "is", "retweet", FIXED, "is:repost", NULL},
    {ON_X, "is", "reply", FIXED, "is:reply", NULL},
    {ON_X, "is", "quote", FIXED, "is:quote", NULL},
    {ON_X, "is", "nullcast", LEFT_OUT, "posts that are made as advertisements only do not come here", NULL},
    {ON_X, "is", NULL, LEFT_OUT, no_profile, NULL},
    {ON_X, "has", "links", FIXED, "has:links", NULL},
    {ON_X, "has", "mentions", FIXED, "has:mentions", NULL},
    {ON_X, "has", "hashtags", FIXED, "has:hashtags", NULL},
    {ON_X, "has", "media", FIXED, "has:media", NULL},
    {ON_X, "has", "images", FIXED, "has:media", "pictures are not told from films here"},
    {ON_X, "has", "videos", FIXED, "has:media", "films are not told from pictures here"},
    {ON_X, "has", "video_link", FIXED, "has:media", "films are not told from pictures here"},
    {ON_X, "has", "geo", LEFT_OUT, no_place, NULL},
    {ON_X, "has", "profile_geo", LEFT_OUT, no_place, NULL},
    {ON_X, "has", NULL, LEFT_OUT, "hark cannot ask for this", NULL},
    {ON_X, "source", NULL, LEFT_OUT, "the app that a post was written with is not known here (source: is the platform)",
     NULL},
    {ON_X, "sample", NULL, LEFT_OUT, "hark takes all posts that match, not a share of them", NULL},
    {ON_X, "place", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "place_country", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "place_contains", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "point_radius", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "bounding_box", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "profile_country", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "profile_region", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "profile_locality", NULL, LEFT_OUT, no_place, NULL},
    {ON_X, "bio", NULL, LEFT_OUT, no_profile, NULL},
    {ON_X, "user_bio", NULL, LEFT_OUT, no_profile, NULL},
    {ON_X, "bio_name", NULL, LEFT_OUT, no_profile, NULL},
    {ON_X, "bio_location", NULL, LEFT_OUT, no_profile, NULL},
    {ON_X, "url_title", NULL, LEFT_OUT, "hark does not read the pages that posts link to", NULL},
    {ON_X, "url_description", NULL, LEFT_OUT, "hark does not read the pages that posts link to", NULL},
    {ON_X, "context", NULL, LEFT_OUT, no_topics, NULL},
    {ON_X, "entity", NULL, LEFT_OUT, no_topics, NULL},
    {ON_X, "embedding", NULL, LEFT_OUT, no_topics, NULL},
    {ON_X, "embedding_threshold", NULL, LEFT_OUT, no_topics, NULL},
    {ON_X, "conversation_id", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "retweets_of", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "retweets_of_user", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "retweets_of_status_id", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "retweets_of_tweet_id", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "in_reply_to_status_id", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "in_reply_to_tweet_id", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "quotes_of_tweet_id", NULL, LEFT_OUT, no_thread, NULL},
    {ON_X, "friends_count", NULL, LEFT_OUT, no_number, NULL},
    {ON_X, "following_count", NULL, LEFT_OUT, no_number, NULL},
    {ON_X, "statuses_count", NULL, LEFT_OUT, no_number, NULL},
    {ON_X, "tweets_count", NULL, LEFT_OUT, no_number, NULL},
    {ON_X, "listed_count", NULL, LEFT_OUT, no_number, NULL},

    {ON_BRANDWATCH, "author", NULL, SAME, "from", NULL},
    {ON_BRANDWATCH, "language", NULL, SAME, "lang", NULL},
    {ON_BRANDWATCH, "hashtags", NULL, TAG, NULL, NULL},
    {ON_BRANDWATCH, "at_mentions", NULL, HANDLE, NULL, NULL},
    {ON_BRANDWATCH, "links", NULL, LINK, NULL, NULL},
    {ON_BRANDWATCH, "raw", NULL, EXACT, NULL, NULL},
    {ON_BRANDWATCH, "title", NULL, PHRASE, NULL, "posts have no titles: the words are looked for in the whole text"},
    {ON_BRANDWATCH, "site", NULL, PLATFORM, NULL, NULL},
    {ON_BRANDWATCH, "url", NULL, LEFT_OUT, "the address of a post is not searched; links: in it are, with url:", NULL},
    {ON_BRANDWATCH, "engagementType", "RETWEET", FIXED, "is:repost", NULL},
    {ON_BRANDWATCH, "engagementType", "REPLY", FIXED, "is:reply", NULL},
    {ON_BRANDWATCH, "engagementType", "QUOTE", FIXED, "is:quote", NULL},
    {ON_BRANDWATCH, "engagingWith", NULL, SAME, "to", "replies to this account only, not reposts of it"},
    {ON_BRANDWATCH, "authorFollowers", NULL, RANGE, "followers_count", NULL},
    {ON_BRANDWATCH, "continent", NULL, LEFT_OUT, no_place, NULL},
    {ON_BRANDWATCH, "country", NULL, LEFT_OUT, no_place, NULL},
    {ON_BRANDWATCH, "region", NULL, LEFT_OUT, no_place, NULL},
    {ON_BRANDWATCH, "city", NULL, LEFT_OUT, no_place, NULL},
    {ON_BRANDWATCH, "latitude", NULL, LEFT_OUT, no_place, NULL},
    {ON_BRANDWATCH, "longitude", NULL, LEFT_OUT, no_place, NULL},
    {ON_BRANDWATCH, "authorGender", NULL, LEFT_OUT, no_profile, NULL},
    {ON_BRANDWATCH, "authorVerified", NULL, LEFT_OUT, no_profile, NULL},
    {ON_BRANDWATCH, "sentiment", NULL, LEFT_OUT, "intents tell praise from complaints: name them in intents", NULL},
    {ON_BRANDWATCH, "rating", NULL, LEFT_OUT, no_number, NULL},
};

// Where Brandwatch says a site and hark a source.
static const char *const platforms[][2] = {
    {"twitter.com", "x"},     {"x.com", "x"}, {"bsky.app", "bluesky"}, {"mastodon.social", "mastodon"},
    {"reddit.com", "reddit"},
};

static struct hark_in_node *new_leaf(struct hark_in *in, enum hark_in_kind kind, size_t at, struct hark_str written)
{
    struct hark_in_node *node = HARK_NEW(in->arena, struct hark_in_node);
    node->kind = kind;
    node->at = at;
    node->written = written;
    return node;
}

struct hark_in_node *hark_in_leaf(struct hark_in *in, size_t at, struct hark_str written, struct hark_str text)
{
    struct hark_in_node *node = new_leaf(in, HARK_IN_LEAF, at, written);
    node->text = hark_arena_str(in->arena, text);
    if (text.len > 1 && text.ptr[0] == '#') node->words = hark_strn(node->text.ptr + 1, text.len - 1);
    return node;
}

static struct hark_in_node *left_out(struct hark_in *in, size_t at, struct hark_str written, const char *why)
{
    struct hark_in_node *node = new_leaf(in, HARK_IN_LEFT_OUT, at, written);
    node->why = why;
    return node;
}

// --- words ---

static bool is_plain(struct hark_str s)
{
    if (s.len == 0 || s.ptr[0] == '-' || hark_str_is(s, "AND") || hark_str_is(s, "OR") || hark_str_is(s, "NOT") ||
        hark_str_is(s, "and") || hark_str_is(s, "or") || hark_str_is(s, "not"))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) ||
                     strchr("-_.&'*", c);
        if (!plain || hark_quote_bytes(s, i)) return false;
    }
    return true;
}

// customi?e: one character, whichever.
static struct hark_in_node *one_character(struct hark_in *in, size_t at, struct hark_str written, struct hark_str words)
{
    struct hark_buf regex = {0};
    hark_buf_printf(&regex, "/(?<![\\pL\\pN])");
    for (size_t i = 0; i < words.len; i++) {
        char c = words.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80);
        if (c == '?')
            hark_buf_printf(&regex, "[\\pL\\pN]");
        else if (c == '*')
            hark_buf_printf(&regex, "[\\pL\\pN]*");
        else if (c == ' ')
            hark_buf_printf(&regex, "\\s+");
        else
            hark_buf_printf(&regex, "%s%c", letter ? "" : "\\", c);
    }
    hark_buf_printf(&regex, "(?![\\pL\\pN])/");
    struct hark_in_node *node = hark_in_leaf(in, at, written, hark_buf_str(&regex));
    node->words = (struct hark_str){0};
    hark_buf_done(&regex);
    return node;
}

// Stars mean something to Brandwatch, and nothing to X.
static struct hark_str without_stars(struct hark_in *in, struct hark_str words)
{
    char *out = hark_arena_alloc(in->arena, words.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < words.len; i++)
        if (words.ptr[i] != '*') out[n++] = words.ptr[i];
    return hark_strn(out, n);
}

static bool is_pattern(const struct hark_in *in, struct hark_str words)
{
    if (in->dialect != HARK_DIALECT_BRANDWATCH) return false;
    for (size_t i = 0; i < words.len; i++) {
        bool inside = i > 0 && i + 1 < words.len && words.ptr[i - 1] != ' ' && words.ptr[i + 1] != ' ';
        if ((words.ptr[i] == '?' && i > 0) || (words.ptr[i] == '*' && inside)) return true;
    }
    return false;
}

struct hark_in_node *hark_in_words(struct hark_in *in, size_t at, struct hark_str written, struct hark_str words,
                                   struct hark_str behind)
{
    struct hark_buf text = {0};
    bool quoted = written.len && hark_quote_bytes(written, 0);
    words = hark_str_trim(words);
    if (in->dialect != HARK_DIALECT_BRANDWATCH && memchr(words.ptr, '*', words.len)) words = without_stars(in, words);
    if (behind.len == 0 && is_pattern(in, words)) return one_character(in, at, written, words);
    if (behind.len == 0 && !quoted && is_plain(words))
        hark_buf_str_add(&text, words);
    else
        hark_buf_printf(&text, "\"" HARK_STR_FMT "\"" HARK_STR_FMT, HARK_STR_ARG(words), HARK_STR_ARG(behind));
    struct hark_in_node *node = hark_in_leaf(in, at, written, hark_buf_str(&text));
    node->words = behind.len ? (struct hark_str){0} : hark_arena_str(in->arena, words);
    hark_buf_done(&text);
    return node;
}

// --- operators ---

static struct hark_in_node *with_value(struct hark_in *in, size_t at, struct hark_str written, const char *before,
                                       struct hark_str value, const char *behind)
{
    struct hark_buf text = {0};
    bool quote =
        value.len && strchr(before, ':') && (memchr(value.ptr, ' ', value.len) || memchr(value.ptr, '(', value.len));
    hark_buf_printf(&text, "%s%s" HARK_STR_FMT "%s%s", before, quote ? "\"" : "", HARK_STR_ARG(value),
                    quote ? "\"" : "", behind);
    struct hark_in_node *node = hark_in_leaf(in, at, written, hark_buf_str(&text));
    hark_buf_done(&text);
    return node;
}

// "100 TO 1000"
static struct hark_in_node *range(struct hark_in *in, size_t at, struct hark_str written, const char *name,
                                  struct hark_str value)
{
    const char *to = memmem(value.ptr, value.len, " TO ", 4);
    struct hark_str low = to ? hark_str_trim(hark_strn(value.ptr, (size_t)(to - value.ptr))) : value;
    struct hark_str high =
        to ? hark_str_trim(hark_strn(to + 4, value.len - (size_t)(to + 4 - value.ptr))) : HARK_STR("");
    struct hark_str text = hark_arena_printf(in->arena, "%s:" HARK_STR_FMT ".." HARK_STR_FMT, name,
                                             hark_str_is(low, "*") ? 0 : (int)low.len, low.ptr,
                                             hark_str_is(high, "*") ? 0 : (int)high.len, high.ptr);
    return hark_in_leaf(in, at, written, text);
}

static struct hark_in_node *platform(struct hark_in *in, size_t at, struct hark_str written, struct hark_str site)
{
    if (hark_str_starts(site, HARK_STR("www."))) site = hark_strn(site.ptr + 4, site.len - 4);
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++)
        if (hark_str_is(site, platforms[i][0]))
            return with_value(in, at, written, "source:", hark_str(platforms[i][1]), "");
    return left_out(in, at, written, "posts of this site do not come here");
}

static struct hark_in_node *translate(struct hark_in *in, size_t at, struct hark_str written, const struct word *word,
                                      struct hark_str value)
{
    char name[64];
    struct hark_str bare =
        value.len && (value.ptr[0] == '#' || value.ptr[0] == '@') ? hark_strn(value.ptr + 1, value.len - 1) : value;
    switch (word->way) {
    case SAME: snprintf(name, sizeof name, "%s:", word->to); return with_value(in, at, written, name, bare, "");
    case FIXED: return hark_in_leaf(in, at, written, hark_str(word->to));
    case LEFT_OUT: return left_out(in, at, written, word->to);
    case TAG: return with_value(in, at, written, "#", bare, "");
    case HANDLE: return with_value(in, at, written, "@", bare, "");
    case PART: return with_value(in, at, written, "\"*", value, "*\"");
    case PHRASE: return hark_in_words(in, at, HARK_STR("\""), value, HARK_STR(""));
    case EXACT: return with_value(in, at, written, "{", value, "}");
    case LINK: return with_value(in, at, written, memchr(value.ptr, '/', value.len) ? "url:" : "domain:", value, "");
    case PLATFORM: return platform(in, at, written, value);
    case RANGE: return range(in, at, written, word->to, value);
    }
    return NULL;
}

struct hark_in_node *hark_in_operator(struct hark_in *in, size_t at, struct hark_str written, struct hark_str name,
                                      struct hark_str value)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct word *word = &table[i];
        if (!(word->dialects & 1u << in->dialect) || !hark_str_is(name, word->name)) continue;
        if (word->value && !hark_str_is(value, word->value)) continue;
        if (word->note) hark_in_tell(in, false, at, HARK_STR_FMT ": %s", HARK_STR_ARG(written), word->note);
        return translate(in, at, written, word, value);
    }
    return left_out(in, at, written, "hark does not know this operator; as text it would need quotes");
}
