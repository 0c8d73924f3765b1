#include "http_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hex.h"

static enum swapc_status make(int fd, const char *path, char *out, swapc_error *error) {
    uint8_t bytes[32];
    char line[2 * sizeof bytes + 2];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return swapc_error_set(error, SWAPC_SYSTEM, "the system gives no random bytes");
    swapci_hex_encode(swapc_bytes_of(bytes, sizeof bytes), line);
    memcpy(out, line, 2 * sizeof bytes + 1);
    line[2 * sizeof bytes] = '\n';
    if (write(fd, line, 2 * sizeof bytes + 1) != (ssize_t)(2 * sizeof bytes + 1))
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot write the token to %s", path);
    return SWAPC_OK;
}

static enum swapc_status read_line(int fd, const char *path, char *out, swapc_error *error) {
    struct stat info;
    char text[SWAPCI_HTTP_TOKEN_MAX + 2];
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return swapc_error_set(error, SWAPC_INVALID, "%s is no regular file", path);
    if (info.st_mode & 077)
        return swapc_error_set(error, SWAPC_NOT_ALLOWED,
                               "others can reach the token in %s (mode %03o): chmod 600 %s", path,
                               info.st_mode & 0777, path);
    ssize_t got = read(fd, text, sizeof text - 1);
    if (got < 0) return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot read %s", path);
    text[got] = 0;
    size_t len = strcspn(text, "\r\n");
    text[len] = 0;
    bool plain = len >= SWAPCI_HTTP_TOKEN_MIN && len <= SWAPCI_HTTP_TOKEN_MAX;
    for (size_t i = 0; i < len; i++) plain &= text[i] > ' ' && text[i] < 127;
    if (!plain)
        return swapc_error_set(error, SWAPC_INVALID,
                               "the token in %s has to be one word of %d to %d characters: remove "
                               "the file, and a new one is made",
                               path, SWAPCI_HTTP_TOKEN_MIN, SWAPCI_HTTP_TOKEN_MAX);
    memcpy(out, text, len + 1);
    return SWAPC_OK;
}

enum swapc_status swapci_http_token_load(const char *path, char out[SWAPCI_HTTP_TOKEN_MAX + 1],
                                         swapc_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool made = fd < 0 && errno == ENOENT;
    if (made) fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "cannot open the token's file %s",
                                     path);
    enum swapc_status status = made ? make(fd, path, out, error) : read_line(fd, path, out, error);
    close(fd);
    return status;
}

bool swapci_http_token_equal(const char *token, const char *given) {
    size_t len = strlen(token), other = strlen(given);
    unsigned char differs = len != other;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned char)(token[i] ^ given[other ? i % other : 0]);
    return !differs;
}
