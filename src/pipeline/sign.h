/* sign.h - signs messages with the keys of a keyring, and spoils them on purpose.
 *
 * What is signed is SHA-256 of the message: BIP-340 with fresh auxiliary randomness, or ECDSA with
 * low s in DER, nonces of RFC 6979.
 *
 * Threads: a signing context is read by any number of threads, once it is made.
 * Ownership: new/free; a signature's key is borrowed from the context. Secrets are wiped by free.
 */
#ifndef SWAPCI_SIGN_H
#define SWAPCI_SIGN_H

#include "buffer.h"
#include "keyring.h"
#include "record.h"

typedef struct swapci_sign swapci_sign;

/* Prepares the keys; the keyring is not needed afterwards. Returns SWAPC_OK, SYSTEM, NO_MEMORY. */
enum swapc_status swapci_sign_new(const swapci_keyring *keys, swapci_sign **out,
                                  swapc_error *error);
void swapci_sign_free(swapci_sign *sign); /* NULL does nothing */

size_t swapci_sign_keys(const swapci_sign *sign); /* at least 1 */

typedef struct swapci_signature {
    swapc_bytes key; /* borrowed: 32 bytes x-only for Schnorr, 33 compressed for ECDSA */
    size_t len;
    uint8_t bytes[SWAPCI_RECORD_SIGNATURE_MAX];
} swapci_signature;

/* Signs message by the key of that index (below swapci_sign_keys). Allocates nothing.
 * Returns SWAPC_OK, SYSTEM when the library fails to sign. */
enum swapc_status swapci_sign_message(const swapci_sign *sign, size_t key,
                                      enum swapci_method method, swapc_bytes message,
                                      swapci_signature *out, swapc_error *error);

/* Puts message into out with one bit flipped, chosen by random; an empty one gains a byte. What out
 * held is dropped. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_sign_tamper(swapc_bytes message, uint64_t random, swapci_buffer *out);

#endif
