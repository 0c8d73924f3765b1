/* bundle_sign.h - signs a bundle: writes the digests of its files into module.toml, and signs that.
 *
 * Threads: one at a time per bundle. Ownership: all borrowed.
 */
#ifndef SWAPCI_BUNDLE_SIGN_H
#define SWAPCI_BUNDLE_SIGN_H

#include "minisign.h"

struct swapci_signing {
    const struct swapci_minisign_secret *secret;
    const char *expires; /* NULL: as module.toml says already; "": never */
    bool legacy;         /* sign the bytes themselves, for old verifiers */
};

/* Writes FOLDER/module.toml anew (its table [digests], and `expires`; everything else stays as it
 * is) and FOLDER/module.toml.minisig. A signature that a crash leaves beside another module.toml
 * does not match it, and is refused.
 * Returns SWAPC_OK; NOT_FOUND, BUNDLE, INVALID (expires), TOO_LARGE, IO, NO_MEMORY. */
enum swapc_status swapci_bundle_sign(const char *folder, const struct swapci_signing *signing,
                                     swapc_error *error);

#endif
