// A ring; a post's number is its place in the order in which all came, so that one that was overwritten meanwhile is
// seen to be gone.
#include "again.h"

#include <stdlib.h>

static struct hark_again_post *slot(const struct hark_again *again, uint64_t number)
{
    return &again->ring[number % HARK_AGAIN_POSTS];
}

void hark_again_put(struct hark_again *again, struct hark_str id, uint64_t state)
{
    if (!again->ring) again->ring = hark_calloc(HARK_AGAIN_POSTS, sizeof *again->ring);
    struct hark_again_post *post = slot(again, again->n++);
    free(post->id);
    *post = (struct hark_again_post){hark_str_dup(id), state};
}

static uint64_t oldest(const struct hark_again *again)
{
    return again->n > HARK_AGAIN_POSTS ? again->n - HARK_AGAIN_POSTS : 0;
}

void hark_again_begin(struct hark_again *again)
{
    again->next = oldest(again);
    again->to = again->n;
}

struct hark_again_post *hark_again_peek(struct hark_again *again, size_t ahead)
{
    if (again->next < oldest(again)) again->next = oldest(again);
    while (again->next < again->to && !slot(again, again->next)->id) again->next++;
    uint64_t number = again->next + ahead;
    return number < again->to ? slot(again, number) : NULL;
}

void hark_again_pass(struct hark_again *again)
{
    if (again->next < again->to) again->next++;
}

void hark_again_done(struct hark_again *again)
{
    for (size_t i = 0; again->ring && i < HARK_AGAIN_POSTS; i++) free(again->ring[i].id);
    free(again->ring);
    again->ring = NULL;
}
