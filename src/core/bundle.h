/* bundle.h - reads the file that a module is compiled from.
 *
 * A path is a bundle (a folder with module.toml) or a single file. The file is read whole into
 * memory and digested; nothing is read again later, so a bundle replaced meanwhile cannot mix.
 *
 * Threads: none shared. Ownership: a swapci_image owns its bytes; fini frees them.
 */
#ifndef SWAPCI_BUNDLE_H
#define SWAPCI_BUNDLE_H

#include "manifest.h"
#include "swapc/sys/engine.h"

/* The largest module file: far above any guest, far below what would exhaust a host. */
#define SWAPCI_IMAGE_MAX (256u << 20)

struct swapci_image {
    swapc_bytes bytes;
    char *path; /* of the file */
    char name[SWAPCI_NAME_MAX];
    char version[SWAPCI_NAME_MAX];
    char flavour[SWAPCI_NAME_MAX];
    char digest_hex[65];
};

/* Reads the best flavour in `flavours` (NULL-ended, best first) that the bundle has; or the single
 * file, as flavour "file". Returns SWAPC_OK, NOT_FOUND, BUNDLE, NO_FLAVOUR, TOO_LARGE, IO,
 * NO_MEMORY. */
enum swapc_status swapci_image_read(const char *path, const char *const *flavours,
                                    struct swapci_image *out, swapc_error *error);

/* Takes bytes from memory (copied). */
enum swapc_status swapci_image_copy(const char *name, swapc_bytes bytes, struct swapci_image *out,
                                    swapc_error *error);

/* Reads a bundle's manifest. Returns as above; INVALID when path is a single file. */
enum swapc_status swapci_bundle_manifest(const char *path, struct swapci_manifest *out,
                                         swapc_error *error);

void swapci_image_fini(struct swapci_image *image);

#endif
