/* partition_rows.h - how the partitions of a stream stand, as status, metrics and the page show them.
 *
 * Threads: any. Ownership: the caller's rows, one for each partition.
 */
#ifndef SWAPCI_PARTITION_ROWS_H
#define SWAPCI_PARTITION_ROWS_H

#include "control_types.h"
#include "crew.h"
#include "stream_watch.h"

/* What a crew knows of its partitions. */
typedef struct swapci_partition_view {
    swapci_crew *crew;                 /* it has some */
    const swapci_stream_place *places; /* of each partition */
    swapci_redis_health *health;       /* the same: of the connections of who works on it */
    void *user;
    /* Adds what was done of partition k by those that are gone; what a member has done, its
     * state, and why it is hindered. Under the fleet's lock. */
    void (*past)(const void *user, unsigned k, swapci_control_partition *row);
    void (*now)(const void *member, swapci_control_partition *row);
} swapci_partition_view;

/* All of it but what Redis knows. */
void swapci_partition_rows(const swapci_partition_view *view, swapci_control_partition *rows);

/* A row of which nothing is known but its number. */
swapci_control_partition swapci_partition_row(unsigned k);

/* Says in the row that its server, at url, hinders the work on it. */
void swapci_partition_row_silent(swapci_control_partition *row, const char *url);

#endif
