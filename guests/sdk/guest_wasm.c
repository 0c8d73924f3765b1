#include "guest_port.h"

#define PAGE 65536u
#define ALIGN 16u

#define IMPORT(name) __attribute__((import_module("wapc"), import_name(name)))

IMPORT("__guest_request") void wapc_guest_request(void *operation, void *message);
IMPORT("__guest_response") void wapc_guest_response(const void *ptr, size_t len);
IMPORT("__guest_error") void wapc_guest_error(const void *ptr, size_t len);
IMPORT("__host_call")
int32_t wapc_host_call(const void *binding, size_t binding_len, const void *ns, size_t ns_len,
                       const void *operation, size_t operation_len, const void *ptr, size_t len);
IMPORT("__host_response_len") size_t wapc_host_response_len(void);
IMPORT("__host_response") void wapc_host_response(void *ptr);
IMPORT("__host_error_len") size_t wapc_host_error_len(void);
IMPORT("__host_error") void wapc_host_error(void *ptr);
IMPORT("__console_log") void wapc_console_log(const void *ptr, size_t len);

#ifdef SWAPC_GUEST_LIBC

#include <stdlib.h>

/* The heap is malloc's. A block for each purpose, kept for the next call. */
uint8_t *swapci_port_scratch(swapc_guest *g, uint32_t purpose, size_t len) {
    static struct {
        uint8_t *at;
        size_t size;
    } blocks[SWAPC_NATIVE_SCRATCH_COUNT];
    (void)g;
    if (len > blocks[purpose].size || !blocks[purpose].at) {
        size_t size = len > 0 ? len : 1;
        free(blocks[purpose].at);
        blocks[purpose].at = malloc(size);
        blocks[purpose].size = blocks[purpose].at ? size : 0;
    }
    return blocks[purpose].at;
}

#else

/* Set by the linker: where the data and the stack end and free memory begins. */
extern uint8_t swapci_heap_base __asm__("__heap_base");

/* The free memory is used afresh by each call: the request at its start, an answer behind it. */
uint8_t *swapci_port_scratch(swapc_guest *g, uint32_t purpose, size_t len) {
    uint64_t start =
        purpose == SWAPC_NATIVE_SCRATCH_REQUEST ? (size_t)&swapci_heap_base : g->request_end;
    start = (start + ALIGN - 1) / ALIGN * ALIGN;
    uint64_t end = start + len;
    uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
    if (end > UINT32_MAX) return NULL;
    if (end > have &&
        __builtin_wasm_memory_grow(0, (size_t)((end - have + PAGE - 1) / PAGE)) == SIZE_MAX)
        return NULL;
    if (purpose == SWAPC_NATIVE_SCRATCH_REQUEST) g->request_end = (size_t)end;
    return (uint8_t *)(size_t)start;
}

#endif

void swapci_port_request(swapc_guest *g, uint8_t *operation, uint8_t *message) {
    (void)g;
    wapc_guest_request(operation, message);
}

void swapci_port_response(swapc_guest *g, swapc_bytes response) {
    (void)g;
    wapc_guest_response(response.ptr, response.len);
}

void swapci_port_error(swapc_guest *g, swapc_bytes error) {
    (void)g;
    wapc_guest_error(error.ptr, error.len);
}

int32_t swapci_port_host_call(swapc_guest *g, swapc_bytes binding, swapc_bytes ns,
                              swapc_bytes operation, swapc_bytes payload) {
    (void)g;
    return wapc_host_call(binding.ptr, binding.len, ns.ptr, ns.len, operation.ptr, operation.len,
                          payload.ptr, payload.len);
}

size_t swapci_port_answer_len(swapc_guest *g, int32_t ok) {
    (void)g;
    return ok ? wapc_host_response_len() : wapc_host_error_len();
}

void swapci_port_answer(swapc_guest *g, int32_t ok, uint8_t *out) {
    (void)g;
    if (ok) wapc_host_response(out);
    else wapc_host_error(out);
}

void swapci_port_console(swapc_guest *g, swapc_bytes line) {
    (void)g;
    wapc_console_log(line.ptr, line.len);
}

__attribute__((export_name("__guest_call"))) int32_t swapci_guest_call(uint32_t op_len,
                                                                       uint32_t msg_len);

int32_t swapci_guest_call(uint32_t op_len, uint32_t msg_len) {
    swapc_guest g = {NULL, NULL, 0};
    return swapci_guest_enter(&g, op_len, msg_len);
}
