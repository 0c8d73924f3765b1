/* What is shared: `number` in scratch names, which is only counted up. */
#include "stand.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "ring.h"

enum { START_S = 120, LOOK_US = 20000 };

static void pause_for(unsigned us) {
    const struct timespec pause = {us / 1000000, us % 1000000 * 1000L};
    nanosleep(&pause, NULL);
}

static void name_places(struct swapci_stand *s, const struct swapci_stand_config *config) {
    static atomic_uint number;
    const char *folder = swapci_private_redis_directory(s->server);
    if (strcmp(config->via, "shm") == 0)
        snprintf(s->ring, sizeof s->ring, "swapc-bench-%d-%u", (int)getpid(),
                 atomic_fetch_add(&number, 1));
    snprintf(s->keys, sizeof s->keys, "%s/keys", folder);
    snprintf(s->public_keys, sizeof s->public_keys, "%s/keys.pub", folder);
    snprintf(s->signer_at, sizeof s->signer_at, "unix:%s/signer.sock", folder);
    snprintf(s->verifier_at, sizeof s->verifier_at, "unix:%s/verifier.sock", folder);
}

static enum swapc_status start_both(struct swapci_stand *s,
                                    const struct swapci_stand_config *config, swapc_error *error) {
    const char *url = swapci_private_redis_url(s->server);
    char workers[12];
    snprintf(workers, sizeof workers, "%u", config->workers);
    const char *place = s->ring[0] ? "--ring" : "--consumer";
    const char *signer[SWAPCI_CHILD_ARGUMENTS] = {
        "swapc",  "signer",    "--redis",  url,
        "--via",  config->via, place,      s->ring[0] ? s->ring : "bench",
        "--keys", s->keys,     "--listen", s->signer_at};
    const char *verifier[SWAPCI_CHILD_ARGUMENTS] = {
        "swapc",     "verifier", "--redis",      url,           "--via",
        config->via, "--keys",   s->public_keys, "--method",    config->method,
        "--workers", workers,    "--listen",     s->verifier_at};
    size_t count = 14;
    if (s->ring[0]) verifier[count++] = "--ring", verifier[count++] = s->ring;
    if (config->engine) verifier[count++] = "--engine", verifier[count++] = config->engine;
    enum swapc_status status = swapci_child_start(s->lab, signer, -1, -1, &s->signer, error);
    uint64_t end = swapci_clock_monotonic_ns() + START_S * 1000000000ull;
    while (status == SWAPC_OK && access(s->public_keys, R_OK) != 0 &&
           swapci_clock_monotonic_ns() < end && !swapci_lab_stopped(s->lab))
        pause_for(LOOK_US);
    return status == SWAPC_OK ? swapci_child_start(s->lab, verifier, -1, -1, &s->verifier, error)
                              : status;
}

/* The generator tells the signer over gRPC that there is something to read, and waits for it. */
static enum swapc_status first_messages(struct swapci_stand *s, const char *method) {
    const char *arguments[SWAPCI_CHILD_ARGUMENTS] = {
        "swapc",      "generate",  "--redis",  swapci_private_redis_url(s->server),
        "--messages", "16",        "--method", method,
        "--signer",   s->signer_at};
    json_t *document;
    struct swapci_run_usage usage;
    swapc_error unused = SWAPC_ERROR_INIT;
    enum swapc_status status =
        swapci_child_run(s->lab, arguments, &document, &usage, &unused); /* it writes no JSON */
    json_decref(document);
    return status == SWAPC_INTERRUPTED ? status : SWAPC_OK;
}

enum swapc_status swapci_stand_wait(struct swapci_stand *stand, unsigned pause_us, unsigned wait_s,
                                    swapc_error *error) {
    uint64_t end = swapci_clock_monotonic_ns() + wait_s * 1000000000ull, left = 1;
    for (;;) {
        enum swapc_status status = swapci_stream_length(stand->redis, &stand->names, &left, error);
        if (status != SWAPC_OK || left == 0) return status;
        if (swapci_lab_stopped(stand->lab)) return SWAPC_INTERRUPTED;
        if (swapci_clock_monotonic_ns() > end)
            return swapc_error_set(error, SWAPC_UNREACHABLE,
                                   "signer and verifier did not judge %llu messages in %u s",
                                   (unsigned long long)left, wait_s);
        pause_for(pause_us);
    }
}

enum swapc_status swapci_stand_start(struct swapci_stand *stand, struct swapci_lab *lab,
                                     const struct swapci_stand_config *config, swapc_error *error) {
    *stand = (struct swapci_stand){.lab = lab};
    swapci_redis_config redis = {.stop = lab->pace.stop};
    swapci_private_redis_config private = SWAPCI_PRIVATE_REDIS_CONFIG_INIT;
    private.stop = lab->pace.stop;
    enum swapc_status status = swapci_private_redis_start(&private, &stand->server, error);
    if (status == SWAPC_OK) status = swapci_stream_names_init(&stand->names, NULL, error);
    if (status != SWAPC_OK) return status;
    redis.url = swapci_private_redis_url(stand->server);
    name_places(stand, config);
    status = swapci_redis_open(&redis, &stand->redis, error);
    if (status == SWAPC_OK) status = start_both(stand, config, error);
    if (status == SWAPC_OK) status = first_messages(stand, config->method);
    return status == SWAPC_OK ? swapci_stand_wait(stand, LOOK_US, START_S, error) : status;
}

void swapci_stand_stop(struct swapci_stand *stand) {
    swapci_redis_free(stand->redis);
    swapci_child_stop(stand->signer);
    swapci_child_stop(stand->verifier);
    if (stand->ring[0]) swapci_ring_unlink(NULL, stand->ring, NULL);
    swapci_private_redis_stop(stand->server);
    *stand = (struct swapci_stand){.lab = stand->lab};
}

enum swapc_status swapci_stand_call_us(struct swapci_stand *stand, double *us, swapc_error *error) {
    const char *arguments[SWAPCI_CHILD_ARGUMENTS] = {"swapc", "status", stand->verifier_at,
                                                     "--json", "-"};
    json_t *document;
    struct swapci_run_usage usage;
    swapc_error why = SWAPC_ERROR_INIT;
    uint64_t end = swapci_clock_monotonic_ns() + START_S * 1000000000ull;
    enum swapc_status status;
    while ((status = swapci_child_run(stand->lab, arguments, &document, &usage, &why)) ==
               SWAPC_SYSTEM &&
           swapci_clock_monotonic_ns() < end) {
        swapc_error_clear(&why); /* it is not serving for a moment: on a crowded machine */
        pause_for(LOOK_US);
    }
    if (status != SWAPC_OK) return swapc_error_set(error, status, "%s", why.text);
    *us = json_number_value(json_object_get(json_object_get(document, "counters"), "call_us"));
    json_decref(document);
    return status;
}
