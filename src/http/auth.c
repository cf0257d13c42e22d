// Who may ask. On the loopback whoever is on the machine may, by a name of the loopback. Elsewhere a token or the
// proxy's header decides.

#include "http.h"

int http_authorize(const struct hark_http *http, const struct http_request *request)
{
    const struct hark_http_options *options = &http->options;
    if (hark_str_is(request->path, "/healthz") || hark_str_is(request->path, "/readyz")) return 0;
    if (options->proxy_header && request->proxied) return 0;
    if (options->token) return hark_listen_has_token(options->token, request->authorization) ? 0 : 401;
    if (options->proxy_header) return 403;
    return hark_listen_is_loopback(request->host) ? 0 : 421;
}
