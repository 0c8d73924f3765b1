/* names.h - a list of names that grows.
 *
 * Threads: none shared. Ownership: fini frees; zeroed is empty; a copy of the struct moves it.
 */
#ifndef SWAPCI_NAMES_H
#define SWAPCI_NAMES_H

#include <stdbool.h>

#include "swapc/bytes.h"
#include "swapc/error.h"

enum { SWAPCI_NAMES_MAX = 64 };

struct swapci_names {
    const char **list; /* NULL-ended; NULL: none */
    unsigned count;
};

/* Appends a copy. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_names_add(struct swapci_names *names, const char *name);

bool swapci_names_has(const struct swapci_names *names, swapc_bytes name);

/* A NULL-ended list (NULL: none) as names; borrowed, not for fini. */
struct swapci_names swapci_names_of(const char *const *list);

/* Writes "a, b, c" into out, cut to size with "...". Returns out. */
char *swapci_names_text(const struct swapci_names *names, char *out, size_t size);

void swapci_names_fini(struct swapci_names *names);

#endif
