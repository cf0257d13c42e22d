// The page's files, built in: there is no path that leads to any other.

#include "http.h"

struct embedded {
    const char *name;
    const char *bytes;
    size_t len;
};

static const struct embedded files[] = {
#include "assets.inc"
};

static const char *type_of(struct hark_str name)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".json", "application/json"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (hark_str_ends(name, hark_str(types[i].end))) return types[i].type;
    return "application/octet-stream";
}

const struct http_asset *http_asset_find(struct hark_str path)
{
    static _Thread_local struct http_asset asset;
    struct hark_str name = path;
    if (hark_str_is(path, "/")) name = HARK_STR("/index.html");
    if (hark_str_is(path, "/api/v1/openapi.json")) name = HARK_STR("/openapi.json");
    if (name.len < 2) return NULL;
    name = hark_strn(name.ptr + 1, name.len - 1);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!hark_str_is(name, files[i].name)) continue;
        asset = (struct http_asset){files[i].name, type_of(name), hark_strn(files[i].bytes, files[i].len), true};
        return &asset;
    }
    return NULL;
}
