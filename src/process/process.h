/* process.h - any operation over streams: entries in, a module, entries out.
 *
 * One process at a time, whose lease it is, reads the stream as a consumer of its group, calls the module for each
 * entry, and stores what comes of a batch in one step (outputs.h), in the order of the entries, while the next batch is read and called.
 * Others stand by, and take over what it leaves when its lease ends. An entry has one output, or one letter among the
 * errors, whoever dies when; an operation may be called more than once for it.
 *
 * Several workers share a batch, and its outputs are stored in the order of the entries all the same.
 *
 * Threads: new, start, join and free by one thread; the others by any. stop is async-signal-safe.
 * Ownership: what the config points at is borrowed and outlives the process.
 * Limits: SWAPCI_PROCESS_BATCH entries are called and stored at once, and about a MiB of them; two such batches are in
 *     hand at most, and of one entry SWAPCI_PROCESS_ENTRY_BYTES.
 */
#ifndef SWAPCI_PROCESS_H
#define SWAPCI_PROCESS_H

#include "process_names.h"
#include "redis.h"
#include "slots.h"
#include "terms.h"

enum {
    SWAPCI_PROCESS_WORKERS_MAX = 64,
    SWAPCI_PROCESS_ENTRY_BYTES = 16 << 20,
    SWAPCI_PROCESS_REASON_MAX = 48
};

typedef struct swapci_process_config {
    const swapci_process_names *names;
    swapci_slots *slots; /* the module's is number 0 */
    const char *operation;
    const char *
        batch_operation; /* many at once (batch_call.h), where the module's manifest has it; NULL: none */
    unsigned batch;   /* of so many at most */
    unsigned workers; /* 1 to SWAPCI_PROCESS_WORKERS_MAX */
    const char *consumer;
    bool copy;                 /* outputs have the entry's other fields, too */
    bool delete;               /* entries that are done */
    uint64_t keep;             /* outputs, about; 0: all */
    uint32_t lease_ms;         /* 0: SWAPCI_LEASE_MS */
    const swapci_terms *terms; /* of all processes of the group; NULL: any */
    uint64_t max_lag; /* reading waits while a group of the outputs is more behind; 0: never */
    swapci_redis_config redis;  /* its stop flag must not be raised before what is done is stored */
    const swapc_cancel *cancel; /* of calls; NULL: none */
    swapc_log log;
} swapci_process_config;

typedef struct swapci_process swapci_process;

/* Connects, and asks for all that will be needed. Returns as swapci_redis_open; INVALID (the consumer's
 * name); NOT_ALLOWED: the group's outputs go to another stream, or others are at work with other terms. */
enum swapc_status swapci_process_new(const swapci_process_config *config, swapci_process **out,
                                     swapc_error *error);

/* Returns SWAPC_OK, SYSTEM. */
enum swapc_status swapci_process_start(swapci_process *process, swapc_error *error);

/* Asks it to do what is in hand, as far as that takes no longer than half a second, store what is done, and end. */
void swapci_process_stop(swapci_process *process);

/* Waits for the end. Returns SWAPC_OK or INTERRUPTED, or what it failed of. */
enum swapc_status swapci_process_join(swapci_process *process, swapc_error *error);

bool swapci_process_ended(const swapci_process *process);

void swapci_process_free(swapci_process *process);

enum swapci_process_state {
    SWAPCI_PROCESS_STANDBY, /* another one has the lease */
    SWAPCI_PROCESS_RECOVERING,
    SWAPCI_PROCESS_READING,
    SWAPCI_PROCESS_LAGGING, /* waits for who reads the outputs */
    SWAPCI_PROCESS_ENDED
};

/* "standby", "recovering", … Static. */
const char *swapci_process_state_name(enum swapci_process_state state);

/* The counters, each since the start: X(name). */
#define SWAPCI_PROCESS_COUNTERS(X)                                                                 \
    X(done)      /* entries that are done */                                                       \
    X(outputs)   /* of them: with an output */                                                     \
    X(errors)    /* of them: with a letter among the errors */                                     \
    X(recovered) /* of them: that were pending before */                                           \
    X(adopted)   /* taken over from consumers that died */                                         \
    X(batches)   /* steps that stored them */

typedef struct swapci_process_stats {
#define SWAPCI_PROCESS_COUNT(name) uint64_t name;
    SWAPCI_PROCESS_COUNTERS(SWAPCI_PROCESS_COUNT)
#undef SWAPCI_PROCESS_COUNT
    enum swapci_process_state state;
    bool owns;        /* the lease */
    uint64_t lag;     /* of the outputs' slowest group, as far as it is asked for */
    uint64_t in_hand; /* entries that are read and not stored */
    unsigned
        hindered; /* workers that have long tried to call for one entry; and one more while others have other terms */
    char last_reason[SWAPCI_PROCESS_REASON_MAX]; /* of the last error; "": none */
} swapci_process_stats;

/* Any thread. */
swapci_process_stats swapci_process_stats_get(const swapci_process *process);

#endif
