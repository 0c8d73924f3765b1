/* vectors_runner BUNDLES ENGINE bip340|wycheproof|recorded: published vectors, or the calls
 * recorded of the original system, through the shipped modules on one engine, in every flavour it
 * runs.
 * Exit status: 0 every answer is as expected, 1 some are not, 2 it could not run. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "candidates.h"
#include "engine_names.h"
#include "hex.h"
#include "recorded.h"
#include "vectors.h"

static const char bip340_path[] = SWAPC_TEST_VECTORS "/bip340_test_vectors.csv";
static const char wycheproof_path[] =
    SWAPC_TEST_VECTORS "/ecdsa_secp256k1_sha256_bitcoin_test.json";

struct tally {
    unsigned right;
    unsigned wrong;
};

/* Calls and compares status and bytes; expected NULL: the guest must fail. */
static void check(struct tally *tally, swapc_module *module, const char *name,
                  const char *operation, swapc_bytes request, const swapc_bytes *expected) {
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    const swapc_module_info *info = swapc_module_describe(module);
    enum swapc_status status =
        swapc_module_call(module, swapc_bytes_str(operation), request, NULL, &reply, &error);
    bool good = expected ? status == SWAPC_OK && swapc_bytes_equal(reply.body, *expected)
                         : status == SWAPC_GUEST_ERROR;
    if (good) {
        tally->right++;
    } else {
        tally->wrong++;
        printf("FAILED %s (%s): %s %.*s\n", name, info->flavour, swapc_status_name(status),
               (int)reply.body.len, reply.body.ptr ? (const char *)reply.body.ptr : error.text);
    }
    swapc_reply_fini(&reply);
}

static void check_all(struct tally *tally, const struct swapci_candidates *candidates,
                      const char *name, const char *operation, swapc_bytes request,
                      const swapc_bytes *expected) {
    for (size_t i = 0; i < candidates->count; i++)
        check(tally, candidates->module[i], name, operation, request, expected);
}

/* The response of a status as our modules write it. */
static swapc_bytes response_of(enum swapci_verify_status status, uint8_t *out, size_t size) {
    struct swapci_verify_response response = {.status = status};
    response.payload_back = swapc_bytes_str(status == SWAPCI_VERIFY_ERROR ? "Error" : "Ok");
    return swapc_bytes_of(out, swapci_verify_response_encode(&response, out, size));
}

static enum swapc_status run_vectors(swapc_host *host, const char *bundles, const char *engine,
                                     struct swapci_vectors *vectors, const char *bundle,
                                     struct tally *tally, swapc_error *error) {
    struct swapci_candidates candidates;
    struct swapci_vector vector;
    enum swapc_status status =
        swapci_candidates_load(host, bundles, bundle, engine, &candidates, error);
    if (status != SWAPC_OK) return status;
    while (swapci_vectors_next(vectors, &vector)) {
        uint8_t bytes[64];
        swapc_bytes expected = response_of(vector.expected, bytes, sizeof bytes);
        check_all(tally, &candidates, vector.name, vector.operation, vector.request, &expected);
    }
    swapci_candidates_fini(&candidates);
    return SWAPC_OK;
}

static enum swapc_status run_file(swapc_host *host, const char *bundles, const char *engine,
                                  const char *set, struct tally *tally, swapc_error *error) {
    struct swapci_vectors *vectors = NULL;
    bool bip340 = strcmp(set, "bip340") == 0;
    enum swapc_status status = bip340 ? swapci_vectors_bip340(bip340_path, &vectors, error)
                                      : swapci_vectors_wycheproof(wycheproof_path, &vectors, error);
    if (status == SWAPC_OK)
        status =
            run_vectors(host, bundles, engine, vectors, bip340 ? "schnorr" : "ecdsa", tally, error);
    swapci_vectors_free(vectors);
    return status;
}

/* Decodes into storage; NULL text gives false. */
static bool unhex(const char *text, uint8_t *storage, size_t size, swapc_bytes *out) {
    swapc_bytes digits = swapc_bytes_str(text);
    if (!text || digits.len / 2 > size || !swapci_hex_decode(digits, storage)) return false;
    *out = swapc_bytes_of(storage, digits.len / 2);
    return true;
}

static enum swapc_status check_recorded(const struct swapci_recorded *row,
                                        const struct swapci_candidates *candidates,
                                        struct tally *tally, swapc_error *error) {
    uint8_t request_bytes[1024], response_bytes[256];
    swapc_bytes request, response;
    if (!unhex(row->request_hex, request_bytes, sizeof request_bytes, &request))
        return swapc_error_set(error, SWAPC_CORRUPT, "%s: no request", row->name);
    bool answers = unhex(row->response_hex, response_bytes, sizeof response_bytes, &response);
    check_all(tally, candidates, row->name, row->operation, request, answers ? &response : NULL);
    return SWAPC_OK;
}

static enum swapc_status run_recorded(swapc_host *host, const char *bundles, const char *engine,
                                      struct tally *tally, swapc_error *error) {
    static const char *const modules[] = {"schnorr", "ecdsa"};
    enum swapc_status status = SWAPC_OK;
    for (int i = 0; i < 2 && status == SWAPC_OK; i++) {
        struct swapci_candidates candidates;
        status = swapci_candidates_load(host, bundles, modules[i], engine, &candidates, error);
        if (status != SWAPC_OK) break;
        for (const struct swapci_recorded *r = swapci_recorded; r->name && status == SWAPC_OK; r++)
            if (strcmp(r->module, modules[i]) == 0)
                status = check_recorded(r, &candidates, tally, error);
        swapci_candidates_fini(&candidates);
    }
    return status;
}

int main(int argc, char **argv) {
    swapc_host *host = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    struct tally tally = {0, 0};
    if (argc != 4) {
        fprintf(stderr, "usage: vectors_runner BUNDLES ENGINE bip340|wycheproof|recorded\n");
        return 2;
    }
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = swapci_engine_names_all(engines);
    enum swapc_status status = swapc_host_new(&config, &host, &error);
    if (status == SWAPC_OK)
        status = strcmp(argv[3], "recorded") == 0
                     ? run_recorded(host, argv[1], argv[2], &tally, &error)
                     : run_file(host, argv[1], argv[2], argv[3], &tally, &error);
    swapc_host_free(host);
    if (status != SWAPC_OK) {
        fprintf(stderr, "vectors_runner: %s\n", error.text);
        return 2;
    }
    printf("%u answers right, %u wrong\n", tally.right, tally.wrong);
    return tally.wrong > 0 || tally.right == 0;
}
