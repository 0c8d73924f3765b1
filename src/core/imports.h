/* imports.h - every function that a guest may import, in one table.
 *
 * waPC's nine, the WASI subset under both of its module names, and AssemblyScript's env.abort.
 * Threads: the table is const. Ownership: static.
 */
#ifndef SWAPCI_IMPORTS_H
#define SWAPCI_IMPORTS_H

#include "swapc/sys/engine.h"

/* The table; *count receives its length. */
const swapc_import *swapci_imports(size_t *count);

/* Returns the row of module.name, or NULL. */
const swapc_import *swapci_imports_find(swapc_bytes module, swapc_bytes name);

#endif
