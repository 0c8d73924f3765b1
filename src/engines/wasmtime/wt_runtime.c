/* What is shared: pool_used, a plain count. It decides which runtime an instance is made in; the
 * slots themselves are wasmtime's. It is lowered only after the store that held the slot is gone,
 * so the pool never has fewer free slots than the count says. */
#include "wt_runtime.h"

#include <string.h>
#include <sys/mman.h>

#include "c_stack.h"
#include "heap.h"
#include "wt_instance.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* wasmtime's own layout of a linear memory: 4 GiB so that a 32-bit address cannot leave it, and a
 * guard on either side. Smaller ones cost bounds checks: 10 % of a signature verification. */
#define MEMORY_RESERVATION (4 * GIB)
#define MEMORY_GUARD (32 * MIB)

#define TABLES_PER_MODULE 2u
#define TABLE_ELEMENTS 20000u
#define ENGINE_SPACE (4 * MIB)
#define MODULE_SPACE (1 * GIB) /* code, tables and the process's own heap */

/* Pooling aborts the process when its reservation fails, and so would ThreadSanitizer's allocator.
 */
#if defined(__SANITIZE_THREAD__)
#define POOL_MAX 0u
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define POOL_MAX 0u
#endif
#endif
#ifndef POOL_MAX
#define POOL_MAX 100000u /* slots; no address space is larger */
#endif

bool swapci_wt_space_available(uint64_t bytes) {
    void *probe = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (probe == MAP_FAILED) return false;
    munmap(probe, bytes);
    return true;
}

static uint64_t instances_space(unsigned instances) {
    return instances * (MEMORY_RESERVATION + 2 * MEMORY_GUARD) + MODULE_SPACE;
}

/* What guests of Rust, TinyGo, Zig, AssemblyScript and clang use. No threads (an instance belongs
 * to one thread at a time), no 64-bit or second memory (waPC's pointers are i32), nothing that
 * needs a garbage collector. */
static void set_features(wasm_config_t *config) {
    wasmtime_config_wasm_wide_arithmetic_set(config, true);
    wasmtime_config_wasm_simd_set(config, true);
    wasmtime_config_wasm_relaxed_simd_set(config, true);
    wasmtime_config_wasm_bulk_memory_set(config, true);
    wasmtime_config_wasm_multi_value_set(config, true);
    wasmtime_config_wasm_reference_types_set(config, true);
    wasmtime_config_wasm_tail_call_set(config, true);
    wasmtime_config_wasm_threads_set(config, false);
    wasmtime_config_shared_memory_set(config, false);
    wasmtime_config_wasm_memory64_set(config, false);
    wasmtime_config_wasm_multi_memory_set(config, false);
    wasmtime_config_wasm_custom_page_sizes_set(config, false);
    wasmtime_config_wasm_function_references_set(config, false);
    wasmtime_config_wasm_gc_set(config, false);
    wasmtime_config_wasm_exceptions_set(config, false);
    wasmtime_config_wasm_stack_switching_set(config, false);
    wasmtime_config_wasm_component_model_set(config, false);
    wasmtime_config_gc_support_set(config, false);
}

/* One thread compiles: wasmtime's pool of compiler threads would never end, would take every core
 * from the calls that run meanwhile, and would not survive a fork. */
static wasm_config_t *config_new(bool roomy) {
    wasm_config_t *config = wasm_config_new();
    if (!config) return NULL;
    set_features(config);
    wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_CRANELIFT);
    wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
    wasmtime_config_parallel_compilation_set(config, false);
    wasmtime_config_epoch_interruption_set(config, true);
    wasmtime_config_signals_based_traps_set(config, true);
    wasmtime_config_max_wasm_stack_set(config, SWAPCI_C_STACK_GUEST);
    if (roomy) {
        wasmtime_config_memory_may_move_set(config, false);
        wasmtime_config_memory_reservation_set(config, MEMORY_RESERVATION);
        wasmtime_config_memory_guard_size_set(config, MEMORY_GUARD);
    } else {
        wasmtime_config_memory_reservation_set(config, 0);
        wasmtime_config_memory_guard_size_set(config, 64 * 1024);
        wasmtime_config_memory_reservation_for_growth_set(config, MIB);
    }
    return config;
}

static void use_pool(wasm_config_t *config, unsigned instances) {
    wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();
    wasmtime_pooling_allocation_config_total_core_instances_set(pool, instances);
    wasmtime_pooling_allocation_config_total_memories_set(pool, instances);
    wasmtime_pooling_allocation_config_total_tables_set(pool, instances * TABLES_PER_MODULE);
    wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, 1);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, TABLES_PER_MODULE);
    wasmtime_pooling_allocation_config_table_elements_set(pool, TABLE_ELEMENTS);
    wasmtime_pooling_allocation_config_max_memory_size_set(pool, MEMORY_RESERVATION);
    wasmtime_pooling_allocation_config_total_component_instances_set(pool, 0);
    wasmtime_pooling_allocation_config_total_stacks_set(pool, 0);
    wasmtime_pooling_allocation_config_total_gc_heaps_set(pool, 0);
    wasmtime_pooling_allocation_strategy_set(config, pool);
    wasmtime_pooling_allocation_config_delete(pool);
}

static wasm_functype_t *functype_of(const struct swapci_wt_import *import) {
    wasm_valtype_vec_t params, results;
    wasm_valtype_vec_new_uninitialized(&params, import->params);
    wasm_valtype_vec_new_uninitialized(&results, import->result ? 1 : 0);
    for (unsigned i = 0; i < import->params; i++)
        params.data[i] = wasm_valtype_new(import->wide_params >> i & 1 ? WASM_I64 : WASM_I32);
    if (import->result)
        results.data[0] = wasm_valtype_new(import->result == 'I' ? WASM_I64 : WASM_I32);
    return wasm_functype_new(&params, &results);
}

static bool parse_signature(const char *text, struct swapci_wt_import *import) {
    const size_t params = strcspn(text, ":");
    if (params > SWAPC_IMPORT_ARGS_MAX || strspn(text, "iI") != params) return false;
    import->params = (unsigned)params;
    for (unsigned i = 0; i < params; i++) import->wide_params |= text[i] == 'I' ? 1u << i : 0;
    text += params;
    if (*text == '\0') return true;
    import->result = text[1];
    return (text[1] == 'i' || text[1] == 'I') && text[2] == '\0';
}

static enum swapc_status parse_imports(swapc_engine_state *state, const swapc_engine_config *config,
                                       swapc_error *error) {
    state->imports =
        swapci_heap_zeroed(config->import_count ? config->import_count : 1, sizeof *state->imports);
    if (!state->imports)
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for wasmtime's import table");
    for (size_t i = 0; i < config->import_count; i++) {
        const swapc_import *row = &config->imports[i];
        state->imports[i].fn = row->fn;
        if (!parse_signature(row->signature, &state->imports[i]))
            return swapc_error_set(error, SWAPC_INVALID,
                                   "import %s.%s has the signature \"%s\", which is none: use at "
                                   "most %d letters i and I, then : and the result's",
                                   row->module, row->name, row->signature, SWAPC_IMPORT_ARGS_MAX);
    }
    return SWAPC_OK;
}

static enum swapc_status define_imports(struct swapci_wt_runtime *runtime,
                                        const swapc_engine_config *config,
                                        struct swapci_wt_import *imports, swapc_error *error) {
    for (size_t i = 0; i < config->import_count; i++) {
        const swapc_import *row = &config->imports[i];
        wasm_functype_t *type = functype_of(&imports[i]);
        wasmtime_error_t *failed = wasmtime_linker_define_func_unchecked(
            runtime->linker, row->module, strlen(row->module), row->name, strlen(row->name), type,
            swapci_wt_import_call, &imports[i], NULL);
        wasm_functype_delete(type);
        if (failed) {
            wasmtime_error_delete(failed);
            return swapc_error_set(error, SWAPC_INVALID, "import %s.%s is in the table twice",
                                   row->module, row->name);
        }
    }
    return SWAPC_OK;
}

/* Takes engine_config. */
static enum swapc_status runtime_new(struct swapci_wt_runtime *runtime,
                                     wasm_config_t *engine_config,
                                     const swapc_engine_config *config,
                                     struct swapci_wt_import *imports, swapc_error *error) {
    runtime->engine = engine_config ? wasm_engine_new_with_config(engine_config) : NULL;
    runtime->linker = runtime->engine ? wasmtime_linker_new(runtime->engine) : NULL;
    if (!runtime->linker) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for wasmtime");
    return define_imports(runtime, config, imports, error);
}

static void runtime_free(struct swapci_wt_runtime *runtime) {
    if (runtime->linker) wasmtime_linker_delete(runtime->linker);
    if (runtime->engine) wasm_engine_delete(runtime->engine);
}

static enum swapc_status pool_new(swapc_engine_state *state, const swapc_engine_config *config,
                                  swapc_error *error) {
    wasm_config_t *engine_config = config_new(true);
    if (engine_config) use_pool(engine_config, config->pool_instances);
    state->pool_size = config->pool_instances;
    return runtime_new(&state->pool, engine_config, config, state->imports, error);
}

/* Decides how instances get their memory: pooled, on demand, or on demand in small pieces. */
static enum swapc_status runtimes_new(swapc_engine_state *state, const swapc_engine_config *config,
                                      swapc_error *error) {
    const bool roomy = swapci_wt_space_available(instances_space(2));
    const bool pooled = roomy && config->pool_instances != 0 &&
                        config->pool_instances <= POOL_MAX &&
                        swapci_wt_space_available(instances_space(config->pool_instances));
    if (!roomy)
        swapc_log_write(&state->log, SWAPC_LOG_WARN, "wasmtime",
                        "address space is short: guests run with bounds checks, about 10 %% "
                        "slower; raise the limit (ulimit -v)");
    else if (!pooled)
        swapc_log_write(&state->log, SWAPC_LOG_INFO, "wasmtime",
                        "no address space for a pool of %u instances: they are made on demand, "
                        "some 10 us more for each; raise the limit (ulimit -v) or expect fewer",
                        config->pool_instances);
    state->memory_moves = !roomy;
    if (!swapci_wt_space_available(ENGINE_SPACE))
        return swapc_error_set(error, SWAPC_NO_MEMORY,
                               "no address space for wasmtime: raise the limit (ulimit -v)");
    enum swapc_status status = pooled ? pool_new(state, config, error) : SWAPC_OK;
    if (status == SWAPC_OK)
        status = runtime_new(&state->demand, config_new(roomy), config, state->imports, error);
    return status;
}

enum swapc_status swapci_wt_runtime_init(swapc_engine_state *state,
                                         const swapc_engine_config *config, swapc_error *error) {
    state->log = config->log;
    enum swapc_status status = parse_imports(state, config, error);
    if (status == SWAPC_OK) status = runtimes_new(state, config, error);
    if (status == SWAPC_OK)
        status =
            swapci_wt_ticker_start(&state->ticker, state->demand.engine, state->pool.engine, error);
    if (status != SWAPC_OK) {
        runtime_free(&state->pool);
        runtime_free(&state->demand);
        swapci_heap_free(state->imports);
    }
    return status;
}

void swapci_wt_runtime_fini(swapc_engine_state *state) {
    swapci_wt_ticker_stop(&state->ticker);
    runtime_free(&state->pool);
    runtime_free(&state->demand);
    swapci_heap_free(state->imports);
}

wasm_engine_t *swapci_wt_quick_engine_new(const swapc_engine_state *state) {
    wasm_config_t *config = config_new(!state->memory_moves);
    if (!config) return NULL;
    wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_NONE);
    wasmtime_config_cranelift_regalloc_algorithm_set(config, WASMTIME_REGALLOC_SINGLE_PASS);
    return wasm_engine_new_with_config(config);
}

bool swapci_wt_pool_take(swapc_engine_state *state) {
    if (atomic_fetch_add(&state->pool_used, 1) < state->pool_size) return true;
    swapci_wt_pool_give(state);
    return false;
}

void swapci_wt_pool_give(swapc_engine_state *state) {
    atomic_fetch_sub(&state->pool_used, 1);
}
