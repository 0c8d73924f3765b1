/* stream_command.h - what stream.c, pending.c, verdict.c and ledger.c share: commands of many arguments,
 * written as RESP, and the parts of replies.
 *
 * Threads: as the connection. Ownership: views are borrowed from the reply.
 */
#ifndef SWAPCI_STREAM_COMMAND_H
#define SWAPCI_STREAM_COMMAND_H

#include "buffer.h"
#include "stream.h"

/* Digits only, no sign, below 2^64. Returns 1, or 0 when it is none. */
int swapci_decimal_parse(swapc_bytes text, uint64_t *out);

/* The bytes of a string or status reply; empty for any other. */
swapc_bytes swapci_reply_bytes(const redisReply *reply);

/* The sentence for a reply of another shape than the command's. Returns PROTOCOL. */
enum swapc_status swapci_reply_unexpected(const swapci_redis *redis, const char *command,
                                          swapc_error *error);

/* RESP: the head of a command with argc arguments, then each argument. Return SWAPC_OK, NO_MEMORY. */
enum swapc_status swapci_resp_head(swapci_buffer *buffer, size_t argc);
enum swapc_status swapci_resp_bulk(swapci_buffer *buffer, swapc_bytes bytes);
enum swapc_status swapci_resp_str(swapci_buffer *buffer, const char *text);
enum swapc_status swapci_resp_u64(swapci_buffer *buffer, uint64_t value);
enum swapc_status swapci_resp_id(swapci_buffer *buffer, swapci_stream_id id);

/* Appends XCLAIM … ids, with `option` (JUSTID) behind them unless it is NULL. */
enum swapc_status swapci_claim_append(swapci_redis *redis, const swapci_stream_names *names,
                                      const char *consumer, uint32_t idle_ms,
                                      const swapci_pending *pending, size_t count,
                                      const char *option, swapc_error *error);

#endif
