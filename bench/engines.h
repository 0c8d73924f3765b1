/* engines.h - `swapc bench engines`: every engine and flavour on the same signed requests.
 *
 * What is timed is the whole waPC call: MessagePack request in, MessagePack response out, key and
 * signature parsed inside. All contenders take the same bytes. Rounds are interleaved in slices of
 * a few calls, the order rotated, after a warm-up; the time is the thread's CPU time, wall time
 * beside it; the ratio to native is taken within each round, so that a machine whose speed drifts
 * still gives a true ratio (measure.h).
 *
 * Threads: runs on the caller's. Ownership: the report owns its rows until fini.
 */
#ifndef SWAPCI_BENCH_ENGINES_H
#define SWAPCI_BENCH_ENGINES_H

#include <stdbool.h>

#include "measure.h"
#include "method.h"
#include "swapc/swapc.h"

struct swapci_bench_row {
    char engine[32], flavour[32], method[16];
    bool peer;                            /* another waPC host, in a process of its own */
    bool by_default;                      /* what a user gets who names the engine alone */
    struct swapci_spread cpu_us, wall_us; /* of one call */
    struct swapci_spread ratio;           /* CPU time to native's; median 0: no native */
    struct swapci_spread to_ours;         /* to our wasmtime's default; median 0: none */
};

struct swapci_bench_config {
    const char *paths[SWAPCI_METHODS_MAX]; /* bundle of each method, by its number */
    struct swapci_pace pace;               /* 21 rounds by default of the command line */
    unsigned requests;                     /* calls of one contender in one round */
    const char *peers; /* folder of peers' programs (peer.h); NULL: none take part */
    /* Told of a peer (with engine, flavour and method) that is there and cannot take part; set
     * when peers is. */
    void (*failed)(const struct swapci_bench_row *row, const char *why, void *user);
    void *failed_user;
    bool best_only; /* of each engine only the flavour that it runs best */
    swapc_log log;
};

enum { SWAPCI_BENCH_ROWS_MAX = 64 };

struct swapci_bench_report {
    struct swapci_bench_row rows[SWAPCI_BENCH_ROWS_MAX];
    unsigned count;
    unsigned rounds, requests; /* rounds that were measured */
    bool interrupted;
};

/* Runs the benchmark. Before timing, each contender must answer `Valid` to every request, or
 * the whole fails. Returns SWAPC_OK or what loading and calling return. */
enum swapc_status swapci_bench_engines(const struct swapci_bench_config *config,
                                       struct swapci_bench_report *report, swapc_error *error);

/* The mean of the medians of an engine's best flavour over the methods. Returns false when the
 * engine has no row. *ratio is 0 without native. */
bool swapci_bench_engine_mean(const struct swapci_bench_report *report, const char *engine,
                              double *cpu_us, double *ratio);

#endif
