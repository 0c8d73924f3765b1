/* sha256.h - SHA-256 of one run of bytes (FIPS 180-4), freestanding.
 *
 * Threads: pure.
 */
#ifndef SWAPCI_SHA256_H
#define SWAPCI_SHA256_H

#include "swapc/bytes.h"

void swapci_sha256(swapc_bytes message, uint8_t digest[32]);

#endif
