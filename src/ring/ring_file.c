/* What is shared: the file's name and content, guarded by the attach lock, which is held to attach
 * and to leave. Only its holder removes the name or changes size or identity, and only when neither role's lock is held by another, so nobody has the
 * file mapped. Locks belong to the open file: a process that dies lets go of all of them. */
#include "ring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 1000 }; /* each that fails means that somebody left meanwhile */

enum lock_byte { LOCK_ATTACH = 0, LOCK_ROLE = 1 }; /* LOCK_ROLE + role */

static struct flock lock_of(short type, int byte) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
}

bool swapci_ring_file_held(int fd, enum swapci_ring_role role) {
    struct flock lock = lock_of(F_WRLCK, LOCK_ROLE + (int)role);
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

enum swapc_status swapci_ring_file_claim(int fd, enum swapci_ring_role role, const char *name,
                                         swapc_error *error) {
    static const char *const who[] = {"producer", "consumer"};
    struct flock lock = lock_of(F_WRLCK, LOCK_ROLE + (int)role);
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) return SWAPC_OK;
    if (errno == EAGAIN || errno == EACCES) {
        return swapc_error_set(error, SWAPC_BUSY,
                               "ring \"%s\" has a %s already; stop that one or use another name",
                               name, who[role]);
    }
    return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot lock ring \"%s\"", name);
}

void swapci_ring_file_unlock(int fd) {
    struct flock lock = lock_of(F_UNLCK, LOCK_ATTACH);
    (void)fcntl(fd, F_OFD_SETLK, &lock);
}

/* Whether path still names the open file. */
static bool names_this(int fd, const char *path) {
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

void swapci_ring_file_leave(int fd, const char *path, enum swapci_ring_role peer) {
    struct flock lock = lock_of(F_WRLCK, LOCK_ATTACH);
    int failed;
    do {
        failed = fcntl(fd, F_OFD_SETLKW, &lock);
    } while (failed && errno == EINTR);
    if (!failed && !swapci_ring_file_held(fd, peer) && names_this(fd, path)) (void)unlink(path);
}

bool swapci_ring_file_is_ours(int fd) {
    swapci_ring_identity id;
    struct stat st;
    return fstat(fd, &st) == 0 && pread(fd, &id, sizeof id, 0) == (ssize_t)sizeof id &&
           id.magic == SWAPCI_RING_MAGIC && id.device == st.st_dev && id.inode == st.st_ino;
}

bool swapci_ring_file_is_ours_or_empty(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_size == 0 || swapci_ring_file_is_ours(fd));
}

static enum swapc_status open_failed(const char *path, int native, swapc_error *error) {
    if (native == ENOENT)
        return swapc_error_set_errno(error, SWAPC_NOT_FOUND, native, "cannot open ring %s", path);
    if (native == ELOOP) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "ring %s is a symbolic link; remove it or use another name", path);
    }
    if (native == EACCES || native == EISDIR || native == ENXIO || native == ENOTDIR) {
        return swapc_error_set_errno(error, SWAPC_INVALID, native,
                                     "ring %s cannot be used; remove it or use another name", path);
    }
    return swapc_error_set_errno(error, SWAPC_SYSTEM, native, "cannot open ring %s", path);
}

const char *swapci_ring_file_refused(const struct stat *st) {
    if (!S_ISREG(st->st_mode)) return "is not a regular file";
    if (st->st_uid != geteuid()) return "belongs to another user";
    if (st->st_mode & 077) return "is open to other users";
    return st->st_nlink > 1 ? "has a second name" : NULL;
}

static enum swapc_status check_owner(const char *path, const struct stat *st, swapc_error *error) {
    const char *what = swapci_ring_file_refused(st);
    if (!what) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID, "ring %s %s; remove it or use another name", path,
                           what);
}

static enum swapc_status lock_attach(int fd, const char *path, swapc_error *error) {
    struct flock lock = lock_of(F_WRLCK, LOCK_ATTACH);
    if (fcntl(fd, F_OFD_SETLKW, &lock) == 0) return SWAPC_OK;
    if (errno == EINTR) return SWAPC_INTERRUPTED;
    return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot lock ring %s", path);
}

static enum swapc_status read_stat(int fd, const char *path, struct stat *st, swapc_error *error) {
    if (fstat(fd, st) == 0) return SWAPC_OK;
    return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot read ring %s", path);
}

enum swapc_status swapci_ring_file_look(const char *path, int create, int *fd, swapc_error *error) {
    struct stat st;
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (create ? O_CREAT : 0);
    int file = open(path, flags, 0600);
    if (file < 0) return open_failed(path, errno, error);
    enum swapc_status status = read_stat(file, path, &st, error);
    if (status == SWAPC_OK) status = check_owner(path, &st, error);
    if (status == SWAPC_OK) *fd = file;
    else close(file);
    return status;
}

/* One attempt. Out: *gone is 1 when the file was unlinked while the lock was waited for. */
static enum swapc_status open_once(const char *path, int create, int *fd, int *gone,
                                   swapc_error *error) {
    struct stat st;
    int file;
    enum swapc_status status = swapci_ring_file_look(path, create, &file, error);
    if (status != SWAPC_OK) return status;
    status = lock_attach(file, path, error);
    if (status == SWAPC_OK) status = read_stat(file, path, &st, error);
    *gone = status == SWAPC_OK && st.st_nlink == 0;
    if (status == SWAPC_OK && !*gone) *fd = file;
    else close(file);
    return status;
}

enum swapc_status swapci_ring_file_open(const char *path, int create, int *fd, swapc_error *error) {
    int gone = 1;
    enum swapc_status status = SWAPC_OK;
    for (int attempt = 0; attempt < ATTEMPTS && status == SWAPC_OK && gone; attempt++)
        status = open_once(path, create, fd, &gone, error);
    if (status == SWAPC_OK && gone)
        return swapc_error_set(error, SWAPC_SYSTEM, "ring %s is removed again and again", path);
    return status;
}

static bool capacity_allowed(uint64_t capacity) {
    return capacity >= SWAPCI_RING_CAPACITY_MIN && capacity <= SWAPCI_RING_CAPACITY_MAX &&
           (capacity & (capacity - 1)) == 0;
}

/* Whether identity and file size are those of a ring of this version. */
static bool identity_sound(const swapci_ring_identity *id, uint64_t file_size) {
    return id->magic == SWAPCI_RING_MAGIC && id->version == SWAPCI_RING_VERSION &&
           id->header == SWAPCI_RING_HEADER && capacity_allowed(id->capacity) &&
           file_size == SWAPCI_RING_HEADER + id->capacity;
}

/* Makes the locked file an empty ring. Truncating first frees what a stale one held. */
static enum swapc_status make_empty(int fd, const char *path, uint64_t capacity,
                                    swapc_error *error) {
    struct stat st;
    uint64_t bytes = SWAPCI_RING_HEADER + capacity;
    if (ftruncate(fd, 0) != 0 || fstat(fd, &st) != 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot empty ring %s", path);
    swapci_ring_identity id = {.magic = SWAPCI_RING_MAGIC,
                               .version = SWAPCI_RING_VERSION,
                               .header = SWAPCI_RING_HEADER,
                               .capacity = capacity,
                               .device = st.st_dev,
                               .inode = st.st_ino};
    if (pwrite(fd, &id, sizeof id, 0) != (ssize_t)sizeof id)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write ring %s", path);
    int native = posix_fallocate(fd, 0, (off_t)bytes);
    if (native == EINTR) return SWAPC_INTERRUPTED;
    if (native != 0) {
        return swapc_error_set_errno(error, SWAPC_IO, native,
                                     "no room for ring %s of %llu bytes; free some in its folder",
                                     path, (unsigned long long)bytes);
    }
    return SWAPC_OK;
}

enum swapc_status swapci_ring_file_settle(int fd, const char *path, bool attached,
                                          uint64_t *capacity, swapc_error *error) {
    swapci_ring_identity id = {0};
    struct stat st;
    if (fstat(fd, &st) != 0 || pread(fd, &id, sizeof id, 0) < 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, errno, "cannot read ring %s", path);
    if (attached) {
        if (!identity_sound(&id, (uint64_t)st.st_size)) {
            return swapc_error_set(error, SWAPC_CORRUPT,
                                   "ring %s is in use and its header is broken; stop its other "
                                   "side and start both again",
                                   path);
        }
        *capacity = id.capacity;
        return SWAPC_OK;
    }
    /* An empty file is what a process leaves that died while it made the ring. */
    if (id.magic != SWAPCI_RING_MAGIC && st.st_size > 0) {
        return swapc_error_set(error, SWAPC_INVALID, "%s is no ring; remove it or use another name",
                               path);
    }
    return make_empty(fd, path, *capacity, error);
}
