#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

/* ---- reading -------------------------------------------------------------------------------- */

/* What is refused of each, and the remedy. */
static const struct {
    mode_t refused;
    const char *chmod;
} access_rules[] = {[SWAPCI_KEY_PUBLIC] = {022, "644"},
                    [SWAPCI_KEY_SECRET] = {077, "600"},
                    [SWAPCI_KEY_SHARED] = {037, "640"}};

static enum swapc_status check_file(const char *path, const struct stat *st,
                                    enum swapci_key_access access, swapc_error *error) {
    if (!S_ISREG(st->st_mode))
        return swapc_error_set(error, SWAPC_INVALID, "key file %s is not a regular file", path);
    if (st->st_size > FILE_MAX)
        return swapc_error_set(error, SWAPC_INVALID, "key file %s is larger than 1 MiB", path);
    if (access != SWAPCI_KEY_PUBLIC && st->st_uid != geteuid() && st->st_uid != 0) {
        return swapc_error_set(error, SWAPC_INVALID,
                               "key file %s belongs to another user; copy it and use the copy",
                               path);
    }
    if (st->st_mode & access_rules[access].refused) {
        bool by_group = access == SWAPCI_KEY_SECRET && (st->st_mode & 037) == 0;
        return swapc_error_set(
            error, SWAPC_INVALID, "key file %s is open to other users: run chmod %s %s%s", path,
            access_rules[access].chmod, path,
            by_group ? ", or give --keys-mode group if its group is to read it" : "");
    }
    return SWAPC_OK;
}

static enum swapc_status read_all(int fd, size_t size, swapci_key_text *out, swapc_error *error) {
    out->bytes = malloc(size + 1);
    if (!out->bytes)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for key file %s", out->path);
    while (out->len < size) {
        ssize_t n = read(fd, out->bytes + out->len, size - out->len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read key file %s",
                                         out->path);
        }
        if (n == 0) break;
        out->len += (size_t)n;
    }
    return SWAPC_OK;
}

enum swapc_status swapci_key_text_read(const char *path, const char *title,
                                       enum swapci_key_access access, swapci_key_text *out,
                                       swapc_error *error) {
    struct stat st;
    swapc_bytes line;
    *out = (swapci_key_text){.path = path};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return swapc_error_set_errno(
            error, errno == ENOENT ? SWAPC_NOT_FOUND : SWAPC_IO, errno,
            "cannot open key file %s, which a signer makes where there is none", path);
    }
    enum swapc_status status = SWAPC_OK;
    if (fstat(fd, &st) != 0)
        status = swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read key file %s", path);
    if (status == SWAPC_OK) status = check_file(path, &st, access, error);
    if (status == SWAPC_OK) status = read_all(fd, (size_t)st.st_size, out, error);
    close(fd);
    if (status == SWAPC_OK &&
        (!swapci_key_text_next(out, &line) || !swapc_bytes_equal(line, swapc_bytes_str(title)))) {
        status = swapc_error_set(error, SWAPC_INVALID,
                                 "%s is not a key file: its first line is not \"%s\"", path, title);
    }
    if (status != SWAPC_OK) swapci_key_text_fini(out);
    return status;
}

void swapci_key_text_fini(swapci_key_text *text) {
    if (text->bytes) sodium_memzero(text->bytes, text->len);
    free(text->bytes);
    text->bytes = NULL;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

bool swapci_key_text_next(swapci_key_text *text, swapc_bytes *line) {
    while (text->at < text->len) {
        const char *start = text->bytes + text->at;
        const char *end = memchr(start, '\n', text->len - text->at);
        if (!end) end = text->bytes + text->len;
        text->at = (size_t)(end - text->bytes) + 1;
        text->line++;
        while (start < end && is_blank(*start)) start++;
        while (start < end && is_blank(end[-1])) end--;
        if (start == end || *start == '#') continue;
        *line = swapc_bytes_of(start, (size_t)(end - start));
        return true;
    }
    return false;
}

enum swapc_status swapci_key_text_refuse(const swapci_key_text *text, const char *what,
                                         swapc_error *error) {
    return swapc_error_set(error, SWAPC_INVALID, "key file %s, line %u, %s", text->path, text->line,
                           what);
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool write_all(int fd, swapc_bytes bytes) {
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = write(fd, bytes.ptr + done, bytes.len - done);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) done += (size_t)n;
    }
    return fsync(fd) == 0;
}

/* Gives the finished file its name. A link, unlike a rename, never takes the place of another. */
static bool settle(const char *temporary, const char *path, bool replace) {
    if (replace) return rename(temporary, path) == 0;
    return link(temporary, path) == 0 || errno == EEXIST;
}

enum swapc_status swapci_key_file_write(const char *path, swapc_bytes bytes, int mode, bool replace,
                                        swapc_error *error) {
    char temporary[PATH_MAX];
    int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof temporary)
        return swapc_error_set(error, SWAPC_INVALID, "the path of key file %s is too long", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot make key file %s", path);
    bool good =
        fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes) && settle(temporary, path, replace);
    int native = errno;
    close(fd);
    unlink(temporary); /* gone already after a rename */
    if (good) return SWAPC_OK;
    return swapc_error_set_errno(error, SWAPC_IO, native, "cannot write key file %s", path);
}
