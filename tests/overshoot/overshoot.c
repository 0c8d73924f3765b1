/* overshoot [MOST_MS]: how late a deadline and a cancel are held, engine by engine and import by import.
 * Each guest calls one import for ever, in a loop or in a straight line of code (one of a thousand calls
 * again and again where a call is too short for a line to last), with as much work as the import takes;
 * the call has a deadline of 100 ms, or is cancelled after 100 ms. Prints a table of the milliseconds that
 * it took longer (docs/DEADLINES.md holds one), and the worst of each engine. Exit status: 0; 1 when a
 * call ended otherwise, or took MOST_MS longer twenty times in a row (without one, 10 ms once); 2 it could not run. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "swapc/swapc.h"
#include "wasm_builder.h"

enum { LIMIT_MS = 100, PAGES = 1024, MEMORY = PAGES * 65536, SPAN = 16 << 20, ARGS_MAX = 8 };

/* Frames of recursion that are as deep as any engine lets them be with room to spare. */
enum { FRAMES = 2000 };

enum { ENGINES_MAX = 8 };
enum { LINE = 1000 }; /* calls in a line that is run again and again */

/* times 0: in a loop; LINE: a line, in a loop. Of no module: an instruction. */
static const struct row {
    const char *what, *module, *name, *signature;
    uint32_t args[ARGS_MAX];
    unsigned times;
} rows[] = {
    {"no import, a loop", NULL, NULL, NULL, {0}, 0},
    {"no import, the way back from 2000 calls", NULL, NULL, NULL, {0}, 80000},
    {"`memory.fill`, 4 MiB", NULL, "memory.fill", "iii", {0, 1, 4 << 20}, 3000},
    {"`random_get`, 64 MiB", "wasi_snapshot_preview1", "random_get", "ii:i", {0, MEMORY}, 0},
    {"`random_get`, 64 MiB", "wasi_snapshot_preview1", "random_get", "ii:i", {0, MEMORY}, 100},
    {"`random_get`, 1 byte", "wasi_snapshot_preview1", "random_get", "ii:i", {0, 1}, 0},
    {"`random_get`, 1 byte", "wasi_snapshot_preview1", "random_get", "ii:i", {0, 1}, LINE},
    {"`fd_write`, 16384 vectors",
     "wasi_snapshot_preview1",
     "fd_write",
     "iiii:i",
     {1, 0, 16384, MEMORY - 8},
     0},
    {"`fd_write`, 16384 vectors",
     "wasi_snapshot_preview1",
     "fd_write",
     "iiii:i",
     {1, 0, 16384, MEMORY - 8},
     20000},
    {"`fd_write`, 8 million vectors",
     "wasi_snapshot_preview1",
     "fd_write",
     "iiii:i",
     {1, 0, 8000000, MEMORY - 8},
     0},
    {"`poll_oneoff`, 16384 subscriptions",
     "wasi_snapshot_preview1",
     "poll_oneoff",
     "iiii:i",
     {0, 1 << 20, 16384, MEMORY - 8},
     0},
    {"`poll_oneoff`, 16384 subscriptions",
     "wasi_snapshot_preview1",
     "poll_oneoff",
     "iiii:i",
     {0, 1 << 20, 16384, MEMORY - 8},
     5000},
    {"`clock_time_get`", "wasi_snapshot_preview1", "clock_time_get", "iIi:i", {0, 0, 0}, 0},
    {"`clock_time_get`", "wasi_snapshot_preview1", "clock_time_get", "iIi:i", {0, 0, 0}, LINE},
    {"`environ_sizes_get`", "wasi_snapshot_preview1", "environ_sizes_get", "ii:i", {0, 8}, LINE},
    {"`fd_read`, denied", "wasi_snapshot_preview1", "fd_read", "iiii:i", {9, 0, 1, 64}, LINE},
    {"`__guest_request`, 16 MiB", "wapc", "__guest_request", "ii", {0, 64}, 3000},
    {"`__guest_response`, 16 MiB", "wapc", "__guest_response", "ii", {0, SPAN}, 3000},
    {"`__guest_error`, 16 MiB", "wapc", "__guest_error", "ii", {0, SPAN}, 3000},
    {"`__host_call`, 16 MiB", "wapc", "__host_call", "iiiiiiii:i", {0, 4, 0, 4, 0, 4, 0, SPAN}, 0},
    {"`__host_call`, 16 MiB",
     "wapc",
     "__host_call",
     "iiiiiiii:i",
     {0, 4, 0, 4, 0, 4, 0, SPAN},
     LINE},
    {"`__host_call`, nothing", "wapc", "__host_call", "iiiiiiii:i", {0}, 0},
    {"`__host_call`, nothing", "wapc", "__host_call", "iiiiiiii:i", {0}, LINE},
    {"`__host_response_len`", "wapc", "__host_response_len", ":i", {0}, LINE},
    {"`__host_response`", "wapc", "__host_response", "i", {0}, LINE},
    {"`__host_error`", "wapc", "__host_error", "i", {0}, LINE},
    {"`__console_log`, 16 MiB", "wapc", "__console_log", "ii", {0, SPAN}, 0},
    {"`__console_log`, 16 MiB", "wapc", "__console_log", "ii", {0, SPAN}, LINE},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void put(swapci_buffer *code, const void *bytes, size_t len) {
    SWAPC_CHECK(swapci_buffer_append(code, swapc_bytes_of(bytes, len)) == SWAPC_OK);
}

static void put_const(swapci_buffer *code, bool wide, uint32_t value) {
    uint8_t bytes[8] = {wide ? 0x42 : 0x41};
    size_t len = 1;
    int64_t left = wide ? (int64_t)value : (int32_t)value;
    for (bool more = true; more;) {
        uint8_t low = left & 0x7f;
        left >>= 7;
        more = !((left == 0 && !(low & 0x40)) || (left == -1 && (low & 0x40)));
        bytes[len++] = low | (more ? 0x80 : 0);
    }
    put(code, bytes, len);
}

static void put_call(swapci_buffer *code, const struct row *row) {
    static const uint8_t call[] = {0x10, 0}, drop[] = {0x1a}, fill[] = {0xfc, 0x0b, 0};
    if (!row->name) return;
    for (unsigned i = 0; row->signature[i] && row->signature[i] != ':'; i++)
        put_const(code, row->signature[i] == 'I', row->args[i]);
    if (row->module) put(code, call, sizeof call);
    else put(code, fill, sizeof fill);
    if (strchr(row->signature, ':')) put(code, drop, sizeof drop);
}

/* Calls itself FRAMES deep (its second argument is the payload's length, and counts), and has all its work
 * behind the call. */
static void way_back(const struct row *row, swapci_buffer *code) {
    static const uint8_t begin[] = {0x20, 1}, deeper[] = {0x4b, 0x04, 0x40, 0x20, 0, 0x20, 1};
    static const uint8_t call[] = {0x6b, 0x10, 0, 0x21, 0, 0x0b};
    static const uint8_t step[] = {0x20, 0, 0x20, 0, 0x20, 0, 0x6c, 0x6a, 0x21, 0};
    static const uint8_t keep[] = {0x41, 0, 0x20, 0, 0x36, 2, 0}; /* or it is optimised away */
    put(code, begin, sizeof begin);
    put_const(code, false, SPAN - FRAMES);
    put(code, deeper, sizeof deeper);
    put_const(code, false, 1);
    put(code, call, sizeof call);
    for (unsigned i = 0; i < row->times; i++) put(code, step, sizeof step);
    put(code, keep, sizeof keep);
}

static void body(const struct row *row, swapci_buffer *code) {
    static const uint8_t locals[] = {0}, loop[] = {0x03, 0x40}, again[] = {0x0c, 0, 0x0b};
    static const uint8_t end[] = {0x41, 1, 0x0b};
    const bool again_and_again = row->times == 0 || row->times == LINE;
    put(code, locals, sizeof locals);
    if (again_and_again) put(code, loop, sizeof loop);
    if (row->times && !row->name) way_back(row, code);
    else
        for (unsigned i = 0; i < (row->times ? row->times : 1); i++) put_call(code, row);
    if (again_and_again) put(code, again, sizeof again);
    put(code, end, sizeof end);
}

static void module_of(const struct row *row, struct swapci_wasm_builder *b) {
    swapci_buffer code = SWAPCI_BUFFER_INIT, item = SWAPCI_BUFFER_INIT;
    swapci_wasm_begin(b);
    swapci_wasm_section(b, 1);
    swapci_wasm_type(b, "ii:i");
    if (row->module) swapci_wasm_type(b, row->signature);
    swapci_wasm_section_end(b);
    if (row->module) {
        swapci_wasm_section(b, 2);
        swapci_wasm_import(b, row->module, row->name, 1);
        swapci_wasm_section_end(b);
    }
    swapci_wasm_section(b, 3);
    swapci_wasm_function(b, 0);
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 5);
    swapci_wasm_memory(b, PAGES);
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 7);
    swapci_wasm_export(b, "memory", 2, 0);
    swapci_wasm_export(b, "__guest_call", 0, row->module ? 1 : 0);
    swapci_wasm_section_end(b);
    swapci_wasm_section(b, 10);
    body(row, &code);
    uint8_t size[5];
    size_t digits = 0;
    for (size_t left = code.len; digits == 0 || left; left >>= 7)
        size[digits++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    put(&item, size, digits);
    put(&item, code.ptr, code.len);
    swapci_wasm_item(b, swapci_buffer_bytes(&item));
    swapci_wasm_section_end(b);
    swapci_buffer_fini(&code);
    swapci_buffer_fini(&item);
}

static void pause_ms(unsigned ms) {
    const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

struct canceller {
    swapc_cancel cancel;
    uint64_t asked_ns; /* when it asked: not this thread's lateness is measured */
};

static void *cancel_after(void *user) {
    struct canceller *canceller = user;
    pause_ms(LIMIT_MS);
    canceller->asked_ns = swapci_clock_monotonic_ns();
    swapc_cancel_request(&canceller->cancel);
    return NULL;
}

static uint8_t payload[SPAN];

/* Returns by how many milliseconds the call took longer than it should, or a negative number when it
 * ended otherwise than it should. */
static double measure(swapc_module *module, bool by_cancel) {
    swapc_call_options options = SWAPC_CALL_OPTIONS_INIT;
    struct canceller canceller = {.cancel = SWAPC_CANCEL_INIT};
    swapc_reply reply = SWAPC_REPLY_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    pthread_t thread;
    if (by_cancel) options.cancel = &canceller.cancel;
    else options.deadline_ms = LIMIT_MS;
    uint64_t begun = swapci_clock_monotonic_ns();
    if (by_cancel && pthread_create(&thread, NULL, cancel_after, &canceller) != 0) return -1;
    enum swapc_status status = swapc_module_call(
        module, swapc_bytes_str("x"), swapc_bytes_of(payload, SPAN), &options, &reply, &error);
    uint64_t ended = swapci_clock_monotonic_ns();
    if (by_cancel) pthread_join(thread, NULL);
    double ms = by_cancel ? ((double)ended - (double)canceller.asked_ns) / 1e6
                          : (double)(ended - begun) / 1e6 - LIMIT_MS;
    swapc_reply_fini(&reply);
    if (status == (by_cancel ? SWAPC_CANCELLED : SWAPC_DEADLINE)) return ms > 0 ? ms : 0;
    fprintf(stderr, "ended with %s after %.0f ms: %s\n", swapc_status_name(status), ms + LIMIT_MS,
            error.text);
    return -1;
}

static enum swapc_status answer(swapc_bytes binding, swapc_bytes ns, swapc_bytes operation,
                                swapc_bytes bytes, swapc_reply *reply, void *call_user,
                                void *user) {
    (void)binding, (void)ns, (void)operation, (void)bytes, (void)call_user, (void)user;
    return swapc_reply_set(reply, swapc_bytes_str("ok"));
}

static void drop_line(const char *module, uint64_t generation, swapc_bytes line, void *user) {
    (void)module, (void)generation, (void)line, (void)user;
}

enum { BY_DEADLINE, BY_CANCEL, WAYS };

/* The latest so far, of one engine. */
struct worst {
    double late[WAYS];
    const struct row *row[WAYS];
};

static const char *code_of(const struct row *row) {
    return row->times == 0 ? "loop" : row->times == LINE ? "lines" : "straight line";
}

/* How late it may be, and how often it is tried before it counts as later: a machine stands still now and then. */
struct bound {
    double most;
    unsigned tries;
};

/* On a module of its own: its first instance is warm. Returns as measure. */
static double measure_fresh(swapc_host *host, const char *engine, const struct row *row,
                            bool by_cancel) {
    struct swapci_wasm_builder b;
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_module *module = NULL;
    double late = -1;
    options.engine = engine;
    module_of(row, &b);
    if (swapc_module_load_bytes(host, row->what, swapci_wasm_bytes(&b), &options, &module,
                                &error) == SWAPC_OK)
        late = measure(module, by_cancel);
    else fprintf(stderr, "%s\n", error.text);
    swapc_module_release(module);
    swapci_wasm_builder_fini(&b);
    return late;
}

static bool run_row(swapc_host *host, const char *engine, const struct row *row,
                    const struct bound *bound, struct worst *worst) {
    double late[WAYS];
    for (int c = 0; c < WAYS; c++) {
        unsigned tries = 0;
        do late[c] = measure_fresh(host, engine, row, c == BY_CANCEL);
        while (late[c] > bound->most && ++tries < bound->tries);
    }
    printf("| %s | %s | %s | %.1f | %.1f |\n", engine, row->what, code_of(row), late[BY_DEADLINE],
           late[BY_CANCEL]);
    for (int c = 0; c < WAYS; c++)
        if (!worst->row[c] || late[c] > worst->late[c]) {
            worst->late[c] = late[c];
            worst->row[c] = row;
        }
    fflush(stdout);
    return late[BY_DEADLINE] >= 0 && late[BY_CANCEL] >= 0 && late[BY_DEADLINE] <= bound->most &&
           late[BY_CANCEL] <= bound->most;
}

static bool run_engine(swapc_host *host, const char *engine, const struct bound *bound,
                       struct worst *worst) {
    bool good = true;
    for (unsigned r = 0; r < ROWS; r++)
        good = run_row(host, engine, &rows[r], bound, worst) && good;
    return good;
}

static void print_worst(const char *engine, const struct worst *worst) {
    printf(
        "%s, %d guests: worst after a deadline %.1f ms (%s, %s), after a cancel %.1f ms (%s, %s)\n",
        engine, ROWS, worst->late[BY_DEADLINE], worst->row[BY_DEADLINE]->what,
        code_of(worst->row[BY_DEADLINE]), worst->late[BY_CANCEL], worst->row[BY_CANCEL]->what,
        code_of(worst->row[BY_CANCEL]));
}

int main(int argc, char **argv) {
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    swapc_host *host = NULL;
    const struct bound bound = {argc > 1 ? atof(argv[1]) : 10, argc > 1 ? 20 : 1};
    bool good = true;
    config.cache = "";
    config.limits.host_call_count = 0;
    config.limits.log_lines = 0;
    config.host_call = answer;
    config.console = drop_line;
    if (swapc_host_new(&config, &host, NULL) != SWAPC_OK) return 2;
    puts("| engine | guest | code | deadline: ms late | cancel: ms late |\n|---|---|---|---|---|");
    struct worst worst[ENGINES_MAX] = {0};
    unsigned count = 0;
    const char *names[ENGINES_MAX];
    for (unsigned i = 0; swapc_engine_at(i, &info) && count < ENGINES_MAX; i++) {
        if (!info.built || !(info.caps & SWAPC_CAP_DEADLINE)) continue;
        names[count] = info.name;
        good = run_engine(host, info.name, &bound, &worst[count++]) && good;
    }
    putchar('\n');
    for (unsigned i = 0; i < count; i++) print_worst(names[i], &worst[i]);
    swapc_host_free(host);
    return good ? 0 : 1;
}
