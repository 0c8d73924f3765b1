/* run_job.h - `swapc run`: the whole pipeline from one process and its children.
 *
 *   this process: generator thread, verifier workers, ledger
 *   children:     redis-server (private, unless --redis), swapc signer
 *
 * Steps: Redis, keys, modules, bound; ring and verifier; signer; then messages, until every id has
 * its verdict; then the ledger. Whatever ends the job, all of it is taken down again: processes,
 * sockets, ring, temporary directory.
 *
 * Threads: the main thread's; stop may be raised by a signal handler.
 */
#ifndef SWAPCI_RUN_JOB_H
#define SWAPCI_RUN_JOB_H

#include <stdatomic.h>

#include "run_result.h"

struct swapci_run_options {
    bool dashboard; /* http, on a port of the system's choice unless one was given */
    const char *http_token;
    const char *engine, *method, *input, *swap, *modules, *redis, *stream, *progress, *keys, *via,
        *http;
    uint64_t messages;   /* UINT64_MAX: as many as the input has */
    uint64_t partitions; /* 0: 1 */
    uint64_t workers, batch, keys_count, keep, seed;
    uint64_t deadline_ms; /* of one call; 0: the default */
    uint64_t compile_ms;  /* of a module; 0: the default */
    double tamper;
    bool bound;             /* measure it before the run */
    const atomic_int *stop; /* not 0: interrupted */
};

typedef struct swapci_run_job swapci_run_job;

/* Returns SWAPC_OK, NO_MEMORY. options are borrowed until free. */
enum swapc_status swapci_run_job_new(const struct swapci_run_options *options, swapci_run_job **out,
                                     swapc_error *error);

/* Runs the job to its end. Returns SWAPC_OK with *result, whose parts are borrowed from the job (also
 * when messages were lost: that is for the result to say), INTERRUPTED, or what stopped it. */
enum swapc_status swapci_run_job_run(swapci_run_job *job, struct swapci_run_result *result,
                                     swapc_error *error);

/* Takes everything down. */
void swapci_run_job_free(swapci_run_job *job);

#endif
