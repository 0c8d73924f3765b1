#include "cache_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "heap.h"

enum { STALE_S = 3600 };

const char swapci_cache_magic[16] = "swapc-cache-1\n";

/* secure_getenv: a program that runs with more rights than its caller takes no hints from it. */
static bool choose(const char *asked, const swapc_log *log, char *out, size_t size) {
    const char *own = asked ? asked : secure_getenv("SWAPC_CACHE");
    const char *xdg = secure_getenv("XDG_CACHE_HOME");
    const char *home = secure_getenv("HOME");
    int n = -1;
    if (own) n = snprintf(out, size, "%s", own);
    else if (xdg && xdg[0] == '/') n = snprintf(out, size, "%s/swapc", xdg);
    else if (home && home[0] == '/') n = snprintf(out, size, "%s/.cache/swapc", home);
    if (n >= 0 && (size_t)n >= size)
        swapc_log_write(
            log, SWAPC_LOG_INFO, "cache",
            "no compiled modules are kept: the path of %d bytes is too long (\"%.60s...\");"
            " name another directory in SWAPC_CACHE",
            n, out);
    return n > 0 && (size_t)n < size;
}

static int make(char *path) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return 0;
    char *slash = strrchr(path, '/');
    if (errno != ENOENT || !slash || slash == path) return -1;
    *slash = '\0';
    int made = mkdir(path, 0700);
    *slash = '/';
    return made == 0 || errno == EEXIST ? mkdir(path, 0700) : -1;
}

bool swapci_cache_dir_private(const struct stat *st) {
    return st->st_uid == geteuid() && (st->st_mode & 077) == 0;
}

int swapci_cache_dir_open(const char *asked, const swapc_log *log) {
    char path[PATH_MAX];
    struct stat st;
    if (!choose(asked, log, path, sizeof path)) return -1;
    int fd = make(path) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &st) != 0) {
        swapc_log_write(log, SWAPC_LOG_INFO, "cache",
                        "no compiled modules are kept: %s cannot be used (%s); name another "
                        "directory in SWAPC_CACHE",
                        path, strerror(errno));
    } else if (!swapci_cache_dir_private(&st)) {
        swapc_log_write(log, SWAPC_LOG_WARN, "cache",
                        "no compiled modules are kept: %s belongs to or is open to others; make it "
                        "yours (chown) and private (chmod 700), or name another in SWAPC_CACHE",
                        path);
    } else {
        return fd;
    }
    if (fd >= 0) close(fd);
    return -1;
}

struct entry {
    char name[SWAPCI_CACHE_NAME];
    time_t changed;
};

static int by_age(const void *a, const void *b) {
    time_t x = ((const struct entry *)a)->changed, y = ((const struct entry *)b)->changed;
    return (x > y) - (x < y);
}

/* Whether the file is one of ours, by how it begins: the directory may be one that holds others
 * too. */
static bool begins_as_ours(int directory, const char *name) {
    char head[sizeof swapci_cache_magic];
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool ours = pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
                memcmp(head, swapci_cache_magic, sizeof head) == 0;
    close(fd);
    return ours;
}

/* Whether name is one that cache.c gives to a file it writes: .PID-NUMBER. */
static bool is_temporary(const char *name) {
    size_t pid = name[0] == '.' ? strspn(name + 1, "0123456789") : 0;
    if (pid == 0 || name[1 + pid] != '-') return false;
    const char *number = name + pid + 2;
    return *number && number[strspn(number, "0123456789")] == '\0';
}

static bool is_entry(const char *name) {
    return strlen(name) == SWAPCI_CACHE_NAME - 1 &&
           strspn(name, "0123456789abcdef") == SWAPCI_CACHE_NAME - 1;
}

/* Collects the entries, and deletes what interrupted writers left. Other files are somebody's
 * own. */
static size_t collect(int directory, DIR *dir, struct entry *entries, size_t max) {
    size_t count = 0;
    struct stat st;
    for (struct dirent *d = readdir(dir); d && count < max; d = readdir(dir)) {
        bool temporary = is_temporary(d->d_name);
        if ((!temporary && !is_entry(d->d_name)) ||
            fstatat(directory, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
            !begins_as_ours(directory, d->d_name))
            continue;
        if (temporary) {
            if (st.st_mtime < time(NULL) - STALE_S) unlinkat(directory, d->d_name, 0);
            continue;
        }
        memcpy(entries[count].name, d->d_name, SWAPCI_CACHE_NAME);
        entries[count++].changed = st.st_mtime;
    }
    return count;
}

void swapci_cache_dir_prune(int directory) {
    enum { MAX = 4 * SWAPCI_CACHE_ENTRIES_MAX };
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct entry *entries = dir ? swapci_heap_zeroed(MAX, sizeof *entries) : NULL;
    if (entries) {
        size_t count = collect(directory, dir, entries, MAX);
        qsort(entries, count, sizeof *entries, by_age);
        for (size_t i = 0; i + SWAPCI_CACHE_ENTRIES_MAX < count; i++)
            unlinkat(directory, entries[i].name, 0);
    }
    swapci_heap_free(entries);
    if (dir) closedir(dir);
    else if (fd >= 0) close(fd);
}
