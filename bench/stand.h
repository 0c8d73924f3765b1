/* stand.h - the pipeline as separate processes, for scenarios that look at them: a private Redis,
 * `swapc signer` and `swapc verifier` of this program.
 *
 * Threads: one; the processes die with it.
 * Ownership: stop ends and deletes all that start made, also after its failure.
 */
#ifndef SWAPCI_STAND_H
#define SWAPCI_STAND_H

#include <sys/types.h>

#include "lab.h"
#include "private_redis.h"
#include "redis.h"
#include "stream.h"

struct swapci_stand_config {
    const char *method;
    const char *engine; /* NULL: the default */
    const char *via;    /* "shm" or "redis" */
    unsigned workers;   /* of the verifier */
};

struct swapci_stand {
    struct swapci_lab *lab;
    swapci_private_redis *server;
    swapci_redis *redis;
    swapci_stream_names names;
    pid_t signer, verifier;
    char keys[SWAPCI_LAB_PATH];
    /* Own. */
    char ring[64], public_keys[SWAPCI_LAB_PATH], signer_at[SWAPCI_LAB_PATH],
        verifier_at[SWAPCI_LAB_PATH];
};

/* Starts them and has some first messages judged. Out: *stand, zeroed before.
 * Returns what starting, Redis and processes return; UNREACHABLE: the first messages were not
 * judged in two minutes; INTERRUPTED when the lab is stopped. */
enum swapc_status swapci_stand_start(struct swapci_stand *stand, struct swapci_lab *lab,
                                     const struct swapci_stand_config *config, swapc_error *error);
void swapci_stand_stop(struct swapci_stand *stand);

/* Waits until the stream of messages is empty, looking every pause_us. Returns as start. */
enum swapc_status swapci_stand_wait(struct swapci_stand *stand, unsigned pause_us, unsigned wait_s,
                                    swapc_error *error);

/* Thread CPU time that the verifier's module has taken so far, of all messages: microseconds.
 * Returns as swapci_child_run. */
enum swapc_status swapci_stand_call_us(struct swapci_stand *stand, double *us, swapc_error *error);

#endif
