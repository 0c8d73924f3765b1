/* lab_report.h - what was measured, as files for people: `swapc bench … --report DIR`.
 *
 *   report.html   one page that holds all (figures, drawings, sortable tables, the machine) and asks the
 *                 network for nothing
 *   report.svg    the engines' default rows, and peers, as a picture for a README, when they were measured
 *   NAME.csv      each scenario's rows
 *   figures.json  all of it
 *
 * Threads: the caller's. Ownership: documents are borrowed.
 */
#ifndef SWAPCI_LAB_REPORT_H
#define SWAPCI_LAB_REPORT_H

#include <jansson.h>

#include "swapc/error.h"

/* Says before anything is measured whether the folder (made when it is missing) takes files.
 * Returns SWAPC_OK or IO. */
enum swapc_status swapci_lab_report_check(const char *folder, swapc_error *error);

/* Writes the files; documents: {scenario: its document}, not empty. A file is written beside its
 * name and renamed, so that none is ever half there. Returns SWAPC_OK, IO (the error names the
 * file), NO_MEMORY. */
enum swapc_status swapci_lab_report_write(const char *folder, const json_t *documents,
                                          swapc_error *error);

#endif
