/* record.h - one signed message as it travels from signer to verifier: through the ring, and as the
 * field of an entry of P:signed.
 *
 * Format, little-endian, version 1: a head of 48 bytes, then key, signature and message, nothing
 * behind them.
 *     0 u8 version    1 u8 method         2 u8 key length   3 u8 signature length
 *     4 u32 message length                8 u32 deliveries  12 u32 flags
 *    16 u64 id, ms   24 u64 id, sequence 32 u64 t_us       40 u64 zero
 *
 * Threads: pure functions.
 * Ownership: a decoded record borrows from the bytes that it was decoded from.
 * It carries no proof of anything: whether the key is a known one and the signature right is the
 * verifier's matter.
 */
#ifndef SWAPCI_RECORD_H
#define SWAPCI_RECORD_H

#include "method.h"
#include "stream.h"

enum {
    SWAPCI_RECORD_HEAD = 48, /* bytes before the key */
    SWAPCI_RECORD_KEY_MAX = SWAPCI_KEY_SIZE_MAX,
    SWAPCI_RECORD_SIGNATURE_MAX = SWAPCI_SIGNATURE_SIZE_MAX
};
#define SWAPCI_RECORD_MESSAGE_MAX UINT32_MAX /* bytes; rings and Redis allow less */

enum {
    SWAPCI_RECORD_TAMPERED = 1,
    SWAPCI_RECORD_ALONE = 2 /* no other call runs beside this one */
}; /* flags: no other bit may be set */

typedef struct swapci_record {
    swapci_stream_id id;         /* of the message */
    const swapci_method *method; /* never NULL in a decoded one */
    uint32_t deliveries;         /* of the message to signers so far, this one included */
    uint32_t flags;              /* SWAPCI_RECORD_... */
    uint64_t t_us;         /* when the message was added, microseconds since 1970; 0: unknown */
    swapc_bytes key;       /* in the method's form */
    swapc_bytes signature; /* of the method's lengths */
    swapc_bytes message;
} swapci_record;

/* Bytes of the encoded record. */
size_t swapci_record_size(const swapci_record *record);

/* Writes record into out. Out: *len.
 * Returns SWAPC_OK, INVALID (a field is outside its limits), TOO_LARGE (does not fit size). */
enum swapc_status swapci_record_encode(const swapci_record *record, uint8_t *out, size_t size,
                                       size_t *len, swapc_error *error);

/* Reads a record. Lengths and kinds are checked, contents are not.
 * Returns SWAPC_OK, UNSUPPORTED (of another release: version, method, flags, or what is 0 here), CORRUPT. After failure *out is undefined. */
enum swapc_status swapci_record_decode(swapc_bytes bytes, swapci_record *out, swapc_error *error);

#endif
