/* ring_guard.h - what becomes of a mapped file that somebody makes smaller: no SIGBUS, but zeros and a flag.
 *
 * A file can be cut off by whoever may write to it, and every access behind its end raises SIGBUS. Memory
 * under guard is then replaced, as a whole, by zeros of this process alone, and counts as lost; the access
 * goes on. What is no fault of guarded memory goes to the handler that was there before.
 *
 * Threads: any. The handler is installed by the first guard and stays.
 */
#ifndef SWAPCI_RING_GUARD_H
#define SWAPCI_RING_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum { SWAPCI_RING_GUARDS = 64 };

/* Guards size bytes at memory, whole pages. Returns the guard, or -1 when there are too many. */
int swapci_ring_guard_set(void *memory, size_t size);

/* To be called before the memory is unmapped. */
void swapci_ring_guard_clear(int guard);

/* Whether the memory has been replaced. -1 is never lost. */
bool swapci_ring_guard_lost(int guard);

#endif
