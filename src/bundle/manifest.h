/* manifest.h - module.toml, the description of a bundle.
 *
 * A bundle is a folder with module.toml and one file a flavour:
 *
 *     name = "schnorr"
 *     version = "1.0.0"
 *     operations = ["verify_message"]
 *
 *     [flavours]
 *     wide = "wide.wasm"
 *     native = "native.so"
 *
 *     [digests]            # written by `swapc module sign`: SHA-256 of each flavour's file
 *     wide = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
 *
 * A bundle that is not admitted after some day says so by `expires = "2030-01-31"`, before [flavours].
 *
 * What its operations must answer is said in [[self_test]] tables, see self_test_vectors.h.
 *
 * Read is the part of TOML 1.0 that such a file needs: comments, [tables], key = string | integer |
 * boolean | array of strings. A line that is none of these is refused by its number; keys and
 * tables that are not known are accepted, so that later versions can add some.
 *
 * Threads: none shared. Ownership: a manifest is plain storage of the caller, no heap.
 */
#ifndef SWAPCI_MANIFEST_H
#define SWAPCI_MANIFEST_H

#include <stdbool.h>

#include "self_test_vectors.h"
#include "swapc/bytes.h"
#include "swapc/error.h"

#define SWAPCI_NAME_MAX 64
#define SWAPCI_FLAVOURS_MAX 16
#define SWAPCI_DIGEST_TEXT 65 /* SHA-256 in hexadecimal, with its NUL */

struct swapci_flavour {
    char name[SWAPCI_NAME_MAX];
    char file[SWAPCI_NAME_MAX]; /* inside the folder: no slash, no leading dot */
};

struct swapci_digest {
    char flavour[SWAPCI_NAME_MAX];
    char hex[SWAPCI_DIGEST_TEXT];
};

struct swapci_manifest {
    char name[SWAPCI_NAME_MAX];
    char version[SWAPCI_NAME_MAX];
    char expires[SWAPCI_NAME_MAX]; /* "": never */
    struct swapci_flavour flavours[SWAPCI_FLAVOURS_MAX];
    unsigned flavour_count;
    struct swapci_digest digests[SWAPCI_FLAVOURS_MAX];
    unsigned digest_count;
    struct swapci_self_tests self_tests;
};

/* Reads text. Returns SWAPC_OK, or BUNDLE naming path and line. */
enum swapc_status swapci_manifest_parse(swapc_bytes text, const char *path,
                                        struct swapci_manifest *out, swapc_error *error);

/* Returns the flavour of that name, or NULL. */
const struct swapci_flavour *swapci_manifest_flavour(const struct swapci_manifest *manifest,
                                                     const char *name);

/* Returns the digest that the manifest gives to the flavour's file, in lower case, or NULL. */
const char *swapci_manifest_digest(const struct swapci_manifest *manifest, const char *flavour);

#endif
