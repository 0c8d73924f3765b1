/* signer_impl.h - the signer's parts: signer.c (thread and questions), signer_send.c (from entry to
 * record), signer_recover.c (what was pending), signer_audit.c (what others did to stream and group). All of it belongs to the signer's thread, unless a
 * field says otherwise.
 */
#ifndef SWAPCI_SIGNER_IMPL_H
#define SWAPCI_SIGNER_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit.h"
#include "buffer.h"
#include "lease.h"
#include "log_limit.h"
#include "record.h"
#include "signer.h"
#include "strikes.h"
#include "verdict.h"

enum {
    SIGNER_BATCH = 128,
    SIGNER_BATCH_START = 1,        /* others may have put anything there */
    SIGNER_BATCH_BYTES = 2 << 20,  /* of messages; batches shrink to it when messages are large */
    SIGNER_ANSWER_BYTES = 16 << 20 /* of what Redis gives at once, beside one message that fits */
};

/* Somebody who wants to know when all is sent. */
typedef struct signer_waiter {
    struct signer_waiter *next;
    swapci_signer_sent_fn fn;
    void *user;
    enum { WAITER_NEW, WAITER_LOOKING, WAITER_RESOLVED } stage;
    swapci_stream_id target; /* once resolved: the last entry, looked up after the question */
} signer_waiter;

struct swapci_signer {
    swapci_signer_config config; /* its strings are not used after start, but for the next three */
    char consumer[SWAPCI_STREAM_CONSUMER_MAX + 1];
    swapci_stream_names names;
    const swapci_key_pairs *pairs;
    const swapci_method *method; /* of messages that name none */

    swapci_redis *redis;
    uint64_t epoch; /* of the connection over which the group was seen to be there */
    bool joined;    /* it was, at least once */
    swapci_sender *sender;
    swapci_verdict_writer *verdicts;
    swapci_batch batch;
    uint8_t *record; /* record_max bytes */
    size_t record_max;
    swapci_buffer altered; /* a tampered message */

    swapci_lease lease;
    swapci_log_limit renewal_limit; /* of what is said when the group was gone */
    swapci_log_limit loss_limit;    /* and when records may have been lost */
    bool told_waiting;              /* for another's lease to end */
    bool read_late;                 /* entries were given out when the lease may have expired */

    swapci_strikes strikes;
    bool strikes_known;                                 /* since the recovery began */
    swapci_transport_note left[SWAPCI_TRANSPORT_NOTES]; /* not counted yet */
    size_t left_count;
    bool alone; /* each message of the batch goes alone */

    size_t batch_max;  /* entries asked for at once */
    size_t batch_next; /* of the batch: the first entry that is not sent */
    bool batch_is_new; /* its entries were not given out before: `sent` rises with it */

    bool told_large;            /* that messages are read one by one */
    swapci_stream_id oversized; /* pending, and by itself more than may be read */
    bool recovering;
    swapci_stream_id recovered; /* pending entries up to here are sent again */
    swapci_stream_id sent;      /* entries up to here are read and signed */
    uint64_t chores_due_ns;
    unsigned
        adopted_none; /* looks in a row that found only entries of the dead which were too fresh to move */

    uint64_t audit_due_ns, stuck_since_ns;
    bool told_passed_over;  /* since an audit found nothing */
    swapci_stream_id stuck; /* the first pending entry at the last audit */
    bool told_deleted;      /* that pending ones are deleted, and answered */
    swapci_losses losses;   /* of messages that others took away unread */
    bool told_uncounted;    /* that they cannot be told */

    pthread_t thread;
    bool started;             /* and not joined */
    enum swapc_status status; /* of the thread; read after join */
    swapc_error error;

    atomic_int own_stop, drain, state;
    atomic_int *stop; /* the config's, or own_stop */
    atomic_bool owns; /* lease.held, for others */
#define SIGNER_COUNT(name) _Atomic uint64_t count_##name;
    SWAPCI_SIGNER_COUNTERS(SIGNER_COUNT)
#undef SIGNER_COUNT
    _Atomic uint64_t waiting, in_flight;
    atomic_bool full;

    pthread_mutex_t lock; /* of the two below */
    signer_waiter *waiters;
    bool ended;
};

/* Signs the batch's entries and writes their records; answers those that cannot be. Out: nothing of
 * the batch is needed any more. After a refusal of Redis it goes on where it stood; a batch that is
 * done is nothing to do. Returns INTERRUPTED, CORRUPT, those of redis.h, NO_MEMORY. */
enum swapc_status swapci_signer_send(swapci_signer *s, swapc_error *error);

/* One step of sending again what is pending; clears s->recovering when all is sent. */
enum swapc_status swapci_signer_recover(swapci_signer *s, swapc_error *error);

/* Renews the lease and, while it is held, adopts from the dead, when it is time. Starts a recovery when
 * the transport tells of a loss. To be called in every wait. */
enum swapc_status swapci_signer_chores(swapci_signer *s, swapc_error *error);

/* To be called when nothing new has come: takes up what is there and nobody's any more, and says what was
 * lost. */
enum swapc_status swapci_signer_audit(swapci_signer *s, swapc_error *error);

/* To be called when the group is there, before anything is read: what is gone from now on will be told. */
enum swapc_status swapci_signer_count_begin(swapci_signer *s, swapc_error *error);

/* A swapci_stream_gone_fn, user the signer: answers a message that is pending and was deleted. */
enum swapc_status swapci_signer_answer_deleted(void *user, swapci_stream_id id, swapc_error *error);

/* From the start. */
void swapci_signer_recovery_begin(swapci_signer *s);

/* To be called when Redis answered more than may be read, over a connection that has ended with it: what
 * is pending behind `after` is read again one by one. Returns IO when Redis cannot be reached now. */
enum swapc_status swapci_signer_too_much(swapci_signer *s, swapci_stream_id after,
                                         swapc_error *error);

/* Bytes that Redis may give at once, for swapci_redis_limit. */
static inline size_t swapci_signer_answer_max(const swapci_signer *s) {
    return SIGNER_ANSWER_BYTES + s->record_max;
}

/* One step of draining. Out: *done: nothing is pending. */
enum swapc_status swapci_signer_drain_step(swapci_signer *s, int *done, swapc_error *error);

static inline enum swapc_status swapci_signer_nap(swapci_signer *s, uint32_t ms,
                                                  swapc_error *error) {
    return swapci_redis_sleep(s->stop, ms, error);
}

#endif
