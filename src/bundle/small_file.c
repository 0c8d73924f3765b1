#include "small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap.h"

static enum swapc_status read_open(int fd, const char *path, size_t max, swapci_buffer *out,
                                   swapc_error *error) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read %s", path);
    if (!S_ISREG(st.st_mode))
        return swapc_error_set(error, SWAPC_IO, "%s is not a regular file", path);
    /* One byte more, so that a file that is too long is seen even if it grew just now. */
    if (swapci_buffer_reserve(out, max + 1) != SWAPC_OK)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to read %s", path);
    size_t done = 0;
    while (done <= max) {
        ssize_t got = read(fd, out->ptr + out->len + done, max + 1 - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read %s", path);
        if (got == 0) break;
        done += (size_t)got;
    }
    if (done > max)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "%s has more than %zu bytes", path, max);
    out->len += done;
    return SWAPC_OK;
}

enum swapc_status swapci_small_file_read(const char *path, size_t max, swapci_buffer *out,
                                         swapc_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return swapc_error_set_errno(error, errno == ENOENT ? SWAPC_NOT_FOUND : SWAPC_IO, errno,
                                     "cannot open %s", path);
    enum swapc_status status = read_open(fd, path, max, out, error);
    close(fd);
    return status;
}

static bool write_all(int fd, swapc_bytes content) {
    for (size_t done = 0; done < content.len;) {
        ssize_t put = write(fd, content.ptr + done, content.len - done);
        if (put < 0 && errno != EINTR) return false;
        if (put > 0) done += (size_t)put;
    }
    return true;
}

static bool settle(int fd, const char *path, const char *fresh, swapc_bytes content,
                   unsigned mode) {
    return fchmod(fd, mode) == 0 && write_all(fd, content) && fsync(fd) == 0 &&
           rename(fresh, path) == 0;
}

/* A rename lasts when its folder has been written. */
static void sync_folder(char *path) {
    char *slash = strrchr(path, '/');
    if (slash) *slash = '\0';
    int fd = open(!slash ? "." : slash == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

enum swapc_status swapci_small_file_replace(const char *path, swapc_bytes content, unsigned mode,
                                            swapc_error *error) {
    char *fresh = swapci_heap_format("%s.XXXXXX", path);
    if (!fresh) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory to write %s", path);
    int fd = mkostemp(fresh, O_CLOEXEC);
    enum swapc_status status = SWAPC_OK;
    if (fd < 0 || !settle(fd, path, fresh, content, mode)) {
        status = swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write %s", path);
        if (fd >= 0) unlink(fresh);
    }
    if (fd >= 0) close(fd);
    if (status == SWAPC_OK) sync_folder(fresh);
    swapci_heap_free(fresh);
    return status;
}
