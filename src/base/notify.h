/* notify.h - tells the service manager that started this process how it is, by systemd's protocol:
 * datagrams of NAME=VALUE lines to the socket that $NOTIFY_SOCKET names (a path, or @NAME in the
 * abstract name space).
 *
 *   READY=1            once, when the process serves for the first time
 *   EXTEND_TIMEOUT_…   until then, so that waiting for Redis is no failed start
 *   WATCHDOG=1         four times in $WATCHDOG_USEC, by whoever turns; $WATCHDOG_PID is another process: never
 *   STATUS=…           when it has changed
 *   STOPPING=1         once, when the process has begun to end
 *
 * Nothing waits for the manager: what does not find room in its socket is sent at the next turn.
 *
 * Threads: one at a time. Ownership: the struct is the caller's; open gives it a descriptor, close
 *     takes it.
 */
#ifndef SWAPCI_NOTIFY_H
#define SWAPCI_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "swapc/error.h"

enum { SWAPCI_NOTIFY_STATUS_MAX = 256 };

typedef struct swapci_notify {
    int fd;               /* -1: there is no manager */
    uint64_t watchdog_ns; /* how long it waits for a sign of life; 0: it does not */
    uint64_t beat_ns;     /* when the last one was sent */
    uint64_t extend_ns;   /* when more time was asked for */
    bool ready, stopping; /* it knows */
    char status[SWAPCI_NOTIFY_STATUS_MAX]; /* that it knows */
} swapci_notify;

#define SWAPCI_NOTIFY_INIT {.fd = -1}

/* Looks whether a manager is to be told. The environment stays as it is; children are not to
 * inherit it where they would speak for this process.
 * Returns SWAPC_OK, also when there is none; INVALID (the socket's name), SYSTEM: there is none
 * then. */
enum swapc_status swapci_notify_open(swapci_notify *notify, swapc_error *error);

/* A turn of the main loop at now_ns (clock.h, monotonic): a sign of life, and how the process
 * is. */
void swapci_notify_turn(swapci_notify *notify, uint64_t now_ns, bool serving, const char *status);

/* The process has begun to end; turns that follow are signs of life and no more. */
void swapci_notify_stopping(swapci_notify *notify);

void swapci_notify_close(swapci_notify *notify);

#endif
