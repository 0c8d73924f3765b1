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

/* Makes count requests with right signatures: a name, signed by a fresh key each.
 * Returns SWAPC_OK, NO_MEMORY, SYSTEM. */
enum swapc_status swapci_samples_make(const swapci_method *method, unsigned count,
                                      struct swapci_samples *out, swapc_error *error);

/* Whether a response says Valid. */
bool swapci_samples_valid(swapc_bytes response);

void swapci_samples_fini(struct swapci_samples *samples);

#endif
