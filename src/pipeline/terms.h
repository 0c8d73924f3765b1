/* terms.h - what the processes that share some work must have in common, as what they make is one: options and their
 * values, a line each. Who comes with others while they work is refused by the option that differs.
 *
 * Threads: pure. Ownership: plain storage.
 */
#ifndef SWAPCI_TERMS_H
#define SWAPCI_TERMS_H

#include "swapc/bytes.h"
#include "swapc/error.h"

enum { SWAPCI_TERMS_MAX = 1024, SWAPCI_TERMS_WHAT_MAX = 200 };

typedef struct swapci_terms {
    char what
        [SWAPCI_TERMS_WHAT_MAX]; /* is worked on with them, for people; "orders as group swapc" */
    char text[SWAPCI_TERMS_MAX]; /* "--out priced\n…"; "": any will do */
} swapci_terms;

/* Appends one; what is too long is cut. */
void swapci_terms_add(swapci_terms *terms, const char *option, const char *value);

/* Returns SWAPC_OK; NOT_ALLOWED: theirs, which may be any bytes, are others; of the first option that differs both
 * values are told. None of theirs, or of ours, agree with all. */
enum swapc_status swapci_terms_check(const swapci_terms *ours, swapc_bytes theirs,
                                     swapc_error *error);

#endif
