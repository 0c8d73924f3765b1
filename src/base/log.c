#include "swapc/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log_held.h"
#include "printable.h"

static _Thread_local struct swapci_log_held *holding;

void swapc_log_write(const swapc_log *log, enum swapc_log_level level, const char *source,
                     const char *format, ...) {
    if (!log || !log->fn || level > log->max_level) return;
    char own[SWAPCI_LOG_MESSAGE_MAX], *message = own;
    if (holding && holding->count == SWAPCI_LOG_HELD_MAX) {
        holding->lost++;
        return;
    }
    if (holding) message = holding->line[holding->count].message;
    va_list args;
    va_start(args, format);
    vsnprintf(message, SWAPCI_LOG_MESSAGE_MAX, format, args);
    va_end(args);
    swapci_printable_line(message, SWAPCI_LOG_MESSAGE_MAX);
    if (!holding) {
        log->fn(level, source, message, log->user);
        return;
    }
    holding->line[holding->count].log = *log;
    holding->line[holding->count].level = level;
    holding->line[holding->count++].source = source;
}

void swapci_log_hold(struct swapci_log_held *held) {
    held->count = held->lost = 0;
    if (!holding) holding = held;
}

void swapci_log_deliver(struct swapci_log_held *held) {
    if (holding != held) return;
    holding = NULL;
    for (unsigned i = 0; i < held->count; i++) {
        const swapc_log log = held->line[i].log;
        log.fn(held->line[i].level, held->line[i].source, held->line[i].message, log.user);
    }
    if (held->lost)
        swapc_log_write(&held->line[0].log, SWAPC_LOG_WARN, held->line[0].source,
                        "%u more lines were not kept", held->lost);
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
