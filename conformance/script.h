/* script.h - turns a case's steps into the bytes that the guest "script" follows.
 *
 * A step is a line, "guest_response 0 65537": an instruction and its i32 arguments, decimal or 0x…,
 * negative ones too; "$0" stands for a value of the case's row. "put PTR TEXT" writes text into the
 * guest's memory, with \xNN for any byte; "repeat N STEP" is the step N times; "return N" ends.
 *
 * Threads: any.
 */
#ifndef SWAPCI_CONFORMANCE_SCRIPT_H
#define SWAPCI_CONFORMANCE_SCRIPT_H

#include "buffer.h"

#define SWAPCI_ROW_MAX 4

/* The values of one row; count 0 when the case has none. */
struct swapci_script_row {
    uint32_t value[SWAPCI_ROW_MAX];
    size_t count;
};

/* Appends the step's bytes. Returns SWAPC_OK, NO_MEMORY, or CORRUPT quoting the step. */
enum swapc_status swapci_script_step(const char *step, const struct swapci_script_row *row,
                                     swapci_buffer *out, swapc_error *error);

/* Appends text with its \xNN escapes resolved. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_script_text(const char *text, swapci_buffer *out);

#endif
