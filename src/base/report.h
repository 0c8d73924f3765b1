/* report.h - what the library's own functions do with a caller's swapc_error.
 *
 * Threads and ownership: as swapc/error.h.
 */
#ifndef SWAPCI_REPORT_H
#define SWAPCI_REPORT_H

#include "swapc/error.h"

/* The first report wins: one that was there when a function of the interface was entered is not
 * this function's to touch. Returns error when it is empty, else NULL, for all that follows. */
static inline swapc_error *swapci_report_into(swapc_error *error) {
    return error && error->status == SWAPC_OK ? error : 0;
}

/* Notes which engine (a static name) made the report, unless that is known or there is none. */
static inline void swapci_report_by(swapc_error *error, const char *engine) {
    if (error && error->status != SWAPC_OK && !error->engine) error->engine = engine;
}

#endif
