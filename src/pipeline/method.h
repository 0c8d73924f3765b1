/* method.h - the signature methods: one row each, and nowhere else a list of them.
 *
 * A method is a file of its own with one row (method_schnorr.c) and a line in method_table.c; what
 * asks "which method?" asks the row: the command line's choices, the generator's drawing, records,
 * keyring, judges, bound and benches. Its module is a bundle (guests/NAME).
 *
 * What is signed is SHA-256 of the message, by every method.
 *
 * Threads: rows and table are const; pure functions.
 * Ownership: everything is static; a signature's key is borrowed from the key pairs.
 */
#ifndef SWAPCI_METHOD_H
#define SWAPCI_METHOD_H

#include <stdbool.h>
#include <stdint.h>

#include "key_form.h"
#include "key_pairs.h"
#include "swapc/bytes.h"
#include "swapc/error.h"

enum {
    SWAPCI_METHODS_MAX = 8,        /* rows: arrays by a method's number have so many places */
    SWAPCI_DIGEST_SIZE = 32,       /* bytes: SHA-256 */
    SWAPCI_SIGNATURE_SIZE_MAX = 72 /* bytes, of any method */
};

#define SWAPCI_METHOD_RANDOM "random" /* no method: each message draws one */

typedef struct swapci_signature {
    swapc_bytes key; /* borrowed: the public key, in the method's form */
    size_t len;
    uint8_t bytes[SWAPCI_SIGNATURE_SIZE_MAX];
} swapci_signature;

typedef struct swapci_method {
    const char *name; /* in options, in the field `method` of messages and verdicts, of its slot */
    const char *module; /* the bundle that judges its signatures */
    enum swapci_key_form key_form;
    uint8_t signature_min, signature_max; /* bytes */
    /* Signs a digest of SWAPCI_DIGEST_SIZE bytes by the pair of that index. Called by any thread, of
     * several at once; does not block and allocates nothing. Out: all of *out. Returns false when
     * the library makes no signature; *out is then undefined. */
    bool (*sign)(const swapci_key_pairs *pairs, size_t pair, const uint8_t *digest,
                 swapci_signature *out);
} swapci_method;

/* The rows. A method's number is its place here, and byte 1 of a record: rows are only ever appended. */
extern const swapci_method *const swapci_method_table[];
extern const unsigned swapci_method_count; /* 1 to SWAPCI_METHODS_MAX */

/* The method's place in the table. */
unsigned swapci_method_number(const swapci_method *method);

/* The method of that name, or NULL. */
const swapci_method *swapci_method_find(swapc_bytes name);

/* The methods that an option's value means: 1 << number, or-ed; all for "random", 0 for no method. */
unsigned swapci_method_set(const char *text);

/* The method that a random number draws: each with the same chance. */
const swapci_method *swapci_method_draw(uint64_t random);

/* Writes what swapci_method_set takes, for people: "schnorr, ecdsa or random". Returns out. */
const char *swapci_method_list(char *out, size_t size);

/* Signs message by the pair of that index (below swapci_key_pairs_count). Allocates nothing.
 * Returns SWAPC_OK, SYSTEM when the library fails to sign. */
enum swapc_status swapci_method_sign(const swapci_method *method, const swapci_key_pairs *pairs,
                                     size_t pair, swapc_bytes message, swapci_signature *out,
                                     swapc_error *error);

#endif
