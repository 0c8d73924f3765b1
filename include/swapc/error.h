/* swapc/error.h - what a call can answer, and what to tell a person about it.
 *
 * A function that can fail in an expected way returns enum swapc_status: the code to act on. Beside
 * it many take a caller-owned swapc_error, which receives the sentence for people: the thing that
 * is wrong and the remedy. It is not a log and not a stack of errors: the first report wins, later
 * ones are dropped. A guest's own error bytes are payload, the reply's body; what one said before
 * it was stopped is quoted here, too, cut and made safe to show.
 *
 * Threads: a swapc_error belongs to one thread at a time. The other functions are pure.
 *     Everything here but the two that report is async-signal-safe.
 * Ownership: the caller's storage, no heap; engine points at a static string.
 * NULL: every function of the library that takes a swapc_error takes NULL: the report is dropped.
 * Misuse (a broken contract) is no status: it panics, see swapc/log.h.
 */
#ifndef SWAPC_ERROR_H
#define SWAPC_ERROR_H

#include <stdint.h>

#include "swapc/attributes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, code, "text"). Ranges: 0 fine, 1xx the caller, 2xx loading and linking a module, 3xx the
 * guest, 4xx the system. Codes are stable: a number is never reused for another meaning. */
#define SWAPC_STATUS_MAP(X)                                                                        \
    X(OK, 0, "ok")                                                                                 \
    X(INVALID, 100, "invalid argument")                                                            \
    X(NOT_FOUND, 101, "not found")                                                                 \
    X(UNSUPPORTED, 102, "not supported")                                                           \
    X(NO_ENGINE, 103, "no such engine in this build")                                              \
    X(TOO_LARGE, 104, "too large")                                                                 \
    X(EMPTY, 105, "nothing published")                                                             \
    X(BUSY, 106, "busy")                                                                           \
    X(CLOSED, 107, "closed")                                                                       \
    X(NOT_ALLOWED, 108, "not allowed here")                                                        \
    X(MODULE_MALFORMED, 200, "not a valid module")                                                 \
    X(MODULE_EXPORT, 201, "a required export is missing or of the wrong type")                     \
    X(MODULE_IMPORT, 202, "an import is unknown or of the wrong type")                             \
    X(MODULE_INIT, 203, "the module failed while it started")                                      \
    X(BUNDLE, 204, "not a valid bundle")                                                           \
    X(NO_FLAVOUR, 205, "no flavour of the bundle runs on this engine")                             \
    X(SIGNATURE, 206, "signature missing or wrong")                                                \
    X(VERSION, 207, "version lower than one admitted before")                                      \
    X(SELF_TEST, 208, "self-test failed")                                                          \
    X(CONTRACT, 209, "not what the slot's contract needs")                                         \
    X(GUEST_ERROR, 300, "the guest answered with an error")                                        \
    X(TRAP, 301, "the guest trapped")                                                              \
    X(TRAP_MEMORY, 302, "the guest passed or used an address outside its memory")                  \
    X(TRAP_STACK, 303, "the guest's stack overflowed")                                             \
    X(DEADLINE, 304, "the call's deadline passed")                                                 \
    X(CANCELLED, 305, "the call was cancelled")                                                    \
    X(MEMORY_LIMIT, 306, "the guest's memory limit was reached")                                   \
    X(LIMIT, 307, "a limit of the call was exceeded")                                              \
    X(EXIT, 308, "the guest left by proc_exit")                                                    \
    X(NO_MEMORY, 400, "out of memory")                                                             \
    X(IO, 401, "input or output failed")                                                           \
    X(SYSTEM, 402, "the system refused")                                                           \
    X(CORRUPT, 403, "data is corrupt")                                                             \
    X(PROTOCOL, 404, "the peer broke the protocol")                                                \
    X(UNREACHABLE, 405, "the peer cannot be reached")                                              \
    X(INTERRUPTED, 406, "interrupted")

/* What a call can answer, by the table above. */
enum swapc_status {
#define SWAPC_STATUS_ENUM(name, code, text) SWAPC_##name = code,
    SWAPC_STATUS_MAP(SWAPC_STATUS_ENUM)
#undef SWAPC_STATUS_ENUM
        SWAPC_STATUS_END = 1000 /* no status */
};

#define SWAPC_ERROR_TEXT_MAX 512 /* bytes of text with its NUL; longer text is cut at the end */

/* A report for people, with the status that it belongs to. */
typedef struct swapc_error {
    enum swapc_status status;        /* SWAPC_OK: nothing reported yet */
    int64_t native;                  /* errno, or an engine's own code; 0: none */
    const char *engine;              /* static name of the engine that reported; NULL: none */
    char text[SWAPC_ERROR_TEXT_MAX]; /* what is wrong and what to do; UTF-8, one line, no stop */
} swapc_error;

/* An empty report: `swapc_error e = SWAPC_ERROR_INIT;`. Zeroed storage is the same. */
#define SWAPC_ERROR_INIT {SWAPC_OK, 0, 0, {0}}

/* Returns the code's name without prefix, "TRAP_MEMORY"; "UNKNOWN" for no code. Static. */
const char *swapc_status_name(enum swapc_status status);

/* Returns the code's sentence, "the guest trapped"; "unknown status" for no code. Static. */
const char *swapc_status_text(enum swapc_status status);

/* Reports into error (NULL: nowhere) unless it holds a report already. format as for printf.
 * Returns status, so that a failing function can end in `return swapc_error_set(...)`. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
enum swapc_status swapc_error_set(swapc_error *error, enum swapc_status status, const char *format,
                                  ...) SWAPC_NONNULL(3);

/* The same with errno value `native`, whose strerror text is appended after ": ". */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
enum swapc_status swapc_error_set_errno(swapc_error *error, enum swapc_status status, int native,
                                        const char *format, ...) SWAPC_NONNULL(4);

/* Empties the report so that it can take the next one. NULL does nothing. */
void swapc_error_clear(swapc_error *error);

#ifdef __cplusplus
}
#endif
#endif
