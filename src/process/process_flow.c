/* What is shared: see process_impl.h. From stream to stream: while a batch is called, Redis stores what came of the one before and has the next one ready; while there is none, the
 * read that waits for it stands behind the last store. */
#include "clock.h"
#include "fail_point.h"
#include "process_impl.h"
#include "redis_refusal.h"

/* A read that waits is waited for, since what it brings must not be left: so late may a stop be seen. It is less than the margin
 * of a lease (lease.c), so that who loses that is given nothing of the next one's. */
enum {
    BLOCK_MS = 100,
    BLOCK_IDLE_MS = 400, /* after IDLE_MS without an entry */
    IDLE_MS = 2000,
    AHEAD = 64,            /* entries that are worth a read before they are done */
    BATCH_BYTES = 1 << 20, /* batches shrink to it when entries are large */
    READ_FEW = 16
};

/* Whether the next batch may be read. */
static bool may_read(const swapci_process *p) {
    return !swapci_process_stopping(p) && swapci_keeper_owns(&p->keeper) &&
           !atomic_load_explicit(&p->keeper.lagging, memory_order_relaxed) &&
           swapci_clock_monotonic_ns() < p->look_due_ns;
}

static enum swapc_status send_read(swapci_process *p, uint32_t block_ms, swapc_error *error) {
    enum swapc_status status =
        swapci_stream_ask(p->redis, &p->names->stream, p->config.consumer, (unsigned)p->read_max,
                          block_ms, &p->reading, error);
    return status == SWAPC_OK ? swapci_redis_flush(p->redis, error) : status;
}

/* As many as fit, and not too many more than the last time: what comes may be larger than what came. */
static void adapt(swapci_process *p, const swapci_process_entries *e) {
    if (e->count == 0) return;
    size_t mean = e->bytes / e->count + 1, fit = BATCH_BYTES / mean;
    size_t most = e->count >= p->read_max ? 4 * p->read_max : p->read_max;
    p->read_max = fit < most ? fit : most;
    if (p->read_max < 1) p->read_max = 1;
    if (p->read_max > SWAPCI_PROCESS_BATCH) p->read_max = SWAPCI_PROCESS_BATCH;
}

static uint32_t block_ms(const swapci_process *p) {
    bool idle = swapci_clock_monotonic_ns() > p->came_ns + IDLE_MS * UINT64_C(1000000);
    return idle ? BLOCK_IDLE_MS : BLOCK_MS;
}

enum swapc_status swapci_process_take(swapci_process *p, swapci_process_entries *out,
                                      swapc_error *error) {
    enum swapc_status status = swapci_process_entries_take(
        p->redis, p->reading ? p->reading : 1, swapc_bytes_str(p->names->payload), out, error);
    p->reading = 0;
    if (status == SWAPC_OK) adapt(p, out);
    return status;
}

/* What was given to us when the lease may have been another's is that one's. */
static enum swapc_status take_read(swapci_process *p, swapci_process_entries *out,
                                   swapc_error *error) {
    enum swapc_status status = swapci_process_take(p, out, error);
    if (status != SWAPC_OK || out->count == 0) return status;
    p->came_ns = swapci_clock_monotonic_ns();
    swapci_fail_point(SWAPCI_FAIL_after_xreadgroup);
    return swapci_keeper_owns(&p->keeper) ? status : SWAPC_CLOSED;
}

enum swapc_status swapci_process_send(swapci_process *p, swapci_stream_id last,
                                      swapc_error *error) {
    swapci_caller *c = &p->callers[0];
    p->committing_errors = c->results.errors;
    p->storing = true;
    enum swapc_status status = swapci_process_outputs_send(&p->outputs, &c->results, last, error);
    p->committing = status == SWAPC_OK;
    return status;
}

enum swapc_status swapci_process_stored(swapci_process *p, swapc_error *error) {
    size_t count = p->outputs.sent, errors = p->committing_errors;
    p->committing = false;
    enum swapc_status status = swapci_process_outputs_take(&p->outputs, error);
    if (status != SWAPC_IO && !swapci_redis_is_outsized(p->redis)) p->storing = false;
    if (status != SWAPC_OK || count == 0) return status;
    swapci_process_add(&p->count_done, count);
    swapci_process_add(&p->count_errors, errors);
    swapci_process_add(&p->count_outputs, count - errors);
    swapci_process_add(&p->count_batches, 1);
    swapci_keeper_worked(&p->keeper);
    return status;
}

enum swapc_status swapci_process_store(swapci_process *p, swapci_stream_id last,
                                       swapc_error *error) {
    p->outputs.in_order = false; /* what is recovered comes in order, but for what was deleted */
    enum swapc_status status = swapci_process_send(p, last, error);
    return status == SWAPC_OK ? swapci_process_stored(p, error) : status;
}

static void note_in_hand(swapci_process *p, size_t entries) {
    atomic_store_explicit(&p->in_hand, entries, memory_order_relaxed);
}

/* Calls for what is left of a batch behind the first *done, and sends what comes of it behind the answers that are owed, of
 * which the next batch is one. */
static enum swapc_status part(swapci_process *p, const swapci_process_entries *now, size_t *done,
                              swapci_process_entries *next, swapc_error *error) {
    const swapci_process_results *results = &p->callers[0].results;
    enum swapc_status status = swapci_process_call(p, now, *done, error);
    if (status == SWAPC_OK && p->committing) status = swapci_process_stored(p, error);
    if (status == SWAPC_OK && p->reading > 0) status = take_read(p, next, error);
    if (status != SWAPC_OK || results->count == 0) return status;
    *done += results->count;
    p->outputs.in_order = true;
    return swapci_process_send(p, now->list[*done - 1].id, error);
}

/* A batch; while it is called, the next one is read. Behind a lone entry the read waits for its store to be answered: else Redis does
 * the read, too, before it tells the readers of the output. */
static enum swapc_status turn(swapci_process *p, const swapci_process_entries *now,
                              swapci_process_entries *next, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    size_t done = 0;
    next->count = 0;
    note_in_hand(p, now->count);
    if (now->count >= AHEAD && may_read(p)) status = send_read(p, 0, error);
    do {
        if (status == SWAPC_OK) status = part(p, now, &done, next, error);
    } while (status == SWAPC_OK && done < now->count && !swapci_process_gives_up(p));
    if (status != SWAPC_OK || next->count > 0 || !may_read(p)) return status;
    if (now->count == 1) status = swapci_process_stored(p, error);
    if (status == SWAPC_OK) status = send_read(p, block_ms(p), error);
    if (status == SWAPC_OK && p->committing) status = swapci_process_stored(p, error);
    note_in_hand(p, 0);
    return status == SWAPC_OK ? take_read(p, next, error) : status;
}

/* Takes what is owed, so that the connection can be used. What a read brings is pending. */
static enum swapc_status settle_owed(swapci_process *p, swapc_error *error) {
    enum swapc_status status = SWAPC_OK;
    if (p->committing) status = swapci_process_stored(p, error);
    if (status == SWAPC_CLOSED || status == SWAPC_BUSY) status = SWAPC_OK; /* it has been said */
    if (status == SWAPC_OK && p->reading > 0) status = swapci_process_take(p, &p->hands[0], error);
    return status;
}

enum swapc_status swapci_process_flow(swapci_process *p, swapc_error *error) {
    unsigned at = 0;
    swapci_process_entries *now = &p->hands[0];
    if (p->read_max == 0) p->read_max = READ_FEW;
    enum swapc_status status = send_read(p, block_ms(p), error);
    if (status == SWAPC_OK) status = take_read(p, now, error);
    while (status == SWAPC_OK && now->count > 0 && !swapci_process_gives_up(p)) {
        at = 1 - at;
        status = turn(p, now, &p->hands[at], error);
        now = &p->hands[at];
    }
    note_in_hand(p, 0);
    if (status != SWAPC_OK && status != SWAPC_CLOSED && status != SWAPC_BUSY) return status;
    enum swapc_status owed = settle_owed(p, error);
    return owed == SWAPC_OK ? status : owed;
}
