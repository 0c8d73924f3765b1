#include "tamper.h"

enum swapc_status swapci_tamper(swapc_bytes message, uint64_t random, swapci_buffer *out) {
    swapci_buffer_clear(out);
    if (message.len == 0) return swapci_buffer_append_u8(out, (uint8_t)random);
    enum swapc_status status = swapci_buffer_append(out, message);
    if (status != SWAPC_OK) return status;
    uint64_t bit = random % ((uint64_t)message.len * 8);
    out->ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    return SWAPC_OK;
}
