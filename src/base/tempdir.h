/* tempdir.h - a private temporary directory that cannot be left behind for good.
 *
 * A directory swapc-XXXXXX, 0700, under $TMPDIR or /tmp, with a file `lock` that its maker holds
 * locked and in which it has written who the directory is: name, device and inode of both. However
 * the maker ends, the lock is gone with it, and the next swapci_tempdir_new of the same user
 * removes the directory. It removes nothing else: a directory of such a name without such a file,
 * one that was renamed, and a copy of one are somebody's own.
 *
 * Threads: one at a time per directory.
 * Ownership: the caller's struct; swapci_tempdir_remove deletes the directory with all in it. A
 *     child that is forked without exec shares the lock.
 */
#ifndef SWAPCI_TEMPDIR_H
#define SWAPCI_TEMPDIR_H

#include <sys/types.h>

#include "swapc/error.h"

enum {
    SWAPCI_TEMPDIR_PATH_MAX = 90 /* bytes: leaves 17 for a Unix socket's name inside */
};

typedef struct swapci_tempdir {
    char path[SWAPCI_TEMPDIR_PATH_MAX + 1]; /* absolute; "" after remove */
    int lock;                               /* -1: none */
    dev_t device;                           /* of the directory */
    ino_t inode;
} swapci_tempdir;

#define SWAPCI_TEMPDIR_INIT {.path = "", .lock = -1}

/* Removes what dead makers left under root (NULL: $TMPDIR, else /tmp), then makes a directory.
 * Returns TOO_LARGE (the root's path: `error` says so), SYSTEM (cannot be made), with nothing left
 * behind. */
enum swapc_status swapci_tempdir_new(const char *root, swapci_tempdir *out, swapc_error *error);

/* Deletes the directory, unless its path names another by now, and lets go of the lock. May be
 * called twice. */
void swapci_tempdir_remove(swapci_tempdir *dir);

#endif
