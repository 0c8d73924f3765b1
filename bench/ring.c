/* What is shared: a ring, which looks after itself; the rest of a scene is read by the other thread
 * between its start and its join only. */
/* `swapc bench ring`: the shared-memory ring between two threads.
 *   stream:     records in batches of 16, as the signer writes them: the time of one.
 *   round trip: one record there and one back over two rings, both sides asleep in between. */
#include "ring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "host_facts.h"
#include "scenario.h"

enum { BATCH = 16, LARGEST = 65536, CAPACITY = 8 << 20, WAIT_MS = 5000, SAMPLES_MAX = 64 };

struct lane {
    swapci_ring *producer, *consumer;
};

struct echo {
    struct lane *there, *back;
    unsigned count;
    enum swapc_status status;
};

static enum swapc_status lane_open(struct lane *lane, int number, swapc_error *error) {
    char name[64];
    snprintf(name, sizeof name, "swapc-bench-%d-%d", (int)getpid(), number);
    swapci_ring_config config = {.name = name, .capacity = CAPACITY};
    enum swapc_status status =
        swapci_ring_open(&config, SWAPCI_RING_PRODUCER, &lane->producer, error);
    if (status == SWAPC_OK)
        status = swapci_ring_open(&config, SWAPCI_RING_CONSUMER, &lane->consumer, error);
    return status;
}

static void lane_close(struct lane *lane) {
    swapci_ring_close(lane->producer);
    swapci_ring_close(lane->consumer);
}

/* ---- stream ---------------------------------------------------------------------------------- */

struct stream {
    struct lane *lane;
    unsigned count, bytes;
    enum swapc_status status;
};

static void *consume(void *argument) {
    struct stream *s = argument;
    static _Thread_local uint8_t record[LARGEST];
    size_t len;
    for (unsigned done = 0; done < s->count && s->status == SWAPC_OK;) {
        s->status = swapci_ring_read(s->lane->consumer, record, sizeof record, &len, WAIT_MS, NULL);
        done += s->status == SWAPC_OK;
        while (done < s->count && s->status == SWAPC_OK &&
               swapci_ring_take(s->lane->consumer, record, sizeof record, &len, NULL) == SWAPC_OK)
            done++;
        swapci_ring_release(s->lane->consumer);
    }
    return NULL;
}

static enum swapc_status produce(struct stream *s, swapc_error *error) {
    static uint8_t record[LARGEST];
    swapc_bytes bytes = swapc_bytes_of(record, s->bytes);
    enum swapc_status status = SWAPC_OK;
    for (unsigned i = 0; i < s->count && status == SWAPC_OK; i++) {
        status = swapci_ring_put(s->lane->producer, bytes, NULL);
        if (status == SWAPC_BUSY)
            status = swapci_ring_write(s->lane->producer, bytes, WAIT_MS, error);
        if (i % BATCH == BATCH - 1) swapci_ring_publish(s->lane->producer);
    }
    swapci_ring_publish(s->lane->producer);
    return status;
}

static enum swapc_status stream_once(struct stream *s, double *ns, swapc_error *error) {
    pthread_t thread;
    uint64_t start = swapci_clock_monotonic_ns();
    s->status = SWAPC_OK;
    if (pthread_create(&thread, NULL, consume, s) != 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "cannot start a thread");
    enum swapc_status status = produce(s, error);
    pthread_join(thread, NULL);
    *ns = (double)(swapci_clock_monotonic_ns() - start) / s->count;
    return status != SWAPC_OK ? status : s->status;
}

static enum swapc_status run_stream(struct swapci_lab *lab, unsigned bytes, swapc_error *error) {
    double ns[SAMPLES_MAX];
    struct lane lane = {NULL, NULL};
    unsigned rounds = lab->quick ? 5 : 15;
    struct stream s = {.lane = &lane,
                       .bytes = bytes,
                       .count = (bytes > 4096 ? 20000u : 200000u) / (lab->quick ? 5 : 1)};
    enum swapc_status status = lane_open(&lane, 0, error);
    if (status == SWAPC_OK) status = stream_once(&s, &ns[0], error); /* warm-up */
    unsigned done = 0;
    while (status == SWAPC_OK && done < rounds && !swapci_lab_stopped(lab)) {
        status = stream_once(&s, &ns[done], error);
        done += status == SWAPC_OK;
    }
    lane_close(&lane);
    if (done == 0) return status;
    struct swapci_spread spread = swapci_spread_of(ns, done);
    json_t *row = swapci_lab_row(lab);
    json_object_set_new(row, "mode", json_string("stream"));
    json_object_set_new(row, "bytes", json_integer(bytes));
    swapci_lab_spread(row, "ns", spread, 1);
    json_object_set_new(row, "records_per_s", json_real(1e9 / spread.median));
    json_object_set_new(row, "rounds", json_integer(done));
    json_object_set_new(row, "default", json_true());
    json_object_set_new(row, "mb_per_s", json_real(bytes * 1e3 / spread.median));
    return status;
}

/* ---- round trip ------------------------------------------------------------------------------ */

static void *echo_thread(void *argument) {
    struct echo *e = argument;
    uint8_t record[256];
    size_t len;
    for (unsigned i = 0; i < e->count && e->status == SWAPC_OK; i++) {
        e->status =
            swapci_ring_read(e->there->consumer, record, sizeof record, &len, WAIT_MS, NULL);
        if (e->status == SWAPC_OK)
            e->status =
                swapci_ring_write(e->back->producer, swapc_bytes_of(record, len), WAIT_MS, NULL);
    }
    return NULL;
}

static enum swapc_status round_trips(struct swapci_lab *lab, struct echo *e, double *ns,
                                     unsigned *done, swapc_error *error) {
    uint8_t record[256] = {0};
    size_t len;
    pthread_t thread;
    enum swapc_status status = SWAPC_OK;
    if (pthread_create(&thread, NULL, echo_thread, e) != 0)
        return swapc_error_set(error, SWAPC_SYSTEM, "cannot start a thread");
    for (*done = 0; *done < e->count && status == SWAPC_OK; ++*done) {
        uint64_t start = swapci_clock_monotonic_ns();
        status = swapci_ring_write(e->there->producer, swapc_bytes_of(record, 256), WAIT_MS, error);
        if (status == SWAPC_OK)
            status =
                swapci_ring_read(e->back->consumer, record, sizeof record, &len, WAIT_MS, error);
        ns[*done] = (double)(swapci_clock_monotonic_ns() - start);
    }
    pthread_join(thread, NULL);
    swapci_lab_stopped(lab);
    return status != SWAPC_OK ? status : e->status;
}

static enum swapc_status run_round_trip(struct swapci_lab *lab, swapc_error *error) {
    struct lane lanes[2] = {{NULL, NULL}, {NULL, NULL}};
    struct echo e = {&lanes[0], &lanes[1], lab->quick ? 2000 : 20000, SWAPC_OK};
    unsigned done = 0;
    double *ns = calloc(e.count, sizeof *ns);
    enum swapc_status status =
        ns ? lane_open(&lanes[0], 1, error) : swapc_error_set(error, SWAPC_NO_MEMORY, "no memory");
    if (status == SWAPC_OK) status = lane_open(&lanes[1], 2, error);
    if (status == SWAPC_OK) status = round_trips(lab, &e, ns, &done, error);
    if (status == SWAPC_OK && done > 0) {
        json_t *row = swapci_lab_row(lab);
        json_object_set_new(row, "mode", json_string("round trip"));
        json_object_set_new(row, "bytes", json_integer(256));
        swapci_lab_spread(row, "ns", swapci_spread_of(ns, done), 1);
        json_object_set_new(row, "default", json_true());
        swapci_lab_distribution(lab, "ring, round trip", "ns", ns, done);
    }
    lane_close(&lanes[0]);
    lane_close(&lanes[1]);
    free(ns);
    return status;
}

enum swapc_status swapci_scenario_ring(struct swapci_lab *lab, swapc_error *error) {
    static const unsigned sizes[] = {64, 256, 1024, LARGEST};
    struct swapci_host_facts facts;
    enum swapc_status status = SWAPC_OK;
    swapci_host_facts_read(&facts);
    for (unsigned i = 0; i < 4 && status == SWAPC_OK && !swapci_lab_stopped(lab); i++) {
        status = run_stream(lab, sizes[i], error);
        swapci_pace_progress(&lab->pace, i + 1, 5);
    }
    if (status == SWAPC_OK && !swapci_lab_stopped(lab)) status = run_round_trip(lab, error);
    swapci_lab_note(lab, "wall time: two threads wake each other, so this scenario needs an idle "
                         "machine with two cores");
    if (facts.cores == 1)
        swapci_lab_note(
            lab, "one core: writer and reader take turns on it, and switching between them is "
                 "most of what these figures say");
    return status;
}
