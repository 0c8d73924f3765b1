/* key_pairs_impl.h - what a method signs with.
 *
 * Threads, ownership: see key_pairs.h. Only methods look inside.
 */
#ifndef SWAPCI_KEY_PAIRS_IMPL_H
#define SWAPCI_KEY_PAIRS_IMPL_H

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>

#include "key_form.h"
#include "key_pairs.h"

typedef struct swapci_key_pair {
    secp256k1_keypair pair; /* made once: it costs half a signature */
    uint8_t secret[SWAPCI_SECRET_SIZE];
    uint8_t compressed[SWAPCI_KEY_COMPRESSED_SIZE];
    uint8_t x[SWAPCI_KEY_X_ONLY_SIZE];
} swapci_key_pair;

struct swapci_key_pairs {
    secp256k1_context *context;
    size_t count;
    swapci_key_pair pairs[];
};

#endif
