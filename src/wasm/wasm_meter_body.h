/* wasm_meter_body.h - what wasm_meter.c and wasm_meter_body.c share: the module being written.
 *
 * Writing never fails on the spot: the first failure stays in status, and nothing is written after.
 *
 * Threads: one at a time.
 */
#ifndef SWAPCI_WASM_METER_BODY_H
#define SWAPCI_WASM_METER_BODY_H

#include "buffer.h"
#include "wasm_reader.h"

#define SWAPCI_METER_NUMBER 5u /* bytes of a number that is written before its value is known */

struct swapci_meter {
    swapci_buffer *out;
    swapc_error *error;
    enum swapc_status status;
    uint32_t type;     /* index of () -> i32 */
    uint32_t imported; /* functions; the index of tick as well */
    uint32_t globals;  /* so many were there: the index of the budget, the scratch is the next */
};

void swapci_meter_put(struct swapci_meter *m, const void *bytes, size_t len);
void swapci_meter_put_byte(struct swapci_meter *m, uint8_t byte);
/* LEB128, as short as it can be (good for signed ones below 64 as well). */
void swapci_meter_put_number(struct swapci_meter *m, uint32_t value);
/* Leaves room for a number and returns where; set fills it in. */
size_t swapci_meter_put_later(struct swapci_meter *m);
void swapci_meter_set(struct swapci_meter *m, size_t at, uint32_t value);
/* A function index, as it is in the metered module. */
void swapci_meter_put_function(struct swapci_meter *m, struct swapci_wasm_reader *r);
/* Copies what r has read since from. */
void swapci_meter_put_since(struct swapci_meter *m, const struct swapci_wasm_reader *r,
                            const uint8_t *from);

void swapci_meter_unsupported(struct swapci_meter *m, const char *what);

/* Writes the body (without its size) that r holds from beginning to end. r->bad when it is
 * damaged. */
void swapci_meter_body(struct swapci_meter *m, struct swapci_wasm_reader *r);

#endif
