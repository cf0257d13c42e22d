#include "url.h"

#include <stdio.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Copies `s` with its %XX resolved; -1 where it does not fit or would hold a NUL.
static int unescape(struct hark_str s, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%' && i + 2 < s.len && hex(s.ptr[i + 1]) >= 0 && hex(s.ptr[i + 2]) >= 0) {
            c = (char)(hex(s.ptr[i + 1]) * 16 + hex(s.ptr[i + 2]));
            i += 2;
        }
        if (c == 0 || n + 1 >= size) return -1;
        out[n++] = c;
    }
    out[n] = 0;
    return 0;
}

static int parse_number(struct hark_str s, int64_t min, int64_t max, int *ret)
{
    int64_t number;
    if (hark_str_int(s, &number) || number < min || number > max) return -1;
    *ret = (int)number;
    return 0;
}

static int parse_user(struct hark_str *rest, struct hark_redis_url *url, struct hark_err *err)
{
    struct hark_str host = {0}, user = hark_str_cut(*rest, '@', &host);
    if (!host.ptr) return 0;
    if (user.len && memchr(user.ptr, ':', user.len))
        return hark_err_set(
            err, HARK_EINPUT,
            "the URL of Redis holds a password, which every user of the machine can see; "
            "put it into the environment as HARK_REDIS_PASSWORD, or into a file, and leave user@ in the URL");
    if (unescape(user, url->user, sizeof url->user))
        return hark_err_set(err, HARK_EINPUT, "the user in a Redis URL is too long");
    *rest = host;
    return 0;
}

static bool is_visible(struct hark_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7F) return false;
    return true;
}

// host, host:port, [v6], [v6]:port
static int parse_host(struct hark_str s, struct hark_redis_url *url)
{
    struct hark_str port = {0}, host;
    if (hark_str_starts(s, HARK_STR("["))) {
        host = hark_str_cut(hark_strn(s.ptr + 1, s.len - 1), ']', &port);
        if (!port.ptr || (port.len && port.ptr[0] != ':')) return -1;
        port = port.len ? hark_strn(port.ptr + 1, port.len - 1) : (struct hark_str){0};
    } else {
        host = hark_str_cut(s, ':', &port);
    }
    url->port = 6379;
    if (host.len == 0 || host.len >= sizeof url->host || !is_visible(host)) return -1;
    memcpy(url->host, host.ptr, host.len);
    return port.ptr ? parse_number(port, 1, 65535, &url->port) : 0;
}

static int parse_net(struct hark_str rest, struct hark_redis_url *url, struct hark_err *err)
{
    if (parse_user(&rest, url, err)) return err->code;
    struct hark_str db = {0}, host = hark_str_cut(rest, '/', &db);
    if (parse_host(host, url))
        return hark_err_set(err, HARK_EINPUT,
                            "Redis URL: '" HARK_STR_FMT "' is no host or host:port (redis://host:6379)",
                            HARK_STR_ARG(host));
    if (db.len && parse_number(db, 0, 1 << 20, &url->db))
        return hark_err_set(err, HARK_EINPUT,
                            "Redis URL: '" HARK_STR_FMT "' is no number of a database (redis://host:6379/0)",
                            HARK_STR_ARG(db));
    bool v6 = strchr(url->host, ':') != NULL;
    snprintf(url->text, sizeof url->text, "%s://%s%s%s:%d/%d", url->tls ? "rediss" : "redis", v6 ? "[" : "", url->host,
             v6 ? "]" : "", url->port, url->db);
    return 0;
}

static int parse_unix(struct hark_str rest, struct hark_redis_url *url, struct hark_err *err)
{
    if (rest.len == 0 || rest.ptr[0] != '/')
        return hark_err_set(err, HARK_EINPUT,
                            "Redis URL: unix:// needs an absolute path (unix:///run/redis/redis.sock)");
    if (unescape(rest, url->path, sizeof url->path))
        return hark_err_set(err, HARK_EINPUT,
                            "Redis URL: the path of a unix socket has at most %zu bytes, this one has %zu",
                            sizeof url->path - 1, rest.len);
    snprintf(url->text, sizeof url->text, "unix://%s", url->path);
    return 0;
}

int hark_redis_url_parse(struct hark_str s, struct hark_redis_url *ret, struct hark_err *err)
{
    static const struct hark_str net = {"redis://", 8}, tls = {"rediss://", 9}, local = {"unix://", 7};
    struct hark_redis_url url = {.tls = hark_str_starts(s, tls)};
    int rc;
    if (hark_str_starts(s, local))
        rc = parse_unix(hark_strn(s.ptr + local.len, s.len - local.len), &url, err);
    else if (url.tls)
        rc = parse_net(hark_strn(s.ptr + tls.len, s.len - tls.len), &url, err);
    else if (hark_str_starts(s, net))
        rc = parse_net(hark_strn(s.ptr + net.len, s.len - net.len), &url, err);
    else
        rc = hark_err_set(err, HARK_EINPUT,
                          "no URL of a Redis: it starts with redis://, rediss:// or unix:// (redis://127.0.0.1:6379)");
    if (rc == 0) *ret = url;
    return rc;
}

void hark_redis_url_of_path(const char *path, struct hark_buf *ret)
{
    hark_buf_str_add(ret, HARK_STR("unix://"));
    for (; *path; path++) {
        if (*path == ',' || *path == '%')
            hark_buf_printf(ret, "%%%02X", (unsigned char)*path);
        else
            hark_buf_char(ret, *path);
    }
}
