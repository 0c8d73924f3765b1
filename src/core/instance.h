/* instance.h - running copies of a module, and the pool that keeps them warm.
 *
 * An instance is an engine's instance with the waPC state beside it. It is used by one thread at a
 * time: taken from its pool, called, given back; after anything but an answer it is freed.
 *
 * Threads: the pool may be used by several threads at once; pool_fini by one, when all are back.
 * Ownership: an instance taken belongs to the caller until it is given back or freed.
 */
#ifndef SWAPCI_INSTANCE_H
#define SWAPCI_INSTANCE_H

#include <pthread.h>
#include <stdatomic.h>

#include "wapc.h"

/* What the instances of one module take; any thread reads it. */
struct swapci_usage {
    _Atomic uint64_t instances, memory_bytes;
};

/* What instances of one module have in common; const once the module is loaded. */
struct swapci_blueprint {
    struct swapci_usage *usage; /* NULL: nobody counts */
    const swapc_engine *engine;
    swapc_engine_module *module;
    const swapc_host_config *host;
    const char *name;
    swapc_limits limits;
    const uint64_t *now; /* the engine's word with the time; NULL: none */
};

/* The time that an entry has from now on: its options' deadline or the module's, and no more than
 * what is left of the call around it on this thread. options NULL: none. */
static inline swapc_run swapci_run_for(const struct swapci_blueprint *blueprint,
                                       const swapc_call_options *options) {
    uint32_t deadline_ms = blueprint->limits.deadline_ms;
    if (options && options->deadline_ms) deadline_ms = options->deadline_ms;
    const swapc_call *around = swapci_around.call;
    swapc_run run = {0, options && options->cancel ? &options->cancel->flag : NULL,
                     around ? around->run : NULL};
    /* Not from the engine's word: that is old for a while in a process that was stopped, or whose
     * ticker does not get its turn, and the deadline would be over before the call begins. */
    if (deadline_ms != 0) run.deadline_ns = swapci_clock_deadline_ns(deadline_ms);
    uint64_t outer_ns = run.outer ? run.outer->deadline_ns : 0;
    if (outer_ns != 0 && (run.deadline_ns == 0 || outer_ns < run.deadline_ns))
        run.deadline_ns = outer_ns;
    return run;
}

struct swapci_instance {
    swapc_call call;
    const struct swapci_blueprint *blueprint;
    swapc_engine_instance *engine;
    struct swapci_instance *next; /* in the pool's list */
    uint64_t counted_bytes;       /* of it in the usage */
    bool counted;                 /* it is in the usage */
};

enum { SWAPCI_POOL_HOT = 4 };

/* hot[] is taken and filled by atomic exchange; what does not fit there is in the list, under the
 * lock. An exchange moves the whole ownership, so no instance can be seen twice. */
struct swapci_pool {
    _Atomic(struct swapci_instance *) hot[SWAPCI_POOL_HOT];
    pthread_mutex_t lock;
    struct swapci_instance *list;
};

/* Makes an instance and runs its start section and init exports, under the limits and under run,
 * user and generation of the call that needs it.
 * Returns SWAPC_OK or a 2xx/3xx status; an init that leaves by proc_exit(0) has succeeded. */
enum swapc_status swapci_instance_new(const struct swapci_blueprint *blueprint,
                                      const swapc_run *run, void *user, uint64_t generation,
                                      struct swapci_instance **out, swapc_error *error);
void swapci_instance_free(struct swapci_instance *instance);

/* One call, as swapc_module_call says. After anything but OK and GUEST_ERROR (and NO_MEMORY while
 * answering) *reusable is false. */
enum swapc_status swapci_instance_call(struct swapci_instance *instance, swapc_bytes operation,
                                       swapc_bytes payload, const swapc_run *run, void *user,
                                       uint64_t generation, swapc_reply *reply, bool *reusable,
                                       swapc_error *error);

void swapci_pool_init(struct swapci_pool *pool);
void swapci_pool_fini(struct swapci_pool *pool);
/* Returns a warm instance, or NULL when there is none. */
struct swapci_instance *swapci_pool_take(struct swapci_pool *pool);
void swapci_pool_give(struct swapci_pool *pool, struct swapci_instance *instance);

#endif
