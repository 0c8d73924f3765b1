/* stream_command.h - what stream.c, pending.c, verdict.c and ledger.c share: arguments of stream
 * commands.
 *
 * Threads: as the connection.
 */
#ifndef SWAPCI_STREAM_COMMAND_H
#define SWAPCI_STREAM_COMMAND_H

#include "redis_reply.h"
#include "stream.h"

/* An id as an argument, in RESP. Returns SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_resp_id(swapci_buffer *buffer, swapci_stream_id id);

/* Appends XCLAIM … ids, with `option` (JUSTID) behind them unless it is NULL. */
enum swapc_status swapci_claim_append(swapci_redis *redis, const swapci_stream_names *names,
                                      const char *consumer, uint32_t idle_ms,
                                      const swapci_pending *pending, size_t count,
                                      const char *option, swapc_error *error);

#endif
