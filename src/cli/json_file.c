/* What is shared: nothing but the leftover, by signals.h's rules. */
#include "json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail_point.h"
#include "signal_mask.h"
#include "signals.h"

struct fresh {
    char path[PATH_MAX], unfinished[PATH_MAX + 16];
    FILE *to;
};

static bool dump(const json_t *document, FILE *to) {
    return json_dumpf(document, to, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) == 0 &&
           fputc('\n', to) != EOF;
}

/* Returns whether all of it arrived. */
static bool close_file(FILE *to, bool good) {
    int why = errno;
    if (fclose(to) != 0 && good) return false;
    errno = why;
    return good;
}

/* A part of a document is none, and would be taken for one. */
static void remove_part(const char *path) {
    struct stat st;
    int why = errno;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) unlink(path);
    errno = why;
}

static bool write_in_place(const char *path, const json_t *document) {
    FILE *to = fopen(path, "we");
    if (!to) return false;
    bool good = close_file(to, dump(document, to));
    if (!good) remove_part(path);
    return good;
}

/* What is printed goes there, too, and would go nowhere behind another file. */
static bool is_printed_to(const struct stat *file) {
    struct stat st;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino)
            return true;
    return false;
}

/* Out: the file's own name, behind links, and what it is; without a mode: there is none yet. Returns false where another file
 * is not to take its place, as what is there must not be written to, for one. */
static bool may_replace(const char *path, char own[PATH_MAX], struct stat *st) {
    *st = (struct stat){.st_mode = 0};
    if (realpath(path, own) == NULL) {
        if (errno != ENOENT || lstat(path, st) == 0) return false;
        return snprintf(own, PATH_MAX, "%s", path) < PATH_MAX;
    }
    return stat(own, st) == 0 && S_ISREG(st->st_mode) && st->st_nlink == 1 &&
           st->st_uid == geteuid() && access(own, W_OK) == 0 && !is_printed_to(st);
}

static void take_away(void *unfinished) {
    unlink(unfinished);
}

/* Who may read the file of before may read this one, and nobody else. */
static bool take_rights(int fd, const struct stat *of) {
    return of->st_mode == 0 ||
           (fchown(fd, (uid_t)-1, of->st_gid) == 0 && fchmod(fd, of->st_mode & 07777) == 0);
}

/* A name that nobody else's file has: nothing is removed for it. */
static bool begin(struct fresh *f, const char *path) {
    struct stat before;
    uint32_t random;
    if (!may_replace(path, f->path, &before)) return false;
    if (getrandom(&random, sizeof random, 0) != sizeof random) return false;
    snprintf(f->unfinished, sizeof f->unfinished, "%s.%08x", f->path, (unsigned)random);
    int fd = open(f->unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  before.st_mode ? 0600 : 0666);
    if (fd < 0) return false;
    f->to = take_rights(fd, &before) ? fdopen(fd, "w") : NULL;
    if (f->to) return true;
    close(fd);
    unlink(f->unfinished);
    return false;
}

/* Out: *good, with errno. Returns false where the file can only be written in place. */
static bool write_beside(const char *path, const json_t *document, bool *good) {
    struct fresh f;
    swapci_signals_making();
    bool begun = begin(&f, path);
    if (begun) swapci_signals_leftover(take_away, f.unfinished);
    swapci_signals_made();
    if (!begun) return false;
    *good = close_file(f.to, dump(document, f.to));
    swapci_fail_point(SWAPCI_FAIL_document_written);
    swapci_signals_making();
    bool settled = *good && rename(f.unfinished, f.path) == 0;
    bool mounted = *good && !settled && errno == EBUSY;
    int why = errno;
    if (!settled) unlink(f.unfinished);
    errno = why;
    swapci_signals_leftover_gone(f.unfinished);
    swapci_signals_made();
    *good = settled;
    return !mounted;
}

/* A command that does not would leave the file: it has them blocked meanwhile. */
static bool handles_signals(void) {
    struct sigaction now;
    return sigaction(SIGTERM, NULL, &now) == 0 && now.sa_handler != SIG_DFL;
}

bool swapci_json_file_write(const char *path, const json_t *document) {
    sigset_t before;
    bool good = false;
    if (strcmp(path, "-") == 0) return dump(document, stdout) && fflush(stdout) == 0;
    bool mask = !handles_signals();
    if (mask) swapci_signal_mask_all(&before);
    bool done = write_beside(path, document, &good);
    int why = errno;
    if (mask) pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return done ? good : write_in_place(path, document);
}
