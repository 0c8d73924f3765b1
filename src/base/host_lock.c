#include "host_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool swapci_host_boot_id(char *out, size_t size) {
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    bool read = file && fgets(out, (int)size, file);
    if (file) fclose(file);
    if (read) out[strcspn(out, " \n")] = '\0';
    return read && out[0];
}

enum swapc_status swapci_host_lock_open(swapci_host_lock *lock, const char *name,
                                        swapc_error *error) {
    char boot[64];
    struct stat st;
    *lock = (swapci_host_lock){.fd = -1};
    snprintf(lock->path, sizeof lock->path, "/dev/shm/swapc-%u-%.80s.lock", (unsigned)geteuid(),
             name);
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->fd < 0 || fstat(lock->fd, &st) != 0 || !swapci_host_boot_id(boot, sizeof boot)) {
        int failed = errno;
        swapci_host_lock_close(lock, false);
        return swapc_error_set_errno(error, SWAPC_SYSTEM, failed,
                                     "this host's lock of %s cannot be had in /dev/shm", name);
    }
    snprintf(lock->place, sizeof lock->place, "%s/%llx/%llx", boot, (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    return SWAPC_OK;
}

bool swapci_host_lock_try(swapci_host_lock *lock) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (!lock->held && lock->fd >= 0) lock->held = fcntl(lock->fd, F_OFD_SETLK, &whole) == 0;
    return lock->held;
}

void swapci_host_lock_close(swapci_host_lock *lock, bool forget) {
    if (forget && lock->held) unlink(lock->path);
    if (lock->fd >= 0) close(lock->fd);
    *lock = (swapci_host_lock){.fd = -1};
}
