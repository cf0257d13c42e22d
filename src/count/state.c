#include "state.h"

static void set_content(struct hark_state *state, const struct hark_event *event)
{
    state->note = event->note;
    state->added = event->added;
    state->sum = event->sum;
    state->content = event;
}

static void raise_engagement(struct hark_state *state, int64_t engagement)
{
    if (engagement > state->engagement) state->engagement = engagement;
}

static enum hark_count_kind apply_delete(struct hark_state *state, const struct hark_event *event,
                                         enum hark_change *ret)
{
    if (state->known && state->op == HARK_OP_DELETE) return HARK_COUNT_NOTHING;
    enum hark_count_kind kind = state->note ? HARK_COUNT_DELETE : HARK_COUNT_NOTHING;
    *state = (struct hark_state){
        .known = true, .op = HARK_OP_DELETE, .seen = state->seen, .engagement = -1, .content = event};
    *ret = HARK_CHANGE_RECORD;
    return kind;
}

static enum hark_count_kind apply_first(struct hark_state *state, const struct hark_event *event, enum hark_change *ret)
{
    // A create that adds nothing never counts anything: it needs no record. An update may have overtaken a create that
    // would.
    if (!event->note && event->op == HARK_OP_CREATE) return HARK_COUNT_NOTHING;
    *ret = HARK_CHANGE_RECORD;
    *state = (struct hark_state){.known = true, .op = event->op, .engagement = -1};
    if (!event->note) return HARK_COUNT_NOTHING;
    state->seen = 1;
    raise_engagement(state, event->engagement);
    set_content(state, event);
    return HARK_COUNT_NEW;
}

static enum hark_count_kind apply_repeat(struct hark_state *state, const struct hark_event *event,
                                         enum hark_change *ret)
{
    state->seen++;
    raise_engagement(state, event->engagement);
    *ret = HARK_CHANGE_TOUCH;
    return HARK_COUNT_REPEAT;
}

static enum hark_count_kind apply_edit(struct hark_state *state, const struct hark_event *event, enum hark_change *ret)
{
    bool had = state->note != NULL;
    state->op = HARK_OP_UPDATE;
    state->seen++;
    if (event->engagement >= 0) state->engagement = event->engagement;
    set_content(state, event);
    *ret = HARK_CHANGE_RECORD;
    return had || event->note ? HARK_COUNT_EDIT : HARK_COUNT_NOTHING;
}

enum hark_count_kind hark_state_apply(struct hark_state *state, const struct hark_event *event, enum hark_change *ret)
{
    *ret = HARK_CHANGE_NONE;
    if (event->op == HARK_OP_DELETE) return apply_delete(state, event, ret);
    if (!state->known) return apply_first(state, event, ret);
    if (state->op == HARK_OP_DELETE) return HARK_COUNT_NOTHING;
    bool mark = state->seen == 0;
    if (event->op == HARK_OP_CREATE) return mark ? HARK_COUNT_NOTHING : apply_repeat(state, event, ret);
    if (mark) return event->note ? apply_first(state, event, ret) : HARK_COUNT_NOTHING;
    bool same = hark_str_eq(state->sum, event->sum) && hark_str_eq(state->added, event->added);
    return same ? apply_repeat(state, event, ret) : apply_edit(state, event, ret);
}
