/* verify_batch.h - the operation `verify_batch` as bytes: many requests of verify_message in one.
 *
 * The request is a MessagePack array of the requests, each in any form that verify_message.h reads,
 * so that one who holds encoded requests puts a head before them and no more. The response is
 * verify_message's, for all of them as one: `Valid` when each would be Valid, else `NotValid`, which
 * says that at least one is not: who needs to know which asks again in smaller batches. An empty batch
 * is `Valid`. A member that is no request, or a missing one, is a guest error.
 *
 * Threads: none shared. Ownership: views borrow from the input; a member may also point into its own
 *     struct, as there.
 */
#ifndef SWAPCI_VERIFY_BATCH_H
#define SWAPCI_VERIFY_BATCH_H

#include "verify_message.h"

#define SWAPCI_VERIFY_BATCH_OPERATION "verify_batch"

/* The most that the head of a batch takes. */
#define SWAPCI_VERIFY_BATCH_HEAD_MAX 5

struct swapci_verify_batch {
    uint32_t count; /* members in all */
    uint32_t left;  /* members not read yet */
    struct swapci_mp_reader reader;
};

/* Reads the head. Returns 1; or 0 when payload is no array, or one that claims more members than its
 * bytes could hold. */
int swapci_verify_batch_decode(swapc_bytes payload, struct swapci_verify_batch *out);

/* Reads the next member; call it while left is above 0. Returns 1, or 0 when that is no request. */
int swapci_verify_batch_next(struct swapci_verify_batch *batch, struct swapci_verify_request *out);

/* Whether the answer to a batch is that all its members are Valid: one response of that status, and not a
 * byte behind it. */
int swapci_verify_batch_all_valid(swapc_bytes answer);

/* Writes the head of a batch of count; the caller puts count encoded requests behind it. Returns its
 * length. */
size_t swapci_verify_batch_head(uint32_t count, uint8_t out[SWAPCI_VERIFY_BATCH_HEAD_MAX]);

/* Writes head and requests. Returns the length of all; when that is more than size, what was written
 * is not whole. */
size_t swapci_verify_batch_encode(const swapc_bytes *requests, uint32_t count, uint8_t *out,
                                  size_t size);

#endif
