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

enum { RECORD_MAX = 128 };

/* ---- versions --------------------------------------------------------------------------------- */

/* The length of an identifier: what stands before a dot or the end of its part. */
static size_t identifier(const char *at, const char *stops) {
    return strcspn(at, stops);
}

static bool digits(const char *at, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (at[i] < '0' || at[i] > '9') return false;
    return len > 0;
}

static bool number(const char *at, size_t len) {
    return digits(at, len) && (len == 1 || at[0] != '0');
}

static bool word(const char *at, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)at[i]) && at[i] != '-') return false;
    return len > 0;
}

/* Takes identifiers with dots between them; numbers in a pre-release have no leading zeros. */
static bool take_identifiers(const char **at, const char *stops, bool build) {
    for (;;) {
        size_t len = identifier(*at, stops);
        if (!word(*at, len) || (!build && digits(*at, len) && !number(*at, len))) return false;
        *at += len;
        if (**at != '.') return true;
        (*at)++;
    }
}

static bool take_core(const char **at) {
    for (int i = 0; i < 3; i++) {
        size_t len = strspn(*at, "0123456789");
        if (!number(*at, len)) return false;
        *at += len;
        if (i < 2 && *(*at)++ != '.') return false;
    }
    return true;
}

bool swapci_version_valid(const char *text) {
    if (!take_core(&text)) return false;
    if (*text == '-') {
        text++;
        if (!take_identifiers(&text, ".+", false)) return false;
    }
    if (*text == '+') {
        text++;
        if (!take_identifiers(&text, ".", true)) return false;
    }
    return *text == '\0';
}

static int sign(int value) {
    return (value > 0) - (value < 0);
}

/* Numbers by value (without leading zeros the longer one is larger), words by their bytes, a number
 * before any word. */
static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len) {
    bool a_number = digits(a, a_len), b_number = digits(b, b_len);
    if (a_number != b_number) return a_number ? -1 : 1;
    if (a_number && a_len != b_len) return a_len < b_len ? -1 : 1;
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? sign(order) : (a_len > b_len) - (a_len < b_len);
}

/* Both stand at the first identifier of a part; the part with more of them is larger. */
static int compare_parts(const char **a, const char **b, const char *stops) {
    for (;;) {
        size_t a_len = identifier(*a, stops), b_len = identifier(*b, stops);
        int order = compare_identifiers(*a, a_len, *b, b_len);
        *a += a_len;
        *b += b_len;
        if (order || **a != '.' || **b != '.') return order ? order : (**a == '.') - (**b == '.');
        (*a)++;
        (*b)++;
    }
}

int swapci_version_compare(const char *a, const char *b) {
    int order = compare_parts(&a, &b, ".-+");
    if (order) return order;
    /* A pre-release precedes its release. */
    if (*a != '-' || *b != '-') return (*b == '-') - (*a == '-');
    a++;
    b++;
    return compare_parts(&a, &b, ".+"); /* a pre-release may hold dashes */
}

/* ---- records ---------------------------------------------------------------------------------- */

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
