/* entry.h - entries of a stream as `swapc process` reads them: any fields, from answers without objects (redis_flat.h).
 *
 * Threads: pure; a list by one thread at a time. Ownership: entries are views into the flat answer.
 */
#ifndef SWAPCI_PROCESS_ENTRY_H
#define SWAPCI_PROCESS_ENTRY_H

#include "redis_flat.h"
#include "stream.h"

typedef struct swapci_process_entry {
    swapci_stream_id id;
    swapc_bytes id_text;
    bool has_payload; /* false: no such field, or the entry was deleted while it was pending */
    swapc_bytes payload;
    size_t first, fields; /* the parts of its fields: names and values */
} swapci_process_entry;

typedef struct swapci_process_entries {
    swapci_redis_flat flat; /* of the answers, one behind the other */
    swapci_process_entry *list;
    size_t count;
    size_t capacity; /* private */
    size_t bytes;    /* of all texts */
} swapci_process_entries;

void swapci_process_entries_fini(swapci_process_entries *entries);

/* Takes the answers of swapci_stream_ask, or the one of XCLAIM. field: that holds the payload. Out: the entries of all, none when
 * nothing came. Returns as swapci_stream_hear; PROTOCOL when it is no such answer. */
enum swapc_status swapci_process_entries_take(swapci_redis *redis, unsigned answers,
                                              swapc_bytes field, swapci_process_entries *out,
                                              swapc_error *error);

#endif
