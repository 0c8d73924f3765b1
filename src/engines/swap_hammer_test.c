/* Modules of real engines swapped under load: no call is lost, none is answered by another module
 * than its generation's, and nothing is left behind. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_names.h"
#include "publish.h"
#include "swapc/swapc.h"
#include "test_main.h"

/* (module (import "wapc" "__guest_response" (func (param i32 i32))) (memory (export "memory") 1)
 *   (data (i32.const 8) "A") (func (export "__guest_call") (param i32 i32) (result i32)
 *     (call 0 (i32.const 8) (i32.const 1)) (i32.const 1)))
 * The last byte is the answer. */
static const uint8_t answers[] = {
    0,    'a', 's',  'm',  1,   0,    0,   0,    1,   12,   2,    0x60, 2,    0x7f, 0x7f, 0,
    0x60, 2,   0x7f, 0x7f, 1,   0x7f, 2,   25,   1,   4,    'w',  'a',  'p',  'c',  16,   '_',
    '_',  'g', 'u',  'e',  's', 't',  '_', 'r',  'e', 's',  'p',  'o',  'n',  's',  'e',  0,
    0,    3,   2,    1,    1,   5,    3,   1,    0,   1,    7,    25,   2,    6,    'm',  'e',
    'm',  'o', 'r',  'y',  2,   0,    12,  '_',  '_', 'g',  'u',  'e',  's',  't',  '_',  'c',
    'a',  'l', 'l',  0,    1,   10,   12,  1,    10,  0,    0x41, 8,    0x41, 1,    0x10, 0,
    0x41, 1,   0x0b, 11,   7,   1,    0,   0x41, 8,   0x0b, 1,    'A',
};

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { CALLERS = 2, WARM_SWAPS = SANITIZED ? 20000 : 100000, RSS_SLACK_KB = 16384 };

struct usage {
    long rss_kb;
    unsigned maps, files;
};

struct hammer {
    swapc_host *host;
    swapc_slot *slot;
    swapc_module *modules[2]; /* of odd generations and of even ones */
    swapc_reply reply;
    atomic_bool done;
    atomic_ulong calls, wrong;
    char folder[40], cache[64], file[64];
    swapc_swap_report report;
};

static struct usage usage_now(void) {
    struct usage u = {0, 0, 0};
    char line[512];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmRSS:", 6) == 0) u.rss_kb = atol(line + 6);
    fclose(status);
    FILE *maps = fopen("/proc/self/maps", "r");
    for (int c = getc(maps); c != EOF; c = getc(maps)) u.maps += c == '\n';
    fclose(maps);
    DIR *files = opendir("/proc/self/fd");
    while (readdir(files)) u.files++;
    closedir(files);
    return u;
}

/* Maps and descriptors may differ by those of the one or two modules that live at the moment and of
 * the allocator; each test swaps many times more. The address sanitizer keeps what was freed, and a
 * mapping for each large piece of it. */
static void expect_flat(const struct usage *before, const struct usage *after) {
    enum { FILES_SLACK = 8, MAPS_SLACK = SANITIZED ? 512 : 64 };
    bool grown = !SANITIZED && after->rss_kb > before->rss_kb + RSS_SLACK_KB;
    if (grown || after->files > before->files + FILES_SLACK ||
        after->maps > before->maps + MAPS_SLACK)
        fail_msg("rss %ld -> %ld kB, maps %u -> %u, files %u -> %u", before->rss_kb, after->rss_kb,
                 before->maps, after->maps, before->files, after->files);
}

static bool built(const char *engine) {
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        if (strcmp(info.name, engine) == 0) return info.built;
    return false;
}

static swapc_bytes program(char answer, uint8_t storage[sizeof answers]) {
    memcpy(storage, answers, sizeof answers);
    storage[sizeof answers - 1] = (uint8_t)answer;
    return swapc_bytes_of(storage, sizeof answers);
}

static swapc_module *load(struct hammer *h, const char *engine, char answer) {
    uint8_t storage[sizeof answers];
    swapc_module_options options = SWAPC_MODULE_OPTIONS_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_module *module = NULL;
    options.engine = engine;
    if (swapc_module_load_bytes(h->host, "answers", program(answer, storage), &options, &module,
                                &error) != SWAPC_OK)
        fail_msg("%s", error.text);
    return module;
}

static int setup(void **state) {
    static struct hammer h;
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = swapci_engine_names_all(engines);
    h = (struct hammer){.reply = SWAPC_REPLY_INIT, .report = SWAPC_SWAP_REPORT_INIT};
    strcpy(h.folder, "/tmp/swapc-hammer-test-XXXXXX");
    assert_non_null(mkdtemp(h.folder));
    snprintf(h.cache, sizeof h.cache, "%s/cache", h.folder);
    snprintf(h.file, sizeof h.file, "%s/answers.wasm", h.folder);
    config.cache = h.cache;
    config.instances = 16;
    assert_int_equal(swapc_host_new(&config, &h.host, NULL), SWAPC_OK);
    assert_int_equal(swapc_slot_new("hammered", &h.slot, NULL), SWAPC_OK);
    *state = &h;
    return 0;
}

static unsigned clear(const char *folder) {
    char path[400];
    unsigned count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir)) {
        if (d->d_type != DT_REG) continue;
        snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        unlink(path);
        count++;
    }
    if (dir) closedir(dir);
    return count;
}

static int teardown(void **state) {
    struct hammer *h = *state;
    swapc_slot_free(h->slot);
    for (int i = 0; i < 2; i++) swapc_module_release(h->modules[i]);
    swapc_reply_fini(&h->reply);
    swapc_host_free(h->host);
    clear(h->cache);
    rmdir(h->cache);
    clear(h->folder);
    return rmdir(h->folder);
}

static bool answers_right(const swapc_pin *pin, swapc_reply *reply) {
    const char *due = pin->generation % 2 ? "A" : "B";
    return swapc_pin_call(pin, swapc_bytes_str("which"), swapc_bytes_of(NULL, 0), NULL, reply,
                          NULL) == SWAPC_OK &&
           swapc_bytes_equal(reply->body, swapc_bytes_str(due));
}

/* Generations never go back for one who pins one after the other. */
static void *call_until_done(void *user) {
    struct hammer *h = user;
    swapc_reply reply = SWAPC_REPLY_INIT;
    uint64_t last = 0;
    while (!atomic_load(&h->done)) {
        swapc_pin pin;
        if (swapc_slot_pin(h->slot, &pin) != SWAPC_OK) continue;
        if (pin.generation < last || !answers_right(&pin, &reply)) atomic_fetch_add(&h->wrong, 1);
        last = pin.generation;
        swapc_pin_release(&pin);
        atomic_fetch_add(&h->calls, 1);
    }
    swapc_reply_fini(&reply);
    return NULL;
}

/* Runs swap(h, n) for n = 1, 2, … under the callers' load, until there were `least` swaps and as
 * many calls; the first tenth of the swaps is for warming up. */
static void hammer(struct hammer *h, unsigned least, void (*swap)(struct hammer *h, unsigned n)) {
    pthread_t threads[CALLERS];
    struct usage before = {0, 0, 0};
    unsigned swaps = 0;
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_until_done, h), 0);
    while (swaps < least || atomic_load(&h->calls) < least) {
        swap(h, ++swaps);
        if (swaps == least / 10) before = usage_now();
    }
    struct usage after = usage_now();
    atomic_store(&h->done, 1);
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&h->wrong), 0);
    assert_int_equal(swapc_slot_generation(h->slot), swaps);
    expect_flat(&before, &after);
}

/* Each swap is followed by the first answer of the new module. */
static void swap_warm(struct hammer *h, unsigned n) {
    swapc_pin pin;
    assert_int_equal(swapc_slot_publish_pin(h->slot, h->modules[(n + 1) % 2], &pin), SWAPC_OK);
    assert_int_equal(pin.generation, n);
    assert_true(answers_right(&pin, &h->reply));
    swapc_pin_release(&pin);
}

static void warm_swaps_on_wasmtime(void **state) {
    struct hammer *h = *state;
    if (!built("wasmtime")) skip();
    h->modules[0] = load(h, "wasmtime", 'A');
    h->modules[1] = load(h, "wasmtime", 'B');
    hammer(h, WARM_SWAPS, swap_warm);
}

static void warm_swaps_between_engines(void **state) {
    struct hammer *h = *state;
    if (!built("wasmtime") || !built("wasm3")) skip();
    h->modules[0] = load(h, "wasmtime", 'A');
    h->modules[1] = load(h, "wasm3", 'B');
    hammer(h, WARM_SWAPS, swap_warm);
}

/* The new module is compiled, the old one left by its last call and freed. */
static void swap_cold(struct hammer *h, unsigned n) {
    swapc_module *module =
        load(h, n % 3 && built("wasm3") ? "wasm3" : "wasmtime", n % 2 ? 'A' : 'B');
    assert_int_equal(published(h->slot, module), n);
    swapc_module_release(module);
    assert_int_equal(swapc_slot_drain(h->slot, n, 60000), SWAPC_OK);
}

static void cold_swaps_leave_nothing_behind(void **state) {
    if (!built("wasmtime")) skip();
    hammer(*state, 400, swap_cold);
}

static void write_program(const struct hammer *h, const char *path, char answer) {
    uint8_t storage[sizeof answers];
    swapc_bytes bytes = program(answer, storage);
    char temporary[80];
    snprintf(temporary, sizeof temporary, "%s/new", h->folder);
    FILE *file = fopen(temporary, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    fclose(file);
    assert_int_equal(rename(temporary, path), 0);
}

/* The file at one path is replaced each time: the digest, not the path, tells the modules apart. */
static void swap_from_disk(struct hammer *h, unsigned n) {
    swapc_swap_options options = SWAPC_SWAP_OPTIONS_INIT;
    swapc_error error = SWAPC_ERROR_INIT;
    swapc_pin pin;
    options.module.engine = "wasmtime";
    write_program(h, h->file, n % 2 ? 'A' : 'B');
    if (swapc_slot_swap(h->slot, h->host, h->file, &options, &h->report, &error) != SWAPC_OK)
        fail_msg("%s", error.text);
    assert_int_equal(h->report.generation, n);
    assert_int_equal(swapc_slot_pin(h->slot, &pin), SWAPC_OK);
    assert_true(answers_right(&pin, &h->reply));
    swapc_pin_release(&pin);
}

static void swaps_from_disk_leave_nothing_behind(void **state) {
    struct hammer *h = *state;
    if (!built("wasmtime")) skip();
    hammer(h, 1000, swap_from_disk);
    assert_int_equal(clear(h->cache), 2);
}

/* A kept form that is damaged or of something else is made anew, and the module is right. */
static void damaged_compiled_forms_are_made_anew(void **state) {
    struct hammer *h = *state;
    char path[400] = "";
    if (!built("wasmtime")) skip();
    swap_from_disk(h, 1);
    DIR *dir = opendir(h->cache);
    for (struct dirent *d = readdir(dir); d; d = readdir(dir))
        if (d->d_type == DT_REG) snprintf(path, sizeof path, "%s/%s", h->cache, d->d_name);
    closedir(dir);
    for (unsigned n = 3; n < 40; n += 2) {
        struct stat st;
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(pwrite(fd, "damaged!", 8, (off_t)n * 31 % (st.st_size - 8)), 8);
        close(fd);
        swap_from_disk(h, n - 1); /* B */
        swap_from_disk(h, n);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(warm_swaps_on_wasmtime, setup, teardown),
        cmocka_unit_test_setup_teardown(warm_swaps_between_engines, setup, teardown),
        cmocka_unit_test_setup_teardown(cold_swaps_leave_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(swaps_from_disk_leave_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_compiled_forms_are_made_anew, setup, teardown),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
