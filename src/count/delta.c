#include "delta.h"

#include "note.h"

void hark_deltas_clear(struct hark_deltas *deltas)
{
    hark_map_clear(&deltas->keys);
    hark_map_clear(&deltas->fields);
    hark_map_clear(&deltas->places);
    hark_map_clear(&deltas->brands);
}

void hark_deltas_done(struct hark_deltas *deltas)
{
    hark_map_done(&deltas->keys);
    hark_map_done(&deltas->fields);
    hark_map_done(&deltas->places);
    hark_map_done(&deltas->brands);
    hark_buf_done(&deltas->tmp);
}

static enum hark_delta_kind kind_of(enum hark_bucket_kind bucket)
{
    switch (bucket) {
    case HARK_BUCKET_AUTHORS: return HARK_DELTA_HLL;
    case HARK_BUCKET_TAGS: return HARK_DELTA_ZSET;
    case HARK_BUCKET_TOP:
    case HARK_BUCKET_POSTS: return HARK_DELTA_SET;
    default: return HARK_DELTA_HASH;
    }
}

// Where what a brand's intent gets of a day goes. Keys are made when first used, and the field that was counted last in
// a key is tried first, for most posts of a batch count in few keys and in the fields of the post before them.
struct place {
    struct hark_bucket_time time; // of some post of the day
    struct hark_str brand, intent;
    struct hark_delta_key *keys[HARK_BUCKET_KINDS];
    struct hark_delta *last[HARK_BUCKET_KINDS];
    bool noted; // that the brand has counted
};

// One post's part in one place.
struct part {
    struct hark_deltas *deltas;
    const struct hark_delta_options *options;
    struct hark_bucket_time time;
    int sign;
    bool alone; // nothing is taken back of this post: its members need not be looked for
    struct place *place;
};

static void go_to(struct part *at, struct hark_str brand, struct hark_str intent)
{
    struct hark_deltas *deltas = at->deltas;
    bool fresh;
    hark_buf_clear(&deltas->tmp);
    hark_buf_add(&deltas->tmp, &at->time.day_end_s, sizeof at->time.day_end_s);
    hark_buf_str_add(&deltas->tmp, brand);
    hark_buf_char(&deltas->tmp, 0);
    hark_buf_str_add(&deltas->tmp, intent);
    struct hark_map_entry *entry = hark_map_put(&deltas->places, hark_buf_str(&deltas->tmp), &fresh);
    at->place = entry->ptr;
    if (!fresh) return;
    at->place = entry->ptr = HARK_NEW(deltas->arena, struct place);
    entry->key = hark_arena_str(deltas->arena, entry->key);
    at->place->time = at->time;
    at->place->brand = hark_strn(entry->key.ptr + sizeof at->time.day_end_s, brand.len);
    at->place->intent = hark_strn(at->place->brand.ptr + brand.len + 1, intent.len);
}

static struct hark_delta_key *make_key(const struct part *at, enum hark_bucket_kind bucket)
{
    struct hark_deltas *deltas = at->deltas;
    const struct place *place = at->place;
    bool fresh;
    hark_buf_clear(&deltas->tmp);
    int64_t end_s = hark_bucket_key(bucket, &place->time, at->options->prefix, place->brand, place->intent,
                                    at->options->post_days, &deltas->tmp);
    struct hark_map_entry *entry = hark_map_put(&deltas->keys, hark_buf_str(&deltas->tmp), &fresh);
    if (fresh) { // else another day has the same month or year
        struct hark_delta_key *key = HARK_NEW(deltas->arena, struct hark_delta_key);
        *key = (struct hark_delta_key){.key = hark_arena_str(deltas->arena, entry->key),
                                       .kind = kind_of(bucket),
                                       .bucket = bucket,
                                       .end_s = end_s,
                                       .id = (uint32_t)deltas->keys.n};
        entry->key = key->key;
        entry->ptr = key;
    }
    return entry->ptr;
}

static struct hark_delta_key *key_at(const struct part *at, enum hark_bucket_kind bucket)
{
    struct hark_delta_key **key = &at->place->keys[bucket];
    if (!*key) *key = make_key(at, bucket);
    return *key;
}

static struct hark_delta *append(struct hark_deltas *deltas, struct hark_delta_key *key, struct hark_str field)
{
    struct hark_delta *delta = HARK_NEW(deltas->arena, struct hark_delta);
    delta->field = field;
    if (key->last)
        key->last->next = delta;
    else
        key->first = delta;
    key->last = delta;
    return delta;
}

static struct hark_delta *delta_at(const struct part *at, enum hark_bucket_kind bucket, struct hark_str field)
{
    struct hark_deltas *deltas = at->deltas;
    struct hark_delta_key *key = key_at(at, bucket);
    bool fresh;
    hark_buf_clear(&deltas->tmp);
    hark_buf_add(&deltas->tmp, &key->id, sizeof key->id);
    hark_buf_str_add(&deltas->tmp, field);
    struct hark_map_entry *entry = hark_map_put(&deltas->fields, hark_buf_str(&deltas->tmp), &fresh);
    if (!fresh) return entry->ptr;
    entry->key = hark_arena_str(deltas->arena, entry->key);
    struct hark_delta *delta = append(deltas, key, hark_strn(entry->key.ptr + sizeof key->id, field.len));
    entry->ptr = delta;
    return delta;
}

static void count(const struct part *at, enum hark_bucket_kind bucket, struct hark_str field)
{
    struct hark_delta **last = &at->place->last[bucket];
    if (!*last || !hark_str_eq((*last)->field, field)) *last = delta_at(at, bucket, field);
    (*last)->by += at->sign;
}

// A post in one batch is taken back at most once and added at most once, in this order.
static void list(const struct part *at, enum hark_bucket_kind bucket, struct hark_str id, int64_t score)
{
    struct hark_delta *delta = at->alone ? append(at->deltas, key_at(at, bucket), id) : delta_at(at, bucket, id);
    if (at->sign > 0) {
        delta->has = true;
        delta->score = score;
    } else {
        delta->had = true;
        delta->old_score = score;
    }
}

static void count_intent(const struct part *at, struct hark_str id, const struct hark_note *note,
                         const struct hark_note_intent *intent, int64_t engagement)
{
    count(at, HARK_BUCKET_TOTAL, intent->name);
    count(at, HARK_BUCKET_MINUTE, hark_strn(at->time.minute_field, 5));
    count(at, HARK_BUCKET_HOUR, hark_strn(at->time.hour_field, 5));
    count(at, HARK_BUCKET_DAY, hark_strn(at->time.day_field, 5));
    count(at, HARK_BUCKET_SOURCE, note->source);
    for (size_t i = 0; i < note->langs.n; i++) count(at, HARK_BUCKET_LANG, note->langs.v[i]);
    for (size_t i = 0; i < intent->phrases.n; i++) count(at, HARK_BUCKET_PHRASE, intent->phrases.v[i]);
    list(at, HARK_BUCKET_POSTS, id, note->time_ms);
    if (engagement > 0) list(at, HARK_BUCKET_TOP, id, engagement);
}

// That the brand has counted, and its author. A HyperLogLog may be told of an author twice.
static void remember(const struct part *at, struct hark_str author)
{
    if (!at->place->noted) hark_map_put(&at->deltas->brands, at->place->brand, NULL);
    at->place->noted = true;
    if (author.len) append(at->deltas, key_at(at, HARK_BUCKET_AUTHORS), author);
}

static void count_note(struct part *at, struct hark_str id, const struct hark_note *note, int64_t engagement,
                       const struct hark_str *author)
{
    hark_bucket_time(note->time_ms, &at->time);
    for (size_t b = 0; b < note->nbrands; b++) {
        const struct hark_note_brand *brand = &note->brands[b];
        if (brand->tags.n) go_to(at, brand->name, (struct hark_str){0});
        for (size_t i = 0; i < brand->tags.n; i++) count(at, HARK_BUCKET_TAGS, brand->tags.v[i]);
        for (size_t i = 0; i < brand->nintents; i++) {
            go_to(at, brand->name, brand->intents[i].name);
            count_intent(at, id, note, &brand->intents[i], engagement);
            if (author) remember(at, *author);
        }
    }
}

void hark_deltas_note(struct hark_deltas *deltas, const struct hark_delta_options *options, struct hark_str id,
                      const struct hark_note *note, int64_t engagement, int sign)
{
    struct part at = {.deltas = deltas, .options = options, .sign = sign};
    count_note(&at, id, note, engagement, NULL);
}

void hark_deltas_new(struct hark_deltas *deltas, const struct hark_delta_options *options, struct hark_str id,
                     const struct hark_note *note, int64_t engagement, const struct hark_str *author)
{
    struct part at = {.deltas = deltas, .options = options, .sign = 1, .alone = true};
    count_note(&at, id, note, engagement, author);
}

void hark_deltas_forever(struct hark_deltas *deltas, const struct hark_delta_options *options,
                         const struct hark_note *note, struct hark_str author)
{
    struct part at = {.deltas = deltas, .options = options, .sign = 1};
    hark_bucket_time(note->time_ms, &at.time);
    for (size_t b = 0; b < note->nbrands; b++)
        for (size_t i = 0; i < note->brands[b].nintents; i++) {
            go_to(&at, note->brands[b].name, note->brands[b].intents[i].name);
            remember(&at, author);
        }
}

bool hark_delta_counts(const struct hark_delta_key *key, const struct hark_delta *delta)
{
    switch (key->kind) {
    case HARK_DELTA_HASH:
    case HARK_DELTA_ZSET: return delta->by != 0;
    case HARK_DELTA_SET: return delta->had != delta->has || (delta->has && delta->old_score != delta->score);
    case HARK_DELTA_HLL: break;
    }
    return true;
}
