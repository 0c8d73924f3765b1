/* back_ends_fixture.h - for tests of transport.h: its back ends, each opened and closed in the same words.
 *
 * Threads: the test's. A bench is made and taken down by on_each.
 */
#ifndef SWAPCI_BACK_ENDS_FIXTURE_H
#define SWAPCI_BACK_ENDS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ring.h"
#include "stream_fixture.h"
#include "transport_memory.h"
#include "transport_redis.h"
#include "transport_ring.h"

enum {
    CAPACITY = 1 << 16,
    RECORD_MAX = CAPACITY / 4,
    BATCH = 16,
    PATIENCE_MS = 600000 /* with a crowded machine */
};

typedef struct bench {
    const struct back_end *end;
    memory_hub hub;
    char folder[64];
    swapci_sender *sender;
    swapci_receiver *receiver;
    uint8_t arena[RECORD_MAX];
    swapc_bytes records[BATCH];
    unsigned count;
} bench;

struct back_end {
    const char *name;
    bool many; /* senders and receivers at a time, over a network */
    enum swapc_status (*send)(bench *b, swapci_sender **out);
    enum swapc_status (*receive)(bench *b, swapci_receiver **out);
};

static enum swapc_status ring_send(bench *b, swapci_sender **out) {
    const swapci_transport_ring_config config = {"t", b->folder, CAPACITY};
    return swapci_transport_ring_send(&config, out, NULL);
}

static enum swapc_status ring_receive(bench *b, swapci_receiver **out) {
    const swapci_transport_ring_config config = {"t", b->folder, CAPACITY};
    return swapci_transport_ring_receive(&config, out, NULL);
}

static enum swapc_status memory_open_send(bench *b, swapci_sender **out) {
    return memory_send_open(&b->hub, out);
}

static enum swapc_status memory_open_receive(bench *b, swapci_receiver **out) {
    return memory_receive_open(&b->hub, out);
}

static enum swapc_status redis_send(bench *b, swapci_sender **out) {
    const swapci_stream_names names = fixture_names();
    (void)b;
    const swapci_transport_redis_config config = {.redis = {.url = fixture_url()},
                                                  .names = &names,
                                                  .capacity = CAPACITY,
                                                  .poll_ms = -1,
                                                  .lease_ms = PATIENCE_MS,
                                                  .answer_ms = PATIENCE_MS};
    return swapci_transport_redis_send(&config, out, NULL);
}

static enum swapc_status redis_receive(bench *b, swapci_receiver **out) {
    const swapci_stream_names names = fixture_names();
    (void)b;
    const swapci_transport_redis_config config = {.redis = {.url = fixture_url()},
                                                  .names = &names,
                                                  .capacity = CAPACITY,
                                                  .poll_ms = -1,
                                                  .lease_ms = PATIENCE_MS,
                                                  .answer_ms = PATIENCE_MS};
    return swapci_transport_redis_receive(&config, out, NULL);
}

static const struct back_end back_ends[] = {
    {"ring", false, ring_send, ring_receive},
    {"memory", false, memory_open_send, memory_open_receive},
    {"redis", true, redis_send, redis_receive},
};

static void open_sender(bench *b) {
    assert_int_equal(b->end->send(b, &b->sender), SWAPC_OK);
    assert_true(b->sender->record_max == RECORD_MAX);
}

static void open_receiver(bench *b) {
    assert_int_equal(b->end->receive(b, &b->receiver), SWAPC_OK);
    assert_true(b->receiver->record_max == RECORD_MAX);
}

static void close_sender(bench *b) {
    swapci_sender_close(b->sender);
    b->sender = NULL;
}

static void close_receiver(bench *b) {
    swapci_receiver_close(b->receiver);
    b->receiver = NULL;
}

static void flush_all(void) {
    swapci_redis *admin = fixture_open(5000);
    fixture_command(admin, "FLUSHALL");
    swapci_redis_free(admin);
}

/* Runs a case on each back end, with nobody attached yet. What failed on which is in the output. */
static void on_each(void (*run)(bench *)) {
    for (size_t i = 0; i < sizeof back_ends / sizeof *back_ends; i++) {
        bench *b = calloc(1, sizeof *b);
        assert_non_null(b);
        print_message("back end: %s\n", back_ends[i].name);
        b->end = &back_ends[i];
        memory_hub_init(&b->hub, CAPACITY);
        flush_all();
        snprintf(b->folder, sizeof b->folder, "/tmp/transport-test-XXXXXX");
        assert_non_null(mkdtemp(b->folder));
        run(b);
        close_sender(b);
        close_receiver(b);
        swapci_ring_unlink(b->folder, "t", NULL);
        assert_int_equal(rmdir(b->folder), 0);
        memory_hub_fini(&b->hub);
        free(b);
    }
}

#endif
