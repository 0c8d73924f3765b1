/* native_host.h - the least host of a native module: for tests of guests without an engine.
 *
 * It serves one instance, keeps what the guest said, and answers host calls as it was told. It is
 * not the native engine: it opens the file in place and holds no limits.
 *
 * Threads: one. Ownership: views in the struct are good until the next call.
 */
#ifndef SWAPCI_NATIVE_HOST_H
#define SWAPCI_NATIVE_HOST_H

#include "swapc/bytes.h"
#include "swapc/error.h"
#include "swapc/sys/native_module.h"

/* A kept copy of bytes. */
struct swapci_kept {
    uint8_t *ptr;
    size_t len;
    unsigned times; /* how often it was set in this call */
};

struct swapci_native_host {
    /* Set by the test before a call. */
    int32_t host_call_result;
    swapc_bytes host_call_answer; /* the response when the result is 1, else the error */
    int no_scratch;               /* 1: there is no memory for scratch */

    /* What the guest did in the last call. */
    struct swapci_kept response;
    struct swapci_kept error;
    struct swapci_kept console;
    struct swapci_kept host_call; /* binding, namespace, operation, payload, with '|' between */

    /* Private. */
    void *library;
    const struct swapc_native_module *module;
    void *state;
    uint8_t *scratch[SWAPC_NATIVE_SCRATCH_COUNT];
    swapc_bytes operation;
    swapc_bytes payload;
};

/* Opens the shared object and makes an instance of it. Returns SWAPC_OK, MODULE_MALFORMED or
 * MODULE_INIT. */
enum swapc_status swapci_native_host_open(struct swapci_native_host *host, const char *path,
                                          swapc_error *error);

/* Returns what the guest's call returned. */
int32_t swapci_native_host_call(struct swapci_native_host *host, swapc_bytes operation,
                                swapc_bytes payload);

void swapci_native_host_close(struct swapci_native_host *host);

#endif
