/* transport.h - how signed records come from signers to verifiers: what a back end has to be.
 *
 * A transport carries byte strings in order from one sender to the receivers of its name, each at most
 * once. It need not be durable, and it says so when it was not: a message stays pending in Redis until
 * its verdict is stored, so what is lost on the way is sent again once swapci_sender_lost says that
 * there was a loss. It knows nothing of what the records mean, and the sides know nothing of how it
 * carries them. Back ends: transport_ring.h (shared memory, one sender and one receiver on one
 * machine), transport_redis.h (a stream, any number of both on any machines); tests have one in memory. A
 * new one is a file with the two structs of slots below, and a row where the command line opens it
 * (src/cli/via.c).
 *
 * Where there are many: a receiver that has died, or a stream that was deleted, is a loss to every sender;
 * the end of one of many senders closes nothing; in_flight and wait_taken speak of what this sender sent,
 * and of what was there when it came.
 *
 * Threads: a handle belongs to one thread at a time; receivers that several threads use are guarded by
 *     their lock, but for note. interrupt and the peer's alive may be called by any thread at any time before close,
 *     interrupt also from a signal handler. Sender and receiver are handles of their own, in the same
 *     process or not.
 * Ownership: a back end's open gives a handle, close frees it. Records are copied in and out.
 * Waiting: timeout_ms 0: never, and nobody asks after the peer (BUSY, EMPTY); negative: no limit. Every
 *     wait ends when the handle is interrupted, and sees that the peer has died within a
 *     second, or over a network within its lease. What is said there of the peer may be old by a fraction of a second.
 * Errors: `error` may be NULL. It is filled for TOO_LARGE, CORRUPT, UNREACHABLE and failures of the back
 *     end; EMPTY, BUSY, CLOSED and INTERRUPTED are ordinary answers and leave it alone.
 */
#ifndef SWAPCI_TRANSPORT_H
#define SWAPCI_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "swapc/bytes.h"
#include "swapc/error.h"

/* What a worker was at: the message's id, and whether it was sent alone. Or many messages at once: ids from
 * ms-0 on whose ms is at most last_ms, among which they all are. */
typedef struct swapci_transport_note {
    uint64_t ms, seq; /* of the id; ms is below SWAPCI_TRANSPORT_NOTE_MS and never 0 */
    uint64_t last_ms; /* 0: one message */
    bool alone;
} swapci_transport_note;

#define SWAPCI_TRANSPORT_NOTE_MS (UINT64_C(1) << 62)

enum {
    SWAPCI_TRANSPORT_PLACE_MAX = 192,
    SWAPCI_TRANSPORT_NOTES = 64,           /* workers of a receiver, and notes kept of dead ones */
    SWAPCI_TRANSPORT_RECORD_MAX = 2 << 20, /* bytes: the default of back ends */
    SWAPCI_TRANSPORT_COUNTED = 512         /* records in flight that in_flight tells apart */
};

typedef struct swapci_sender swapci_sender;
typedef struct swapci_receiver swapci_receiver;

/* ---- the slots of a back end; callers use the functions below ------------------------------- */

struct swapci_sender_ops {
    /* Sends one record and makes it visible, or collects it until flush. Waits for room up to timeout_ms. The
     * bytes are copied before it returns. Returns OK; BUSY (no room in that time), UNREACHABLE (no room, and no
     * receiver that could make some), TOO_LARGE (for good), CORRUPT, INTERRUPTED, or the back end's
     * own failure. Unless OK the record was not sent, and may be again. */
    enum swapc_status (*send)(swapci_sender *sender, swapc_bytes record, int timeout_ms,
                              swapc_error *error);
    /* NULL, or: makes visible what send has collected; what that loses, lost tells. in_flight, wait_taken
     * and finish do the same. Returns OK, INTERRUPTED, or the back end's own failure. */
    enum swapc_status (*flush)(swapci_sender *sender, swapc_error *error);
    /* NULL, or: a record follows at once; a receiver that sleeps may get ready for it. Does not wait. */
    void (*rouse)(swapci_sender *sender);
    /* How many records are sent and not taken yet: exact or too high, up to SWAPCI_TRANSPORT_COUNTED.
     * Does not wait. */
    size_t (*in_flight)(swapci_sender *sender);
    /* Waits until all that was sent is taken (taken, not judged). Returns OK, BUSY (not in that time),
     * UNREACHABLE (no receiver), CORRUPT, INTERRUPTED. Nothing changes by it. */
    enum swapc_status (*wait_taken)(swapci_sender *sender, int timeout_ms, swapc_error *error);
    /* Waits for a receiver. Returns OK, UNREACHABLE (none came in that time), INTERRUPTED. */
    enum swapc_status (*wait_receiver)(swapci_sender *sender, int timeout_ms, swapc_error *error);
    /* Whether a receiver is there. Any thread. Does not wait. */
    bool (*receiver_alive)(const swapci_sender *sender);
    /* Whether, since the last call, records may have been lost: a receiver died with what it had
     * taken, or dropped what was under way. The first receiver ever is none of these. Does not wait. */
    bool (*lost)(swapci_sender *sender);
    /* Takes away up to max notes of receivers that died with them (see the receiver's note): what they
     * were at when they died. They are there once lost has said that a receiver died; of more than
     * SWAPCI_TRANSPORT_NOTES some are forgotten. Returns how many. Does not wait. */
    size_t (*left)(swapci_sender *sender, swapci_transport_note *out, size_t max);
    /* Nothing will be sent any more: where there is no other sender, receivers get CLOSED once all is
     * taken, until a new sender opens. Only close and any-thread slots follow. */
    void (*finish)(swapci_sender *sender);
    /* Ends the wait that goes on and every later one with INTERRUPTED. Any thread, and signal
     * handlers. What needs no wait is still done. */
    void (*interrupt)(swapci_sender *sender);
    /* Lets go and frees; without finish, what was sent stays for a receiver that is there. */
    void (*close)(swapci_sender *sender);
    /* NULL, or: removes what close would leave nobody else to remove, and touches nothing else, since
     * other threads may be in any slot: the process ends at once. Any thread. Does not wait. */
    void (*abandon)(const swapci_sender *sender);
};

/* How much of its room what is under way fills, in bytes. */
typedef struct swapci_transport_fill {
    size_t used, capacity; /* capacity 0: it has no such bound */
} swapci_transport_fill;

struct swapci_receiver_ops {
    /* Takes what is there, up to `max` records and as many as fit `size` bytes, in order, into arena,
     * one behind the other; with none there waits for one up to timeout_ms. Taking is for good: who
     * dies with a record has lost it. A record that does not fit in what is left stays. `size` is at
     * least record_max. Out: records[0 … *count - 1], views into arena; *count is 0 unless OK.
     * Returns OK (at least one), EMPTY, CLOSED (all senders have finished, and all is taken),
     * UNREACHABLE (nothing there and no sender), CORRUPT (stays so until reset), INTERRUPTED, or the
     * back end's own failure. */
    enum swapc_status (*take)(swapci_receiver *receiver, void *arena, size_t size,
                              swapc_bytes *records, unsigned max, unsigned *count, int timeout_ms,
                              swapc_error *error);
    /* Drops all that is under way, whole or broken, and makes it a loss that the senders see. Does not
     * wait. Returns OK; CORRUPT while it cannot be mended from this side: try again later. */
    enum swapc_status (*reset)(swapci_receiver *receiver, swapc_error *error);
    /* NULL, or: tells that a worker comes to messages of a range now, as a note of many, one after the other
     * or together (NULL: it is through with them), where each note by itself would be dear: notes within it, but
     * of `alone`, then cost nothing, and should the process die a sender learns of the whole range. A thread a
     * worker. */
    void (*announce)(swapci_receiver *receiver, unsigned worker,
                     const swapci_transport_note *range);
    /* Notes what `worker` (below SWAPCI_TRANSPORT_NOTES) is at, NULL: nothing. Should the process die
     * before the next note, a sender learns of it. A thread a worker. Some stores; does not wait, but
     * over a network for one that is alone. */
    void (*note)(swapci_receiver *receiver, unsigned worker, const swapci_transport_note *note);
    /* Whether a sender is there. Any thread. Does not wait. */
    bool (*sender_alive)(const swapci_receiver *receiver);
    /* NULL, or: what is sent and not taken. Any thread. Does not wait. */
    swapci_transport_fill (*fill)(const swapci_receiver *receiver);
    /* As of a sender. */
    void (*interrupt)(swapci_receiver *receiver);
    /* Lets go and frees. What was not taken stays for the next receiver. */
    void (*close)(swapci_receiver *receiver);
    /* As of a sender. */
    void (*abandon)(const swapci_receiver *receiver);
};

/* What a back end's handle begins with. */
struct swapci_sender {
    const struct swapci_sender_ops *ops;
    size_t record_max; /* bytes of the largest record; const */
    /* Where it sends from, const: no two senders of one place are ever open at once, on whatever machine,
     * so that who has a place knows the one who had it before to be gone. "": there is none. */
    char place[SWAPCI_TRANSPORT_PLACE_MAX];
};

struct swapci_receiver {
    const struct swapci_receiver_ops *ops;
    size_t record_max; /* as its senders', or more; const */
};

/* ---- for signers and verifiers -------------------------------------------------------------- */

static inline enum swapc_status swapci_sender_send(swapci_sender *sender, swapc_bytes record,
                                                   int timeout_ms, swapc_error *error) {
    return sender->ops->send(sender, record, timeout_ms, error);
}

static inline enum swapc_status swapci_sender_flush(swapci_sender *sender, swapc_error *error) {
    return sender->ops->flush ? sender->ops->flush(sender, error) : SWAPC_OK;
}

static inline void swapci_sender_rouse(swapci_sender *sender) {
    if (sender->ops->rouse) sender->ops->rouse(sender);
}

static inline size_t swapci_sender_in_flight(swapci_sender *sender) {
    return sender->ops->in_flight(sender);
}

static inline enum swapc_status swapci_sender_wait_taken(swapci_sender *sender, int timeout_ms,
                                                         swapc_error *error) {
    return sender->ops->wait_taken(sender, timeout_ms, error);
}

static inline enum swapc_status swapci_sender_wait_receiver(swapci_sender *sender, int timeout_ms,
                                                            swapc_error *error) {
    return sender->ops->wait_receiver(sender, timeout_ms, error);
}

static inline bool swapci_sender_receiver_alive(const swapci_sender *sender) {
    return sender->ops->receiver_alive(sender);
}

static inline bool swapci_sender_lost(swapci_sender *sender) {
    return sender->ops->lost(sender);
}

static inline size_t swapci_sender_left(swapci_sender *sender, swapci_transport_note *out,
                                        size_t max) {
    return sender->ops->left(sender, out, max);
}

static inline void swapci_sender_finish(swapci_sender *sender) {
    sender->ops->finish(sender);
}

static inline void swapci_sender_interrupt(swapci_sender *sender) {
    sender->ops->interrupt(sender);
}

/* NULL does nothing. */
static inline void swapci_sender_close(swapci_sender *sender) {
    if (sender) sender->ops->close(sender);
}

static inline void swapci_sender_abandon(const swapci_sender *sender) {
    if (sender->ops->abandon) sender->ops->abandon(sender);
}

static inline void swapci_receiver_abandon(const swapci_receiver *receiver) {
    if (receiver->ops->abandon) receiver->ops->abandon(receiver);
}

static inline enum swapc_status swapci_receiver_take(swapci_receiver *receiver, void *arena,
                                                     size_t size, swapc_bytes *records,
                                                     unsigned max, unsigned *count, int timeout_ms,
                                                     swapc_error *error) {
    return receiver->ops->take(receiver, arena, size, records, max, count, timeout_ms, error);
}

static inline enum swapc_status swapci_receiver_reset(swapci_receiver *receiver,
                                                      swapc_error *error) {
    return receiver->ops->reset(receiver, error);
}

/* Whether announce does anything. */
static inline bool swapci_receiver_announces(const swapci_receiver *receiver) {
    return receiver->ops->announce != NULL;
}

static inline void swapci_receiver_announce(swapci_receiver *receiver, unsigned worker,
                                            const swapci_transport_note *range) {
    if (receiver->ops->announce) receiver->ops->announce(receiver, worker, range);
}

static inline void swapci_receiver_note(swapci_receiver *receiver, unsigned worker,
                                        const swapci_transport_note *note) {
    receiver->ops->note(receiver, worker, note);
}

static inline bool swapci_receiver_sender_alive(const swapci_receiver *receiver) {
    return receiver->ops->sender_alive(receiver);
}

static inline swapci_transport_fill swapci_receiver_fill(const swapci_receiver *receiver) {
    return receiver->ops->fill ? receiver->ops->fill(receiver) : (swapci_transport_fill){0, 0};
}

static inline void swapci_receiver_interrupt(swapci_receiver *receiver) {
    receiver->ops->interrupt(receiver);
}

/* NULL does nothing. */
static inline void swapci_receiver_close(swapci_receiver *receiver) {
    if (receiver) receiver->ops->close(receiver);
}

#endif
