/* status_partitions.h - what `swapc status --partitions` shows: a line a partition, and their sums.
 *
 * Threads: the main thread's. Ownership: the caller's.
 */
#ifndef SWAPCI_STATUS_PARTITIONS_H
#define SWAPCI_STATUS_PARTITIONS_H

#include <jansson.h>
#include <stdio.h>

#include "control_types.h"
#include "rpc_client.h"

/* Asks, and once more until the process knows its streams' figures, as the first who asks has it
 * begin to look: for a few seconds at most, and not where patient is false. Returns as
 * swapci_control_client_partitions, UNSUPPORTED with a remedy. */
enum swapc_status swapci_status_partitions_ask(swapci_rpc_client *client, bool patient,
                                               swapci_control_partitions *out, swapc_error *error);

void swapci_status_partitions_print(FILE *to, const swapci_control_partitions *all);

/* Adds "each_partition" and "partition_sums" ({"here", "all"}) to the document. What is not
 * known is null. */
void swapci_status_partitions_json(const swapci_control_partitions *all, json_t *document);

#endif
