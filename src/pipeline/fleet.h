/* fleet.h - pieces of work that come and go in one process: for each number below N at most one member, which is opened, works,
 * and is closed on a thread of its own, as somebody else wants it there or not.
 *
 * Nobody waits for another's opening or end. A member that ends by itself while it is wanted is opened anew after a
 * moment, or, where it failed, ends the fleet. One that cannot be opened ends it as long as none has been: then a start is
 * wrong; later it is tried again and again.
 *
 * Threads: new and free by one thread; the others from any. Ownership: new/free.
 */
#ifndef SWAPCI_FLEET_H
#define SWAPCI_FLEET_H

#include <stdatomic.h>
#include <stdbool.h>

#include "swapc/error.h"

/* What a member is. All but look's are called on its thread, with no lock held. */
struct swapci_fleet_ops {
    /* Opens and starts number k. *stop rises while it is not wanted any more at once. Out: *member. Returns OK, INTERRUPTED, or
     * a failure, which ends the fleet if none has been open before. */
    enum swapc_status (*open)(void *user, unsigned k, atomic_int *stop, void **member,
                              swapc_error *error);
    /* It could not be opened, and is tried again: to be said; called now and then only. */
    void (*troubled)(void *user, unsigned k, const swapc_error *why);
    /* Asks it to end; first once with now false: what is in hand may be done first, then perhaps with true. Must not block. */
    void (*end)(void *user, void *member, bool now);
    bool (*ended)(void *user, void *member); /* all that open started has ended */
    /* Adds what it has done to what is kept of those that are gone; under the fleet's lock. */
    void (*keep)(void *user, void *member);
    /* Waits for its end, lets go, frees. Returns OK, INTERRUPTED, or the failure that ends the fleet. */
    enum swapc_status (*close)(void *user, unsigned k, void *member, swapc_error *error);
};

enum swapci_fleet_wish {
    SWAPCI_FLEET_IN,      /* wanted */
    SWAPCI_FLEET_OUT,     /* to end when what is in hand is done, or a moment has passed */
    SWAPCI_FLEET_OUT_NOW, /* to end */
};

enum { SWAPCI_FLEET_GRACE_MS = 1000 };

typedef struct swapci_fleet swapci_fleet;

/* Of count members, none of which is wanted. ops is borrowed. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_fleet_new(const struct swapci_fleet_ops *ops, void *user, unsigned count,
                                   swapci_fleet **out, swapc_error *error);

/* Does not wait. Out: false: no thread can be had, which ends the fleet. */
bool swapci_fleet_wish(swapci_fleet *fleet, unsigned k, enum swapci_fleet_wish wish);

/* Whether anything of number k is there: being opened, working, being closed. */
bool swapci_fleet_busy(swapci_fleet *fleet, unsigned k);

/* Whether a member failed: the others are to end, and no more is opened. */
bool swapci_fleet_failed(swapci_fleet *fleet);

/* How many could not be opened when that was tried last. */
unsigned swapci_fleet_troubled(swapci_fleet *fleet);

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
