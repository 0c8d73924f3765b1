/* buffer.h - bytes that grow at the end.
 *
 * Growth doubles, so appending costs amortised constant time; clearing keeps the storage. A failed
 * allocation is the status NO_MEMORY and changes nothing.
 *
 * Threads: one at a time per buffer.
 * Ownership: the caller's struct, the buffer's heap; swapci_buffer_fini frees. A view of the
 *     content is void after the next call that can grow it.
 */
#ifndef SWAPCI_BUFFER_H
#define SWAPCI_BUFFER_H

#include "swapc/bytes.h"
#include "swapc/error.h"

typedef struct swapci_buffer {
    uint8_t *ptr;    /* NULL while capacity is 0 */
    size_t len;      /* bytes used */
    size_t capacity; /* bytes allocated */
} swapci_buffer;

#define SWAPCI_BUFFER_INIT {0, 0, 0}

/* Frees the storage; the buffer is empty and usable again. */
void swapci_buffer_fini(swapci_buffer *buffer);

/* Forgets the content and keeps the storage. */
static inline void swapci_buffer_clear(swapci_buffer *buffer) {
    buffer->len = 0;
}

/* The content, borrowed. */
static inline swapc_bytes swapci_buffer_bytes(const swapci_buffer *buffer) {
    return swapc_bytes_of(buffer->ptr, buffer->len);
}

/* Makes room for `extra` bytes after the content, to be written at ptr + len by the caller, who
 * then raises len. Returns SWAPC_OK, NO_MEMORY (also when the size overflows). */
enum swapc_status swapci_buffer_reserve(swapci_buffer *buffer, size_t extra);

/* Appends bytes, which may lie inside the buffer itself. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_buffer_append(swapci_buffer *buffer, swapc_bytes bytes);

/* Appends one byte. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_buffer_append_u8(swapci_buffer *buffer, uint8_t byte);

/* Appends formatted text without its NUL. Returns SWAPC_OK, NO_MEMORY. */
__attribute__((format(printf, 2, 3))) enum swapc_status
swapci_buffer_printf(swapci_buffer *buffer, const char *format, ...);

#endif
