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
#define SWAPCI_CONTROL_LIST "/swapc.control.v1.Control/ListModules"
#define SWAPCI_CONTROL_SWAP "/swapc.control.v1.Control/Swap"
#define SWAPCI_CONTROL_ROLLBACK "/swapc.control.v1.Control/Rollback"

enum {
    SWAPCI_CONTROL_NAME_MAX = 64,
    SWAPCI_CONTROL_REASON_MAX = 384,
    SWAPCI_CONTROL_PATH_MAX = 4096,
    SWAPCI_CONTROL_PARTITIONS_MAX = 128,
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
