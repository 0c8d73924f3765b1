/* peer.h - another waPC host in the same run: a program that `bench` talks to over pipes.
 *
 * A peer is started as `PROGRAM MODULE OPERATION`. On its standard input it gets the requests (u32
 * count, then each as u32 length and bytes, little-endian), then lines "FROM TO" that ask for those
 * calls; on its standard output it says "ok HEX", the answer, for each request in turn, and after
 * each line the CPU time in nanoseconds that its process has used so far. What it cannot do it says
 * on standard error, and ends. bench/peers/ holds ours; `./dev bench … --peers` builds those whose
 * tool chain is there, and writes why into NAME.absent for the others.
 *
 * Threads: one. Ownership: start/stop.
 */
#ifndef SWAPCI_PEER_H
#define SWAPCI_PEER_H

#include <stdio.h>
#include <sys/types.h>

#include "samples.h"

/* A peer with a guest: a row of `bench engines --peers`. */
struct swapci_peer_kind {
    const char *name;    /* its program's file, and the row's engine */
    const char *flavour; /* the row's */
    const char *guest;   /* a flavour's file of the method's bundle; or a file beside the program */
    bool beside;
    const char *what; /* it is, for the notes */
};

/* What bench/peers holds, rows of one name together, ended by a NULL name. */
extern const struct swapci_peer_kind swapci_peer_kinds[];

/* Whether the folder holds that file, a peer's program or a guest; why not, in one line, else (the
 * file NAME.absent). */
bool swapci_peer_there(const char *folder, const char *name, char *why, size_t size);

struct swapci_peer {
    pid_t pid;  /* 0: not running */
    int errors; /* file descriptor of what it says on standard error */
    FILE *to, *from;
    uint64_t cpu_ns; /* that it has said */
};

/* Starts it with a module's file and the requests; its answer to each must say Valid. Returns
 * SWAPC_OK; SYSTEM (it is not there, or failed: error has the first line that it said); CORRUPT
 * (another answer). */
enum swapc_status swapci_peer_start(struct swapci_peer *peer, const char *program,
                                    const char *module, const char *operation,
                                    const struct swapci_samples *samples, swapc_error *error);

/* Has it do the calls from..to. Returns SWAPC_OK or SYSTEM (it ended). */
enum swapc_status swapci_peer_call(struct swapci_peer *peer, unsigned from, unsigned to,
                                   swapc_error *error);

void swapci_peer_stop(struct swapci_peer *peer);

#endif
