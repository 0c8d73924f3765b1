/* ring_file.h - the ring's file: found or made, checked, locked, mapped.
 *
 * Nothing here looks at records. The file's first bytes carry three open-file-description locks:
 * one for the short time of attaching, one for each role.
 */
#ifndef SWAPCI_RING_FILE_H
#define SWAPCI_RING_FILE_H

#include <sys/stat.h>

#include <stdbool.h>

#include "ring_impl.h"

/* Opens (O_CREAT when create is 1) and checks kind, owner and mode; takes no lock.
 * Returns INVALID, NOT_FOUND, IO, SYSTEM; on success *fd is the caller's. */
enum swapc_status swapci_ring_file_look(const char *path, int create, int *fd, swapc_error *error);

/* The same, and takes the attach lock. Also INTERRUPTED. */
enum swapc_status swapci_ring_file_open(const char *path, int create, int *fd, swapc_error *error);

/* Takes the role's lock. Returns BUSY, SYSTEM. */
enum swapc_status swapci_ring_file_claim(int fd, enum swapci_ring_role role, const char *name,
                                         swapc_error *error);

/* Returns 1 when another open file holds the role's lock. */
bool swapci_ring_file_held(int fd, enum swapci_ring_role role);

/* Makes the file an empty ring of `capacity` (attached says whether a peer is: then the file is only
 * checked). A file that holds anything but a ring is refused and kept as it is. Out: *capacity is that of the ring.
 * Returns INVALID (no ring), CORRUPT (attached and broken), IO (no room), SYSTEM. */
enum swapc_status swapci_ring_file_settle(int fd, const char *path, bool attached,
                                          uint64_t *capacity, swapc_error *error);

/* Removes the file unless the peer role is held, or path names another file by now. The caller holds
 * its own role and not the attach lock; it has that lock afterwards, until fd is closed: who waits
 * for it meanwhile then finds the file unlinked and makes a new one. */
void swapci_ring_file_leave(int fd, const char *path, enum swapci_ring_role peer);

/* Why nobody attaches to such a file, as a sentence's part; NULL: one may. A file that somebody else can write, or
 * has chosen, is no ring of ours. Static. */
const char *swapci_ring_file_refused(const struct stat *st);

/* Whether the file is one that swapc made, by the identity it carries: nothing else is ever removed. */
bool swapci_ring_file_is_ours(int fd);

/* Whether the file is ours, or holds nothing: what an attach that failed may take away again. */
bool swapci_ring_file_is_ours_or_empty(int fd);

/* Gives the attach lock back. */
void swapci_ring_file_unlock(int fd);

#endif
