/* What is shared: the stop flag alone, as in redis_dial.c. */
#include "redis_tls.h"

#ifdef SWAPC_REDIS_TLS

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "redis_dial.h"

struct swapci_redis_tls {
    SSL_CTX *context;
    SSL *ssl;
};

static const char *text_of(unsigned long code) {
    return ERR_SYSTEM_ERROR(code) ? strerrordesc_np(ERR_GET_REASON(code))
                                  : ERR_reason_error_string(code);
}

/* What OpenSSL says of its last failure; of a file that cannot be read its first word is the cause, and the last one
 * "system lib". */
static const char *reason(void) {
    unsigned long first = ERR_peek_error(),
                  code = ERR_SYSTEM_ERROR(first) ? first : ERR_peek_last_error();
    const char *text = code ? text_of(code) : NULL;
    return text ? text : "the connection was cut";
}

static enum swapc_status bad_file(const char *what, const char *path, const char *parameter,
                                  swapc_error *error) {
    return swapc_error_set(error, SWAPC_PROTOCOL,
                           "the %s %s cannot be used (%s): give another with ?%s=FILE", what, path,
                           reason(), parameter);
}

static enum swapc_status load_files(SSL_CTX *context, const swapci_redis_url *url,
                                    swapc_error *error) {
    if (url->ca[0] ? SSL_CTX_load_verify_file(context, url->ca) != 1
                   : SSL_CTX_set_default_verify_paths(context) != 1)
        return bad_file("CA file", url->ca[0] ? url->ca : "of the system", "ca", error);
    if (!url->cert[0]) return SWAPC_OK;
    if (SSL_CTX_use_certificate_chain_file(context, url->cert) != 1)
        return bad_file("certificate", url->cert, "cert", error);
    const char *key = url->key[0] ? url->key : url->cert;
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return bad_file("private key", key, "key", error);
    return SWAPC_OK;
}

/* The name that the certificate must be for; an address is no name to be told to the server. */
static bool set_name(SSL *ssl, const char *name) {
    uint8_t address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static enum swapc_status prepare(swapci_redis_tls *tls, const swapci_redis_url *url, int fd,
                                 swapc_error *error) {
    tls->context = SSL_CTX_new(TLS_client_method());
    if (!tls->context) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    enum swapc_status status = load_files(tls->context, url, error);
    if (status != SWAPC_OK) return status;
    tls->ssl = SSL_new(tls->context);
    if (!tls->ssl || SSL_set_fd(tls->ssl, fd) != 1 ||
        !set_name(tls->ssl, url->server_name[0] ? url->server_name : url->host))
        return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    return SWAPC_OK;
}

/* Why a handshake failed, with the remedy. */
static enum swapc_status hand_refused(const swapci_redis_tls *tls, swapc_error *error) {
    long verified = SSL_get_verify_result(tls->ssl);
    if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH)
        return swapc_error_set(error, SWAPC_PROTOCOL,
                               "its certificate is for another name: give that with "
                               "?server_name=NAME");
    if (verified == X509_V_ERR_CERT_HAS_EXPIRED || verified == X509_V_ERR_CERT_NOT_YET_VALID)
        return swapc_error_set(
            error, SWAPC_PROTOCOL,
            "its certificate, or its CA's, is not valid now (%s): give the server a new one, "
            "and look at both clocks",
            X509_verify_cert_error_string(verified));
    if (verified != X509_V_OK)
        return swapc_error_set(error, SWAPC_PROTOCOL,
                               "its certificate is not trusted (%s): give its CA with ?ca=FILE",
                               X509_verify_cert_error_string(verified));
    if (ERR_peek_last_error() == 0) return swapc_error_set(error, SWAPC_UNREACHABLE, "it was cut");
    return swapc_error_set(error, SWAPC_PROTOCOL,
                           "TLS failed (%s): does it speak TLS at this port? Without, the URL "
                           "begins with redis://",
                           reason());
}

static enum swapc_status shake_hands(swapci_redis_tls *tls, int fd, uint64_t until_ns,
                                     const atomic_int *stop, swapc_error *error) {
    for (;;) {
        ERR_clear_error();
        int done = SSL_connect(tls->ssl);
        if (done == 1) return SWAPC_OK;
        int wants = SSL_get_error(tls->ssl, done);
        if (wants == SSL_ERROR_SYSCALL)
            return swapc_error_set(error, SWAPC_UNREACHABLE, "it closed the connection");
        if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
            return hand_refused(tls, error);
        enum swapc_status status = swapci_redis_await(
            fd, wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ns, stop, error);
        if (status == SWAPC_DEADLINE)
            return swapc_error_set(error, SWAPC_UNREACHABLE,
                                   "it does not answer in TLS; without TLS the URL begins with "
                                   "redis://");
        if (status != SWAPC_OK) return status;
    }
}

enum swapc_status swapci_redis_tls_open(const swapci_redis_url *url, int fd, uint64_t until_ns,
                                        const atomic_int *stop, swapci_redis_tls **out,
                                        swapc_error *error) {
    swapci_redis_tls *tls = calloc(1, sizeof *tls);
    if (!tls) return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    ERR_clear_error();
    enum swapc_status status = prepare(tls, url, fd, error);
    if (status == SWAPC_OK) status = shake_hands(tls, fd, until_ns, stop, error);
    ERR_clear_error();
    if (status != SWAPC_OK) {
        swapci_redis_tls_free(tls);
        return status;
    }
    *out = tls;
    return status;
}

void swapci_redis_tls_free(swapci_redis_tls *tls) {
    if (!tls) return;
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->context);
    free(tls);
}

/* What a move that moved nothing means. */
static ssize_t moved_nothing(swapci_redis_tls *tls, int result, const char **why, bool *refused) {
    int wants = SSL_get_error(tls->ssl, result);
    if (wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE) return 0;
    *refused = wants == SSL_ERROR_SSL && ERR_peek_last_error() != 0 &&
               ERR_GET_REASON(ERR_peek_last_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
    *why = wants == SSL_ERROR_ZERO_RETURN ? "Server closed the connection" : reason();
    return -1;
}

ssize_t swapci_redis_tls_read(swapci_redis_tls *tls, char *buffer, size_t size, const char **why,
                              bool *refused) {
    ERR_clear_error();
    int count = SSL_read(tls->ssl, buffer, (int)size);
    return count > 0 ? count : moved_nothing(tls, count, why, refused);
}

ssize_t swapci_redis_tls_write(swapci_redis_tls *tls, const char *bytes, size_t len,
                               const char **why, bool *refused) {
    ERR_clear_error();
    int count = SSL_write(tls->ssl, bytes, len < INT32_MAX ? (int)len : INT32_MAX);
    return count > 0 ? count : moved_nothing(tls, count, why, refused);
}

#else

enum swapc_status swapci_redis_tls_open(const swapci_redis_url *url, int fd, uint64_t until_ns,
                                        const atomic_int *stop, swapci_redis_tls **out,
                                        swapc_error *error) {
    (void)url, (void)fd, (void)until_ns, (void)stop, (void)out;
    return swapc_error_set(
        error, SWAPC_UNSUPPORTED,
        "rediss:// (Redis over TLS) is not in this build: install libssl-dev and "
        "build again, or use redis:// over a tunnel, or unix:PATH");
}

void swapci_redis_tls_free(swapci_redis_tls *tls) {
    (void)tls;
}

ssize_t swapci_redis_tls_read(swapci_redis_tls *tls, char *buffer, size_t size, const char **why,
                              bool *refused) {
    (void)tls, (void)buffer, (void)size, (void)why, (void)refused;
    return -1;
}

ssize_t swapci_redis_tls_write(swapci_redis_tls *tls, const char *bytes, size_t len,
                               const char **why, bool *refused) {
    (void)tls, (void)bytes, (void)len, (void)why, (void)refused;
    return -1;
}

#endif
