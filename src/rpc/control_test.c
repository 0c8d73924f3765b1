/* swapc.control.v1.Control between a client and a server in one process. */
#include "clock.h"
#include "control_client.h"
#include "control_service.h"
#include "rpc_runtime.h"
#include "rpc_scratch.h"
#include "test_main.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>

#define PATIENCE 600000 /* ms; reached only by a test that fails */

struct process {
    struct swapci_rpc_scratch *scratch;
    swapci_rpc_server *server;
    swapci_rpc_client *client;
    swapci_control_service service;
    unsigned drains;
    char slot[64], path[256];
    enum swapc_status refuse;
    bool wait; /* swap waits for `leave` */
    sem_t entered, leave;
};

static void status(void *user, swapci_control_status *out) {
    (void)user;
    strcpy(out->role, "verifier");
    strcpy(out->version, "0.1.0");
    strcpy(out->counters[0].name, "workers");
    out->counters[0].value = 2;
    strcpy(out->counters[1].name, "large");
    out->counters[1].value = UINT64_MAX;
    out->counter_count = 2;
    out->serving = out->redis_up = true;
    strcpy(out->reason, "because");
    strcpy(out->last_error, "TRAP");
    out->valid = 1;
    out->not_valid = 2;
    out->errors = 3;
    out->waiting = 4;
    out->in_flight = 5;
    out->rate_per_s = 6.5;
}

static void drain(void *user) {
    ((struct process *)user)->drains++;
}

static void fill(swapci_control_module *out, const char *slot, uint64_t generation) {
    snprintf(out->slot, sizeof out->slot, "%s", slot);
    strcpy(out->name, "schnorr");
    strcpy(out->version, "1.2.3");
    strcpy(out->engine, "wasmtime");
    strcpy(out->flavour, "wide");
    strcpy(out->path, "/b/wide.wasm");
    memset(out->digest, 'a', 64);
    out->generation = generation;
    out->unoptimised = generation % 2;
}

static void list(void *user, swapci_control_modules *out) {
    (void)user;
    out->count = SWAPCI_CONTROL_MODULES_MAX;
    for (size_t i = 0; i < out->count; i++) fill(&out->rows[i], "slot", i + 1);
}

static enum swapc_status swap(void *user, const char *slot, const char *path,
                              swapci_control_module *out, swapc_error *error) {
    struct process *p = user;
    snprintf(p->slot, sizeof p->slot, "%s", slot);
    snprintf(p->path, sizeof p->path, "%s", path);
    if (p->wait) {
        sem_post(&p->entered);
        sem_wait(&p->leave);
    }
    if (p->refuse) return swapc_error_set(error, p->refuse, "%s is refused", path);
    fill(out, slot, 7);
    return SWAPC_OK;
}

static enum swapc_status rollback(void *user, const char *slot, swapci_control_module *out,
                                  swapc_error *error) {
    struct process *p = user;
    if (p->refuse) return swapc_error_set(error, p->refuse, "nothing before it");
    fill(out, slot, 8);
    return SWAPC_OK;
}

static int start(void **state) {
    static struct process process;
    struct process *p = &process;
    void *scratch;
    *p = (struct process){.service = {.status = status,
                                      .list = list,
                                      .swap = swap,
                                      .rollback = rollback,
                                      .user = p,
                                      .drain = drain,
                                      .drain_user = p,
                                      .started_ns = swapci_clock_monotonic_ns()}};
    *state = p;
    sem_init(&p->entered, 0, 0);
    sem_init(&p->leave, 0, 0);
    if (swapci_rpc_scratch_make(&scratch)) return -1;
    p->scratch = scratch;
    swapci_rpc_server_config config = {.address = p->scratch->address};
    if (swapci_rpc_server_new(&config, &p->server, NULL) ||
        swapci_rpc_client_new(p->scratch->address, &p->client, NULL))
        return -1;
    swapci_control_service_add(p->server, &p->service);
    return swapci_rpc_server_start(p->server, NULL) ||
                   swapci_rpc_client_wait_ready(p->client, PATIENCE, NULL)
               ? -1
               : 0;
}

static int stop(void **state) {
    struct process *p = *state;
    void *scratch = p->scratch;
    swapci_rpc_client_free(p->client);
    swapci_rpc_server_free(p->server);
    swapci_control_service_end(&p->service);
    sem_destroy(&p->entered);
    sem_destroy(&p->leave);
    swapci_rpc_shutdown();
    return swapci_rpc_scratch_remove(&scratch);
}

static void status_is_told(void **state) {
    struct process *p = *state;
    swapci_control_status got;
    assert_int_equal(swapci_control_client_status(p->client, PATIENCE, &got, NULL), SWAPC_OK);
    assert_string_equal(got.role, "verifier");
    assert_string_equal(got.version, "0.1.0");
    assert_string_equal(got.state, "serving");
    assert_int_equal(got.pid, getpid());
    assert_true(got.uptime_ms < 1000000);
    assert_int_equal(got.counter_count, 2);
    assert_string_equal(got.counters[1].name, "large");
    assert_true(got.counters[1].value == UINT64_MAX);
    assert_true(got.serving && got.redis_up && !got.peer_up);
    assert_string_equal(got.reason, "because");
    assert_string_equal(got.last_error, "TRAP");
    assert_true(got.valid == 1 && got.not_valid == 2 && got.errors == 3 && got.waiting == 4 &&
                got.in_flight == 5 && got.rate_per_s == 6.5);
    p->service.draining = true;
    assert_int_equal(swapci_control_client_status(p->client, PATIENCE, &got, NULL), SWAPC_OK);
    assert_string_equal(got.state, "draining");
}

/* As many as there may be, each as long as its texts may be; what is not known stays so. */
static void partitions(void *user, swapci_control_partitions *out) {
    (void)user;
    out->count = SWAPCI_CONTROL_PARTITION_ROWS;
    for (unsigned k = 0; k < out->count; k++) {
        swapci_control_partition *row = &out->rows[k];
        *row = (swapci_control_partition){.number = k, .here = k % 2, .rate_per_s = k + 0.5};
        row->done = UINT64_MAX - 1;
        row->lag = k % 3 ? k : SWAPCI_CONTROL_UNKNOWN;
        row->dead = 7;
        memset(row->state, 's', sizeof row->state - 1);
        memset(row->server, 'r', sizeof row->server - 1);
        memset(row->owner, 'o', sizeof row->owner - 1);
        memset(row->why, 'w', sizeof row->why - 1);
    }
}

static void each_partition_is_told(void **state) {
    struct process *p = *state;
    static swapci_control_partitions wanted, got = {.count = 9};
    assert_int_equal(swapci_control_client_partitions(p->client, PATIENCE, &got, NULL), SWAPC_OK);
    assert_int_equal(got.count, 0); /* it has none */
    p->service.frame_partitions = partitions;
    partitions(NULL, &wanted);
    assert_int_equal(swapci_control_client_partitions(p->client, PATIENCE, &got, NULL), SWAPC_OK);
    assert_int_equal(got.count, wanted.count);
    for (unsigned k = 0; k < got.count; k++) {
        const swapci_control_partition *a = &got.rows[k], *b = &wanted.rows[k];
#define SAME(name) assert_true(a->name == b->name);
        SWAPCI_CONTROL_FIGURES(SAME)
        SAME(number)
        SAME(here)
        SAME(rate_per_s)
#undef SAME
        assert_string_equal(a->state, b->state);
        assert_string_equal(a->server, b->server);
        assert_string_equal(a->owner, b->owner);
        assert_string_equal(a->why, b->why);
    }
}

static void drain_reaches_the_process(void **state) {
    struct process *p = *state;
    assert_int_equal(swapci_control_client_drain(p->client, PATIENCE, NULL), SWAPC_OK);
    assert_int_equal(p->drains, 1);
}

static void read_only_changes_nothing(void **state) {
    struct process *p = *state;
    swapci_control_status got;
    swapci_control_module module;
    swapc_error error = SWAPC_ERROR_INIT;
    static swapci_control_modules modules;
    p->service.read_only = true;
    assert_int_equal(
        swapci_control_client_swap(p->client, "schnorr", "/b", PATIENCE, &module, &error),
        SWAPC_SYSTEM);
    assert_non_null(strstr(error.text, "--tls-cert"));
    assert_int_equal(swapci_control_client_rollback(p->client, "schnorr", PATIENCE, &module, NULL),
                     SWAPC_SYSTEM);
    assert_int_equal(swapci_control_client_drain(p->client, PATIENCE, NULL), SWAPC_SYSTEM);
    assert_string_equal(p->path, "");
    assert_int_equal(p->drains, 0);
    assert_int_equal(swapci_control_client_status(p->client, PATIENCE, &got, NULL), SWAPC_OK);
    assert_int_equal(swapci_control_client_list(p->client, PATIENCE, &modules, NULL), SWAPC_OK);
}

static void every_module_is_listed(void **state) {
    static swapci_control_modules got;
    struct process *p = *state;
    assert_int_equal(swapci_control_client_list(p->client, PATIENCE, &got, NULL), SWAPC_OK);
    assert_int_equal(got.count, SWAPCI_CONTROL_MODULES_MAX);
    assert_int_equal(got.rows[15].generation, 16);
    assert_string_equal(got.rows[3].path, "/b/wide.wasm");
    assert_true(got.rows[2].unoptimised && !got.rows[3].unoptimised);
    assert_int_equal(strlen(got.rows[3].digest), 64);
}

static void swap_and_rollback(void **state) {
    struct process *p = *state;
    swapci_control_module got;
    assert_int_equal(swapci_control_client_swap(p->client, "ecdsa", "/x/y", PATIENCE, &got, NULL),
                     SWAPC_OK);
    assert_string_equal(p->slot, "ecdsa");
    assert_string_equal(p->path, "/x/y");
    assert_string_equal(got.slot, "ecdsa");
    assert_int_equal(got.generation, 7);
    assert_int_equal(swapci_control_client_rollback(p->client, "ecdsa", PATIENCE, &got, NULL),
                     SWAPC_OK);
    assert_int_equal(got.generation, 8);
}

static void a_refusal_says_why(void **state) {
    static const enum swapc_status refusals[] = {SWAPC_SIGNATURE, SWAPC_VERSION, SWAPC_NOT_FOUND,
                                                 SWAPC_UNSUPPORTED, SWAPC_SELF_TEST};
    struct process *p = *state;
    swapci_control_module got;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        swapc_error error = SWAPC_ERROR_INIT;
        p->refuse = refusals[i];
        assert_int_equal(swapci_control_client_swap(p->client, "s", "/x/y", PATIENCE, &got, &error),
                         refusals[i]);
        assert_string_equal(error.text, "/x/y is refused");
        assert_int_equal(swapci_control_client_rollback(p->client, "s", PATIENCE, &got, NULL),
                         refusals[i]);
    }
}

static void a_process_without_slots(void **state) {
    static swapci_control_modules modules;
    struct process *p = *state;
    swapci_control_module got;
    swapc_error error = SWAPC_ERROR_INIT;
    p->service.list = NULL;
    p->service.swap = NULL;
    p->service.rollback = NULL;
    assert_int_equal(swapci_control_client_list(p->client, PATIENCE, &modules, NULL), SWAPC_OK);
    assert_int_equal(modules.count, 0);
    assert_int_equal(swapci_control_client_swap(p->client, "s", "/x", PATIENCE, &got, &error),
                     SWAPC_UNSUPPORTED);
    assert_non_null(strstr(error.text, "no slots"));
    assert_int_equal(swapci_control_client_rollback(p->client, "s", PATIENCE, &got, NULL),
                     SWAPC_UNSUPPORTED);
}

static void *swap_in_background(void *user) {
    struct process *p = user;
    swapci_control_module got;
    return (void *)(intptr_t)swapci_control_client_swap(p->client, "s", "/x", PATIENCE, &got, NULL);
}

/* A compilation holds up nobody but a second one. */
static void a_long_swap(void **state) {
    struct process *p = *state;
    pthread_t thread;
    swapci_control_status status_now;
    swapci_control_module got;
    swapc_error error = SWAPC_ERROR_INIT;
    void *result;
    p->wait = true;
    assert_int_equal(pthread_create(&thread, NULL, swap_in_background, p), 0);
    sem_wait(&p->entered);
    assert_int_equal(swapci_control_client_status(p->client, PATIENCE, &status_now, NULL),
                     SWAPC_OK);
    assert_int_equal(swapci_control_client_rollback(p->client, "s", PATIENCE, &got, NULL),
                     SWAPC_OK);
    assert_int_equal(swapci_control_client_swap(p->client, "s", "/x", PATIENCE, &got, &error),
                     SWAPC_BUSY);
    assert_non_null(strstr(error.text, "under way"));
    p->wait = false;
    sem_post(&p->leave);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, SWAPC_OK);
    assert_int_equal(swapci_control_client_swap(p->client, "s", "/x", PATIENCE, &got, NULL),
                     SWAPC_OK);
}

static void garbage_is_refused(void **state) {
    static const char *const names[] = {SWAPCI_CONTROL_STATUS, SWAPCI_CONTROL_DRAIN,
                                        SWAPCI_CONTROL_LIST, SWAPCI_CONTROL_SWAP,
                                        SWAPCI_CONTROL_ROLLBACK};
    struct process *p = *state;
    uint8_t *reply;
    size_t len;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(swapci_rpc_client_call(p->client, names[i],
                                                swapc_bytes_str("\xff\xff\xff"), PATIENCE, &reply,
                                                &len, NULL),
                         SWAPC_INVALID);
    assert_int_equal(p->drains, 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(status_is_told, start, stop),
        cmocka_unit_test_setup_teardown(each_partition_is_told, start, stop),
        cmocka_unit_test_setup_teardown(drain_reaches_the_process, start, stop),
        cmocka_unit_test_setup_teardown(read_only_changes_nothing, start, stop),
        cmocka_unit_test_setup_teardown(every_module_is_listed, start, stop),
        cmocka_unit_test_setup_teardown(swap_and_rollback, start, stop),
        cmocka_unit_test_setup_teardown(a_refusal_says_why, start, stop),
        cmocka_unit_test_setup_teardown(a_process_without_slots, start, stop),
        cmocka_unit_test_setup_teardown(a_long_swap, start, stop),
        cmocka_unit_test_setup_teardown(garbage_is_refused, start, stop),
    };
    return swapci_test_main(tests, sizeof tests / sizeof *tests, argc, argv);
}
