/* signals.h - SIGINT, SIGTERM and SIGHUP as one flag that every wait looks at.
 *
 * For commands without an event loop. Handled even when they were inherited as ignored, as a shell
 * does for background jobs. SIGPIPE is ignored: a closed pipe is an error of the write.
 */
#ifndef SWAPCI_SIGNALS_H
#define SWAPCI_SIGNALS_H

#include <stdatomic.h>

extern atomic_int swapci_signals_stop; /* not 0: a signal came */

void swapci_signals_handle(void);

#endif
