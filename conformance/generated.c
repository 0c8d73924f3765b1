/* generated [SEED [MODULES [FILE]]]: so many generated modules, from that seed on, must answer on
 * wasm3 as they do on wasmtime: the same status and, where they answer, the same 64 KiB of memory.
 * wasm3's heap is guarded, so that a write outside ends the process. Each other module is loaded
 * without a deadline, which is wasm3's uncounted build. Exit status: 0 they did, 1 one differed
 * (its seed is printed, and FILE holds it), 2 it could not run.
 *
 * The one difference that is allowed is how deep calls nest: wasm3's stack is smaller. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "guarded_heap.h"
#include "swapc/swapc.h"
#include "wasm_generator.h"

enum { CHOICES_MOST = 1500, DEFAULT_MODULES = 1000, DEADLINE_MS = 10000, ENGINES = 2 };

static const char *const engines[ENGINES] = {"wasmtime", "wasm3"};

struct answer {
    enum swapc_status loaded;
    enum swapc_status called;
    swapc_reply reply;
    swapc_error error;
};

struct tally {
    uint64_t answered, trapped, refused, deep;
};

static void ask(swapc_host *host, const char *engine, swapc_bytes bytes, bool counted,
                struct answer *out) {
    swapc_limits limits = SWAPC_LIMITS_INIT;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_module *module = NULL;
    limits.deadline_ms = counted ? DEADLINE_MS : 0;
    options.engine = engine;
    options.limits = &limits;
    swapc_error_clear(&out->error);
    out->called = SWAPC_OK;
    out->loaded = swapc_module_load_bytes(host, "generated", bytes, &options, &module, &out->error);
    if (out->loaded == SWAPC_OK)
        out->called = swapc_module_call(module, swapc_bytes_str("run"), swapc_bytes_str(""), NULL,
                                        &out->reply, &out->error);
    swapc_module_release(module);
}

/* Kinds of traps are the engines' words: the statuses tell the stack's apart. */
static bool is_trap(enum swapc_status status) {
    return status == SWAPC_TRAP || status == SWAPC_TRAP_MEMORY;
}

static bool alike(const struct answer *first, const struct answer *other, struct tally *tally) {
    if (first->loaded != SWAPC_OK) return false; /* the generator's modules are valid */
    if (other->loaded == SWAPC_UNSUPPORTED) {
        tally->refused++;
        return true;
    }
    if (other->loaded != SWAPC_OK) return false;
    if (other->called == SWAPC_TRAP_STACK || first->called == SWAPC_TRAP_STACK) {
        tally->deep++;
        return true;
    }
    if (is_trap(first->called) && is_trap(other->called)) {
        tally->trapped++;
        return true;
    }
    tally->answered++;
    return first->called == SWAPC_OK && other->called == SWAPC_OK &&
           swapc_bytes_equal(first->reply.body, other->reply.body);
}

static void print_difference(uint64_t seed, const struct answer answers[ENGINES], swapc_bytes bytes,
                             const char *path) {
    printf("module of seed %" PRIu64 " differs:\n", seed);
    for (int i = 0; i < ENGINES; i++)
        printf("  %s: load %s, call %s %s\n", engines[i], swapc_status_name(answers[i].loaded),
               swapc_status_name(answers[i].called), answers[i].error.text);
    swapc_bytes a = answers[0].reply.body, b = answers[1].reply.body;
    for (size_t i = 0; i < a.len && i < b.len && a.len == b.len; i++)
        if (a.ptr[i] != b.ptr[i]) {
            printf("  first at byte %zu: %02x, %02x\n", i, a.ptr[i], b.ptr[i]);
            break;
        }
    FILE *file = path ? fopen(path, "wb") : NULL;
    if (!file) return;
    fwrite(bytes.ptr, 1, bytes.len, file);
    fclose(file);
}

static bool try_seed(swapc_host *host, uint64_t seed, swapci_buffer *module,
                     struct answer answers[ENGINES], struct tally *tally, const char *path) {
    uint8_t choices[CHOICES_MOST];
    swapci_wasm_choices(seed, choices, sizeof choices);
    size_t len = 40 + (choices[0] + 256u * choices[1]) % (CHOICES_MOST - 40);
    swapci_buffer_clear(module);
    if (swapci_wasm_generate(swapc_bytes_of(choices, len), module) != SWAPC_OK) return false;
    swapc_bytes bytes = swapci_buffer_bytes(module);
    for (int i = 0; i < ENGINES; i++) ask(host, engines[i], bytes, seed & 1, &answers[i]);
    if (alike(&answers[0], &answers[1], tally)) return true;
    print_difference(seed, answers, bytes, path);
    return false;
}

int main(int argc, char **argv) {
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : DEFAULT_MODULES, differing = 0;
    struct answer answers[ENGINES] = {{.reply = SWAPC_REPLY_INIT, .error = SWAPC_ERROR_INIT},
                                      {.reply = SWAPC_REPLY_INIT, .error = SWAPC_ERROR_INIT}};
    swapci_buffer module = SWAPCI_BUFFER_INIT;
    struct tally tally = {0, 0, 0, 0};
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_host *host;
    config.cache = "";
    config.instances = 1;
    if (swapc_host_new(&config, &host, &error) != SWAPC_OK) {
        fprintf(stderr, "generated: %s\n", error.text);
        return 2;
    }
    for (uint64_t seed = first; seed < first + count; seed++)
        differing += !try_seed(host, seed, &module, answers, &tally, argc > 3 ? argv[3] : NULL);
    printf("%" PRIu64 " modules: %" PRIu64 " answered, %" PRIu64 " trapped, %" PRIu64
           " refused by wasm3, %" PRIu64 " too deep, %" PRIu64 " differ; %zu allocations guarded\n",
           count, tally.answered, tally.trapped, tally.refused, tally.deep, differing,
           swapci_guarded_count());
    for (int i = 0; i < ENGINES; i++) swapc_reply_fini(&answers[i].reply);
    swapc_host_free(host);
    swapci_buffer_fini(&module);
    return differing > 0;
}
