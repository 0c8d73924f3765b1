/* outputs.h - what came of entries, and the step that stores it: outputs and dead letters added, entries
 * acknowledged, the last done id kept, all in one atomic step (outputs.lua), which nobody but the owner of the
 * lease can take.
 *
 * Whatever command of it Redis refuses, an entry either has its output or letter and is acknowledged, or is
 * pending and has none; a refusal is reported with the command's name. An entry whose output is there already has no second one.
 *
 * Results are written as arguments into any buffer, by any thread, in the order of their entries.
 *
 * Threads: results: one at a time each; outputs: one at a time, which alone uses the connection.
 * Ownership: the caller's storage; connection, lease and names are borrowed.
 */
#ifndef SWAPCI_PROCESS_OUTPUTS_H
#define SWAPCI_PROCESS_OUTPUTS_H

#include "entry.h"
#include "lease.h"
#include "process_names.h"
#include "redis_script.h"

enum {
    SWAPCI_PROCESS_BATCH = 1000, /* entries in one step at most */
    SWAPCI_PROCESS_DIGEST = 16,  /* digits of a module's, in a letter */
    SWAPCI_PROCESS_FIELDS =
        3500 /* of an entry, that are handed on: Lua hands over some 8000 arguments at once */
};

/* Results of some entries. */
typedef struct swapci_process_results {
    const swapci_process_names *names;
    bool copy; /* outputs have the entry's other fields, too */
    swapci_buffer arguments;
    size_t count, errors; /* entries, and those of them that are for the errors */
    size_t arguments_count;
} swapci_process_results;

void swapci_process_results_clear(swapci_process_results *results);

/* An output; with copy the entry has at most SWAPCI_PROCESS_FIELDS. Return SWAPC_OK, NO_MEMORY; after failure the
 * results are to be cleared. */
enum swapc_status swapci_process_results_add(swapci_process_results *results,
                                             const swapci_process_entries *from,
                                             const swapci_process_entry *entry,
                                             swapc_bytes payload);

/* A letter to the errors; of an entry with more than SWAPCI_PROCESS_FIELDS it has the payload and in `left-out` how many
 * it has not. text: "": none, cut where it is long; digest: of the module, NULL: none was asked. from NULL: the
 * entry's fields are not known. */
enum swapc_status swapci_process_results_add_error(swapci_process_results *results,
                                                   const swapci_process_entries *from,
                                                   const swapci_process_entry *entry,
                                                   const char *reason, swapc_bytes text,
                                                   const char *digest);

typedef struct swapci_process_outputs {
    const swapci_process_names *names;
    const char *token; /* of the lease */
    bool delete;       /* entries that are done */
    uint64_t keep;     /* outputs, about; 0: all */
    swapci_redis_script script;
    swapci_buffer head;
    bool
        in_order; /* of the next send: only if no entry before them, or behind the first of them alone, is pending */
    size_t sent; /* entries whose answer is owed */
} swapci_process_outputs;

/* Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_process_outputs_init(swapci_process_outputs *outputs, swapci_redis *redis,
                                              swapc_error *error);
void swapci_process_outputs_fini(swapci_process_outputs *outputs);

/* Sends the step for results up to the entry `last`, whose answer is owed then. No results: only whether it could be
 * done is asked. Returns as swapci_redis_script_send. */
enum swapc_status swapci_process_outputs_send(swapci_process_outputs *outputs,
                                              const swapci_process_results *results,
                                              swapci_stream_id last, swapc_error *error);

/* Takes its answer. Returns SWAPC_OK: all is stored; CLOSED: the lease is another's, nothing is; BUSY: the server has
 * forgotten the script, nothing is, send it once more, or in_order an entry is pending that comes before one of them, nothing is; what swapci_redis_get returns: some of it may be. */
enum swapc_status swapci_process_outputs_take(swapci_process_outputs *outputs, swapc_error *error);

#endif
