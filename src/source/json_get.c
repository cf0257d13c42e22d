#include "json_get.h"

static struct hark_str without_nul(struct hark_str s, struct hark_arena *arena)
{
    char *out = hark_arena_alloc(arena, s.len * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i]) {
            out[n++] = s.ptr[i];
            continue;
        }
        memcpy(out + n, "\xEF\xBF\xBD", 3);
        n += 3;
    }
    return hark_strn(out, n);
}

struct hark_str hark_get_str_value(const json_t *value, struct hark_arena *arena)
{
    if (!json_is_string(value)) return (struct hark_str){0};
    struct hark_str s = hark_strn(json_string_value(value), json_string_length(value));
    return memchr(s.ptr, 0, s.len) ? without_nul(s, arena) : s;
}

struct hark_str hark_get_str(const json_t *object, const char *key, struct hark_arena *arena)
{
    return hark_get_str_value(json_object_get(object, key), arena);
}

struct hark_str hark_get_id(const json_t *object, const char *key, struct hark_arena *arena)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value)) return hark_arena_printf(arena, "%lld", (long long)json_integer_value(value));
    return hark_get_str_value(value, arena);
}

int64_t hark_get_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value) : -1;
}

const json_t *hark_get_path(const json_t *object, ...)
{
    va_list keys;
    va_start(keys, object);
    for (const char *key; object && (key = va_arg(keys, const char *));) object = json_object_get(object, key);
    va_end(keys);
    return object;
}

bool hark_get_is(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && strcmp(value, text) == 0;
}

bool hark_get_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

void hark_texts_add(struct hark_texts *texts, struct hark_str s)
{
    if (!s.len) return;
    for (size_t i = 0; i < texts->n; i++)
        if (hark_str_eq(texts->v[i], s)) return;
    if (texts->n == texts->cap) {
        texts->cap = texts->cap ? texts->cap * 2 : 4;
        struct hark_str *v = hark_arena_alloc(texts->arena, texts->cap * sizeof *v);
        if (texts->n) memcpy(v, texts->v, texts->n * sizeof *v);
        texts->v = v;
    }
    texts->v[texts->n++] = s;
}

void hark_texts_add_all(struct hark_texts *texts, struct hark_strs list)
{
    for (size_t i = 0; i < list.n; i++) hark_texts_add(texts, list.v[i]);
}

struct hark_strs hark_texts_list(const struct hark_texts *texts)
{
    static const struct hark_str none;
    return (struct hark_strs){texts->v ? texts->v : &none, texts->n};
}

struct hark_str hark_get_unescaped(struct hark_str s, struct hark_arena *arena)
{
    static const struct {
        struct hark_str name;
        char c;
    } entities[] = {{{"&amp;", 5}, '&'}, {{"&lt;", 4}, '<'}, {{"&gt;", 4}, '>'}};
    if (!s.len || !memchr(s.ptr, '&', s.len)) return s;
    char *out = hark_arena_alloc(arena, s.len);
    size_t n = 0;
    for (size_t i = 0; i < s.len;) {
        size_t step = 1;
        char c = s.ptr[i];
        for (size_t k = 0; c == '&' && k < sizeof entities / sizeof *entities; k++)
            if (hark_str_starts(hark_strn(s.ptr + i, s.len - i), entities[k].name)) {
                step = entities[k].name.len;
                c = entities[k].c;
                break;
            }
        out[n++] = c;
        i += step;
    }
    return hark_strn(out, n);
}
