/* swap_log.h - what was done to the slots of a verifier, and what was refused and why: the last ones, and
 * how many of each kind.
 *
 * Threads: any function, from any thread at once; they lock for some stores, and none of them is called for
 *     a message. Ownership: the caller's storage, no heap; zeroed it is ready.
 */
#ifndef SWAPCI_SWAP_LOG_H
#define SWAPCI_SWAP_LOG_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "swapc/slot.h"

enum {
    SWAPCI_SWAP_LOG_MAX = 32, /* events that are kept */
    SWAPCI_SWAP_TEXT_MAX = 512,
    SWAPCI_SWAP_NAME_MAX = 64,
    SWAPCI_SWAP_STAGES = SWAPC_SWAP_PUBLISH + 1
};

enum swapci_swap_action {
    SWAPCI_ACTION_SWAP,
    SWAPCI_ACTION_ROLLBACK,
    SWAPCI_ACTION_CHECK, /* as a swap, but for publishing */
    SWAPCI_ACTION_COUNT
};

/* "swap", "rollback" or "check". Static. */
const char *swapci_swap_action_name(enum swapci_swap_action action);

typedef struct swapci_swap_event {
    uint64_t number; /* 1 for the first of this process */
    uint64_t at_us;  /* since 1970 */
    enum swapci_swap_action action;
    enum swapc_status status;    /* SWAPC_OK: done */
    enum swapc_swap_stage stage; /* PUBLISH, or where it was refused */
    unsigned self_tests;
    uint64_t generation, load_us, self_test_us;
    char slot[SWAPCI_SWAP_NAME_MAX];
    char path[SWAPCI_SWAP_TEXT_MAX]; /* of the bundle; "" of a rollback; cut */
    char text[SWAPCI_SWAP_TEXT_MAX]; /* why it was refused; "" when it was not */
} swapci_swap_event;

typedef struct swapci_swap_log {
    pthread_mutex_t lock; /* guards the rest */
    uint64_t count;       /* events so far: the last SWAPCI_SWAP_LOG_MAX are in events, a circle */
    swapci_swap_event events[SWAPCI_SWAP_LOG_MAX];
    uint64_t counts[SWAPCI_ACTION_COUNT][SWAPCI_SWAP_STAGES][2]; /* [1]: done, [0]: refused */
} swapci_swap_log;

/* Takes an event in; number and at_us are filled in here. */
void swapci_swap_log_add(swapci_swap_log *log, swapci_swap_event *event);

/* Copies what is there; out->lock is not to be used. */
void swapci_swap_log_copy(swapci_swap_log *log, swapci_swap_log *out);

#endif
