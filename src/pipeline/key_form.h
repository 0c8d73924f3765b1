/* key_form.h - the forms in which a public key of secp256k1 travels, and their lengths.
 *
 * Threads: pure functions.
 */
#ifndef SWAPCI_KEY_FORM_H
#define SWAPCI_KEY_FORM_H

#include <stdbool.h>
#include <stddef.h>

enum {
    SWAPCI_KEY_X_ONLY_SIZE = 32,
    SWAPCI_KEY_COMPRESSED_SIZE = 33,
    SWAPCI_KEY_POINT_SIZE = 65, /* uncompressed */
    SWAPCI_KEY_SIZE_MAX = SWAPCI_KEY_POINT_SIZE
};

enum swapci_key_form {
    SWAPCI_KEY_X_ONLY, /* BIP-340: x, 32 bytes */
    SWAPCI_KEY_SEC1    /* 33 bytes compressed, or 65 uncompressed */
};

/* Whether a key of this form can have this many bytes. */
static inline bool swapci_key_form_fits(enum swapci_key_form form, size_t len) {
    switch (form) {
    case SWAPCI_KEY_X_ONLY:
        return len == SWAPCI_KEY_X_ONLY_SIZE;
    case SWAPCI_KEY_SEC1:
        return len == SWAPCI_KEY_COMPRESSED_SIZE || len == SWAPCI_KEY_POINT_SIZE;
    }
    return false;
}

#endif
