/* alloc_count.h - how often code of ours asks for memory.
 *
 * Whoever links the bench library has the calls of malloc, calloc, realloc, strdup and asprintf in
 * its own objects and static libraries counted (the linker's --wrap); what shared libraries
 * allocate for themselves is not. The count costs an increment of a thread's own variable.
 *
 * Threads: each has its own count.
 */
#ifndef SWAPCI_BENCH_ALLOC_COUNT_H
#define SWAPCI_BENCH_ALLOC_COUNT_H

#include <stdint.h>

/* How many allocations this thread has asked for. */
uint64_t swapci_alloc_counted(void);

#endif
