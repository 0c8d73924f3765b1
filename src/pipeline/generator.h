/* generator.h - makes messages and adds them to the stream, no faster than they are answered.
 *
 * XADDs go in pipelines of 256; with each, the stream's length is asked, and while more than
 * unanswered_max messages stand in it (whoever added them) none is added. A slow input is sent on
 * as it comes. What Redis refuses is added later, as redis_retry.h says. When a connection is lost, the
 * messages without an answer are added again: those of which only the answer was lost are then in the
 * stream twice, under an id that no ledger has. Where there are several places, one message after the other
 * goes to the next of them, in rounds of a pipeline to each, of 4096 messages at most; the bound is for all together.
 *
 * Threads: swapci_generator_run blocks; run it on a thread of its own, or in a process of its own.
 *     Nobody else may use its ledger meanwhile; sent may be read by anyone.
 * Ownership: what the config points at is borrowed for the call.
 */
#ifndef SWAPCI_GENERATOR_H
#define SWAPCI_GENERATOR_H

#include "ledger.h"
#include "stream.h"

enum { SWAPCI_GENERATOR_BATCH = 256, SWAPCI_GENERATOR_UNANSWERED_MAX = 65536 };

/* One stream that messages go to. */
typedef struct swapci_generator_place {
    const char *url; /* of its server */
    const swapci_stream_names *names;
    swapci_ledger *ledger; /* gets its ids; NULL: none */
} swapci_generator_place;

typedef struct swapci_generator_config {
    swapci_redis_config redis; /* its stop ends the run */
    swapci_stream_names names;
    const swapci_generator_place
        *places; /* instead of redis.url, names and ledger; NULL: they are the one */
    unsigned place_count;
    const char *input;       /* NULL: random names; a file's path; "-": the standard input */
    uint64_t messages;       /* at most so many; 0: all lines of input (not allowed for names) */
    const char *method;      /* a name, "random": drawn for each; NULL: no such field */
    uint64_t seed;           /* of names and methods */
    size_t message_max;      /* bytes */
    uint64_t unanswered_max; /* 0: SWAPCI_GENERATOR_UNANSWERED_MAX */
    swapci_ledger *ledger;   /* gets the ids; NULL: none */
    _Atomic uint64_t *sent;  /* counts as answers come; NULL: none */
} swapci_generator_config;

typedef struct swapci_generator_result {
    uint64_t sent;
    uint64_t bytes;    /* of all messages */
    uint64_t first_us; /* just before the first XADD was sent, microseconds since 1970; 0: none */
} swapci_generator_result;

/* Adds the messages. Out: *result, also after failure.
 * Returns SWAPC_OK; INVALID (method; names without a number); TOO_LARGE (a line, named); NOT_FOUND,
 * IO (the input); UNREACHABLE, PROTOCOL (Redis); INTERRUPTED; NO_MEMORY. */
enum swapc_status swapci_generator_run(const swapci_generator_config *config,
                                       swapci_generator_result *result, swapc_error *error);

#endif
