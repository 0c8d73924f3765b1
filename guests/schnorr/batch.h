/* batch.h - BIP-340 batch verification: are all of these signatures right?
 *
 * One multiplication of many points in place of two for each signature:
 *
 *     (sum a_i s_i) G  =  sum a_i R_i  +  sum (a_i e_i) P_i
 *
 * The weights a_i (the first is 1, the others 128 bits) come from a hash over the whole batch, so
 * that nobody can choose signatures whose errors cancel. Terms of one key are added up before they
 * are multiplied. The answer is the conjunction of what secp256k1_schnorrsig_verify says of each,
 * but for a chance below 2^-127.
 *
 * Threads: pure. Ownership: all is the caller's; nothing is allocated.
 */
#ifndef SWAPCI_SCHNORR_BATCH_H
#define SWAPCI_SCHNORR_BATCH_H

#include <stdbool.h>

#include "swapc/bytes.h"

struct swapci_schnorr_member {
    swapc_bytes message; /* what was signed; may be digest */
    uint8_t signature[64];
    uint8_t key[32]; /* x-only */
    uint8_t digest[32];
};

/* Larger batches gain little more. */
#define SWAPCI_SCHNORR_BATCH_MAX 4096

/* The bytes of working memory for a batch of count members (at most SWAPCI_SCHNORR_BATCH_MAX). */
size_t swapci_schnorr_batch_arena(size_t count);

/* arena: that many bytes, aligned for any type. Returns whether every signature is right; false also
 * where a key or a signature is not well formed. No members: true. */
bool swapci_schnorr_batch_valid(const struct swapci_schnorr_member *members, size_t count,
                                void *arena);

#endif
