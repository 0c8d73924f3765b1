/* failing_alloc.h - an allocator that counts, and fails when it is told to.
 *
 * malloc, calloc, realloc, strdup and asprintf of all code that is linked statically into a test
 * executable go through here (the linker's --wrap); allocations that a shared library makes by
 * itself do not. So a test can fail the n-th allocation for each n, and see that a warm call makes
 * none.
 *
 * Threads: the counters are of the calling thread only.
 */
#ifndef SWAPCI_FAILING_ALLOC_H
#define SWAPCI_FAILING_ALLOC_H

#include <stddef.h>

/* Returns how many allocations this thread has tried. */
size_t swapci_alloc_count(void);

/* Makes this thread's n-th allocation from now (1: the next) fail, and only that; 0: none. */
void swapci_alloc_fail_at(size_t n);

/* Returns 1 when the allocation that swapci_alloc_fail_at chose has come and failed. */
int swapci_alloc_failed(void);

#endif
