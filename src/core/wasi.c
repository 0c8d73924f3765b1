#include "wasi.h"

#include <sys/random.h>
#include <time.h>

#include "printable.h"
#include "utf8.h"
#include "wasi_memory.h"

enum { WASI_CHARACTER_DEVICE = 2, WASI_FDSTAT_SIZE = 24, WASI_IOVEC_SIZE = 8 };

/* A write takes at most this much and says so: a guest cannot keep the host at it for long. */
enum { WRITE_MAX_BYTES = 65536 };

/* Random bytes made between two looks at the clock: some 0.2 ms. */
enum { RANDOM_SLICE = 65536 };

/* Bytes of abort's message, and of its file's name, that are told, with the NUL. */
enum { ABORT_SHOWN = 160 };

static bool standard(uint64_t fd) {
    return fd <= 2;
}

static enum swapc_status ok(swapc_call *call, swapc_memory memory, const uint64_t *args,
                            uint64_t *result) {
    (void)call, (void)memory, (void)args;
    *result = SWAPCI_WASI_SUCCESS;
    return SWAPC_OK;
}

static enum swapc_status nothing(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                 uint64_t *result) {
    (void)call, (void)memory, (void)args, (void)result;
    return SWAPC_OK;
}

static enum swapc_status badf(swapc_call *call, swapc_memory memory, const uint64_t *args,
                              uint64_t *result) {
    (void)call, (void)memory, (void)args;
    *result = SWAPCI_WASI_BADF;
    return SWAPC_OK;
}

static enum swapc_status nosys(swapc_call *call, swapc_memory memory, const uint64_t *args,
                               uint64_t *result) {
    (void)call, (void)memory, (void)args;
    *result = SWAPCI_WASI_NOSYS;
    return SWAPC_OK;
}

static enum swapc_status notcapable(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                    uint64_t *result) {
    (void)call, (void)memory, (void)args;
    *result = SWAPCI_WASI_NOTCAPABLE;
    return SWAPC_OK;
}

static enum swapc_status sizes_get(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                   uint64_t *result) {
    uint8_t *count, *size;
    if (!swapci_span(memory, args[0], 4, &count) || !swapci_span(memory, args[1], 4, &size))
        return swapci_wasi_outside(call, "sizes_get");
    swapci_wasi_store(count, 0, 4);
    swapci_wasi_store(size, 0, 4);
    *result = SWAPCI_WASI_SUCCESS;
    return SWAPC_OK;
}

/* Clocks 0 realtime and 1 monotonic; the two CPU-time clocks are refused. */
static bool clock_id(uint64_t wasi, clockid_t *out) {
    *out = wasi == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    return wasi <= 1;
}

static enum swapc_status give_time(swapc_call *call, swapc_memory memory, uint64_t ptr,
                                   const struct timespec *t, uint64_t *result) {
    uint8_t *at;
    if (!swapci_span(memory, ptr, 8, &at)) return swapci_wasi_outside(call, "clock");
    swapci_wasi_store(at, (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec, 8);
    *result = SWAPCI_WASI_SUCCESS;
    return SWAPC_OK;
}

static enum swapc_status clock_res_get(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                       uint64_t *result) {
    struct timespec t;
    clockid_t id;
    *result = SWAPCI_WASI_INVAL;
    if (!clock_id(args[0], &id) || clock_getres(id, &t) != 0) return SWAPC_OK;
    return give_time(call, memory, args[1], &t, result);
}

static enum swapc_status clock_time_get(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                        uint64_t *result) {
    struct timespec t;
    clockid_t id;
    *result = SWAPCI_WASI_INVAL;
    if (!clock_id(args[0], &id) || clock_gettime(id, &t) != 0) return SWAPC_OK;
    return give_time(call, memory, args[2], &t, result);
}

static enum swapc_status fd_close(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                  uint64_t *result) {
    (void)call, (void)memory;
    *result = standard(args[0]) ? SWAPCI_WASI_SUCCESS : SWAPCI_WASI_BADF;
    return SWAPC_OK;
}

static enum swapc_status fd_fdstat_get(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                       uint64_t *result) {
    uint8_t *at;
    *result = SWAPCI_WASI_BADF;
    if (!standard(args[0])) return SWAPC_OK;
    if (!swapci_span(memory, args[1], WASI_FDSTAT_SIZE, &at))
        return swapci_wasi_outside(call, "fd_fdstat_get");
    memset(at, 0, WASI_FDSTAT_SIZE);
    at[0] = WASI_CHARACTER_DEVICE;
    *result = SWAPCI_WASI_SUCCESS;
    return SWAPC_OK;
}

static enum swapc_status fd_read(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                 uint64_t *result) {
    uint8_t *count;
    *result = SWAPCI_WASI_BADF;
    if (args[0] != 0) return SWAPC_OK;
    if (!swapci_span(memory, args[3], 4, &count)) return swapci_wasi_outside(call, "fd_read");
    swapci_wasi_store(count, 0, 4);
    *result = SWAPCI_WASI_SUCCESS;
    return SWAPC_OK;
}

static enum swapc_status fd_seek(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                 uint64_t *result) {
    (void)call, (void)memory;
    *result = standard(args[0]) ? SWAPCI_WASI_SPIPE : SWAPCI_WASI_BADF;
    return SWAPC_OK;
}

static bool iovec_at(swapc_memory memory, const uint8_t *iovecs, uint64_t i, swapc_bytes *out) {
    uint32_t len = swapci_wasi_load32(iovecs + i * WASI_IOVEC_SIZE + 4);
    uint8_t *at;
    if (!swapci_span(memory, swapci_wasi_load32(iovecs + i * WASI_IOVEC_SIZE), len, &at))
        return false;
    *out = swapc_bytes_of(at, len);
    return true;
}

/* Standard output and error become console lines. */
static enum swapc_status fd_write(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                  uint64_t *result) {
    uint8_t *iovecs, *count;
    swapc_bytes text;
    *result = SWAPCI_WASI_BADF;
    if (args[0] != 1 && args[0] != 2) return SWAPC_OK;
    if (!swapci_span(memory, args[1], args[2] * WASI_IOVEC_SIZE, &iovecs) ||
        !swapci_span(memory, args[3], 4, &count))
        return swapci_wasi_outside(call, "fd_write");
    if (args[2] > SWAPCI_WASI_LIST_MAX) {
        *result = SWAPCI_WASI_INVAL;
        return SWAPC_OK;
    }
    for (uint64_t i = 0; i < args[2]; i++)
        if (!iovec_at(memory, iovecs, i, &text)) return swapci_wasi_outside(call, "fd_write");
    size_t total = 0;
    for (uint64_t i = 0; i < args[2] && total < WRITE_MAX_BYTES; i++) {
        iovec_at(memory, iovecs, i, &text);
        if (text.len > WRITE_MAX_BYTES - total) text.len = WRITE_MAX_BYTES - total;
        swapci_console_write(call, args[0], text);
        total += text.len;
    }
    swapci_wasi_store(count, total, 4);
    *result = SWAPCI_WASI_SUCCESS;
    return SWAPC_OK;
}

static enum swapc_status proc_exit(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                   uint64_t *result) {
    (void)memory, (void)result;
    call->exit_code = (int32_t)(uint32_t)args[0];
    return swapci_call_stop(call, SWAPC_EXIT, "module \"%s\" left by proc_exit(%d)",
                            call->module_name, call->exit_code);
}

static enum swapc_status random_get(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                    uint64_t *result) {
    uint8_t *at;
    if (!swapci_span(memory, args[0], args[1], &at)) return swapci_wasi_outside(call, "random_get");
    *result = SWAPCI_WASI_SUCCESS;
    for (uint64_t done = 0; done < args[1];) {
        uint64_t slice = args[1] - done < RANDOM_SLICE ? args[1] - done : RANDOM_SLICE;
        enum swapc_status status = done ? swapci_call_look_now(call) : SWAPC_OK;
        if (status != SWAPC_OK) return status;
        ssize_t got = getrandom(at + done, (size_t)slice, 0);
        if (got < 0) {
            *result = SWAPCI_WASI_IO;
            break;
        }
        done += (uint64_t)got;
    }
    return SWAPC_OK;
}

/* A unit of UTF-16, or a pair, as UTF-8; returns the number of units that it took. What is half a
 * pair is U+FFFD. */
static uint32_t utf16_character(const uint8_t *units, uint32_t left, char **out) {
    uint32_t c = units[0] | (uint32_t)units[1] << 8, taken = 1;
    uint32_t low = left > 1 ? units[2] | (uint32_t)units[3] << 8 : 0;
    if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
        taken = 2;
    } else if (c >= 0xd800 && c < 0xe000) {
        c = 0xfffd;
    }
    *out += swapci_utf8_encode(c, (uint8_t *)*out);
    return taken;
}

/* A string of AssemblyScript as one line of text: UTF-16, its length in bytes before it. Empty when
 * it is null or not inside memory: what is reported is the abort, not its arguments. */
static const char *text_of(swapc_memory memory, uint64_t ptr, char out[ABORT_SHOWN]) {
    uint8_t *size, *units;
    uint32_t bytes = 0;
    char text[ABORT_SHOWN], *end = text;
    if (ptr >= 4 && swapci_span(memory, ptr - 4, 4, &size)) bytes = swapci_wasi_load32(size);
    if (!swapci_span(memory, ptr, bytes, &units)) bytes = 0;
    for (uint32_t i = 0; i < bytes / 2 && end + 4 < text + sizeof text;)
        i += utf16_character(units + 2 * i, bytes / 2 - i, &end);
    return swapci_printable(swapc_bytes_of(text, (size_t)(end - text)), out, ABORT_SHOWN);
}

/* AssemblyScript's env.abort(message, file, line, column). */
static enum swapc_status abort_called(swapc_call *call, swapc_memory memory, const uint64_t *args,
                                      uint64_t *result) {
    (void)result;
    char message[ABORT_SHOWN], file[ABORT_SHOWN];
    text_of(memory, args[0], message);
    text_of(memory, args[1], file);
    return swapci_call_stop(call, SWAPC_TRAP,
                            "module \"%s\" called abort%s%s (%s%sline %u, column %u)",
                            call->module_name, *message ? ": " : "", message, file,
                            *file ? ", " : "", (unsigned)args[2], (unsigned)args[3]);
}

SWAPCI_LOOKED_AT(swapci_wasi_ok, ok)
SWAPCI_LOOKED_AT(swapci_wasi_nothing, nothing)
SWAPCI_LOOKED_AT(swapci_wasi_badf, badf)
SWAPCI_LOOKED_AT(swapci_wasi_nosys, nosys)
SWAPCI_LOOKED_AT(swapci_wasi_notcapable, notcapable)
SWAPCI_LOOKED_AT(swapci_wasi_sizes_get, sizes_get)
SWAPCI_LOOKED_AT(swapci_wasi_clock_res_get, clock_res_get)
SWAPCI_LOOKED_AT(swapci_wasi_clock_time_get, clock_time_get)
SWAPCI_LOOKED_AT(swapci_wasi_fd_close, fd_close)
SWAPCI_LOOKED_AT(swapci_wasi_fd_fdstat_get, fd_fdstat_get)
SWAPCI_LOOKED_AT(swapci_wasi_fd_read, fd_read)
SWAPCI_LOOKED_AT(swapci_wasi_fd_seek, fd_seek)
SWAPCI_LOOKED_AT_LONG(swapci_wasi_fd_write, fd_write)
SWAPCI_LOOKED_AT(swapci_wasi_proc_exit, proc_exit)
SWAPCI_LOOKED_AT_LONG(swapci_wasi_random_get, random_get)
SWAPCI_LOOKED_AT(swapci_wasi_abort, abort_called)
