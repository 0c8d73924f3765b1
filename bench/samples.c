#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "translator.h"
#include "verify_message.h"

/* Keys that live as long as the making of the samples: a keyring in a file of its own. */
static enum swapc_status temporary_keys(unsigned keys, swapci_key_pairs **out, swapc_error *error) {
    char folder[] = "/tmp/swapc-samples-XXXXXX";
    char path[64], public[70];
    swapci_keyring *ring = NULL;
    if (!mkdtemp(folder))
        return swapc_error_set(error, SWAPC_SYSTEM, "cannot make a folder under /tmp for keys");
    snprintf(path, sizeof path, "%s/keys", folder);
    snprintf(public, sizeof public, "%s.pub", path);
    enum swapc_status status = swapci_keyring_load(path, SWAPCI_KEYS_PRIVATE, keys, &ring, error);
    if (status == SWAPC_OK) status = swapci_key_pairs_new(ring, out, error);
    swapci_keyring_free(ring);
    unlink(path);
    unlink(public);
    rmdir(folder);
    return status;
}

static enum swapc_status add_request(struct swapci_samples *samples, const swapci_key_pairs *pairs,
                                     const swapci_method *method, size_t *end, swapc_error *error) {
    static const char *const names[] = {"Ada",     "Grace",    "Katherine",
                                        "Barbara", "Margaret", "Radia"};
    unsigned i = samples->count;
    char text[32];
    snprintf(text, sizeof text, "%s %u", names[i % (sizeof names / sizeof *names)], i);
    swapc_bytes message = swapc_bytes_str(text);
    swapci_signature signature;
    swapci_buffer request = SWAPCI_BUFFER_INIT;
    enum swapc_status status = swapci_method_sign(method, pairs, i % swapci_key_pairs_count(pairs),
                                                  message, &signature, error);
    swapci_record record = {.id = {0, i},
                            .method = method,
                            .key = signature.key,
                            .signature = swapc_bytes_of(signature.bytes, signature.len),
                            .message = message};
    if (status == SWAPC_OK) status = swapci_translator_request(&record, &request, error);
    if (status == SWAPC_OK)
        status = swapci_buffer_append(&samples->storage, swapci_buffer_bytes(&request));
    swapci_buffer_fini(&request);
    *end = samples->storage.len;
    samples->count++;
    return status;
}

/* The storage moves while it grows, so views are made when it is whole. */
enum swapc_status swapci_samples_make(const swapci_method *method, unsigned count, unsigned keys,
                                      struct swapci_samples *out, swapc_error *error) {
    swapci_key_pairs *pairs = NULL;
    *out = (struct swapci_samples){.count = 0};
    size_t *ends = calloc(count, sizeof *ends);
    out->requests = calloc(count, sizeof *out->requests);
    if (!ends || !out->requests) {
        free(ends);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for samples of %s", method->name);
    }
    enum swapc_status status = temporary_keys(keys, &pairs, error);
    while (status == SWAPC_OK && out->count < count)
        status = add_request(out, pairs, method, &ends[out->count], error);
    for (unsigned i = 0; i < out->count && status == SWAPC_OK; i++) {
        size_t start = i == 0 ? 0 : ends[i - 1];
        out->requests[i] = swapc_bytes_of(out->storage.ptr + start, ends[i] - start);
    }
    swapci_key_pairs_free(pairs);
    free(ends);
    return status;
}

void swapci_samples_alter(struct swapci_samples *samples, unsigned index) {
    struct swapci_verify_request request;
    swapc_bytes bytes = samples->requests[index];
    if (!swapci_verify_request_decode(bytes, &request)) return;
    /* The case of a letter. */
    samples->storage.ptr[request.message.ptr - samples->storage.ptr] ^= 0x20;
}

bool swapci_samples_valid(swapc_bytes response) {
    const char *status, *reason;
    swapci_translator_verdict(SWAPC_OK, response, &status, &reason);
    return strcmp(status, "Valid") == 0;
}

void swapci_samples_fini(struct swapci_samples *samples) {
    swapci_buffer_fini(&samples->storage);
    free(samples->requests);
    *samples = (struct swapci_samples){.count = 0};
}
