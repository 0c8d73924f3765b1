/* key_pairs.h - the keys of a keyring, prepared for signing.
 *
 * Threads: read by any number of threads, once they are made.
 * Ownership: new/free. Secrets are wiped by free.
 */
#ifndef SWAPCI_KEY_PAIRS_H
#define SWAPCI_KEY_PAIRS_H

#include "keyring.h"

typedef struct swapci_key_pairs swapci_key_pairs;

/* Prepares the keys; the keyring is not needed afterwards. Returns SWAPC_OK, SYSTEM, NO_MEMORY; after
 * failure *out is untouched. */
enum swapc_status swapci_key_pairs_new(const swapci_keyring *keys, swapci_key_pairs **out,
                                       swapc_error *error);
void swapci_key_pairs_free(swapci_key_pairs *pairs); /* NULL does nothing */

size_t swapci_key_pairs_count(const swapci_key_pairs *pairs); /* at least 1 */

#endif
