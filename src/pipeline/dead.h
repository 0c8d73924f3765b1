/* dead.h - what was given up, as streams of dead letters keep it: shown, given back, or dropped.
 *
 * A letter is an entry of names->dead. Of two kinds: P:dead has the body of a message that verifiers died on, with what
 * is known of it (verdict.h); the errors of `swapc process` have the id of an entry, `reason`, `text` and `digest` where there are such, and all
 * the entry's fields (outputs.h). What is given back is a new entry of names->messages with a new id, as the old one is
 * done; it comes behind those that are there now.
 *
 * Threads: as the connection. Ownership: a letter's views are void after the callback.
 * Statuses: those of redis.h. A lost answer may be asked for again: what was done stays done once.
 */
#ifndef SWAPCI_DEAD_H
#define SWAPCI_DEAD_H

#include "stream.h"

typedef struct swapci_letter {
    swapci_stream_id entry; /* its own in P:dead: when it was put there */
    swapci_stream_id id;    /* of the message; {0, 0}: not said */
    bool has_body;
    swapc_bytes body, method, reason; /* empty: not said */
    uint64_t t_us;                    /* when the message was added; 0: not said */
    uint64_t strikes;
    swapc_bytes text, digest; /* of an entry's letter; its body is the value of its first field, */
    size_t size;              /* and the size that of all its values; else the body's */
} swapci_letter;

enum swapci_letter_kind { SWAPCI_LETTER_MESSAGE, SWAPCI_LETTER_ENTRY };

/* Returns SWAPC_OK to go on. */
typedef enum swapc_status (*swapci_letter_fn)(const swapci_letter *letter, void *user,
                                              swapc_error *error);

/* Shows all letters to fn, the oldest first, with few of them in memory. Returns the first failure, fn's
 * included. */
enum swapc_status swapci_dead_each(swapci_redis *redis, const swapci_stream_names *names,
                                   enum swapci_letter_kind kind, swapci_letter_fn fn, void *user,
                                   swapc_error *error);

/* Adds the letter's body to P:messages as a new message of its method, or the fields of its entry as a new entry of names->messages, and takes the letter away: both
 * or, whatever is refused, neither. Out: *taken; false: there is no such letter (any more). *id: of what is
 * new, when taken. Returns NOT_FOUND for a letter without a body, or without its entry's fields. */
enum swapc_status swapci_dead_retry(swapci_redis *redis, const swapci_stream_names *names,
                                    enum swapci_letter_kind kind, swapci_stream_id entry,
                                    bool *taken, swapci_stream_id *id, swapc_error *error);

/* Takes the letter away. Out: *taken as above. */
enum swapc_status swapci_dead_drop(swapci_redis *redis, const swapci_stream_names *names,
                                   swapci_stream_id entry, bool *taken, swapc_error *error);

#endif
