/* What is shared: see ring.c. Here is the flow of records. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "crc32c.h"
#include "fail_point.h"
#include "ring_file.h"
#include "ring_impl.h"
#include "swapc/log.h"

uint32_t swapci_ring_record_crc(uint64_t place, uint32_t len, const void *bytes) {
    uint32_t crc = swapci_crc32c(0, &place, sizeof place);
    crc = swapci_crc32c(crc, &len, sizeof len);
    return swapci_crc32c(crc, bytes, len);
}

bool swapci_ring_look(swapci_ring *ring) {
    bool producer = ring->role == SWAPCI_RING_PRODUCER;
    _Atomic uint64_t *counter = producer ? &ring->shared->head : &ring->shared->tail;
    uint64_t theirs = atomic_load(counter);
    uint64_t used = producer ? ring->visible - theirs : theirs - ring->visible;
    uint64_t step = theirs - ring->theirs;
    if (theirs % 8 != 0 || used > ring->capacity || step > ring->capacity) return false;
    ring->theirs = theirs;
    return true;
}

/* Whether the wait for place is over; BUSY: not yet. */
static enum swapc_status arrived(swapci_ring *ring, uint64_t place) {
    /* Read before the counter: a producer publishes first and finishes then. */
    bool finished = ring->role == SWAPCI_RING_CONSUMER && atomic_load(&ring->shared->finished);
    if (!swapci_ring_look(ring)) return SWAPC_CORRUPT;
    if ((int64_t)(ring->theirs - place) >= 0) return SWAPC_OK;
    return finished ? SWAPC_CLOSED : SWAPC_BUSY;
}

/* Milliseconds of the next sleep; 0: the time is over. */
static uint32_t next_slice(uint64_t start_ns, int timeout_ms) {
    if (timeout_ms < 0) return SWAPCI_RING_SLICE_MS;
    uint64_t passed = (swapci_clock_monotonic_ns() - start_ns) / 1000000u;
    if (passed >= (uint64_t)timeout_ms) return 0;
    uint64_t left = (uint64_t)timeout_ms - passed;
    return left < SWAPCI_RING_SLICE_MS ? (uint32_t)left : SWAPCI_RING_SLICE_MS;
}

static bool stopped(const swapci_ring *ring) {
    return ring->stop && atomic_load(ring->stop) != 0;
}

/* A producer has roused this consumer: what it puts within that time is found without another sleep. On one
 * core, yielding lets it get there. */
static enum swapc_status look_awake(swapci_ring *ring, uint64_t place) {
    uint64_t end_ns = swapci_clock_monotonic_ns() + SWAPCI_RING_AWAKE_US * UINT64_C(1000);
    enum swapc_status status = SWAPC_BUSY;
    while (status == SWAPC_BUSY && swapci_clock_monotonic_ns() < end_ns) {
        if (stopped(ring)) return SWAPC_INTERRUPTED;
        status = arrived(ring, place);
        if (status == SWAPC_BUSY) sched_yield();
    }
    return status;
}

/* One look and, where nothing was found, one sleep. */
static enum swapc_status wait_slice(swapci_ring *ring, uint64_t place, uint32_t slice_ms) {
    swapci_ring_waiter *waiter = &ring->shared->waiters[ring->role];
    uint32_t seq = swapci_ring_wait_begin(waiter, place);
    if (stopped(ring)) return SWAPC_INTERRUPTED;
    enum swapc_status status = arrived(ring, place);
    if (status != SWAPC_BUSY || slice_ms == 0) return status;
    if (!swapci_ring_peer_alive(ring)) {
        /* It may have written its last between the two looks. */
        status = arrived(ring, place);
        return status == SWAPC_BUSY ? SWAPC_UNREACHABLE : status;
    }
    ring->stats.sleeps++;
    bool slept_out = swapci_ring_wait_sleep(waiter, seq, slice_ms);
    return slept_out || ring->role == SWAPCI_RING_PRODUCER ? SWAPC_BUSY : look_awake(ring, place);
}

enum swapc_status swapci_ring_wait(swapci_ring *ring, uint64_t place, int timeout_ms) {
    if (timeout_ms == 0) return arrived(ring, place);
    uint64_t start_ns = swapci_clock_monotonic_ns();
    enum swapc_status status;
    uint32_t slice_ms;
    do {
        slice_ms = next_slice(start_ns, timeout_ms);
        status = wait_slice(ring, place, slice_ms);
    } while (status == SWAPC_BUSY && slice_ms != 0);
    swapci_ring_wait_end(&ring->shared->waiters[ring->role]);
    return status;
}

enum swapc_status swapci_ring_wait_peer(swapci_ring *ring, int timeout_ms, swapc_error *error) {
    swapci_ring_waiter *waiter = &ring->shared->waiters[ring->role];
    uint64_t start_ns = swapci_clock_monotonic_ns();
    for (;;) {
        /* Whoever attaches wakes its peer, asleep or not: nothing need be announced. */
        uint32_t seq = atomic_load(&waiter->seq);
        if (stopped(ring)) return SWAPC_INTERRUPTED;
        if (swapci_ring_peer_alive(ring)) return SWAPC_OK;
        uint32_t slice_ms = timeout_ms == 0 ? 0 : next_slice(start_ns, timeout_ms);
        if (slice_ms == 0) return swapci_ring_explain(ring, SWAPC_UNREACHABLE, error);
        ring->stats.sleeps++;
        swapci_ring_wait_sleep(waiter, seq, slice_ms);
    }
}

/* Whether the file is no longer where a peer would look for it. */
static bool is_gone(const swapci_ring *ring) {
    struct stat ours, there;
    if (fstat(ring->fd, &ours) != 0) return false;
    if (stat(ring->path, &there) != 0) return errno == ENOENT;
    return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

/* Why nobody will attach to the file any more though it is there; NULL: somebody may. */
static const char *is_refused(const swapci_ring *ring) {
    struct stat ours;
    return fstat(ring->fd, &ours) == 0 ? swapci_ring_file_refused(&ours) : NULL;
}

enum swapc_status swapci_ring_explain(const swapci_ring *ring, enum swapc_status status,
                                      swapc_error *error) {
    static const char *const peer[] = {"consumer", "producer"};
    if (swapci_ring_guard_lost(ring->guard)) {
        return swapc_error_set(error, SWAPC_SYSTEM,
                               "ring \"%s\" was cut off: somebody made its file %s smaller; start "
                               "signer and verifier again",
                               ring->name, ring->path);
    }
    if ((status == SWAPC_UNREACHABLE || status == SWAPC_CLOSED) && is_gone(ring)) {
        return swapc_error_set(error, SWAPC_SYSTEM,
                               "ring \"%s\" is out of reach: somebody removed its file %s, so that "
                               "nobody can come to it any more; start signer and verifier again",
                               ring->name, ring->path);
    }
    const char *refused =
        status == SWAPC_UNREACHABLE || status == SWAPC_CLOSED ? is_refused(ring) : NULL;
    if (refused) {
        return swapc_error_set(
            error, SWAPC_SYSTEM,
            "ring \"%s\" is out of reach: its file %s %s by now, so that nobody "
            "comes to it any more; remove it, and start signer and verifier again",
            ring->name, ring->path, refused);
    }
    if (status == SWAPC_UNREACHABLE) {
        return swapc_error_set(error, status, "ring \"%s\" has no %s: start it again", ring->name,
                               peer[ring->role]);
    }
    if (status == SWAPC_CORRUPT) {
        return swapc_error_set(error, status,
                               "ring \"%s\" holds what its %s cannot have written: restart it",
                               ring->name, peer[ring->role]);
    }
    return status;
}

/* ---- producer ------------------------------------------------------------------------------- */

/* Copies into the data at place, around its end. */
static void copy_in(swapci_ring *ring, uint64_t place, const void *bytes, size_t len) {
    size_t at = (size_t)(place & (ring->capacity - 1));
    size_t first = (size_t)ring->capacity - at < len ? (size_t)ring->capacity - at : len;
    if (first) memcpy(ring->data + at, bytes, first);
    if (len > first) memcpy(ring->data, (const uint8_t *)bytes + first, len - first);
}

static bool has_room(const swapci_ring *ring, uint64_t need) {
    return ring->mine - ring->theirs + need <= ring->capacity;
}

enum swapc_status swapci_ring_put(swapci_ring *ring, swapc_bytes record, swapc_error *error) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_PRODUCER);
    if (record.len > swapci_ring_record_max(ring)) {
        return swapc_error_set(error, SWAPC_TOO_LARGE,
                               "a record of %zu bytes does not go through ring \"%s\": %zu bytes "
                               "at most",
                               record.len, ring->name, swapci_ring_record_max(ring));
    }
    uint64_t need = swapci_ring_record_size(record.len);
    if (!has_room(ring, need)) {
        if (!swapci_ring_look(ring)) return swapci_ring_explain(ring, SWAPC_CORRUPT, error);
        if (!has_room(ring, need)) return SWAPC_BUSY;
    }
    swapci_ring_record head = {.len = (uint32_t)record.len};
    head.crc = swapci_ring_record_crc(ring->mine, head.len, record.ptr);
    copy_in(ring, ring->mine, &head, sizeof head);
    swapci_fail_point(SWAPCI_FAIL_mid_record);
    copy_in(ring, ring->mine + sizeof head, record.ptr, record.len);
    ring->mine += need;
    return SWAPC_OK;
}

void swapci_ring_publish(swapci_ring *ring) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_PRODUCER);
    if (ring->visible == ring->mine) return;
    ring->visible = ring->mine;
    atomic_store(&ring->shared->tail, ring->mine);
    ring->stats.wakes +=
        (uint64_t)swapci_ring_wait_notify(&ring->shared->waiters[SWAPCI_RING_CONSUMER], ring->mine);
}

void swapci_ring_rouse(swapci_ring *ring) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_PRODUCER);
    ring->stats.wakes +=
        (uint64_t)swapci_ring_wait_rouse(&ring->shared->waiters[SWAPCI_RING_CONSUMER]);
}

/* Waits for a quarter of the ring, but is content with room for the record. */
static enum swapc_status wait_room(swapci_ring *ring, uint64_t need, int timeout_ms) {
    uint64_t want = ring->capacity / 4;
    if (want < need) want = need;
    uint64_t place = ring->mine + want - ring->capacity;
    uint64_t start_ns = swapci_clock_monotonic_ns();
    enum swapc_status status;
    uint32_t slice_ms;
    do {
        slice_ms = next_slice(start_ns, timeout_ms);
        status = swapci_ring_wait(ring, place, (int)slice_ms);
        if ((status == SWAPC_BUSY || status == SWAPC_UNREACHABLE) && has_room(ring, need))
            status = SWAPC_OK;
    } while (status == SWAPC_BUSY && slice_ms != 0);
    return status;
}

enum swapc_status swapci_ring_write(swapci_ring *ring, swapc_bytes record, int timeout_ms,
                                    swapc_error *error) {
    enum swapc_status status = swapci_ring_put(ring, record, error);
    if (status == SWAPC_BUSY && timeout_ms != 0) {
        swapci_ring_publish(ring); /* the consumer must see what it is to make room of */
        status = wait_room(ring, swapci_ring_record_size(record.len), timeout_ms);
        if (status == SWAPC_OK) status = swapci_ring_put(ring, record, error);
    }
    swapci_ring_publish(ring);
    return swapci_ring_explain(ring, status, error);
}

enum swapc_status swapci_ring_wait_drained(swapci_ring *ring, int timeout_ms, swapc_error *error) {
    swapci_ring_publish(ring);
    return swapci_ring_explain(ring, swapci_ring_wait(ring, ring->mine, timeout_ms), error);
}

void swapci_ring_finish(swapci_ring *ring) {
    swapci_ring_publish(ring);
    atomic_store(&ring->shared->finished, 1);
    swapci_ring_wait_wake(&ring->shared->waiters[SWAPCI_RING_CONSUMER]);
    ring->stats.wakes++;
}

bool swapci_ring_consumer_changed(swapci_ring *ring) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_PRODUCER);
    uint32_t before = ring->consumers;
    ring->consumers = atomic_load(&ring->shared->consumers);
    return ring->consumers != before && !(before == 0 && ring->consumers == 1);
}

/* ---- consumer ------------------------------------------------------------------------------- */

/* Copies out of the data at place, around its end. */
static void copy_out(const swapci_ring *ring, uint64_t place, void *out, size_t len) {
    size_t at = (size_t)(place & (ring->capacity - 1));
    size_t first = (size_t)ring->capacity - at < len ? (size_t)ring->capacity - at : len;
    if (first) memcpy(out, ring->data + at, first);
    if (len > first) memcpy((uint8_t *)out + first, ring->data, len - first);
}

/* Reads the next record's head, each field once, and holds it against what is published. */
static bool read_head(const swapci_ring *ring, swapci_ring_record *head) {
    uint64_t there = ring->theirs - ring->mine;
    const uint32_t *at = (const void *)(ring->data + (ring->mine & (ring->capacity - 1)));
    head->len = __atomic_load_n(&at[0], __ATOMIC_RELAXED);
    head->crc = __atomic_load_n(&at[1], __ATOMIC_RELAXED);
    return head->len <= swapci_ring_record_max(ring) && swapci_ring_record_size(head->len) <= there;
}

enum swapc_status swapci_ring_take(swapci_ring *ring, void *out, size_t size, size_t *len,
                                   swapc_error *error) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_CONSUMER);
    swapci_ring_record head;
    if (ring->theirs == ring->mine) {
        enum swapc_status status = arrived(ring, ring->mine + 1);
        if (status == SWAPC_BUSY) return SWAPC_EMPTY;
        if (status != SWAPC_OK) return swapci_ring_explain(ring, status, error);
    }
    if (!read_head(ring, &head)) return swapci_ring_explain(ring, SWAPC_CORRUPT, error);
    *len = head.len;
    if (head.len > size) {
        return swapc_error_set(error, SWAPC_TOO_LARGE,
                               "a record of %u bytes in ring \"%s\" does not fit %zu bytes",
                               head.len, ring->name, size);
    }
    copy_out(ring, ring->mine + sizeof head, out, head.len);
    if (swapci_ring_record_crc(ring->mine, head.len, out) != head.crc)
        return swapci_ring_explain(ring, SWAPC_CORRUPT, error);
    ring->mine += swapci_ring_record_size(head.len);
    return SWAPC_OK;
}

void swapci_ring_release(swapci_ring *ring) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_CONSUMER);
    if (ring->visible == ring->mine) return;
    ring->visible = ring->mine;
    atomic_store(&ring->shared->head, ring->mine);
    ring->stats.wakes +=
        (uint64_t)swapci_ring_wait_notify(&ring->shared->waiters[SWAPCI_RING_PRODUCER], ring->mine);
}

enum swapc_status swapci_ring_read(swapci_ring *ring, void *out, size_t size, size_t *len,
                                   int timeout_ms, swapc_error *error) {
    enum swapc_status status = swapci_ring_take(ring, out, size, len, error);
    if (status == SWAPC_EMPTY && timeout_ms != 0) {
        swapci_ring_release(ring); /* the producer must see all the room that there is */
        status = swapci_ring_wait(ring, ring->mine + 1, timeout_ms);
        if (status == SWAPC_OK) status = swapci_ring_take(ring, out, size, len, error);
        if (status == SWAPC_BUSY) status = SWAPC_EMPTY;
    }
    swapci_ring_release(ring);
    return swapci_ring_explain(ring, status, error);
}

enum swapc_status swapci_ring_reset(swapci_ring *ring, swapc_error *error) {
    SWAPC_CHECK(ring->role == SWAPCI_RING_CONSUMER);
    /* Behind what was seen before is allowed here: a producer that followed a broken one begins
     * again where this side stands. */
    uint64_t tail = atomic_load(&ring->shared->tail);
    if (tail % 8 != 0 || tail - ring->visible > ring->capacity)
        return swapci_ring_explain(ring, SWAPC_CORRUPT, error);
    ring->mine = ring->theirs = tail;
    /* The new count first: a producer that finds the ring drained must see why. */
    atomic_fetch_add(&ring->shared->consumers, 1);
    swapci_ring_release(ring);
    return swapci_ring_explain(ring, SWAPC_OK, error);
}
