/* rpc_wire.h - gRPC's byte buffers to and from plain bytes. Only for the files of src/rpc.
 *
 * Threads: pure.
 */
#ifndef SWAPCI_RPC_WIRE_H
#define SWAPCI_RPC_WIRE_H

#include "swapc/bytes.h"
#include "swapc/error.h"

#include <grpc/grpc.h>

/* Returns a buffer with a copy of bytes; grpc_byte_buffer_destroy frees it. */
grpc_byte_buffer *swapci_rpc_wire_pack(swapc_bytes bytes);

/* Copies the message in wire to *out, which the caller gives to free(); never NULL on success.
 * Returns OK, NO_MEMORY, PROTOCOL (it cannot be decompressed). After failure *out is NULL. */
enum swapc_status swapci_rpc_wire_unpack(grpc_byte_buffer *wire, uint8_t **out, size_t *len);

/* Copies text of slice to out (size bytes, at least 1), cut at the end, NUL-terminated. */
void swapci_rpc_wire_text(grpc_slice slice, char *out, size_t size);

/* Returns the instant timeout_ms from now; 0 means never. */
gpr_timespec swapci_rpc_wire_deadline(unsigned timeout_ms);

/* An integer option for a channel or server; key is one of gRPC's GRPC_ARG_ strings. */
grpc_arg swapci_rpc_wire_option(const char *key, int value);

#endif
