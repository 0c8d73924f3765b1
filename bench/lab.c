#include "lab.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine_names.h"
#include "printable.h"

enum { QUANTILES = 21 };

enum swapc_status swapci_lab_begin(struct swapci_lab *lab, swapc_error *error) {
    swapci_lab_fini(lab);
    lab->rows = json_array();
    lab->notes = json_array();
    lab->distributions = json_array();
    lab->incomplete = lab->failed = false;
    if (lab->rows && lab->notes && lab->distributions) return SWAPC_OK;
    return swapc_error_set(error, SWAPC_NO_MEMORY, "no memory for the figures");
}

void swapci_lab_fini(struct swapci_lab *lab) {
    json_decref(lab->rows);
    json_decref(lab->notes);
    json_decref(lab->distributions);
    lab->rows = lab->notes = lab->distributions = NULL;
}

bool swapci_lab_stopped(struct swapci_lab *lab) {
    if (swapci_pace_stopped(&lab->pace)) lab->incomplete = true;
    return lab->incomplete;
}

json_t *swapci_lab_row(struct swapci_lab *lab) {
    json_t *row = json_object();
    json_array_append_new(lab->rows, row);
    return row;
}

static void put(json_t *row, const char *name, const char *unit, double value) {
    char key[48];
    snprintf(key, sizeof key, "%s%s", name, unit);
    json_object_set_new(row, key, json_real(value));
}

void swapci_lab_spread(json_t *row, const char *unit, struct swapci_spread spread, double scale) {
    put(row, "median_", unit, spread.median * scale);
    put(row, "min_", unit, spread.min * scale);
    put(row, "max_", unit, spread.max * scale);
    put(row, "low_", unit, spread.low * scale);
    put(row, "high_", unit, spread.high * scale);
}

void swapci_lab_ratio(json_t *row, struct swapci_spread spread) {
    put(row, "ratio", "", spread.median);
    put(row, "ratio_", "min", spread.min);
    put(row, "ratio_", "max", spread.max);
    put(row, "ratio_", "low", spread.low);
    put(row, "ratio_", "high", spread.high);
}

void swapci_lab_note(struct swapci_lab *lab, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(lab->notes, json_string(swapci_printable_line(text, sizeof text)));
}

void swapci_lab_failed(struct swapci_lab *lab, const char *why) {
    lab->incomplete = lab->failed = true;
    swapci_lab_note(lab, "could not be measured to its end: %s", why);
}

void swapci_lab_distribution(struct swapci_lab *lab, const char *label, const char *unit,
                             const double *sorted, size_t count) {
    json_t *quantiles = json_array();
    for (int i = 0; i < QUANTILES; i++)
        json_array_append_new(
            quantiles, json_real(swapci_quantile(sorted, count, (double)i / (QUANTILES - 1))));
    json_array_append_new(lab->distributions, json_pack("{s:s, s:s, s:o}", "label", label, "unit",
                                                        unit, "quantiles", quantiles));
}

enum swapc_status swapci_lab_host(swapc_log log, bool native, swapc_host **out,
                                  swapc_error *error) {
    const char *engines[SWAPCI_ENGINE_NAMES_MAX];
    swapc_host_config config = SWAPC_HOST_CONFIG_INIT;
    config.log = log;
    config.engines = native ? swapci_engine_names_all(engines) : swapci_engine_names(NULL, engines);
    return swapc_host_new(&config, out, error);
}

enum swapc_status swapci_lab_load(swapc_host *host, const char *path,
                                  const swapc_module_options *options, swapc_module **out,
                                  swapc_error *error) {
    *out = NULL;
    enum swapc_status status = swapc_module_load(host, path, options, out, error);
    if (status != SWAPC_NO_FLAVOUR) return status;
    if (error) swapc_error_clear(error);
    return SWAPC_OK;
}
