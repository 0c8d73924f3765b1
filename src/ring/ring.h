/* ring.h - a queue of byte records between two processes, in one file of shared memory.
 *
 * One producer and one consumer, attached by name. A record is visible whole or not at all, carries
 * a CRC-32C over its length, place and bytes, and is copied out before it is checked: nothing in
 * the shared memory is believed by the side that reads it. The ring is not durable and resends
 * nothing: a producer learns by swapci_ring_consumer_changed that records may have been lost with a
 * consumer, and sends again what it still holds as unanswered. It knows nothing of what the
 * records mean.
 *
 * Attaching: whichever side comes first makes the file, mode 0600; the other adopts its size. The
 *     side that closes last removes it; one that is killed cannot: a file to which nobody is
 *     attached is stale and is emptied by the next that attaches. A side
 *     that attaches to a live peer keeps the unread records. A file of another owner, mode or kind,
 *     a symbolic link, or one whose content is no ring is refused.
 * Liveness: each side holds an open-file-description lock, which the kernel drops when the process
 *     ends, however it ends. A child forked without exec holds it too: open the ring after forking.
 *     Waits look at the lock at least every SWAPCI_RING_SLICE_MS.
 * Its file: who makes it smaller, as whoever owns it may, ends what was under way: waits, writes, reads
 *     and resets return SYSTEM with the reason from then on, and nothing that is read is a record; the
 *     handle is of use only to close. (SIGBUS is handled for that: ring_guard.h.)
 *     Who removes it hinders neither side while both are there; the one that is left gets SYSTEM, too, where
 *     it would wait for a peer, as none can come to it any more.
 * Threads: one handle belongs to one thread at a time, except for swapci_ring_wake_self,
 *     swapci_ring_used, swapci_ring_peer_alive and swapci_ring_note (a thread a slot), which any thread may call until
 *     swapci_ring_close.
 * Ownership: a handle is freed by swapci_ring_close. Records are copied in and out.
 * Timeouts: milliseconds; 0: never wait; negative: no limit. While there are records to take, or
 *     room to put, no call here makes a system call unless it wakes a peer that sleeps.
 * Errors: `error` is filled for TOO_LARGE, CORRUPT, UNREACHABLE and failures of attaching; EMPTY,
 *     BUSY, CLOSED and INTERRUPTED are ordinary answers and leave it alone.
 */
#ifndef SWAPCI_RING_H
#define SWAPCI_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swapc/bytes.h"
#include "swapc/error.h"

#define SWAPCI_RING_CAPACITY (8u << 20)     /* default bytes for records */
#define SWAPCI_RING_CAPACITY_MIN 64u        /* bytes; capacities are powers of two */
#define SWAPCI_RING_CAPACITY_MAX (1u << 30) /* bytes */
#define SWAPCI_RING_NAME_MAX 100            /* characters */
#define SWAPCI_RING_PATH_MAX 4096           /* bytes with the NUL */
#define SWAPCI_RING_SLICE_MS 250
#define SWAPCI_RING_AWAKE_US 80 /* what a consumer that was roused spends looking */
#define SWAPCI_RING_NOTES 64u   /* notes of one consumer, and those kept of dead ones */

typedef struct swapci_ring swapci_ring;

enum swapci_ring_role { SWAPCI_RING_PRODUCER = 0, SWAPCI_RING_CONSUMER = 1 };

typedef struct swapci_ring_config {
    const char *name;      /* letters, digits, '.', '_', '-' */
    const char *directory; /* NULL: /dev/shm */
    size_t capacity;       /* of a ring that is made now; 0: SWAPCI_RING_CAPACITY */
    atomic_int *stop;      /* non-zero ends every wait; outlives the handle; NULL: none */
} swapci_ring_config;

#define SWAPCI_RING_CONFIG_INIT {0, 0, 0, 0}

/* Writes the path of the ring's file, DIRECTORY/swapc-NAME, into out.
 * Returns SWAPC_OK, or INVALID when the name or the path's length is not allowed. */
enum swapc_status swapci_ring_path(const char *directory, const char *name, char *out, size_t size,
                                   swapc_error *error);

/* Attaches to the ring, making it where it is not there.
 * Returns INVALID (name, capacity, or a file that is refused), BUSY (the role is taken), CORRUPT (a
 * live ring with a broken header), IO (no room in the directory), SYSTEM, INTERRUPTED, NO_MEMORY.
 * After failure *out is untouched and a file made by this call is gone. */
enum swapc_status swapci_ring_open(const swapci_ring_config *config, enum swapci_ring_role role,
                                   swapci_ring **out, swapc_error *error);

/* Detaches and frees; records that were put and not published are dropped. NULL does nothing. The
 * file stays while the other role is attached; else it is removed, with records that nobody took:
 * the next that attached would have emptied it. */
void swapci_ring_close(swapci_ring *ring);

/* Removes the file as swapci_ring_close would, and leaves all else as it is: for a process that ends
 * at once while other threads work with the handle. Any thread. */
void swapci_ring_abandon(const swapci_ring *ring);

/* Removes the ring's file; who is attached stays so, and nobody is waited for: a process that ends at once may have
 * abandoned the ring itself. Only a file that swapc made is removed, known by
 * the identity in it. Returns SWAPC_OK (also without a file), INVALID (name; a file that is no ring,
 * which stays), SYSTEM. */
enum swapc_status swapci_ring_unlink(const char *directory, const char *name, swapc_error *error);

/* Removes the rings whose name begins with prefix (not empty) and to which nobody is attached: what
 * killed processes left. A file that is no ring of ours, a copy of one included, is passed over, and
 * so is what cannot be read or removed. Returns how many are gone. */
size_t swapci_ring_sweep(const char *directory, const char *prefix);

/* Writes where the ring is, for no other ring on any machine: the boot of this one, its folder and its
 * name, without blanks; "" when that cannot be told. While the handle has its role no other process has
 * it there. */
void swapci_ring_place(const swapci_ring *ring, char *out, size_t size);

/* Bytes of the ring for records. */
size_t swapci_ring_capacity(const swapci_ring *ring);

/* Bytes of the largest record: a quarter of the capacity. */
size_t swapci_ring_record_max(const swapci_ring *ring);

/* Bytes published and not yet released, between 0 and the capacity, as of some moment now. */
size_t swapci_ring_used(const swapci_ring *ring);

/* Returns 1 while the other role is attached. One system call. */
bool swapci_ring_peer_alive(const swapci_ring *ring);

/* Waits until the other role is attached. Returns SWAPC_OK, UNREACHABLE (timeout), INTERRUPTED. */
enum swapc_status swapci_ring_wait_peer(swapci_ring *ring, int timeout_ms, swapc_error *error);

/* Makes a wait of this handle look at `stop` now, from a signal handler or another thread. */
void swapci_ring_wake_self(swapci_ring *ring);

/* How often this handle slept, and how often it had to wake its peer. */
typedef struct swapci_ring_stats {
    uint64_t sleeps;
    uint64_t wakes;
} swapci_ring_stats;
swapci_ring_stats swapci_ring_stats_get(const swapci_ring *ring);

/* ---- producer ------------------------------------------------------------------------------- */

/* Puts a record behind those published, not yet visible. Never waits.
 * Returns SWAPC_OK, BUSY (no room now), TOO_LARGE, CORRUPT (the consumer's counter is nonsense). */
enum swapc_status swapci_ring_put(swapci_ring *ring, swapc_bytes record, swapc_error *error);

/* Makes all put records visible: one store, and a wake only when the consumer sleeps. */
void swapci_ring_publish(swapci_ring *ring);

/* A record follows within some ten microseconds: wakes a consumer that sleeps, which looks for it awake for up
 * to SWAPCI_RING_AWAKE_US, so that its waking up and what comes before the record go on at once. With none that
 * sleeps: one load. */
void swapci_ring_rouse(swapci_ring *ring);

/* Puts and publishes, waiting for room. To keep two sleepers from waking each other for each
 * record, a wait for room ends when a quarter of the ring is free, or at the next slice.
 * Returns SWAPC_OK, BUSY (no room within the timeout), UNREACHABLE (no room and no consumer),
 * TOO_LARGE, CORRUPT, INTERRUPTED. Unless OK the record is not in the ring. */
enum swapc_status swapci_ring_write(swapci_ring *ring, swapc_bytes record, int timeout_ms,
                                    swapc_error *error);

/* Publishes, and waits until the consumer has released every record.
 * Returns SWAPC_OK, BUSY, UNREACHABLE, CORRUPT, INTERRUPTED. */
enum swapc_status swapci_ring_wait_drained(swapci_ring *ring, int timeout_ms, swapc_error *error);

/* Publishes and marks the end of the stream: the consumer gets CLOSED after the last record. The
 * mark goes with the next producer that attaches. */
void swapci_ring_finish(swapci_ring *ring);

/* Returns 1 when, since the last call (at first: since attaching), the consumer was replaced or
 * dropped unread records: what is unanswered must be sent again once the ring is drained. The first
 * consumer of a ring is no change: it lost nothing. */
bool swapci_ring_consumer_changed(swapci_ring *ring);

/* What the consumer noted there was, when it died: two numbers that mean what both sides agree on. */
typedef struct swapci_ring_left {
    uint64_t high, low;
} swapci_ring_left;

/* Takes away up to max notes that consumers left who died in the middle of something. They are there
 * when swapci_ring_consumer_changed says so. Of more than SWAPCI_RING_NOTES some are lost. Returns how
 * many. */
size_t swapci_ring_take_left(swapci_ring *ring, swapci_ring_left *out, size_t max);

/* ---- consumer ------------------------------------------------------------------------------- */

/* Notes in slot (below SWAPCI_RING_NOTES) what the consumer is at, or with high 0 that it is at nothing:
 * three stores, no system call. Should the process die now, the producer learns of it. */
void swapci_ring_note(swapci_ring *ring, unsigned slot, uint64_t high, uint64_t low);

/* Copies the next record that was not taken yet into out; its place is not freed. Never waits.
 * Out: *len bytes of the record; with TOO_LARGE the size that it needs.
 * Returns SWAPC_OK, EMPTY, CLOSED (the producer finished and all is taken), TOO_LARGE (size is too
 * small; the record stays), CORRUPT (stays so until swapci_ring_reset). */
enum swapc_status swapci_ring_take(swapci_ring *ring, void *out, size_t size, size_t *len,
                                   swapc_error *error);

/* Frees the places of all taken records: one store, and a wake only when the producer sleeps and
 * has now the room that it waits for. A consumer that dies before this leaves them to the next. */
void swapci_ring_release(swapci_ring *ring);

/* Takes and releases one record, waiting for it.
 * Returns as swapci_ring_take; EMPTY after the timeout; UNREACHABLE (nothing there and no producer
 * that could write), INTERRUPTED. */
enum swapc_status swapci_ring_read(swapci_ring *ring, void *out, size_t size, size_t *len,
                                   int timeout_ms, swapc_error *error);

/* Drops every published record and counts as a new consumer, so that the producer sends again.
 * Returns SWAPC_OK, or CORRUPT while the producer's counter is nonsense: its next publish mends it,
 * a dead producer's successor does too. */
enum swapc_status swapci_ring_reset(swapci_ring *ring, swapc_error *error);

#endif
