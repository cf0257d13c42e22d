// YAML nodes to values, with what is wrong about them said in words.

#include "load.h"

#include <stdlib.h>

struct hark_loc hark_yaml_loc(const struct hark_load *ld, const struct hark_yaml *node)
{
    return (struct hark_loc){ld->file->name, node->line, node->column};
}

static const char *kind_str(const struct hark_yaml *node)
{
    switch (node->kind) {
    case HARK_YAML_SEQ: return "a list";
    case HARK_YAML_MAP: return "a mapping";
    default: return node->text.len ? "a text" : "empty";
    }
}

bool hark_is_lang(struct hark_str s)
{
    size_t part = 0, at = 0, n = 0;
    if (s.len > 35) return false; // RFC 5646, section 4.4.1
    for (; at <= s.len; at++) {
        bool end = at == s.len || s.ptr[at] == '-';
        if (end) {
            bool fine = part == 0 ? n == 2 || n == 3 : n >= 1 && n <= 8;
            if (!fine) return false;
            part++;
            n = 0;
            continue;
        }
        char c = s.ptr[at];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (part == 0 || c < '0' || c > '9')) return false;
        n++;
    }
    return true;
}

static void unknown_key(struct hark_load *ld, const struct hark_yaml *key, const char *what, const char *const *keys,
                        bool language)
{
    hark_say_names(&ld->buf, key->text, keys);
    HARK_BAD(ld, key, "unknown key \"" HARK_STR_FMT "\" in %s: %s%s", HARK_STR_ARG(key->text), what,
             hark_buf_cstr(&ld->buf), language ? "; or a language as en, ko, pt-BR" : "");
}

static void load_key(struct hark_load *ld, const struct hark_yaml *pair, const char *what, const char *const *keys,
                     bool language, const struct hark_yaml **values)
{
    const struct hark_yaml *key = &pair[0];
    if (key->kind != HARK_YAML_SCALAR) {
        HARK_BAD(ld, key, "a key of %s is %s: keys are words", what, kind_str(key));
        return;
    }
    for (size_t i = 0; keys[i]; i++) {
        if (!hark_str_is(key->text, keys[i])) continue;
        if (values[i])
            HARK_BAD(ld, key, "\"%s\" is there twice: its first value is in line %u; put both into one", keys[i],
                     values[i]->line);
        else
            values[i] = &pair[1];
        return;
    }
    if (!language || !hark_is_lang(key->text)) unknown_key(ld, key, what, keys, language);
}

bool hark_load_keys(struct hark_load *ld, const struct hark_yaml *map, const char *what, const char *const *keys,
                    bool language, const struct hark_yaml **values)
{
    for (size_t i = 0; keys[i]; i++) values[i] = NULL;
    if (map->kind != HARK_YAML_MAP) {
        HARK_BAD(ld, map, "%s is %s: it is written as %s: VALUE and so on, one key a line", what, kind_str(map),
                 keys[0]);
        return false;
    }
    for (size_t i = 0; i < map->n; i++) load_key(ld, &map->kids[2 * i], what, keys, language, values);
    return true;
}

bool hark_load_text(struct hark_load *ld, const struct hark_yaml *node, const char *what, struct hark_str *ret)
{
    if (node->kind != HARK_YAML_SCALAR) {
        bool brace = node->kind == HARK_YAML_MAP && node->n;
        HARK_BAD(ld, node, "%s is %s: it is one text%s", what, kind_str(node),
                 brace ? "; one with { or \": \" in it needs quotes" : "");
        return false;
    }
    *ret = hark_str_trim(node->text);
    if (ret->len) return true;
    HARK_BAD(ld, node, "%s is empty: write a text (one that begins with # needs quotes, else it is a comment)", what);
    return false;
}

bool hark_load_int(struct hark_load *ld, const struct hark_yaml *node, const char *what, int64_t min, int64_t max,
                   int64_t *ret)
{
    if (node->kind == HARK_YAML_SCALAR && hark_str_int(node->text, ret) == 0 && *ret >= min && *ret <= max) return true;
    HARK_BAD(ld, node, "%s is a whole number from %lld to %lld, not " HARK_STR_FMT, what, (long long)min,
             (long long)max,
             node->kind == HARK_YAML_SCALAR && node->text.len ? (int)node->text.len : (int)strlen(kind_str(node)),
             node->kind == HARK_YAML_SCALAR && node->text.len ? node->text.ptr : kind_str(node));
    return false;
}

bool hark_load_bool(struct hark_load *ld, const struct hark_yaml *node, const char *what, bool *ret)
{
    bool yes = node->kind == HARK_YAML_SCALAR && hark_str_is(node->text, "true");
    bool no = node->kind == HARK_YAML_SCALAR && hark_str_is(node->text, "false");
    if (yes || no)
        *ret = yes;
    else
        HARK_BAD(ld, node, "%s is true or false", what);
    return yes || no;
}

static bool is_name(struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!fine) return false;
    }
    return s.len > 0 && s.len <= HARK_RULES_MAX_NAME_BYTES;
}

// "River Island" as it could be: river-island.
static const char *name_like(struct hark_load *ld, struct hark_str s)
{
    hark_buf_clear(&ld->buf);
    for (size_t i = 0; i < s.len && ld->buf.len < HARK_RULES_MAX_NAME_BYTES; i++) {
        char c = s.ptr[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (fine || (ld->buf.len && ld->buf.ptr[ld->buf.len - 1] != '-')) hark_buf_char(&ld->buf, fine ? c : '-');
    }
    while (ld->buf.len && ld->buf.ptr[ld->buf.len - 1] == '-') ld->buf.len--;
    return ld->buf.len ? hark_buf_cstr(&ld->buf) : "river-island";
}

bool hark_load_name(struct hark_load *ld, const struct hark_yaml *node, const char *what, struct hark_str *ret)
{
    struct hark_str s;
    if (!hark_load_text(ld, node, what, &s)) return false;
    if (!is_name(s)) {
        HARK_BAD(ld, node, "%s is small letters a-z, digits and -, at most %d: %s", what, HARK_RULES_MAX_NAME_BYTES,
                 name_like(ld, s));
        return false;
    }
    *ret = hark_arena_str(ld->arena, s);
    return true;
}

bool hark_load_list(struct hark_load *ld, const struct hark_yaml *node, const char *what)
{
    if (node->kind == HARK_YAML_SEQ) return true;
    HARK_BAD(ld, node, "%s is %s: it is a list, [one, two] or one a line with \"- \" before each", what,
             kind_str(node));
    return false;
}

bool hark_load_lang(struct hark_load *ld, const struct hark_yaml *node, struct hark_str *ret)
{
    struct hark_str s;
    if (!hark_load_text(ld, node, "a language", &s)) return false;
    if (!hark_is_lang(s)) {
        HARK_BAD(ld, node, "\"" HARK_STR_FMT "\" is no language code: they are as en, ko, pt-BR", HARK_STR_ARG(s));
        return false;
    }
    *ret = hark_arena_str(ld->arena, s);
    char *p = (char *)ret->ptr;
    for (size_t i = 0; i < s.len; i++)
        if (p[i] >= 'A' && p[i] <= 'Z') p[i] = (char)(p[i] - 'A' + 'a');
    return true;
}
