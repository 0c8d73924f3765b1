#include "swapc/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "printable.h"

enum { MESSAGE_MAX = 512 };

void swapc_log_write(const swapc_log *log, enum swapc_log_level level, const char *source,
                     const char *format, ...) {
    if (!log || !log->fn || level > log->max_level) return;
    char message[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    swapci_printable_line(message, sizeof message);
    log->fn(level, source, message, log->user);
}

/* The one place where the library writes to stderr: the process is about to end. */
static void panic_default(const char *file, int line, const char *condition) {
    fprintf(stderr, "swapc: broken contract at %s:%d: %s\n", file, line, condition);
}

static swapc_panic_fn panic_fn = panic_default;

swapc_panic_fn swapc_panic_set(swapc_panic_fn fn) {
    swapc_panic_fn before = panic_fn;
    panic_fn = fn ? fn : panic_default;
    return before;
}

void swapc_panic(const char *file, int line, const char *condition) {
    panic_fn(file, line, condition);
    abort();
}
