/* control_types.h - what swapc.control.v1.Control says of a process, as both sides see it.
 *
 * Threads and ownership: plain storage, no heap.
 */
#ifndef SWAPCI_CONTROL_TYPES_H
#define SWAPCI_CONTROL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWAPCI_CONTROL_STATUS "/swapc.control.v1.Control/Status"
#define SWAPCI_CONTROL_DRAIN "/swapc.control.v1.Control/Drain"
#define SWAPCI_CONTROL_PARTITIONS "/swapc.control.v1.Control/Partitions"
#define SWAPCI_CONTROL_LIST "/swapc.control.v1.Control/ListModules"
#define SWAPCI_CONTROL_SWAP "/swapc.control.v1.Control/Swap"
#define SWAPCI_CONTROL_ROLLBACK "/swapc.control.v1.Control/Rollback"

enum {
    SWAPCI_CONTROL_NAME_MAX = 64,
    SWAPCI_CONTROL_REASON_MAX = 496,
    SWAPCI_CONTROL_PATH_MAX = 4096,
    SWAPCI_CONTROL_PARTITIONS_MAX = 128,
    SWAPCI_CONTROL_PARTITION_ROWS = 256,
    SWAPCI_CONTROL_STATE_MAX = 24,
    SWAPCI_CONTROL_PLACE_MAX = 128,
    SWAPCI_CONTROL_WHY_MAX = 384,
    SWAPCI_CONTROL_COUNTERS_MAX = 16,
    SWAPCI_CONTROL_MODULES_MAX = 16
};

typedef struct swapci_control_counter {
    char name[SWAPCI_CONTROL_NAME_MAX];
    uint64_t value;
} swapci_control_counter;

typedef struct swapci_control_status {
    char role[SWAPCI_CONTROL_NAME_MAX];
    char version[SWAPCI_CONTROL_NAME_MAX];
    char state[SWAPCI_CONTROL_NAME_MAX]; /* "serving", "draining" */
    uint32_t pid;
    uint64_t uptime_ms;
    swapci_control_counter counters[SWAPCI_CONTROL_COUNTERS_MAX];
    size_t counter_count;
    bool serving, redis_up, peer_up;
    char reason[SWAPCI_CONTROL_REASON_MAX]; /* why not serving */
    uint64_t valid, not_valid, errors;      /* verdicts of this process */
    char last_error[SWAPCI_CONTROL_NAME_MAX];
    double rate_per_s;
    uint64_t waiting, in_flight;
    char partitions[SWAPCI_CONTROL_PARTITIONS_MAX]; /* "0-2 of 8": its own; "": it has none */
} swapci_control_status;

#define SWAPCI_CONTROL_UNKNOWN UINT64_MAX

/* Figures of a partition: X(name), each SWAPCI_CONTROL_UNKNOWN where it is not known. The first
 * three are of this process. */
#define SWAPCI_CONTROL_FIGURES(X)                                                                  \
    X(done)     /* messages signed, verdicts given, or entries done, since the start */            \
    X(errors)   /* of them: refused, Error, or among the errors */                                 \
    X(in_hand)  /* taken and not done */                                                           \
    X(messages) /* in its stream, all in all */                                                    \
    X(lag)      /* of them: given to nobody yet */                                                 \
    X(pending)  /* of them: given out, and not acknowledged */                                     \
    X(dead)     /* given up */

/* One of the partitions of a stream, which another process may have. */
typedef struct swapci_control_partition {
#define SWAPCI_CONTROL_FIGURE(name) uint64_t name;
    SWAPCI_CONTROL_FIGURES(SWAPCI_CONTROL_FIGURE)
#undef SWAPCI_CONTROL_FIGURE
    double rate_per_s; /* of done, over the last seconds */
    uint32_t number;
    bool silent;                          /* its server does not answer, or refuses; not sent */
    bool here;                            /* its lease is this process's */
    char state[SWAPCI_CONTROL_STATE_MAX]; /* "reading", "elsewhere", "failing", … */
    char server[SWAPCI_CONTROL_PLACE_MAX];
    char owner
        [SWAPCI_CONTROL_PLACE_MAX]; /* the consumer's name of who has it; "": nobody, or not known */
    char why[SWAPCI_CONTROL_WHY_MAX]; /* what hinders it here; "": nothing */
} swapci_control_partition;

typedef struct swapci_control_partitions {
    swapci_control_partition rows[SWAPCI_CONTROL_PARTITION_ROWS];
    size_t count; /* 0: it has none */
} swapci_control_partitions;

typedef struct swapci_control_module {
    char slot[SWAPCI_CONTROL_NAME_MAX];
    char name[SWAPCI_CONTROL_NAME_MAX];
    char version[SWAPCI_CONTROL_NAME_MAX];
    char engine[SWAPCI_CONTROL_NAME_MAX];
    char flavour[SWAPCI_CONTROL_NAME_MAX];
    char path[SWAPCI_CONTROL_PATH_MAX];
    char digest[65];
    uint64_t generation; /* 0: nothing published */
    bool unoptimised;    /* see swapc_module_info */
} swapci_control_module;

/* What lines about it say behind its flavour. */
static inline const char *swapci_control_unoptimised(const swapci_control_module *module) {
    return module->unoptimised ? ", unoptimised" : "";
}

typedef struct swapci_control_modules {
    swapci_control_module rows[SWAPCI_CONTROL_MODULES_MAX];
    size_t count;
} swapci_control_modules;

#endif
