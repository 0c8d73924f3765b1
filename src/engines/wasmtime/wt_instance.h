/* wt_instance.h - one module's builds, and entering its instances; the rest of the engine table.
 *
 * Threads and ownership: as swapc/sys/engine.h says.
 */
#ifndef SWAPCI_WT_INSTANCE_H
#define SWAPCI_WT_INSTANCE_H

#include <pthread.h>

#include "wt_runtime.h"

/* The module compiled for one runtime and linked with its imports. */
struct swapci_wt_build {
    wasmtime_module_t *module;
    wasmtime_instance_pre_t *pre; /* NULL: not built */
};

struct swapc_engine_module {
    swapc_engine_state *state;
    struct swapci_wt_build pool;
    struct swapci_wt_build demand; /* set under lock, published by demand_ready */
    atomic_bool demand_ready;
    pthread_mutex_t lock;
};

/* Makes module->demand from the pool's build when it is not there yet. */
enum swapc_status swapci_wt_module_build_demand(swapc_engine_module *module, swapc_error *error);

/* The trampoline of every import; env is its struct swapci_wt_import. */
wasm_trap_t *swapci_wt_import_call(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values,
                                   size_t count);

enum swapc_status swapci_wt_instance_new(swapc_engine_module *module, swapc_call *call,
                                         const swapc_limits *limits, const swapc_run *run,
                                         swapc_engine_instance **out, swapc_error *error);
void swapci_wt_instance_free(swapc_engine_instance *instance);
enum swapc_status swapci_wt_instance_run_export(swapc_engine_instance *instance, const char *name,
                                                const swapc_run *run, bool *found,
                                                swapc_error *error);
enum swapc_status swapci_wt_instance_call(swapc_engine_instance *instance, const swapc_run *run,
                                          uint32_t op_len, uint32_t msg_len, int32_t *result,
                                          swapc_error *error);

#endif
