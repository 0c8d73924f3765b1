/* native_library.h - loads a shared object from bytes, as a copy that nobody can change.
 *
 * The bytes go into a sealed memory file named by their digest (so /proc/PID/maps and debuggers
 * tell which module it is), never the user's own file: that could be overwritten while it is
 * mapped, and the loader would take the same path for the same library. Each opening is a library
 * of its own.
 *
 * Threads: any number at once.
 */
#ifndef SWAPCI_NATIVE_LIBRARY_H
#define SWAPCI_NATIVE_LIBRARY_H

#include "swapc/bytes.h"
#include "swapc/error.h"

struct swapci_native_library {
    void *handle;
    int fd;
};

/* Loads bytes, which swapci_elf_check has accepted; constructors run. path is for messages. Returns
 * SWAPC_OK, MODULE_MALFORMED (the loader refuses it), SYSTEM. After failure nothing is held. */
enum swapc_status swapci_native_library_open(struct swapci_native_library *library,
                                             swapc_bytes bytes, const char *digest_hex,
                                             const char *path, swapc_error *error);

/* Unloads; nothing of the library may run or be read any more. */
void swapci_native_library_close(struct swapci_native_library *library);

#endif
