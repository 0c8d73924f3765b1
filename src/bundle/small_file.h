/* small_file.h - files of a few kilobytes, read whole and replaced whole.
 *
 * Threads: any. Ownership: the caller's buffer.
 */
#ifndef SWAPCI_SMALL_FILE_H
#define SWAPCI_SMALL_FILE_H

#include <stdbool.h>

#include "buffer.h"

/* Appends the content of the regular file at path, at most max bytes. Never waits (a pipe in its
 * place is refused). Returns SWAPC_OK, NOT_FOUND, TOO_LARGE, IO, NO_MEMORY. */
enum swapc_status swapci_small_file_read(const char *path, size_t max, swapci_buffer *out,
                                         swapc_error *error);

/* Replaces the file at path, or makes it, in one step that lasts: who reads sees the old content
 * or the new one, also after a crash. Returns SWAPC_OK, IO, NO_MEMORY. */
enum swapc_status swapci_small_file_replace(const char *path, swapc_bytes content, unsigned mode,
                                            swapc_error *error);

#endif
