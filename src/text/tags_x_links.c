// Links as twitter-text 3.1 finds them, with and without "http://". What stands in a link is no hashtag and no mention.
//
// A domain is taken label by label: of the run of domain characters and dots, as many labels as leave a top-level
// domain at the end. "example.comだよね.comtest" has the labels example, comだよね and comtest; com ends the second of
// them, so it is example.com.
#include "tags.h"

#include "tlds.h"

// validDomainChars: anything but punctuation of ASCII, white space and directional marks.
static bool is_domain_char(uint32_t c)
{
    if (c < 0x80) return c > ' ' && c != 0x7f && !strchr("!'#%&()*+,\\-./:;<=>?@[]^_{|}~$", (int)c);
    return !has(c, CP_SPACE) && !x_is_direction(c) && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

// A host name has 253 bytes at most; 32 labels are more than any has that people write. It bounds what hostile text can
// cost.
enum { MAX_LABELS = 32, MAX_LABEL_CHARS = 63 };

struct label {
    size_t from, to;
    size_t chars;
    size_t low; // behind the last low line in it
    bool ascii;
    bool subdomain; // may stand before a domain
    bool domain;    // may stand before a top-level domain
};

static struct label label_at(struct hark_str s, size_t i)
{
    struct label label = {.from = i, .low = i, .ascii = true};
    uint32_t first = 0, last = 0;
    for (size_t next; i < s.len; i = next) {
        uint32_t c = char_at(s, i, &next);
        if (!is_domain_char(c) && c != '-' && c != '_') break;
        if (label.chars++ == 0) first = c;
        if (c == '_') label.low = next;
        last = c;
        label.ascii &= c < 0x80;
    }
    label.to = i;
    label.subdomain = label.chars && is_domain_char(first) && is_domain_char(last);
    label.domain = label.subdomain && label.low == label.from;
    return label;
}

static bool is_punycode(struct hark_str name)
{
    if (name.len < 5 || !hark_str_ieq((struct hark_str){name.ptr, 4}, HARK_STR("xn--"))) return false;
    for (size_t i = 4; i < name.len; i++)
        if (!is_ascii_alnum((unsigned char)name.ptr[i]) && name.ptr[i] != '-') return false;
    return true;
}

static bool ends_tld(struct hark_str s, size_t i)
{
    size_t next;
    uint32_t c = char_at(s, i, &next);
    return !is_ascii_alnum(c) && c != '@' && c != '+' && c != '-';
}

// The end of the longest top-level domain that the label begins with, or 0.
static size_t tld_end(struct hark_str s, struct label label)
{
    struct hark_str name = {s.ptr + label.from, label.to - label.from};
    if (is_punycode(name)) return label.to;
    size_t end = label.to - label.from > TLD_MAX_BYTES ? label.from + TLD_MAX_BYTES : label.to;
    for (; end > label.from; end--) {
        bool border = end == s.len || (s.ptr[end] & 0xc0) != 0x80;
        if (border && ends_tld(s, end) && tld_is((struct hark_str){s.ptr + label.from, end - label.from})) return end;
    }
    return 0;
}

struct domain {
    size_t end;      // 0: there is none
    bool resolvable; // no label is longer than the DNS allows, and none pretends to be punycode
    size_t skip;     // where there is none: no domain starts before this
};

static bool is_resolvable(struct hark_str s, struct label label)
{
    return label.chars <= MAX_LABEL_CHARS && (label.ascii || !goes_on(s, label.from, HARK_STR("xn--")));
}

// Where "http" or "https" starts behind `from` that ends at i and goes on with "://"; or i.
static size_t protocol_before(struct hark_str s, size_t from, size_t i)
{
    for (size_t n = 5; n >= 4 && goes_on(s, i, HARK_STR("://")); n--)
        if (i - from > n && hark_str_ieq((struct hark_str){s.ptr + i - n, n}, (struct hark_str){"https", n}))
            return i - n;
    return i;
}

static struct domain domain_at(struct hark_str s, size_t i)
{
    struct label before = label_at(s, i);
    bool resolvable = is_resolvable(s, before);
    struct domain domain = {.skip = before.low > i ? before.low : protocol_before(s, i, before.to)};
    for (int n = 0; n < MAX_LABELS && before.subdomain && before.to < s.len && s.ptr[before.to] == '.'; n++) {
        struct label label = label_at(s, before.to + 1);
        size_t tld = before.domain ? tld_end(s, label) : 0;
        if (tld) domain = (struct domain){.end = tld, .resolvable = resolvable};
        resolvable &= is_resolvable(s, label);
        before = label;
    }
    return domain;
}

static bool is_cyrillic(uint32_t c)
{
    return c >= 0x400 && c <= 0x4ff;
}

static bool is_path_char(uint32_t c)
{
    if (c < 0x80) return is_ascii_alnum(c) || (c && strchr("!*';:=+,.$/%#[]-_~@|&", (int)c));
    return is_cyrillic(c) || c == 0x2013 || x_is_latin_accent(c);
}

static bool ends_path(uint32_t c)
{
    if (c < 0x80) return is_ascii_alnum(c) || (c && strchr("+-=_#/", (int)c));
    return is_cyrillic(c) || x_is_latin_accent(c);
}

// Behind the bracket that closes the one at i, one level deep inside of it; or i.
static size_t brackets_end(struct hark_str s, size_t i)
{
    int depth = 0;
    size_t at = i, filled = 0;
    for (size_t next; at < s.len; at = next) {
        uint32_t c = char_at(s, at, &next);
        if (c == '(' && depth < 2)
            depth++;
        else if (c == ')' && filled && --depth == 0)
            return next;
        else if (c == ')' && filled)
            continue;
        else if (is_path_char(c))
            filled++;
        else
            return i;
    }
    return i;
}

// The end of the path whose slash is before i.
static size_t path_end(struct hark_str s, size_t i)
{
    size_t end = i;
    for (size_t next; i < s.len; i = next) {
        uint32_t c = char_at(s, i, &next);
        if (c == '(') {
            next = brackets_end(s, i);
            if (next == i) break;
            end = next;
        } else if (!is_path_char(c)) {
            break;
        } else if (ends_path(c)) {
            end = next;
        }
    }
    return end;
}

// The end of the query whose question mark is before i, or i.
static size_t query_end(struct hark_str s, size_t i)
{
    size_t end = i;
    for (; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (is_ascii_alnum(c) || (c && strchr("-_&=#/", c)))
            end = i + 1;
        else if (!c || !strchr("!?*'@();:+$%[].,~|", c))
            break;
    }
    return end;
}

// The end of port, path and query behind the domain.
static size_t tail_end(struct hark_str s, size_t i)
{
    if (i + 1 < s.len && s.ptr[i] == ':' && s.ptr[i + 1] >= '0' && s.ptr[i + 1] <= '9')
        for (i++; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';) i++;
    if (i < s.len && s.ptr[i] == '/') i = path_end(s, i + 1);
    if (i + 1 < s.len && s.ptr[i] == '?') {
        size_t end = query_end(s, i + 1);
        if (end > i + 1) i = end;
    }
    return i;
}

// t.co's links have a slug of letters and digits and nothing behind it but a query. The end, or 0 where the slug is too
// long.
static size_t tco_end(struct hark_str s, size_t slug, size_t end)
{
    enum { MAX_SLUG = 40 };
    size_t i = slug;
    while (i < end && is_ascii_alnum((unsigned char)s.ptr[i])) i++;
    if (i == slug) return end;
    if (i - slug > MAX_SLUG) return 0;
    if (i + 1 < end && s.ptr[i] == '?') {
        size_t query = query_end(s, i + 1);
        return query > i + 1 ? query : i;
    }
    return i;
}

// A link with "http://" or "https://" (`head` bytes). Returns where to go on; 0 where there is none.
static size_t add_with_protocol(struct find *f, size_t i, size_t head)
{
    size_t from = i + head;
    struct domain domain = domain_at(f->text, from);
    if (domain.end == 0) return 0;
    size_t end = tail_end(f->text, domain.end), to = domain.resolvable ? end : 0;
    bool tco = hark_str_ieq((struct hark_str){f->text.ptr + from, domain.end - from}, HARK_STR("t.co"));
    if (tco && goes_on(f->text, domain.end, HARK_STR("/"))) to = tco_end(f->text, domain.end + 1, end);
    if (to) find_add(f, HARK_ENTITY_LINK, i, 0, to);
    return end;
}

static bool is_ascii_domain_char(uint32_t c)
{
    return is_ascii_alnum(c) || c == '-' || c == '.' || x_is_latin_accent(c);
}

// Without a protocol only domains of ASCII and accented letters count: each of those in the domain s[i..domain). The
// last has the tail.
static void add_without_protocol(struct find *f, size_t i, size_t domain, size_t end)
{
    struct hark_str host = {f->text.ptr, domain};
    size_t n = f->n;
    for (size_t next; i < domain; i = next) {
        size_t to = i, after;
        while (to < domain && is_ascii_domain_char(char_at(host, to, &after))) to = after;
        if (to == i) {
            char_at(host, i, &next);
            continue;
        }
        // The top-level domain may be the one script that stands behind ("twitter.みんな").
        size_t stop = domain_at(host, i).end;
        if (stop > to) stop = domain_at((struct hark_str){host.ptr, to}, i).end ? to : stop;
        if (stop) find_add(f, HARK_ENTITY_LINK, i, 0, stop);
        next = stop ? stop : to;
    }
    if (f->n == n) return;
    struct hark_entity *last = &f->v[f->n - 1];
    if (last->to == domain)
        *last = (struct hark_entity){last->kind, {last->value.ptr, end - last->from}, last->from, end};
}

static bool may_start(uint32_t before)
{
    return before == 0 || x_is_direction(before) ||
           (!is_ascii_alnum(before) && !is_at(before) && !is_sign(before) && before != '$' && before != 0xfeff);
}

static size_t head_bytes(struct hark_str s)
{
    if (s.len > 8 && hark_str_ieq((struct hark_str){s.ptr, 8}, HARK_STR("https://"))) return 8;
    return s.len > 7 && hark_str_ieq((struct hark_str){s.ptr, 7}, HARK_STR("http://")) ? 7 : 0;
}

// Adds what starts at i; returns the end of what was looked at, *ret_taken whether it was a link, one that counts or
// not.
static size_t link_at(struct find *f, size_t i, uint32_t before, bool *ret_taken)
{
    size_t head = head_bytes((struct hark_str){f->text.ptr + i, f->text.len - i});
    size_t end = head ? add_with_protocol(f, i, head) : 0;
    *ret_taken = true;
    if (end) return end;
    struct domain domain = domain_at(f->text, i);
    *ret_taken = domain.end;
    if (domain.end == 0) return domain.skip;
    end = tail_end(f->text, domain.end);
    if (before != '-' && before != '_' && before != '.' && before != '/') add_without_protocol(f, i, domain.end, end);
    return end;
}

void find_x_links(struct find *f)
{
    struct hark_str s = f->text;
    uint32_t before = 0;
    bool taken = false; // a link ends at i: the pattern wants a character between two
    if (!s.len || !memchr(s.ptr, '.', s.len)) return;
    for (size_t i = 0, next; i < s.len;) {
        uint32_t c = char_at(s, i, &next);
        bool start = !taken && is_domain_char(c) && may_start(before);
        taken = false;
        size_t end = start ? link_at(f, i, before, &taken) : i;
        before = end > next ? char_before(s, end) : c;
        i = end > next ? end : next;
    }
}
