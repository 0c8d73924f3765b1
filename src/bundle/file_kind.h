/* file_kind.h - what a file is that somebody gave as a module, by its first bytes.
 *
 * What people hand over instead of a module is mostly one of a few things: a component, the text
 * format, something still packed, the web page of a failed download. Each is refused by its name,
 * with what to do.
 *
 * Threads: pure. Ownership: texts are static.
 */
#ifndef SWAPCI_FILE_KIND_H
#define SWAPCI_FILE_KIND_H

#include "swapc/bytes.h"
#include "swapc/error.h"

enum swapci_file_kind {
    SWAPCI_FILE_WASM,          /* a core module, by magic and version */
    SWAPCI_FILE_SHARED_OBJECT, /* ELF, for dlopen, of this machine's kind */
    SWAPCI_FILE_OTHER
};

/* Returns the kind; of OTHER *what is the sentence after the file's name, "is a gzip archive:
 * gunzip it first", else NULL. */
enum swapci_file_kind swapci_file_kind_of(swapc_bytes bytes, const char **what);

/* Whether the file is of the kind that is needed. Returns SWAPC_OK, or MODULE_MALFORMED naming
 * path, what the file is and the remedy. */
enum swapc_status swapci_file_kind_expect(swapc_bytes bytes, enum swapci_file_kind needed,
                                          const char *path, swapc_error *error);

#endif
