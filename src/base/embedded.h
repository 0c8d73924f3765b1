/* embedded.h - a file that the program carries in itself; tables of them are made by
 * cmake/Embed.cmake.
 *
 * Threads and ownership: const and static.
 */
#ifndef SWAPCI_EMBEDDED_H
#define SWAPCI_EMBEDDED_H

#include <stddef.h>

struct swapci_embedded {
    const char *path; /* NULL ends a table */
    const unsigned char *bytes;
    size_t len;
};

#endif
