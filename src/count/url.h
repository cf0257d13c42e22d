// Where a Redis is: redis://user@host:port/db, rediss://…, unix:///path. Pure.
#pragma once

#include <hark/err.h>

struct hark_redis_url {
    bool tls;
    char user[128]; // "": the default user
    char host[256]; // "": a unix socket
    int port;
    int db;
    char path[108]; // of the unix socket; the system's limit (sun_path)
    char text[400]; // as it is shown in errors
};

// Refuses passwords: what stands on a command line is in everybody's process list. The refused URL is not repeated in
// err.
int hark_redis_url_parse(struct hark_str s, struct hark_redis_url *ret, struct hark_err *err) HARK_CHECKED;
// "unix://" and the path, with the bytes escaped that a list of URLs gives a meaning (',', '%').
void hark_redis_url_of_path(const char *path, struct hark_buf *ret);
