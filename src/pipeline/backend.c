// Where counters live: the Redis that was named, or a private one in the state folder.

#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct hark_backend {
    const char *redis;
    struct hark_private_redis *private_redis;
};

int folder_make(const char *path, struct hark_err *err)
{
    char *copy = hark_str_dup(hark_str(path));
    for (char *c = copy + 1;; c++) {
        if (*c && *c != '/') continue;
        char was = *c;
        *c = 0;
        if (mkdir(copy, 0700) && errno != EEXIST)
            hark_err_set(err, HARK_EINPUT, "state folder %s: %s", copy, strerror(errno));
        *c = was;
        if (!was) break;
    }
    free(copy);
    return err->code;
}

struct hark_backend *hark_backend_open(const struct hark_config *cfg, struct hark_err *err)
{
    struct hark_backend *backend = hark_calloc(1, sizeof *backend);
    backend->redis = cfg->redis;
    if (!cfg->redis) {
        struct hark_buf folder = {0};
        hark_buf_printf(&folder, "%s/redis", cfg->state);
        if (folder_make(hark_buf_cstr(&folder), err) == 0)
            backend->private_redis = hark_private_redis_open(hark_buf_cstr(&folder), err);
        hark_buf_done(&folder);
        if (!backend->private_redis) {
            hark_backend_close(backend);
            return NULL;
        }
        backend->redis = hark_private_redis_url(backend->private_redis);
    }
    return backend;
}

const char *hark_backend_redis(const struct hark_backend *backend)
{
    return backend->redis;
}

void hark_backend_close(struct hark_backend *backend)
{
    if (!backend) return;
    hark_private_redis_close(backend->private_redis);
    free(backend);
}
