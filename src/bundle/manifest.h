/* manifest.h - module.toml, the description of a bundle.
 *
 * A bundle is a folder with module.toml and one file a flavour:
 *
 *     name = "schnorr"
 *     version = "1.0.0"
 *     operations = ["verify_message"]   # what it answers; may be left out
 *
 *     [flavours]
 *     wide = "wide.wasm"
 *     native = "native.so"
 *
 *     [digests]            # written by `swapc module sign`: SHA-256 of each flavour's file
 *     wide = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
 *
 * A bundle that is not admitted after some day says so by `expires = "2030-01-31"`, before
 * [flavours].
 *
 * What its operations must answer is said in [[self_test]] tables, see self_test_vectors.h.
 *
 * What is not known is refused by line and name: a [[self_tests]] that is skipped in silence would
 * be a module that nobody tests. How it is written: see toml.h.
 *
 * Threads: none shared. Ownership: fini frees what a manifest holds; zeroed is empty.
 */
#ifndef SWAPCI_MANIFEST_H
#define SWAPCI_MANIFEST_H

#include "names.h"
#include "self_test_vectors.h"

#define SWAPCI_FLAVOURS_MAX 16
#define SWAPCI_DIGEST_TEXT 65            /* SHA-256 in hexadecimal, with its NUL */
#define SWAPCI_MANIFEST_MAX (256u << 10) /* bytes of a module.toml or a contract.toml */

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
    struct swapci_names operations;
    struct swapci_flavour flavours[SWAPCI_FLAVOURS_MAX];
    unsigned flavour_count;
    struct swapci_digest digests[SWAPCI_FLAVOURS_MAX];
    unsigned digest_count;
    struct swapci_vectors self_tests;
};

/* Reads text. Returns SWAPC_OK; BUNDLE naming path and line, TOO_LARGE, NO_MEMORY, *out then being
 * empty. */
enum swapc_status swapci_manifest_parse(swapc_bytes text, const char *path,
                                        struct swapci_manifest *out, swapc_error *error);

void swapci_manifest_fini(struct swapci_manifest *manifest);

/* Returns the flavour of that name, or NULL. */
const struct swapci_flavour *swapci_manifest_flavour(const struct swapci_manifest *manifest,
                                                     const char *name);

/* Returns the digest that the manifest gives to the flavour's file, in lower case, or NULL. */
const char *swapci_manifest_digest(const struct swapci_manifest *manifest, const char *flavour);

/* key = [...] with names of operations, in a manifest and in a contract. */
enum swapc_status swapci_operations_take(struct swapci_toml *t, const char *key,
                                         struct swapci_names *operations);

#endif
