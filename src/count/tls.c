// TLS to Redis: certificate and name of the server are checked by OpenSSL against the system's authorities
// (SSL_CERT_FILE and SSL_CERT_DIR change which).

#include "redis.h"

#ifdef HARK_REDIS_TLS

#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct hark_redis_tls {
    SSL_CTX *ctx;
};

void hark_redis_tls_free(struct hark_redis_tls *tls)
{
    if (!tls) return;
    SSL_CTX_free(tls->ctx);
    free(tls);
}

static int failed(const struct hark_redis *redis, struct hark_err *err)
{
    char text[256] = "unknown";
    unsigned long code = ERR_get_error();
    if (code) ERR_error_string_n(code, text, sizeof text);
    return hark_err_set(err, HARK_ESERVICE, "Redis at %s: TLS: %s", redis->url.text, text);
}

static struct hark_redis_tls *tls_new(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx) return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_default_verify_paths(ctx);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    struct hark_redis_tls *tls = hark_alloc(sizeof *tls);
    tls->ctx = ctx;
    return tls;
}

// The name or address that the certificate must be for.
static int expect_name(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1) return 0;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1 ? 0 : -1;
}

int hark_redis_tls_prepare(struct hark_redis *redis, struct hark_err *err)
{
    if (!redis->tls) redis->tls = tls_new();
    return redis->tls ? 0 : failed(redis, err);
}

int hark_redis_tls_start(struct hark_redis *redis, struct hark_err *err)
{
    SSL *ssl = SSL_new(redis->tls->ctx);
    if (!ssl) return failed(redis, err);
    if (expect_name(ssl, redis->url.host)) {
        SSL_free(ssl);
        return failed(redis, err);
    }
    // hiredis owns ssl from here on, failed or not.
    if (redisInitiateSSL(redis->ctx, ssl) == REDIS_OK) return 0;
    long verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK)
        return hark_err_set(err, HARK_ESERVICE, "Redis at %s: TLS: %s", redis->url.text,
                            X509_verify_cert_error_string(verified));
    return hark_err_retry(err, HARK_ESERVICE, "Redis at %s: TLS: %s", redis->url.text, redis->ctx->errstr);
}

#else

int hark_redis_tls_prepare(struct hark_redis *redis, struct hark_err *err)
{
    return hark_err_set(err, HARK_EINPUT,
                        "%s: this build has no TLS for Redis (its hiredis is older than 1.0 or built without); use "
                        "redis:// or unix://, "
                        "or a build on a system whose hiredis has it",
                        redis->url.text);
}

int hark_redis_tls_start(struct hark_redis *redis, struct hark_err *err)
{
    return hark_redis_tls_prepare(redis, err);
}

void hark_redis_tls_free(struct hark_redis_tls *tls)
{
    (void)tls;
}

#endif
