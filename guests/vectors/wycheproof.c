#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vector_set.h"
#include "well_formed.h"

/* The bytes of a member that is hexadecimal text, to be freed. */
static enum swapc_status member_bytes(const json_t *object, const char *name, swapc_bytes *out) {
    const char *hex = json_string_value(json_object_get(object, name));
    return hex ? swapci_vectors_unhex(swapc_bytes_str(hex), out) : SWAPC_CORRUPT;
}

/* "acceptable" is a signature that some verifiers take and some do not; this file has none, and if
 * it had, it would be one of those that we do not. */
static enum swapc_status classify(const char *result, swapc_bytes key, swapc_bytes signature,
                                  enum swapci_verify_status *out) {
    if (!result) return SWAPC_CORRUPT;
    if (strcmp(result, "valid") == 0) {
        *out = SWAPCI_VERIFY_VALID;
        return SWAPC_OK;
    }
    int key_good = swapci_well_formed_ecdsa_key(key);
    int signature_good = swapci_well_formed_ecdsa_signature(signature);
    if (key_good < 0 || signature_good < 0) return SWAPC_NO_MEMORY;
    *out = key_good && signature_good ? SWAPCI_VERIFY_NOT_VALID : SWAPCI_VERIFY_ERROR;
    return SWAPC_OK;
}

static enum swapc_status add_test(struct swapci_vectors *vectors, swapc_bytes key,
                                  const json_t *test) {
    swapc_bytes message = {NULL, 0};
    swapc_bytes signature = {NULL, 0};
    enum swapci_verify_status expected;
    char name[160];
    json_int_t id = json_integer_value(json_object_get(test, "tcId"));
    const char *comment = json_string_value(json_object_get(test, "comment"));
    snprintf(name, sizeof name, "wycheproof %lld: %s", (long long)id, comment ? comment : "");
    enum swapc_status status = member_bytes(test, "msg", &message);
    if (status == SWAPC_OK) status = member_bytes(test, "sig", &signature);
    if (status == SWAPC_OK)
        status =
            classify(json_string_value(json_object_get(test, "result")), key, signature, &expected);
    if (status == SWAPC_OK) {
        struct swapci_verify_request request = {
            .message = message,
            .signature = swapc_bytes_str(json_string_value(json_object_get(test, "sig"))),
            .key = key,
            .id = (uint64_t)id,
            .oper = SWAPCI_VERIFY_ONE,
        };
        status = swapci_vectors_add(vectors, name, &request, expected);
    }
    free((void *)message.ptr);
    free((void *)signature.ptr);
    return status;
}

static enum swapc_status add_group(struct swapci_vectors *vectors, const json_t *group) {
    swapc_bytes key = {NULL, 0};
    const json_t *tests = json_object_get(group, "tests");
    enum swapc_status status =
        member_bytes(json_object_get(group, "publicKey"), "uncompressed", &key);
    for (size_t i = 0; status == SWAPC_OK && i < json_array_size(tests); i++)
        status = add_test(vectors, key, json_array_get(tests, i));
    free((void *)key.ptr);
    return status;
}

static enum swapc_status add_groups(struct swapci_vectors *vectors, const json_t *root) {
    const json_t *groups = json_object_get(root, "testGroups");
    enum swapc_status status = json_is_array(groups) ? SWAPC_OK : SWAPC_CORRUPT;
    for (size_t i = 0; status == SWAPC_OK && i < json_array_size(groups); i++)
        status = add_group(vectors, json_array_get(groups, i));
    return status;
}

enum swapc_status swapci_vectors_wycheproof(const char *path, struct swapci_vectors **out,
                                            swapc_error *error) {
    json_error_t detail;
    if (access(path, R_OK) != 0)
        return swapc_error_set_errno(error, errno == ENOENT ? SWAPC_NOT_FOUND : SWAPC_IO, errno,
                                     "cannot read %s; run ./dev setup", path);
    json_t *root = json_load_file(path, 0, &detail);
    if (!root)
        return swapc_error_set(error, SWAPC_CORRUPT, "%s line %d is not JSON: %s", path,
                               detail.line, detail.text);
    struct swapci_vectors *vectors = swapci_vectors_new("ecdsa", "verify_message");
    enum swapc_status status = vectors ? add_groups(vectors, root) : SWAPC_NO_MEMORY;
    json_decref(root);
    if (status != SWAPC_OK) {
        swapci_vectors_free(vectors);
        return swapc_error_set(error, status, "%s is not Wycheproof's ECDSA json: %s", path,
                               swapc_status_text(status));
    }
    *out = vectors;
    return SWAPC_OK;
}
