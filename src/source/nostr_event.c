// NIP-01: the id is the SHA-256 of [0,pubkey,created_at,kind,tags,content] as JSON without white space, in which only
// \b \t \n \f \r " and \ are escaped; the signature is one of BIP 340 over the id. Who has the event from wherever can
// check both, so that no relay can put words into an author's mouth.
#include "nostr.h"

#include <hark/sha256.h>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

enum { KEY_BYTES = 32, SIGNATURE_BYTES = 64 };

// Bytes of lower-case hex; false where it is not exactly that.
static bool from_hex(const json_t *value, unsigned char *out, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const char *text = json_string_value(value);
    if (!text || json_string_length(value) != n * 2) return false;
    for (size_t i = 0; i < n * 2; i++) {
        const char *at = text[i] ? strchr(digits, text[i]) : NULL;
        if (!at) return false;
        unsigned char digit = (unsigned char)(at - digits);
        out[i / 2] = i % 2 ? (unsigned char)(out[i / 2] << 4 | digit) : digit;
    }
    return true;
}

static void write_text(const json_t *value, struct hark_buf *buf)
{
    static const char plain[] = "\b\t\n\f\r\"\\", escaped[] = "btnfr\"\\";
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    hark_buf_char(buf, '"');
    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] ? strchr(plain, text[i]) : NULL;
        if (at) hark_buf_char(buf, '\\');
        hark_buf_char(buf, at ? escaped[at - plain] : text[i]);
    }
    hark_buf_char(buf, '"');
}

static bool write_tags(const json_t *tags, struct hark_buf *buf)
{
    size_t i, j;
    json_t *tag, *value;
    hark_buf_char(buf, '[');
    json_array_foreach(tags, i, tag) {
        if (!json_is_array(tag)) return false;
        hark_buf_str_add(buf, i ? HARK_STR(",[") : HARK_STR("["));
        json_array_foreach(tag, j, value) {
            if (!json_is_string(value)) return false;
            if (j) hark_buf_char(buf, ',');
            write_text(value, buf);
        }
        hark_buf_char(buf, ']');
    }
    hark_buf_char(buf, ']');
    return true;
}

// What the id is the hash of; false where a part is not of its type.
static bool write_event(const json_t *event, struct hark_buf *buf)
{
    const json_t *pubkey = json_object_get(event, "pubkey"), *content = json_object_get(event, "content");
    const json_t *created = json_object_get(event, "created_at"), *kind = json_object_get(event, "kind");
    const json_t *tags = json_object_get(event, "tags");
    if (!json_is_string(pubkey) || !json_is_string(content) || !json_is_integer(created) || !json_is_integer(kind) ||
        !json_is_array(tags))
        return false;
    hark_buf_str_add(buf, HARK_STR("[0,"));
    write_text(pubkey, buf);
    hark_buf_printf(buf, ",%lld,%lld,", (long long)json_integer_value(created), (long long)json_integer_value(kind));
    if (!write_tags(tags, buf)) return false;
    hark_buf_char(buf, ',');
    write_text(content, buf);
    hark_buf_char(buf, ']');
    return true;
}

static const char *wrong_id(const json_t *event)
{
    struct hark_buf buf = {0};
    struct hark_sha256 sha;
    char hex[65];
    bool whole = write_event(event, &buf);
    hark_sha256_init(&sha);
    hark_sha256_add(&sha, buf.ptr, buf.len);
    hark_sha256_hex(&sha, hex);
    hark_buf_done(&buf);
    const char *id = json_string_value(json_object_get(event, "id"));
    if (!whole) return "a part of the event is missing or of the wrong type";
    return id && strcmp(id, hex) == 0 ? NULL : "the id is not the hash of the event";
}

const char *hark_nostr_wrong(const json_t *event)
{
    unsigned char id[KEY_BYTES], key[KEY_BYTES], signature[SIGNATURE_BYTES];
    secp256k1_xonly_pubkey pubkey;
    const char *wrong = wrong_id(event);
    if (wrong) return wrong;
    if (!from_hex(json_object_get(event, "id"), id, sizeof id) ||
        !from_hex(json_object_get(event, "pubkey"), key, sizeof key) ||
        !from_hex(json_object_get(event, "sig"), signature, sizeof signature))
        return "id, pubkey or sig is not lower-case hex of its length";
    // Checking needs nothing that a context of one's own would have.
    bool good = secp256k1_xonly_pubkey_parse(secp256k1_context_static, &pubkey, key) &&
                secp256k1_schnorrsig_verify(secp256k1_context_static, signature, id, sizeof id, &pubkey);
    return good ? NULL : "the signature is not the author's";
}
