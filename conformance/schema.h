/* schema.h - is this a case that can be run? Internal to the runner.
 *
 * A key that is mistyped, a need or a status that does not exist, or a call without an expectation
 * would make a case that tests nothing, so all of them are refused.
 *
 * Threads: pure.
 */
#ifndef SWAPCI_CONFORMANCE_SCHEMA_H
#define SWAPCI_CONFORMANCE_SCHEMA_H

#include <jansson.h>

#include "swapc/error.h"

/* Returns SWAPC_OK, or CORRUPT naming the case and what is wrong with it. */
enum swapc_status swapci_conformance_check(const json_t *data, swapc_error *error);

#endif
