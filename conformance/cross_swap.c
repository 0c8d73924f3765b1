/* cross_swap BUNDLES [CALLS]: one slot; callers verify while a publisher swaps the same bundle from
 * engine to engine and flavour to flavour. Every answer must be the bytes that any of them gives,
 * and no generation may be missing or torn. Exit status: 0 so it was, 1 not, 2 it could not run. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "candidates.h"
#include "engine_names.h"
#include "hex.h"
#include "recorded.h"

enum { CALLERS = 3, REQUEST_MAX = 1024, DEFAULT_CALLS = 1000 };

struct hammer {
    swapc_slot *slot;
    struct swapci_candidates modules;
    uint8_t request[REQUEST_MAX], response[REQUEST_MAX];
    swapc_bytes asked, expected;
    const char *operation;
    atomic_bool done;
    atomic_uint calls, wrong;
};

static bool right(const struct hammer *h, enum swapc_status status, const swapc_reply *reply) {
    return status == SWAPC_OK && swapc_bytes_equal(reply->body, h->expected);
}

/* Two calls on one pin: the second, too, runs on what was pinned, however old it is by then. */
static void call_pinned(struct hammer *h, swapc_reply *reply) {
    swapc_pin pin;
    if (swapc_slot_pin(h->slot, &pin) != SWAPC_OK) {
        atomic_fetch_add(&h->wrong, 1);
        return;
    }
    const swapc_module *due = h->modules.module[(pin.generation - 1) % h->modules.count];
    bool good = pin.module == due;
    for (int i = 0; i < 2; i++) {
        enum swapc_status status =
            swapc_pin_call(&pin, swapc_bytes_str(h->operation), h->asked, NULL, reply, NULL);
        good = good && right(h, status, reply);
    }
    swapc_pin_release(&pin);
    if (!good) atomic_fetch_add(&h->wrong, 1);
    atomic_fetch_add(&h->calls, 1);
}

static void *call_until_done(void *user) {
    struct hammer *h = user;
    swapc_reply reply = SWAPC_REPLY_INIT;
    do call_pinned(h, &reply);
    while (!atomic_load(&h->done));
    swapc_reply_fini(&reply);
    return NULL;
}

/* Swaps until there were enough calls, some swaps a call. Generation g holds module (g - 1) mod
 * count: callers know what to expect from the number alone. Returns how often it swapped. */
static unsigned swap(struct hammer *h, unsigned calls) {
    const struct timespec pause = {0, 50000};
    unsigned i = 0;
    while (atomic_load(&h->calls) < calls) {
        i++;
        uint64_t generation = 0;
        swapc_module *next = h->modules.module[i % h->modules.count];
        if (swapc_slot_publish(h->slot, next, &generation) != SWAPC_OK || generation != i + 1)
            atomic_fetch_add(&h->wrong, 1);
        nanosleep(&pause, NULL);
    }
    return i;
}

static enum swapc_status run(struct hammer *h, unsigned calls, unsigned *swaps,
                             swapc_error *error) {
    pthread_t threads[CALLERS];
    unsigned started = 0;
    enum swapc_status status = swapc_slot_publish(h->slot, h->modules.module[0], NULL);
    if (status != SWAPC_OK) return swapc_error_set(error, status, "the slot takes no module");
    while (started < CALLERS && status == SWAPC_OK)
        if (pthread_create(&threads[started], NULL, call_until_done, h) != 0)
            status = swapc_error_set(error, SWAPC_SYSTEM, "no thread");
        else started++;
    if (status == SWAPC_OK) *swaps = swap(h, calls);
    atomic_store(&h->done, true);
    for (unsigned i = 0; i < started; i++) pthread_join(threads[i], NULL);
    return status;
}

static enum swapc_status choose_request(struct hammer *h, swapc_error *error) {
    const struct swapci_recorded *row = swapci_recorded;
    while (row->name && (strcmp(row->module, "schnorr") != 0 || !row->response_hex)) row++;
    if (!row->name) return swapc_error_set(error, SWAPC_NOT_FOUND, "no recorded call of schnorr");
    swapc_bytes request = swapc_bytes_str(row->request_hex);
    swapc_bytes response = swapc_bytes_str(row->response_hex);
    if (request.len > 2 * REQUEST_MAX || response.len > 2 * REQUEST_MAX ||
        !swapci_hex_decode(request, h->request) || !swapci_hex_decode(response, h->response))
        return swapc_error_set(error, SWAPC_CORRUPT, "%s is not hexadecimal", row->name);
    h->operation = row->operation;
    h->asked = swapc_bytes_of(h->request, request.len / 2);
    h->expected = swapc_bytes_of(h->response, response.len / 2);
    return SWAPC_OK;
}

int main(int argc, char **argv) {
    static struct hammer h;
    swapc_host *host = NULL;
    swapc_error error = SWAPC_ERROR_INIT;
    if (argc < 2) {
        fprintf(stderr, "usage: cross_swap BUNDLES [CALLS]\n");
        return 2;
    }
    unsigned swaps = 0;
    unsigned calls = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : DEFAULT_CALLS;
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.engines = swapci_engine_names_all(engines);
    enum swapc_status status = choose_request(&h, &error);
    if (status == SWAPC_OK) status = swapc_host_new(&config, &host, &error);
    if (status == SWAPC_OK)
        status = swapci_candidates_load(host, argv[1], "schnorr", NULL, &h.modules, &error);
    if (status == SWAPC_OK) status = swapc_slot_new("schnorr", &h.slot, &error);
    if (status == SWAPC_OK) status = run(&h, calls, &swaps, &error);
    swapc_slot_free(h.slot);
    size_t modules = h.modules.count;
    swapci_candidates_fini(&h.modules);
    swapc_host_free(host);
    if (status != SWAPC_OK) {
        fprintf(stderr, "cross_swap: %s\n", error.text);
        return 2;
    }
    printf("%u swaps over %zu engines and flavours under %u pairs of calls, %u wrong\n", swaps,
           modules, atomic_load(&h.calls), atomic_load(&h.wrong));
    return atomic_load(&h.wrong) > 0;
}
