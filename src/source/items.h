// What a record holds, as items: its format found, each post finished and encoded once.
#pragma once

#include <hark/source.h>

#include <jansson.h>

struct hark_items {
    const struct hark_format *format; // NULL: by content
    struct hark_ids ids;
    struct hark_arena arena;
    struct hark_buf buf;
    int64_t heard_ms; // of the records to come, see struct hark_record
    bool live;
    json_t *root; // texts of the items may be in it
    struct hark_source_item *v;
    size_t n, at, cap;
};

// The format called `name`; NULL (err set) where there is none.
const struct hark_format *hark_format_find(struct hark_str name, struct hark_err *err);

// Why a Jetstream event is no post, where its bytes tell without a parse ("like"); NULL: parse it.
const char *hark_jetstream_refusal(struct hark_str text);

void hark_items_init(struct hark_items *items, const struct hark_format *format);
// Takes a record apart. True: its items are there, at least one. False: it is not JSON; err says what is wrong.
bool hark_items_read(struct hark_items *items, struct hark_str text, struct hark_str event, struct hark_err *err);
// Makes the record one unread item, where it is a canonical post that can be read for sure.
bool hark_items_skim(struct hark_items *items, struct hark_str text, int64_t *ret_time_ms);
// What was read is to be passed over: one refused item with this reason in place of all.
void hark_items_refuse(struct hark_items *items, const char *reason);
void hark_items_clear(struct hark_items *items);
// Adds a post that a source made by hand; its texts live as long as the record.
void hark_items_add(struct hark_items *items, struct hark_post *post);
// Of a post that is passed over, or cannot be read, among others of the record.
void hark_items_add_refused(struct hark_items *items, const char *reason);
void hark_items_add_dead(struct hark_items *items, const char *reason);
// Makes one dead item. raw and raw_len of dead items are set by the caller.
void hark_items_dead(struct hark_items *items, const char *reason);
void hark_items_done(struct hark_items *items);
