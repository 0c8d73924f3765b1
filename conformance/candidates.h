/* candidates.h - one shipped bundle, loaded on an engine (or on all) in each flavour that it runs.
 *
 * Threads: one at a time. Ownership: fini releases the modules; the host is the caller's.
 */
#ifndef SWAPCI_CANDIDATES_H
#define SWAPCI_CANDIDATES_H

#include "swapc/swapc.h"

#define SWAPCI_CANDIDATES_MAX 16

struct swapci_candidates {
    swapc_module *module[SWAPCI_CANDIDATES_MAX];
    size_t count;
};

/* Loads <folder>/<bundle>. engine NULL: every engine of the build. Returns SWAPC_OK; NO_ENGINE when
 * the engine is not built in, or nothing of the bundle runs; or what loading one gave. */
enum swapc_status swapci_candidates_load(swapc_host *host, const char *folder, const char *bundle,
                                         const char *engine, struct swapci_candidates *out,
                                         swapc_error *error);

void swapci_candidates_fini(struct swapci_candidates *candidates);

#endif
