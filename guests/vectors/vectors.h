/* vectors.h - published signature vectors as calls of our modules.
 *
 * BIP-340's csv goes through schnorr's verify_raw, Wycheproof's ECDSA json through ecdsa's
 * verify_message. The files say right or wrong; which wrong ones are NotValid (well formed) and
 * which Error is worked out by OpenSSL, which shares no code with the modules.
 * recorded.h holds the calls that were recorded of the original system.
 *
 * Threads: a set belongs to one thread at a time.
 * Ownership: what next gives is borrowed until the next one or the set's free.
 */
#ifndef SWAPCI_VECTORS_H
#define SWAPCI_VECTORS_H

#include "swapc/error.h"
#include "verify_message.h"

struct swapci_vector {
    const char *name;      /* "bip340 5: public key not on the curve" */
    const char *module;    /* "schnorr" or "ecdsa" */
    const char *operation; /* "verify_message" or "verify_raw" */
    swapc_bytes request;
    enum swapci_verify_status expected;
};

struct swapci_vectors;

/* Reads the file whole. Returns SWAPC_OK, NOT_FOUND, IO, CORRUPT (not such a file), NO_MEMORY.
 * *out is freed with swapci_vectors_free. */
enum swapc_status swapci_vectors_bip340(const char *path, struct swapci_vectors **out,
                                        swapc_error *error);
enum swapc_status swapci_vectors_wycheproof(const char *path, struct swapci_vectors **out,
                                            swapc_error *error);

/* Returns 1 and the next vector, or 0 after the last. */
int swapci_vectors_next(struct swapci_vectors *vectors, struct swapci_vector *out);

/* Returns how many there are. */
size_t swapci_vectors_count(const struct swapci_vectors *vectors);

/* NULL does nothing. */
void swapci_vectors_free(struct swapci_vectors *vectors);

#endif
