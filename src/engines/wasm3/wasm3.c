/* wasm3.c - the engine "wasm3": an interpreter for places where no compiler may run.
 *
 * A module is its bytes, rewritten into the simplest form that does the same (src/wasm/lower.h),
 * found fit and compiled once on trial. wasm3 binds a parsed module to one runtime, so each
 * instance parses, loads and compiles its own; the core keeps instances warm. Nothing stops a loop
 * in wasm3, so a module has two builds: plain, and metered. Instances are of the metered one,
 * unless deadline_ms is 0: whoever wants no deadline pays for none, and a call that then brings its
 * own deadline or cancel is refused.
 * What keeps a module that wasm3 misreads from reaching the host's heap: dead code and parameters
 * of blocks never come to it, what is left is measured against its fixed tables (wasm3_scan.h), and
 * its tables and the guest's values lie in memory apart (wasm3_inside.h).
 *
 * Threads: environment and runtime belong to one instance, so instances share nothing but const
 * tables: the state's bindings, and the module's bytes.
 */
#include <stdio.h>

#include "c_stack.h"
#include "clock.h"
#include "heap.h"
#include "swapc/sys/engine.h"
#include "wasm3_frames.h"
#include "wasm3_inside.h"
#include "wasm3_scan.h"
#include "lower.h"

#define PAGE_BYTES 65536u
#define PAGES_MOST 32768u /* wasm3's own ceiling: 2 GiB */
#define NAME "wasm3"
#define BUDGET 20000 /* instructions between two looks at the clock: some 40 us */

/* An import row as wasm3 needs it. */
struct binding {
    const swapc_import *row;
    char signature[SWAPC_IMPORT_ARGS_MAX + 4]; /* "i(ii)" */
    uint8_t args;
    uint8_t results;
};

struct swapc_engine_state {
    struct binding *bindings;
    size_t binding_count;
    struct swapci_wasm3_frames frames;
};

struct build {
    swapci_buffer bytes;
    struct swapci_wasm3_shape shape;
};

struct swapc_engine_module {
    const swapc_engine_state *state;
    struct build plain;
    struct build metered;
    char path[128]; /* for messages */
};

struct swapc_engine_instance {
    const swapc_engine_module *module;
    const struct build *build; /* one of the module's */
    const swapc_run *run;      /* of the current entry */
    swapc_call *call;
    IM3Environment environment;
    struct swapci_wasm3_room room;
    IM3Module inside; /* owned by the runtime once loaded */
    IM3Function guest_call;
    enum swapc_status stopped; /* the status of the import or the tick that stopped the guest */
    struct swapci_c_stack stack;
};

static const char import_stopped[] = "[trap] an import stopped the guest";
static const char tick_stopped[] = "[trap] the guest was stopped";

/* who NULL: the text says it, or the core does. */
static enum swapc_status report(swapc_error *error, enum swapc_status status, const char *who,
                                const char *text) {
    if (error && error->status == SWAPC_OK) {
        swapc_error_set(error, status, "%s%s%s", who ? who : "", who ? ": " : "", text);
        error->engine = NAME;
    }
    return status;
}

/* ---- imports ---- */

static const void *enter_import(IM3Runtime runtime, IM3ImportContext context, uint64_t *sp,
                                void *unused) {
    const struct binding *binding = context->userdata;
    swapc_engine_instance *instance = m3_GetUserData(runtime);
    uint64_t args[SWAPC_IMPORT_ARGS_MAX], result = 0;
    uint32_t size;
    uint8_t *base = m3_GetMemory(runtime, &size, 0);
    (void)unused; /* it is the memory's base, and no size comes with it */
    for (unsigned i = 0; i < binding->args; i++) {
        uint64_t slot = sp[binding->results + i];
        args[i] = binding->row->signature[i] == 'I' ? slot : (uint32_t)slot;
    }
    enum swapc_status status =
        binding->row->fn(instance->call, (swapc_memory){base, size}, args, &result);
    if (status != SWAPC_OK) {
        instance->stopped = status;
        return import_stopped;
    }
    if (binding->results) sp[0] = result;
    return m3Err_none;
}

static enum swapc_status look(const swapc_run *run) {
    if (swapc_run_cancelled(run)) return SWAPC_CANCELLED;
    bool late = run->deadline_ns != 0 && swapci_clock_monotonic_ns() >= run->deadline_ns;
    return late ? SWAPC_DEADLINE : SWAPC_OK;
}

/* The metered build has spent its budget. */
static const void *tick(IM3Runtime runtime, IM3ImportContext context, uint64_t *sp, void *memory) {
    (void)context, (void)memory;
    swapc_engine_instance *instance = m3_GetUserData(runtime);
    instance->stopped = look(instance->run);
    sp[0] = BUDGET;
    return instance->stopped == SWAPC_OK ? m3Err_none : tick_stopped;
}

/* "ii:i" becomes "i(ii)". */
static void bind_row(struct binding *binding, const swapc_import *row) {
    const char *colon = strchr(row->signature, ':');
    size_t args = colon ? (size_t)(colon - row->signature) : strlen(row->signature);
    SWAPC_CHECK(args <= SWAPC_IMPORT_ARGS_MAX);
    binding->row = row;
    binding->args = (uint8_t)args;
    binding->results = colon != NULL;
    char *at = binding->signature;
    *at++ = colon ? colon[1] : 'v';
    *at++ = '(';
    memcpy(at, row->signature, args);
    memcpy(at + args, ")", 2);
}

/* ---- the engine ---- */

static const char *engine_version(void) {
    return M3_VERSION;
}

static void engine_close(swapc_engine_state *state) {
    swapci_heap_free(state->bindings);
    swapci_heap_free(state);
}

static enum swapc_status engine_open(const swapc_engine_config *config, swapc_engine_state **out,
                                     swapc_error *error) {
    swapc_engine_state *state = swapci_heap_zeroed(1, sizeof *state);
    if (!state) return report(error, SWAPC_NO_MEMORY, NULL, "no memory for the engine");
    state->binding_count = config->import_count;
    state->bindings = swapci_heap_zeroed(config->import_count + 1, sizeof *state->bindings);
    enum swapc_status status = SWAPC_NO_MEMORY;
    if (state->bindings) status = swapci_wasm3_frames_measure(&state->frames, error);
    if (status != SWAPC_OK) {
        engine_close(state);
        return report(error, status, NULL, "no memory for the engine");
    }
    for (size_t i = 0; i < config->import_count; i++)
        bind_row(&state->bindings[i], &config->imports[i]);
    *out = state;
    return SWAPC_OK;
}

/* ---- instances ---- */

static enum swapc_status status_of(M3Result result) {
    static const struct {
        M3Result *text;
        enum swapc_status status;
    } known[] = {
        {&m3Err_mallocFailed, SWAPC_NO_MEMORY},
        {&m3Err_mallocFailedCodePage, SWAPC_NO_MEMORY},
        {&m3Err_trapStackOverflow, SWAPC_TRAP_STACK},
        {&m3Err_trapOutOfBoundsMemoryAccess, SWAPC_TRAP_MEMORY},
        {&m3Err_wasmMalformed, SWAPC_MODULE_MALFORMED},
        {&m3Err_wasmUnderrun, SWAPC_MODULE_MALFORMED},
        {&m3Err_wasmOverrun, SWAPC_MODULE_MALFORMED},
        {&m3Err_wasmSectionUnderrun, SWAPC_MODULE_MALFORMED},
        {&m3Err_wasmSectionOverrun, SWAPC_MODULE_MALFORMED},
        {&m3Err_misorderedWasmSection, SWAPC_MODULE_MALFORMED},
        {&m3Err_lebOverflow, SWAPC_MODULE_MALFORMED},
        {&m3Err_missingUTF8, SWAPC_MODULE_MALFORMED},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (result == *known[i].text) return known[i].status;
    return strncmp(result, "[trap]", 6) == 0 ? SWAPC_TRAP : SWAPC_UNSUPPORTED;
}

/* Why a guest ended. Which module has trapped, the core says. */
static enum swapc_status report_end(const swapc_engine_module *module, enum swapc_status status,
                                    M3Result result, swapc_error *error) {
    static const char mark[] = "[trap] ";
    if (status != SWAPC_TRAP && status != SWAPC_TRAP_STACK && status != SWAPC_TRAP_MEMORY)
        return report(error, status, module->path, result);
    if (strncmp(result, mark, sizeof mark - 1) == 0) result += sizeof mark - 1;
    return report(error, status, "the guest trapped", result);
}

/* wasm3 refused what the validator and the scan let pass: some feature it lacks. */
static enum swapc_status refuse(const swapc_engine_module *module, IM3Runtime runtime,
                                M3Result result, swapc_error *error) {
    M3ErrorInfo info = {0};
    char text[SWAPC_ERROR_TEXT_MAX];
    m3_GetErrorInfo(runtime, &info);
    snprintf(text, sizeof text, "wasm3 refuses it: %s (%s); build an mvp flavour of the module",
             result, info.message && *info.message ? info.message : "no detail");
    return report(error, status_of(result), module->path, text);
}

static M3Result link_imports(const swapc_engine_instance *instance) {
    const swapc_engine_state *state = instance->module->state;
    for (size_t i = 0; i < state->binding_count; i++) {
        const struct binding *b = &state->bindings[i];
        M3Result result = m3_LinkRawFunctionEx(instance->inside, b->row->module, b->row->name,
                                               b->signature, enter_import, b);
        if (result && result != m3Err_functionLookupFailed) return result;
    }
    if (instance->build == &instance->module->plain) return m3Err_none;
    return m3_LinkRawFunction(instance->inside, SWAPCI_METER_MODULE, SWAPCI_METER_NAME, "i()",
                              tick);
}

static enum swapc_status link_and_compile(swapc_engine_instance *instance, swapc_error *error) {
    const swapc_engine_module *module = instance->module;
    const char *from, *name;
    M3Result result = link_imports(instance);
    if (result == m3Err_mallocFailedCodePage)
        return report(error, SWAPC_NO_MEMORY, module->path, result);
    if (result) return report(error, SWAPC_MODULE_IMPORT, module->path, result);
    if (!swapci_wasm3_linked(instance->inside, &from, &name)) {
        char text[SWAPC_ERROR_TEXT_MAX];
        snprintf(text, sizeof text, "it imports %.100s.%.100s, which this host does not have", from,
                 name);
        return report(error, SWAPC_MODULE_IMPORT, module->path, text);
    }
    result = m3_CompileModule(instance->inside);
    if (result) return refuse(module, instance->room.runtime, result, error);
    if (!swapci_wasm3_room_whole(&instance->room))
        return report(error, SWAPC_UNSUPPORTED, module->path,
                      "wasm3 left its tables while it compiled the module; use another engine");
    instance->guest_call =
        swapci_wasm3_function(instance->inside, instance->build->shape.guest_call);
    return SWAPC_OK;
}

static M3Result parse_and_load(swapc_engine_instance *instance, bool trial) {
    IM3Module inside;
    M3Result result = m3_ParseModule(instance->environment, &inside, instance->build->bytes.ptr,
                                     (uint32_t)instance->build->bytes.len);
    if (result) return result;
    if (trial) swapci_wasm3_forget_memory(inside);
    result = m3_LoadModule(instance->room.runtime, inside);
    if (result) m3_FreeModule(inside);
    else instance->inside = inside;
    return result;
}

static void free_instance(swapc_engine_instance *instance) {
    swapci_wasm3_room_fini(&instance->room);
    m3_FreeEnvironment(instance->environment);
    swapci_c_stack_fini(&instance->stack);
    swapci_heap_free(instance);
}

/* An instance without its module yet: the two stacks and wasm3's objects. */
static swapc_engine_instance *new_instance(const swapc_engine_module *module, bool metered,
                                           swapc_error *error) {
    const struct build *build = metered ? &module->metered : &module->plain;
    uint32_t values;
    size_t frames =
        swapci_wasm3_frames_plan(&module->state->frames, build->shape.loops_max, &values);
    swapc_engine_instance *instance = swapci_heap_zeroed(1, sizeof *instance);
    if (!instance) goto no_memory;
    instance->module = module;
    instance->build = build;
    if (swapci_c_stack_init(&instance->stack, frames) != 0) goto no_memory;
    instance->environment = m3_NewEnvironment();
    if (!instance->environment) goto no_memory;
    if (swapci_wasm3_room_init(&instance->room, instance->environment, values, instance))
        return instance;
no_memory:
    report(error, SWAPC_NO_MEMORY, module->path, "no memory or address space for an instance");
    if (instance) free_instance(instance);
    return NULL;
}

/* What runs on the guest's stack: a call of function, or (NULL) the module's start section. */
struct entry {
    swapc_engine_instance *instance;
    IM3Function function;
    uint32_t arg_count;
    const void *args[2];
    M3Result result;
};

static void enter_guest(void *user) {
    struct entry *entry = user;
    if (entry->function) entry->result = m3_Call(entry->function, entry->arg_count, entry->args);
    else entry->result = m3_RunStart(entry->instance->inside);
}

static enum swapc_status report_stop(const swapc_engine_instance *instance, swapc_error *error) {
    const char *text = "the guest was stopped: its call was cancelled";
    if (instance->stopped == SWAPC_DEADLINE)
        text = "the guest was stopped at its deadline: raise deadline_ms if it needs longer";
    return report(error, instance->stopped, NULL, text);
}

static enum swapc_status run(struct entry *entry, const swapc_run *run_limits, swapc_error *error) {
    swapc_engine_instance *instance = entry->instance;
    if (swapc_run_limited(run_limits) && instance->build == &instance->module->plain)
        return report(
            error, SWAPC_UNSUPPORTED, instance->module->path,
            "it was loaded with deadline_ms 0, and wasm3 then stops no call; load it with "
            "a deadline_ms");
    instance->run = run_limits;
    swapci_c_stack_run(&instance->stack, enter_guest, entry);
    if (!entry->result) return SWAPC_OK;
    if (entry->result == import_stopped) return instance->stopped;
    if (entry->result == tick_stopped) return report_stop(instance, error);
    enum swapc_status status = status_of(entry->result);
    return report_end(instance->module, status == SWAPC_UNSUPPORTED ? SWAPC_TRAP : status,
                      entry->result, error);
}

/* Loading runs on the guest's stack too: wasm3's compiler nests with the module's blocks. */
struct loading {
    swapc_engine_instance *instance;
    bool trial; /* without memory and data: only whether it compiles */
    enum swapc_status status;
    swapc_error *error;
};

/* Data or elements outside memory or table trap the instantiation, as the specification has it. */
static enum swapc_status load_failed(const struct loading *l, M3Result result) {
    const swapc_engine_module *module = l->instance->module;
    enum swapc_status status = status_of(result);
    if (l->trial) return refuse(module, l->instance->room.runtime, result, l->error);
    if (status == SWAPC_UNSUPPORTED)
        status = strstr(result, "data segment") ? SWAPC_TRAP_MEMORY : SWAPC_TRAP;
    return report_end(module, status, result, l->error);
}

static void load_here(void *user) {
    struct loading *l = user;
    M3Result result = parse_and_load(l->instance, l->trial);
    l->status = result ? load_failed(l, result) : link_and_compile(l->instance, l->error);
}

static enum swapc_status load(swapc_engine_instance *instance, bool trial, swapc_error *error) {
    struct loading loading = {instance, trial, SWAPC_OK, error};
    swapci_c_stack_run(&instance->stack, load_here, &loading);
    return loading.status;
}

static enum swapc_status check_memory(const swapc_engine_module *module, uint32_t pages,
                                      swapc_error *error) {
    if (module->plain.shape.pages_min <= pages) return SWAPC_OK;
    char text[SWAPC_ERROR_TEXT_MAX];
    snprintf(text, sizeof text,
             "it starts with %u pages of memory, the limit is %u; raise "
             "memory_max",
             module->plain.shape.pages_min, pages);
    return report(error, SWAPC_MEMORY_LIMIT, module->path, text);
}

static uint32_t pages_allowed(const swapc_limits *limits) {
    uint64_t pages = limits->memory_max / PAGE_BYTES;
    return limits->memory_max == 0 || pages > PAGES_MOST ? PAGES_MOST : (uint32_t)pages;
}

static enum swapc_status engine_instantiate(swapc_engine_module *module, swapc_call *call,
                                            const swapc_limits *limits, const swapc_run *run_limits,
                                            swapc_engine_instance **out, swapc_error *error) {
    uint32_t pages = pages_allowed(limits);
    enum swapc_status status = check_memory(module, pages, error);
    if (status != SWAPC_OK) return status;
    swapc_engine_instance *instance = new_instance(module, limits->deadline_ms != 0, error);
    if (!instance) return SWAPC_NO_MEMORY;
    instance->call = call;
    status = load(instance, false, error);
    if (status == SWAPC_OK) {
        struct entry entry = {.instance = instance};
        uint32_t most = module->plain.shape.pages_max; /* wasm3 takes 0 for none */
        swapci_wasm3_cap_memory(instance->room.runtime, most < pages ? most : pages);
        status = run(&entry, run_limits, error);
    }
    if (status == SWAPC_OK) *out = instance;
    else free_instance(instance);
    return status;
}

/* ---- modules ---- */

static enum swapc_status check_type(swapc_engine_instance *instance, swapc_error *error) {
    IM3Function f = instance->guest_call;
    if (m3_GetArgCount(f) == 2 && m3_GetArgType(f, 0) == c_m3Type_i32 &&
        m3_GetArgType(f, 1) == c_m3Type_i32 && m3_GetRetCount(f) == 1 &&
        m3_GetRetType(f, 0) == c_m3Type_i32)
        return SWAPC_OK;
    return report(error, SWAPC_MODULE_EXPORT, instance->module->path,
                  "__guest_call is not a function (i32, i32) -> i32");
}

static enum swapc_status prove(const swapc_engine_module *module, swapc_error *error) {
    swapc_engine_instance *instance = new_instance(module, true, error);
    if (!instance) return SWAPC_NO_MEMORY;
    enum swapc_status status = load(instance, true, error);
    if (status == SWAPC_OK) status = check_type(instance, error);
    free_instance(instance);
    return status;
}

/* The metered build is the one looked at and proved: it holds all of the plain one, with the
 * function that it imports besides. */
static enum swapc_status lower_both(const struct swapci_wasm_module *read,
                                    swapc_engine_module *module, swapc_error *error) {
    const struct swapci_wasm_lowering plain = {.metered = false, .engine = NAME};
    const struct swapci_wasm_lowering metered = {.metered = true, .engine = NAME};
    enum swapc_status status = swapci_wasm_lower(read, &metered, &module->metered.bytes, error);
    if (status == SWAPC_OK)
        status = swapci_wasm3_scan(swapci_buffer_bytes(&module->metered.bytes), 1,
                                   &module->metered.shape, error);
    if (status != SWAPC_OK) return status;
    module->plain.shape = module->metered.shape;
    module->plain.shape.guest_call -= module->plain.shape.guest_call > read->functions_imported;
    return swapci_wasm_lower(read, &plain, &module->plain.bytes, error);
}

static enum swapc_status make_builds(swapc_engine_module *module, swapc_bytes bytes,
                                     swapc_error *error) {
    struct swapci_wasm_module read;
    enum swapc_status status = swapci_wasm_module_read(&read, bytes, error);
    if (status != SWAPC_OK) return status;
    status = lower_both(&read, module, error);
    swapci_wasm_module_fini(&read);
    return status == SWAPC_OK ? prove(module, error) : status;
}

static void engine_free_module(swapc_engine_module *module) {
    swapci_buffer_fini(&module->plain.bytes);
    swapci_buffer_fini(&module->metered.bytes);
    swapci_heap_free(module);
}

static enum swapc_status engine_compile(swapc_engine_state *state, const swapc_artifact *artifact,
                                        swapc_engine_module **out, swapc_error *error) {
    swapc_engine_module *module = swapci_heap_zeroed(1, sizeof *module);
    if (!module) return report(error, SWAPC_NO_MEMORY, artifact->path, "no memory for the module");
    module->state = state;
    snprintf(module->path, sizeof module->path, "%s",
             artifact->path ? artifact->path : "the module");
    enum swapc_status status = make_builds(module, artifact->bytes, error);
    if (status == SWAPC_OK) {
        *out = module;
        return SWAPC_OK;
    }
    engine_free_module(module);
    if (error) error->engine = NAME;
    return status;
}

/* ---- entering ---- */

static enum swapc_status engine_run_export(swapc_engine_instance *instance, const char *name,
                                           const swapc_run *run_limits, bool *found,
                                           swapc_error *error) {
    uint32_t index;
    *found = swapci_wasm3_find_export(swapci_buffer_bytes(&instance->build->bytes), name, &index);
    if (!*found) return SWAPC_OK;
    struct entry entry = {.instance = instance,
                          .function = swapci_wasm3_function(instance->inside, index)};
    if (m3_GetArgCount(entry.function) != 0 || m3_GetRetCount(entry.function) != 0)
        return report(error, SWAPC_MODULE_EXPORT, name, "it is not a function () -> ()");
    return run(&entry, run_limits, error);
}

static enum swapc_status engine_call(swapc_engine_instance *instance, const swapc_run *run_limits,
                                     uint32_t op_len, uint32_t msg_len, int32_t *result,
                                     swapc_error *error) {
    const void *results[] = {result};
    struct entry entry = {.instance = instance,
                          .function = instance->guest_call,
                          .arg_count = 2,
                          .args = {&op_len, &msg_len}};
    enum swapc_status status = run(&entry, run_limits, error);
    if (status == SWAPC_OK) SWAPC_CHECK(m3_GetResults(entry.function, 1, results) == m3Err_none);
    return status;
}

static const char *const flavours[] = {"mvp", "size", NULL};

extern const swapc_engine swapc_engine_wasm3;
const swapc_engine swapc_engine_wasm3 = {
    .abi = SWAPC_ENGINE_ABI,
    .caps = SWAPC_CAP_WASM | SWAPC_CAP_SANDBOX | SWAPC_CAP_DEADLINE | SWAPC_CAP_CANCEL |
            SWAPC_CAP_MEMORY | SWAPC_CAP_STACK | SWAPC_CAP_METERED,
    .name = NAME,
    .flavours = flavours,
    .version = engine_version,
    .open = engine_open,
    .close = engine_close,
    .validate = NULL, /* wasm3 validates next to nothing; the core asks another engine */
    .compile = engine_compile,
    .free_module = engine_free_module,
    .instantiate = engine_instantiate,
    .free_instance = free_instance,
    .run_export = engine_run_export,
    .call = engine_call,
};
