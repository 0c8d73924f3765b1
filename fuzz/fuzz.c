#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static char folder[64];

const char *__asan_default_options(void);

/* What the address sanitizer is told in every target, where it is there. Allocations that fail are
 * ours to handle; an input's memory is let go within a few of the next, so that little is kept to
 * see late uses, and a third of the time is not spent on pages of its own for each. */
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1:malloc_context_size=8:quarantine_size_mb=32";
}

void fuzz_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
    abort();
}

uint64_t fuzz_number(struct fuzz_input *in, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)fuzz_byte(in) << (8 * i);
    return value;
}

swapc_bytes fuzz_bytes(struct fuzz_input *in, size_t len) {
    if (len > fuzz_left(in)) len = fuzz_left(in);
    swapc_bytes bytes = swapc_bytes_of(in->at, len);
    in->at += len;
    return bytes;
}

swapc_bytes fuzz_rest(struct fuzz_input *in) {
    return fuzz_bytes(in, fuzz_left(in));
}

char *fuzz_text(struct fuzz_input *in) {
    swapc_bytes rest = fuzz_rest(in);
    char *text = malloc(rest.len + 1);
    FUZZ_CHECK(text);
    if (rest.len) memcpy(text, rest.ptr, rest.len);
    text[rest.len] = '\0';
    return text;
}

static void remove_folder(void) {
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *entry; (entry = readdir(dir));)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    (void)rmdir(folder);
}

const char *fuzz_folder(void) {
    if (!folder[0]) {
        strcpy(folder, "/dev/shm/swapc-fuzz-XXXXXX");
        FUZZ_CHECK(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

const char *fuzz_path(const char *name) {
    static char path[320];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    return path;
}

void fuzz_write(const char *name, swapc_bytes content) {
    int fd = open(fuzz_path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(write(fd, content.ptr, content.len) == (ssize_t)content.len);
    FUZZ_CHECK(ftruncate(fd, (off_t)content.len) ==
               0); /* last: it keeps what memory the file has */
    close(fd);
}
