// Who may ask: what a caller shows, compared without telling how near it was.

#include <hark/listen.h>
#include <hark/sha256.h>

bool hark_listen_same(struct hark_str a, struct hark_str b)
{
    char x[65], y[65];
    unsigned char differ = 0;
    struct hark_sha256 sha;
    hark_sha256_init(&sha);
    hark_sha256_add(&sha, a.ptr, a.len);
    hark_sha256_hex(&sha, x);
    hark_sha256_init(&sha);
    hark_sha256_add(&sha, b.ptr, b.len);
    hark_sha256_hex(&sha, y);
    for (size_t i = 0; i < 64; i++) differ |= (unsigned char)(x[i] ^ y[i]);
    return differ == 0;
}

static int digit64(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

// The password of "user:password" in base64; ptr NULL where it is none. `out` holds it.
static struct hark_str basic_password(struct hark_str text, char *out, size_t size)
{
    size_t n = 0;
    unsigned bits = 0, have = 0;
    struct hark_str rest;
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
        int digit = digit64(text.ptr[i]);
        if (digit < 0 || n == size) return (struct hark_str){0};
        bits = bits << 6 | (unsigned)digit;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        out[n++] = (char)(bits >> have & 0xFF);
    }
    hark_str_cut(hark_strn(out, n), ':', &rest);
    return rest;
}

bool hark_listen_has_token(const char *token, struct hark_str authorization)
{
    enum { MAX_BYTES = 4096 }; // no token is as long
    char out[MAX_BYTES];
    struct hark_str value, scheme = hark_str_cut(authorization, ' ', &value);
    value = hark_str_trim(value);
    if (!value.ptr || value.len > MAX_BYTES) return false;
    if (hark_str_ieq(scheme, HARK_STR("Bearer"))) return hark_listen_same(value, hark_str(token));
    if (!hark_str_ieq(scheme, HARK_STR("Basic"))) return false;
    struct hark_str password = basic_password(value, out, sizeof out);
    return password.ptr && hark_listen_same(password, hark_str(token));
}

// "localhost", "127.0.0.1", "[::1]", each with or without a port.
bool hark_listen_is_loopback(struct hark_str host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct hark_str name = hark_str(names[i]);
        if (host.len < name.len || !hark_str_ieq(hark_strn(host.ptr, name.len), name)) continue;
        if (host.len == name.len || host.ptr[name.len] == ':') return true;
    }
    return false;
}
