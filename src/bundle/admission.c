/* What is shared: the folder, with other processes. Its lock (flock on the file `lock`, which every
 * open descriptor holds for itself, threads of one process too) is held from the comparison to the
 * replacement. */
#include "admission.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap.h"
#include "small_file.h"
#include "manifest_values.h"

enum { RECORD_MAX = 128 };

/* ---- records --------------------------------------------------------------------------------- */

enum swapc_status swapci_admission_open(const char *folder, swapc_error *error) {
    struct stat st;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return swapc_error_set_errno(error, SWAPC_IO, errno,
                                     "cannot make %s, where admitted versions are remembered",
                                     folder);
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return swapc_error_set(error, SWAPC_IO, "%s is not a folder", folder);
    return SWAPC_OK;
}

/* A name may hold any byte; a file's name must not. Returns NULL when memory is out. */
static char *record_path(const char *folder, const char *name) {
    size_t at = strlen(folder) + 1;
    char *path = swapci_heap_alloc(at + 3 * strlen(name) + sizeof ".version");
    if (!path) return NULL;
    sprintf(path, "%s/", folder);
    for (; *name; name++) {
        bool plain = isalnum((unsigned char)*name) || *name == '-' || *name == '_';
        at += (size_t)sprintf(path + at, plain ? "%c" : "%%%02X", (unsigned char)*name);
    }
    strcpy(path + at, ".version");
    return path;
}

static enum swapc_status lock(const char *folder, int *fd, swapc_error *error) {
    char *path = swapci_heap_format("%s/lock", folder);
    if (!path) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a path");
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int failed = *fd < 0;
    while (!failed && flock(*fd, LOCK_EX) != 0) failed = errno != EINTR;
    enum swapc_status status =
        failed ? swapc_error_set_errno(error, SWAPC_IO, errno, "cannot lock %s", path) : SWAPC_OK;
    if (failed && *fd >= 0) close(*fd);
    swapci_heap_free(path);
    return status;
}

/* Reads the record into known: "" when there is none yet. */
static enum swapc_status read_record(const char *path, char known[RECORD_MAX], swapc_error *error) {
    swapci_buffer text = SWAPCI_BUFFER_INIT;
    swapc_error own = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_small_file_read(path, RECORD_MAX - 1, &text, &own);
    known[0] = '\0';
    if (status == SWAPC_OK) {
        memcpy(known, text.ptr, text.len);
        known[text.len] = '\0';
        known[strcspn(known, "\n")] = '\0';
    }
    swapci_buffer_fini(&text);
    if (status == SWAPC_NOT_FOUND) return SWAPC_OK;
    if (status == SWAPC_TOO_LARGE || (status == SWAPC_OK && !swapci_version_valid(known)))
        return swapc_error_set(error, SWAPC_CORRUPT,
                               "%s holds no version: restore it, or set it anew (swapc module "
                               "rollback --state-dir)",
                               path);
    return status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", own.text);
}

static enum swapc_status compare(const char *path, const char *name, const char *version,
                                 char known[RECORD_MAX], swapc_error *error) {
    enum swapc_status status = read_record(path, known, error);
    if (status != SWAPC_OK || known[0] == '\0' || swapci_version_compare(version, known) >= 0)
        return status;
    return swapc_error_set(error, SWAPC_VERSION,
                           "%s %s is older than %s, which was admitted before (%s): to go back "
                           "deliberately, swapc module rollback %s %s --state-dir",
                           name, version, known, path, name, version);
}

static enum swapc_status act_locked(const char *path, const char *name, const char *version,
                                    enum swapci_admission_act act, swapc_error *error) {
    char known[RECORD_MAX] = "", line[RECORD_MAX];
    enum swapc_status status = SWAPC_OK;
    if (act != SWAPCI_ADMISSION_SET) status = compare(path, name, version, known, error);
    if (status != SWAPC_OK || act == SWAPCI_ADMISSION_COMPARE || strcmp(known, version) == 0)
        return status;
    int len = snprintf(line, sizeof line, "%s\n", version);
    if (len < 0 || (size_t)len >= sizeof line)
        return swapc_error_set(error, SWAPC_INVALID, "the version of %s is too long", name);
    return swapci_small_file_replace(path, swapc_bytes_of(line, (size_t)len), 0600, error);
}

enum swapc_status swapci_admission(const char *folder, const char *name, const char *version,
                                   enum swapci_admission_act act, swapc_error *error) {
    int fd = -1;
    char *path = record_path(folder, name);
    if (!path) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a path");
    enum swapc_status status = lock(folder, &fd, error);
    if (status == SWAPC_OK) {
        status = act_locked(path, name, version, act, error);
        close(fd);
    }
    swapci_heap_free(path);
    return status;
}
