#include "batch.h"

#include <stdlib.h>

struct hark_count_batch *hark_count_batch_new(const struct hark_count_options *options)
{
    struct hark_count_batch *batch = hark_calloc(1, sizeof *batch);
    batch->options = *options;
    return batch;
}

void hark_count_batch_free(struct hark_count_batch *batch)
{
    if (!batch) return;
    hark_arena_done(&batch->arena);
    hark_arena_done(&batch->work);
    hark_map_done(&batch->ids);
    hark_map_done(&batch->shares);
    hark_arena_done(&batch->share_arena);
    hark_buf_done(&batch->tmp);
    hark_request_done(&batch->request);
    free(batch->events);
    free(batch->posts);
    free(batch->news);
    free(batch);
}

void hark_count_batch_clear(struct hark_count_batch *batch)
{
    hark_arena_reset(&batch->arena);
    hark_map_clear(&batch->ids);
    batch->nevents = batch->nposts = batch->nnews = 0;
    batch->gap_from = batch->gap_to = 0;
    batch->prepared = false;
}

void hark_count_gap(struct hark_count_batch *batch, int64_t from, int64_t to)
{
    batch->gap_from = from;
    batch->gap_to = to;
}

// The index of the id's post, made where it is new.
static size_t post_of(struct hark_count_batch *batch, struct hark_str id)
{
    bool fresh;
    struct hark_map_entry *entry = hark_map_put(&batch->ids, id, &fresh);
    if (!fresh) return (size_t)entry->num;
    entry->num = (int64_t)batch->nposts;
    entry->key = hark_arena_str(&batch->arena, id);
    batch->posts = hark_grow(batch->posts, batch->nposts, &batch->cap_posts, sizeof *batch->posts);
    batch->posts[batch->nposts] = (struct hark_batch_post){.id = entry->key, .last = HARK_NO_EVENT};
    return batch->nposts++;
}

static struct hark_event *event_of(struct hark_count_batch *batch, struct hark_str id, enum hark_op op)
{
    batch->events = hark_grow(batch->events, batch->nevents, &batch->cap_events, sizeof *batch->events);
    size_t index = post_of(batch, id);
    struct hark_batch_post *post = &batch->posts[index];
    struct hark_event *event = &batch->events[batch->nevents];
    *event = (struct hark_event){.id = post->id, .op = op, .post = index, .prev = post->last, .engagement = -1};
    post->last = batch->nevents++;
    batch->prepared = false;
    return event;
}

static int64_t engagement_of(const struct hark_post *post)
{
    const int64_t parts[] = {post->engagement.likes, post->engagement.reposts, post->engagement.replies,
                             post->engagement.quotes};
    int64_t sum = -1;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i] >= 0) sum = (sum < 0 ? 0 : sum) + parts[i];
    return sum;
}

static void add_list(struct hark_buf *buf, struct hark_strs list)
{
    hark_buf_printf(buf, "%zu:", list.n);
    for (size_t i = 0; i < list.n; i++) {
        hark_buf_str_add(buf, list.v[i]);
        hark_buf_char(buf, 0);
    }
}

// Changes where an edit changes what people read; engagement, names and numbers of followers are none of that.
static struct hark_str sum_of(struct hark_count_batch *batch, const struct hark_post *post)
{
    struct hark_buf *buf = &batch->tmp;
    hark_buf_clear(buf);
    hark_buf_str_add(buf, post->text);
    hark_buf_char(buf, 0);
    add_list(buf, post->lang);
    add_list(buf, post->hashtags);
    add_list(buf, post->mentions);
    add_list(buf, post->links);
    hark_buf_printf(buf, "%d", post->media);
    return hark_arena_printf(&batch->arena, "%016llx", (unsigned long long)hark_str_hash(hark_buf_str(buf)));
}

static void add_content(struct hark_count_batch *batch, struct hark_event *event, const struct hark_post *post,
                        const struct hark_matches *matches, const struct hark_str *match_json, int64_t arrival_ms)
{
    struct hark_arena *arena = &batch->arena;
    event->sum = sum_of(batch, post);
    event->engagement = engagement_of(post);
    if (matches->n == 0) return;
    event->note = hark_note_make(post, matches, arrival_ms, arena);
    hark_buf_clear(&batch->tmp);
    hark_note_encode(event->note, &batch->tmp);
    event->added = hark_arena_str(arena, hark_buf_str(&batch->tmp));
    event->author = hark_arena_str(arena, post->author.id.len ? post->author.id : post->author.handle);
    struct hark_str *json = HARK_NEW_N(arena, struct hark_str, matches->n);
    for (size_t i = 0; i < matches->n; i++) json[i] = hark_arena_str(arena, match_json[i]);
    event->json = json;
}

size_t hark_count_add(struct hark_count_batch *batch, const struct hark_post *post, const struct hark_matches *matches,
                      const struct hark_str *match_json, int64_t arrival_ms)
{
    struct hark_event *event = event_of(batch, post->id, post->op);
    if (post->op != HARK_OP_DELETE) add_content(batch, event, post, matches, match_json, arrival_ms);
    return batch->nevents - 1;
}

size_t hark_count_add_delete(struct hark_count_batch *batch, struct hark_str id)
{
    event_of(batch, id, HARK_OP_DELETE);
    return batch->nevents - 1;
}

struct hark_str hark_batch_alerts(const struct hark_count_batch *batch, const struct hark_batch_post *post,
                                  size_t event)
{
    for (; event != HARK_NO_EVENT; event = batch->events[event].prev) {
        if (batch->events[event].has_alerts) return batch->events[event].alerts;
        if (batch->events[event].op == HARK_OP_DELETE) return (struct hark_str){0};
    }
    return post->alerts;
}

void hark_count_outcome(const struct hark_count_batch *batch, size_t i, struct hark_count_outcome *ret)
{
    const struct hark_event *event = &batch->events[i];
    *ret = (struct hark_count_outcome){.kind = event->kind,
                                       .before = event->before,
                                       .nbefore = event->nbefore,
                                       .alerts = hark_batch_alerts(batch, &batch->posts[event->post], event->prev)};
}

void hark_count_alerts(struct hark_count_batch *batch, size_t i, struct hark_str alerts)
{
    struct hark_event *event = &batch->events[i];
    event->alerts = hark_arena_str(&batch->work, alerts.len ? alerts : (struct hark_str){0});
    event->has_alerts = true;
}

void hark_count_news(struct hark_count_batch *batch, struct hark_str alert_json)
{
    batch->news = hark_grow(batch->news, batch->nnews, &batch->cap_news, sizeof *batch->news);
    batch->news[batch->nnews++] = hark_arena_str(&batch->work, alert_json);
}
