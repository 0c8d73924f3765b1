/* @NAME@ - a waPC module: a table of operations, each a function from bytes to bytes.
 *
 * swapc/guest.h says what a guest can do: answer, fail with a text, call the host, get memory for
 * its work, write a line to its console. There is no heap and no C library but memcpy, memmove,
 * memset, memcmp and strlen. The native flavour has all of the C library: what is for debugging
 * only, printf for one, stands between #ifndef __wasm__ and #endif.
 */
#include "swapc/guest.h"

static int32_t answer(swapc_guest *g, swapc_bytes name) {
    static const char hello[] = "hello, ";
    uint8_t text[128];
    size_t len = sizeof hello - 1;
    if (name.len > sizeof text - len)
        return swapc_guest_fail_text(g, "a name has at most 121 bytes");
    memcpy(text, hello, len);
    if (name.len > 0) memcpy(text + len, name.ptr, name.len);
    return swapc_guest_respond(g, swapc_bytes_of(text, len + name.len));
}

const swapc_guest_operation swapc_guest_operations[] = {{"@NAME@", answer}, {0, 0}};
