/* bundle.h - reads the file that a module is compiled from.
 *
 * A path is a bundle (a folder with module.toml) or a single file. The file is opened in the folder
 * that the manifest was read from, read whole into memory and digested; nothing is opened by its
 * path again, so a folder that is replaced meanwhile cannot mix with the new one. A file that is
 * written to while it is read is refused. Files that are replaced one by one can be told from the
 * bundle that they belonged to by the digests in module.toml only.
 *
 * Threads: none shared. Ownership: a swapci_image owns what it holds; fini frees it.
 */
#ifndef SWAPCI_BUNDLE_H
#define SWAPCI_BUNDLE_H

#include <sys/stat.h>

#include "manifest.h"
#include "swapc/sys/engine.h"
#include "swapc/trust.h"

/* The largest module file: far above any guest, far below what would exhaust a host. */
#define SWAPCI_IMAGE_MAX (256u << 20)

/* What tells a file from another one, and from itself after a change. */
struct swapci_identity {
    uint64_t device, inode; /* inode 0: not known */
    int64_t size, modified_ns, changed_ns;
};

struct swapci_identity swapci_identity_of(const struct stat *st);

/* False when either is not known. */
bool swapci_identity_equal(const struct swapci_identity *a, const struct swapci_identity *b);

struct swapci_image {
    swapc_bytes bytes; /* ptr NULL: located, not read yet */
    char *path;        /* of the file, for messages */
    int file;          /* located: open; -1 otherwise */
    char name[SWAPCI_NAME_MAX];
    char version[SWAPCI_NAME_MAX];
    char flavour[SWAPCI_NAME_MAX];
    char digest_hex[65];
    char expected_hex[65];          /* the digest that module.toml gives to the file; "": none */
    bool trusted;                   /* its module.toml passed a trust policy */
    struct swapci_names operations; /* that its module.toml names */
    struct swapci_vectors self_tests;
    struct swapci_identity identity; /* of the file; not known when it has changed just now, so that
                                        another change could leave it the same */
};

/* Reads the best flavour in `flavours` (NULL-ended, best first) that the bundle has; or the single
 * file, as flavour "file". Returns SWAPC_OK, NOT_FOUND, BUNDLE, NO_FLAVOUR, TOO_LARGE, IO,
 * NO_MEMORY. */
enum swapc_status swapci_image_read(const char *path, const char *const *flavours,
                                    struct swapci_image *out, swapc_error *error);

/* The same in two steps, for who may not need the bytes: which file it is, and its content. An
 * image that was located is freed by fini, filled or not; fill closes the file, and so does close,
 * for who got to know the content without. With a trust policy (NULL: none) the bundle must
 * be signed and admissible: returns also SIGNATURE, VERSION, CORRUPT. A file whose digest is not
 * the one that module.toml gives is refused by fill, with SIGNATURE when it is trusted, else
 * BUNDLE. */
enum swapc_status swapci_image_locate(const char *path, const char *const *flavours,
                                      const swapc_trust *trust, struct swapci_image *out,
                                      swapc_error *error);
enum swapc_status swapci_image_fill(struct swapci_image *image, swapc_error *error);
void swapci_image_close(struct swapci_image *image);

/* Takes bytes from memory (copied). */
enum swapc_status swapci_image_copy(const char *name, swapc_bytes bytes, struct swapci_image *out,
                                    swapc_error *error);

/* Whether the image's digest, which is known, is the one that module.toml gives, if it gives
 * one. */
bool swapci_image_is_expected(const struct swapci_image *image);

/* Reads a bundle's manifest, which the caller frees (swapci_manifest_fini). Returns as above;
 * INVALID when path is a single file. */
enum swapc_status swapci_bundle_manifest(const char *path, struct swapci_manifest *out,
                                         swapc_error *error);

void swapci_image_fini(struct swapci_image *image);

#endif
