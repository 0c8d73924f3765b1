/* log_held.h - keeping a thread's log lines back while it holds a lock.
 *
 * No callback of the program runs under a lock of the library: a log callback may well load a
 * module. Whoever takes a lock under which something may be logged does, in this order: hold, lock,
 * unlock, deliver. Between hold and deliver what this thread logs is kept, formatted; deliver hands
 * it on, in its order. Inside another hold both do nothing: the outermost one delivers.
 *
 * Threads: each has its own. Ownership: the caller's storage, some 2 KiB of stack.
 */
#ifndef SWAPCI_LOG_HELD_H
#define SWAPCI_LOG_HELD_H

#include "swapc/log.h"

enum { SWAPCI_LOG_MESSAGE_MAX = 512, SWAPCI_LOG_HELD_MAX = 4 };

struct swapci_log_held {
    unsigned count; /* lines kept */
    unsigned lost;  /* lines beyond those */
    struct {
        swapc_log log;
        enum swapc_log_level level;
        const char *source; /* a literal */
        char message[SWAPCI_LOG_MESSAGE_MAX];
    } line[SWAPCI_LOG_HELD_MAX];
};

void swapci_log_hold(struct swapci_log_held *held);
void swapci_log_deliver(struct swapci_log_held *held);

#endif
