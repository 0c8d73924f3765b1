/* fleet.h - pieces of work that come and go in one process: for each partition at most one member, which is opened, works,
 * and is closed on a thread of its own, as somebody else wants it there or not.
 *
 * Nobody waits for another's opening or end. A member that ends by itself while it is wanted is opened anew after a
 * moment, or, where it failed, ends the fleet. One that cannot be opened is tried again and again, or ends it, as is wished.
 *
 * Threads: new and free by one thread; the others from any. Ownership: new/free.
 */
#ifndef SWAPCI_FLEET_H
#define SWAPCI_FLEET_H

#include <stdatomic.h>
#include <stdbool.h>

#include "partition.h"
#include "swapc/log.h"

/* What a member is. All but peer are called on its thread, and all but that and keep with no lock held. */
struct swapci_fleet_ops {
    /* Opens number k. *stop rises when it is not wanted any more; once it is open, SWAPCI_FLEET_GRACE_MS after it was asked
     * to end. Out: *member. Returns OK, INTERRUPTED, or what it failed of. */
    enum swapc_status (*open)(void *user, unsigned k, atomic_int *stop, void **member,
                              swapc_error *error);
    /* Starts it. Returns as open; after failure it is asked to end, joined and closed. */
    enum swapc_status (*start)(void *member, swapc_error *error);
    /* Asks it to end; first once with now false: what is in hand may be done first, then perhaps with true. Must not block. */
    void (*end)(void *member, bool now);
    bool (*ended)(void *member); /* all that was started has ended */
    /* Adds what it has done to what is kept of those that are gone; under the fleet's lock. */
    void (*keep)(void *user, void *member);
    /* Waits for its end. Returns OK, INTERRUPTED, or the failure that ends the fleet. */
    enum swapc_status (*join)(void *member, swapc_error *error);
    void (*close)(void *member); /* lets go, frees */
    bool (*peer)(void *member);  /* the other side of its way is there; NULL: it has none */
};

enum swapci_fleet_wish {
    SWAPCI_FLEET_FIRST, /* wanted, and has not been open yet: one that cannot be is a start that is wrong, and ends the fleet */
    SWAPCI_FLEET_IN,    /* wanted: one that cannot be opened is tried again */
    SWAPCI_FLEET_OUT,   /* to end when what is in hand is done, or a moment has passed */
    SWAPCI_FLEET_OUT_NOW, /* to end */
};

enum { SWAPCI_FLEET_GRACE_MS = 800 }; /* a limit of end_times.h */

typedef struct swapci_fleet_config {
    const struct swapci_fleet_ops *ops;
    void *user;
    const swapci_partitions *partitions; /* as many members */
    const char *log_role;                /* who speaks in the log; static */
    swapc_log log;
} swapci_fleet_config;

typedef struct swapci_fleet swapci_fleet;

/* No member is wanted. What the config points at is borrowed. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_fleet_new(const swapci_fleet_config *config, swapci_fleet **out,
                                   swapc_error *error);

/* Does not wait. Out: false: no thread can be had, which ends the fleet. */
bool swapci_fleet_wish(swapci_fleet *fleet, unsigned k, enum swapci_fleet_wish wish);

/* Whether anything of number k is there: being opened, working, being closed. */
bool swapci_fleet_busy(swapci_fleet *fleet, unsigned k);

/* Whether one that is wanted as what is to succeed (SWAPCI_FLEET_FIRST) has neither been open nor failed yet. */
bool swapci_fleet_begins(swapci_fleet *fleet);

/* Whether a member failed: the others are to end, and no more is opened. */
bool swapci_fleet_failed(swapci_fleet *fleet);

/* Whether number k could not be opened when that was tried last, and is tried again. Out: why,
 * cut to size; "" where it could. */
bool swapci_fleet_trouble(swapci_fleet *fleet, unsigned k, char *why, size_t size);

/* Ends all. Does not wait. No more is opened. */
void swapci_fleet_stop(swapci_fleet *fleet);

/* Whether nothing is there any more after stop, or a failure. */
bool swapci_fleet_ended(swapci_fleet *fleet);

/* Calls fn for each member that works, under the fleet's lock, so that it is neither kept (ops) nor closed meanwhile; kept
 * before them, for what is kept; NULL: nobody asks. */
void swapci_fleet_each(swapci_fleet *fleet, void (*kept)(void *context),
                       void (*fn)(void *context, unsigned k, void *member), void *context);

/* Stops and waits for all. Returns SWAPC_OK, or the first failure of a member. */
enum swapc_status swapci_fleet_join(swapci_fleet *fleet, swapc_error *error);

/* Joined before. NULL does nothing. */
void swapci_fleet_free(swapci_fleet *fleet);

#endif
