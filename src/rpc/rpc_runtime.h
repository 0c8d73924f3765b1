/* rpc_runtime.h - when the gRPC library is alive in this process, and where it speaks.
 *
 * gRPC starts threads, so it is started on first use only, by the first server or client, and a
 * program forks all its children before that. gRPC's own lines are dropped unless a sink is given.
 *
 * Threads: every function may be called from any thread.
 * Limits: gRPC itself aborts when memory is out, and when it starts without file descriptors, which is seen before; the statuses here cover our own allocations.
 */
#ifndef SWAPCI_RPC_RUNTIME_H
#define SWAPCI_RPC_RUNTIME_H

#include "swapc/error.h"
#include "swapc/log.h"

/* Sends gRPC's own lines to log, copied; NULL drops them (the default). Its verbosity is gRPC's
 * environment variable GRPC_VERBOSITY, errors only by default. */
void swapci_rpc_log_set(const swapc_log *log);

/* Starts gRPC if need be and counts one user. For servers and clients, not for programs. Signals
 * stay blocked in the threads that gRPC starts here, so that they reach the program's own.
 * Returns SWAPC_OK; SYSTEM: too few file descriptors are left (gRPC would abort), nobody is counted. */
enum swapc_status swapci_rpc_runtime_retain(swapc_error *error);

/* Counts one user less; gRPC stays up for the next one. */
void swapci_rpc_runtime_release(void);

/* Ends gRPC, its threads and its memory, blocking; for a clean exit. Nothing happens when it never
 * ran. All servers and clients must be free. It starts again on the next use. */
void swapci_rpc_shutdown(void);

#endif
