/* swapc/log.h - how the library speaks and how it stops.
 *
 * The library prints nothing by itself. What it has to say goes to the callback that the embedder
 * gave; without one it is dropped. A broken contract (SWAPC_CHECK inside the library) goes to the
 * panic callback, whose default writes one line to stderr and aborts. Keys and payloads are never
 * logged.
 *
 * Threads: a log callback is called from any thread that uses the library, several at once, on that
 *     thread and never from a signal handler, with 128 KiB of stack at least. The library holds no
 *     lock meanwhile, so the callback may call the library; what it logs in doing so comes back to
 *     it. It must return: no longjmp and no C++ exception out of it.
 *     swapc_panic_set must be called before other threads use the library. The panic callback runs
 *     on the thread that broke the contract, whatever locks are held: it must not call the library.
 * Ownership: all strings are borrowed for the length of the callback.
 */
#ifndef SWAPC_LOG_H
#define SWAPC_LOG_H

#include "swapc/attributes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How much a message matters: from what must be seen to what helps to find a fault. */
enum swapc_log_level {
    SWAPC_LOG_ERROR = 0, /* something was not done */
    SWAPC_LOG_WARN = 1,  /* done, but look at it */
    SWAPC_LOG_INFO = 2,  /* what was done */
    SWAPC_LOG_DEBUG = 3  /* how */
};

/* One message: a short sentence without newline; source is the part that speaks ("slot",
 * "ring"). */
typedef void (*swapc_log_fn)(enum swapc_log_level level, const char *source, const char *message,
                             void *user);

/* A sink; fn NULL drops everything, user may be NULL. Passed by value, and complete: it carries no
 * size and never grows. */
typedef struct swapc_log {
    swapc_log_fn fn;                /* gets the messages */
    void *user;                     /* handed to fn */
    enum swapc_log_level max_level; /* messages above it are dropped before they are formatted */
} swapc_log;

/* Formats (at most 512 bytes, cut at the end) and hands the message to log. NULL log: dropped. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
void swapc_log_write(const swapc_log *log, enum swapc_log_level level, const char *source,
                     const char *format, ...) SWAPC_NONNULL(3, 4);

/* Called when a contract is broken; must not return (if it does, the process aborts). */
typedef void (*swapc_panic_fn)(const char *file, int line, const char *condition);

/* Replaces the panic callback; NULL restores the default. Returns the one before. */
swapc_panic_fn swapc_panic_set(swapc_panic_fn fn);

/* Calls the panic callback, then aborts. Used by SWAPC_CHECK; never returns. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void swapc_panic(const char *file, int line, const char *condition);

/* The contract check of the library: on in every build. */
#define SWAPC_CHECK(condition) ((condition) ? (void)0 : swapc_panic(__FILE__, __LINE__, #condition))

#ifdef __cplusplus
}
#endif
#endif
