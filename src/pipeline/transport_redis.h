/* transport_redis.h - the transport over a Redis stream: any number of senders and receivers, on any machines.
 *
 * Records are the entries of P:signed (field `r`), which the receivers read as one group. Taking is for
 * good: who takes a record has it alone, and what is taken is trimmed away. P:signed holds what is under
 * way and at most what was taken last; each sender has at most `capacity` bytes in it, and waits when these
 * are not taken.
 *
 * Each side renews, once a second, a lease of SWAPCI_TRANSPORT_REDIS_LEASE_MS; who has not is dead. A receiver
 * that died, or that went with what it had taken, a stream that was deleted, and a lost connection are a loss,
 * which every sender is told. What the workers of a receiver are at is noted in Redis before it is judged,
 * for a range of messages at once (announce), and alone ones one by one, with an answer awaited.
 *
 *   P:signed           stream, group `swapc`
 *   P:signed:peers     hash: who is there, and until when
 *   P:signed:losses    stream of the last losses, of about 1000 entries
 *   P:signed:notes     hash: what the workers are at
 *
 * What Redis refuses is tried again, as redis_retry.h says for the connection's config; a sender that does
 * not get through answers BUSY after each try, and counts what it sent meanwhile as lost.
 *
 * Threads, ownership: see transport.h. A receiver has a thread of its own, which keeps its lease.
 */
#ifndef SWAPCI_TRANSPORT_REDIS_H
#define SWAPCI_TRANSPORT_REDIS_H

#include "stream.h"
#include "transport.h"

enum {
    SWAPCI_TRANSPORT_REDIS_LEASE_MS = 8000,
    SWAPCI_TRANSPORT_REDIS_POLL_MS = 250 /* how old what is known of the other side may be */
};

typedef struct swapci_transport_redis_config {
    swapci_redis_config redis; /* its stop ends the wait for the first connection */
    const swapci_stream_names *names;
    size_t capacity;    /* bytes under way of a sender; 0: 4 * SWAPCI_TRANSPORT_RECORD_MAX */
    int poll_ms;        /* 0: as above; negative: always asked anew */
    uint32_t lease_ms;  /* 0: SWAPCI_TRANSPORT_REDIS_LEASE_MS; of all sides the same */
    uint32_t answer_ms; /* of a heartbeat and of the farewell; 0: 2000 and 1000 */
    /* Of a sender: who signs under this name. It has a file in /dev/shm, by whose lock its successor on this
     * host knows that it is gone, and which is its place (transport.h). NULL: none. */
    const char *consumer;
} swapci_transport_redis_config;

/* Join as one more sender, or receiver. Stream and group are made when they are not there.
 * Returns the failures of swapci_redis_open and redis_retry.h, INVALID, SYSTEM, NO_MEMORY. After failure *out is
 * untouched. */
enum swapc_status swapci_transport_redis_send(const swapci_transport_redis_config *config,
                                              swapci_sender **out, swapc_error *error);
enum swapc_status swapci_transport_redis_receive(const swapci_transport_redis_config *config,
                                                 swapci_receiver **out, swapc_error *error);

/* Removes the file of a consumer whose name will not come again. */
void swapci_transport_redis_forget(const swapci_stream_names *names, const char *consumer);

#endif
