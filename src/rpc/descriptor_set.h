/* descriptor_set.h - looks things up in a serialized google.protobuf.FileDescriptorSet.
 *
 * Only what reflection asks for is read: files by name, and by a symbol that they define.
 *
 * Threads: pure. Ownership: views into the set.
 */
#ifndef SWAPCI_DESCRIPTOR_SET_H
#define SWAPCI_DESCRIPTOR_SET_H

#include "swapc/bytes.h"

#include <stdbool.h>

/* Finds the file called name ("control.proto"). Returns whether it is there. */
bool swapci_descriptor_file(swapc_bytes set, const char *name, swapc_bytes *file);

/* Finds the file that defines symbol: "package.Service", "package.Service.Method",
 * "package.Message", or what is inside one. */
bool swapci_descriptor_symbol(swapc_bytes set, const char *symbol, swapc_bytes *file);

#endif
