#include "rpc_tls.h"

#include <errno.h>
#include <grpc/grpc_security.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

/* The three files' texts. */
struct texts {
    char *cert, *key, *ca;
};

bool swapci_rpc_tls_given(const swapci_rpc_tls *tls) {
    return tls && (tls->cert || tls->key || tls->ca || tls->name);
}

static enum swapc_status read_pem(const char *path, const char *what, char **out,
                                  swapc_error *error) {
    FILE *file = fopen(path, "re");
    if (!file)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read the %s %s", what, path);
    char *text = calloc(1, FILE_MAX + 1);
    size_t len = text ? fread(text, 1, FILE_MAX, file) : 0;
    bool broken = ferror(file) != 0;
    fclose(file);
    if (!text) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the %s", what);
    *out = text;
    if (broken) return swapc_error_set(error, SWAPC_IO, "cannot read the %s %s", what, path);
    if (len == FILE_MAX || !strstr(text, "-----BEGIN "))
        return swapc_error_set(error, SWAPC_INVALID, "the %s %s is no PEM file", what, path);
    return SWAPC_OK;
}

static void wipe(char *text) {
    if (text) explicit_bzero(text, strlen(text));
    free(text);
}

static void texts_fini(struct texts *texts) {
    wipe(texts->cert);
    wipe(texts->key);
    wipe(texts->ca);
}

static enum swapc_status texts_read(const swapci_rpc_tls *tls, const char *ca_option,
                                    struct texts *out, swapc_error *error) {
    if (!tls->cert || !tls->key || !tls->ca)
        return swapc_error_set(error, SWAPC_INVALID,
                               "mutual TLS needs all of --tls-cert, --tls-key and %s", ca_option);
    enum swapc_status status = read_pem(tls->cert, "certificate", &out->cert, error);
    if (status == SWAPC_OK) status = read_pem(tls->key, "private key", &out->key, error);
    if (status == SWAPC_OK) status = read_pem(tls->ca, "CA certificate", &out->ca, error);
    return status;
}

enum swapc_status swapci_rpc_tls_check(const swapci_rpc_tls *tls, swapc_error *error) {
    struct texts texts = {NULL, NULL, NULL};
    enum swapc_status status = texts_read(tls, "--tls-client-ca", &texts, error);
    texts_fini(&texts);
    return status;
}

enum swapc_status swapci_rpc_tls_server(const swapci_rpc_tls *tls, grpc_server_credentials **out,
                                        swapc_error *error) {
    struct texts texts = {NULL, NULL, NULL};
    enum swapc_status status = texts_read(tls, "--tls-client-ca", &texts, error);
    grpc_ssl_pem_key_cert_pair pair = {.private_key = texts.key, .cert_chain = texts.cert};
    if (status == SWAPC_OK)
        *out = grpc_ssl_server_credentials_create_ex(
            texts.ca, &pair, 1, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, NULL);
    texts_fini(&texts);
    return status;
}

enum swapc_status swapci_rpc_tls_client(const swapci_rpc_tls *tls, grpc_channel_credentials **out,
                                        swapc_error *error) {
    struct texts texts = {NULL, NULL, NULL};
    enum swapc_status status = texts_read(tls, "--tls-ca", &texts, error);
    grpc_ssl_pem_key_cert_pair pair = {.private_key = texts.key, .cert_chain = texts.cert};
    if (status == SWAPC_OK) *out = grpc_ssl_credentials_create_ex(texts.ca, &pair, NULL, NULL);
    texts_fini(&texts);
    return status;
}
