#include "swapc/module.h"

#include "heap.h"

void swapc_reply_fini(swapc_reply *reply) {
    swapci_heap_free(reply->storage);
    *reply = (swapc_reply)SWAPC_REPLY_INIT;
}

enum swapc_status swapc_reply_set(swapc_reply *reply, swapc_bytes bytes) {
    if (bytes.len > reply->capacity) {
        /* Grown by half more than needed, so that slowly growing answers do not copy each time. */
        size_t capacity = bytes.len + bytes.len / 2;
        uint8_t *storage = swapci_heap_alloc(capacity);
        if (!storage) return SWAPC_NO_MEMORY;
        swapci_heap_free(reply->storage);
        reply->storage = storage;
        reply->capacity = capacity;
    }
    if (bytes.len > 0) memmove(reply->storage, bytes.ptr, bytes.len);
    reply->body = swapc_bytes_of(reply->storage, bytes.len);
    return SWAPC_OK;
}
