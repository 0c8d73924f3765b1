/* engine_names.h - a list for swapc_host_config.engines: the sandboxes of this build, and one more.
 *
 * For programs of this tree that let a person name an engine: naming it is the permission to run
 * it.
 *
 * Threads: pure. Ownership: the caller's array; the names are static, or the caller's.
 */
#ifndef SWAPCI_ENGINE_NAMES_H
#define SWAPCI_ENGINE_NAMES_H

#include <stdbool.h>

enum { SWAPCI_ENGINE_NAMES_MAX = 18 };

/* Every built engine that is a sandbox, then `also` where it is a built one that is none (NULL, or
 * a name that is not known: nobody, which loading says), then NULL. Returns names. */
const char *const *swapci_engine_names(const char *also,
                                       const char *names[SWAPCI_ENGINE_NAMES_MAX]);

/* Every built engine, no sandbox or not: for modules that come with this tree, in benchmarks and
 * tests. */
const char *const *swapci_engine_names_all(const char *names[SWAPCI_ENGINE_NAMES_MAX]);

/* Whether the engine called name is in this build and no sandbox. */
bool swapci_engine_is_trusted_code(const char *name);

#endif
