/* No thread's stack size and no nesting of engines ends the process: each thing that a program may
 * do, on threads from 16 KiB up, on every engine of the build. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swapc/swapc.h"
#include "test_main.h"

/* (module
 *   (import "wapc" "__host_call" (func $h (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
 *   (memory (export "memory") 1)
 *   (func $deep (param i32)
 *     (if (i32.eqz (local.get 0))
 *       (then (drop (call $h (i32.const 0) … 8 of them … )))
 *       (else (call $deep (i32.sub (local.get 0) (i32.const 1))))))
 *   (func $endless (call $endless))
 *   (func (export "__guest_call") (param i32 i32) (result i32)
 *     (if (i32.eq (local.get 0) (i32.const 2)) (then (call $endless)))
 *     (if (i32.eq (local.get 0) (i32.const 3)) (then (call $deep (local.get 1))))
 *     (i32.const 1)))
 * The operation's length says what to do, the payload's how deep to go. */
static const uint8_t guest[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x1a, 0x04, 0x60, 0x08, 0x7f, 0x7f, 0x7f,
    0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x01, 0x7f, 0x00, 0x60, 0x00, 0x00, 0x60, 0x02,
    0x7f, 0x7f, 0x01, 0x7f, 0x02, 0x14, 0x01, 0x04, 0x77, 0x61, 0x70, 0x63, 0x0b, 0x5f, 0x5f, 0x68,
    0x6f, 0x73, 0x74, 0x5f, 0x63, 0x61, 0x6c, 0x6c, 0x00, 0x00, 0x03, 0x04, 0x03, 0x01, 0x02, 0x03,
    0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x19, 0x02, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02,
    0x00, 0x0c, 0x5f, 0x5f, 0x67, 0x75, 0x65, 0x73, 0x74, 0x5f, 0x63, 0x61, 0x6c, 0x6c, 0x00, 0x03,
    0x0a, 0x45, 0x03, 0x23, 0x00, 0x20, 0x00, 0x45, 0x04, 0x40, 0x41, 0x00, 0x41, 0x00, 0x41, 0x00,
    0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0x10, 0x00, 0x1a, 0x05, 0x20, 0x00,
    0x41, 0x01, 0x6b, 0x10, 0x01, 0x0b, 0x0b, 0x04, 0x00, 0x10, 0x02, 0x0b, 0x1a, 0x00, 0x20, 0x00,
    0x41, 0x02, 0x46, 0x04, 0x40, 0x10, 0x02, 0x0b, 0x20, 0x00, 0x41, 0x03, 0x46, 0x04, 0x40, 0x20,
    0x01, 0x10, 0x01, 0x0b, 0x41, 0x01, 0x0b,
};

enum { DEPTH_MAX = 16384 };

#define PROMISED ((size_t)128 * 1024) /* of swapc.h, for a callback */
#define MANIFEST                                                                                   \
    "name = \"nest\"\nversion = \"1.0.0\"\n[flavours]\nmvp = \"nest.wasm\"\n"                      \
    "[[self_test]]\noperation = \"e\"\nresponse = \"\"\n"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

struct engine {
    const char *name;
    const char *answers, *recurses, *asks; /* operations; NULL: it cannot */
};

static const struct engine engines[] = {
    {"wasmtime", "e", "rr", "hhh"},
    {"wasm3", "e", "rr", "hhh"},
#ifdef NATIVE_GUEST
    {"native", "e", NULL, "hh"},
#endif
};
enum { ENGINES = sizeof engines / sizeof *engines };

static const size_t sizes_kib[] = {16, 24, 32, 64, 128, 256};
enum { SIZES = sizeof sizes_kib / sizeof *sizes_kib };

static char folder[] = "/tmp/swapc-stack-test-XXXXXX";

/* What the handler does: calls the modules in turn, `levels` deep. */
struct nest {
    swapc_module *modules[ENGINES];
    unsigned bottom[ENGINES]; /* how deep each can go before its host call; 0: not at all */
    unsigned count, level, levels, deepest, handled;
    enum swapc_status worst;
    char text[SWAPC_ERROR_TEXT_MAX];
};

static bool built(const char *engine) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (strcmp(info.name, engine) == 0) return info.built;
    return false;
}

/* Three quarters: the frames between are counted in what is promised. */
__attribute__((noinline)) static void use_what_is_promised(void) {
    volatile char used[PROMISED / 4 * 3];
    for (size_t i = 0; i < sizeof used; i += 512) used[sizeof used - 1 - i] = 1;
}

static void log_line(enum swapc_log_level level, const char *source, const char *message,
                     void *user) {
    (void)level, (void)source, (void)message, (void)user;
    use_what_is_promised();
}

static const struct engine *engine_of(const swapc_module *module) {
    unsigned i = 0;
    while (strcmp(engines[i].name, swapc_module_describe(module)->engine) != 0) i++;
    return &engines[i];
}

static enum swapc_status ask(struct nest *nest, swapc_module *module, const char *operation,
                             unsigned depth) {
    static const uint8_t zeros[DEPTH_MAX];
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    options.user = nest;
    enum swapc_status status = swapc_module_call(
        module, swapc_bytes_str(operation), swapc_bytes_of(zeros, depth), &options, &reply, &error);
    if (status != SWAPC_OK) strcpy(nest->text, error.text);
    swapc_reply_fini(&reply);
    return status;
}

static enum swapc_status ask_next(struct nest *nest) {
    unsigned i = nest->level % nest->count;
    const struct engine *e = engine_of(nest->modules[i]);
    bool last = nest->level >= nest->levels;
    return ask(nest, nest->modules[i], last ? e->answers : e->asks, last ? 0 : nest->bottom[i]);
}

/* The deepest that the module still makes its host call from. Before levels are set, that one calls
 * for an answer and no more. */
static unsigned bottom_of(struct nest *nest, swapc_module *module) {
    const struct engine *e = engine_of(module);
    unsigned good = 0, bad = DEPTH_MAX;
    while (e->recurses && bad - good > 1) {
        unsigned depth = (good + bad) / 2;
        if (ask(nest, module, e->asks, depth) == SWAPC_OK) good = depth;
        else bad = depth;
    }
    return good;
}

static void go_to_the_bottom(struct nest *nest, unsigned levels) {
    for (unsigned i = 0; i < nest->count; i++) nest->bottom[i] = bottom_of(nest, nest->modules[i]);
    nest->deepest = 0;
    nest->levels = levels;
}

static enum swapc_status handle(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                swapc_bytes payload, swapc_reply *reply, void *call_user,
                                void *user) {
    (void)binding, (void)ns, (void)operation, (void)payload, (void)reply, (void)user;
    struct nest *nest = call_user;
    use_what_is_promised();
    nest->handled++;
    if (++nest->level > nest->deepest) nest->deepest = nest->level;
    enum swapc_status status = ask_next(nest);
    if (status != SWAPC_OK && nest->worst == SWAPC_OK) nest->worst = status;
    nest->level--;
    return SWAPC_OK;
}

static enum swapc_status new_host(uint32_t depth, swapc_host **out) {
    static const char *const all[] = {"wasmtime", "wasm3", "native", NULL};
    static const char *const sandboxes[] = {"wasmtime", "wasm3", NULL};
    static const char *const only_wasmtime[] = {"wasmtime", NULL};
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = !built("wasm3") ? only_wasmtime : built("native") ? all : sandboxes;
    config.cache = "";
    config.host_call = handle;
    config.limits.host_call_depth = depth;
    config.limits.deadline_ms = 0;
    config.instances = 16;
    config.log = (swapc_log){log_line, NULL, SWAPC_LOG_DEBUG};
    return swapc_host_new(&config, out, NULL);
}

static const char *path_for(const struct engine *engine) {
#ifdef NATIVE_GUEST
    if (strcmp(engine->name, "native") == 0) return NATIVE_GUEST;
#endif
    (void)engine;
    return folder;
}

static enum swapc_status load(swapc_host *host, const struct engine *engine, swapc_module **out) {
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    options.engine = engine->name;
    options.fresh = 1;
    return swapc_module_load(host, path_for(engine), &options, out, NULL);
}

/* ---- the table ---- */

struct row {
    const struct engine *engine;
    const char *failed; /* what; NULL: nothing */
    enum swapc_status status;
    swapc_host *host;
    swapc_slot *slot;
    struct nest *nest;
};

static enum swapc_status do_host(struct row *r) {
    return new_host(8, &r->host);
}

static enum swapc_status do_load(struct row *r) {
    return load(r->host, r->engine, &r->nest->modules[0]);
}

static enum swapc_status do_call(struct row *r) {
    return ask(r->nest, r->nest->modules[0], r->engine->answers, 0);
}

static enum swapc_status do_recurse(struct row *r) {
    if (!r->engine->recurses) return SWAPC_OK;
    enum swapc_status status = ask(r->nest, r->nest->modules[0], r->engine->recurses, 0);
    return status == SWAPC_TRAP_STACK ? SWAPC_OK : status == SWAPC_OK ? SWAPC_TRAP : status;
}

/* Of its own engine, 7 in one another. */
static enum swapc_status do_nested(struct row *r) {
    go_to_the_bottom(r->nest, 7);
    enum swapc_status status = ask_next(r->nest);
    if (status == SWAPC_OK) status = r->nest->worst;
    return status != SWAPC_OK ? status : r->nest->deepest == 7 ? SWAPC_OK : SWAPC_GUEST_ERROR;
}

static enum swapc_status do_self_test(struct row *r) {
    return swapc_module_self_test(r->nest->modules[0], NULL);
}

static enum swapc_status do_swap(struct row *r) {
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    options.module.engine = r->engine->name;
    options.module.fresh = 1;
    enum swapc_status status = swapc_slot_new("small", &r->slot, NULL);
    for (int i = 0; i < 2 && status == SWAPC_OK; i++)
        status = swapc_slot_swap(r->slot, r->host, path_for(r->engine), &options, NULL, NULL);
    return status;
}

static enum swapc_status do_rollback(struct row *r) {
    return swapc_slot_rollback(r->slot, NULL);
}

static enum swapc_status do_pin_call(struct row *r) {
    swapc_pin pin;
    swapc_reply reply = SWAPC_REPLY_INIT;
    enum swapc_status status = swapc_slot_pin(r->slot, &pin);
    if (status != SWAPC_OK) return status;
    status = swapc_pin_call(&pin, swapc_bytes_str(r->engine->answers), swapc_bytes_str(""), NULL,
                            &reply, NULL);
    swapc_pin_release(&pin);
    swapc_reply_fini(&reply);
    return status;
}

static enum swapc_status do_free(struct row *r) {
    swapc_slot_free(r->slot);
    swapc_module_release(r->nest->modules[0]);
    swapc_host_free(r->host);
    return SWAPC_OK;
}

static const struct {
    const char *name;
    enum swapc_status (*run)(struct row *row);
} steps[] = {
    {"host", do_host},       {"load", do_load},         {"call", do_call},
    {"recurse", do_recurse}, {"nested", do_nested},     {"self-test", do_self_test},
    {"swap", do_swap},       {"rollback", do_rollback}, {"call of a pin", do_pin_call},
    {"free", do_free},
};

static void *run_steps(void *user) {
    struct row *r = user;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !r->failed; i++) {
        r->status = steps[i].run(r);
        if (r->status != SWAPC_OK) r->failed = steps[i].name;
    }
    return NULL;
}

static void on_thread(size_t kib, void *(*fn)(void *user), void *user) {
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, kib * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, fn, user), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void all_works_on_a_thread_of_any_size(void **unused) {
    (void)unused;
    for (unsigned e = 0; e < ENGINES; e++)
        for (unsigned i = 0; i < SIZES && built(engines[e].name); i++) {
            struct nest nest = {.count = 1};
            struct row row = {.engine = &engines[e], .nest = &nest};
            if (SANITIZED && sizes_kib[i] < 64) continue; /* a sanitizer's own frames fill it */
            on_thread(sizes_kib[i], run_steps, &row);
            if (row.failed)
                fail_msg("%s, %zu KiB: %s: %s %s", engines[e].name, sizes_kib[i], row.failed,
                         swapc_status_name(row.status), nest.text);
        }
}

/* ---- nesting ---- */

struct nesting {
    uint32_t depth; /* limits.host_call_depth */
    unsigned levels;
    bool to_the_bottom;
    unsigned first; /* the engine that is outermost */
    enum swapc_status status;
    struct nest nest;
};

static void *nest_here(void *user) {
    struct nesting *n = user;
    struct nest *nest = &n->nest;
    swapc_host *host;
    n->status = new_host(n->depth, &host);
    if (n->status != SWAPC_OK) return NULL;
    for (unsigned i = 0; i < ENGINES && n->status == SWAPC_OK; i++) {
        const struct engine *e = &engines[(n->first + i) % ENGINES];
        if (!built(e->name)) continue;
        n->status = load(host, e, &nest->modules[nest->count]);
        if (n->status == SWAPC_OK) nest->count++;
    }
    if (n->status == SWAPC_OK && n->to_the_bottom) go_to_the_bottom(nest, n->levels);
    nest->levels = n->levels;
    if (n->status == SWAPC_OK) n->status = ask_next(nest);
    for (unsigned i = 0; i < nest->count; i++) swapc_module_release(nest->modules[i]);
    swapc_host_free(host);
    return NULL;
}

/* wasm3 at its deepest, in it wasmtime at its deepest, and so on, in either order. */
static void engines_nest_to_the_limit(void **unused) {
    (void)unused;
    static const unsigned depths[] = {8, 40};
    for (unsigned first = 0; first < ENGINES; first++)
        for (unsigned d = 0; d < 2; d++)
            for (size_t kib = 64; kib <= 8192; kib *= 128) {
                struct nesting n = {
                    .depth = depths[d], .levels = depths[d], .first = first, .to_the_bottom = true};
                on_thread(kib, nest_here, &n);
                if (n.status != SWAPC_OK || n.nest.worst != SWAPC_OK)
                    fail_msg("first %s, depth %u, %zu KiB: %s, %s: %s", engines[first].name,
                             n.depth, kib, swapc_status_name(n.status),
                             swapc_status_name(n.nest.worst), n.nest.text);
                assert_int_equal(n.nest.deepest, depths[d]);
            }
}

/* A handler that calls for ever is told, whatever the limit was set to. */
static void endless_nesting_is_told(void **unused) {
    (void)unused;
    static const uint32_t limits[] = {0, 1000000};
    for (unsigned i = 0; i < 2; i++) {
        struct nesting n = {.depth = limits[i], .levels = 1000000};
        on_thread(256, nest_here, &n);
        assert_int_equal(n.status, SWAPC_OK);
        if (n.nest.worst != SWAPC_LIMIT && n.nest.worst != SWAPC_NO_MEMORY)
            fail_msg("%s: %s", swapc_status_name(n.nest.worst), n.nest.text);
        if (!SANITIZED) assert_int_equal(n.nest.worst, SWAPC_LIMIT);
        assert_true(n.nest.deepest > 40);
    }
}

static int write_file(const char *name, const void *bytes, size_t len) {
    char path[80];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file) return 1;
    size_t written = fwrite(bytes, 1, len, file);
    return fclose(file) != 0 || written != len;
}

static int setup(void **unused) {
    (void)unused;
    if (!built("wasmtime")) return 0; /* then no engine takes what nobody signed */
    if (!mkdtemp(folder)) return 1;
    return write_file("module.toml", MANIFEST, strlen(MANIFEST)) ||
           write_file("nest.wasm", guest, sizeof guest);
}

static int teardown(void **unused) {
    (void)unused;
    char path[80];
    snprintf(path, sizeof path, "%s/module.toml", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/nest.wasm", folder);
    unlink(path);
    rmdir(folder);
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_works_on_a_thread_of_any_size, setup, teardown),
        cmocka_unit_test_setup_teardown(engines_nest_to_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(endless_nesting_is_told, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
