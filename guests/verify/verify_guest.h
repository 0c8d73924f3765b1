/* verify_guest.h - what the modules of all signature methods do alike.
 *
 * verify_message and verify_raw take the request of src/codec/verify_message.h. A payload that is
 * none is a guest error; an oper other than One is the status Error with payload_back "11111"; a
 * signature that is no hexadecimal text, or is too long for any method, is the status Error. The
 * rest is the method's: a module gives a function that decides.
 *
 * Threads: pure. Ownership: the views are borrowed for the call.
 */
#ifndef SWAPCI_VERIFY_GUEST_H
#define SWAPCI_VERIFY_GUEST_H

#include "swapc/guest.h"
#include "verify_message.h"

/* The longest signature of any method: ECDSA's in DER. */
#define SWAPCI_SIGNATURE_MAX 72

/* VALID: right. NOT_VALID: well formed and wrong. ERROR: key, signature or message not well formed.
 * key is at most SWAPCI_VERIFY_KEY_MAX bytes, signature at most SWAPCI_SIGNATURE_MAX. */
typedef enum swapci_verify_status (*swapci_verify_fn)(swapc_bytes message, swapc_bytes signature,
                                                      swapc_bytes key);

/* The handlers' bodies: the signed value is SHA-256 of the message, or the message itself. */
int32_t swapci_guest_verify_message(swapc_guest *g, swapc_bytes request, swapci_verify_fn verify);
int32_t swapci_guest_verify_raw(swapc_guest *g, swapc_bytes request, swapci_verify_fn verify);

/* The parts of it, for other operations. Reads the hexadecimal signature. Returns 1; or 0 when it is no
 * hexadecimal text, or longer than any. */
int swapci_guest_signature(const struct swapci_verify_request *request,
                           uint8_t out[SWAPCI_SIGNATURE_MAX]);

/* Answers with that status, and with its payload_back: "Error" or "Ok". */
int32_t swapci_guest_answer(swapc_guest *g, enum swapci_verify_status status);

/* Both 32 bytes, big-endian. Returns 1 when 0 < value < bound. */
int swapci_in_range(const uint8_t *value, const uint8_t *bound);

/* The order of secp256k1's group and the characteristic of its field, big-endian. */
extern const uint8_t swapci_secp256k1_n[32];
extern const uint8_t swapci_secp256k1_p[32];

#endif
