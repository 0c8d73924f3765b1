#include "method_contract.h"

#include <stdio.h>
#include <string.h>

#include "embedded.h"
#include "translator.h"
#include "verify_batch.h"

/* guests/contracts, by cmake/Embed.cmake. */
extern const struct swapci_embedded swapci_contract_files[];

/* Each as its caller reads it: a batch's Valid must be all that there is. */
static int same(swapc_bytes operation, swapc_bytes expected, swapc_bytes came, void *user) {
    struct swapci_verify_response a, b;
    bool batch = swapc_bytes_equal(operation, swapc_bytes_str(SWAPCI_VERIFY_BATCH_OPERATION));
    (void)user;
    return (batch || swapc_bytes_equal(operation, swapc_bytes_str(SWAPCI_TRANSLATOR_OPERATION))) &&
           swapci_verify_response_decode(expected, &a) && swapci_verify_response_decode(came, &b) &&
           a.status == b.status &&
           (!batch || a.status != SWAPCI_VERIFY_VALID || swapci_verify_batch_all_valid(came));
}

void swapci_method_contract_compare(swapc_contract *contract) {
    swapc_contract_compare(contract, same, NULL);
}

enum swapc_status swapci_method_contract(const swapci_method *method, swapc_contract **out,
                                         swapc_error *error) {
    char name[128];
    const struct swapci_embedded *file = swapci_contract_files;
    snprintf(name, sizeof name, "%s.toml", method->module);
    while (file->path && strcmp(file->path, name) != 0) file++;
    *out = NULL;
    if (!file->path) return SWAPC_OK;
    enum swapc_status status =
        swapc_contract_load_bytes(name, swapc_bytes_of(file->bytes, file->len), out, error);
    if (status == SWAPC_OK) swapci_method_contract_compare(*out);
    return status;
}
