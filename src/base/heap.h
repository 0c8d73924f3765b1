/* heap.h - the library's memory: every allocation of base, core and engines comes through here, so
 * that an embedder can give another allocator (swapc/allocator.h).
 *
 * Threads: any, as far as the allocator allows.
 * Ownership: what these functions return is freed by swapci_heap_free, never by free.
 * Returns, of all: NULL when there is no memory.
 */
#ifndef SWAPCI_HEAP_H
#define SWAPCI_HEAP_H

#include <stddef.h>

/* A size of 0 gives memory of one byte. */
void *swapci_heap_alloc(size_t size);

/* Zeroed memory for count items of size bytes. */
void *swapci_heap_zeroed(size_t count, size_t size);

/* The block at ptr (NULL: none) with another size; after failure it is as before. */
void *swapci_heap_resize(void *ptr, size_t size);

/* A copy of text. */
char *swapci_heap_text(const char *text);

/* Formatted text. */
__attribute__((format(printf, 1, 2))) char *swapci_heap_format(const char *format, ...);

/* NULL does nothing. */
void swapci_heap_free(void *ptr);

#endif
