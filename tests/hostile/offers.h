/* offers.h - a bundle in a folder of its own, one file of which is damaged, and offered to a slot.
 *
 * Threads: one at a time. Ownership: fini removes the folder.
 */
#ifndef SWAPCI_OFFERS_H
#define SWAPCI_OFFERS_H

#include "buffer.h"

#define SWAPCI_OFFER_FILES 8

struct swapci_offer {
    char folder[512];                  /* the copy */
    char name[SWAPCI_OFFER_FILES][64]; /* its files; their content as it must be: */
    swapci_buffer content[SWAPCI_OFFER_FILES];
    unsigned count;
};

/* Copies the bundle's files into a new folder under parent. Returns SWAPC_OK, IO, NO_MEMORY. */
enum swapc_status swapci_offer_init(const char *bundle, const char *parent, const char *name,
                                    struct swapci_offer *out, swapc_error *error);
void swapci_offer_fini(struct swapci_offer *offer);

/* Returns the file's index, or count when the bundle has none of that name. */
unsigned swapci_offer_file(const struct swapci_offer *offer, const char *name);

/* Writes a file of the copy anew. Returns SWAPC_OK, IO. */
enum swapc_status swapci_offer_write(const struct swapci_offer *offer, unsigned file,
                                     swapc_bytes content, swapc_error *error);

#endif
