/* vector_set.h - how the readers of the two files fill a set.
 *
 * Threads and ownership: as in vectors.h.
 */
#ifndef SWAPCI_VECTOR_SET_H
#define SWAPCI_VECTOR_SET_H

#include "vectors.h"

/* Returns an empty set of vectors for one module and operation (static strings), or NULL. */
struct swapci_vectors *swapci_vectors_new(const char *module, const char *operation);

/* Adds one; everything is copied. Returns SWAPC_OK or NO_MEMORY. */
enum swapc_status swapci_vectors_add(struct swapci_vectors *vectors, const char *name,
                                     const struct swapci_verify_request *request,
                                     enum swapci_verify_status expected);

/* Returns len / 2 bytes of hexadecimal text in *out, to be freed, or CORRUPT, NO_MEMORY. */
enum swapc_status swapci_vectors_unhex(swapc_bytes hex, swapc_bytes *out);

#endif
