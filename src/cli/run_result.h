/* run_result.h - what `swapc run` reports: for people, in words or as a table, and as JSON for scripts.
 *
 * lost, duplicates and wrong come from the ledger, which reads the verdicts from Redis itself; the
 * pipeline's own counters are used only for times and swaps.
 *
 * Threads: none shared. Ownership: strings are borrowed and outlive the result.
 */
#ifndef SWAPCI_RUN_RESULT_H
#define SWAPCI_RUN_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "engines.h"
#include "histogram.h"
#include "method.h"
#include "swapc/swapc.h"

struct swapci_run_result {
    const char *engine, *method, *swap;
    uint64_t messages; /* added to the stream by this run */
    uint64_t valid, not_valid, errors;
    uint64_t lost, duplicates, wrong, tampered;
    double startup_s, elapsed_s;
    double bound_per_s;                  /* 0: not measured, as what it is made of: */
    double sign_us, verify_us, redis_us; /* CPU time a message */
    uint64_t sent;  /* records that the signer has sent; 0: it could not be asked */
    bool own_input; /* the messages are the user's, not random names */
    uint64_t swaps;
    unsigned workers;
    bool ring;      /* between signer and verifier; else Redis */
    unsigned batch; /* messages that may be judged by one call; 1: each has its own */
    /* A message's CPU time of its waPC call with its MessagePack; of one call for many its share. */
    const swapci_histogram *verify_ns;
    const swapci_histogram *latency_us; /* XADD to stored verdict */
    swapc_module_info modules[SWAPCI_METHODS_MAX];
    unsigned module_count;
    const char *input_error;                      /* why the input ended early; NULL: it did not */
    const struct swapci_bench_report *comparison; /* the engines side by side; NULL: not measured */
};

/* Whether the job is done as it should be: nothing lost, twice, wrong or in error, and
 * the input read to its end. */
bool swapci_run_result_good(const struct swapci_run_result *result);

/* The document of --json (swapc-run(1)); a new reference, or NULL. */
json_t *swapci_run_result_json(const struct swapci_run_result *result);

/* Messages a second, of those that have a verdict. */
double swapci_run_result_throughput(const struct swapci_run_result *result);

/* For who sees one for the first time: sentences, and a picture with figures; colour only when `colour`. */
void swapci_run_result_tell(const struct swapci_run_result *result, bool colour, FILE *to);

/* A line for each engine that is not in this build. */
void swapci_run_result_absent(FILE *to);

/* All figures in a table, with the original system's beside; colour only when `colour`. */
void swapci_run_result_print(const struct swapci_run_result *result, bool colour, FILE *to);

#endif
