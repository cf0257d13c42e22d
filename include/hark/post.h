// The canonical post, hark.post/1: what every source makes and the matcher reads.
//
// All text in a decoded post points into the JSON that it came from or into the arena that was given; both must outlive
// it. Unknown is not 0: numbers are -1 and texts have ptr NULL where the post does not say.
#pragma once

#include <hark/arena.h>
#include <hark/err.h>
#include <hark/json.h>

enum {
    HARK_POST_MAX_BYTES =
        1 << 20,              // one message; Kafka's default limit for a message is 1 MiB as well (message.max.bytes)
    HARK_POST_MAX_DEPTH = 32, // of JSON; canonical posts need 3
    HARK_POST_MAX_ID_BYTES = 2048, // the longest ids are ActivityPub URIs, which browsers and proxies cap at about this
};

enum hark_op { HARK_OP_CREATE, HARK_OP_UPDATE, HARK_OP_DELETE };

const char *hark_op_str(enum hark_op op); // "create", "update", "delete"
int hark_op_parse(struct hark_str s, enum hark_op *ret);

struct hark_post {
    struct hark_str id, source, text, url;
    enum hark_op op;
    int64_t time_ms;
    struct hark_strs lang, hashtags, mentions, links; // v NULL: unknown; n 0 with v not NULL: known to be none
    struct {
        struct hark_str id, handle, name;
        int64_t followers;
        int bot; // 1, 0 or -1
    } author;
    struct {
        int64_t likes, reposts, replies, quotes, views;
    } engagement;
    struct hark_str reply_to, repost_of, quote_of; // ptr NULL: unknown; len 0: known to be none
    int media; // pictures, films or sounds attached (optional field "media", a number); -1 unknown
    // Decoded from JSON as hark_post_encode() writes it: begins so, is compact, lacks nothing and has no escape that it
    // does not need. There is no need to encode it again.
    bool canonical;
};

// Everything unknown.
void hark_post_init(struct hark_post *post);

// Decodes one canonical post: strict JSON (one object, nothing behind it, no duplicate of a key that counts), UTF-8,
// depth and size bounded. `text` is put into NFC. A post without hashtags or mentions or links gets those that its text
// has by its source's rules. Unknown keys are passed over, null is unknown (in reply_to, repost_of and quote_of: none),
// empty texts in lists are dropped, and \u0000 becomes U+FFFD. err says what is wrong and, where it is JSON, at which
// byte. Does not allocate but from the arena.
int hark_post_decode(struct hark_str json, struct hark_arena *arena, struct hark_post *post,
                     struct hark_err *err) HARK_CHECKED;

// Checks a post that a source made by hand: required fields, limits, UTF-8; puts text into NFC and finds hashtags,
// mentions and links where unknown.
int hark_post_finish(struct hark_post *post, struct hark_arena *arena, struct hark_err *err) HARK_CHECKED;

// The id and op of a message that begins as hark writes posts, in some nanoseconds; false: decode it to know. `*ret_id`
// points into the message.
bool hark_post_peek(struct hark_str json, struct hark_str *ret_id, enum hark_op *ret_op);
// Whether a message that hark_post_peek() does not know may be an update or a delete. False: it is none for sure.
bool hark_post_may_change(struct hark_str json);

// Whether a message is a create that hark_post_decode() is sure to accept, and its time; in a tenth of what decoding
// takes. False says nothing: decode it to know. It knows no layout but hark's own.
bool hark_post_skim(struct hark_str json, int64_t *ret_time_ms);

// The part of a message that holds its text, hashtags, mentions and links; with `whom` also its author and what it
// answers. It may be more than that: all of a message that is not laid out as hark's own.
struct hark_str hark_post_said(struct hark_str json, bool whom);

// Writes the canonical JSON (no line end). Decoding it gives the same post.
void hark_post_encode(const struct hark_post *post, struct hark_json *json);
