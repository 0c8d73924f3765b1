#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_PREFIX "swapc-"

enum { IDENTITY_MAX = 512 }; /* bytes of a lock file */

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

/* Deletes the directory `name` if it is the one meant, and nothing that came into its place. */
static void remove_tree(int parent, const char *name, dev_t device, ino_t inode) {
    struct stat info;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &info) != 0 || info.st_dev != device || info.st_ino != inode) {
        close(fd);
        return;
    }
    empty_directory(fd, 0);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* What the lock file of the directory says: no other directory can have it truly. Returns its
 * length. */
static size_t identity_text(const char *name, const struct stat *dir, const struct stat *lock,
                            char out[IDENTITY_MAX]) {
    int len = snprintf(out, IDENTITY_MAX,
                       "swapc's temporary directory; removed by the next swapc when unlocked\n"
                       "name %s\ndirectory %llx:%llx\nlock %llx:%llx\n",
                       name, (unsigned long long)dir->st_dev, (unsigned long long)dir->st_ino,
                       (unsigned long long)lock->st_dev, (unsigned long long)lock->st_ino);
    return len > 0 && len < IDENTITY_MAX ? (size_t)len : 0;
}

/* Whether the lock file says of the directory what only its maker wrote. */
static bool made_by_us(const char *name, const struct stat *dir, int lock) {
    char expected[IDENTITY_MAX], found[IDENTITY_MAX];
    struct stat info;
    if (fstat(lock, &info) != 0 || !S_ISREG(info.st_mode)) return false;
    size_t len = identity_text(name, dir, &info, expected);
    return len > 0 && pread(lock, found, sizeof found, 0) == (ssize_t)len &&
           memcmp(found, expected, len) == 0;
}

/* Removes one directory if we made it and nobody holds its lock. */
static void sweep_one(int root, const char *name) {
    struct stat info;
    int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return;
    if (fstat(dir, &info) == 0 && info.st_uid == geteuid()) {
        int lock = openat(dir, "lock", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 && made_by_us(name, &info, lock))
            remove_tree(root, name, info.st_dev, info.st_ino);
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

static bool write_identity(const char *name, const struct stat *dir, int lock) {
    char text[IDENTITY_MAX];
    struct stat info;
    if (fstat(lock, &info) != 0) return false;
    size_t len = identity_text(name, dir, &info, text);
    return len > 0 && pwrite(lock, text, len, 0) == (ssize_t)len;
}

/* The file takes its name `lock` only once it is locked and written, so that a sweeper never sees
 * it free. Out: dir's lock and identity. Returns false with errno. */
static bool make_lock(swapci_tempdir *dir) {
    char fresh[SWAPCI_TEMPDIR_PATH_MAX + 16];
    char name[SWAPCI_TEMPDIR_PATH_MAX + 16];
    struct stat info;
    snprintf(fresh, sizeof fresh, "%s/lock.new", dir->path);
    snprintf(name, sizeof name, "%s/lock", dir->path);
    if (lstat(dir->path, &info) != 0) return false;
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 ||
        !write_identity(strrchr(dir->path, '/') + 1, &info, fd) || rename(fresh, name) != 0) {
        int why = errno;
        close(fd);
        unlink(fresh);
        errno = why;
        return false;
    }
    dir->lock = fd;
    dir->device = info.st_dev;
    dir->inode = info.st_ino;
    return true;
}

enum swapc_status swapci_tempdir_new(const char *root, swapci_tempdir *out, swapc_error *error) {
    swapci_tempdir made = SWAPCI_TEMPDIR_INIT;
    struct stat info;
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
    if (lstat(made.path, &info) == 0) {
        made.device = info.st_dev;
        made.inode = info.st_ino;
        *out = made; /* who has to take it away at once finds it */
    }
    if (!make_lock(&made)) {
        swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "the lock in %s cannot be made",
                              made.path);
        rmdir(made.path);
        *out = (swapci_tempdir)SWAPCI_TEMPDIR_INIT;
        return SWAPC_SYSTEM;
    }
    *out = made;
    return SWAPC_OK;
}

void swapci_tempdir_remove(swapci_tempdir *dir) {
    if (dir->path[0]) remove_tree(AT_FDCWD, dir->path, dir->device, dir->inode);
    if (dir->lock >= 0) close(dir->lock);
    *dir = (swapci_tempdir)SWAPCI_TEMPDIR_INIT;
}
