// Entities of any text by every profile: in order, inside of the text, on the borders of characters.
#include <hark/tags.h>
#include <hark/text.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_border(struct hark_str s, size_t i)
{
    return i == s.len || ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
}

static void check(struct hark_str text, const struct hark_entity *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool inside =
            v[i].from < v[i].to && v[i].to <= text.len && is_border(text, v[i].from) && is_border(text, v[i].to);
        bool value = v[i].value.len && v[i].value.ptr + v[i].value.len == text.ptr + v[i].to;
        if (!inside || !value || (i && v[i - 1].from > v[i].from)) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hark_str text = {(const char *)data, size};
    struct hark_buf name = {0};
    text.len = hark_utf8_check(text);
    for (unsigned profile = HARK_TAGS_DEFAULT; profile <= HARK_TAGS_BLUESKY; profile++) {
        struct hark_arena arena = {0};
        const struct hark_entity *v;
        size_t n = hark_tags_find((enum hark_tags_profile)profile, text, &arena, &v);
        check(text, v, n);
        for (size_t i = 0; i < n; i++) hark_tags_name((enum hark_tags_profile)profile, v[i].value, &name);
        struct hark_strs tags = hark_tags_values(v, n, HARK_ENTITY_HASHTAG, &arena);
        if (tags.n > n) abort();
        hark_arena_done(&arena);
    }
    hark_buf_done(&name);
    return 0;
}
