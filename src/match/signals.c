// Signals: what a post is like as a whole.

#include "matcher.h"

enum { SHORT_WORDS = 6 };

static bool is_question_mark(uint32_t c)
{
    return c == '?' || c == 0xFF1F || c == 0x061F; // ? ？ ؟
}

static bool is_digit(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 0x0660 && c <= 0x0669) || (c >= 0x06F0 && c <= 0x06F9) ||
           (c >= 0x0966 && c <= 0x096F) || (c >= 0xFF10 && c <= 0xFF19);
}

// The view of the text alone, without the hashtags behind it.
static struct hark_str text_of(const struct hark_facts *facts, const struct hark_view *view)
{
    struct hark_str text = hark_buf_str(&view->text);
    if (facts->joined.len > facts->post->text.len)
        while (text.len > 0 && view->orig[text.len - 1] >= facts->post->text.len) text.len--;
    return text;
}

// From the text's characters; links and handles are one byte each in a view, so what stands in them does not count.
static unsigned of_text(struct hark_facts *facts)
{
    const struct hark_view *view = hark_facts_view(facts, false);
    struct hark_str text = text_of(facts, view);
    unsigned bits = 0, names = 0;
    uint32_t last = 0;
    for (size_t i = 0; i < text.len;) {
        uint32_t c = hark_utf8_next(text, &i);
        if (is_question_mark(c)) bits |= 1u << HARK_SIGNAL_QUESTION;
        if (c == '!' || c == 0xFF01) bits |= 1u << HARK_SIGNAL_EXCLAIM;
        if (is_digit(c)) bits |= 1u << HARK_SIGNAL_DIGITS;
        if (c == 1) names++;
        if (c != ' ') last = c;
    }
    if (is_question_mark(last)) bits |= 1u << HARK_SIGNAL_QUESTION_END;
    if (hark_facts_words(facts, false)[text.len] - names < SHORT_WORDS) bits |= 1u << HARK_SIGNAL_SHORT;
    return bits;
}

static bool has_kind(struct hark_facts *facts, enum hark_entity_kind kind)
{
    const struct hark_named_list *named = hark_facts_named(facts);
    for (size_t i = 0; i < named->n; i++)
        if (named->v[i].kind == kind) return true;
    return false;
}

unsigned hark_signals_of(struct hark_facts *facts)
{
    const struct hark_post *post = facts->post;
    unsigned bits = of_text(facts);
    if (has_kind(facts, HARK_ENTITY_MENTION)) bits |= 1u << HARK_SIGNAL_MENTION;
    if (has_kind(facts, HARK_ENTITY_LINK)) bits |= 1u << HARK_SIGNAL_LINK;
    if (post->reply_to.len > 0) bits |= 1u << HARK_SIGNAL_REPLY;
    if (post->repost_of.len > 0 || hark_str_starts(post->text, HARK_STR("RT @"))) bits |= 1u << HARK_SIGNAL_REPOST;
    return bits;
}
