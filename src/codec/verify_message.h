/* verify_message.h - the operation `verify_message` (and `verify_raw`) as bytes.
 *
 * The request is a MessagePack map {rmessage, smessage, vkey, id, oper}, the response a map
 * {payload_back, status}. Host and guests share this code; nothing is allocated.
 *
 * Decoding accepts what the original system's decoder (serde, rmp) accepts:
 *   - the map in any order, keys as str or bin or as the field's index; unknown keys are ignored;
 *     or an array of exactly the fields, in the order above;
 *   - rmessage, smessage and payload_back as str or bin (any bytes); vkey as bin or as an array of
 *     integers from 0 to 255; id as any integer; oper and status as their names or indices, or as a map
 *     of one pair {name or index: nil}, as rmp-serde writes a variant;
 *   - bytes after the document are ignored.
 * A field missing or twice, or one of another type or value, is no such document. Only vkey and
 * smessage may hold anything: what they mean is for the module to say.
 *
 * Threads: none shared.
 * Ownership: decoded views borrow from the input or from the struct itself, so it is not copied.
 */
#ifndef SWAPCI_VERIFY_MESSAGE_H
#define SWAPCI_VERIFY_MESSAGE_H

#include "messagepack.h"

/* The longest key of any method (SEC1 uncompressed). */
#define SWAPCI_VERIFY_KEY_MAX 65

enum swapci_verify_oper {
    SWAPCI_VERIFY_ONE = 0, /* verify: the only one a module does */
    SWAPCI_VERIFY_TWO = 1,
    SWAPCI_VERIFY_THREE = 2
};

enum swapci_verify_status {
    SWAPCI_VERIFY_VALID = 0,
    SWAPCI_VERIFY_NOT_VALID = 1,
    SWAPCI_VERIFY_ERROR = 2
};

struct swapci_verify_request {
    swapc_bytes message;   /* rmessage */
    swapc_bytes signature; /* smessage: hexadecimal text */
    swapc_bytes key; /* vkey; longer than SWAPCI_VERIFY_KEY_MAX: its bytes are not to be read */
    uint64_t id;     /* a negative one as its two's complement */
    enum swapci_verify_oper oper;
    uint8_t key_storage[SWAPCI_VERIFY_KEY_MAX]; /* of a vkey that came as an array */
};

struct swapci_verify_response {
    swapc_bytes payload_back;
    enum swapci_verify_status status;
};

/* Returns 1, or 0 when payload is no such document (*out is then undefined). */
int swapci_verify_request_decode(swapc_bytes payload, struct swapci_verify_request *out);
int swapci_verify_response_decode(swapc_bytes payload, struct swapci_verify_response *out);

/* Reads one document where the reader stands, and leaves it behind it. Returns 1; or 0 when none is
 * there, the reader anywhere. */
int swapci_verify_request_read(struct swapci_mp_reader *r, struct swapci_verify_request *out);
int swapci_verify_response_read(struct swapci_mp_reader *r, struct swapci_verify_response *out);

/* Write the map: rmessage as str when it is UTF-8 and else as bin, vkey as bin, names for the rest.
 * Returns its length; when that is more than size, nothing that is complete was written. */
size_t swapci_verify_request_encode(const struct swapci_verify_request *request, uint8_t *out,
                                    size_t size);
size_t swapci_verify_response_encode(const struct swapci_verify_response *response, uint8_t *out,
                                     size_t size);

/* A request of these message, signature and key lengths encodes to at most this many bytes. */
#define SWAPCI_VERIFY_REQUEST_MAX(message_len, signature_len, key_len)                             \
    ((size_t)(message_len) + (size_t)(signature_len) + (size_t)(key_len) + 80)

/* Returns the name on the wire, "Valid", "NotValid", "Error". Static. */
const char *swapci_verify_status_name(enum swapci_verify_status status);

#endif
