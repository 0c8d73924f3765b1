/* run_front.h - `swapc run --http`: what front.h gives, for a run.
 *
 * Threads: the main thread's. Ownership: the front is the job's, and is stopped before the verifier is freed.
 */
#ifndef SWAPCI_RUN_FRONT_H
#define SWAPCI_RUN_FRONT_H

#include "run_job.h"

/* A step of the run. */
enum swapc_status swapci_run_start_front(swapci_run_job *job, swapc_error *error);

/* Ends the front, if there is one. */
void swapci_run_end_front(swapci_run_job *job);

/* Tells the front, if there is one, how the run stands. */
void swapci_run_tell_front(swapci_run_job *job);

#endif
