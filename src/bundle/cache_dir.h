/* cache_dir.h - where compiled modules are kept, and whether that place can be believed.
 *
 * Threads: any; reads the environment, which must not change meanwhile.
 */
#ifndef SWAPCI_CACHE_DIR_H
#define SWAPCI_CACHE_DIR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "swapc/log.h"

/* Opens the directory (asked: see swapci_cache_init), making it and its parent when they are
 * missing. Returns a descriptor, or -1 when there is to be no cache; why is logged. */
int swapci_cache_dir_open(const char *asked, const swapc_log *log);

/* Whether only this user can have written what st describes. */
bool swapci_cache_dir_private(const struct stat *st);

/* What every file that the cache writes begins with. */
extern const char swapci_cache_magic[16];

/* Deletes the oldest entries above the number kept, and what interrupted writers left behind an
 * hour ago. A file is known as ours by its name and by its first bytes; no other is touched. */
void swapci_cache_dir_prune(int directory);

#endif
