/* echo 2.0.0 - answers an operation of the shipped echo in another way: in capitals. It is what a swap can be
 * seen by. README.md of the examples says how it is built. */
#include "swapc/guest.h"

static int32_t shout(swapc_guest *g, swapc_bytes request) {
    uint8_t *text = swapc_guest_scratch(g, request.len);
    if (request.len > 0 && !text) return swapc_guest_fail_text(g, "no memory for the answer");
    for (size_t i = 0; i < request.len; i++) {
        uint8_t c = request.ptr[i];
        text[i] = c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
    }
    return swapc_guest_respond(g, swapc_bytes_of(text, request.len));
}

const swapc_guest_operation swapc_guest_operations[] = {{"echo", shout}, {0, 0}};
