/* wasm_scan.h - reads what a wasm binary imports and exports, and nothing more.
 *
 * What sections.h reads, item by item. It lets the host say in its own words, the same on
 * every engine, which import is unknown or which export is missing, before an engine compiles.
 *
 * Threads: none shared. Ownership: names are views into the module's bytes.
 */
#ifndef SWAPCI_WASM_SCAN_H
#define SWAPCI_WASM_SCAN_H

#include "sections.h"

#define SWAPCI_WASM_SIGNATURE_MAX 64

struct swapci_wasm_item {
    bool import;        /* else an export */
    swapc_bytes module; /* of an import */
    swapc_bytes name;
    enum swapci_wasm_kind kind;
    /* Of a function: letters as in swapc/sys/engine.h, and f F (floats), v (v128), r (references),
     * "..." at the end when longer than fits. */
    char signature[SWAPCI_WASM_SIGNATURE_MAX];
    uint64_t pages_min; /* of a memory */
};

/* Called for each import, then each export. Anything but SWAPC_OK ends the scan with it. */
typedef enum swapc_status (*swapci_wasm_item_fn)(const struct swapci_wasm_item *item, void *user,
                                                 swapc_error *error);

/* Returns SWAPC_OK, MODULE_MALFORMED naming the offset, UNSUPPORTED (types of the GC proposal),
 * NO_MEMORY, or what fn returned. */
enum swapc_status swapci_wasm_scan(swapc_bytes bytes, swapci_wasm_item_fn fn, void *user,
                                   swapc_error *error);

/* The same of a module that is read already; SWAPC_OK, MODULE_MALFORMED, or what fn returned. */
enum swapc_status swapci_wasm_scan_module(const struct swapci_wasm_module *module,
                                          swapci_wasm_item_fn fn, void *user, swapc_error *error);

#endif
