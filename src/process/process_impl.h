/* process_impl.h - the parts of a process: process.c (its life), process_flow.c (from stream to stream),
 * process_recover.c (group, and what was pending), poison.c (what processes died on), process_call.c (from entry to result), keeper.c (the lease, and how
 * far the outputs' readers are).
 *
 * What is shared: the counters, written by one thread each; `stop`, `hindered`; the keeper's view (keeper.h); the
 * calls' own (process_call.c). All else belongs to the process's thread.
 */
#ifndef SWAPCI_PROCESS_IMPL_H
#define SWAPCI_PROCESS_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "batch_credit.h"
#include "clock.h"
#include "keeper.h"
#include "log_limit.h"
#include "outputs.h"
#include "process.h"

struct swapci_process;

/* Who calls: one thread's own. */
typedef struct swapci_caller {
    struct swapci_process *process;
    pthread_t thread; /* of all but the first */
    bool started;
    swapc_reply reply;
    swapc_error error;
    swapci_buffer request; /* of a batch */
    struct swapci_batch_credit credit;
    swapci_process_results results;
    char digest_hex[65];
    /* What it is at. */
    const swapci_process_entries *entries;
    size_t first, count;
    enum swapc_status status; /* of results: INTERRUPTED, NO_MEMORY, what a note returned */
} swapci_caller;

struct swapci_process {
    swapci_process_config config;
    const swapci_process_names *names;
    swapci_redis *redis;
    uint64_t epoch; /* of the connection over which the group was seen to be there */
    bool joined;    /* it was, at least once */
    swapci_keeper keeper;
    swapci_process_outputs outputs;
    swapci_process_entries hands[2];
    size_t read_max;          /* entries asked for at once */
    unsigned reading;         /* answers to a read that are owed */
    bool committing;          /* that to a store is */
    size_t committing_errors; /* of what is under way */
    bool storing;             /* a store was begun, and has not been answered */
    unsigned
        hung_up; /* how often the server ended the connection at the store of the entry `hung_id` alone */
    swapci_stream_id hung_id;
    bool recovering;          /* what is pending comes first */
    bool unsure;              /* of it a process may have died */
    bool suspicious, noted;   /* poison.c: entries are noted as they are called; one is */
    swapci_stream_id suspect; /* what was noted when this process began, */
    uint64_t deaths;          /* and how often processes had died of it; 0: nothing */
    bool told_standby;
    swapci_log_limit renewal_limit; /* of what is said when group or stream is made anew */
    uint64_t look_due_ns;           /* when to look for what is pending */
    uint64_t came_ns;               /* when entries came last */
    swapci_pending page[SWAPCI_PROCESS_BATCH], gone[SWAPCI_PROCESS_BATCH];

    pthread_t thread;
    bool started;
    enum swapc_status status;
    swapc_error error;

    atomic_int stop, state;
    _Atomic uint64_t stop_ns; /* when stop was raised */
    atomic_uint hindered;
#define PROCESS_COUNT(name) _Atomic uint64_t count_##name;
    SWAPCI_PROCESS_COUNTERS(PROCESS_COUNT)
#undef PROCESS_COUNT
    _Atomic uint64_t in_hand;
    _Atomic(const char *) last_reason; /* static */

    pthread_mutex_t lock; /* of the next three, between those who call */
    pthread_cond_t changed;
    unsigned busy;  /* callers that have not finished their part */
    uint64_t round; /* rises with each batch that is shared */
    bool callers_end;
    pthread_rwlock_t
        calls; /* held shared by a call, alone by one that must have no other beside it */
    swapci_caller callers[];
};

static inline bool swapci_process_stopping(const swapci_process *p) {
    return atomic_load_explicit(&p->stop, memory_order_relaxed) != 0;
}

/* Long enough after that: what is in hand is not done any more, and stays pending. */
static inline bool swapci_process_gives_up(const swapci_process *p) {
    const uint64_t patience_ns = UINT64_C(500000000);
    return swapci_process_stopping(p) &&
           swapci_clock_monotonic_ns() > atomic_load(&p->stop_ns) + patience_ns;
}

static inline void swapci_process_add(_Atomic uint64_t *count, uint64_t more) {
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* Starts and ends the other callers. */
enum swapc_status swapci_process_callers_start(swapci_process *p, swapc_error *error);
void swapci_process_callers_end(swapci_process *p);

/* Calls for the entries behind the first `from`, and puts what comes of it into the first caller's results, in order. When it is to stop, or they are large, they are those of
 * the first of these. Returns SWAPC_OK, NO_MEMORY, what swapci_process_suspect returns. */
enum swapc_status swapci_process_call(swapci_process *p, const swapci_process_entries *entries,
                                      size_t from, swapc_error *error);

/* Takes a batch after the other until none comes, or something else is to be done. Returns CLOSED when the
 * lease was another's, BUSY to be called once more. */
enum swapc_status swapci_process_flow(swapci_process *p, swapc_error *error);

/* Stores the first caller's results, for entries up to last, and waits for that. */
enum swapc_status swapci_process_store(swapci_process *p, swapci_stream_id last,
                                       swapc_error *error);
enum swapc_status swapci_process_send(swapci_process *p, swapci_stream_id last, swapc_error *error);
enum swapc_status swapci_process_stored(swapci_process *p, swapc_error *error);

/* Takes the answers of the read that is owed, or that of an XCLAIM. After TOO_LARGE entries are read one by one. */
enum swapc_status swapci_process_take(swapci_process *p, swapci_process_entries *out,
                                      swapc_error *error);

/* Over a new connection: makes the group where it is not there. */
enum swapc_status swapci_process_join_group(swapci_process *p, swapc_error *error);

/* Recovers from now on what a process may have died on: reads what it was at. */
enum swapc_status swapci_process_suspects_begin(swapci_process *p, swapc_error *error);
/* Nothing of it is called any more: should this process die now, it died of none. */
enum swapc_status swapci_process_suspects_called(swapci_process *p, swapc_error *error);
/* It is through with that, or ends in order. */
enum swapc_status swapci_process_suspects_end(swapci_process *p, swapc_error *error);
/* Notes what is called next. Out: *poisoned: it is not to be, as processes died of it. */
enum swapc_status swapci_process_suspect(swapci_process *p, swapci_stream_id id, bool *poisoned,
                                         swapc_error *error);

/* Takes over what others left, and does all that is pending. */
enum swapc_status swapci_process_recover(swapci_process *p, swapc_error *error);

#endif
