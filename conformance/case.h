/* case.h - one case of the suite, run on a host of its own. Internal to the runner.
 *
 * Threads: none shared. Ownership: the JSON is the caller's and only read.
 */
#ifndef SWAPCI_CONFORMANCE_CASE_H
#define SWAPCI_CONFORMANCE_CASE_H

#include <jansson.h>

#include "suite.h"

#define SWAPCI_CASE_TEXT 1024

/* Runs the case and writes why it failed or was skipped into text. Returns SWAPC_OK with *verdict;
 * CORRUPT when the case is not understood; NO_MEMORY. */
enum swapc_status swapci_conformance_case(const struct swapci_conformance_options *options,
                                          uint32_t caps, const json_t *data,
                                          enum swapci_conformance_verdict *verdict,
                                          char text[SWAPCI_CASE_TEXT], swapc_error *error);

#endif
