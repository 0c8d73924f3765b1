/* redis_reply.h - commands of many arguments, written as RESP, and the parts of replies.
 *
 * Threads: any; as the buffer or the reply. Ownership: views are borrowed from the reply.
 */
#ifndef SWAPCI_REDIS_REPLY_H
#define SWAPCI_REDIS_REPLY_H

#include "buffer.h"
#include "redis.h"

enum { SWAPCI_DECIMAL_MAX = 20 }; /* digits of a number below 2^64 */

/* Digits only, no sign, below 2^64. Returns false when it is none. */
bool swapci_decimal_parse(swapc_bytes text, uint64_t *out);

/* Writes value as decimal digits, without a NUL; returns how many. */
size_t swapci_decimal_write(uint64_t value, char out[SWAPCI_DECIMAL_MAX]);

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

#endif
