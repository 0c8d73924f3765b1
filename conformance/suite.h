/* suite.h - runs the shared suite against one engine.
 *
 * The suite is a folder: cases.json, which says what a guest does and what must come of it, and the
 * guests as .wasm, or .so for engines that take shared objects. It pins the rules of waPC, and ours
 * where waPC is silent, on every engine alike. A case whose ceiling the engine does not hold (its
 * caps), or for which there is no guest of its kind, is reported as skipped, with the reason.
 *
 * Threads: one run at a time per process is meant; runs share nothing.
 * Ownership: everything given to the callback is borrowed for its call.
 */
#ifndef SWAPCI_CONFORMANCE_SUITE_H
#define SWAPCI_CONFORMANCE_SUITE_H

#include "swapc/error.h"

enum swapci_conformance_verdict { SWAPCI_CASE_PASSED, SWAPCI_CASE_FAILED, SWAPCI_CASE_SKIPPED };

struct swapci_conformance_options {
    const char *folder; /* of the suite */
    const char *engine;
    const char *only; /* the name of one case; NULL: all */
};

struct swapci_conformance_result {
    const char *name;
    enum swapci_conformance_verdict verdict;
    const char *text; /* why it failed or was skipped; "" otherwise */
};

typedef void (*swapci_conformance_fn)(const struct swapci_conformance_result *result, void *user);

struct swapci_conformance_summary {
    unsigned passed;
    unsigned failed;
    unsigned skipped;
};

/* Runs the cases in their order and calls fn after each. Returns SWAPC_OK whatever their verdicts;
 * NO_ENGINE; NOT_FOUND (no suite in the folder, or no case of that name); CORRUPT (cases.json is
 * not understood); NO_MEMORY. */
enum swapc_status swapci_conformance_run(const struct swapci_conformance_options *options,
                                         swapci_conformance_fn fn, void *user,
                                         struct swapci_conformance_summary *summary,
                                         swapc_error *error);

#endif
