/* registry.h - which engines this build knows and has.
 *
 * The table itself is made where the engines are (src/engines), or by a test: the core only reads
 * it. Its order is the order of preference and of every listing.
 * Threads and ownership: const and static.
 */
#ifndef SWAPCI_REGISTRY_H
#define SWAPCI_REGISTRY_H

#include "swapc/sys/engine.h"

struct swapci_engine_entry {
    const char *name;
    const swapc_engine *engine; /* NULL: not built in */
};

extern const struct swapci_engine_entry swapci_engine_table[];
extern const unsigned swapci_engine_count;

#define SWAPCI_ENGINES_MAX 16u

/* Finds the engine's index by name. Returns SWAPC_OK, or NO_ENGINE saying whether the name is
 * unknown or the engine not built in, and which there are. */
enum swapc_status swapci_engine_find(const char *name, unsigned *index, swapc_error *error);

#endif
