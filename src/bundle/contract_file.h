/* contract_file.h - a contract's text (swapc/contract.h says how it is written), read.
 *
 * Threads: none shared. Ownership: fini frees; zeroed is empty; a copy of the struct moves it.
 */
#ifndef SWAPCI_CONTRACT_FILE_H
#define SWAPCI_CONTRACT_FILE_H

#include "manifest.h"

struct swapci_contract_file {
    char name[SWAPCI_NAME_MAX];               /* "": not said */
    struct swapci_names operations, optional; /* none is in both */
    uint32_t total_ms;                        /* for all vectors of a candidate */
    struct swapci_vectors vectors;
};

/* Reads text. Returns SWAPC_OK; BUNDLE naming path and line, TOO_LARGE, NO_MEMORY, *out then being
 * empty. */
enum swapc_status swapci_contract_file_parse(swapc_bytes text, const char *path,
                                             struct swapci_contract_file *out, swapc_error *error);

void swapci_contract_file_fini(struct swapci_contract_file *file);

#endif
