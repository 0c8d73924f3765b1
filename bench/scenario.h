/* scenario.h - the scenarios of `swapc bench`, and everything that is made of their rows.
 *
 * Threads: the caller's. Ownership: the table is static; documents are new references.
 */
#ifndef SWAPCI_SCENARIO_H
#define SWAPCI_SCENARIO_H

#include <stdio.h>

#include "lab.h"

/* A column of the table. */
struct swapci_column {
    const char *key;   /* in the rows */
    const char *title; /* NULL ends the columns */
    int decimals;      /* of a number; -1: text */
};

struct swapci_scenario {
    const char *name;
    const char *means;   /* one line: what the figures say */
    const char *summary; /* for --help */
    unsigned arguments;  /* that it takes; with some it is no part of "all" */
    const char *chart;   /* key of what the report draws, and below which keys name a bar */
    const char *labels;  /* keys, with blanks between */
    bool logarithmic;    /* the drawing's axis */
    struct swapci_column columns[14];
    enum swapc_status (*run)(struct swapci_lab *lab, swapc_error *error);
};

extern const struct swapci_scenario swapci_scenarios[];               /* ended by a NULL name */
const struct swapci_scenario *swapci_scenario_find(const char *name); /* NULL: none */

enum swapc_status swapci_scenario_engines(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_parts(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_calls(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_swap(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_cold(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_batch(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_ring(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_module(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_single(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_pipeline(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_capacity(struct swapci_lab *lab, swapc_error *error);
enum swapc_status swapci_scenario_scale(struct swapci_lab *lab, swapc_error *error);

/* {"bench","means","incomplete","failed","quick","rows","notes","distributions","host"} of what was
 * found; a new reference. */
json_t *swapci_scenario_document(const struct swapci_scenario *scenario,
                                 const struct swapci_lab *lab);

/* The table, what it means and the notes. old: an earlier document of the same scenario to compare
 * with, or NULL. */
void swapci_scenario_print(const struct swapci_scenario *scenario, const json_t *document,
                           const json_t *old, FILE *to);

/* The rows as CSV (RFC 4180), the scenario's columns first. */
void swapci_scenario_csv(const struct swapci_scenario *scenario, const json_t *document, FILE *to);

/* The change of a row's figure to that of the row of the same names in old: +0.1 is a tenth more;
 * NAN: that was 0. Returns whether there is such a row. */
bool swapci_scenario_change(const struct swapci_scenario *scenario, const json_t *row,
                            const json_t *old, double *change);

#endif
