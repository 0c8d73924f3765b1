/* well_formed.h - is a key or a signature well formed, by OpenSSL's word?
 *
 * Threads: pure. Returns 1 well formed, 0 not, -1 no memory.
 */
#ifndef SWAPCI_WELL_FORMED_H
#define SWAPCI_WELL_FORMED_H

#include "swapc/bytes.h"

/* 64 bytes, r < p and 0 < s < n. */
int swapci_well_formed_bip340_signature(swapc_bytes signature);
/* 32 bytes, the x of a point of secp256k1. */
int swapci_well_formed_bip340_key(swapc_bytes key);
/* DER and nothing after it, 0 < r < n and 0 < s < n. */
int swapci_well_formed_ecdsa_signature(swapc_bytes der);
/* 33 or 65 bytes, a point of secp256k1, not hybrid. */
int swapci_well_formed_ecdsa_key(swapc_bytes key);

#endif
