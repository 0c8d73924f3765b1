/* What is shared: `stop` of a handle, which any thread raises and which only ever rises; the rest of a
 * handle is its thread's. The ring's own sharing is told in ring.c. */
#include "transport_ring.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "ring.h"

_Static_assert((unsigned)SWAPCI_TRANSPORT_NOTES == SWAPCI_RING_NOTES, "a note a worker");
_Static_assert(SWAPCI_TRANSPORT_RECORD_MAX == SWAPCI_RING_CAPACITY / 4,
               "a record is at most a quarter of the ring");

struct ring_sender {
    swapci_sender base;
    atomic_int stop;
    swapci_ring *ring;
    /* Lengths of the newest records, a circle: as many of them as the ring's used bytes can hold are
     * still in it. */
    size_t lens[SWAPCI_TRANSPORT_COUNTED];
    size_t first, count;
    uint64_t bytes; /* their sum */
};

struct ring_receiver {
    swapci_receiver base;
    atomic_int stop;
    swapci_ring *ring;
};

static swapci_ring_config ring_of(const swapci_transport_ring_config *config, atomic_int *stop) {
    return (swapci_ring_config){.name = config->name,
                                .directory = config->directory,
                                .capacity = config->capacity,
                                .stop = stop};
}

/* ---- sender --------------------------------------------------------------------------------- */

static struct ring_sender *sender_of(const swapci_sender *sender) {
    return (struct ring_sender *)(uintptr_t)sender;
}

static void forget_oldest(struct ring_sender *s) {
    s->bytes -= s->lens[s->first];
    s->first = (s->first + 1) % SWAPCI_TRANSPORT_COUNTED;
    s->count--;
}

static void remember(struct ring_sender *s, size_t len) {
    if (s->count == SWAPCI_TRANSPORT_COUNTED) forget_oldest(s);
    s->lens[(s->first + s->count++) % SWAPCI_TRANSPORT_COUNTED] = len;
    s->bytes += len;
}

static enum swapc_status sender_send(swapci_sender *sender, swapc_bytes record, int timeout_ms,
                                     swapc_error *error) {
    struct ring_sender *s = sender_of(sender);
    enum swapc_status status = swapci_ring_write(s->ring, record, timeout_ms, error);
    if (status == SWAPC_OK) remember(s, record.len);
    return status;
}

static void sender_rouse(swapci_sender *sender) {
    swapci_ring_rouse(sender_of(sender)->ring);
}

static size_t sender_in_flight(swapci_sender *sender) {
    struct ring_sender *s = sender_of(sender);
    size_t used = swapci_ring_used(s->ring);
    while (s->count > 0 && s->bytes > used) forget_oldest(s);
    return s->count;
}

static enum swapc_status sender_wait_taken(swapci_sender *sender, int timeout_ms,
                                           swapc_error *error) {
    return swapci_ring_wait_drained(sender_of(sender)->ring, timeout_ms, error);
}

static enum swapc_status sender_wait_receiver(swapci_sender *sender, int timeout_ms,
                                              swapc_error *error) {
    return swapci_ring_wait_peer(sender_of(sender)->ring, timeout_ms, error);
}

static bool sender_receiver_alive(const swapci_sender *sender) {
    return swapci_ring_peer_alive(sender_of(sender)->ring);
}

static bool sender_lost(swapci_sender *sender) {
    return swapci_ring_consumer_changed(sender_of(sender)->ring);
}

/* A note as the ring carries it: ms, with the highest bit for "alone" and the next one for "many", and
 * seq, or last_ms of many. */
#define NOTE_ALONE (UINT64_C(1) << 63)
#define NOTE_MANY SWAPCI_TRANSPORT_NOTE_MS

static swapci_transport_note note_of(const swapci_ring_left *left) {
    bool many = (left->high & NOTE_MANY) != 0;
    return (swapci_transport_note){.ms = left->high & (NOTE_MANY - 1),
                                   .seq = many ? 0 : left->low,
                                   .last_ms = many ? left->low : 0,
                                   .alone = (left->high & NOTE_ALONE) != 0};
}

static size_t sender_left(swapci_sender *sender, swapci_transport_note *out, size_t max) {
    swapci_ring_left left[SWAPCI_RING_NOTES];
    size_t count = swapci_ring_take_left(sender_of(sender)->ring, left,
                                         max < SWAPCI_RING_NOTES ? max : SWAPCI_RING_NOTES);
    for (size_t i = 0; i < count; i++) out[i] = note_of(&left[i]);
    return count;
}

static void sender_finish(swapci_sender *sender) {
    swapci_ring_finish(sender_of(sender)->ring);
}

static void sender_interrupt(swapci_sender *sender) {
    struct ring_sender *s = sender_of(sender);
    atomic_store(&s->stop, 1);
    swapci_ring_wake_self(s->ring);
}

static void sender_close(swapci_sender *sender) {
    struct ring_sender *s = sender_of(sender);
    swapci_ring_close(s->ring);
    free(s);
}

static void sender_abandon(const swapci_sender *sender) {
    swapci_ring_abandon(sender_of(sender)->ring);
}

static const struct swapci_sender_ops sender_ops = {
    .send = sender_send,
    .rouse = sender_rouse,
    .in_flight = sender_in_flight,
    .wait_taken = sender_wait_taken,
    .wait_receiver = sender_wait_receiver,
    .receiver_alive = sender_receiver_alive,
    .lost = sender_lost,
    .left = sender_left,
    .finish = sender_finish,
    .interrupt = sender_interrupt,
    .close = sender_close,
    .abandon = sender_abandon,
};

enum swapc_status swapci_transport_ring_send(const swapci_transport_ring_config *config,
                                             swapci_sender **out, swapc_error *error) {
    swapc_error why = SWAPC_ERROR_INIT;
    struct ring_sender *s = calloc(1, sizeof *s);
    if (!s) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a ring's sender");
    swapci_ring_config ring = ring_of(config, &s->stop);
    enum swapc_status status = swapci_ring_open(&ring, SWAPCI_RING_PRODUCER, &s->ring, &why);
    if (status == SWAPC_OK) {
        s->base =
            (swapci_sender){.ops = &sender_ops, .record_max = swapci_ring_record_max(s->ring)};
        swapci_ring_place(s->ring, s->base.place, sizeof s->base.place);
        *out = &s->base;
        return SWAPC_OK;
    }
    free(s);
    if (status == SWAPC_BUSY) {
        return swapc_error_set(error, status,
                               "the ring %s has a signer already: end that one first, or give "
                               "another name with --ring",
                               config->name);
    }
    return swapc_error_set(error, status, "%s", why.text);
}

/* ---- receiver ------------------------------------------------------------------------------- */

static struct ring_receiver *receiver_of(const swapci_receiver *receiver) {
    return (struct ring_receiver *)(uintptr_t)receiver;
}

/* Takes what is there now. */
static enum swapc_status take_ready(swapci_ring *ring, uint8_t *arena, size_t size,
                                    swapc_bytes *records, unsigned max, unsigned *count,
                                    swapc_error *error) {
    size_t used = 0, len;
    enum swapc_status status = SWAPC_OK;
    swapc_error why = SWAPC_ERROR_INIT;
    while (*count < max) {
        status = swapci_ring_take(ring, arena + used, size - used, &len, &why);
        if (status != SWAPC_OK) break;
        records[(*count)++] = swapc_bytes_of(arena + used, len);
        used += len;
    }
    swapci_ring_release(ring);
    if (*count > 0) return SWAPC_OK; /* what ended the batch is met again by the next take */
    return why.status == SWAPC_OK ? status : swapc_error_set(error, status, "%s", why.text);
}

static enum swapc_status receiver_take(swapci_receiver *receiver, void *arena, size_t size,
                                       swapc_bytes *records, unsigned max, unsigned *count,
                                       int timeout_ms, swapc_error *error) {
    swapci_ring *ring = receiver_of(receiver)->ring;
    size_t len;
    *count = 0;
    enum swapc_status status = take_ready(ring, arena, size, records, max, count, error);
    if (status != SWAPC_EMPTY || timeout_ms == 0) return status;
    status = swapci_ring_read(ring, arena, size, &len, timeout_ms, error);
    if (status == SWAPC_OK) records[(*count)++] = swapc_bytes_of(arena, len);
    return status;
}

static enum swapc_status receiver_reset(swapci_receiver *receiver, swapc_error *error) {
    return swapci_ring_reset(receiver_of(receiver)->ring, error);
}

static void receiver_note(swapci_receiver *receiver, unsigned worker,
                          const swapci_transport_note *note) {
    uint64_t high = 0, low = 0;
    if (note) {
        high = note->ms | (note->alone ? NOTE_ALONE : 0) | (note->last_ms ? NOTE_MANY : 0);
        low = note->last_ms ? note->last_ms : note->seq;
    }
    swapci_ring_note(receiver_of(receiver)->ring, worker, high, low);
}

static bool receiver_sender_alive(const swapci_receiver *receiver) {
    return swapci_ring_peer_alive(receiver_of(receiver)->ring);
}

static void receiver_interrupt(swapci_receiver *receiver) {
    struct ring_receiver *r = receiver_of(receiver);
    atomic_store(&r->stop, 1);
    swapci_ring_wake_self(r->ring);
}

static void receiver_close(swapci_receiver *receiver) {
    struct ring_receiver *r = receiver_of(receiver);
    swapci_ring_close(r->ring);
    free(r);
}

static void receiver_abandon(const swapci_receiver *receiver) {
    swapci_ring_abandon(receiver_of(receiver)->ring);
}

static swapci_transport_fill receiver_fill(const swapci_receiver *receiver) {
    const swapci_ring *ring = receiver_of(receiver)->ring;
    return (swapci_transport_fill){swapci_ring_used(ring), swapci_ring_capacity(ring)};
}

static const struct swapci_receiver_ops receiver_ops = {
    .take = receiver_take,
    .reset = receiver_reset,
    .note = receiver_note,
    .sender_alive = receiver_sender_alive,
    .fill = receiver_fill,
    .interrupt = receiver_interrupt,
    .close = receiver_close,
    .abandon = receiver_abandon,
};

enum swapc_status swapci_transport_ring_receive(const swapci_transport_ring_config *config,
                                                swapci_receiver **out, swapc_error *error) {
    struct ring_receiver *r = calloc(1, sizeof *r);
    if (!r) return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for a ring's receiver");
    swapci_ring_config ring = ring_of(config, &r->stop);
    enum swapc_status status = swapci_ring_open(&ring, SWAPCI_RING_CONSUMER, &r->ring, error);
    if (status != SWAPC_OK) {
        free(r);
        return status;
    }
    r->base = (swapci_receiver){&receiver_ops, swapci_ring_record_max(r->ring)};
    *out = &r->base;
    return SWAPC_OK;
}
