// How far links and @handles reach, as a reader sees them.
#include "table.h"
#include "view.h"

static bool starts_with(struct hark_str s, size_t i, struct hark_str head)
{
    return s.len - i >= head.len && hark_str_ieq((struct hark_str){s.ptr + i, head.len}, head);
}

// Closing brackets that none opens end a sentence's parenthesis, the others belong to the link ("…/Ghost_(song)").
static int bracket(char c)
{
    return c == ')' || c == '(' ? 0 : c == ']' || c == '[' ? 1 : c == '}' || c == '{' ? 2 : -1;
}

static bool opens(char c)
{
    return c == '(' || c == '[' || c == '{';
}

static void count_brackets(struct hark_str link, size_t surplus[3])
{
    size_t open[3] = {0};
    memset(surplus, 0, 3 * sizeof(*surplus));
    for (size_t i = 0; i < link.len; i++) {
        int kind = bracket(link.ptr[i]);
        if (kind < 0) continue;
        if (opens(link.ptr[i]))
            open[kind]++;
        else if (open[kind])
            open[kind]--;
        else
            surplus[kind]++;
    }
}

// Bytes of punctuation at the end of the link that belong to the sentence.
static size_t trailing(struct hark_str link, size_t surplus[3])
{
    static const char *const wide[] = {"…", "’", "”", "»", "。", "、", "，", "！", "？", "）", "」", "』", "】"};
    char last = link.ptr[link.len - 1];
    if (last && strchr(".,:;!?'\"*_~>", last)) return 1;
    int kind = bracket(last);
    if (kind >= 0 && !opens(last) && surplus[kind]) return surplus[kind]--, 1;
    for (size_t k = 0; k < sizeof(wide) / sizeof(wide[0]); k++)
        if (hark_str_ends(link, hark_str(wide[k]))) return strlen(wide[k]);
    return 0;
}

size_t link_bytes(struct hark_str s, size_t i)
{
    size_t head = starts_with(s, i, HARK_STR("https://"))  ? 8
                  : starts_with(s, i, HARK_STR("http://")) ? 7
                  : starts_with(s, i, HARK_STR("www."))    ? 4
                                                           : 0;
    if (head == 0) return 0;
    size_t end = i + head;
    while (end < s.len) {
        size_t next = end;
        if (cp_get(char_next(s.ptr, &next))->flags & CP_SPACE) break;
        end = next;
    }
    size_t surplus[3];
    count_brackets((struct hark_str){s.ptr + i, end - i}, surplus);
    while (end > i + head) {
        size_t cut = trailing((struct hark_str){s.ptr + i, end - i}, surplus);
        if (cut == 0) return end - i;
        end -= cut;
    }
    return 0;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

// Whether a mark behind byte i makes another letter of it.
static bool is_marked(struct hark_str s, size_t i)
{
    for (i++; i < s.len && (unsigned char)s.ptr[i] >= 0x80;) {
        const struct cp *cp = cp_get(char_next(s.ptr, &i));
        if (!(cp->flags & CP_HIDDEN)) return !cp_starts(cp);
    }
    return false;
}

size_t handle_bytes(struct hark_str s, size_t i)
{
    size_t end = i, solid = i; // behind the last letter or digit
    for (; end < s.len && (is_alnum(s.ptr[end]) || strchr(".:-@", s.ptr[end])) && s.ptr[end]; end++) {
        if (is_marked(s, end)) break;
        if (s.ptr[end] == '@' && (end == i || solid < end)) break;
        if (is_alnum(s.ptr[end]))
            solid = end + 1;
        else if (solid == i)
            return 0;
    }
    return solid - i;
}
