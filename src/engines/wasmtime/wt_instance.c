#include "wt_instance.h"

#include <string.h>

#include "c_stack.h"
#include "clock.h"
#include "heap.h"
#include "wt_outcome.h"
#include "wt_where.h"

/* Tables are counted apart from memory; without a ceiling table.grow would take any amount. */
#define TABLE_ELEMENTS_MAX (1 << 20)
#define TABLES_MAX 16

struct swapc_engine_instance {
    swapc_engine_module *module;
    swapc_call *call;
    const swapc_run *run;   /* of the entry that is under way */
    enum swapc_status stop; /* why a callback of ours unwound the guest; SWAPC_OK: none did */
    bool stop_is_import;    /* then the core has the report */
    bool pooled;
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t instance;
    wasmtime_memory_t memory;
    uint8_t *memory_base; /* NULL until the start section has run */
    wasmtime_func_t guest_call;
};

static void need_ticks(swapc_engine_instance *instance) {
    if (swapc_run_limited(instance->run)) swapci_wt_ticker_need(&instance->module->state->ticker);
}

/* The store's epoch callback: the guest is past a tick. Going on until the next one is also what
 * keeps the ticker awake. */
static wasmtime_error_t *epoch_passed(const wasmtime_context_t *context, void *data,
                                      uint64_t *delta, wasmtime_update_deadline_kind_t *kind) {
    (void)context;
    swapc_engine_instance *instance = data;
    const swapc_run *run = instance->run;
    if (swapc_run_cancelled(run)) instance->stop = SWAPC_CANCELLED;
    else if (run->deadline_ns && swapci_clock_monotonic_ns() >= run->deadline_ns)
        instance->stop = SWAPC_DEADLINE;
    if (instance->stop != SWAPC_OK) return wasmtime_error_new("interrupted");
    need_ticks(instance);
    *delta = 1;
    *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
    return NULL;
}

/* The start section runs before the instance is known. */
static swapc_memory memory_of_caller(swapc_engine_instance *instance, wasmtime_caller_t *caller) {
    wasmtime_extern_t item;
    if (!wasmtime_caller_export_get(caller, "memory", 6, &item)) return (swapc_memory){NULL, 0};
    return (swapc_memory){wasmtime_memory_data(instance->context, &item.of.memory),
                          wasmtime_memory_data_size(instance->context, &item.of.memory)};
}

/* The size is asked anew each time; so is the base where it can move (it costs 8 ns). */
static swapc_memory memory_now(swapc_engine_instance *instance, wasmtime_caller_t *caller) {
    if (!instance->memory_base) return memory_of_caller(instance, caller);
    if (instance->module->state->memory_moves)
        instance->memory_base = wasmtime_memory_data(instance->context, &instance->memory);
    return (swapc_memory){instance->memory_base,
                          wasmtime_memory_data_size(instance->context, &instance->memory)};
}

wasm_trap_t *swapci_wt_import_call(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values,
                                   size_t count) {
    (void)count;
    static const char unwound[] = "unwound by a host function";
    const struct swapci_wt_import *import = env;
    swapc_engine_instance *instance = wasmtime_context_get_data(wasmtime_caller_context(caller));
    uint64_t args[SWAPC_IMPORT_ARGS_MAX];
    uint64_t result = 0;
    for (unsigned i = 0; i < import->params; i++)
        args[i] = import->wide_params >> i & 1 ? (uint64_t)values[i].i64 : (uint32_t)values[i].i32;
    const enum swapc_status status =
        import->fn(instance->call, memory_now(instance, caller), args, &result);
    if (status != SWAPC_OK) {
        instance->stop = status;
        instance->stop_is_import = true;
        return wasmtime_trap_new(unwound, sizeof unwound - 1);
    }
    if (import->result == 'I') values[0].i64 = (int64_t)result;
    else if (import->result) values[0].i32 = (int32_t)(uint32_t)result;
    need_ticks(instance); /* the ticker may have gone to sleep meanwhile */
    return NULL;
}

static enum swapc_status report_stop(enum swapc_status stop, swapc_error *error) {
    if (stop == SWAPC_CANCELLED)
        return swapc_error_set(error, stop, "the guest was stopped: its call was cancelled");
    return swapc_error_set(error, stop,
                           "the guest was stopped at its deadline: raise deadline_ms if it needs "
                           "longer");
}

static enum swapc_status report_short_stack(swapc_error *error) {
    return swapc_error_set(error, SWAPC_LIMIT,
                           "this thread has not enough stack left for a guest (%zu KiB): give it a "
                           "larger one, or nest fewer host calls",
                           (SWAPCI_C_STACK_GUEST + SWAPCI_C_STACK_IMPORT) / 1024);
}

/* wasmtime counts a guest's stack from where the guest was entered, and does not know where the
 * thread's ends. The core has seen to it that this holds; where a guest has used its share, it
 * is seen here. */
static bool stack_suffices(void) {
    const size_t need = SWAPCI_C_STACK_GUEST + SWAPCI_C_STACK_IMPORT;
    return swapci_c_stack_has(need) || swapci_c_stack_suffices(need);
}

static enum swapc_status enter(swapc_engine_instance *instance, const swapc_run *run,
                               swapc_error *error) {
    if (swapc_run_cancelled(run)) return report_stop(SWAPC_CANCELLED, error);
    if (!stack_suffices()) return report_short_stack(error);
    instance->run = run;
    instance->stop = SWAPC_OK;
    instance->stop_is_import = false;
    need_ticks(instance);
    return SWAPC_OK;
}

/* What an entry that did not return normally means; one of trap and failed is there. */
static enum swapc_status why_left(const swapc_engine_instance *instance, const wasm_trap_t *trap,
                                  const wasmtime_error_t *failed, swapc_error *error) {
    if (instance->stop_is_import) return instance->stop;
    if (instance->stop != SWAPC_OK) return report_stop(instance->stop, error);
    if (trap) return swapci_wt_report_trap(trap, error);
    return swapci_wt_report_no_instance(failed, error);
}

/* Where a guest was is told when it was stopped, not when it left by itself. */
static bool was_stopped(enum swapc_status status) {
    return status >= SWAPC_TRAP && status <= SWAPC_LIMIT;
}

/* The same, tells where the guest was, and deletes trap and failed. entry: the export; NULL: the
 * start. */
static enum swapc_status left(const swapc_engine_instance *instance, const char *entry,
                              wasm_trap_t *trap, wasmtime_error_t *failed, swapc_error *error) {
    const enum swapc_status status = why_left(instance, trap, failed, error);
    if (was_stopped(status)) swapci_wt_tell_where(trap, failed, entry, status, error);
    if (trap) wasm_trap_delete(trap);
    if (failed) wasmtime_error_delete(failed);
    return status;
}

static int64_t memory_ceiling(const swapc_limits *limits) {
    const uint64_t pages = limits->memory_max / 65536;
    return limits->memory_max == 0 || pages > 65536 ? -1 : (int64_t)(pages * 65536);
}

static bool find_export(swapc_engine_instance *instance, const char *name,
                        wasmtime_extern_t *item) {
    return wasmtime_instance_export_get(instance->context, &instance->instance, name, strlen(name),
                                        item);
}

/* The exports that calls need. compile has seen that both are there, of the right types. */
static void find_exports(swapc_engine_instance *instance) {
    wasmtime_extern_t item;
    if (find_export(instance, "__guest_call", &item)) instance->guest_call = item.of.func;
    if (find_export(instance, "memory", &item)) {
        instance->memory = item.of.memory;
        instance->memory_base = wasmtime_memory_data(instance->context, &instance->memory);
    }
}

static enum swapc_status store_open(swapc_engine_instance *instance, const swapc_limits *limits,
                                    wasm_engine_t *engine, swapc_error *error) {
    instance->store = wasmtime_store_new(engine, instance, NULL);
    if (!instance->store)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for an instance");
    instance->context = wasmtime_store_context(instance->store);
    wasmtime_store_limiter(instance->store, memory_ceiling(limits), TABLE_ELEMENTS_MAX, 1,
                           TABLES_MAX, 1);
    wasmtime_store_epoch_deadline_callback(instance->store, epoch_passed, instance, NULL);
    return SWAPC_OK;
}

/* Picks the build by what is free: a slot of the pool, else memory on demand. */
static enum swapc_status pick_build(swapc_engine_instance *instance,
                                    const struct swapci_wt_build **build, wasm_engine_t **engine,
                                    swapc_error *error) {
    swapc_engine_module *module = instance->module;
    enum swapc_status status = SWAPC_OK;
    instance->pooled = module->pool.pre && swapci_wt_pool_take(module->state);
    if (!instance->pooled) status = swapci_wt_module_build_demand(module, error);
    *build = instance->pooled ? &module->pool : &module->demand;
    *engine = instance->pooled ? module->state->pool.engine : module->state->demand.engine;
    return status;
}

static enum swapc_status start(swapc_engine_instance *instance, const swapc_limits *limits,
                               const swapc_run *run, swapc_error *error) {
    const struct swapci_wt_build *build;
    wasm_engine_t *engine;
    wasm_trap_t *trap = NULL;
    enum swapc_status status = enter(instance, run, error);
    if (status == SWAPC_OK) status = pick_build(instance, &build, &engine, error);
    if (status == SWAPC_OK) status = store_open(instance, limits, engine, error);
    if (status != SWAPC_OK) return status;
    wasmtime_error_t *failed = wasmtime_instance_pre_instantiate(build->pre, instance->context,
                                                                 &instance->instance, &trap);
    if (failed || trap) return left(instance, NULL, trap, failed, error);
    find_exports(instance);
    return SWAPC_OK;
}

enum swapc_status swapci_wt_instance_new(swapc_engine_module *module, swapc_call *call,
                                         const swapc_limits *limits, const swapc_run *run,
                                         swapc_engine_instance **out, swapc_error *error) {
    swapc_engine_instance *instance = swapci_heap_zeroed(1, sizeof *instance);
    if (!instance) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for an instance");
    instance->module = module;
    instance->call = call;
    const enum swapc_status status = start(instance, limits, run, error);
    if (status == SWAPC_OK) *out = instance;
    else swapci_wt_instance_free(instance);
    return status;
}

void swapci_wt_instance_free(swapc_engine_instance *instance) {
    if (instance->store) wasmtime_store_delete(instance->store);
    if (instance->pooled) swapci_wt_pool_give(instance->module->state);
    swapci_heap_free(instance);
}

static bool is_void_function(swapc_engine_instance *instance, const wasmtime_extern_t *item) {
    if (item->kind != WASMTIME_EXTERN_FUNC) return false;
    wasm_functype_t *type = wasmtime_func_type(instance->context, &item->of.func);
    const bool match =
        wasm_functype_params(type)->size == 0 && wasm_functype_results(type)->size == 0;
    wasm_functype_delete(type);
    return match;
}

enum swapc_status swapci_wt_instance_run_export(swapc_engine_instance *instance, const char *name,
                                                const swapc_run *run, bool *found,
                                                swapc_error *error) {
    wasmtime_extern_t item;
    wasm_trap_t *trap = NULL;
    *found = find_export(instance, name, &item);
    if (!*found) return SWAPC_OK;
    if (!is_void_function(instance, &item)) {
        wasmtime_extern_delete(&item);
        return swapc_error_set(error, SWAPC_MODULE_EXPORT,
                               "the export %s must be a function without parameters and results",
                               name);
    }
    enum swapc_status status = enter(instance, run, error);
    if (status != SWAPC_OK) return status;
    wasmtime_error_t *failed =
        wasmtime_func_call_unchecked(instance->context, &item.of.func, NULL, 0, &trap);
    return failed || trap ? left(instance, name, trap, failed, error) : SWAPC_OK;
}

enum swapc_status swapci_wt_instance_call(swapc_engine_instance *instance, const swapc_run *run,
                                          uint32_t op_len, uint32_t msg_len, int32_t *result,
                                          swapc_error *error) {
    wasmtime_val_raw_t values[2] = {{.i32 = (int32_t)op_len}, {.i32 = (int32_t)msg_len}};
    wasm_trap_t *trap = NULL;
    const enum swapc_status status = enter(instance, run, error);
    if (status != SWAPC_OK) return status;
    wasmtime_error_t *failed =
        wasmtime_func_call_unchecked(instance->context, &instance->guest_call, values, 2, &trap);
    if (failed || trap) return left(instance, "__guest_call", trap, failed, error);
    *result = values[0].i32;
    return SWAPC_OK;
}
