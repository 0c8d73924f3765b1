#include "reply.h"

#include "heap.h"
#include "wapc.h"

/* A callback that touches the reply of a call around it would change what that call answers. */
static void check_owner(const swapc_reply *reply) {
    bool reply_of_a_call_around = swapci_around_answers(reply);
    SWAPC_CHECK(!reply_of_a_call_around);
}

void swapc_reply_fini(swapc_reply *reply) {
    SWAPC_CHECK(reply);
    check_owner(reply);
    swapci_heap_free(reply->storage);
    *reply = (swapc_reply)SWAPC_REPLY_INIT;
}

bool swapci_reply_room(swapc_reply *reply, size_t len) {
    if (len > reply->capacity) {
        /* Grown by half more than needed, so that slowly growing answers do not copy each time. */
        size_t capacity = len + len / 2;
        uint8_t *storage = swapci_heap_alloc(capacity);
        if (!storage) return false;
        swapci_heap_free(reply->storage);
        reply->storage = storage;
        reply->capacity = capacity;
    }
    reply->body = swapc_bytes_of(reply->storage, len);
    return true;
}

enum swapc_status swapc_reply_set(swapc_reply *reply, swapc_bytes bytes) {
    SWAPC_CHECK(reply);
    check_owner(reply);
    if (!swapci_reply_room(reply, bytes.len)) return SWAPC_NO_MEMORY;
    if (bytes.len > 0) memmove(reply->storage, bytes.ptr, bytes.len);
    return SWAPC_OK;
}
