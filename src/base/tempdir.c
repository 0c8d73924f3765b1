#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_PREFIX "swapc-"

/* Deletes what is in the directory `fd` (taken over), not following links. Depth: redis-server's
 * own is 1; more than 8 was not made by us. */
static void empty_directory(int fd, int depth) {
    DIR *list = fdopendir(fd);
    struct dirent *entry;
    if (!list) {
        close(fd);
        return;
    }
    while ((entry = readdir(list))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (unlinkat(fd, entry->d_name, 0) == 0 || depth >= 8) continue;
        int below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0) {
            empty_directory(below, depth + 1);
            unlinkat(fd, entry->d_name, AT_REMOVEDIR);
        }
    }
    closedir(list);
}

static void remove_tree(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) empty_directory(fd, 0);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* Removes one directory if it is ours, has a lock file, and nobody holds it. */
static void sweep_one(int root, const char *name) {
    struct stat info;
    int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return;
    if (fstat(dir, &info) == 0 && info.st_uid == geteuid()) {
        int lock = openat(dir, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) remove_tree(root, name);
        if (lock >= 0) close(lock);
    }
    close(dir);
}

static void sweep(const char *root) {
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    if (!list) {
        if (fd >= 0) close(fd);
        return;
    }
    while ((entry = readdir(list)))
        if (!strncmp(entry->d_name, NAME_PREFIX, strlen(NAME_PREFIX))) sweep_one(fd, entry->d_name);
    closedir(list);
}

/* The file takes its name `lock` only once it is locked, so that a sweeper never sees it free. */
static int make_lock(const char *path) {
    char fresh[SWAPCI_TEMPDIR_PATH_MAX + 16];
    char name[SWAPCI_TEMPDIR_PATH_MAX + 16];
    snprintf(fresh, sizeof fresh, "%s/lock.new", path);
    snprintf(name, sizeof name, "%s/lock", path);
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) != 0 || rename(fresh, name) != 0)) {
        int why = errno;
        close(fd);
        unlink(fresh);
        errno = why;
        return -1;
    }
    return fd;
}

enum swapc_status swapci_tempdir_new(const char *root, swapci_tempdir *out, swapc_error *error) {
    swapci_tempdir made = SWAPCI_TEMPDIR_INIT;
    if (!root) {
        root = getenv("TMPDIR");
        root = root && *root ? root : "/tmp";
    }
    int len = snprintf(made.path, sizeof made.path, "%s/" NAME_PREFIX "XXXXXX", root);
    if (len < 0 || (size_t)len >= sizeof made.path) {
        return swapc_error_set(error, SWAPC_TOO_LARGE,
                               "the path of the temporary directory %s is too long for a Unix "
                               "socket in it: set TMPDIR to one of at most %d bytes",
                               root, SWAPCI_TEMPDIR_PATH_MAX - 13);
    }
    sweep(root);
    if (!mkdtemp(made.path)) {
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno,
                                     "no directory can be made in %s: set TMPDIR to one where it "
                                     "can",
                                     root);
    }
    made.lock = make_lock(made.path);
    if (made.lock < 0) {
        swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "the lock in %s cannot be made",
                              made.path);
        rmdir(made.path);
        return SWAPC_SYSTEM;
    }
    *out = made;
    return SWAPC_OK;
}

void swapci_tempdir_remove(swapci_tempdir *dir) {
    if (dir->path[0]) remove_tree(AT_FDCWD, dir->path);
    if (dir->lock >= 0) close(dir->lock);
    *dir = (swapci_tempdir)SWAPCI_TEMPDIR_INIT;
}
