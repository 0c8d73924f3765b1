/* process_names.h - the keys of `swapc process`: the Redis contract (for producers and readers).
 *
 *   IN                    stream, read as group GROUP; each entry has the field with the payload. Entries are acknowledged,
 *                         and stay, unless --delete says otherwise: other groups may read them.
 *   OUT                   stream: for each entry that the module answered one with the fields `id`, of the entry, and
 *                         the payload's with the answer; with --copy the entry's other fields, too.
 *   IN:dead               stream, or another one: what came to nothing, with `id`, `reason`, `text` where there is one, `digest` of the module that failed,
 *                         and the entry's fields (one of those names has `in-` before it; `swapc dead` gives it back).
 *   IN:GROUP              hash: `done`, the id of the last entry that is done; `out`, the stream that its outputs go to;
 *                         `terms`, what else its processes have in common (terms.h); `trying`, what is called alone because processes died (poison.h).
 *   IN:GROUP:owner        string that expires when the process that reads has died: its lease (lease.h).
 * In a Redis Cluster all names need a hash tag in common. Of partition k (partition.h) all names have the tag of IN: `orders` becomes
 * {orders.k}, `priced` {orders.k}:priced, its errors {orders.k}:dead or {orders.k}:ERRORS, and so on. The next stage reads
 * `--in {orders}:priced`, which is {orders.k}:priced.
 *
 * Threads: pure. Ownership: plain storage.
 */
#ifndef SWAPCI_PROCESS_NAMES_H
#define SWAPCI_PROCESS_NAMES_H

#include "partition.h"

enum { SWAPCI_PROCESS_NAME_MAX = 100, SWAPCI_PROCESS_GROUP_MAX = 40 };

#define SWAPCI_PROCESS_PAYLOAD "payload"
#define SWAPCI_PROCESS_ID "id"

typedef struct swapci_process_names {
    swapci_stream_names stream; /* in, out, errors, group */
    char state[SWAPCI_STREAM_NAME_MAX + 1];
    char lease[SWAPCI_STREAM_NAME_MAX + 1];
    const char *payload, *id; /* fields; borrowed */
} swapci_process_names;

/* As the options give them: in is needed, and out where there are outputs (NULL: their name is ""); the others have defaults where they
 * are NULL. Borrowed. */
struct swapci_process_given {
    const char *in, *out, *errors, *group, *payload, *id;
};

/* Returns SWAPC_OK; INVALID: one is empty, too long, has blanks or control characters, or two are the same. */
enum swapc_status swapci_process_names_init(swapci_process_names *out,
                                            const struct swapci_process_given *given,
                                            swapc_error *error);

/* Those of partition k, made of --in's. An out or errors with a hash tag must have that of in. Returns the same; TOO_LARGE. */
enum swapc_status swapci_process_names_partition(swapci_process_names *out,
                                                 const swapci_partitions *partitions, unsigned k,
                                                 const struct swapci_process_given *given,
                                                 swapc_error *error);

#endif
