/* swap.h - `swapc bench swap`: how long replacing a module takes, until the new one has answered.
 *
 * One slot, one signature verification as the call. A swap is timed from before anything is done for
 * it until the first answer of the new module is there, and a plain call on the pinned slot is timed
 * before each swap; a row's figures are the swaps' times less the median of those plain calls, which
 * the row names too.
 *   warm: both modules are resident; publish, pin, call.
 *   disk: the module is loaded from the compiled form that is kept; publish, pin, call. Engines
 *         without a compiled form load its file.
 *   cold: the module is read and compiled.
 *
 * Threads: runs on the caller's. Ownership: the report is the caller's plain storage.
 */
#ifndef SWAPCI_BENCH_SWAP_H
#define SWAPCI_BENCH_SWAP_H

#include <jansson.h>
#include <stdio.h>

#include "swapc/swapc.h"

struct swapci_swap_config {
    const char *module_path; /* bundle of the first method */
    unsigned swaps;          /* warm ones; a tenth from disk and a fiftieth cold, but 10 at least */
    swapc_log log;
    void (*progress)(unsigned done, unsigned total, void *user); /* NULL: none */
    void *progress_user;
};

struct swapci_swap_row {
    char engine[32], mode[8];
    double p50_us, p99_us, max_us; /* over a normal call */
    double normal_us;              /* the median normal call */
    unsigned swaps;
};

enum { SWAPCI_SWAP_ROWS_MAX = 32 };

struct swapci_swap_report {
    struct swapci_swap_row rows[SWAPCI_SWAP_ROWS_MAX];
    unsigned count;
};

/* Runs the benchmark; every answer must be `Valid`. Returns SWAPC_OK, CORRUPT for a wrong answer, or
 * what loading and calling return. */
enum swapc_status swapci_bench_swap(const struct swapci_swap_config *config,
                                    struct swapci_swap_report *report, swapc_error *error);

/* {"rows":[…],"host":{…}}; a new reference, or NULL when memory is out. */
json_t *swapci_swap_json(const struct swapci_swap_report *report);

void swapci_swap_print(const struct swapci_swap_report *report, FILE *to);

#endif
