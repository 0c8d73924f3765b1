/* What is shared: the reference count (atomic; the last release frees, acquire-release so that the
 * freeing thread sees everything that others did), the pool, and the process's count of compilers
 * at work (atomic). All else is const after load. */
#include "swapc/module.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "bundle.h"
#include "c_stack.h"
#include "ceilings.h"
#include "check.h"
#include "compiling.h"
#include "engine_choice.h"
#include "file_kind.h"
#include "heap.h"
#include "host_state.h"
#include "instance.h"
#include "module_call.h"
#include "patience.h"
#include "options.h"
#include "printable.h"
#include "report.h"
#include "self_test.h"
#include "trust_policy.h"

enum { OPERATION_MAX = 64 << 10, PAYLOAD_MAX = 1 << 30 };

/* A contract that the module has answered. */
struct admission {
    uint64_t contract;
    struct admission *next;
};

struct swapc_module {
    atomic_uint references;
    swapc_host *host;
    struct swapci_image image;
    struct swapci_blueprint blueprint;
    struct swapci_pool pool;
    struct swapci_usage usage;
    swapc_module_info info;
    _Atomic(struct admission *) admissions; /* pushed to only, freed with the module */
    bool kept; /* its compiled form may come from the cache, and go there */
    char engine_build[2]
                     [128]; /* the engine's version and settings, and what compiling may take: for
                                * the cache; [1]: compiled without optimisation */
};

/* The engine that the caller named, or the bundle's; UINT32_MAX when path is a file, or wrong in a
 * way that is told when it is located. */
static enum swapc_status choose_engine(const swapc_host *host, const char *path,
                                       const swapc_module_options *options, unsigned *index,
                                       swapc_error *error) {
    struct swapci_manifest manifest;
    *index = UINT32_MAX;
    if (options->engine) return swapci_choose_named(host, options->engine, path, index, error);
    enum swapc_status status = swapci_bundle_manifest(path, &manifest, NULL);
    if (status == SWAPC_NO_MEMORY)
        return swapc_error_set(error, status, "no memory to read %s", path);
    if (status != SWAPC_OK) return SWAPC_OK;
    status = swapci_choose_for_bundle(host, path, &manifest, options->flavour, index, error);
    swapci_manifest_fini(&manifest);
    return status;
}

/* Finds the image at path and settles the engine, for which a single file has to be read. */
static enum swapc_status find_image(const swapc_host *host, const char *path,
                                    const swapc_module_options *options, struct swapci_image *image,
                                    unsigned *index, swapc_error *error) {
    const char *wanted[2] = {options->flavour, NULL};
    const char *const *flavours = wanted;
    enum swapc_status status = choose_engine(host, path, options, index, error);
    if (status != SWAPC_OK) return status;
    if (!options->flavour && *index != UINT32_MAX)
        flavours = swapci_engine_table[*index].engine->flavours;
    status = swapci_image_locate(path, flavours, host->config.trust, image, error);
    if (status != SWAPC_OK || *index != UINT32_MAX) return status;
    status = swapci_image_fill(image, error);
    if (status == SWAPC_OK) status = swapci_choose_for_file(host, path, image->bytes, index, error);
    if (status != SWAPC_OK) swapci_image_fini(image);
    return status;
}

/* Engines that validate little see only what a validating engine accepted; where there is none,
 * what somebody trusted has signed. */
static enum swapc_status validate(swapc_host *host, const swapc_engine *engine,
                                  const struct swapci_image *image, swapc_error *error) {
    if (engine->validate) return SWAPC_OK;
    unsigned other = swapci_validating_engine();
    if (other != UINT32_MAX) {
        swapc_engine_state *state;
        enum swapc_status status = swapci_host_open_engine(host, other, &state, error);
        if (status == SWAPC_OK)
            status = swapci_engine_table[other].engine->validate(state, image->bytes, error);
        if (status != SWAPC_OK) swapci_report_by(error, swapci_engine_table[other].name);
        return status;
    }
    if (image->trusted) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_UNSUPPORTED,
                           "%s validates too little to take modules by itself, and this build has "
                           "no engine that does: build with wasmtime, or take signed bundles only",
                           engine->name);
}

static enum swapc_status check_image(swapc_host *host, const swapc_engine *engine,
                                     const struct swapci_image *image, uint64_t compile_ms,
                                     struct swapci_wasm_work *work, swapc_error *error) {
    bool wasm = (engine->caps & SWAPC_CAP_WASM) != 0;
    enum swapc_status status = swapci_file_kind_expect(
        image->bytes, wasm ? SWAPCI_FILE_WASM : SWAPCI_FILE_SHARED_OBJECT, image->path, error);
    if (status == SWAPC_OK && wasm)
        status = swapci_check_wasm(image->bytes, compile_ms, work, error);
    if (!wasm) return status;
    return status == SWAPC_OK ? validate(host, engine, image, error) : status;
}

static struct swapci_cache_key cache_key(const swapc_module *module) {
    return (struct swapci_cache_key){module->image.digest_hex, module->blueprint.engine->name,
                                     module->engine_build[module->info.unoptimised]};
}

struct keeper {
    struct swapci_cache *cache;
    struct swapci_cache_key key;
};

static void keep(swapc_bytes compiled, void *user) {
    struct keeper *keeper = user;
    swapci_cache_store(keeper->cache, &keeper->key, compiled);
}

/* Failing to keep a compiled form is no failure to load the module. */
static void keep_compiled(swapc_module *module) {
    struct keeper keeper = {&module->host->cache, cache_key(module)};
    module->blueprint.engine->serialize(module->blueprint.module, keep, &keeper, NULL);
}

static atomic_uint compilers;

bool swapci_compiling(void) {
    return atomic_load(&compilers) > 0;
}

static enum swapc_status compile(swapc_module *module, swapc_engine_state *state,
                                 swapc_error *error) {
    const struct swapci_image *image = &module->image;
    struct swapci_wasm_work work = {{0}};
    const swapc_engine *engine = module->blueprint.engine;
    uint64_t most = module->blueprint.limits.compile_ms;
    enum swapc_status status = check_image(module->host, engine, image, most, &work, error);
    if (status != SWAPC_OK) return status;
    swapc_artifact artifact = {.bytes = image->bytes,
                               .path = image->path,
                               .digest_hex = image->digest_hex,
                               .compile_ms = swapci_wasm_work_best_ms(&work)};
    artifact.unoptimised = engine->optimises && artifact.compile_ms > swapci_wasm_compile_ms(most);
    module->info.unoptimised = artifact.unoptimised;
    status = engine->compile(state, &artifact, &module->blueprint.module, error);
    if (status != SWAPC_OK) swapci_report_by(error, engine->name);
    if (status == SWAPC_OK && module->kept) keep_compiled(module);
    return status;
}

/* What was kept has passed every check when it was compiled. */
static bool revive_as(swapc_module *module, swapc_engine_state *state, bool unoptimised) {
    module->info.unoptimised = unoptimised;
    const struct swapci_image *image = &module->image;
    swapc_artifact artifact = {.path = image->path, .digest_hex = image->digest_hex};
    swapc_error error = SWAPC_ERROR_INIT;
    struct swapci_cache_key key = cache_key(module);
    int compiled;
    if (!swapci_cache_find(&module->host->cache, &key, &compiled)) return false;
    enum swapc_status status = module->blueprint.engine->deserialize(
        state, &artifact, compiled, &module->blueprint.module, &error);
    close(compiled);
    if (status != SWAPC_OK) swapci_cache_drop(&module->host->cache, &key, error.text);
    return status == SWAPC_OK;
}

/* A module and what its compiling may take say in which of the two ways it was compiled, but the
 * file may not have been read: there is at most one. */
static bool revive(swapc_module *module, swapc_engine_state *state) {
    return revive_as(module, state, false) ||
           (module->blueprint.engine->optimises && revive_as(module, state, true));
}

/* The compiled form when it is kept, else compiled from the file, which is read only now. */
static enum swapc_status obtain(swapc_module *module, swapc_engine_state *state,
                                swapc_error *error) {
    struct swapci_image *image = &module->image;
    struct swapci_cache *cache = &module->host->cache;
    bool read = image->bytes.ptr != NULL;
    if (module->kept && !read && swapci_cache_digest(cache, image->file, image->digest_hex) &&
        swapci_image_is_expected(image) && revive(module, state)) {
        swapci_image_close(image);
        return SWAPC_OK;
    }
    enum swapc_status status = read ? SWAPC_OK : swapci_image_fill(image, error);
    if (status != SWAPC_OK) return status;
    if (module->kept) swapci_cache_remember(cache, image);
    if (module->kept && revive(module, state)) return SWAPC_OK;
    atomic_fetch_add(&compilers, 1);
    status = compile(module, state, error);
    atomic_fetch_sub(&compilers, 1);
    return status;
}

/* The first instance proves that the module starts, and is kept. A candidate has start_ms for that,
 * and again as patience.h says. */
static enum swapc_status prove(swapc_module *module, uint32_t start_ms, swapc_error *error) {
    struct swapci_blueprint *b = &module->blueprint;
    struct swapci_instance *instance;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    swapci_patience patience = SWAPCI_PATIENCE_INIT;
    swapc_error cause = SWAPC_ERROR_INIT;
    enum swapc_status status;
    do {
        swapc_error_clear(&cause);
        swapci_patience_try(&patience);
        options.deadline_ms =
            swapci_module_deadline(module, swapci_patience_ms(&patience, start_ms));
        swapc_run run = swapci_run_for(b, &options);
        status = swapci_instance_new(b, &run, NULL, 0, &instance, &cause);
    } while (status != SWAPC_OK && options.deadline_ms &&
             swapci_patience_again(&patience, start_ms));
    if (status != SWAPC_OK) {
        if (swapci_report_into(error)) *error = cause;
        return status;
    }
    swapci_pool_give(&module->pool, instance);
    return status;
}

static void describe(swapc_module *module) {
    static const char *const none[] = {NULL};
    const char *const *operations = module->image.operations.list;
    struct swapci_image *image = &module->image;
    module->info = (swapc_module_info){.size = sizeof module->info,
                                       .name = image->name,
                                       .version = image->version,
                                       .engine = module->blueprint.engine->name,
                                       .flavour = image->flavour,
                                       .path = image->path,
                                       .digest_hex = image->digest_hex,
                                       .operations = operations ? operations : none};
}

enum swapc_status swapc_module_measure(const swapc_module *module, swapc_module_usage *out,
                                       swapc_error *error) {
    const swapc_module_usage own = {
        .size = sizeof own,
        .instances = atomic_load_explicit(&module->usage.instances, memory_order_relaxed),
        .memory_bytes = atomic_load_explicit(&module->usage.memory_bytes, memory_order_relaxed)};
    return swapci_give_module_usage(&own, out, swapci_report_into(error));
}

/* An engine is opened with the host's ceiling and may have reserved just that much. */
static enum swapc_status check_limits(const swapc_module *module, swapc_error *error) {
    uint64_t most = module->host->config.limits.memory_max;
    uint64_t asked = module->blueprint.limits.memory_max;
    if (most == 0 || (asked != 0 && asked <= most)) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_INVALID,
                           "the module's memory_max is above the host's, %llu bytes: raise the "
                           "limit of the host",
                           (unsigned long long)most);
}

/* The last step, so that a version that does not work is not one that was admitted. */
static enum swapc_status admit_version(swapc_module *module, uint32_t deadline_max_ms,
                                       swapc_error *error) {
    enum swapc_status status = swapci_module_self_test(module, deadline_max_ms, NULL, error);
    return status == SWAPC_OK ? swapci_trust_admit(module->host->config.trust, module->image.name,
                                                   module->image.version, error)
                              : status;
}

static void note_engine_build(swapc_module *module, const swapc_engine_state *state) {
    const swapc_engine *engine = module->blueprint.engine;
    const uint64_t most = swapci_wasm_compile_ms(module->blueprint.limits.compile_ms);
    for (unsigned i = 0; i < 2; i++)
        snprintf(module->engine_build[i], sizeof module->engine_build[i], "%s %s %llu%s",
                 engine->version(), engine->settings ? engine->settings(state) : "",
                 (unsigned long long)most, i ? " unoptimised" : "");
}

static enum swapc_status build(swapc_module *module, unsigned index, uint32_t start_ms,
                               swapc_error *error) {
    swapc_engine_state *state;
    enum swapc_status status = check_limits(module, error);
    if (status == SWAPC_OK) status = swapci_host_open_engine(module->host, index, &state, error);
    if (status == SWAPC_OK) {
        const swapc_engine *engine = module->blueprint.engine;
        module->blueprint.now = engine->now ? engine->now(state) : NULL;
        note_engine_build(module, state);
        status = obtain(module, state, error);
    }
    if (status == SWAPC_OK) status = prove(module, start_ms, error);
    if (status == SWAPC_OK && module->image.trusted)
        status = admit_version(
            module, start_ms ? SWAPCI_VECTOR_DEADLINE_MS : SWAPCI_VECTOR_DEADLINE_MAX_MS, error);
    return status;
}

/* Whether the sentence names the file: begins with it, quotes it, or has it as a path. A short name
 * of bytes in memory ("a") is found in any sentence otherwise. */
static bool names(const char *text, const char *path) {
    char shown[SWAPC_ERROR_TEXT_MAX];
    int length = snprintf(shown, sizeof shown, "\"%.*s\"", (int)sizeof shown - 3, path);
    if (length <= 2) return true;
    if (strstr(text, swapci_printable_line(shown, sizeof shown))) return true;
    shown[strlen(shown) - 1] = '\0';
    const char *name = shown + 1, *rest = text + strlen(name);
    if (strchr(name, '/')) return strstr(text, name);
    return strncmp(text, name, strlen(name)) == 0 && (*rest == ' ' || *rest == ':');
}

/* Puts the file's name before the sentence, instead of the module's, so that every refusal says
 * once which module it means. */
static void name_file(swapc_error *error, const struct swapci_image *image) {
    char text[SWAPC_ERROR_TEXT_MAX], named[SWAPC_ERROR_TEXT_MAX];
    if (!error || names(error->text, image->path)) return;
    int skip = snprintf(named, sizeof named, "module \"%s\": ", image->name);
    if (skip < 0 || strncmp(error->text, named, (size_t)skip) != 0) skip = 0;
    snprintf(text, sizeof text, "%s", error->text + skip);
    enum swapc_status status = error->status;
    int64_t native = error->native;
    const char *engine = error->engine;
    swapc_error_clear(error);
    swapc_error_set(error, status, "%s: %s", image->path, text);
    error->native = native;
    error->engine = engine;
}

static void settle(swapc_module *module, swapc_host *host, unsigned index,
                   const swapc_module_options *options) {
    atomic_init(&module->references, 1);
    atomic_fetch_add(&host->modules, 1);
    module->host = host;
    module->blueprint.engine = swapci_engine_table[index].engine;
    module->blueprint.host = &host->config;
    module->blueprint.name = module->image.name;
    module->blueprint.limits = *options->limits;
    module->kept = !options->fresh && module->blueprint.engine->deserialize;
    swapci_pool_init(&module->pool);
    module->blueprint.usage = &module->usage;
    describe(module);
}

/* Takes the image over. */
static enum swapc_status module_new(swapc_host *host, struct swapci_image *image, unsigned index,
                                    const swapc_module_options *options, uint32_t start_ms,
                                    swapc_module **out, swapc_error *error) {
    swapc_module *module = swapci_heap_zeroed(1, sizeof *module);
    if (!module) {
        swapci_image_fini(image);
        return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a module");
    }
    module->image = *image;
    settle(module, host, index, options);
    enum swapc_status status = build(module, index, start_ms, error);
    if (status != SWAPC_OK) {
        name_file(error, &module->image);
        swapc_module_release(module);
        return status;
    }
    *out = module;
    return SWAPC_OK;
}

enum swapc_status swapci_module_load(swapc_host *host, const char *path,
                                     const swapc_module_options *options, uint32_t start_ms,
                                     swapc_module **out, swapc_error *error) {
    struct swapci_image image;
    swapc_module_options own;
    swapc_limits limits;
    unsigned index;
    SWAPC_CHECK(host && path && out);
    error = swapci_report_into(error);
    enum swapc_status status =
        swapci_take_module_options(options, &host->config.limits, &own, &limits, error);
    if (status == SWAPC_OK) status = find_image(host, path, &own, &image, &index, error);
    return status == SWAPC_OK ? module_new(host, &image, index, &own, start_ms, out, error)
                              : status;
}

enum swapc_status swapci_module_load_bytes(swapc_host *host, const char *name, swapc_bytes bytes,
                                           const swapc_module_options *options, swapc_module **out,
                                           swapc_error *error) {
    struct swapci_image image;
    unsigned index;
    swapc_module_options own;
    swapc_limits limits;
    SWAPC_CHECK(host && name && out);
    error = swapci_report_into(error);
    enum swapc_status status =
        swapci_take_module_options(options, &host->config.limits, &own, &limits, error);
    if (status != SWAPC_OK) return status;
    own.fresh = 1;
    if (host->config.trust)
        return swapc_error_set(error, SWAPC_SIGNATURE,
                               "%s comes from memory, and only signed bundles are taken here: load "
                               "it from a bundle's folder",
                               name);
    status = own.engine ? swapci_choose_named(host, own.engine, name, &index, error)
                        : swapci_choose_for_file(host, name, bytes, &index, error);
    if (status == SWAPC_OK) status = swapci_image_copy(name, bytes, &image, error);
    return status == SWAPC_OK ? module_new(host, &image, index, &own, 0, out, error) : status;
}

swapc_module *swapc_module_retain(swapc_module *module) {
    atomic_fetch_add_explicit(&module->references, 1, memory_order_relaxed);
    return module;
}

static void destroy(void *user) {
    swapc_module *module = user;
    swapci_pool_fini(&module->pool);
    if (module->blueprint.module) module->blueprint.engine->free_module(module->blueprint.module);
    swapci_image_fini(&module->image);
    for (struct admission *a = atomic_load(&module->admissions), *next; a; a = next) {
        next = a->next;
        swapci_heap_free(a);
    }
    atomic_fetch_sub(&module->host->modules, 1);
    swapci_heap_free(module);
}

void swapc_module_release(swapc_module *module) {
    if (!module || atomic_fetch_sub_explicit(&module->references, 1, memory_order_acq_rel) != 1)
        return;
    bool in_a_call_of_it = swapci_around_has(&module->blueprint.limits);
    SWAPC_CHECK(!in_a_call_of_it); /* the call that this callback belongs to needs a reference */
    swapci_c_stack_must(SWAPCI_C_STACK_CALL, destroy, module);
}

const swapc_module_info *swapc_module_describe(const swapc_module *module) {
    return &module->info;
}

void swapc_cancel_request(swapc_cancel *cancel) {
    __atomic_store_n(&cancel->flag, 1, __ATOMIC_RELEASE);
}

unsigned swapci_module_self_tests(const swapc_module *module) {
    return module->image.self_tests.count;
}

bool swapci_module_is_admitted(swapc_module *module, uint64_t contract) {
    const struct admission *a = atomic_load_explicit(&module->admissions, memory_order_acquire);
    while (a && a->contract != contract) a = a->next;
    return a != NULL;
}

enum swapc_status swapci_module_admit(swapc_module *module, uint64_t contract) {
    struct admission *a = swapci_heap_alloc(sizeof *a);
    if (!a) return SWAPC_NO_MEMORY;
    a->contract = contract;
    a->next = atomic_load_explicit(&module->admissions, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&module->admissions, &a->next, a,
                                                  memory_order_release, memory_order_relaxed)) {
    }
    return SWAPC_OK;
}

enum swapc_status swapci_module_self_test(swapc_module *module, uint32_t deadline_max_ms,
                                          const struct swapci_vector_time *time,
                                          swapc_error *error) {
    const struct swapci_vectors *vectors = &module->image.self_tests;
    const struct swapci_self_test test = {
        .vectors = vectors,
        .deadline_max_ms = deadline_max_ms,
        .time = time ? *time
                     : swapci_vector_time_begin(swapci_vectors_total_ms(vectors, deadline_max_ms))};
    error = swapci_report_into(error);
    enum swapc_status status = swapci_self_tests_run(&test, module, error);
    if (status != SWAPC_OK) name_file(error, &module->image);
    return status;
}

uint32_t swapci_module_deadline(const swapc_module *module, uint32_t wanted_ms) {
    const struct swapci_blueprint *b = &module->blueprint;
    bool counts = !(b->engine->caps & SWAPC_CAP_METERED) || b->limits.deadline_ms != 0;
    return counts && (b->engine->caps & SWAPC_CAP_DEADLINE) ? wanted_ms : 0;
}

const swapc_log *swapci_module_log(const swapc_module *module) {
    return &module->host->config.log;
}

/* What can be refused before an instance is taken. */
static enum swapc_status admit(swapc_bytes operation, swapc_bytes payload,
                               const swapc_call_options *options, swapc_error *error) {
    if (operation.len > OPERATION_MAX || payload.len > PAYLOAD_MAX)
        return swapc_error_set(
            error, SWAPC_TOO_LARGE,
            "operation of %zu and payload of %zu bytes; the limits are %d and %d", operation.len,
            payload.len, OPERATION_MAX, PAYLOAD_MAX);
    if (options && options->cancel && __atomic_load_n(&options->cancel->flag, __ATOMIC_ACQUIRE))
        return swapc_error_set(error, SWAPC_CANCELLED, "the call was cancelled before it began");
    return SWAPC_OK;
}

static bool lies_in(const swapc_reply *reply, swapc_bytes bytes) {
    return (uintptr_t)bytes.ptr - (uintptr_t)reply->storage < reply->capacity;
}

/* Callers may chain: what a call is given can be the answer of the one before, which lies in the
 * very buffer that this call's answer goes to. Then the answer gets a buffer of its own, and the
 * old one, which is returned, is to be freed after the call. NULL: they have nothing in common. */
static uint8_t *detach(swapc_reply *reply, swapc_bytes operation, swapc_bytes payload) {
    if (!lies_in(reply, operation) && !lies_in(reply, payload)) return NULL;
    uint8_t *storage = reply->storage;
    reply->storage = NULL;
    reply->capacity = 0;
    return storage;
}

static inline enum swapc_status call_here(swapc_module *module, swapc_bytes operation,
                                          swapc_bytes payload, const swapc_call_options *options,
                                          uint64_t generation, swapc_reply *reply,
                                          swapc_error *error) {
    swapc_call_options own;
    bool reusable;
    error = swapci_report_into(error);
    reply->body = swapc_bytes_of(NULL, 0);
    enum swapc_status status = swapci_call_options(&options, &own, error);
    if (status == SWAPC_OK) status = admit(operation, payload, options, error);
    if (status != SWAPC_OK) return status;
    void *user = options ? options->user : NULL;
    swapc_run run = swapci_run_for(&module->blueprint, options);
    struct swapci_instance *instance = swapci_pool_take(&module->pool);
    if (!instance)
        status = swapci_instance_new(&module->blueprint, &run, user, generation, &instance, error);
    if (status != SWAPC_OK) return status;
    uint8_t *detached = detach(reply, operation, payload);
    status = swapci_instance_call(instance, operation, payload, &run, user, generation, reply,
                                  &reusable, error);
    if (detached) swapci_heap_free(detached);
    if (reusable) swapci_pool_give(&module->pool, instance);
    else swapci_instance_free(instance);
    return status;
}

struct call {
    swapc_module *module;
    swapc_bytes operation, payload;
    const swapc_call_options *options;
    uint64_t generation;
    swapc_reply *reply;
    swapc_error *error;
    enum swapc_status status;
};

static void call_with_stack(void *user) {
    struct call *c = user;
    c->status = call_here(c->module, c->operation, c->payload, c->options, c->generation, c->reply,
                          c->error);
}

/* Never the first choice: this thread's stack is small, or a guest has used most of it up. */
__attribute__((cold, noinline)) static enum swapc_status call_elsewhere(struct call *call) {
    enum swapc_status status =
        swapci_c_stack_with(SWAPCI_C_STACK_CALL, call_with_stack, call, call->error);
    if (status == SWAPC_OK) return call->status;
    call->reply->body = swapc_bytes_of(NULL, 0);
    return status;
}

enum swapc_status swapci_module_call(swapc_module *module, swapc_bytes operation,
                                     swapc_bytes payload, const swapc_call_options *options,
                                     uint64_t generation, swapc_reply *reply, swapc_error *error) {
    SWAPC_CHECK(module && reply);
    bool reply_of_a_call_around = swapci_around_answers(reply);
    SWAPC_CHECK(!reply_of_a_call_around); /* its answer would be this call's */
    if (__builtin_expect(swapci_c_stack_has(SWAPCI_C_STACK_CALL), true))
        return call_here(module, operation, payload, options, generation, reply, error);
    struct call call = {module, operation, payload, options, generation, reply, error, SWAPC_OK};
    return call_elsewhere(&call);
}

enum swapc_status swapc_module_call(swapc_module *module, swapc_bytes operation,
                                    swapc_bytes payload, const swapc_call_options *options,
                                    swapc_reply *reply, swapc_error *error) {
    return swapci_module_call(module, operation, payload, options, 0, reply, error);
}
