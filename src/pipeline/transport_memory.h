/* transport_memory.h - for tests: a transport within the process, over a queue under a lock.
 *
 * The plainest back end that keeps transport.h's contract: what it can do without, no transport needs.
 * One sender and one receiver at a time; a hub outlives its handles.
 *
 * Threads: see transport.h. Ownership: the hub is the caller's; its queue is freed by hub_fini.
 */
#ifndef SWAPCI_TRANSPORT_MEMORY_H
#define SWAPCI_TRANSPORT_MEMORY_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "clock.h"
#include "transport.h"

enum { MEMORY_RECORDS = 512, MEMORY_SLICE_MS = 20 };

/* All of it is under `lock`, but for the configuration and the handles' `stop`, which are atomics. */
typedef struct memory_hub {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t record_max, capacity;           /* bytes */
    swapci_buffer records[MEMORY_RECORDS]; /* a circle */
    size_t first, count, bytes;
    bool sender, receiver; /* somebody is there */
    bool finished;
    unsigned losses; /* receivers that came after another, and resets */
    bool received_before;
    swapci_transport_note notes[SWAPCI_TRANSPORT_NOTES]; /* of the receiver; ms 0: none */
    swapci_transport_note left[SWAPCI_TRANSPORT_NOTES];  /* of those before it */
    size_t left_count;
} memory_hub;

struct memory_sender {
    swapci_sender base;
    memory_hub *hub;
    atomic_int stop;
    unsigned losses; /* as last told */
};

struct memory_receiver {
    swapci_receiver base;
    memory_hub *hub;
    atomic_int stop;
};

static inline void memory_hub_init(memory_hub *hub, size_t capacity) {
    *hub = (memory_hub){.record_max = capacity / 4, .capacity = capacity};
    pthread_mutex_init(&hub->lock, NULL);
    pthread_cond_init(&hub->changed, NULL);
}

static inline void memory_hub_fini(memory_hub *hub) {
    for (size_t i = 0; i < MEMORY_RECORDS; i++) swapci_buffer_fini(&hub->records[i]);
    pthread_cond_destroy(&hub->changed);
    pthread_mutex_destroy(&hub->lock);
}

/* Under the lock: waits a slice. An interrupt may come from a signal handler, which cannot signal a
 * condition: it is seen at the end of the slice. */
static inline void memory_nap(memory_hub *hub) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += MEMORY_SLICE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&hub->changed, &hub->lock, &until);
}

/* Under the lock: whether a wait may go on; naps if so. Else OK is not met: *status says why. */
static inline bool memory_go_on(memory_hub *hub, const atomic_int *stop, uint64_t start_ns,
                                int timeout_ms, enum swapc_status *status,
                                enum swapc_status timed_out) {
    uint64_t passed_ms = (swapci_clock_monotonic_ns() - start_ns) / 1000000u;
    *status = timed_out;
    if (timeout_ms == 0 || (timeout_ms > 0 && passed_ms >= (uint64_t)timeout_ms)) return false;
    *status = SWAPC_INTERRUPTED;
    if (atomic_load(stop)) return false;
    memory_nap(hub);
    return true;
}

static inline enum swapc_status memory_no_peer(const char *who, swapc_error *error) {
    return swapc_error_set(error, SWAPC_UNREACHABLE, "there is no %s", who);
}

/* ---- sender --------------------------------------------------------------------------------- */

static inline struct memory_sender *memory_sender_of(const swapci_sender *sender) {
    return (struct memory_sender *)(uintptr_t)sender;
}

static inline enum swapc_status memory_send(swapci_sender *sender, swapc_bytes record,
                                            int timeout_ms, swapc_error *error) {
    struct memory_sender *s = memory_sender_of(sender);
    memory_hub *hub = s->hub;
    enum swapc_status status = SWAPC_OK;
    uint64_t start_ns = swapci_clock_monotonic_ns();
    if (record.len > hub->record_max)
        return swapc_error_set(error, SWAPC_TOO_LARGE, "a record of %zu bytes: %zu at most",
                               record.len, hub->record_max);
    pthread_mutex_lock(&hub->lock);
    while (status == SWAPC_OK &&
           (hub->count == MEMORY_RECORDS || hub->bytes + record.len > hub->capacity)) {
        if (!hub->receiver && timeout_ms != 0) status = memory_no_peer("receiver", error);
        else if (memory_go_on(hub, &s->stop, start_ns, timeout_ms, &status, SWAPC_BUSY))
            status = SWAPC_OK;
    }
    if (status == SWAPC_OK) {
        swapci_buffer *place = &hub->records[(hub->first + hub->count) % MEMORY_RECORDS];
        swapci_buffer_clear(place);
        status = swapci_buffer_append(place, record);
        if (status == SWAPC_OK) hub->count++, hub->bytes += record.len;
        pthread_cond_broadcast(&hub->changed);
    }
    pthread_mutex_unlock(&hub->lock);
    return status;
}

static inline size_t memory_in_flight(swapci_sender *sender) {
    memory_hub *hub = memory_sender_of(sender)->hub;
    pthread_mutex_lock(&hub->lock);
    size_t count = hub->count;
    pthread_mutex_unlock(&hub->lock);
    return count;
}

static inline enum swapc_status memory_wait_taken(swapci_sender *sender, int timeout_ms,
                                                  swapc_error *error) {
    struct memory_sender *s = memory_sender_of(sender);
    memory_hub *hub = s->hub;
    enum swapc_status status = SWAPC_OK;
    uint64_t start_ns = swapci_clock_monotonic_ns();
    pthread_mutex_lock(&hub->lock);
    while (status == SWAPC_OK && hub->count > 0) {
        if (!hub->receiver && timeout_ms != 0) status = memory_no_peer("receiver", error);
        else if (memory_go_on(hub, &s->stop, start_ns, timeout_ms, &status, SWAPC_BUSY))
            status = SWAPC_OK;
    }
    pthread_mutex_unlock(&hub->lock);
    return status;
}

static inline enum swapc_status memory_wait_receiver(swapci_sender *sender, int timeout_ms,
                                                     swapc_error *error) {
    struct memory_sender *s = memory_sender_of(sender);
    memory_hub *hub = s->hub;
    enum swapc_status status = SWAPC_OK;
    uint64_t start_ns = swapci_clock_monotonic_ns();
    pthread_mutex_lock(&hub->lock);
    while (status == SWAPC_OK && !hub->receiver)
        if (memory_go_on(hub, &s->stop, start_ns, timeout_ms, &status, SWAPC_UNREACHABLE))
            status = SWAPC_OK;
    pthread_mutex_unlock(&hub->lock);
    return status == SWAPC_UNREACHABLE ? memory_no_peer("receiver", error) : status;
}

static inline bool memory_receiver_alive(const swapci_sender *sender) {
    memory_hub *hub = memory_sender_of(sender)->hub;
    pthread_mutex_lock(&hub->lock);
    bool alive = hub->receiver;
    pthread_mutex_unlock(&hub->lock);
    return alive;
}

static inline bool memory_lost(swapci_sender *sender) {
    struct memory_sender *s = memory_sender_of(sender);
    pthread_mutex_lock(&s->hub->lock);
    bool lost = s->losses != s->hub->losses;
    s->losses = s->hub->losses;
    pthread_mutex_unlock(&s->hub->lock);
    return lost;
}

static inline size_t memory_left(swapci_sender *sender, swapci_transport_note *out, size_t max) {
    memory_hub *hub = memory_sender_of(sender)->hub;
    pthread_mutex_lock(&hub->lock);
    size_t count = hub->left_count < max ? hub->left_count : max;
    if (count) memcpy(out, hub->left, count * sizeof *out);
    hub->left_count -= count;
    memmove(hub->left, hub->left + count, hub->left_count * sizeof *out);
    pthread_mutex_unlock(&hub->lock);
    return count;
}

static inline void memory_finish(swapci_sender *sender) {
    memory_hub *hub = memory_sender_of(sender)->hub;
    pthread_mutex_lock(&hub->lock);
    hub->finished = true;
    pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->lock);
}

static inline void memory_sender_interrupt(swapci_sender *sender) {
    atomic_store(&memory_sender_of(sender)->stop, 1);
}

static inline void memory_sender_close(swapci_sender *sender) {
    struct memory_sender *s = memory_sender_of(sender);
    pthread_mutex_lock(&s->hub->lock);
    s->hub->sender = false;
    pthread_cond_broadcast(&s->hub->changed);
    pthread_mutex_unlock(&s->hub->lock);
    free(s);
}

static inline enum swapc_status memory_send_open(memory_hub *hub, swapci_sender **out) {
    static const struct swapci_sender_ops ops = {
        .send = memory_send,
        .in_flight = memory_in_flight,
        .wait_taken = memory_wait_taken,
        .wait_receiver = memory_wait_receiver,
        .receiver_alive = memory_receiver_alive,
        .lost = memory_lost,
        .left = memory_left,
        .finish = memory_finish,
        .interrupt = memory_sender_interrupt,
        .close = memory_sender_close,
    };
    struct memory_sender *s = calloc(1, sizeof *s);
    if (!s) return SWAPC_NO_MEMORY;
    s->base = (swapci_sender){.ops = &ops, .record_max = hub->record_max};
    s->hub = hub;
    pthread_mutex_lock(&hub->lock);
    bool taken = hub->sender;
    hub->sender = true;
    if (!taken) hub->finished = false;
    s->losses = hub->losses;
    pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->lock);
    if (taken) {
        free(s);
        return SWAPC_BUSY;
    }
    *out = &s->base;
    return SWAPC_OK;
}

/* ---- receiver ------------------------------------------------------------------------------- */

static inline struct memory_receiver *memory_receiver_of(const swapci_receiver *receiver) {
    return (struct memory_receiver *)(uintptr_t)receiver;
}

/* Under the lock: moves the oldest record to out. */
static inline size_t memory_pop(memory_hub *hub, uint8_t *out) {
    swapci_buffer *record = &hub->records[hub->first];
    size_t len = record->len;
    if (len) memcpy(out, record->ptr, len);
    hub->first = (hub->first + 1) % MEMORY_RECORDS;
    hub->count--;
    hub->bytes -= len;
    return len;
}

static inline enum swapc_status memory_take(swapci_receiver *receiver, void *arena, size_t size,
                                            swapc_bytes *records, unsigned max, unsigned *count,
                                            int timeout_ms, swapc_error *error) {
    struct memory_receiver *r = memory_receiver_of(receiver);
    memory_hub *hub = r->hub;
    size_t used = 0;
    enum swapc_status status = SWAPC_OK;
    uint64_t start_ns = swapci_clock_monotonic_ns();
    *count = 0;
    pthread_mutex_lock(&hub->lock);
    while (status == SWAPC_OK && hub->count == 0) {
        if (hub->finished) status = SWAPC_CLOSED;
        else if (!hub->sender && timeout_ms != 0) status = memory_no_peer("sender", error);
        else if (memory_go_on(hub, &r->stop, start_ns, timeout_ms, &status, SWAPC_EMPTY))
            status = SWAPC_OK;
    }
    while (status == SWAPC_OK && hub->count > 0 && *count < max &&
           hub->records[hub->first].len <= size - used) {
        size_t len = memory_pop(hub, (uint8_t *)arena + used);
        records[(*count)++] = swapc_bytes_of((uint8_t *)arena + used, len);
        used += len;
    }
    pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->lock);
    return status;
}

static inline enum swapc_status memory_reset(swapci_receiver *receiver, swapc_error *error) {
    memory_hub *hub = memory_receiver_of(receiver)->hub;
    (void)error;
    pthread_mutex_lock(&hub->lock);
    hub->count = hub->bytes = 0;
    hub->losses++;
    pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->lock);
    return SWAPC_OK;
}

static inline void memory_note(swapci_receiver *receiver, unsigned worker,
                               const swapci_transport_note *note) {
    memory_hub *hub = memory_receiver_of(receiver)->hub;
    pthread_mutex_lock(&hub->lock);
    hub->notes[worker] = note ? *note : (swapci_transport_note){0};
    pthread_mutex_unlock(&hub->lock);
}

/* Under the lock, when a receiver comes. */
static inline void memory_keep_left(memory_hub *hub) {
    for (unsigned i = 0; i < SWAPCI_TRANSPORT_NOTES; i++) {
        if (hub->notes[i].ms && hub->left_count < SWAPCI_TRANSPORT_NOTES)
            hub->left[hub->left_count++] = hub->notes[i];
        hub->notes[i].ms = 0;
    }
}

static inline bool memory_sender_alive(const swapci_receiver *receiver) {
    memory_hub *hub = memory_receiver_of(receiver)->hub;
    pthread_mutex_lock(&hub->lock);
    bool alive = hub->sender;
    pthread_mutex_unlock(&hub->lock);
    return alive;
}

static inline void memory_receiver_interrupt(swapci_receiver *receiver) {
    atomic_store(&memory_receiver_of(receiver)->stop, 1);
}

static inline void memory_receiver_close(swapci_receiver *receiver) {
    struct memory_receiver *r = memory_receiver_of(receiver);
    pthread_mutex_lock(&r->hub->lock);
    r->hub->receiver = false;
    pthread_cond_broadcast(&r->hub->changed);
    pthread_mutex_unlock(&r->hub->lock);
    free(r);
}

static inline enum swapc_status memory_receive_open(memory_hub *hub, swapci_receiver **out) {
    static const struct swapci_receiver_ops ops = {
        .take = memory_take,
        .reset = memory_reset,
        .note = memory_note,
        .sender_alive = memory_sender_alive,
        .interrupt = memory_receiver_interrupt,
        .close = memory_receiver_close,
    };
    struct memory_receiver *r = calloc(1, sizeof *r);
    if (!r) return SWAPC_NO_MEMORY;
    r->base = (swapci_receiver){&ops, hub->record_max};
    r->hub = hub;
    pthread_mutex_lock(&hub->lock);
    bool taken = hub->receiver;
    hub->receiver = true;
    if (!taken) {
        hub->losses += hub->received_before;
        memory_keep_left(hub);
    }
    hub->received_before = true;
    pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->lock);
    if (taken) {
        free(r);
        return SWAPC_BUSY;
    }
    *out = &r->base;
    return SWAPC_OK;
}

#endif
