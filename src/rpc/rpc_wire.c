#include "rpc_wire.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/time.h>
#include <stdlib.h>

grpc_byte_buffer *swapci_rpc_wire_pack(swapc_bytes bytes) {
    grpc_slice slice = grpc_slice_from_copied_buffer((const char *)bytes.ptr, bytes.len);
    grpc_byte_buffer *wire = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return wire;
}

enum swapc_status swapci_rpc_wire_unpack(grpc_byte_buffer *wire, uint8_t **out, size_t *len) {
    grpc_byte_buffer_reader reader;
    *out = NULL;
    *len = 0;
    if (!grpc_byte_buffer_reader_init(&reader, wire)) return SWAPC_PROTOCOL;
    grpc_slice all = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    size_t size = GRPC_SLICE_LENGTH(all);
    *out = malloc(size ? size : 1);
    if (*out) {
        *len = size;
        memcpy(*out, GRPC_SLICE_START_PTR(all), size);
    }
    grpc_slice_unref(all);
    return *out ? SWAPC_OK : SWAPC_NO_MEMORY;
}

void swapci_rpc_wire_text(grpc_slice slice, char *out, size_t size) {
    size_t len = GRPC_SLICE_LENGTH(slice);
    if (len >= size) len = size - 1;
    memcpy(out, GRPC_SLICE_START_PTR(slice), len);
    out[len] = 0;
}

gpr_timespec swapci_rpc_wire_deadline(unsigned timeout_ms) {
    if (timeout_ms == 0) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
}

grpc_arg swapci_rpc_wire_option(const char *key, int value) {
    /* gRPC's struct wants a writable key, but only reads it. */
    grpc_arg option = {.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
    return option;
}
