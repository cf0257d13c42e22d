#include "delta.h"

#include "note.h"

void hark_deltas_clear(struct hark_deltas *deltas)
{
    hark_map_clear(&deltas->keys);
    hark_map_clear(&deltas->fields);
    hark_map_clear(&deltas->brands);
}

void hark_deltas_done(struct hark_deltas *deltas)
{
    hark_map_done(&deltas->keys);
    hark_map_done(&deltas->fields);
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

// Where a post's part in one brand and intent goes.
struct place {
    struct hark_deltas *deltas;
    const struct hark_delta_options *options;
    struct hark_bucket_time time;
    struct hark_str brand, intent;
    int sign;
};

static struct hark_delta_key *key_at(const struct place *at, enum hark_bucket_kind bucket)
{
    struct hark_deltas *deltas = at->deltas;
    bool fresh;
    hark_buf_clear(&deltas->tmp);
    int64_t end_s = hark_bucket_key(bucket, &at->time, at->options->prefix, at->brand, at->intent,
                                    at->options->post_days, &deltas->tmp);
    struct hark_map_entry *entry = hark_map_put(&deltas->keys, hark_buf_str(&deltas->tmp), &fresh);
    if (fresh) {
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

static struct hark_delta *delta_at(const struct place *at, enum hark_bucket_kind bucket, struct hark_str field)
{
    struct hark_deltas *deltas = at->deltas;
    struct hark_delta_key *key = key_at(at, bucket);
    bool fresh;
    hark_buf_clear(&deltas->tmp);
    hark_buf_add(&deltas->tmp, &key->id, sizeof key->id);
    hark_buf_str_add(&deltas->tmp, field);
    struct hark_map_entry *entry = hark_map_put(&deltas->fields, hark_buf_str(&deltas->tmp), &fresh);
    if (!fresh) return entry->ptr;
    struct hark_delta *delta = HARK_NEW(deltas->arena, struct hark_delta);
    entry->key = hark_arena_str(deltas->arena, entry->key);
    entry->ptr = delta;
    delta->field = hark_strn(entry->key.ptr + sizeof key->id, field.len);
    if (key->last)
        key->last->next = delta;
    else
        key->first = delta;
    key->last = delta;
    return delta;
}

static void count(const struct place *at, enum hark_bucket_kind bucket, struct hark_str field)
{
    delta_at(at, bucket, field)->by += at->sign;
}

// A post in one batch is taken back at most once and added at most once, in this order.
static void list(const struct place *at, enum hark_bucket_kind bucket, struct hark_str id, int64_t score)
{
    struct hark_delta *delta = delta_at(at, bucket, id);
    if (at->sign > 0) {
        delta->has = true;
        delta->score = score;
    } else {
        delta->had = true;
        delta->old_score = score;
    }
}

static void count_intent(const struct place *at, struct hark_str id, const struct hark_note *note,
                         const struct hark_note_intent *intent, int64_t engagement)
{
    count(at, HARK_BUCKET_TOTAL, intent->name);
    count(at, HARK_BUCKET_MINUTE, hark_str(at->time.minute_field));
    count(at, HARK_BUCKET_HOUR, hark_str(at->time.hour_field));
    count(at, HARK_BUCKET_DAY, hark_str(at->time.day_field));
    count(at, HARK_BUCKET_SOURCE, note->source);
    for (size_t i = 0; i < note->langs.n; i++) count(at, HARK_BUCKET_LANG, note->langs.v[i]);
    for (size_t i = 0; i < intent->phrases.n; i++) count(at, HARK_BUCKET_PHRASE, intent->phrases.v[i]);
    list(at, HARK_BUCKET_POSTS, id, note->time_ms);
    if (engagement > 0) list(at, HARK_BUCKET_TOP, id, engagement);
}

void hark_deltas_note(struct hark_deltas *deltas, const struct hark_delta_options *options, struct hark_str id,
                      const struct hark_note *note, int64_t engagement, int sign)
{
    struct place at = {.deltas = deltas, .options = options, .sign = sign};
    hark_bucket_time(note->time_ms, &at.time);
    for (size_t b = 0; b < note->nbrands; b++) {
        const struct hark_note_brand *brand = &note->brands[b];
        at.brand = brand->name;
        for (size_t i = 0; i < brand->tags.n; i++) count(&at, HARK_BUCKET_TAGS, brand->tags.v[i]);
        for (size_t i = 0; i < brand->nintents; i++) {
            at.intent = brand->intents[i].name;
            count_intent(&at, id, note, &brand->intents[i], engagement);
        }
    }
}

void hark_deltas_forever(struct hark_deltas *deltas, const struct hark_delta_options *options,
                         const struct hark_note *note, struct hark_str author)
{
    struct place at = {.deltas = deltas, .options = options, .sign = 1};
    hark_bucket_time(note->time_ms, &at.time);
    for (size_t b = 0; b < note->nbrands; b++) {
        at.brand = note->brands[b].name;
        hark_map_put(&deltas->brands, at.brand, NULL);
        for (size_t i = 0; author.len && i < note->brands[b].nintents; i++) {
            at.intent = note->brands[b].intents[i].name;
            delta_at(&at, HARK_BUCKET_AUTHORS, author);
        }
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
