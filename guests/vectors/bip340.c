#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "vector_set.h"
#include "well_formed.h"

/* index,secret key,public key,aux_rand,message,signature,verification result,comment */
enum { INDEX, SECRET, KEY, AUX, MESSAGE, SIGNATURE, RESULT, COMMENT, COLUMNS };

/* Splits line in place at its first commas; the comment may hold more of them. Returns 1 when all
 * columns are there. */
static int split(char *line, char *columns[COLUMNS]) {
    line[strcspn(line, "\r\n")] = '\0';
    for (unsigned i = 0; i < COLUMNS; i++) {
        columns[i] = line;
        char *comma = i + 1 < COLUMNS ? strchr(line, ',') : NULL;
        if (i + 1 < COLUMNS && !comma) return 0;
        if (comma) {
            *comma = '\0';
            line = comma + 1;
        }
    }
    return 1;
}

static enum swapc_status classify(const char *result, swapc_bytes key, swapc_bytes signature,
                                  enum swapci_verify_status *out) {
    if (strcmp(result, "TRUE") == 0) {
        *out = SWAPCI_VERIFY_VALID;
        return SWAPC_OK;
    }
    int key_good = swapci_well_formed_bip340_key(key);
    int signature_good = swapci_well_formed_bip340_signature(signature);
    if (key_good < 0 || signature_good < 0) return SWAPC_NO_MEMORY;
    *out = key_good && signature_good ? SWAPCI_VERIFY_NOT_VALID : SWAPCI_VERIFY_ERROR;
    return strcmp(result, "FALSE") == 0 ? SWAPC_OK : SWAPC_CORRUPT;
}

static enum swapc_status add(struct swapci_vectors *vectors, char *columns[COLUMNS]) {
    swapc_bytes key = {NULL, 0};
    swapc_bytes message = {NULL, 0};
    swapc_bytes signature = {NULL, 0};
    enum swapci_verify_status expected;
    char name[160];
    snprintf(name, sizeof name, "bip340 %s: %s", columns[INDEX], columns[COMMENT]);
    enum swapc_status status = swapci_vectors_unhex(swapc_bytes_str(columns[KEY]), &key);
    if (status == SWAPC_OK)
        status = swapci_vectors_unhex(swapc_bytes_str(columns[MESSAGE]), &message);
    if (status == SWAPC_OK)
        status = swapci_vectors_unhex(swapc_bytes_str(columns[SIGNATURE]), &signature);
    if (status == SWAPC_OK) status = classify(columns[RESULT], key, signature, &expected);
    if (status == SWAPC_OK) {
        struct swapci_verify_request request = {
            .message = message,
            .signature = swapc_bytes_str(columns[SIGNATURE]),
            .key = key,
            .id = strtoull(columns[INDEX], NULL, 10),
            .oper = SWAPCI_VERIFY_ONE,
        };
        status = swapci_vectors_add(vectors, name, &request, expected);
    }
    free((void *)key.ptr);
    free((void *)message.ptr);
    free((void *)signature.ptr);
    return status;
}

static enum swapc_status read_lines(FILE *file, struct swapci_vectors *vectors) {
    char *line = NULL;
    size_t size = 0;
    enum swapc_status status = SWAPC_OK;
    for (unsigned number = 0; status == SWAPC_OK && getline(&line, &size, file) > 0; number++) {
        char *columns[COLUMNS];
        if (!split(line, columns)) status = SWAPC_CORRUPT;
        else if (number > 0) status = add(vectors, columns);
    }
    free(line);
    if (status == SWAPC_OK && ferror(file)) status = SWAPC_IO;
    return status;
}

enum swapc_status swapci_vectors_bip340(const char *path, struct swapci_vectors **out,
                                        swapc_error *error) {
    FILE *file = fopen(path, "r");
    if (!file)
        return swapc_error_set_errno(error, errno == ENOENT ? SWAPC_NOT_FOUND : SWAPC_IO, errno,
                                     "cannot read %s; run ./dev setup", path);
    struct swapci_vectors *vectors = swapci_vectors_new("schnorr", "verify_raw");
    enum swapc_status status = vectors ? read_lines(file, vectors) : SWAPC_NO_MEMORY;
    fclose(file);
    if (status != SWAPC_OK) {
        swapci_vectors_free(vectors);
        return swapc_error_set(error, status, "%s is not BIP-340's csv: %s", path,
                               swapc_status_text(status));
    }
    *out = vectors;
    return SWAPC_OK;
}
