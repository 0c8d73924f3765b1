/* metrics.h - facts as Prometheus reads them (text format 0.0.4). metrics.c has the one table of all metrics:
 * what is not a row there is not given out, and docs/OPERATING.md lists the rows (a test holds them together).
 *
 * Threads: any. Ownership: the buffer is the caller's.
 */
#ifndef SWAPCI_METRICS_H
#define SWAPCI_METRICS_H

#include "buffer.h"
#include "facts.h"

#define SWAPCI_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends all metrics of which facts know something. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_metrics_write(const swapci_facts *facts, swapci_buffer *out);

#endif
