#include "native_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

static int write_all(int fd, swapc_bytes bytes) {
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
    return 0;
}

/* Returns the descriptor, or the errno negated. */
static int private_copy(swapc_bytes bytes, const char *digest_hex) {
    char name[80];
    snprintf(name, sizeof name, "swapc-%.64s", digest_hex);
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -errno;
    int failed = write_all(fd, bytes);
    if (!failed && fcntl(fd, F_ADD_SEALS, SEALS) != 0) failed = errno;
    if (!failed) return fd;
    close(fd);
    return -failed;
}

/* The loader takes an equal name for an equal library. So the descriptor stays open as long as the
 * library is loaded, and no other one gets its name. It names the process by its number in this
 * /proc: a debugger that opens "self" would find a descriptor of its own, and waits for ever if
 * it is a pipe. */
static void name_of(int fd, char *name, size_t size) {
    char process[16];
    ssize_t len = readlink("/proc/self", process, sizeof process);
    if (len > 0 && (size_t)len < sizeof process)
        snprintf(name, size, "/proc/%.*s/fd/%d", (int)len, process, fd);
    else snprintf(name, size, "/proc/self/fd/%d", fd);
}

enum swapc_status swapci_native_library_open(struct swapci_native_library *library,
                                             swapc_bytes bytes, const char *digest_hex,
                                             const char *path, swapc_error *error) {
    char name[48];
    int fd = private_copy(bytes, digest_hex);
    if (fd < 0)
        return swapc_error_set_errno(error, SWAPC_SYSTEM, -fd,
                                     "no private copy of %s in memory could be made", path);
    name_of(fd, name, sizeof name);
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        swapc_error_set(error, SWAPC_MODULE_MALFORMED,
                        "%s cannot be loaded (%s); build it as the guest SDK does", path,
                        why ? why : "no reason given");
        close(fd);
        return SWAPC_MODULE_MALFORMED;
    }
    *library = (struct swapci_native_library){handle, fd};
    return SWAPC_OK;
}

void swapci_native_library_close(struct swapci_native_library *library) {
    char name[48];
    name_of(library->fd, name, sizeof name);
    dlclose(library->handle);
    /* A library can refuse to go (NODELETE, unique symbols): then its name must stay taken. */
    void *still = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
    if (still) dlclose(still);
    else close(library->fd);
}
