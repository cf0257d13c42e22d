// Nodes: what can be one, and the tree as text for tests and for people who ask how a query was understood.

#include "query.h"

const char hark_say_hashtag[] =
    "a hashtag is one word as it stands behind the #: RiverIsland (with spaces or * it is a keyword)";
const char hark_say_handle[] = "a handle is one word: nike, nike.bsky.social or nike@mastodon.social";
const char hark_say_domain[] =
    "a domain is the name of a host alone, riverisland.com; it covers what ends in it, shop.riverisland.com";

struct hark_str hark_without_sign(struct hark_str s, char sign)
{
    struct hark_str wide = sign == '#' ? HARK_STR("\uFF03") : HARK_STR("\uFF20");
    if (s.len && s.ptr[0] == sign) return hark_strn(s.ptr + 1, s.len - 1);
    if (hark_str_starts(s, wide)) return hark_strn(s.ptr + wide.len, s.len - wide.len);
    return s;
}

static bool has_any(struct hark_str s, const char *characters)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] && strchr(characters, s.ptr[i])) return true;
    return false;
}

bool hark_is_hashtag(struct hark_str s)
{
    return s.len && !has_any(s, " \t\r\n*#@\"/,;:");
}

bool hark_is_handle(struct hark_str s)
{
    return s.len && !has_any(s, " \t\r\n*#\"/,;:");
}

bool hark_is_domain(struct hark_str s)
{
    return s.len && s.ptr[0] != '.' && memchr(s.ptr, '.', s.len) && !has_any(s, " \t\r\n*#@\"/,;:");
}

static const char *const field_names[] = {
    [HARK_FIELD_FROM] = "from",
    [HARK_FIELD_TO] = "to",
    [HARK_FIELD_LANG] = "lang",
    [HARK_FIELD_SOURCE] = "source",
    [HARK_FIELD_IS_REPLY] = "is:reply",
    [HARK_FIELD_IS_REPOST] = "is:repost",
    [HARK_FIELD_IS_QUOTE] = "is:quote",
    [HARK_FIELD_HAS_LINKS] = "has:links",
    [HARK_FIELD_HAS_MENTIONS] = "has:mentions",
    [HARK_FIELD_HAS_HASHTAGS] = "has:hashtags",
    [HARK_FIELD_HAS_MEDIA] = "has:media",
    [HARK_FIELD_FOLLOWERS] = "followers",
    [HARK_FIELD_LIKES] = "likes",
    [HARK_FIELD_REPOSTS] = "reposts",
    [HARK_FIELD_REPLIES] = "replies",
};

static void print_field(const struct hark_node *node, struct hark_buf *buf)
{
    hark_buf_printf(buf, "%s", field_names[node->field]);
    if (node->field <= HARK_FIELD_SOURCE) hark_buf_printf(buf, ":" HARK_STR_FMT, HARK_STR_ARG(node->key));
    if (node->field < HARK_FIELD_FOLLOWERS) return;
    hark_buf_char(buf, ':');
    if (node->min != INT64_MIN) hark_buf_int(buf, node->min);
    hark_buf_add(buf, "..", 2);
    if (node->max != INT64_MAX) hark_buf_int(buf, node->max);
}

static void print_word(const struct hark_word *word, struct hark_buf *buf)
{
    hark_buf_printf(buf, "%s\"" HARK_STR_FMT "\"%s", word->open_start ? "*" : "", HARK_STR_ARG(word->text),
                    word->open_end ? "*" : "");
}

static void print_pattern(const struct hark_pattern *pattern, struct hark_buf *buf)
{
    if (pattern->kind == HARK_PATTERN_REGEX) {
        hark_buf_printf(buf, "/" HARK_STR_FMT "/", HARK_STR_ARG(pattern->regex));
    } else if (pattern->exact.ptr) {
        const struct hark_word *word = pattern->words;
        hark_buf_printf(buf, "%s{" HARK_STR_FMT "}%s", word->open_start ? "*" : "", HARK_STR_ARG(pattern->exact),
                        word->open_end ? "*" : "");
    } else if (pattern->kind == HARK_PATTERN_WORDS) {
        print_word(pattern->words, buf);
    } else {
        hark_buf_printf(buf, "(near%s %u", pattern->ordered ? ">" : "", pattern->distance);
        for (unsigned i = 0; i < pattern->nwords; i++) {
            hark_buf_char(buf, ' ');
            print_word(&pattern->words[i], buf);
        }
        hark_buf_char(buf, ')');
    }
}

static void print_group(const char *name, const struct hark_node *node, struct hark_buf *buf)
{
    hark_buf_printf(buf, "(%s", name);
    for (uint32_t i = 0; i < node->nkids; i++) {
        hark_buf_char(buf, ' ');
        hark_node_print(node->kids[i], buf);
    }
    hark_buf_char(buf, ')');
}

static void print_key(const char *before, const struct hark_node *node, struct hark_buf *buf)
{
    hark_buf_printf(buf, "%s" HARK_STR_FMT, before, HARK_STR_ARG(node->key));
}

void hark_node_print(const struct hark_node *node, struct hark_buf *buf)
{
    switch (node->kind) {
    case HARK_NODE_ALL: hark_buf_printf(buf, "all"); break;
    case HARK_NODE_AND: print_group("and", node, buf); break;
    case HARK_NODE_OR: print_group("or", node, buf); break;
    case HARK_NODE_NOT: print_group("not", node, buf); break;
    case HARK_NODE_HASHTAG: print_key("#", node, buf); break;
    case HARK_NODE_HANDLE: print_key("@", node, buf); break;
    case HARK_NODE_CASHTAG: print_key("$", node, buf); break;
    case HARK_NODE_DOMAIN: print_key("domain:", node, buf); break;
    case HARK_NODE_URL: print_key("url:", node, buf); break;
    case HARK_NODE_PATTERN: print_pattern(node->pattern, buf); break;
    case HARK_NODE_FIELD: print_field(node, buf); break;
    }
}
