/* host_lock.h - a name that one process of a host has at a time: who has the lock knows that nobody
 * else here who had the name is alive.
 *
 * The name is a file in /dev/shm with a lock that ends with the process, whatever ends it.
 *
 * Threads: one at a time. Ownership: the caller's storage.
 */
#ifndef SWAPCI_HOST_LOCK_H
#define SWAPCI_HOST_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "swapc/error.h"

enum { SWAPCI_HOST_PLACE_MAX = 160 };

typedef struct swapci_host_lock {
    int fd;    /* private; -1: none */
    bool held; /* by us */
    char path[128];
    char place
        [SWAPCI_HOST_PLACE_MAX]; /* the same text for all who share the name, here and nowhere else */
} swapci_host_lock;

/* Opens the file of name (letters, digits and -), for this user alone. Returns SWAPC_OK, SYSTEM. */
enum swapc_status swapci_host_lock_open(swapci_host_lock *lock, const char *name,
                                        swapc_error *error);

/* Takes it if nobody has it. Returns lock->held. */
bool swapci_host_lock_try(swapci_host_lock *lock);

/* Lets go. forget: there is nothing that the next one should know of the one before: the file
 * goes, too. */
void swapci_host_lock_close(swapci_host_lock *lock, bool forget);

/* The id of this boot of the host's. Returns false when it cannot be read. */
bool swapci_host_boot_id(char *out, size_t size);

#endif
