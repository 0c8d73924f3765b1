#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>

#include "heap.h"

enum { CAPACITY_MIN = 64 };

void swapci_buffer_fini(swapci_buffer *buffer) {
    swapci_heap_free(buffer->ptr);
    *buffer = (swapci_buffer)SWAPCI_BUFFER_INIT;
}

enum swapc_status swapci_buffer_reserve(swapci_buffer *buffer, size_t extra) {
    if (extra <= buffer->capacity - buffer->len) return SWAPC_OK;
    if (extra > SIZE_MAX / 2 - buffer->len) return SWAPC_NO_MEMORY;
    size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_MIN;
    while (capacity - buffer->len < extra) capacity *= 2;
    uint8_t *ptr = swapci_heap_resize(buffer->ptr, capacity);
    if (!ptr) return SWAPC_NO_MEMORY;
    buffer->ptr = ptr;
    buffer->capacity = capacity;
    return SWAPC_OK;
}

enum swapc_status swapci_buffer_append(swapci_buffer *buffer, swapc_bytes bytes) {
    if (bytes.len == 0) return SWAPC_OK;
    uintptr_t from = (uintptr_t)bytes.ptr, start = (uintptr_t)buffer->ptr;
    int inside = buffer->ptr && from >= start && from < start + buffer->capacity;
    enum swapc_status status = swapci_buffer_reserve(buffer, bytes.len);
    if (status != SWAPC_OK) return status;
    const uint8_t *source = inside ? buffer->ptr + (from - start) : bytes.ptr;
    memcpy(buffer->ptr + buffer->len, source, bytes.len);
    buffer->len += bytes.len;
    return SWAPC_OK;
}

enum swapc_status swapci_buffer_append_u8(swapci_buffer *buffer, uint8_t byte) {
    return swapci_buffer_append(buffer, swapc_bytes_of(&byte, 1));
}

enum swapc_status swapci_buffer_printf(swapci_buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0) return SWAPC_NO_MEMORY;
    enum swapc_status status = swapci_buffer_reserve(buffer, (size_t)need + 1);
    if (status != SWAPC_OK) return status;
    va_start(args, format);
    vsnprintf((char *)buffer->ptr + buffer->len, (size_t)need + 1, format, args);
    va_end(args);
    buffer->len += (size_t)need;
    return SWAPC_OK;
}
