/* program_path.h - where a program is on the PATH.
 *
 * Threads: those of getenv. Ownership: the caller's storage.
 */
#ifndef SWAPCI_PROGRAM_PATH_H
#define SWAPCI_PROGRAM_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Looks for an executable file of that name in the folders of $PATH (unset: /usr/bin and /bin; an
 * empty one is none). Returns whether one is there; out is its path then, and undefined else. */
bool swapci_program_path(const char *name, char *out, size_t size);

#endif
