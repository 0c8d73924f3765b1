/* guarded_heap.h - a heap on which a step past an allocation's end ends the process.
 *
 * Each allocation lies at the end of a page; behind it are up to a MiB that cannot be touched, and
 * so it is with the whole place once it is freed. For third-party code that no sanitizer watches:
 * what links `guarded_heap` has malloc, calloc, realloc and free of all its static parts replaced
 * (the linker's --wrap). Allocations larger than half a MiB, and those beyond 4096 at a time, are
 * the ordinary heap's.
 *
 * Threads: any.
 */
#ifndef SWAPCI_GUARDED_HEAP_H
#define SWAPCI_GUARDED_HEAP_H

#include <stddef.h>

/* How many allocations have been guarded so far: that the guard is there at all. */
size_t swapci_guarded_count(void);

#endif
