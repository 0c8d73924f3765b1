/* keyring.h - the signer's secret keys, and the public ones that a verifier knows.
 *
 * `keys` holds the secrets, for the signer alone; `keys.pub` beside it holds their public keys and
 * is all that a verifier reads. A record whose key is not in it is NotValid, whatever its
 * signature.
 *
 * `keys` is readable by its owner alone, or where that is meant by its group too (SWAPCI_KEYS_GROUP), as secrets
 * come in containers; its owner is this user or root.
 *
 * Format of both: text lines; the first is `swapc-keys 1`, or `swapc-keys-pub 1`. Blank lines and
 * lines that begin with # are skipped. A line of `keys` is a secret key, 64 hex digits; one of
 * `keys.pub` is a public key twice: x-only, 64 digits, a blank, compressed, 66 digits.
 *
 * Threads: loading and freeing by one thread; a loaded ring is read by any number of threads.
 * Ownership: `out` is freed by the matching free, which wipes secrets. No error text holds one.
 * Limits: SWAPCI_KEYRING_MAX keys; a file of at most 1 MiB.
 */
#ifndef SWAPCI_KEYRING_H
#define SWAPCI_KEYRING_H

#include "key_form.h"
#include "swapc/bytes.h"
#include "swapc/error.h"

enum swapci_keys_mode { SWAPCI_KEYS_PRIVATE, SWAPCI_KEYS_GROUP };

enum { SWAPCI_KEYRING_MAX = 4096, SWAPCI_SECRET_SIZE = 32 };

typedef struct swapci_keyring swapci_keyring;

/* Reads the secrets at path. A missing file is made first, with `make` random keys and mode 0600 (0640),
 * in one step: two processes that start at once get the same. Then PATH.pub is made, or brought
 * up to date when it is not what belongs to the secrets.
 * Returns NOT_FOUND (missing, and make is 0), INVALID (others than mode says can read it; a line that is no key,
 * by its number; no key at all), IO, SYSTEM, NO_MEMORY. After failure *out is untouched. */
enum swapc_status swapci_keyring_load(const char *path, enum swapci_keys_mode mode, unsigned make,
                                      swapci_keyring **out, swapc_error *error);
void swapci_keyring_free(swapci_keyring *ring); /* NULL does nothing */

size_t swapci_keyring_count(const swapci_keyring *ring); /* at least 1 */

/* Secret key number i: SWAPCI_SECRET_SIZE bytes, from 1 to n - 1. Borrowed. */
const uint8_t *swapci_keyring_secret(const swapci_keyring *ring, size_t i);

typedef struct swapci_keyring_public swapci_keyring_public;

/* Whether a file of this name in a folder of keys is read: *.pub, not hidden. */
bool swapci_keyring_is_public_name(const char *name);

/* Reads public keys, from a file, or a folder with *.pub files, of which each must be good; needs no
 * secret. A file that others can write is refused.
 * Returns NOT_FOUND, INVALID, IO, NO_MEMORY as above. */
enum swapc_status swapci_keyring_public_load(const char *path, swapci_keyring_public **out,
                                             swapc_error *error);
void swapci_keyring_public_free(swapci_keyring_public *keys); /* NULL does nothing */

/* Whether both were read from the same lines in the same order. */
bool swapci_keyring_public_equal(const swapci_keyring_public *a, const swapci_keyring_public *b);

size_t swapci_keyring_public_count(const swapci_keyring_public *keys); /* lines; at least 1 */

/* Whether key, in that form, is one of them; one of a length that the form has not is none. */
bool swapci_keyring_public_has(const swapci_keyring_public *keys, enum swapci_key_form form,
                               swapc_bytes key);

#endif
