/* samples.h - signed requests to measure with.
 *
 * Threads: none shared. Ownership: fini frees all.
 */
#ifndef SWAPCI_SAMPLES_H
#define SWAPCI_SAMPLES_H

#include <stdbool.h>

#include "buffer.h"
#include "method.h"

struct swapci_samples {
    swapci_buffer storage;
    swapc_bytes *requests; /* MessagePack, as the translator sends them; views into storage */
    unsigned count;
};

/* As many keys as a pipeline's signer makes. */
enum { SWAPCI_SAMPLES_KEYS = 16 };

/* Makes count requests with right signatures: names with numbers, signed by fresh keys in turn.
 * Returns SWAPC_OK, NO_MEMORY, SYSTEM. */
enum swapc_status swapci_samples_make(const swapci_method *method, unsigned count, unsigned keys,
                                      struct swapci_samples *out, swapc_error *error);

/* Whether a response says Valid. */
bool swapci_samples_valid(swapc_bytes response);

/* Alters a letter of one request's message, in place: its signature is then wrong. Again: right. */
void swapci_samples_alter(struct swapci_samples *samples, unsigned index);

void swapci_samples_fini(struct swapci_samples *samples);

#endif
