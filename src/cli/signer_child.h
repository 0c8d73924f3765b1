/* signer_child.h - the signer process of `swapc run`, and its successors.
 *
 * The signer is this same program, started with `swapc signer`; it dies with us. When it is killed, the
 * next look starts a successor under the same consumer name, which finds in Redis what its
 * predecessor left. A signer that ends by itself (status 1) or keeps dying is not started again.
 *
 * Threads: the main thread's, since a child dies with the thread that made it.
 * Ownership: the config's strings outlive the child.
 */
#ifndef SWAPCI_SIGNER_CHILD_H
#define SWAPCI_SIGNER_CHILD_H

#include <sys/types.h>

#include "swapc/swapc.h"

struct swapci_signer_child {
    const char *redis_url; /* handed over in the environment: it may hold a password */
    const char *ring;      /* NULL: its way has none */
    const char *keys, *listen, *stream, *consumer;
    const char *via;  /* NULL: its default */
    const char *http; /* NULL: none */
    unsigned partitions;
    double tamper;
    uint64_t seed;
    unsigned retry_s; /* how long it tries a lost Redis again; 0: a private one, not at all */
    swapc_log log;
    pid_t pid; /* 0: none */
    unsigned successors;
};

enum { SWAPCI_SIGNER_SUCCESSORS_MAX = 20 };

/* Starts it. Returns SWAPC_OK, SYSTEM. */
enum swapc_status swapci_signer_child_start(struct swapci_signer_child *child, swapc_error *error);

/* Looks whether it lives, and starts a successor when it was killed. Never blocks.
 * Returns SWAPC_OK, or SYSTEM: it gave up (its own words are on stderr already), or dies again and
 * again. */
enum swapc_status swapci_signer_child_watch(struct swapci_signer_child *child, swapc_error *error);

/* Kills it, before an end of this process that waits for nothing. Any thread. */
void swapci_signer_child_kill(const struct swapci_signer_child *child);

/* Ends it (SIGTERM, after 2 s SIGKILL) and waits for it. */
void swapci_signer_child_stop(struct swapci_signer_child *child);

#endif
