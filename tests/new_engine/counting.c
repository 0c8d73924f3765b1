/* An engine that somebody else might write, of nothing but the headers in include/: it has wasmtime do
 * the work and counts. Its rows in the tables of tests and hosts say "counting". */
#include "counting.h"

#include "swapc/sys/engine.h"

extern const swapc_engine swapc_engine_wasmtime;
extern const swapc_engine swapc_engine_counting;

struct counting counting;

static const char *version(void) {
    return swapc_engine_wasmtime.version();
}

static enum swapc_status open_engine(const swapc_engine_config *config, swapc_engine_state **out,
                                     swapc_error *error) {
    return swapc_engine_wasmtime.open(config, out, error);
}

static void close_engine(swapc_engine_state *state) {
    swapc_engine_wasmtime.close(state);
}

static enum swapc_status validate(swapc_engine_state *state, swapc_bytes bytes,
                                  swapc_error *error) {
    return swapc_engine_wasmtime.validate(state, bytes, error);
}

static enum swapc_status compile(swapc_engine_state *state, const swapc_artifact *artifact,
                                 swapc_engine_module **out, swapc_error *error) {
    enum swapc_status status = swapc_engine_wasmtime.compile(state, artifact, out, error);
    counting.modules += status == SWAPC_OK;
    return status;
}

static void free_module(swapc_engine_module *module) {
    swapc_engine_wasmtime.free_module(module);
    counting.modules--;
}

static enum swapc_status instantiate(swapc_engine_module *module, swapc_call *call,
                                     const swapc_limits *limits, const swapc_run *run,
                                     swapc_engine_instance **out, swapc_error *error) {
    enum swapc_status status =
        swapc_engine_wasmtime.instantiate(module, call, limits, run, out, error);
    counting.instances += status == SWAPC_OK;
    return status;
}

static void free_instance(swapc_engine_instance *instance) {
    swapc_engine_wasmtime.free_instance(instance);
    counting.instances--;
}

static enum swapc_status run_export(swapc_engine_instance *instance, const char *name,
                                    const swapc_run *run, bool *found, swapc_error *error) {
    return swapc_engine_wasmtime.run_export(instance, name, run, found, error);
}

static enum swapc_status call_guest(swapc_engine_instance *instance, const swapc_run *run,
                                    uint32_t op_len, uint32_t msg_len, int32_t *result,
                                    swapc_error *error) {
    counting.calls++;
    return swapc_engine_wasmtime.call(instance, run, op_len, msg_len, result, error);
}

static const char *const flavours[] = {"wide", "plain", "mvp", NULL};

const swapc_engine swapc_engine_counting = {
    .abi = SWAPC_ENGINE_ABI,
    .caps = SWAPC_CAP_WASM | SWAPC_CAP_SANDBOX | SWAPC_CAP_DEADLINE | SWAPC_CAP_CANCEL |
            SWAPC_CAP_MEMORY | SWAPC_CAP_STACK,
    .name = "counting",
    .flavours = flavours,
    .version = version,
    .open = open_engine,
    .close = close_engine,
    .validate = validate,
    .compile = compile,
    .free_module = free_module,
    .instantiate = instantiate,
    .free_instance = free_instance,
    .run_export = run_export,
    .call = call_guest,
};
