/* lab.h - what every scenario of `swapc bench` is given, and where it puts what it found.
 *
 * A scenario is a function that fills rows: JSON objects whose keys are the scenario's columns
 * (scenario.h). Table, JSON, CSV, comparison and report are made of the rows alone.
 *
 * Threads: the caller's; only pace.stop may be raised from elsewhere.
 * Ownership: rows, notes and distributions belong to the lab until fini; what a row function
 *     returns is borrowed. Strings of the configuration outlive the lab.
 * Failure: where memory is out a row or a note is missing: jansson's functions take NULL.
 */
#ifndef SWAPCI_LAB_H
#define SWAPCI_LAB_H

#include <jansson.h>

#include "measure.h"
#include "swapc/swapc.h"

enum { SWAPCI_LAB_PATH = 4096, SWAPCI_LAB_CORES_MAX = 4096 };

struct swapci_lab {
    /* Given. */
    struct swapci_pace pace;
    bool quick;
    swapc_log log;
    uint64_t requests, swaps; /* of engines; of swap */
    const char *program;      /* this program's file, for scenarios that run it */
    const char *module_path;  /* of module: a bundle or a file, its operation and payload */
    const char *operation;
    swapc_bytes input;
    const char *peers;   /* folder of other hosts' programs; NULL: they take no part */
    bool native;         /* of module: native code may be loaded */
    uint64_t compile_ms; /* of module: as in swapc_limits */
    const char *costs;   /* of capacity: a document of pipeline */
    uint64_t per_s;      /* of capacity: the rate; 0: some */
    uint64_t host_cores; /* of capacity: 0: as where the document was made */
    double full;         /* of capacity: how full a core may be */
    /* Finds a shipped bundle. */
    enum swapc_status (*find_bundle)(const char *name, char *out, size_t size, swapc_error *error);

    /* Found. */
    json_t *rows, *notes, *distributions;
    bool incomplete; /* interrupted, or failed, before all was measured */
    bool failed;     /* the notes say why */
};

/* Makes the three arrays; drops what was found. Returns SWAPC_OK or NO_MEMORY. */
enum swapc_status swapci_lab_begin(struct swapci_lab *lab, swapc_error *error);
void swapci_lab_fini(struct swapci_lab *lab);

/* Whether to end early; notes it. */
bool swapci_lab_stopped(struct swapci_lab *lab);

/* A new, empty row behind the others. */
json_t *swapci_lab_row(struct swapci_lab *lab);

/* Puts median_UNIT, min_UNIT, max_UNIT, low_UNIT and high_UNIT (95 %), times scale. */
void swapci_lab_spread(json_t *row, const char *unit, struct swapci_spread spread, double scale);
/* The same of a ratio: ratio, ratio_min, ratio_max, ratio_low, ratio_high. */
void swapci_lab_ratio(json_t *row, struct swapci_spread spread);

/* A sentence below the table. */
__attribute__((format(printf, 2, 3))) void swapci_lab_note(struct swapci_lab *lab,
                                                           const char *format, ...);

/* Marks what was found as incomplete, because of a failure that a note names. */
void swapci_lab_failed(struct swapci_lab *lab, const char *why);

/* How the samples are spread, for the report: {"label","unit","quantiles":[0, 0.05 … 0.95, 1]} of
 * sorted ones (count > 0). */
void swapci_lab_distribution(struct swapci_lab *lab, const char *label, const char *unit,
                             const double *sorted, size_t count);

/* A host that logs to log. native: engines that are no sandbox are allowed, which is for bundles
 * that we ship, or for those the user names. */
enum swapc_status swapci_lab_host(swapc_log log, bool native, swapc_host **out, swapc_error *error);

/* Loads a module; SWAPC_OK with *out NULL when what it is has no flavour for the engine. */
enum swapc_status swapci_lab_load(swapc_host *host, const char *path,
                                  const swapc_module_options *options, swapc_module **out,
                                  swapc_error *error);

#endif
