/* What is shared: nothing but the stop flag that is handed in, an atomic that others raise and that ends a wait
 * for input. */
#include "message_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

enum { CHUNK = 1 << 16, SLICE_MS = 100 };

struct swapci_source {
    int fd; /* -1: names */
    uint64_t random;
    size_t message_max;
    char shown[256]; /* the file's name, for people */
    swapci_buffer data;
    size_t start;   /* of the line being read, in data */
    size_t scanned; /* from there on no LF was looked for yet */
    uint64_t line;  /* number of the line being read, from 1 */
    uint64_t over;  /* bytes of a line too large that were dropped already */
    bool ended;     /* the file is read to its end */
};

static const char *const names[] = {
    "Ada",   "Alan",   "Alice",  "Amara",  "Andrea",  "Anita",   "Barbara", "Bob",
    "Carol", "Chen",   "Claude", "Dana",   "David",   "Diego",   "Donald",  "Edsger",
    "Elena", "Emmy",   "Erik",   "Fatima", "Felix",   "Frances", "Grace",   "Hana",
    "Hedy",  "Ingrid", "Ivan",   "Jean",   "John",    "Jonas",   "Judith",  "Karen",
    "Ken",   "Kofi",   "Leila",  "Leslie", "Linus",   "Lucia",   "Maria",   "Margaret",
    "Marco", "Mei",    "Miriam", "Nadia",  "Niklaus", "Noor",    "Olga",    "Omar",
    "Oscar", "Paula",  "Peggy",  "Priya",  "Radia",   "Rosa",    "Ruth",    "Samuel",
    "Sara",  "Shafi",  "Sofia",  "Tim",    "Trent",   "Victor",  "Wanda",   "Yukihiro"};

uint64_t swapci_random_seed(uint64_t seed) {
    seed += 0x9e3779b97f4a7c15u; /* one step of splitmix64: seeds 0, 1, 2 … give unlike states */
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
    seed ^= seed >> 31;
    return seed ? seed : 1;
}

uint64_t swapci_random_next(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static swapci_source *source_new(swapc_error *error) {
    swapci_source *source = calloc(1, sizeof *source);
    if (!source) {
        swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
        return NULL;
    }
    source->fd = -1;
    source->line = 1;
    return source;
}

enum swapc_status swapci_source_names(uint64_t seed, swapci_source **out, swapc_error *error) {
    swapci_source *source = source_new(error);
    if (!source) return SWAPC_NO_MEMORY;
    source->random = swapci_random_seed(seed);
    *out = source;
    return SWAPC_OK;
}

enum swapc_status swapci_source_lines(const char *path, size_t message_max, swapci_source **out,
                                      swapc_error *error) {
    int is_stdin = !strcmp(path, "-");
    swapci_source *source = source_new(error);
    if (!source) return SWAPC_NO_MEMORY;
    source->message_max = message_max;
    snprintf(source->shown, sizeof source->shown, "%s", is_stdin ? "the standard input" : path);
    source->fd = is_stdin ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0) {
        int why = errno;
        free(source);
        return swapc_error_set_errno(
            error, why == ENOENT ? SWAPC_NOT_FOUND : SWAPC_IO, why,
            "the messages file %s (one a line; - is standard input) cannot "
            "be read",
            path);
    }
    *out = source;
    return SWAPC_OK;
}

void swapci_source_free(swapci_source *source) {
    if (source) {
        if (source->fd >= 0) close(source->fd);
        swapci_buffer_fini(&source->data);
        free(source);
    }
}

/* Waits until the file can be read. */
static enum swapc_status wait_input(const swapci_source *source, int wait, const atomic_int *stop,
                                    swapc_error *error) {
    struct pollfd input = {source->fd, POLLIN, 0};
    for (;;) {
        int ready = poll(&input, 1, wait ? SLICE_MS : 0);
        if (stop && atomic_load_explicit(stop, memory_order_relaxed))
            return swapc_error_set(error, SWAPC_INTERRUPTED, "interrupted");
        if (ready > 0) return SWAPC_OK;
        if (!wait) return SWAPC_BUSY;
    }
}

/* Moves the unfinished line to the front and reads a chunk behind it. */
static enum swapc_status fill(swapci_source *source, swapc_error *error) {
    swapci_buffer *data = &source->data;
    if (source->start > 0) {
        data->len -= source->start;
        source->scanned -= source->start;
        memmove(data->ptr, data->ptr + source->start, data->len);
        source->start = 0;
    }
    if (swapci_buffer_reserve(data, CHUNK) != SWAPC_OK)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "out of memory");
    ssize_t got;
    do {
        got = read(source->fd, data->ptr + data->len, CHUNK);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) return SWAPC_OK;
    if (got < 0)
        return swapc_error_set_errno(error, SWAPC_IO, errno, "%s cannot be read", source->shown);
    data->len += (size_t)got;
    source->ended = got == 0;
    return SWAPC_OK;
}

/* Of a line that is too large only the size is kept. */
static void drop_excess(swapci_source *source) {
    size_t len = source->data.len - source->start;
    if (len > source->message_max) {
        source->over += len;
        source->start = source->data.len;
        source->scanned = source->start;
    }
}

static enum swapc_status finish_line(swapci_source *source, size_t end, swapc_bytes *out,
                                     swapc_error *error) {
    size_t len = end - source->start;
    uint64_t size = source->over + len;
    uint64_t line = source->line++;
    *out = swapc_bytes_of(source->data.ptr + source->start, len);
    source->start = end < source->data.len ? end + 1 : end;
    source->scanned = source->start;
    source->over = 0;
    if (size > source->message_max) {
        return swapc_error_set(
            error, SWAPC_TOO_LARGE,
            "line %llu of %s has %llu bytes and a message at most %zu (a quarter "
            "of the ring): split the line",
            (unsigned long long)line, source->shown, (unsigned long long)size, source->message_max);
    }
    return SWAPC_OK;
}

static enum swapc_status next_line(swapci_source *source, int wait, const atomic_int *stop,
                                   swapc_bytes *out, swapc_error *error) {
    for (;;) {
        swapci_buffer *data = &source->data;
        const uint8_t *end = NULL;
        if (data->len > source->scanned)
            end = memchr(data->ptr + source->scanned, '\n', data->len - source->scanned);
        if (end) return finish_line(source, (size_t)(end - data->ptr), out, error);
        source->scanned = data->len;
        drop_excess(source);
        if (source->ended) {
            int rest = data->len > source->start || source->over > 0;
            return rest ? finish_line(source, data->len, out, error) : SWAPC_CLOSED;
        }
        enum swapc_status status = wait_input(source, wait, stop, error);
        if (status == SWAPC_OK) status = fill(source, error);
        if (status != SWAPC_OK) return status;
    }
}

enum swapc_status swapci_source_next(swapci_source *source, int wait, const atomic_int *stop,
                                     swapc_bytes *out, swapc_error *error) {
    if (source->fd >= 0) return next_line(source, wait, stop, out, error);
    size_t count = sizeof names / sizeof *names;
    *out = swapc_bytes_str(names[(swapci_random_next(&source->random) >> 32) % count]);
    return SWAPC_OK;
}
