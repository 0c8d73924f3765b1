#include "guest_port.h"

#define NAME_MAX_SHOWN 128 /* bytes of an unknown operation's name that its error repeats */

int32_t swapc_guest_respond(swapc_guest *g, swapc_bytes response) {
    swapci_port_response(g, response);
    return 1;
}

int32_t swapc_guest_fail(swapc_guest *g, swapc_bytes error) {
    swapci_port_error(g, error);
    return 0;
}

void swapc_guest_console(swapc_guest *g, swapc_bytes line) {
    swapci_port_console(g, line);
}

void *swapc_guest_scratch(swapc_guest *g, size_t len) {
    return swapci_port_scratch(g, SWAPC_NATIVE_SCRATCH_ANSWER, len);
}

int32_t swapc_guest_host_call(swapc_guest *g, const char *binding, const char *ns,
                              const char *operation, swapc_bytes payload, swapc_bytes *answer) {
    int32_t ok = swapci_port_host_call(g, swapc_bytes_str(binding), swapc_bytes_str(ns),
                                       swapc_bytes_str(operation), payload);
    size_t len = swapci_port_answer_len(g, ok);
    *answer = swapc_bytes_of(NULL, 0);
    if (len == 0) return ok;
    uint8_t *at = swapci_port_scratch(g, SWAPC_NATIVE_SCRATCH_ANSWER, len);
    if (!at) {
        *answer = swapc_bytes_str("no memory for the host's answer");
        return 0;
    }
    swapci_port_answer(g, ok, at);
    *answer = swapc_bytes_of(at, len);
    return ok;
}

static int32_t unknown_operation(swapc_guest *g, swapc_bytes name) {
    static const char prefix[] = "unknown operation ";
    uint8_t text[sizeof prefix - 1 + NAME_MAX_SHOWN];
    size_t shown = name.len < NAME_MAX_SHOWN ? name.len : NAME_MAX_SHOWN;
    memcpy(text, prefix, sizeof prefix - 1);
    if (shown > 0) memcpy(text + sizeof prefix - 1, name.ptr, shown);
    return swapc_guest_fail(g, swapc_bytes_of(text, sizeof prefix - 1 + shown));
}

int32_t swapci_guest_enter(swapc_guest *g, uint32_t op_len, uint32_t msg_len) {
    uint64_t total = (uint64_t)op_len + msg_len;
    uint8_t *op = NULL;
    if (total <= INT32_MAX)
        op = swapci_port_scratch(g, SWAPC_NATIVE_SCRATCH_REQUEST, (size_t)total);
    if (!op) return swapc_guest_fail_text(g, "no memory for the request");
    swapci_port_request(g, op, op + op_len);
    swapc_bytes name = swapc_bytes_of(op, op_len);
    for (const swapc_guest_operation *row = swapc_guest_operations; row->name; row++)
        if (swapc_bytes_equal(name, swapc_bytes_str(row->name)))
            return row->handler(g, swapc_bytes_of(op + op_len, msg_len));
    return unknown_operation(g, name);
}
