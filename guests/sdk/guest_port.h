/* guest_port.h - the SDK's two faces to the host: wasm imports, or a native table of functions.
 *
 * guest.c is the SDK above these; guest_wasm.c or guest_native.c implements them and holds the
 * entry point, which ends in swapci_guest_enter.
 *
 * Threads and ownership: as in swapc/guest.h.
 */
#ifndef SWAPCI_GUEST_PORT_H
#define SWAPCI_GUEST_PORT_H

#include "swapc/guest.h"
#include "swapc/sys/native_module.h"

/* One call of a wasm guest (on its stack); one instance's state of a native module. */
struct swapc_guest {
    const struct swapc_native_imports *imports; /* native only */
    void *host;                                 /* native only */
    size_t request_end;                         /* wasm only: address where the answers may begin */
};

/* Fetches the request and runs the operation. Returns what __guest_call returns. */
int32_t swapci_guest_enter(swapc_guest *g, uint32_t op_len, uint32_t msg_len);

/* The memory of one purpose (enum swapc_native_scratch): len bytes, or NULL when there are none.
 * The request's comes first; the answer's is void after the next one's. */
uint8_t *swapci_port_scratch(swapc_guest *g, uint32_t purpose, size_t len);

/* The waPC imports, as in swapc/sys/native_module.h. */
void swapci_port_request(swapc_guest *g, uint8_t *operation, uint8_t *message);
void swapci_port_response(swapc_guest *g, swapc_bytes response);
void swapci_port_error(swapc_guest *g, swapc_bytes error);
int32_t swapci_port_host_call(swapc_guest *g, swapc_bytes binding, swapc_bytes ns,
                              swapc_bytes operation, swapc_bytes payload);
size_t swapci_port_answer_len(swapc_guest *g, int32_t ok);
void swapci_port_answer(swapc_guest *g, int32_t ok, uint8_t *out);
void swapci_port_console(swapc_guest *g, swapc_bytes line);

#endif
