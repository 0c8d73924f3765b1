/* der.h - an ECDSA signature in strict DER.
 *
 * SEQUENCE { INTEGER r, INTEGER s }, nothing after it, every length in its one short form, both
 * integers not negative, in their fewest bytes and of at most 256 bits.
 *
 * Threads: pure.
 */
#ifndef SWAPCI_DER_H
#define SWAPCI_DER_H

#include "swapc/bytes.h"

/* Writes r and s, 32 bytes each, big-endian. Returns 1, or 0 when der is no such signature. */
int swapci_der_read(swapc_bytes der, uint8_t compact[64]);

#endif
