/* wasmtime.c - the engine table of wasmtime: opening it and compiling modules.
 *
 * What is shared: a module's demand build, made by the first thread that needs it under the
 * module's lock and read without it after demand_ready (release, acquire). */
#include <stdio.h>
#include <string.h>

#include "checkpoints.h"
#include "heap.h"
#include "log_held.h"
#include "wt_instance.h"
#include "wt_outcome.h"

static const char *version(void) {
    return WASMTIME_VERSION;
}

static enum swapc_status open(const swapc_engine_config *config, swapc_engine_state **out,
                              swapc_error *error) {
    swapc_engine_state *state = swapci_heap_zeroed(1, sizeof *state);
    if (!state) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for wasmtime");
    const enum swapc_status status = swapci_wt_runtime_init(state, config, error);
    if (status == SWAPC_OK) *out = state;
    else swapci_heap_free(state);
    return status;
}

static void close(swapc_engine_state *state) {
    swapci_wt_runtime_fini(state);
    swapci_heap_free(state);
}

static enum swapc_status validate_at(const swapc_engine_state *state, swapc_bytes bytes,
                                     const char *path, swapc_error *error) {
    wasmtime_error_t *refused =
        wasmtime_module_validate(state->demand.engine, bytes.ptr, bytes.len);
    if (!refused) return SWAPC_OK;
    const enum swapc_status status = swapci_wt_report_refused(refused, path, error);
    wasmtime_error_delete(refused);
    return status;
}

static enum swapc_status validate(swapc_engine_state *state, swapc_bytes bytes,
                                  swapc_error *error) {
    return validate_at(state, bytes, NULL, error);
}

static bool is_guest_call(const wasm_externtype_t *type) {
    const wasm_functype_t *func = wasm_externtype_as_functype_const(type);
    if (!func) return false;
    const wasm_valtype_vec_t *params = wasm_functype_params(func);
    const wasm_valtype_vec_t *results = wasm_functype_results(func);
    return params->size == 2 && results->size == 1 &&
           wasm_valtype_kind(params->data[0]) == WASM_I32 &&
           wasm_valtype_kind(params->data[1]) == WASM_I32 &&
           wasm_valtype_kind(results->data[0]) == WASM_I32;
}

static bool is_named(const wasm_exporttype_t *type, const char *name) {
    const wasm_name_t *found = wasm_exporttype_name(type);
    return found->size == strlen(name) && memcmp(found->data, name, found->size) == 0;
}

/* Unchecked calls rest on this: __guest_call is what the call function takes it for. */
static enum swapc_status check_exports(const wasmtime_module_t *module, const char *path,
                                       swapc_error *error) {
    bool guest_call = false, memory = false;
    wasm_exporttype_vec_t exports;
    wasmtime_module_exports(module, &exports);
    for (size_t i = 0; i < exports.size; i++) {
        const wasm_externtype_t *type = wasm_exporttype_type(exports.data[i]);
        if (is_named(exports.data[i], "__guest_call")) guest_call = is_guest_call(type);
        else if (is_named(exports.data[i], "memory"))
            memory = wasm_externtype_kind(type) == WASM_EXTERN_MEMORY;
    }
    wasm_exporttype_vec_delete(&exports);
    if (guest_call && memory) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_MODULE_EXPORT,
                           "%s does not export %s: build it as a waPC guest",
                           path ? path : "the module",
                           memory ? "__guest_call (i32, i32) -> i32" : "its memory as \"memory\"");
}

static enum swapc_status link_build(struct swapci_wt_build *build,
                                    const struct swapci_wt_runtime *runtime, const char *path,
                                    swapc_error *error) {
    wasmtime_error_t *failed =
        wasmtime_linker_instantiate_pre(runtime->linker, build->module, &build->pre);
    if (!failed) return SWAPC_OK;
    const enum swapc_status status = swapci_wt_report_unlinked(failed, path, error);
    wasmtime_error_delete(failed);
    return status;
}

/* From what the core estimates on, in milliseconds, a module is compiled only once, even where it
 * does not fit into the pool's slots. */
enum { COMPILE_APART_MS = 500 };

/* Epochs are not looked at while calls return: the module is compiled with checkpoints there.
 * written is empty when it needs none. Of what cannot be read, wasmtime says why. */
static enum swapc_status write_checkpoints(const swapc_engine_state *state,
                                           const swapc_artifact *artifact, swapci_buffer *written,
                                           swapc_error *error) {
    struct swapci_wasm_module module;
    swapc_error said = SWAPC_ERROR_INIT;
    enum swapc_status status = swapci_wasm_module_read(&module, artifact->bytes, &said);
    if (status == SWAPC_OK) {
        status = swapci_wasm_add_checkpoints(&module, written, &said);
        swapci_wasm_module_fini(&module);
    }
    if (status == SWAPC_OK) return SWAPC_OK;
    if (status != SWAPC_NO_MEMORY) {
        const enum swapc_status refused =
            validate_at(state, artifact->bytes, artifact->path, error);
        if (refused != SWAPC_OK) return refused;
    }
    return swapc_error_set(error, status, "%s: %s", artifact->path ? artifact->path : "the module",
                           said.text);
}

/* In the words for the module as it came, where it is at fault. */
static enum swapc_status report_refused(const swapc_engine_state *state,
                                        const swapc_artifact *artifact, wasmtime_error_t *refused,
                                        swapc_error *error) {
    enum swapc_status status = validate_at(state, artifact->bytes, artifact->path, error);
    if (status == SWAPC_OK) status = swapci_wt_report_refused(refused, artifact->path, error);
    wasmtime_error_delete(refused);
    return status;
}

/* A module that does not fit into the pool's slots is refused there with an error of its own, so
 * the last word is the demand runtime's. */
static enum swapc_status compile_here(swapc_engine_module *module, const swapc_artifact *artifact,
                                      swapc_bytes bytes, struct swapci_wt_build **build,
                                      swapc_error *error) {
    swapc_engine_state *state = module->state;
    wasmtime_error_t *refused = NULL;
    *build = &module->pool;
    if (state->pool.engine)
        refused = wasmtime_module_new(state->pool.engine, bytes.ptr, bytes.len, &(*build)->module);
    if (refused) wasmtime_error_delete(refused);
    if (module->pool.module) return link_build(*build, &state->pool, artifact->path, error);

    *build = &module->demand;
    refused = wasmtime_module_new(state->demand.engine, bytes.ptr, bytes.len, &(*build)->module);
    if (refused) return report_refused(state, artifact, refused, error);
    atomic_store(&module->demand_ready, true);
    return link_build(*build, &state->demand, artifact->path, error);
}

/* Takes the machine code into the runtime; NULL: it does not fit there, or there is no such
 * runtime. */
static wasmtime_module_t *take_code(const struct swapci_wt_runtime *runtime,
                                    const wasm_byte_vec_t *code) {
    wasmtime_module_t *module = NULL;
    wasmtime_error_t *refused =
        runtime->engine ? wasmtime_module_deserialize(runtime->engine, (const uint8_t *)code->data,
                                                      code->size, &module)
                        : NULL;
    if (refused) wasmtime_error_delete(refused);
    return module;
}

/* Compiled by an engine of no pool, its code goes to where instances will be. */
static enum swapc_status compile_by(wasm_engine_t *engine, swapc_engine_module *module,
                                    const swapc_artifact *artifact, swapc_bytes bytes,
                                    struct swapci_wt_build **build, swapc_error *error) {
    swapc_engine_state *state = module->state;
    wasmtime_module_t *compiled = NULL;
    wasm_byte_vec_t code;
    wasmtime_error_t *refused = wasmtime_module_new(engine, bytes.ptr, bytes.len, &compiled);
    if (refused) return report_refused(state, artifact, refused, error);
    refused = wasmtime_module_serialize(compiled, &code);
    wasmtime_module_delete(compiled);
    if (refused) return report_refused(state, artifact, refused, error);
    *build = &module->pool;
    module->pool.module = take_code(&state->pool, &code);
    if (!module->pool.module) {
        *build = &module->demand;
        module->demand.module = take_code(&state->demand, &code);
        atomic_store(&module->demand_ready, module->demand.module != NULL);
    }
    wasm_byte_vec_delete(&code);
    if (!(*build)->module)
        return swapc_error_set(error, SWAPC_SYSTEM, "wasmtime does not take its own code of %s",
                               artifact->path ? artifact->path : "the module");
    return link_build(*build, *build == &module->pool ? &state->pool : &state->demand,
                      artifact->path, error);
}

static enum swapc_status compile_quickly(swapc_engine_module *module,
                                         const swapc_artifact *artifact, swapc_bytes bytes,
                                         struct swapci_wt_build **build, swapc_error *error) {
    wasm_engine_t *quick = swapci_wt_quick_engine_new(module->state);
    if (!quick) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a compiler");
    const enum swapc_status status = compile_by(quick, module, artifact, bytes, build, error);
    wasm_engine_delete(quick);
    if (status == SWAPC_OK)
        swapc_log_write(&module->state->log, SWAPC_LOG_INFO, "wasmtime",
                        "%s is compiled without optimisation: with it, it might take %u ms "
                        "(limits.compile_ms)",
                        artifact->path ? artifact->path : "the module", artifact->compile_ms);
    return status;
}

/* What the compiler takes beside the module: of the shipped ones, which are mostly tables, 10 times
 * their size, of one that is all code 45 times. */
static enum swapc_status check_space(const swapc_artifact *artifact, size_t len,
                                     swapc_error *error) {
    const uint64_t wanted = (UINT64_C(4) << 20) + 12 * (uint64_t)len;
    if (swapci_wt_space_available(wanted)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NO_MEMORY,
                           "no address space to compile %s, which may take %u MiB: raise the limit "
                           "(ulimit -v)",
                           artifact->path ? artifact->path : "the module",
                           (unsigned)(wanted >> 20));
}

static enum swapc_status compile_bytes(swapc_engine_module *module, const swapc_artifact *artifact,
                                       swapc_bytes bytes, struct swapci_wt_build **build,
                                       swapc_error *error) {
    if (artifact->unoptimised) return compile_quickly(module, artifact, bytes, build, error);
    if (artifact->compile_ms < COMPILE_APART_MS)
        return compile_here(module, artifact, bytes, build, error);
    return compile_by(module->state->demand.engine, module, artifact, bytes, build, error);
}

static enum swapc_status compile_build(swapc_engine_module *module, const swapc_artifact *artifact,
                                       struct swapci_wt_build **build, swapc_error *error) {
    swapci_buffer written = SWAPCI_BUFFER_INIT;
    enum swapc_status status = write_checkpoints(module->state, artifact, &written, error);
    const swapc_bytes bytes = written.len ? swapci_buffer_bytes(&written) : artifact->bytes;
    if (status == SWAPC_OK) status = check_space(artifact, bytes.len, error);
    if (status == SWAPC_OK) status = compile_bytes(module, artifact, bytes, build, error);
    swapci_buffer_fini(&written);
    return status;
}

static void build_fini(struct swapci_wt_build *build) {
    if (build->pre) wasmtime_instance_pre_delete(build->pre);
    if (build->module) wasmtime_module_delete(build->module);
}

static void free_module(swapc_engine_module *module) {
    build_fini(&module->pool);
    build_fini(&module->demand);
    pthread_mutex_destroy(&module->lock);
    swapci_heap_free(module);
}

static enum swapc_status compile(swapc_engine_state *state, const swapc_artifact *artifact,
                                 swapc_engine_module **out, swapc_error *error) {
    swapc_engine_module *module = swapci_heap_zeroed(1, sizeof *module);
    if (!module) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a module");
    struct swapci_wt_build *build;
    module->state = state;
    pthread_mutex_init(&module->lock, NULL);
    enum swapc_status status = compile_build(module, artifact, &build, error);
    if (status == SWAPC_OK) status = check_exports(build->module, artifact->path, error);
    if (status == SWAPC_OK) *out = module;
    else free_module(module);
    return status;
}

static enum swapc_status serialize(swapc_engine_module *module, swapc_compiled_fn take, void *user,
                                   swapc_error *error) {
    wasm_byte_vec_t code;
    wasmtime_module_t *build = module->pool.module ? module->pool.module : module->demand.module;
    wasmtime_error_t *failed = wasmtime_module_serialize(build, &code);
    if (failed) {
        wasmtime_error_delete(failed);
        return swapc_error_set(error, SWAPC_SYSTEM, "wasmtime gave no compiled form of a module");
    }
    take(swapc_bytes_of((const uint8_t *)code.data, code.size), user);
    wasm_byte_vec_delete(&code);
    return SWAPC_OK;
}

/* wasmtime takes a path; this one opens the sealed file once more. It checks for itself that the
 * code is of its own version, with the same settings and for this CPU. */
static bool load_build(const struct swapci_wt_runtime *runtime, int compiled,
                       struct swapci_wt_build *build) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", compiled);
    wasmtime_error_t *refused =
        runtime->engine ? wasmtime_module_deserialize_file(runtime->engine, path, &build->module)
                        : NULL;
    if (refused) wasmtime_error_delete(refused);
    return build->module != NULL;
}

static enum swapc_status revive_build(swapc_engine_module *module, const swapc_artifact *artifact,
                                      int compiled, struct swapci_wt_build **build,
                                      swapc_error *error) {
    swapc_engine_state *state = module->state;
    *build = &module->pool;
    if (load_build(&state->pool, compiled, *build))
        return link_build(*build, &state->pool, artifact->path, error);
    *build = &module->demand;
    if (!load_build(&state->demand, compiled, *build))
        return swapc_error_set(error, SWAPC_CORRUPT,
                               "the compiled form of %s is not of this wasmtime",
                               artifact->path ? artifact->path : "the module");
    atomic_store(&module->demand_ready, true);
    return link_build(*build, &state->demand, artifact->path, error);
}

static enum swapc_status deserialize(swapc_engine_state *state, const swapc_artifact *artifact,
                                     int compiled, swapc_engine_module **out, swapc_error *error) {
    swapc_engine_module *module = swapci_heap_zeroed(1, sizeof *module);
    if (!module) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a module");
    struct swapci_wt_build *build;
    module->state = state;
    pthread_mutex_init(&module->lock, NULL);
    enum swapc_status status = revive_build(module, artifact, compiled, &build, error);
    if (status == SWAPC_OK) status = check_exports(build->module, artifact->path, error);
    if (status == SWAPC_OK) *out = module;
    else free_module(module);
    return status;
}

static const uint64_t *now(const swapc_engine_state *state) {
    return &state->ticker.now;
}

/* Both runtimes have these; see config_new. What is compiled is the module with its checkpoints. */
static const char *settings(const swapc_engine_state *state) {
    return state->memory_moves ? "bounds, checkpoints" : "guards, checkpoints";
}

/* The pool's machine code serves here as well: both runtimes have the same code settings. */
static enum swapc_status copy_build(swapc_engine_module *module, swapc_error *error) {
    const struct swapci_wt_runtime *runtime = &module->state->demand;
    wasm_byte_vec_t code;
    wasmtime_error_t *failed = wasmtime_module_serialize(module->pool.module, &code);
    if (!failed) {
        failed = wasmtime_module_deserialize(runtime->engine, (const uint8_t *)code.data, code.size,
                                             &module->demand.module);
        wasm_byte_vec_delete(&code);
    }
    if (!failed) return link_build(&module->demand, runtime, NULL, error);
    const enum swapc_status status = swapci_wt_report_no_instance(failed, error);
    wasmtime_error_delete(failed);
    return status;
}

enum swapc_status swapci_wt_module_build_demand(swapc_engine_module *module, swapc_error *error) {
    if (atomic_load_explicit(&module->demand_ready, memory_order_acquire)) return SWAPC_OK;
    enum swapc_status status = SWAPC_OK;
    struct swapci_log_held held;
    swapci_log_hold(&held);
    pthread_mutex_lock(&module->lock);
    if (!atomic_load(&module->demand_ready)) {
        status = copy_build(module, error);
        if (status == SWAPC_OK) {
            atomic_store(&module->demand_ready, true);
            swapc_log_write(&module->state->log, SWAPC_LOG_INFO, "wasmtime",
                            "the pool of %u instances is used up: further ones are made on demand",
                            module->state->pool_size);
        } else {
            build_fini(&module->demand);
            module->demand = (struct swapci_wt_build){NULL, NULL};
        }
    }
    pthread_mutex_unlock(&module->lock);
    swapci_log_deliver(&held);
    return status;
}

static const char *const flavours[] = {"wide", "plain", "mvp", "size", NULL};

const swapc_engine swapc_engine_wasmtime = {
    .abi = SWAPC_ENGINE_ABI,
    .caps = SWAPC_CAP_WASM | SWAPC_CAP_SANDBOX | SWAPC_CAP_DEADLINE | SWAPC_CAP_CANCEL |
            SWAPC_CAP_MEMORY | SWAPC_CAP_STACK,
    .name = "wasmtime",
    .flavours = flavours,
    .version = version,
    .open = open,
    .close = close,
    .validate = validate,
    .compile = compile,
    .free_module = free_module,
    .instantiate = swapci_wt_instance_new,
    .free_instance = swapci_wt_instance_free,
    .run_export = swapci_wt_instance_run_export,
    .call = swapci_wt_instance_call,
    .serialize = serialize,
    .deserialize = deserialize,
    .settings = settings,
    .now = now,
    .optimises = true,
};
