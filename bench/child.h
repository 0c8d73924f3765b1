/* child.h - this program as a child process, watched while it runs: for scenarios that measure
 * whole runs as a user starts them.
 *
 * Threads: one. A child dies with the thread that started it (PDEATHSIG).
 * Ownership: the buffer of a run's output is the caller's to free.
 */
#ifndef SWAPCI_CHILD_H
#define SWAPCI_CHILD_H

#include <sys/types.h>

#include "lab.h"

enum { SWAPCI_CHILD_ARGUMENTS = 40 };

/* One process of a run: CPU time it used and the most memory it had, as last seen. */
struct swapci_process_usage {
    double cpu_s;
    double peak_mb;
};

struct swapci_run_usage {
    struct swapci_process_usage main, signer, redis; /* the program itself and what it started */
};

/* Starts `program ARGUMENTS…` (NULL-ended) with standard output and standard error to the file
 * descriptors, or dropped where one is below 0. Returns SWAPC_OK or SYSTEM. */
enum swapc_status swapci_child_start(const struct swapci_lab *lab, const char *const *arguments,
                                     int output, int errors, pid_t *pid, swapc_error *error);

/* Ends it (SIGTERM, after 3 s SIGKILL) and waits for it. */
void swapci_child_stop(pid_t pid);

/* CPU time that the process, any of this user's, has used so far, microseconds; 0 when it is not
 * there. */
double swapci_child_cpu_us(pid_t pid);

/* Runs it to its end, its standard output read as one JSON document. Returns SWAPC_OK; INTERRUPTED
 * when the lab was stopped (the child then too); SYSTEM, with the first line that it said on
 * standard error, when it failed or wrote no document. */
enum swapc_status swapci_child_run(struct swapci_lab *lab, const char *const *arguments,
                                   json_t **document, struct swapci_run_usage *usage,
                                   swapc_error *error);

#endif
