/* verdict_watch.h - what became of messages that this process added: waits for their verdicts, and says what
 * went wrong.
 *
 * Threads: one. Ownership: the caller's storage, given back by fini; the ledgers belong to the generator
 * while that runs.
 */
#ifndef SWAPCI_VERDICT_WATCH_H
#define SWAPCI_VERDICT_WATCH_H

#include <stdbool.h>

#include "generator.h"
#include "ledger.h"
#include "redis.h"
#include "stream.h"

/* The books of one stream. */
struct swapci_verdict_book {
    const swapci_stream_names *names;
    swapci_redis *redis;
    swapci_ledger *ledger;
    uint64_t answered; /* of the ledger's messages */
    bool empty;        /* of messages, as below */
};

struct swapci_verdict_watch {
    const char *command; /* who speaks; static */
    struct swapci_verdict_book *books;
    unsigned count;
    uint64_t answered; /* of all books */
    bool
        empty; /* the streams held no message at the last look: those that have no verdict by now get none */
};

/* Before the first message is added. places: each with its own ledger, which is made here and set there; the
 * array and its names outlive the watch. Returns SWAPC_OK, NO_MEMORY, or those of redis.h: PROTOCOL also when verdicts
 * may not be read. fini is to be called in any case. */
enum swapc_status swapci_verdict_watch_init(struct swapci_verdict_watch *watch, const char *command,
                                            const swapci_redis_config *redis,
                                            swapci_generator_place *places, unsigned count,
                                            swapc_error *error);

/* Once all is added: reads what verdicts there are. Returns SWAPC_OK, INTERRUPTED, or those of redis.h. */
enum swapc_status swapci_verdict_watch_look(struct swapci_verdict_watch *watch, swapc_error *error);

/* Whether no more can come, by the last look: each message has its verdict, or is in no stream any more. */
bool swapci_verdict_watch_over(const struct swapci_verdict_watch *watch);

/* Once all is added: looks until each message has its verdict, or none has got one for 30 s; that none
 * comes is said after 5 s. Returns as look. */
enum swapc_status swapci_verdict_watch_wait(struct swapci_verdict_watch *watch,
                                            const atomic_int *stop, swapc_error *error);

/* Prints the counts on stdout unless all are Valid. Returns whether all is well; if not, it says on stderr how many, why and
 * what to do. */
bool swapci_verdict_watch_report(const struct swapci_verdict_watch *watch);

void swapci_verdict_watch_fini(struct swapci_verdict_watch *watch);

#endif
