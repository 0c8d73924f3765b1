#include "vector_set.h"

#include <stdlib.h>

#include "hex.h"

struct row {
    char *name;
    uint8_t *request;
    size_t request_len;
    enum swapci_verify_status expected;
};

struct swapci_vectors {
    const char *module;
    const char *operation;
    struct row *rows;
    size_t count;
    size_t capacity;
    size_t next;
};

struct swapci_vectors *swapci_vectors_new(const char *module, const char *operation) {
    struct swapci_vectors *vectors = calloc(1, sizeof *vectors);
    if (vectors) {
        vectors->module = module;
        vectors->operation = operation;
    }
    return vectors;
}

static int reserve(struct swapci_vectors *vectors) {
    if (vectors->count < vectors->capacity) return 1;
    size_t capacity = vectors->capacity ? 2 * vectors->capacity : 64;
    struct row *rows = realloc(vectors->rows, capacity * sizeof *rows);
    if (!rows) return 0;
    vectors->rows = rows;
    vectors->capacity = capacity;
    return 1;
}

enum swapc_status swapci_vectors_add(struct swapci_vectors *vectors, const char *name,
                                     const struct swapci_verify_request *request,
                                     enum swapci_verify_status expected) {
    size_t len = swapci_verify_request_encode(request, NULL, 0);
    struct row row = {strdup(name), malloc(len), len, expected};
    if (!row.name || !row.request || !reserve(vectors)) {
        free(row.name);
        free(row.request);
        return SWAPC_NO_MEMORY;
    }
    swapci_verify_request_encode(request, row.request, len);
    vectors->rows[vectors->count++] = row;
    return SWAPC_OK;
}

enum swapc_status swapci_vectors_unhex(swapc_bytes hex, swapc_bytes *out) {
    uint8_t *bytes = malloc(hex.len / 2 + 1);
    if (!bytes) return SWAPC_NO_MEMORY;
    if (!swapci_hex_decode(hex, bytes)) {
        free(bytes);
        return SWAPC_CORRUPT;
    }
    *out = swapc_bytes_of(bytes, hex.len / 2);
    return SWAPC_OK;
}

int swapci_vectors_next(struct swapci_vectors *vectors, struct swapci_vector *out) {
    if (vectors->next == vectors->count) return 0;
    const struct row *row = &vectors->rows[vectors->next++];
    out->name = row->name;
    out->module = vectors->module;
    out->operation = vectors->operation;
    out->request = swapc_bytes_of(row->request, row->request_len);
    out->expected = row->expected;
    return 1;
}

size_t swapci_vectors_count(const struct swapci_vectors *vectors) {
    return vectors->count;
}

void swapci_vectors_free(struct swapci_vectors *vectors) {
    if (!vectors) return;
    for (size_t i = 0; i < vectors->count; i++) {
        free(vectors->rows[i].name);
        free(vectors->rows[i].request);
    }
    free(vectors->rows);
    free(vectors);
}
