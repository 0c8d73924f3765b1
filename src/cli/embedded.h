/* embedded.h - files that the program carries in itself; made by cmake/Embed.cmake.
 *
 * Threads and ownership: const and static.
 */
#ifndef SWAPCI_EMBEDDED_H
#define SWAPCI_EMBEDDED_H

#include <stddef.h>

struct swapci_embedded {
    const char *path; /* where it is to be written; NULL ends a table */
    const unsigned char *bytes;
    size_t len;
};

/* What `swapc module new` writes: guests/sdk/template and the guest SDK. @NAME@ stands for the
 * module's name. */
extern const struct swapci_embedded swapci_guest_template[];

#endif
