/* calls.h - `swapc bench calls`: what one waPC call costs when the guest does nothing.
 *
 * The guest's operation `echo` answers with its payload. Timed is swapc_module_call, warm, on one
 * thread: the mean of a batch of calls, batches interleaved over engines and sizes; of the batches'
 * means, median, least and largest. Beside it, how many allocations of ours one call makes: the rule
 * is none.
 *
 * Threads: runs on the caller's. Ownership: the report is the caller's plain storage.
 */
#ifndef SWAPCI_BENCH_CALLS_H
#define SWAPCI_BENCH_CALLS_H

#include <jansson.h>
#include <stdio.h>

#include "stats.h"
#include "swapc/swapc.h"

struct swapci_calls_config {
    const char *echo_path; /* bundle */
    unsigned rounds;       /* batches of each row, at least 1 */
    swapc_log log;
    void (*progress)(unsigned done, unsigned total, void *user); /* NULL: none */
    void *progress_user;
};

struct swapci_calls_row {
    char engine[32];
    unsigned bytes;
    struct swapci_spread ns;
    double allocations; /* a call */
};

enum { SWAPCI_CALLS_ROWS_MAX = 32 };

struct swapci_calls_report {
    struct swapci_calls_row rows[SWAPCI_CALLS_ROWS_MAX];
    unsigned count;
    unsigned rounds;
};

/* Runs the benchmark; every answer is compared. Returns SWAPC_OK, CORRUPT for a wrong answer, or
 * what loading and calling return. */
enum swapc_status swapci_bench_calls(const struct swapci_calls_config *config,
                                     struct swapci_calls_report *report, swapc_error *error);

/* {"rows":[…],"host":{…}}; a new reference, or NULL when memory is out. */
json_t *swapci_calls_json(const struct swapci_calls_report *report);

void swapci_calls_print(const struct swapci_calls_report *report, FILE *to);

#endif
