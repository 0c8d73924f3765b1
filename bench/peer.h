/* peer.h - another waPC host in the same run: a program that `bench` talks to over pipes.
 *
 * A peer is started as `PROGRAM MODULE OPERATION`. On its standard input it gets the requests (u32 count, then
 * each as u32 length and bytes, little-endian), then lines "FROM TO" that ask for those calls; on its standard
 * output it says once "ok HEX", the answer to the first request, and after each line the CPU time in nanoseconds
 * that its process has used so far. bench/peers/ holds ours; `./dev bench … --peers` builds those whose
 * tool chain is there.
 *
 * Threads: one. Ownership: start/stop.
 */
#ifndef SWAPCI_PEER_H
#define SWAPCI_PEER_H

#include <stdio.h>
#include <sys/types.h>

#include "samples.h"

/* The peers that bench/peers holds, NULL-ended. */
extern const char *const swapci_peer_names[];

struct swapci_peer {
    pid_t pid; /* 0: not running */
    FILE *to, *from;
    uint64_t cpu_ns; /* that it has said */
};

/* Starts it with a module's file and the requests; its answer to the first must say Valid. Returns SWAPC_OK;
 * NOT_FOUND (no such program); SYSTEM (it failed: error says what with); CORRUPT (another answer). */
enum swapc_status swapci_peer_start(struct swapci_peer *peer, const char *program,
                                    const char *module, const char *operation,
                                    const struct swapci_samples *samples, swapc_error *error);

/* Has it do the calls from..to. Returns SWAPC_OK or SYSTEM (it ended). */
enum swapc_status swapci_peer_call(struct swapci_peer *peer, unsigned from, unsigned to,
                                   swapc_error *error);

void swapci_peer_stop(struct swapci_peer *peer);

#endif
