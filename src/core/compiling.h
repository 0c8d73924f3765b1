/* compiling.h - whether this process checks and compiles modules now.
 *
 * An engine's compiler cannot be interrupted, and may take as long as limits.compile_ms allows. A
 * process that is to end looks here and does not wait for it.
 *
 * Threads: any, at any time; what is returned may have changed already. Never fails.
 */
#ifndef SWAPCI_COMPILING_H
#define SWAPCI_COMPILING_H

#include <stdbool.h>

bool swapci_compiling(void);

#endif
