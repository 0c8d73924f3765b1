/* native.c - the engine "native": trusted shared objects behind the waPC imports.
 *
 * The measure that every other engine is held against: the same guest source, compiled to machine
 * code, through the same imports. It confines nothing: addresses are real ones, no deadline, no
 * memory limit, no stack check. What the core enforces (response, log, host calls) holds here too.
 *
 * An import that must stop the guest leaves it by longjmp, past the guest's frames: by contract a
 * guest holds nothing across an import (swapc/sys/native_module.h).
 *
 * Threads: modules are read only; an instance is one thread's at a time.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdio.h>

#include "elf_check.h"
#include "heap.h"
#include "native_library.h"
#include "swapc/sys/engine.h"
#include "swapc/sys/native_module.h"

#define NAME "native"

enum row {
    GUEST_REQUEST,
    GUEST_RESPONSE,
    GUEST_ERROR,
    HOST_CALL,
    HOST_RESPONSE_LEN,
    HOST_RESPONSE,
    HOST_ERROR_LEN,
    HOST_ERROR,
    CONSOLE_LOG,
    ROW_COUNT
};

static const char *const row_names[ROW_COUNT] = {
    "__guest_request", "__guest_response", "__guest_error", "__host_call",   "__host_response_len",
    "__host_response", "__host_error_len", "__host_error",  "__console_log",
};

struct swapc_engine_state {
    swapc_import_fn rows[ROW_COUNT];
};

struct swapc_engine_module {
    const swapc_engine_state *state;
    struct swapci_native_library library;
    const struct swapc_native_module *table; /* inside the library */
    char path[128];                          /* for messages */
};

struct scratch {
    uint8_t *at;
    size_t capacity;
};

struct swapc_engine_instance {
    const swapc_engine_module *module;
    swapc_call *call;
    void *state;
    struct scratch scratch[SWAPC_NATIVE_SCRATCH_COUNT];
    enum swapc_status stopped; /* the status of the import that stopped the guest */
    jmp_buf entry;             /* valid while the guest runs */
};

static enum swapc_status report(swapc_error *error, enum swapc_status status, const char *path,
                                const char *text) {
    if (error && error->status == SWAPC_OK) {
        swapc_error_set(error, status, "%s: %s", path ? path : "the shared object", text);
        error->engine = NAME;
    }
    return status;
}

/* ---- imports ---- */

static uint64_t enter_row(void *host, enum row row, const uint64_t *args) {
    swapc_engine_instance *instance = host;
    const swapc_memory everything = {NULL, UINT64_MAX};
    uint64_t result = 0;
    enum swapc_status status =
        instance->module->state->rows[row](instance->call, everything, args, &result);
    if (status != SWAPC_OK) {
        instance->stopped = status;
        longjmp(instance->entry, 1);
    }
    return result;
}

static uint64_t address(const void *ptr) {
    return (uint64_t)(uintptr_t)ptr;
}

static uint8_t *import_scratch(void *host, uint32_t purpose, size_t len) {
    swapc_engine_instance *instance = host;
    if (purpose >= SWAPC_NATIVE_SCRATCH_COUNT) return NULL;
    struct scratch *s = &instance->scratch[purpose];
    if (!s->at || s->capacity < len) {
        swapci_heap_free(s->at); /* its content is not kept, so no realloc, which would copy it */
        s->at = swapci_heap_alloc(len ? len : 1);
        s->capacity = s->at ? len : 0;
    }
    return s->at;
}

static void import_guest_request(void *host, uint8_t *operation, uint8_t *message) {
    enter_row(host, GUEST_REQUEST, (uint64_t[]){address(operation), address(message)});
}

static void import_guest_response(void *host, const uint8_t *ptr, size_t len) {
    enter_row(host, GUEST_RESPONSE, (uint64_t[]){address(ptr), len});
}

static void import_guest_error(void *host, const uint8_t *ptr, size_t len) {
    enter_row(host, GUEST_ERROR, (uint64_t[]){address(ptr), len});
}

static int32_t import_host_call(void *host, const uint8_t *binding, size_t binding_len,
                                const uint8_t *ns, size_t ns_len, const uint8_t *operation,
                                size_t operation_len, const uint8_t *ptr, size_t len) {
    const uint64_t args[] = {address(binding),   binding_len,   address(ns),  ns_len,
                             address(operation), operation_len, address(ptr), len};
    return (int32_t)enter_row(host, HOST_CALL, args);
}

static size_t import_host_response_len(void *host) {
    return (size_t)enter_row(host, HOST_RESPONSE_LEN, NULL);
}

static void import_host_response(void *host, uint8_t *ptr) {
    enter_row(host, HOST_RESPONSE, (uint64_t[]){address(ptr)});
}

static size_t import_host_error_len(void *host) {
    return (size_t)enter_row(host, HOST_ERROR_LEN, NULL);
}

static void import_host_error(void *host, uint8_t *ptr) {
    enter_row(host, HOST_ERROR, (uint64_t[]){address(ptr)});
}

static void import_console_log(void *host, const uint8_t *ptr, size_t len) {
    enter_row(host, CONSOLE_LOG, (uint64_t[]){address(ptr), len});
}

static const struct swapc_native_imports imports = {
    .abi = SWAPC_NATIVE_ABI,
    .scratch = import_scratch,
    .guest_request = import_guest_request,
    .guest_response = import_guest_response,
    .guest_error = import_guest_error,
    .host_call = import_host_call,
    .host_response_len = import_host_response_len,
    .host_response = import_host_response,
    .host_error_len = import_host_error_len,
    .host_error = import_host_error,
    .console_log = import_console_log,
};

/* ---- the engine ---- */

/* The ABI of modules is the version that matters here. */
static const char *engine_version(void) {
    return "1";
}

static swapc_import_fn find_row(const swapc_engine_config *config, const char *name) {
    for (size_t i = 0; i < config->import_count; i++)
        if (strcmp(config->imports[i].module, "wapc") == 0 &&
            strcmp(config->imports[i].name, name) == 0)
            return config->imports[i].fn;
    return NULL;
}

static enum swapc_status engine_open(const swapc_engine_config *config, swapc_engine_state **out,
                                     swapc_error *error) {
    swapc_engine_state *state = swapci_heap_zeroed(1, sizeof *state);
    if (!state) return report(error, SWAPC_NO_MEMORY, NULL, "no memory for the engine");
    for (int i = 0; i < ROW_COUNT; i++) {
        state->rows[i] = find_row(config, row_names[i]);
        if (!state->rows[i]) {
            swapc_error_set(error, SWAPC_INVALID, "the import table lacks wapc.%s", row_names[i]);
            swapci_heap_free(state);
            return SWAPC_INVALID;
        }
    }
    *out = state;
    return SWAPC_OK;
}

static void engine_close(swapc_engine_state *state) {
    swapci_heap_free(state);
}

/* ---- modules ---- */

static enum swapc_status find_table(swapc_engine_module *module, swapc_error *error) {
    const struct swapc_native_module *table = dlsym(module->library.handle, SWAPC_NATIVE_SYMBOL);
    if (!table)
        return report(error, SWAPC_MODULE_EXPORT, module->path,
                      "it does not export the table swapc_native_module: it is no native waPC "
                      "module; build it with the guest SDK");
    if (table->abi != SWAPC_NATIVE_ABI)
        return report(error, SWAPC_UNSUPPORTED, module->path,
                      "it was built for another version of the native interface; build it again");
    if (table->state_size == 0 || !table->init || !table->call)
        return report(error, SWAPC_MODULE_EXPORT, module->path,
                      "its table swapc_native_module has empty entries; build it with the guest "
                      "SDK");
    module->table = table;
    return SWAPC_OK;
}

static enum swapc_status load(swapc_engine_module *module, const swapc_artifact *artifact,
                              swapc_error *error) {
    enum swapc_status status = swapci_elf_check(artifact->bytes, module->path, error);
    if (status == SWAPC_OK)
        status = swapci_native_library_open(&module->library, artifact->bytes, artifact->digest_hex,
                                            module->path, error);
    if (status != SWAPC_OK) return status;
    status = find_table(module, error);
    if (status != SWAPC_OK) swapci_native_library_close(&module->library);
    return status;
}

static enum swapc_status engine_compile(swapc_engine_state *state, const swapc_artifact *artifact,
                                        swapc_engine_module **out, swapc_error *error) {
    swapc_engine_module *module = swapci_heap_zeroed(1, sizeof *module);
    if (!module) return report(error, SWAPC_NO_MEMORY, artifact->path, "no memory for the module");
    module->state = state;
    snprintf(module->path, sizeof module->path, "%s",
             artifact->path ? artifact->path : "the shared object");
    enum swapc_status status = load(module, artifact, error);
    if (status == SWAPC_OK) {
        *out = module;
        return SWAPC_OK;
    }
    swapci_heap_free(module);
    if (error) error->engine = NAME;
    return status;
}

static void engine_free_module(swapc_engine_module *module) {
    swapci_native_library_close(&module->library);
    swapci_heap_free(module);
}

/* ---- instances ---- */

static void engine_free_instance(swapc_engine_instance *instance) {
    for (int i = 0; i < SWAPC_NATIVE_SCRATCH_COUNT; i++) swapci_heap_free(instance->scratch[i].at);
    swapci_heap_free(instance->state);
    swapci_heap_free(instance);
}

static enum swapc_status init_guest(swapc_engine_instance *instance, swapc_error *error) {
    if (_setjmp(instance->entry) != 0) return instance->stopped;
    if (instance->module->table->init(instance->state, &imports, instance) == 1) return SWAPC_OK;
    return report(error, SWAPC_MODULE_INIT, instance->module->path,
                  "its init refused this host; build it again");
}

static enum swapc_status engine_instantiate(swapc_engine_module *module, swapc_call *call,
                                            const swapc_limits *limits, const swapc_run *run,
                                            swapc_engine_instance **out, swapc_error *error) {
    (void)limits, (void)run; /* not held, as the caps say */
    swapc_engine_instance *instance = swapci_heap_zeroed(1, sizeof *instance);
    if (instance) instance->state = swapci_heap_zeroed(1, module->table->state_size);
    if (!instance || !instance->state) {
        swapci_heap_free(instance);
        return report(error, SWAPC_NO_MEMORY, module->path, "no memory for an instance");
    }
    instance->module = module;
    instance->call = call;
    enum swapc_status status = init_guest(instance, error);
    if (status == SWAPC_OK) *out = instance;
    else engine_free_instance(instance);
    return status;
}

static enum swapc_status engine_run_export(swapc_engine_instance *instance, const char *name,
                                           const swapc_run *run, bool *found, swapc_error *error) {
    (void)instance, (void)name, (void)run, (void)error;
    *found = false; /* init ran in instantiate */
    return SWAPC_OK;
}

static enum swapc_status engine_call(swapc_engine_instance *instance, const swapc_run *run,
                                     uint32_t op_len, uint32_t msg_len, int32_t *result,
                                     swapc_error *error) {
    (void)run, (void)error;
    if (_setjmp(instance->entry) != 0) return instance->stopped;
    *result = instance->module->table->call(instance->state, op_len, msg_len);
    return SWAPC_OK;
}

static const char *const flavours[] = {"native", NULL};

extern const swapc_engine swapc_engine_native;
const swapc_engine swapc_engine_native = {
    .abi = SWAPC_ENGINE_ABI,
    .caps = 0,
    .name = NAME,
    .flavours = flavours,
    .version = engine_version,
    .open = engine_open,
    .close = engine_close,
    .validate = NULL,
    .compile = engine_compile,
    .free_module = engine_free_module,
    .instantiate = engine_instantiate,
    .free_instance = engine_free_instance,
    .run_export = engine_run_export,
    .call = engine_call,
};
