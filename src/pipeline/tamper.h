/* tamper.h - spoils messages on purpose, so that a run can show what NotValid looks like.
 *
 * Threads: pure functions.
 */
#ifndef SWAPCI_TAMPER_H
#define SWAPCI_TAMPER_H

#include "buffer.h"

/* Puts message into out with one bit flipped, chosen by random; an empty one gains a byte. What out
 * held is dropped. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_tamper(swapc_bytes message, uint64_t random, swapci_buffer *out);

#endif
