/* ring_impl.h - what the files of the ring share: the layout in memory and the handle.
 *
 * Layout: a header page, then `capacity` bytes of records. A record is {length u32, CRC u32, bytes,
 * padding to 8} at a place that is a multiple of 8; places are counters that never wrap (64 bits)
 * and are masked into the data. The CRC covers place, length and bytes, so that a record of an
 * earlier lap is no record.
 */
#ifndef SWAPCI_RING_IMPL_H
#define SWAPCI_RING_IMPL_H

#include <stdalign.h>

#include "ring.h"
#include "ring_guard.h"
#include "ring_wait.h"

#define SWAPCI_RING_MAGIC UINT64_C(0x31676e7263706177) /* "wapcrng1" */
#define SWAPCI_RING_VERSION 2u
#define SWAPCI_RING_HEADER 4096u /* bytes before the records */

/* Who the file is; written first, before there is room for records and before anybody attaches. A copy
 * of a ring is another file than the one it speaks of: somebody's own, which no sweep removes. */
typedef struct swapci_ring_identity {
    uint64_t magic;
    uint32_t version;
    uint32_t header;
    uint64_t capacity;
    uint64_t device; /* st_dev and st_ino of the file itself */
    uint64_t inode;
} swapci_ring_identity;

/* A note is there when `high` is not 0: it is stored last and cleared first, so that one that dies in
 * between leaves the note of before, or none. */
typedef struct swapci_ring_slot {
    _Atomic uint64_t high, low;
} swapci_ring_slot;

/* Each group of fields has one writer and a cache line of its own. */
typedef struct swapci_ring_shared {
    swapci_ring_identity identity;
    alignas(64) _Atomic uint64_t tail; /* producer: end of what is published */
    _Atomic uint32_t finished;         /* producer: 1 when no record will follow */
    alignas(64) _Atomic uint64_t head; /* consumer: end of what is released */
    _Atomic uint32_t consumers;        /* consumer: attached or reset, since the file was emptied */
    alignas(64) swapci_ring_waiter waiters[2]; /* by the role that sleeps */
    /* What the consumer is at, and what consumers that died were at: moved there by the next consumer
     * before it counts itself in `consumers`, taken away by the producer. */
    alignas(64) swapci_ring_slot notes[SWAPCI_RING_NOTES];
    swapci_ring_slot left[SWAPCI_RING_NOTES];
} swapci_ring_shared;

_Static_assert(sizeof(swapci_ring_shared) <= SWAPCI_RING_HEADER, "the header is one page");

typedef struct swapci_ring_record {
    uint32_t len;
    uint32_t crc;
} swapci_ring_record;

struct swapci_ring {
    enum swapci_ring_role role;
    int fd;
    swapci_ring_shared *shared;
    uint8_t *data;
    int guard;         /* of the mapping */
    uint64_t capacity; /* checked when attaching; the shared copy is never read again */
    atomic_int *stop;
    uint64_t mine;      /* producer: end of what is put; consumer: end of what is taken */
    uint64_t visible;   /* how much of mine the peer was told */
    uint64_t theirs;    /* the peer's counter as last seen and found sane */
    uint32_t consumers; /* as last reported to the producer */
    swapci_ring_stats stats;
    bool attached; /* the role is ours */
    char name[SWAPCI_RING_NAME_MAX + 1];
    char path[SWAPCI_RING_PATH_MAX];
};

/* Bytes in the ring of a record of len bytes. */
static inline uint64_t swapci_ring_record_size(uint64_t len) {
    return (sizeof(swapci_ring_record) + len + 7) & ~UINT64_C(7);
}

/* The CRC of a record. */
uint32_t swapci_ring_record_crc(uint64_t place, uint32_t len, const void *bytes);

/* Reads the peer's counter. Returns 1 and raises ring->theirs, or 0 when it cannot be true. */
bool swapci_ring_look(swapci_ring *ring);

/* Waits until the peer's counter has reached place. Returns OK, BUSY (timeout), CLOSED (consumer:
 * the stream ended before), CORRUPT, UNREACHABLE, INTERRUPTED. */
enum swapc_status swapci_ring_wait(swapci_ring *ring, uint64_t place, int timeout_ms);

/* Fills error for a status of the above where people need a sentence; returns status. */
enum swapc_status swapci_ring_explain(const swapci_ring *ring, enum swapc_status status,
                                      swapc_error *error);

#endif
