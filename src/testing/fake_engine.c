/* What is shared: the counters, atomics; the failure switches are set while nothing else runs. */
#include "fake_engine.h"

#include <stdlib.h>

#include "registry.h"

struct swapc_engine_state {
    swapc_engine_config config;
};

struct swapc_engine_module {
    const struct swapci_fake_program *program;
};

struct swapc_engine_instance {
    struct swapci_fake_guest guest;
};

struct swapci_fake_state swapci_fake;

static swapc_engine_state the_state;

const struct swapci_engine_entry swapci_engine_table[] = {
    {"fake", &swapci_engine_fake},
    {"absent", NULL},
};
const unsigned swapci_engine_count = 2;

/* (module (type (func (param i32 i32) (result i32))) (memory 1)
 *   (func (type 0) i32.const 1) (export "memory" …) (export "__guest_call" …))
 * and a custom section "fake" for the program's address. */
static const uint8_t shell[] = {
    0,   'a', 's', 'm', 1,  0,   0,   0,    1,   7,    1,   0x60, 2,   0x7f, 0x7f, 1,   0x7f,
    3,   2,   1,   0,   5,  3,   1,   0,    1,   7,    25,  2,    6,   'm',  'e',  'm', 'o',
    'r', 'y', 2,   0,   12, '_', '_', 'g',  'u', 'e',  's', 't',  '_', 'c',  'a',  'l', 'l',
    0,   0,   10,  6,   1,  4,   0,   0x41, 1,   0x0b, 0,   13,   4,   'f',  'a',  'k', 'e',
};

_Static_assert(sizeof shell + sizeof(void *) <= SWAPCI_FAKE_BYTES_MAX, "shell grew");

swapc_bytes swapci_fake_bytes(const struct swapci_fake_program *program,
                              uint8_t out[SWAPCI_FAKE_BYTES_MAX]) {
    memcpy(out, shell, sizeof shell);
    memcpy(out + sizeof shell, &program, sizeof program);
    return swapc_bytes_of(out, sizeof shell + sizeof program);
}

static const char *fake_version(void) {
    return "1";
}

static enum swapc_status fake_open(const swapc_engine_config *config, swapc_engine_state **out,
                                   swapc_error *error) {
    if (swapci_fake.fail_open != SWAPC_OK)
        return swapc_error_set(error, swapci_fake.fail_open, "fake: open fails");
    for (unsigned i = 0; i < swapci_fake.lines_on_open; i++)
        swapc_log_write(&config->log, SWAPC_LOG_INFO, "fake", "line %u", i);
    SWAPC_CHECK(atomic_exchange(&swapci_fake.open, 1) == 0);
    the_state.config = *config;
    *out = &the_state;
    return SWAPC_OK;
}

static void fake_close(swapc_engine_state *state) {
    (void)state;
    SWAPC_CHECK(atomic_load(&swapci_fake.modules) == 0);
    SWAPC_CHECK(atomic_exchange(&swapci_fake.open, 0) == 1);
}

static enum swapc_status fake_validate(swapc_engine_state *state, swapc_bytes bytes,
                                       swapc_error *error) {
    (void)state, (void)bytes;
    if (swapci_fake.fail_validate != SWAPC_OK)
        return swapc_error_set(error, swapci_fake.fail_validate, "fake: validate fails");
    return SWAPC_OK;
}

static enum swapc_status fake_compile(swapc_engine_state *state, const swapc_artifact *artifact,
                                      swapc_engine_module **out, swapc_error *error) {
    (void)state;
    if (swapci_fake.fail_compile != SWAPC_OK)
        return swapc_error_set(error, swapci_fake.fail_compile, "fake: compile fails");
    swapc_bytes bytes = artifact->bytes;
    if (bytes.len != sizeof shell + sizeof(void *) || memcmp(bytes.ptr, shell, sizeof shell) != 0)
        return swapc_error_set(error, SWAPC_MODULE_MALFORMED, "fake: not a fake program");
    swapc_engine_module *module = calloc(1, sizeof *module);
    if (!module) return swapc_error_set(error, SWAPC_NO_MEMORY, "fake: no memory");
    memcpy(&module->program, bytes.ptr + sizeof shell, sizeof module->program);
    atomic_fetch_add(&swapci_fake.modules, 1);
    atomic_fetch_add(&swapci_fake.compiled, 1);
    *out = module;
    return SWAPC_OK;
}

static void fake_free_module(swapc_engine_module *module) {
    atomic_fetch_sub(&swapci_fake.modules, 1);
    free(module);
}

/* Ends an entry as an engine must: an import's status as it is, a trap with a report. */
static enum swapc_status ended(enum swapc_status status, swapc_error *error) {
    if (status == SWAPC_TRAP) swapc_error_set(error, status, "fake: trap");
    return status;
}

static enum swapc_status enter(struct swapci_fake_guest *guest, swapci_fake_fn fn,
                               const swapc_run *run, swapc_error *error) {
    guest->run = *run;
    return ended(fn(guest), error);
}

static void fake_free_instance(swapc_engine_instance *instance) {
    atomic_fetch_sub(&swapci_fake.instances, 1);
    free(instance);
}

static enum swapc_status fake_instantiate(swapc_engine_module *module, swapc_call *call,
                                          const swapc_limits *limits, const swapc_run *run,
                                          swapc_engine_instance **out, swapc_error *error) {
    if (swapci_fake.fail_instantiate != SWAPC_OK)
        return swapc_error_set(error, swapci_fake.fail_instantiate, "fake: instantiate fails");
    SWAPC_CHECK(the_state.config.memory_max == 0 ||
                limits->memory_max <= the_state.config.memory_max);
    swapc_engine_instance *instance = calloc(1, sizeof *instance);
    if (!instance) return swapc_error_set(error, SWAPC_NO_MEMORY, "fake: no memory");
    instance->guest.program = module->program;
    instance->guest.call = call;
    instance->guest.memory_size = SWAPCI_FAKE_MEMORY;
    atomic_fetch_add(&swapci_fake.instances, 1);
    atomic_fetch_add(&swapci_fake.instantiated, 1);
    enum swapc_status status = SWAPC_OK;
    if (module->program->section)
        status = enter(&instance->guest, module->program->section, run, error);
    if (status != SWAPC_OK) {
        fake_free_instance(instance);
        return status;
    }
    *out = instance;
    return SWAPC_OK;
}

static swapci_fake_fn export_of(const struct swapci_fake_program *program, const char *name) {
    if (strcmp(name, "_start") == 0) return program->start;
    if (strcmp(name, "_initialize") == 0) return program->initialize;
    return strcmp(name, "wapc_init") == 0 ? program->wapc_init : NULL;
}

static enum swapc_status fake_run_export(swapc_engine_instance *instance, const char *name,
                                         const swapc_run *run, bool *found, swapc_error *error) {
    swapci_fake_fn fn = export_of(instance->guest.program, name);
    *found = fn != NULL;
    return fn ? enter(&instance->guest, fn, run, error) : SWAPC_OK;
}

static enum swapc_status fake_call(swapc_engine_instance *instance, const swapc_run *run,
                                   uint32_t op_len, uint32_t msg_len, int32_t *result,
                                   swapc_error *error) {
    struct swapci_fake_guest *guest = &instance->guest;
    guest->run = *run;
    guest->entries++;
    return ended(guest->program->call(guest, op_len, msg_len, result), error);
}

enum swapc_status swapci_fake_import(struct swapci_fake_guest *guest, const char *module,
                                     const char *name, const uint64_t *args, uint64_t *result) {
    uint64_t unused;
    const swapc_import *row = the_state.config.imports;
    const swapc_import *end = row + the_state.config.import_count;
    while (row < end && (strcmp(row->module, module) != 0 || strcmp(row->name, name) != 0)) row++;
    SWAPC_CHECK(row < end);
    swapc_memory memory = {guest->memory, guest->memory_size};
    return row->fn(guest->call, memory, args, result ? result : &unused);
}

enum swapc_status swapci_fake_wapc(struct swapci_fake_guest *guest, const char *name,
                                   const uint64_t *args, uint64_t *result) {
    return swapci_fake_import(guest, "wapc", name, args, result);
}

enum swapc_status swapci_fake_respond(struct swapci_fake_guest *guest, swapc_bytes bytes) {
    SWAPC_CHECK(bytes.len <= sizeof guest->memory);
    memcpy(guest->memory, bytes.ptr, bytes.len);
    return swapci_fake_wapc(guest, "__guest_response", SWAPCI_FAKE_ARGS(0, bytes.len), NULL);
}

static enum swapc_status echo(struct swapci_fake_guest *guest, uint32_t op_len, uint32_t msg_len,
                              int32_t *result) {
    enum swapc_status status =
        swapci_fake_wapc(guest, "__guest_request", SWAPCI_FAKE_ARGS(0, op_len), NULL);
    if (status == SWAPC_OK)
        status =
            swapci_fake_wapc(guest, "__guest_response", SWAPCI_FAKE_ARGS(op_len, msg_len), NULL);
    *result = 1;
    return status;
}

const struct swapci_fake_program swapci_fake_echo = {.call = echo};

static const char *const fake_flavours[] = {"wide", "plain", NULL};

const swapc_engine swapci_engine_fake = {
    .abi = SWAPC_ENGINE_ABI,
    .caps = SWAPC_CAP_WASM | SWAPC_CAP_SANDBOX | SWAPC_CAP_DEADLINE,
    .name = "fake",
    .flavours = fake_flavours,
    .version = fake_version,
    .open = fake_open,
    .close = fake_close,
    .validate = fake_validate,
    .compile = fake_compile,
    .free_module = fake_free_module,
    .instantiate = fake_instantiate,
    .free_instance = fake_free_instance,
    .run_export = fake_run_export,
    .call = fake_call,
};
