#include "guest_port.h"

uint8_t *swapci_port_scratch(swapc_guest *g, uint32_t purpose, size_t len) {
    return g->imports->scratch(g->host, purpose, len);
}

void swapci_port_request(swapc_guest *g, uint8_t *operation, uint8_t *message) {
    g->imports->guest_request(g->host, operation, message);
}

void swapci_port_response(swapc_guest *g, swapc_bytes response) {
    g->imports->guest_response(g->host, response.ptr, response.len);
}

void swapci_port_error(swapc_guest *g, swapc_bytes error) {
    g->imports->guest_error(g->host, error.ptr, error.len);
}

int32_t swapci_port_host_call(swapc_guest *g, swapc_bytes binding, swapc_bytes ns,
                              swapc_bytes operation, swapc_bytes payload) {
    return g->imports->host_call(g->host, binding.ptr, binding.len, ns.ptr, ns.len, operation.ptr,
                                 operation.len, payload.ptr, payload.len);
}

size_t swapci_port_answer_len(swapc_guest *g, int32_t ok) {
    return ok ? g->imports->host_response_len(g->host) : g->imports->host_error_len(g->host);
}

void swapci_port_answer(swapc_guest *g, int32_t ok, uint8_t *out) {
    if (ok) g->imports->host_response(g->host, out);
    else g->imports->host_error(g->host, out);
}

void swapci_port_console(swapc_guest *g, swapc_bytes line) {
    g->imports->console_log(g->host, line.ptr, line.len);
}

static int32_t native_init(void *state, const struct swapc_native_imports *imports, void *host) {
    swapc_guest *g = state;
    if (imports->abi != SWAPC_NATIVE_ABI) return 0;
    g->imports = imports;
    g->host = host;
    return 1;
}

static int32_t native_call(void *state, uint32_t op_len, uint32_t msg_len) {
    return swapci_guest_enter(state, op_len, msg_len);
}

__attribute__((visibility("default"))) extern const struct swapc_native_module swapc_native_module;

const struct swapc_native_module swapc_native_module = {SWAPC_NATIVE_ABI, sizeof(swapc_guest),
                                                        native_init, native_call};
